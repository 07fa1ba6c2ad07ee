//! Settings of the models.

use std::path::PathBuf;

use nets::ComputeType;
use rank::vlm::Reencode;
use rank::vlm::prompt::Protocol;
use serde::{Deserialize, Serialize};

use super::{ConfigurationError, ModelSettings, Source};

/// Settings of `train vlm`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VlmSettings {
    /// Directory of the base model.
    pub model: PathBuf,
    /// Directory of an adapter to continue from; none: a fresh one.
    pub adapter: Option<PathBuf>,
    /// The ranking dataset to train on.
    pub data: PathBuf,
    /// The one to validate on.
    pub validation: Option<PathBuf>,
    /// Where the photos are, a folder or a tar.
    pub photos: PathBuf,
    /// Candidates per query.
    pub group_size: usize,
    /// Entries at the start of a list that are passed over; none: the query itself, where it is the first.
    pub skip: Option<usize>,
    /// Entries at the end of a list that the prompt calls wrong.
    pub negatives: usize,
    /// Whether the prompt shows candidates' photos.
    pub candidate_photos: bool,
    /// Number format of the frozen part, f32 or bf16; trained parameters are always f32.
    pub dtype: ComputeType,
    /// Rank of a fresh adapter.
    pub lora_r: usize,
    /// Its scale is `lora_alpha / lora_r`.
    pub lora_alpha: f64,
    /// Share of inputs of the adapter that a step leaves out.
    pub lora_dropout: f64,
    /// Text rules and pixel modes.
    pub protocol: Protocol,
    /// Which photos go through JPEG first.
    pub reencode: Reencode,
    /// Least pixels of a photo; none: as the model says.
    pub min_pixels: Option<u32>,
    /// Most pixels of a photo; none: as the model says.
    pub max_pixels: Option<u32>,
    /// MB for what the model makes of photos.
    pub vision_memory: usize,
    /// MB for what layers keep for the way back; 0: their inputs alone, the rest is computed again.
    pub activation_memory: usize,
}

impl Default for VlmSettings {
    /// The published settings (arXiv 2505.13731), without paths.
    fn default() -> Self {
        Self {
            model: PathBuf::new(),
            adapter: None,
            data: PathBuf::new(),
            validation: None,
            photos: PathBuf::new(),
            group_size: 7,
            skip: None,
            negatives: 5,
            candidate_photos: true,
            dtype: ComputeType::F32,
            lora_r: 16,
            lora_alpha: 32.0,
            lora_dropout: 0.05,
            protocol: Protocol::Default,
            reencode: Reencode::None,
            min_pixels: None,
            max_pixels: None,
            vision_memory: 512,
            activation_memory: 0,
        }
    }
}

impl ModelSettings for VlmSettings {
    fn check(&self, source: &Source) -> Result<(), ConfigurationError> {
        /// One image token: 28 x 28 pixels.
        const TOKEN: u64 = 28 * 28;
        source.given("model", "the directory of the base model")?;
        source.given("data", "the ranking dataset (Parquet)")?;
        source.given("photos", "the folder or tar of the photos")?;
        source.at_least("group_size", self.group_size as u64, 1)?;
        source.at_least("lora_r", self.lora_r as u64, 1)?;
        source.within("lora_alpha", self.lora_alpha, 0.0..=f64::INFINITY)?;
        source.within("lora_dropout", self.lora_dropout, 0.0..=0.99)?;
        for (name, pixels) in [("min_pixels", self.min_pixels), ("max_pixels", self.max_pixels)] {
            source.at_least(name, pixels.map_or(TOKEN, u64::from), TOKEN)?;
        }
        if let (Some(least), Some(most)) = (self.min_pixels, self.max_pixels)
            && least > most
        {
            return Err(source.refuse(
                "min_pixels",
                format_args!("{least} is more than max_pixels, {most}"),
                None,
            ));
        }
        check_format(source, self.dtype, &[ComputeType::F32, ComputeType::Bf16])
    }
}

/// Settings of `train set`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetSettings {
    /// Directory of the model pack whose encoder looks at the photos.
    pub model: PathBuf,
    /// What to train on.
    pub data: PathBuf,
    /// What to validate on.
    pub validation: Option<PathBuf>,
    /// Where the photos are, a folder or a tar.
    pub photos: PathBuf,
    /// Candidates per query, at most.
    pub group_size: usize,
    /// As in [`VlmSettings`].
    pub skip: Option<usize>,
    /// Number format of the computation: f32.
    pub dtype: ComputeType,
    /// How much sets are perturbed while training, relative to the default; 0: not at all.
    pub perturb: f64,
}

impl Default for SetSettings {
    fn default() -> Self {
        Self {
            model: PathBuf::new(),
            data: PathBuf::new(),
            validation: None,
            photos: PathBuf::new(),
            group_size: 20,
            skip: None,
            dtype: ComputeType::F32,
            perturb: 1.0,
        }
    }
}

impl ModelSettings for SetSettings {
    fn check(&self, source: &Source) -> Result<(), ConfigurationError> {
        source.given("model", "the directory of the model pack")?;
        source.given("data", "the ranking dataset (Parquet)")?;
        source.given("photos", "the folder or tar of the photos")?;
        source.at_least("group_size", self.group_size as u64, 1)?;
        source.within("perturb", self.perturb, 0.0..=3.0)?;
        check_format(source, self.dtype, &[ComputeType::F32])
    }
}

fn check_format(
    source: &Source,
    format: ComputeType,
    possible: &[ComputeType],
) -> Result<(), ConfigurationError> {
    if possible.contains(&format) {
        return Ok(());
    }
    let names = possible.iter().map(|format| format!("\"{format}\"")).collect::<Vec<_>>().join(" or ");
    Err(source.refuse("dtype", format_args!("expected {names}, found \"{format}\""), None))
}
