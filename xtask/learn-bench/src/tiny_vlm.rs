//! A Qwen2-VL small enough to be trained in a minute: random weights, laid out as a checkpoint of the hub.
//!
//! Nothing in it has been learnt, but it does not start from mere noise either: minutes of training are few to
//! find out that photos are there to be compared. The vision tower passes mean colours on (a photo is one token, of which
//! a linear fit reads its colours), and hues louder than light, which the jitter changes. The first heads of every layer
//! prefer photos to text; those of the first layer take away what the photos have on average, so that a candidate's token
//! holds its difference to the query. What differences, coordinates and countries are worth is left to training.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use nets::qwen2_vl::config::Config;
use nets::qwen2_vl::tensor_names::{VALUE_HEAD, expected};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};
use serde_json::{Value, json};

/// Widths and depths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TinyShape {
    /// Numbers per token; a multiple of 8 times `heads`.
    pub hidden: usize,
    /// Width of the gated perceptrons.
    pub intermediate: usize,
    /// Language layers.
    pub layers: usize,
    /// Heads of the queries; keys and values have half as many.
    pub heads: usize,
    /// Numbers per patch in the vision tower; a multiple of 16.
    pub vision: usize,
}

impl Default for TinyShape {
    fn default() -> Self {
        Self { hidden: 64, intermediate: 128, layers: 2, heads: 4, vision: 64 }
    }
}

/// Files that come from a model that has the same tokens.
const COPIED: [&str; 3] = ["tokenizer.json", "tokenizer_config.json", "chat_template.json"];
const VISION_BLOCKS: usize = 2;
/// How loud a patch's mean brightness and hues are. Hues vary three times less and are what jitter leaves alone.
const BRIGHTNESS: f32 = 0.7;
const HUE: f32 = 4.0;
/// How loud the random filters under them are.
const TEXTURE: f32 = 0.5;
/// How much the photo heads prefer photos to text.
const PREFERENCE: f32 = 6.0;
/// Length of a photo token over that of a normalised one: what is taken away must match what is there.
const PHOTO_LENGTH: f32 = 3.0;

/// A tensor on its way into the file: name, shape, numbers as bytes.
type Stored = (String, Vec<usize>, Vec<u8>);

/// Writes a checkpoint directory. `tokens` is the directory of a Qwen2-VL checkpoint whose tokenizer, chat template and
/// token ids are taken over. Same seed, same bytes.
///
/// # Errors
/// A directory that cannot be read or written.
pub fn write_tiny_vlm(directory: &Path, tokens: &Path, shape: &TinyShape, seed: u64) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    for name in COPIED {
        let from = tokens.join(name);
        std::fs::copy(&from, directory.join(name)).with_context(|| from.display().to_string())?;
    }
    let file = tokens.join("config.json");
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let text = format!("{:#}\n", configuration(serde_json::from_str(&text)?, shape));
    let config = Config::from_json("config.json", &text)?;
    std::fs::write(directory.join("config.json"), text)?;
    std::fs::write(directory.join("preprocessor_config.json"), format!("{:#}\n", preprocessing()))?;
    let bytes = weights(&config, seed)?;
    std::fs::write(directory.join("model.safetensors"), bytes)
        .with_context(|| directory.display().to_string())
}

fn configuration(mut config: Value, shape: &TinyShape) -> Value {
    let half = shape.hidden / shape.heads / 2;
    let third = half / 3;
    config["hidden_size"] = json!(shape.hidden);
    config["intermediate_size"] = json!(shape.intermediate);
    config["num_attention_heads"] = json!(shape.heads);
    config["num_key_value_heads"] = json!(shape.heads / 2);
    config["num_hidden_layers"] = json!(shape.layers);
    config["max_window_layers"] = json!(shape.layers);
    config["tie_word_embeddings"] = json!(true);
    // Prompts are about a hundred tokens long: slower rotations would hardly move.
    config["rope_theta"] = json!(1e4);
    config["rope_scaling"] = json!({ "type": "mrope", "mrope_section": [half - 2 * third, third, third] });
    config["vision_config"]["depth"] = json!(VISION_BLOCKS);
    config["vision_config"]["embed_dim"] = json!(shape.vision);
    config["vision_config"]["hidden_size"] = json!(shape.hidden);
    config
}

/// As published, but for the smallest photo: one token.
fn preprocessing() -> Value {
    json!({
        "min_pixels": 28 * 28,
        "max_pixels": 28 * 28,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.481_454_66, 0.457_827_5, 0.408_210_73],
        "image_std": [0.268_629_54, 0.261_302_58, 0.275_777_11],
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2VLProcessor",
    })
}

/// Deviation and mean of a tensor's numbers.
fn spread(name: &str, shape: &[usize]) -> (f32, f32) {
    let is = |part: &str| name.contains(part);
    let inputs = (shape[1..].iter().product::<usize>().max(1) as f32).sqrt().recip();
    match name {
        _ if is("norm") && name.ends_with(".weight") || name.ends_with("ln_q.weight") => (0.0, 1.0),
        // Without a constant, the merger's norm would make dark and light photos of one hue the same.
        _ if is("attn.proj.bias") => (1.5, 0.0),
        _ if is("merger.mlp.0.bias") => (0.5, 0.0),
        // What photo tokens have in common, so that attention can tell them from text.
        _ if is("merger.mlp.2.bias") => (2.0, 0.0),
        // What a head looks for, whatever the token.
        _ if is("q_proj.bias") => (1.5, 0.0),
        _ if is(".bias") => (0.0, 0.0),
        _ if is("embed_tokens") => (0.3, 0.0),
        _ if is("patch_embed") => (inputs, 0.0),
        _ if is("visual.blocks") && (is("attn.proj") || is("mlp.fc2")) => (0.1 * inputs, 0.0),
        // After the activation the numbers are smaller.
        _ if is("merger.mlp.2") => (3.0 * inputs, 0.0),
        _ if name == VALUE_HEAD => (0.1 * inputs, 0.0),
        _ => (inputs, 0.0),
    }
}

