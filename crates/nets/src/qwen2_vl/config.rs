//! The configuration of a checkpoint, as `config.json` has it.
//!
//! There are two layouts: that of the hub, where the fields of the language model lie at the top, and that of
//! newer writers, where they lie in `text_config`, and where a field that equals its default is left out.
//! The defaults are those of the 72B language model and the 7B vision tower.

use std::path::Path;

use serde_json::{Map, Value};

use super::patches::{FRAMES, MERGE, PATCH};
use crate::error::NetworkError;
use crate::fields::Fields;

/// The model types that can be read.
const MODEL_TYPES: &[&str] = &["qwen2_vl"];

/// Widest layer that is believed; beyond lies a damaged file. The 72B model is 29,568 wide.
const MOST: usize = 1 << 17;

/// Most layers or heads that are believed.
const MOST_LAYERS: usize = 1024;

/// Largest vocabulary that is believed.
const MOST_TOKENS: usize = 1 << 22;

/// The shape of a Qwen2-VL network. What is read here has been checked: sizes are positive and fit each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The vision tower.
    pub vision: VisionConfig,
    /// The language model.
    pub language: LanguageConfig,
    /// Ids of the tokens that stand for images.
    pub tokens: SpecialTokens,
    /// The type the weights were stored in, as `bfloat16`, if the file says so.
    pub stored: Option<String>,
}

/// The shape of the vision tower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisionConfig {
    /// Blocks.
    pub depth: usize,
    /// Numbers per patch inside the tower.
    pub embed_dim: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width of the perceptron inside a block.
    pub mlp_dim: usize,
    /// Colour channels: 3.
    pub in_channels: usize,
    /// Rows and columns of a patch, in pixels.
    pub patch_size: usize,
    /// Frames of a patch.
    pub temporal_patch_size: usize,
    /// Rows and columns of patches that are merged into one token.
    pub spatial_merge_size: usize,
    /// Numbers per token that the tower gives: the language model's hidden size.
    pub output_dim: usize,
}

impl VisionConfig {
    /// Numbers per attention head; a multiple of 4.
    pub const fn head_dim(&self) -> usize {
        self.embed_dim / self.heads
    }

    /// Numbers of a flattened patch: `[channel][frame][row][column]`.
    pub const fn patch_dim(&self) -> usize {
        self.in_channels * self.temporal_patch_size * self.patch_size * self.patch_size
    }

    /// Numbers the merger takes in for one token.
    pub const fn merged_dim(&self) -> usize {
        self.embed_dim * self.spatial_merge_size * self.spatial_merge_size
    }
}

/// The shape of the language model.
#[derive(Clone, Debug, PartialEq)]
pub struct LanguageConfig {
    /// Numbers per token.
    pub hidden_size: usize,
    /// Width of the gated perceptron inside a layer.
    pub intermediate_size: usize,
    /// Layers.
    pub layers: usize,
    /// Heads of the queries.
    pub heads: usize,
    /// Heads of the keys and values; divides `heads`.
    pub key_value_heads: usize,
    /// Numbers per head: `hidden_size / heads`.
    pub head_dim: usize,
    /// Added to the mean square by the norms.
    pub rms_norm_epsilon: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// How many of the rotary frequencies follow time, row and column; together half a head.
    pub mrope_section: [usize; 3],
    /// Rows of the token embedding.
    pub vocabulary: usize,
    /// Whether the output layer is the token embedding again.
    pub tie_word_embeddings: bool,
}

/// Ids of the tokens that stand for images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecialTokens {
    /// In place of each merged patch of an image.
    pub image: u32,
    /// Before an image.
    pub vision_start: u32,
    /// After an image.
    pub vision_end: u32,
    /// In place of each merged patch of a video.
    pub video: u32,
}

