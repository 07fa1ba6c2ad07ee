//! Both towers and their projections.

use std::borrow::Cow;
use std::path::Path;

use candle_core::Tensor;

use super::config::ClipConfig;
use super::text::{TextTower, text_tensors};
use crate::checkpoint::{Expected, Resolved, ShardedCheckpoint, resolve};
use crate::error::NetworkError;
use crate::holding::{Holding, LayerReader};
use crate::load_options::{LoadOptions, Workers};
use crate::operators::{Linear, host_floats};
use crate::vision_transformer::{
    Preprocessor, VisionConfig, VisionTower, computing, few_rows, vision_tensors,
};
use kernels::vectors::l2_normalise;

const VISUAL_PROJECTION: &str = "visual_projection";
const TEXT_PROJECTION: &str = "text_projection";
const LOGIT_SCALE: &str = "logit_scale";

/// The tensors of a whole CLIP network; the projections may have other names.
pub(crate) fn clip_tensors(config: &ClipConfig, visual: &str, text: &str) -> Vec<Expected> {
    let mut list = vision_tensors(&config.vision);
    list.push((format!("{visual}.weight"), vec![config.projection, config.vision.width()]));
    if let Some(tower) = &config.text {
        list.extend(text_tensors(tower));
        list.push((format!("{text}.weight"), vec![config.projection, tower.layers.width]));
    }
    list
}

/// Lists of whole numbers that old writers stored.
pub(crate) fn is_position_ids(name: &str) -> bool {
    name.ends_with(".embeddings.position_ids")
}

/// CLIP's photo side: what retrieval needs.
#[derive(Clone, Debug)]
pub struct ClipVision {
    tower: VisionTower,
    projection: Linear,
    dimension: usize,
    preprocessor: Preprocessor,
}

impl ClipVision {
    /// Reads a directory: `config.json`, the weights, and `preprocessor_config.json` where there is one. Text tower
    /// and temperature may be among the weights and in the configuration and are not read.
    ///
    /// # Errors
    /// What is wrong with a file: see [`NetworkError`].
    pub fn open(directory: &Path, options: &LoadOptions) -> Result<Self, NetworkError> {
        let config = ClipConfig::vision_from_directory(directory)?;
        Self::load(&config, &ShardedCheckpoint::open(directory)?, options)?.preprocessing_of(directory)
    }

    /// With the preprocessing that a model's directory asks for, if it does.
    fn preprocessing_of(self, directory: &Path) -> Result<Self, NetworkError> {
        match Preprocessor::from_directory(directory, self.config())? {
            Some(preprocessor) => Ok(self.with_preprocessor(preprocessor)),
            None => Ok(self),
        }
    }

    /// Makes the network of a checkpoint's tensors, with CLIP's usual preprocessing.
    ///
    /// # Errors
    /// [`NetworkError::Tensors`] with every tensor that is missing, left over or misshapen; [`NetworkError::NotFinite`].
    pub fn load(
        config: &ClipConfig,
        checkpoint: &ShardedCheckpoint,
        options: &LoadOptions,
    ) -> Result<Self, NetworkError> {
        let wanted = clip_tensors(&ClipConfig { text: None, ..config.clone() }, VISUAL_PROJECTION, "");
        let of_text = |name: &str| name.starts_with("text_") || name == LOGIT_SCALE || is_position_ids(name);
        let tensors =
            resolve(checkpoint, &wanted, &[], |name| (!of_text(name)).then_some(Cow::Borrowed(name)))?;
        let holding = Holding::new(options)?;
        holding.workers.run(|| Self::read(&tensors, config, VISUAL_PROJECTION, &holding))
    }

