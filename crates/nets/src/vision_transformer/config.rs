//! The shape of a tower, from `config.json`.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::NetworkError;
use crate::fields::Fields;
use crate::operators::Activation;

/// Widest layer that is believed.
const MOST: usize = 1 << 16;

/// Most layers or heads that are believed.
const MOST_LAYERS: usize = 256;

/// Most pixels along a side of the input.
const MOST_PIXELS: usize = 4096;

/// The layers of a transformer. What is read has been checked: sizes are positive and fit each other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LayersConfig {
    /// Numbers per token.
    pub(crate) width: usize,
    /// Width of the perceptrons.
    pub(crate) mlp: usize,
    pub(crate) layers: usize,
    /// Attention heads; divides the width.
    pub(crate) heads: usize,
    pub(crate) activation: Activation,
    /// Added to the variance by the norms.
    pub(crate) epsilon: f64,
}

/// How a tower makes one vector of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pooling {
    /// A token of its own in front of the patches, normalised at the end: CLIP.
    ClassToken,
    /// Attention of a learned probe over all patches, and a perceptron: `SigLIP`.
    Attention,
}

/// The shape of a vision tower.
#[derive(Clone, Debug, PartialEq)]
pub struct VisionConfig {
    pub(crate) layers: LayersConfig,
    /// Rows and columns of the input, in pixels; whole patches.
    pub(crate) image_size: usize,
    /// Rows and columns of a patch, in pixels.
    pub(crate) patch_size: usize,
    pub(crate) pooling: Pooling,
}

impl VisionConfig {
    /// Rows and columns of the input, in pixels.
    pub const fn image_size(&self) -> usize {
        self.image_size
    }

    /// Numbers of the vector that comes out.
    pub const fn width(&self) -> usize {
        self.layers.width
    }

    /// How one vector is made.
    pub const fn pooling(&self) -> Pooling {
        self.pooling
    }

    /// Patches of a photo.
    pub const fn patches(&self) -> usize {
        let side = self.image_size / self.patch_size;
        side * side
    }

    /// Tokens of a photo.
    pub const fn tokens(&self) -> usize {
        self.patches() + matches!(self.pooling, Pooling::ClassToken) as usize
    }

    /// Numbers of a patch: `[channel][row][column]`.
    pub const fn patch_numbers(&self) -> usize {
        3 * self.patch_size * self.patch_size
    }

    /// Reads the fields of a vision tower; those left out have the values of a base model with patches of `patch`.
    pub(crate) fn read(fields: &Fields<'_>, pooling: Pooling, patch: usize) -> Result<Self, NetworkError> {
        let usual = LayersConfig {
            width: 768,
            mlp: 3072,
            layers: 12,
            heads: 12,
            activation: if pooling == Pooling::ClassToken {
                Activation::QuickGelu
            } else {
                Activation::GeluTanh
            },
            epsilon: if pooling == Pooling::ClassToken { 1e-5 } else { 1e-6 },
        };
        let layers = LayersConfig::read(fields, &usual)?;
        let channels = fields.count("num_channels", MOST, Some(3))?;
        if channels != 3 {
            let why = format!("{channels} is not supported: photos have 3 channels");
            return Err(fields.error("num_channels", why));
        }
        let image_size = fields.count("image_size", MOST_PIXELS, Some(224))?;
        let patch_size = fields.count("patch_size", MOST_PIXELS, Some(patch))?;
        if patch_size > image_size {
            let why = format!("{patch_size} is more than image_size, {image_size}");
            return Err(fields.error("patch_size", why));
        }
        Ok(Self { layers, image_size, patch_size, pooling })
    }
}

impl LayersConfig {
    /// Numbers of a head.
    pub(crate) const fn head(&self) -> usize {
        self.width / self.heads
    }