impl Config {
    /// Reads `config.json` of a model's directory.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; those of [`Config::from_json`].
    pub fn from_directory(directory: &Path) -> Result<Self, NetworkError> {
        let path = directory.join("config.json");
        let file = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(json) => Self::from_json(&file, &json),
            Err(source) => Err(NetworkError::Read { file, source }),
        }
    }

    /// Parses and checks. `file_label` is for messages.
    ///
    /// # Errors
    /// [`NetworkError::Config`] names the first field that is missing, makes no sense, or asks for what is not
    /// supported, as another model type.
    pub fn from_json(file_label: &str, json: &str) -> Result<Self, NetworkError> {
        let top: Map<String, Value> = serde_json::from_str(json).map_err(|error| NetworkError::Config {
            file: file_label.into(),
            field: format!("line {}", error.line()),
            why: error.to_string(),
        })?;
        let top = Fields { file: file_label, prefix: "", object: &top, fallback: None };
        if top.get("model_type").is_none() {
            return Err(
                top.error("model_type", format!("is missing; supported is {}", MODEL_TYPES.join(", ")))
            );
        }
        top.only("model_type", MODEL_TYPES)?;
        if top.get("quantization_config").is_some() {
            return Err(top.error(
                "quantization_config",
                "quantised weights are not supported: use the original model",
            ));
        }
        let nested = top.object("text_config")?;
        let language = match nested {
            None => top,
            Some(object) => {
                Fields { file: file_label, prefix: "text_config.", object, fallback: Some(top.object) }
            }
        };
        let defaults = nested.is_some();
        if let Some(object) = nested {
            Fields { fallback: None, object, ..language }
                .only("model_type", &["qwen2_vl_text", "qwen2_vl"])?;
        }
        let language_config = read_language(&language, defaults)?;
        let empty = Map::new();
        let vision = Fields {
            file: file_label,
            prefix: "vision_config.",
            object: top.object("vision_config")?.unwrap_or(&empty),
            fallback: None,
        };
        let vision_config = read_vision(&vision, language_config.hidden_size)?;
        let tokens = read_tokens(&top, language_config.vocabulary, defaults)?;
        let stored = match language.word("torch_dtype")? {
            Some(word) => Some(word),
            None => language.word("dtype")?,
        };
        Ok(Self {
            vision: vision_config,
            language: language_config,
            tokens,
            stored: stored.map(str::to_owned),
        })
    }
}

/// With `defaults`, a field may be left out.
fn read_language(fields: &Fields<'_>, defaults: bool) -> Result<LanguageConfig, NetworkError> {
    let or = |default: usize| defaults.then_some(default);
    let hidden_size = fields.count("hidden_size", MOST, or(8192))?;
    let heads = fields.count("num_attention_heads", MOST_LAYERS, or(64))?;
    // Absent key and value heads once meant: as many as the queries have.
    let key_value_heads = fields.count("num_key_value_heads", MOST_LAYERS, or(8).or(Some(heads)))?;
    if hidden_size % heads != 0 {
        return Err(
            fields.error("num_attention_heads", format!("{heads} does not divide hidden_size {hidden_size}"))
        );
    }
    if heads % key_value_heads != 0 {
        let why = format!("{key_value_heads} does not divide num_attention_heads {heads}");
        return Err(fields.error("num_key_value_heads", why));
    }
    let head_dim = hidden_size / heads;
    if fields.count("head_dim", MOST, Some(head_dim))? != head_dim {
        let why = format!("must be hidden_size / num_attention_heads = {head_dim}");
        return Err(fields.error("head_dim", why));
    }
    fields.only("hidden_act", &["silu"])?;
    if fields.flag("use_sliding_window", false)? {
        return Err(fields.error("use_sliding_window", "sliding-window attention is not supported"));
    }
    let (rope_theta, mrope_section) = read_rope(fields, head_dim)?;
    Ok(LanguageConfig {
        hidden_size,
        intermediate_size: fields.count("intermediate_size", MOST, or(29_568))?,
        layers: fields.count("num_hidden_layers", MOST_LAYERS, or(80))?,
        heads,
        key_value_heads,
        head_dim,
        rms_norm_epsilon: fields.positive("rms_norm_eps", 0.1, defaults.then_some(1e-5))?,
        rope_theta,
        mrope_section,
        vocabulary: fields.count("vocab_size", MOST_TOKENS, or(152_064))?,
        tie_word_embeddings: fields.flag("tie_word_embeddings", false)?,
    })
}

