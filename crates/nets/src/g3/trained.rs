//! What was learned on top of CLIP, as plain values.

use super::config::G3Config;
use super::mercator::two_pi_web_mercator;
use super::network::{
    LOCATION_TO_PHOTO, LOCATIONS, LOGIT_SCALES, PHOTO_TO_LOCATION, PHOTO_TO_TEXT, TEXT_TO_PHOTO, two_layers,
};
use crate::checkpoint::ShardedCheckpoint;
use crate::error::NetworkError;
use crate::fourier_encoder::{CAPSULES, FourierFeatures};
use crate::perceptron::LayerShape;
use kernels::linear::Activation;

/// A tensor as a checkpoint has it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedTensor {
    /// Its name in the checkpoint.
    pub name: String,
    /// The extents; none for a single number.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub values: Vec<f32>,
}

/// A linear layer `y = x W^T + b`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedLayer {
    /// `[outputs, inputs]`.
    pub weight: TrainedTensor,
    /// `[outputs]`.
    pub bias: TrainedTensor,
    /// Whether a rectifier follows.
    pub rectified: bool,
}

/// The part of G3 that its training changes. [`G3`](super::G3) packs these weights for speed, so that they can no longer
/// be changed; here they are as the checkpoint has them. All else (CLIP, the random frequencies, the third logit scale)
/// the training leaves alone.
#[derive(Clone, Debug)]
pub struct TrainedPart {
    /// Logarithm of the factor of photos' similarities with texts.
    pub text_scale: TrainedTensor,
    /// Logarithm of the factor of photos' similarities with locations.
    pub location_scale: TrainedTensor,
    /// From CLIP's photo embedding to the space shared with texts.
    pub photo_to_text: Vec<TrainedLayer>,
    /// From CLIP's text embedding to that space.
    pub text_to_photo: Vec<TrainedLayer>,
    /// From CLIP's photo embedding to the space shared with locations.
    pub photo_to_location: Vec<TrainedLayer>,
    /// From the location encoder's vector to that space.
    pub location_to_photo: Vec<TrainedLayer>,
    /// What the location encoder begins with; not trained.
    pub fourier: FourierFeatures,
    /// The location encoder's layers, one list for each scale of [`FourierFeatures::of`]; their results are added up.
    pub scales: Vec<Vec<TrainedLayer>>,
}

impl TrainedPart {
    /// Reads it from the checkpoint of a whole G3.
    ///
    /// # Errors
    /// As [`G3::load`](super::G3::load).
    pub fn load(config: &G3Config, checkpoint: &ShardedCheckpoint) -> Result<Self, NetworkError> {
        let tensors = config.resolve(checkpoint)?;
        let tensor = |name: &str| -> Result<_, NetworkError> {
            let stored = tensors.get(name)?;
            Ok(TrainedTensor { name: name.into(), values: stored.floats()?, shape: stored.shape })
        };
        let layer = |prefix: &str, shape: &LayerShape<'_>| -> Result<_, NetworkError> {
            let [(weight, _), (bias, _)] = shape.tensors(prefix);
            let rectified = matches!(shape.activation, Activation::Relu);
            Ok(TrainedLayer { weight: tensor(&weight)?, bias: tensor(&bias)?, rectified })
        };
        let layers = |prefix: &str, shapes: &[LayerShape<'_>]| -> Result<Vec<_>, NetworkError> {
            shapes.iter().map(|shape| layer(prefix, shape)).collect()
        };
        let (width, place) = (config.clip.projection, config.locations.outputs);
        let scale = |capsule: &&str| layers(&format!("{LOCATIONS}{capsule}"), &config.locations.layers());
        Ok(Self {
            text_scale: tensor(LOGIT_SCALES[0])?,
            location_scale: tensor(LOGIT_SCALES[1])?,
            photo_to_text: layers(PHOTO_TO_TEXT, &two_layers(width, width))?,
            text_to_photo: layers(TEXT_TO_PHOTO, &two_layers(width, width))?,
            photo_to_location: layers(PHOTO_TO_LOCATION, &two_layers(width, width))?,
            location_to_photo: layers(LOCATION_TO_PHOTO, &two_layers(place, width))?,
            fourier: FourierFeatures::read(&tensors, LOCATIONS, two_pi_web_mercator)?,
            scales: CAPSULES.iter().map(scale).collect::<Result<_, _>>()?,
        })
    }
}