    /// From tensors that are all there.
    pub(crate) fn read(
        tensors: &Resolved,
        config: &ClipConfig,
        projection: &str,
        holding: &Holding,
    ) -> Result<Self, NetworkError> {
        let reader = LayerReader { tensors, holding };
        Ok(Self {
            tower: VisionTower::read(reader, &config.vision)?,
            projection: reader.linear(projection, false)?,
            dimension: config.projection,
            preprocessor: Preprocessor::usual(&config.vision),
        })
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

    /// Numbers of an embedding.
    pub const fn dimension(&self) -> usize {
        self.dimension
    }

    /// Who computes, for what comes after CLIP.
    pub(crate) const fn workers(&self) -> &Workers {
        self.tower.workers()
    }

    /// The tower's own vectors `[photos, width]`, before the projection, of `pixels` `[photos, 3, size, size]`.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`], [`NetworkError::Compute`].
    pub fn pooled(&self, pixels: &[f32]) -> Result<Vec<f32>, NetworkError> {
        host_floats(&self.tower.forward(pixels)?).map_err(computing("the vision tower"))
    }

    /// Embeddings `[photos, dimension]`, not normalised, of `pixels` `[photos, 3, size, size]`. A photo has the same
    /// alone as among others.
    ///
    /// # Errors
    /// As [`ClipVision::pooled`].
    pub fn encode(&self, pixels: &[f32]) -> Result<Vec<f32>, NetworkError> {
        project(self.workers(), &self.projection, &self.tower.forward(pixels)?)
    }

    /// As [`ClipVision::encode`], each of length 1.
    ///
    /// # Errors
    /// As there.
    pub fn encode_normalised(&self, pixels: &[f32]) -> Result<Vec<f32>, NetworkError> {
        Ok(unit_rows(self.encode(pixels)?, self.dimension))
    }
}

/// Both sides of CLIP.
#[derive(Clone, Debug)]
pub struct Clip {
    /// The photos' side.
    pub vision: ClipVision,
    text: TextTower,
    projection: Linear,
    logit_scale: f32,
}

impl Clip {
    /// Reads a directory: `config.json`, the weights, and `preprocessor_config.json` where there is one.
    ///
    /// # Errors
    /// What is wrong with a file: see [`NetworkError`].
    pub fn open(directory: &Path, options: &LoadOptions) -> Result<Self, NetworkError> {
        let config = ClipConfig::from_directory(directory)?;
        let clip = Self::load(&config, &ShardedCheckpoint::open(directory)?, options)?;
        Ok(Self { vision: clip.vision.preprocessing_of(directory)?, ..clip })
    }

    /// Makes the network of a checkpoint's tensors.
    ///
    /// # Errors
    /// [`NetworkError::Tensors`] with every tensor that is missing, left over or misshapen; [`NetworkError::NotFinite`];
    /// [`NetworkError::Config`] where there is no text tower.
    pub fn load(
        config: &ClipConfig,
        checkpoint: &ShardedCheckpoint,
        options: &LoadOptions,
    ) -> Result<Self, NetworkError> {
        let text = config.text_tower()?;
        let mut wanted = clip_tensors(config, VISUAL_PROJECTION, TEXT_PROJECTION);
        wanted.push((LOGIT_SCALE.into(), Vec::new()));
        let tensors = resolve(checkpoint, &wanted, &[], |name| {
            (!is_position_ids(name)).then_some(Cow::Borrowed(name))
        })?;
        let holding = Holding::new(options)?;
        let reader = LayerReader { tensors: &tensors, holding: &holding };
        holding.workers.run(|| {
            Ok(Self {
                vision: ClipVision::read(&tensors, config, VISUAL_PROJECTION, &holding)?,
                text: TextTower::read(reader, text)?,
                projection: reader.linear(TEXT_PROJECTION, false)?,
                logit_scale: tensors.get(LOGIT_SCALE)?.floats()?.first().copied().unwrap_or_default(),
            })
        })
    }

    /// Embeddings `[texts, dimension]`, not normalised, of token ids as [`super::ClipTokenizer`] makes them.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] for a text that is empty or too long or has an unknown id;
    /// [`NetworkError::Compute`].
    pub fn encode_texts(&self, texts: &[impl AsRef<[u32]>]) -> Result<Vec<f32>, NetworkError> {
        project(self.text.workers(), &self.projection, &self.text.forward(texts)?)
    }

    /// As [`Clip::encode_texts`], each of length 1.
    ///
    /// # Errors
    /// As there.
    pub fn encode_texts_normalised(&self, texts: &[impl AsRef<[u32]>]) -> Result<Vec<f32>, NetworkError> {
        Ok(unit_rows(self.encode_texts(texts)?, self.vision.dimension))
    }

    /// The text tower's own vectors `[texts, width]`, before the projection.
    ///
    /// # Errors
    /// As [`Clip::encode_texts`].
    pub fn pooled_texts(&self, texts: &[impl AsRef<[u32]>]) -> Result<Vec<f32>, NetworkError> {
        host_floats(&self.text.forward(texts)?).map_err(computing("the text tower"))
    }

    /// Factor of the cosine similarities of photos and texts.
    pub fn logit_factor(&self) -> f32 {
        self.logit_scale.exp()
    }
}

/// Rows through a projection.
pub(crate) fn project(
    workers: &Workers,
    projection: &Linear,
    rows: &Tensor,
) -> Result<Vec<f32>, NetworkError> {
    let projected = workers.run(|| few_rows(projection, rows).and_then(|rows| host_floats(&rows)));
    projected.map_err(computing("the projection"))
}

/// Rows of length 1.
pub(crate) fn unit_rows(mut rows: Vec<f32>, width: usize) -> Vec<f32> {
    for row in rows.chunks_exact_mut(width) {
        l2_normalise(row);
    }
    rows
}
