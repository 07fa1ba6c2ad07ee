//! CLIP, the projections on top, and the location encoder.

use std::borrow::Cow;
use std::path::Path;

use geo::LatLon;

use super::config::G3Config;
use super::mercator::two_pi_web_mercator;
use crate::checkpoint::{Expected, Resolved, ShardedCheckpoint, resolve};
use crate::clip::{ClipVision, TextTower, clip_tensors, is_position_ids, project, unit_rows};
use crate::error::NetworkError;
use crate::fourier_encoder::FourierEncoder;
use crate::holding::{Holding, LayerReader};
use crate::load_options::{LoadOptions, Workers};
use crate::operators::Linear;
use crate::perceptron::{LayerShape, Perceptron};
use crate::vision_transformer::Preprocessor;
use kernels::linear::Activation;

const VISION: &str = "vision_projection";
const TEXT: &str = "text_projection";
pub(super) const PHOTO_TO_TEXT: &str = "vision_projection_else_1.";
pub(super) const PHOTO_TO_LOCATION: &str = "vision_projection_else_2.";
pub(super) const TEXT_TO_PHOTO: &str = "text_projection_else.";
pub(super) const LOCATION_TO_PHOTO: &str = "location_projection_else.";
pub(super) const LOCATIONS: &str = "location_encoder.";
pub(super) const LOGIT_SCALES: [&str; 3] = ["logit_scale1", "logit_scale2", "logit_scale3"];

/// What G3 makes of photos: unit vectors `[photos, dimension]`, three a photo.
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoVectors {
    /// CLIP's own.
    pub image: Vec<f32>,
    /// In the space shared with texts.
    pub text: Vec<f32>,
    /// In the space shared with locations.
    pub location: Vec<f32>,
}

/// G3.
#[derive(Debug)]
pub struct G3 {
    config: G3Config,
    clip: ClipVision,
    text: TextTower,
    text_projection: Linear,
    photo_to_text: Perceptron,
    photo_to_location: Perceptron,
    text_to_photo: Perceptron,
    location_to_photo: Perceptron,
    locations: FourierEncoder,
    workers: Workers,
    logit_scales: [f32; 3],
}

/// Two layers, named as in a sequence with a rectifier between them.
pub(super) const fn two_layers(inputs: usize, outputs: usize) -> [LayerShape<'static>; 2] {
    [
        LayerShape { name: "0", inputs, outputs: inputs, activation: Activation::Relu },
        LayerShape { name: "2", inputs, outputs, activation: Activation::Identity },
    ]
}

impl G3Config {
    fn tensors(&self) -> Vec<Expected> {
        let (width, place) = (self.clip.projection, self.locations.outputs);
        let mut list = clip_tensors(&self.clip, VISION, TEXT);
        list.extend(LOGIT_SCALES.map(|name| (name.to_owned(), Vec::new())));
        for prefix in [PHOTO_TO_TEXT, PHOTO_TO_LOCATION, TEXT_TO_PHOTO] {
            list.extend(two_layers(width, width).iter().flat_map(|layer| layer.tensors(prefix)));
        }
        list.extend(two_layers(place, width).iter().flat_map(|layer| layer.tensors(LOCATION_TO_PHOTO)));
        list.extend(self.locations.tensors(LOCATIONS));
        list
    }

    /// The tensors of a checkpoint that holds exactly this network.
    pub(super) fn resolve(&self, checkpoint: &ShardedCheckpoint) -> Result<Resolved, NetworkError> {
        resolve(checkpoint, &self.tensors(), &[], |name| {
            (!is_position_ids(name)).then_some(Cow::Borrowed(name))
        })
    }
}

impl G3 {
    /// Reads a state dict, or the same as safetensors: `g3.pth` as the official evaluation loads it. Of the two files
    /// that the official training saves after each epoch it is `g3_N_state_dict.pth`; the other, `g3_N.pth`, is the
    /// whole module with its code and is refused. `config` is that of [`G3Config::from_file`].
    ///
    /// # Errors
    /// What is wrong with a file: see [`NetworkError`].
    pub fn open(config: &Path, weights: &Path, options: &LoadOptions) -> Result<Self, NetworkError> {
        Self::load(&G3Config::from_file(config)?, &ShardedCheckpoint::open_file(weights)?, options)
    }

