//! `config.json` of a CLIP checkpoint.

use std::path::Path;

use crate::error::NetworkError;
use crate::fields::Fields;
use crate::operators::Activation;
use crate::vision_transformer::{ConfigFile, LayersConfig, Pooling, TowerPlace, VisionConfig};

const VISION: TowerPlace = TowerPlace {
    object: "vision_config.",
    older: Some("vision_config_dict."),
    model: "clip",
    alone: "clip_vision_model",
};

const TEXT: TowerPlace = TowerPlace {
    object: "text_config.",
    older: Some("text_config_dict."),
    model: "clip",
    alone: "clip_text_model",
};

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
    /// The texts' tower; `None` where the file describes the photos' alone, and where nothing else was asked for.
    pub text: Option<TextConfig>,
    /// Numbers of an embedding.
    pub projection: usize,
    /// The file, for messages.
    pub(crate) file: String,
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
        let end = fields.token("eos_token_id", vocabulary, Some(49_407))?;
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

    /// As [`ClipConfig::from_directory`], of the photos' tower alone.
    ///
    /// # Errors
    /// [`NetworkError::Read`]; those of [`ClipConfig::vision_from_json`].
    pub fn vision_from_directory(directory: &Path) -> Result<Self, NetworkError> {
        let (file, json) = ConfigFile::read(&directory.join("config.json"))?;
        Self::vision_from_json(&file, &json)
    }

    /// Parses and checks; fields left out have the values of ViT-B/32. A file may describe both towers, or that of the
    /// photos alone (`clip_vision_model`). `vision_config_dict` and `text_config_dict`, which the first writers added,
    /// replace `vision_config` and `text_config` as a whole, as in the reference. `file` is for messages.
    ///
    /// # Errors
    /// [`NetworkError::Config`] names the first field that is missing, makes no sense, or asks for what is not
    /// supported.
    pub fn from_json(file: &str, json: &str) -> Result<Self, NetworkError> {
        let vision = Self::vision_from_json(file, json)?;
        let parsed = ConfigFile::parse(file, json)?;
        if parsed.top().word("model_type")? == Some(VISION.alone) {
            return Ok(vision);
        }
        let text = parsed.tower_if_any(&TEXT)?.map(|fields| TextConfig::read(&fields)).transpose()?;
        Ok(Self { text, ..vision })
    }

    /// As [`ClipConfig::from_json`], of the photos' tower alone: what the file says of texts is not looked at, so that
    /// a text tower of another kind is no obstacle.
    ///
    /// # Errors
    /// As there.
    pub fn vision_from_json(file: &str, json: &str) -> Result<Self, NetworkError> {
        let parsed = ConfigFile::parse(file, json)?;
        let vision = parsed.tower(&VISION)?;
        Ok(Self {
            vision: VisionConfig::read(&vision, Pooling::ClassToken, 32)?,
            text: None,
            projection: parsed.top().count("projection_dim", MOST, Some(512))?,
            file: file.into(),
        })
    }

    /// The texts' tower, for a network that needs it.
    pub(crate) fn text_tower(&self) -> Result<&TextConfig, NetworkError> {
        self.text.as_ref().ok_or_else(|| NetworkError::Config {
            file: self.file.clone(),
            field: "text_config".into(),
            why: "the field is missing, and the network has a text tower".into(),
        })
    }
}