    /// Reads the fields of the layers; those left out are as usual.
    pub(crate) fn read(fields: &Fields<'_>, usual: &Self) -> Result<Self, NetworkError> {
        let width = fields.count("hidden_size", MOST, Some(usual.width))?;
        let heads = fields.count("num_attention_heads", MOST_LAYERS, Some(usual.heads))?;
        if width % heads != 0 {
            let why = format!("{heads} does not divide hidden_size, {width}");
            return Err(fields.error("num_attention_heads", why));
        }
        Ok(Self {
            width,
            mlp: fields.count("intermediate_size", MOST, Some(usual.mlp))?,
            layers: fields.count("num_hidden_layers", MOST_LAYERS, Some(usual.layers))?,
            heads,
            activation: activation(fields)?.unwrap_or(usual.activation),
            epsilon: fields.positive("layer_norm_eps", 0.1, Some(usual.epsilon))?,
        })
    }
}

/// The activation that `hidden_act` names.
fn activation(fields: &Fields<'_>) -> Result<Option<Activation>, NetworkError> {
    fields.only("hidden_act", &["quick_gelu", "gelu", "gelu_pytorch_tanh"])?;
    Ok(fields.word("hidden_act")?.map(|word| match word {
        "quick_gelu" => Activation::QuickGelu,
        "gelu" => Activation::Gelu,
        _ => Activation::GeluTanh,
    }))
}

/// Where a `config.json` describes a tower. Names of objects end with a dot, as they stand before a field's name in
/// messages.
pub(crate) struct TowerPlace {
    /// The object with its fields.
    pub(crate) object: &'static str,
    /// A second object, of the first writers: where it is there, and not null, it alone counts, and what it leaves out
    /// has the usual value. So does the reference, and the published CLIP L/14 has one.
    pub(crate) older: Option<&'static str>,
    /// `model_type` of a file with both towers.
    pub(crate) model: &'static str,
    /// `model_type` of a file with this tower alone.
    pub(crate) alone: &'static str,
}

/// A parsed `config.json` of one tower or two.
pub(crate) struct ConfigFile<'a> {
    file: &'a str,
    top: Map<String, Value>,
}

impl<'a> ConfigFile<'a> {
    pub(crate) fn parse(file: &'a str, json: &str) -> Result<Self, NetworkError> {
        let top = serde_json::from_str(json).map_err(|error| NetworkError::Config {
            file: file.into(),
            field: format!("line {}", error.line()),
            why: error.to_string(),
        })?;
        Ok(Self { file, top })
    }

    /// The text of a configuration file.
    pub(crate) fn read(path: &Path) -> Result<(String, String), NetworkError> {
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(json) => Ok((file, json)),
            Err(source) => Err(NetworkError::Read { file, source }),
        }
    }

    pub(crate) fn top(&self) -> Fields<'_> {
        Fields { file: self.file, prefix: "", object: &self.top, fallback: None }
    }

    /// The fields of a tower: those of its own object. `model_type` of the file, where there is one, must be one of the
    /// place's; for the tower alone, the whole file describes it.
    pub(crate) fn tower(&self, place: &TowerPlace) -> Result<Fields<'_>, NetworkError> {
        let missing = || self.top().error(place.object.trim_end_matches('.'), "the field is missing");
        self.tower_if_any(place)?.ok_or_else(missing)
    }

    /// As [`ConfigFile::tower`]; `None` where the file has no such object.
    pub(crate) fn tower_if_any(&self, place: &TowerPlace) -> Result<Option<Fields<'_>>, NetworkError> {
        let top = self.top();
        top.only("model_type", &[place.model, place.alone])?;
        if top.word("model_type")? == Some(place.alone) {
            return Ok(Some(top));
        }
        for prefix in place.older.into_iter().chain([place.object]) {
            if let Some(object) = top.object(prefix.trim_end_matches('.'))? {
                return Ok(Some(Fields { file: self.file, prefix, object, fallback: None }));
            }
        }
        Ok(None)
    }
}
