//! A Qwen2-VL small enough to be trained in a minute: random weights, laid out as a checkpoint of the hub.
//!
//! Nothing in it has been learnt. The scales are chosen so that what a random network passes on is worth reading: the
//! vision blocks add little to the patches' projection, so that colours get through; photo tokens have something in common
//! and heads prefer some tokens to others, so that the last token does not start with the average of everything; what
//! tokens bring along is no larger than what layers add.

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
        "max_pixels": 12_845_056,
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
        _ if is("attn.proj.bias") || is("merger.mlp.0.bias") => (0.5, 0.0),
        // What photo tokens have in common, so that attention can tell them from text.
        _ if is("merger.mlp.2.bias") => (1.0, 0.0),
        // What a head looks for, whatever the token.
        _ if is("q_proj.bias") => (1.5, 0.0),
        _ if is(".bias") => (0.0, 0.0),
        _ if is("embed_tokens") => (0.3, 0.0),
        _ if is("patch_embed") => (inputs, 0.0),
        _ if is("visual.blocks") && (is("attn.proj") || is("mlp.fc2")) => (0.1 * inputs, 0.0),
        // After the activation the numbers are smaller.
        _ if is("merger.mlp.2") => (1.5 * inputs, 0.0),
        _ if name == VALUE_HEAD => (0.1 * inputs, 0.0),
        _ => (inputs, 0.0),
    }
}

fn weights(config: &Config, seed: u64) -> anyhow::Result<Vec<u8>> {
    let mut tensors = expected(config);
    tensors.push((VALUE_HEAD.into(), vec![1, config.language.hidden_size]));
    let mut stored: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::with_capacity(tensors.len());
    for (place, (name, shape)) in tensors.into_iter().enumerate() {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(place as u64);
        let (deviation, mean) = spread(&name, &shape);
        let count = shape.iter().product::<usize>();
        let bytes = (0..count).flat_map(|_| (mean + deviation * normal(&mut random)).to_le_bytes()).collect();
        stored.push((name, shape, bytes));
    }
    let views = stored
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(serialize(views, Some(HashMap::from([("format".into(), "pt".into())])))?)
}

/// A standard normal number (Box and Muller 1958).
fn normal(random: &mut impl Rng) -> f32 {
    let (radius, angle): (f32, f32) = (random.random(), random.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
}
