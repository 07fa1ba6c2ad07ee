//! `SigLIP` and `SigLIP` 2 (arXiv 2303.15343, 2502.14786): the vision tower as a retrieval encoder.
//!
//! The checkpoints with a fixed resolution, `siglip` at Hugging Face, as `siglip-so400m-patch14-384` and
//! `siglip2-base-patch16-224`. The tower ends in an attention pool, whose result is the photo's vector. The text tower
//! may be among the weights and is not read.
//!
//! Alternative considered: the checkpoints of any resolution (`siglip2` with `naflex`), whose patches come in another
//! shape.

use std::borrow::Cow;
use std::path::Path;

use crate::checkpoint::{ShardedCheckpoint, resolve};
use crate::clip::{is_position_ids, unit_rows};
use crate::error::NetworkError;
use crate::holding::{Holding, LayerReader};
use crate::load_options::LoadOptions;
use crate::operators::host_floats;
pub use crate::vision_transformer::VisionConfig;
use crate::vision_transformer::{
    ConfigFile, Pooling, Preprocessor, TowerPlace, VisionTower, computing, vision_tensors,
};

const VISION: TowerPlace =
    TowerPlace { object: "vision_config.", older: None, model: "siglip", alone: "siglip_vision_model" };

/// The configuration of a vision tower, from the `config.json` of both towers (`siglip`) or of this one alone
/// (`siglip_vision_model`). Fields left out have the values of the base model. `file` is for messages.
///
/// # Errors
/// [`NetworkError::Config`] names the first field that makes no sense or asks for what is not supported.
pub fn config_from_json(file: &str, json: &str) -> Result<VisionConfig, NetworkError> {
    let parsed = ConfigFile::parse(file, json)?;
    let fields = parsed.tower(&VISION)?;
    if !fields.flag("vision_use_head", true)? {
        return Err(fields.error("vision_use_head", "a tower without its attention pool is not supported"));
    }
    VisionConfig::read(&fields, Pooling::Attention, 16)
}

/// `SigLIP`'s photo side.
#[derive(Clone, Debug)]
pub struct SiglipVision {
    tower: VisionTower,
    preprocessor: Preprocessor,
}

impl SiglipVision {
    /// Reads a directory: `config.json`, the weights, and `preprocessor_config.json` where there is one.
    ///
    /// # Errors
    /// What is wrong with a file: see [`NetworkError`].
    pub fn open(directory: &Path, options: &LoadOptions) -> Result<Self, NetworkError> {
        let (file, json) = ConfigFile::read(&directory.join("config.json"))?;
        let config = config_from_json(&file, &json)?;
        let network = Self::load(&config, &ShardedCheckpoint::open(directory)?, options)?;
        match Preprocessor::from_directory(directory, &config)? {
            Some(preprocessor) => Ok(network.with_preprocessor(preprocessor)),
            None => Ok(network),
        }
    }

    /// Makes the network of a checkpoint's tensors, with `SigLIP`'s usual preprocessing.
    ///
    /// # Errors
    /// [`NetworkError::Tensors`] with every tensor that is missing, left over or misshapen; [`NetworkError::NotFinite`].
    pub fn load(
        config: &VisionConfig,
        checkpoint: &ShardedCheckpoint,
        options: &LoadOptions,
    ) -> Result<Self, NetworkError> {
        let passed_over = |name: &str| {
            name.starts_with("text_model.")
                || name == "logit_scale"
                || name == "logit_bias"
                || is_position_ids(name)
        };
        let tensors = resolve(checkpoint, &vision_tensors(config), &[], |name| {
            (!passed_over(name)).then_some(Cow::Borrowed(name))
        })?;
        let holding = Holding::new(options)?;
        let reader = LayerReader { tensors: &tensors, holding: &holding };
        let tower = holding.workers.run(|| VisionTower::read(reader, config))?;
        Ok(Self { tower, preprocessor: Preprocessor::usual(config) })
    }

    /// The same with another preprocessing.
    #[must_use]
    pub fn with_preprocessor(self, preprocessor: Preprocessor) -> Self {
        Self { preprocessor, ..self }
    }

    /// The shape of the tower.
    pub const fn config(&self) -> &VisionConfig {
        self.tower.config()
    }

    /// From photos to pixels.
    pub const fn preprocessor(&self) -> &Preprocessor {
        &self.preprocessor
    }

    /// Numbers of a vector.
    pub const fn dimension(&self) -> usize {
        self.tower.config().width()
    }

    /// Vectors `[photos, dimension]`, not normalised, of `pixels` `[photos, 3, size, size]`. A photo has the same
    /// alone as among others.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`], [`NetworkError::Compute`].
    pub fn encode(&self, pixels: &[f32]) -> Result<Vec<f32>, NetworkError> {
        host_floats(&self.tower.forward(pixels)?).map_err(computing("the vision tower"))
    }

    /// As [`SiglipVision::encode`], each of length 1.
    ///
    /// # Errors
    /// As there.
    pub fn encode_normalised(&self, pixels: &[f32]) -> Result<Vec<f32>, NetworkError> {
        Ok(unit_rows(self.encode(pixels)?, self.dimension()))
    }
}
