//! `config.json` of a CLIP checkpoint.

use std::path::Path;

use crate::error::NetworkError;
use crate::fields::Fields;
use crate::operators::Activation;
use crate::vision_transformer::{ConfigFile, LayersConfig, Pooling, VisionConfig};

/// Largest vocabulary that is believed.
const MOST_TOKENS: usize = 1 << 20;

/// Most numbers of an embedding, and most tokens of a text.
const MOST: usize = 1 << 14;

/// The end token's id in configurations of before 2023, where it means: the largest id of the text.
const LEGACY_END: u32 = 2;

/// The shape of a CLIP network.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipConfig {
    /// The photos' tower.
    pub vision: VisionConfig,
    /// The texts' tower; `None` where the file describes the photos' alone.
    pub text: Option<TextConfig>,
    /// Numbers of an embedding.
    pub projection: usize,
}

/// The shape of the text tower.
#[derive(Clone, Debug, PartialEq)]
pub struct TextConfig {
    pub(crate) layers: LayersConfig,
    /// Rows of the token embedding.
    pub(crate) vocabulary: usize,
    /// Tokens of a text.
    pub(crate) positions: usize,
    /// The token whose place is the text's; `None`: that with the largest id.
    pub(crate) end: Option<u32>,
}

impl TextConfig {
    /// Tokens of a text at most.
    pub const fn positions(&self) -> usize {
        self.positions
    }

    /// Rows of the token embedding.
    pub const fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    fn read(fields: &Fields<'_>) -> Result<Self, NetworkError> {
        let usual = LayersConfig {
            width: 512,
            mlp: 2048,
            layers: 12,
            heads: 8,
            activation: Activation::QuickGelu,
            epsilon: 1e-5,
        };
        let vocabulary = fields.count("vocab_size", MOST_TOKENS, Some(49_408))?;
        let end = fields.token("eos_token_id", MOST_TOKENS, Some(49_407))?;
        Ok(Self {
            layers: LayersConfig::read(fields, &usual)?,
            vocabulary,
            positions: fields.count("max_position_embeddings", MOST, Some(77))?,
            end: (end != LEGACY_END).then_some(end),
        })
    }
}

impl ClipConfig {
    /// Reads `config.json` of a model's directory.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; those of [`ClipConfig::from_json`].
    pub fn from_directory(directory: &Path) -> Result<Self, NetworkError> {
        let (file, json) = ConfigFile::read(&directory.join("config.json"))?;
        Self::from_json(&file, &json)
    }

    /// Parses and checks; fields left out have the values of ViT-B/32. A file may describe both towers, or that of the
    /// photos alone (`clip_vision_model`). `file` is for messages.
    ///
    /// # Errors
    /// [`NetworkError::Config`] names the first field that is missing, makes no sense, or asks for what is not
    /// supported.
    pub fn from_json(file: &str, json: &str) -> Result<Self, NetworkError> {
        let parsed = ConfigFile::parse(file, json)?;
        let vision = parsed.tower("vision_config", ("clip", "clip_vision_model"))?;
        let top = parsed.top();
        let text = match top.object("text_config")? {
            Some(_) => Some(TextConfig::read(&parsed.tower("text_config", ("clip", "clip_text_model"))?)?),
            None => None,
        };
        Ok(Self {
            vision: VisionConfig::read(&vision, Pooling::ClassToken, 32)?,
            text,
            projection: top.count("projection_dim", MOST, Some(512))?,
        })
    }
}