fn weights(config: &Config, seed: u64) -> anyhow::Result<Vec<u8>> {
    let mut tensors = expected(config);
    tensors.push((VALUE_HEAD.into(), vec![1, config.language.hidden_size]));
    let mut stored: Vec<Stored> = Vec::with_capacity(tensors.len());
    for (place, (name, shape)) in tensors.into_iter().enumerate() {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(place as u64);
        let (deviation, mean) = spread(&name, &shape);
        let count = shape.iter().product::<usize>();
        let bytes = (0..count).flat_map(|_| (mean + deviation * normal(&mut random)).to_le_bytes()).collect();
        stored.push((name, shape, bytes));
    }
    mean_colours(config, &mut stored, seed);
    look_at_photos(config, &mut stored);
    compare_photos(config, &mut stored);
    let views = stored
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(serialize(views, Some(HashMap::from([("format".into(), "pt".into())])))?)
}

/// Makes the first pair of heads of every layer prefer photos to text: keys get a part that is large where a token has
/// what photo tokens have in common, and queries look for it whatever the token. It leaves alone what turns with every
/// token between two positions.
fn look_at_photos(config: &Config, stored: &mut [Stored]) {
    let language = &config.language;
    let (hidden, half) = (language.hidden_size, language.head_dim / 2);
    let common = stored
        .iter()
        .find(|(name, ..)| name == "visual.merger.mlp.2.bias")
        .map(|(_, _, bytes)| numbers(bytes));
    let Some(common) = common else { return };
    let norm = common.iter().map(|value| value * value).sum::<f32>().sqrt();
    let first = half / 2;
    let slow = (first..half).flat_map(|index| [index, index + half]).collect::<Vec<_>>();
    let size = (PREFERENCE / slow.len() as f32).sqrt();
    for (name, _, bytes) in stored {
        if name.ends_with("k_proj.weight") {
            let mut values = numbers(bytes);
            for &row in &slow {
                for (value, part) in values[row * hidden..][..hidden].iter_mut().zip(&common) {
                    *value += 0.5 * size * part / norm;
                }
            }
            *bytes = bytes_of(&values);
        } else if name.ends_with("q_proj.bias") {
            let mut values = numbers(bytes);
            for head in 0..language.heads / language.key_value_heads {
                for index in 0..2 * half {
                    values[head * 2 * half + index] = if slow.contains(&index) { 2.0 * size } else { 0.0 };
                }
            }
            *bytes = bytes_of(&values);
        }
    }
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().copied().flat_map(f32::to_le_bytes).collect()
}

/// Patches are first of all their mean colours: brightness, red against green, yellow against blue.
fn mean_colours(config: &Config, stored: &mut [Stored], seed: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 1);
    let Some((_, _, bytes)) = stored.iter_mut().find(|(name, ..)| name == "visual.patch_embed.proj.weight")
    else {
        return;
    };
    let mut values = numbers(bytes);
    let size = config.vision.temporal_patch_size * config.vision.patch_size.pow(2);
    for filter in values.chunks_mut(3 * size) {
        let [bright, red, yellow] = [BRIGHTNESS, HUE, HUE].map(|gain| gain * normal(&mut random));
        let weights = [bright + red + yellow / 2.0, bright - red + yellow / 2.0, bright - yellow];
        for (channel, weight) in filter.chunks_mut(size).zip(weights) {
            for value in channel {
                *value = TEXTURE * *value + weight / size as f32;
            }
        }
    }
    *bytes = bytes_of(&values);
}

/// What the first layer's photo heads bring is taken away from what is there.
fn compare_photos(config: &Config, stored: &mut [Stored]) {
    let language = &config.language;
    let (hidden, size) = (language.hidden_size, language.head_dim);
    let group = language.heads / language.key_value_heads;
    let rate = PHOTO_LENGTH / group as f32;
    let find = |stored: &[Stored], end: &str| stored.iter().position(|(name, ..)| name.ends_with(end));
    let (Some(v), Some(o)) =
        (find(stored, "layers.0.self_attn.v_proj.weight"), find(stored, "layers.0.self_attn.o_proj.weight"))
    else {
        return;
    };
    let read = numbers(&stored[v].2);
    let mut written = numbers(&stored[o].2);
    let width = language.heads * size;
    for row in 0..hidden {
        for head in 0..group {
            for index in 0..size {
                written[row * width + head * size + index] = -rate * read[index * hidden + row];
            }
        }
    }
    stored[o].2 = bytes_of(&written);
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

/// A standard normal number (Box and Muller 1958).
fn normal(random: &mut impl Rng) -> f32 {
    let (radius, angle): (f32, f32) = (random.random(), random.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
}
