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
    /// `skip`: entries at the start of a list that are passed over; none: the query itself, where it is the first.
    pub skip: Option<usize>,
    /// `negatives`: entries at the end of a list that the prompt calls wrong.
    pub negatives: usize,
    /// `candidate_photos`: whether the prompt shows candidates' photos.
    pub candidate_photos: bool,
    /// `dtype` of the frozen part.
    pub dtype: TrainDtype,
    /// `lora_r`: rank of a fresh adapter.
    pub lora_r: usize,
    /// `lora_alpha`: its scale is `lora_alpha / lora_r`.
    pub lora_alpha: f64,
    /// `lora_dropout`: share of inputs of the adapter that a step leaves out.
    pub lora_dropout: f64,
    /// `protocol`: text rules and pixel modes, ours or those of the official code.
    pub official_protocol: bool,
    /// `reencode`: which photos go through JPEG first.
    pub reencode: TrainReencode,
    /// `min_pixels`, `max_pixels` of a photo; none: as the model says.
    pub pixels: (Option<u32>, Option<u32>),
    /// `vision_memory`: bytes for what the model makes of photos.
    pub vision_memory: usize,
    /// `activation_memory`: bytes for what layers keep for the way back; 0: their inputs alone, the rest is computed
    /// again.
    pub activation_memory: usize,
}

/// Settings of `train set`.
#[derive(Clone, Debug, PartialEq)]
pub struct SetSettings {
    /// `model`: directory of the model pack whose encoder looks at the photos.
    pub model: PathBuf,
    /// `data`: what to train on.
    pub data: PathBuf,
    /// `validation`: what to validate on.
    pub validation: Option<PathBuf>,
    /// `photos`: where the photos are, a folder or a tar.
    pub photos: PathBuf,
    /// `group_size`: candidates a query, at most.
    pub group_size: usize,
    /// `skip`: as in [`VlmSettings`].
    pub skip: Option<usize>,
    /// `dtype` of the computation.
    pub dtype: TrainDtype,
    /// `perturb`: how much sets are perturbed while training, over the usual; 0: not at all.
    pub perturb: f64,
}

/// Number format of the frozen part; trained parameters are f32 always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainDtype {
    /// 32 bits.
    F32,
    /// 16 bits with the range of 32.
    Bf16,
}

/// Which photos go through JPEG (quality 75) first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainReencode {
    /// None.
    None,
    /// Candidates' photos.
    Candidates,
    /// All photos.
    All,
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
            skip: read_skip(fields)?,
            negatives: fields.count("negatives", 5, 0)?,
            candidate_photos: fields.flag("candidate_photos", true)?,
            dtype: fields.choice("dtype", &DTYPES)?,
            lora_r: fields.count("lora_r", 16, 1)?,
            lora_alpha: fields.number("lora_alpha", 32.0, 0.0..=f64::MAX)?,
            lora_dropout: fields.number("lora_dropout", 0.05, 0.0..=0.99)?,
            official_protocol: fields.choice("protocol", &[("default", false), ("official", true)])?,
            reencode: fields.choice(
                "reencode",
                &[
                    ("none", TrainReencode::None),
                    ("candidates", TrainReencode::Candidates),
                    ("all", TrainReencode::All),
                ],
            )?,
            pixels: read_pixels(fields)?,
            vision_memory: fields.count("vision_memory", 512, 0)?.saturating_mul(1 << 20),
            activation_memory: fields.count("activation_memory", 0, 0)?.saturating_mul(1 << 20),
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
            model: fields.required_path("model", "the directory of the model pack")?,
            data: fields.required_path("data", "the ranking dataset (Parquet)")?,
            validation: fields.path("validation")?,
            photos: fields.required_path("photos", "the folder or tar of the photos")?,
            group_size: fields.count("group_size", 20, 1)?,
            skip: read_skip(fields)?,
            dtype: fields.choice("dtype", &DTYPES[..1])?,
            perturb: fields.number("perturb", 1.0, 0.0..=3.0)?,
        })
    }
}

fn read_pixels(fields: &mut Fields) -> Result<(Option<u32>, Option<u32>), ConfigurationError> {
    /// One image token: 28 x 28 pixels.
    const TOKEN: u64 = 28 * 28;
    let narrowed = |count: Option<u64>| count.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    let least = narrowed(fields.whole_or_none("min_pixels", TOKEN)?);
    let most = narrowed(fields.whole_or_none("max_pixels", TOKEN)?);
    match (least, most) {
        (Some(least), Some(most)) if least > most => {
            Err(fields.refuse("min_pixels", format_args!("{least} is more than max_pixels, {most}"), None))
        }
        both => Ok(both),
    }
}

fn read_skip(fields: &mut Fields) -> Result<Option<usize>, ConfigurationError> {
    let skip = fields.whole_or_none("skip", 0)?;
    Ok(skip.map(|skip| usize::try_from(skip).unwrap_or(usize::MAX)))
}