/// The base of the frequencies and how they are shared out, from `rope_scaling` or the newer `rope_parameters`.
fn read_rope(fields: &Fields<'_>, head_dim: usize) -> Result<(f64, [usize; 3]), NetworkError> {
    let (name, object) = match fields.object("rope_scaling")? {
        Some(object) => ("rope_scaling", object),
        None => match fields.object("rope_parameters")? {
            Some(object) => ("rope_parameters", object),
            None => return Err(fields.error("rope_scaling", "neither it nor rope_parameters is there")),
        },
    };
    let prefix = format!("{}{name}.", fields.prefix);
    let rope = Fields { file: fields.file, prefix: &prefix, object, fallback: None };
    rope.only("type", &["mrope", "default"])?;
    rope.only("rope_type", &["mrope", "default"])?;
    let section = match rope.get("mrope_section").and_then(Value::as_array).map(Vec::as_slice) {
        Some([time, row, column]) => [time, row, column].map(Value::as_u64),
        _ => return Err(rope.error("mrope_section", "must be three whole numbers: time, row, column")),
    };
    let mut mrope_section = [0; 3];
    for (count, value) in mrope_section.iter_mut().zip(section) {
        *count = value
            .and_then(|value| usize::try_from(value).ok())
            .filter(|count| (1..=head_dim).contains(count))
            .ok_or_else(|| rope.error("mrope_section", format!("must hold numbers in 1..={head_dim}")))?;
    }
    let sum: usize = mrope_section.iter().sum();
    if sum * 2 != head_dim {
        let why =
            format!("{mrope_section:?} adds up to {sum}, not to half of the {head_dim} numbers of a head");
        return Err(rope.error("mrope_section", why));
    }
    let theta = match rope.get("rope_theta") {
        Some(_) => rope.positive("rope_theta", 1e12, None)?,
        None => fields.positive("rope_theta", 1e12, Some(1e6))?,
    };
    if theta < 1.0 {
        return Err(fields.error("rope_theta", format!("{theta} is below 1")));
    }
    Ok((theta, mrope_section))
}

fn read_vision(fields: &Fields<'_>, hidden_size: usize) -> Result<VisionConfig, NetworkError> {
    let embed_dim = fields.count("embed_dim", MOST, Some(1280))?;
    let heads = fields.count("num_heads", MOST_LAYERS, Some(16))?;
    if embed_dim % heads != 0 || (embed_dim / heads) % 4 != 0 {
        let why = format!("{embed_dim} over {heads} heads does not give a multiple of 4 numbers per head");
        return Err(fields.error("embed_dim", why));
    }
    fields.only("hidden_act", &["quick_gelu"])?;
    let ratio = fields.positive("mlp_ratio", 64.0, Some(4.0))?;
    let mlp_dim = (embed_dim as f64 * ratio) as usize;
    if !(1..=MOST).contains(&mlp_dim) {
        return Err(fields.error("mlp_ratio", format!("gives a width of {mlp_dim}, not one in 1..={MOST}")));
    }
    let output_dim = fields.count("hidden_size", MOST, Some(3584))?;
    if output_dim != hidden_size {
        let why = format!("{output_dim} does not equal the language model's hidden_size, {hidden_size}");
        return Err(fields.error("hidden_size", why));
    }
    // The name at the hub; newer writers add the other.
    let channels = if fields.get("in_chans").is_some() { "in_chans" } else { "in_channels" };
    let in_channels = fields.count(channels, MOST, Some(3))?;
    if in_channels != 3 {
        return Err(fields.error(channels, format!("{in_channels} is not supported: photos have 3 channels")));
    }
    // What photos are cut into; see `patches`.
    for (field, only) in
        [("patch_size", PATCH), ("temporal_patch_size", FRAMES), ("spatial_merge_size", MERGE)]
    {
        let value = fields.count(field, 256, Some(only))?;
        if value != only {
            return Err(fields.error(field, format!("{value} is not supported, only {only}")));
        }
    }
    Ok(VisionConfig {
        depth: fields.count("depth", MOST_LAYERS, Some(32))?,
        embed_dim,
        heads,
        mlp_dim,
        in_channels,
        patch_size: PATCH,
        temporal_patch_size: FRAMES,
        spatial_merge_size: MERGE,
        output_dim,
    })
}

fn read_tokens(
    fields: &Fields<'_>,
    vocabulary: usize,
    defaults: bool,
) -> Result<SpecialTokens, NetworkError> {
    let token = |field, default: u32| fields.token(field, vocabulary, defaults.then_some(default));
    let tokens = SpecialTokens {
        image: token("image_token_id", 151_655)?,
        vision_start: token("vision_start_token_id", 151_652)?,
        vision_end: token("vision_end_token_id", 151_653)?,
        video: token("video_token_id", 151_656)?,
    };
    let mut ids = [tokens.image, tokens.vision_start, tokens.vision_end, tokens.video];
    ids.sort_unstable();
    if ids.array_windows().any(|[first, second]| first == second) {
        return Err(fields.error("image_token_id", "the ids of image, video, start and end must differ"));
    }
    Ok(tokens)
}