    /// Makes the network of a checkpoint's tensors.
    ///
    /// # Errors
    /// [`NetworkError::Tensors`] with every tensor that is missing, left over or misshapen; [`NetworkError::NotFinite`].
    pub fn load(
        config: &G3Config,
        checkpoint: &ShardedCheckpoint,
        options: &LoadOptions,
    ) -> Result<Self, NetworkError> {
        let tensors = config.resolve(checkpoint)?;
        let holding = Holding::new(options)?;
        let reader = LayerReader { tensors: &tensors, holding: &holding };
        let text = config.clip.text_tower()?;
        let (width, place) = (config.clip.projection, config.locations.outputs);
        let on_top = |prefix: &str| Perceptron::read(&tensors, prefix, &two_layers(width, width));
        let mut logit_scales = [0.0; 3];
        for (scale, name) in logit_scales.iter_mut().zip(LOGIT_SCALES) {
            *scale = tensors.get(name)?.floats()?.first().copied().unwrap_or_default();
        }
        holding.workers.run(|| {
            Ok(Self {
                clip: ClipVision::read(&tensors, &config.clip, VISION, &holding)?,
                text: TextTower::read(reader, text)?,
                text_projection: reader.linear(TEXT, false)?,
                photo_to_text: on_top(PHOTO_TO_TEXT)?,
                photo_to_location: on_top(PHOTO_TO_LOCATION)?,
                text_to_photo: on_top(TEXT_TO_PHOTO)?,
                location_to_photo: Perceptron::read(&tensors, LOCATION_TO_PHOTO, &two_layers(place, width))?,
                locations: FourierEncoder::read(&tensors, LOCATIONS, &config.locations, two_pi_web_mercator)?,
                logit_scales,
                workers: holding.workers.clone(),
                config: config.clone(),
            })
        })
    }

    /// The same with another preprocessing of photos.
    #[must_use]
    pub fn with_preprocessor(self, preprocessor: Preprocessor) -> Self {
        Self { clip: self.clip.with_preprocessor(preprocessor), ..self }
    }

    /// The shape.
    pub const fn config(&self) -> &G3Config {
        &self.config
    }

    /// CLIP's vision tower, which also knows the preprocessing.
    pub const fn clip(&self) -> &ClipVision {
        &self.clip
    }

    /// Numbers of each vector.
    pub const fn dimension(&self) -> usize {
        self.config.dimension()
    }

    /// Three unit vectors a photo, of `pixels` `[photos, 3, size, size]`.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`], [`NetworkError::Compute`].
    pub fn encode_photos(&self, pixels: &[f32]) -> Result<PhotoVectors, NetworkError> {
        let width = self.dimension();
        let image = self.clip.encode(pixels)?;
        let photos = image.len() / width;
        let unit = |perceptron: &Perceptron| unit_rows(self.apply(perceptron, &image, photos), width);
        Ok(PhotoVectors {
            text: unit(&self.photo_to_text),
            location: unit(&self.photo_to_location),
            image: unit_rows(image, width),
        })
    }

    /// Unit vectors `[texts, dimension]` of token ids, to compare with [`PhotoVectors::text`].
    ///
    /// # Errors
    /// As [`crate::clip::Clip::encode_texts`].
    pub fn encode_texts(&self, texts: &[impl AsRef<[u32]>]) -> Result<Vec<f32>, NetworkError> {
        let projected = self.project_texts(texts)?;
        Ok(unit_rows(self.apply(&self.text_to_photo, &projected, texts.len()), self.dimension()))
    }

    /// CLIP's own embeddings `[texts, dimension]` of token ids, not normalised: what the text head is given. For photos
    /// that is [`ClipVision::encode`] of [`G3::clip`].
    ///
    /// # Errors
    /// As [`G3::encode_texts`].
    pub fn project_texts(&self, texts: &[impl AsRef<[u32]>]) -> Result<Vec<f32>, NetworkError> {
        project(&self.workers, &self.text_projection, &self.text.forward(texts)?)
    }

    /// Vectors `[locations, location width]` of the location encoder, not normalised.
    pub fn location_features(&self, locations: &[LatLon]) -> Vec<f32> {
        self.workers.run(|| self.locations.encode(locations))
    }

    /// Unit vectors `[locations, dimension]`, to compare with [`PhotoVectors::location`].
    pub fn encode_locations(&self, locations: &[LatLon]) -> Vec<f32> {
        let features = self.location_features(locations);
        unit_rows(self.apply(&self.location_to_photo, &features, locations.len()), self.dimension())
    }

    /// Rows through one of the networks on top.
    fn apply(&self, perceptron: &Perceptron, values: &[f32], rows: usize) -> Vec<f32> {
        self.workers.run(|| perceptron.apply(values, rows))
    }

    /// Factors of the cosine similarities of photos with texts, photos with locations, and a third that training
    /// leaves alone.
    pub fn logit_factors(&self) -> [f32; 3] {
        self.logit_scales.map(f32::exp)
    }
}
