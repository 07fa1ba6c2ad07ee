//! Settings of the models.

use std::path::PathBuf;

use super::{ConfigurationError, Fields};

/// Settings of `train vlm`.
#[derive(Clone, Debug, PartialEq)]
pub struct VlmSettings {
    /// `model`: directory of the base model.
    pub model: PathBuf,
    /// `adapter`: directory of an adapter to go on from; none: a fresh one.
    pub adapter: Option<PathBuf>,
    /// `data`: the ranking dataset to train on.
    pub data: PathBuf,
    /// `validation`: the one to validate on.
    pub validation: Option<PathBuf>,
    /// `photos`: where the photos are, a folder or a tar.
    pub photos: PathBuf,
    /// `group_size`: candidates a query.
    pub group_size: usize,
    /// `dtype` of the frozen part.
    pub dtype: TrainDtype,
    /// `lora_r`: rank of a fresh adapter.
    pub lora_r: usize,
    /// `lora_alpha`: its scale is `lora_alpha / lora_r`.
    pub lora_alpha: f64,
    /// `lora_dropout`: share of inputs of the adapter that a step leaves out.
    pub lora_dropout: f64,
}

/// Settings of `train set`.
#[derive(Clone, Debug, PartialEq)]
pub struct SetSettings {
    /// `model`: directory of a set ranker to go on from; none: a fresh one.
    pub model: Option<PathBuf>,
    /// `data`: what to train on.
    pub data: PathBuf,
    /// `validation`: what to validate on.
    pub validation: Option<PathBuf>,
    /// `photos`: where the photos are.
    pub photos: Option<PathBuf>,
    /// `group_size`: candidates a query, at most.
    pub group_size: usize,
    /// `dtype` of the computation.
    pub dtype: TrainDtype,
}

/// Number format of the frozen part; trained parameters are f32 always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainDtype {
    /// 32 bits.
    F32,
    /// 16 bits with the range of 32.
    Bf16,
}

/// What the word `dtype` can be; the first is the default.
const DTYPES: [(&str, TrainDtype); 2] = [("f32", TrainDtype::F32), ("bf16", TrainDtype::Bf16)];

impl VlmSettings {
    /// Reads the fields of `train vlm`.
    ///
    /// # Errors
    /// A field of the wrong kind, out of range, or missing.
    pub fn read(fields: &mut Fields) -> Result<Self, ConfigurationError> {
        Ok(Self {
            model: fields.required_path("model", "the directory of the base model")?,
            adapter: fields.path("adapter")?,
            data: fields.required_path("data", "the ranking dataset (Parquet)")?,
            validation: fields.path("validation")?,
            photos: fields.required_path("photos", "the folder or tar of the photos")?,
            group_size: fields.count("group_size", 7, 1)?,
            dtype: fields.choice("dtype", &DTYPES)?,
            lora_r: fields.count("lora_r", 16, 1)?,
            lora_alpha: fields.number("lora_alpha", 32.0, 0.0..=f64::MAX)?,
            lora_dropout: fields.number("lora_dropout", 0.05, 0.0..=0.99)?,
        })
    }
}

impl SetSettings {
    /// Reads the fields of `train set`.
    ///
    /// # Errors
    /// A field of the wrong kind, out of range, or missing.
    pub fn read(fields: &mut Fields) -> Result<Self, ConfigurationError> {
        Ok(Self {
            model: fields.path("model")?,
            data: fields.required_path("data", "what to train on")?,
            validation: fields.path("validation")?,
            photos: fields.path("photos")?,
            group_size: fields.count("group_size", 20, 1)?,
            dtype: fields.choice("dtype", &DTYPES[..1])?,
        })
    }
}
