//! From CLIP's photo features to GeoCLIP's space.

use std::path::Path;

use rayon::prelude::*;

use super::DIMENSION;
use crate::checkpoint::{self, Checkpoint};
use crate::error::NetworkError;
use crate::perceptron::{LayerShape, Perceptron};
use kernels::linear::Activation;
use kernels::vectors::l2_normalise;

/// Numbers of CLIP's (ViT-L/14) projected photo features.
const INPUTS: usize = 768;

const LAYERS: [LayerShape<'static>; 2] = [
    LayerShape { name: "0", inputs: INPUTS, outputs: INPUTS, activation: Activation::Relu },
    LayerShape { name: "2", inputs: INPUTS, outputs: DIMENSION, activation: Activation::Identity },
];

/// Photos computed together by a thread.
const BLOCK: usize = 252;

/// GeoCLIP's image head: 768 -> 768 -> 512.
#[derive(Debug)]
pub struct ImageHead {
    perceptron: Perceptron,
}

impl ImageHead {
    /// Numbers of CLIP's photo features.
    pub const INPUTS: usize = INPUTS;

    /// Loads `image_mlp.safetensors`, or what was published: `image_encoder_mlp_weights.pth`, or the `model.safetensors` of
    /// the whole model, where the names begin with `image_encoder.mlp.`.
    ///
    /// # Errors
    /// Every [`NetworkError`] about weights.
    pub fn from_file(weights: &Path) -> Result<Self, NetworkError> {
        Self::load(&weights.display().to_string(), &checkpoint::open(weights)?)
    }

    /// As [`ImageHead::from_file`], from the contents of a file that messages cannot name.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(weights: &[u8]) -> Result<Self, NetworkError> {
        Self::load("the image head's file", weights)
    }

    fn load(file: &str, weights: &[u8]) -> Result<Self, NetworkError> {
        let expected: Vec<_> = LAYERS.iter().flat_map(|layer| layer.tensors("")).collect();
        let checkpoint = Checkpoint::of_part(file, weights, "image_encoder.mlp.", &expected)?;
        Ok(Self { perceptron: Perceptron::read(&checkpoint, "", &LAYERS)? })
    }

    /// From `[photos, 768]` to `[photos, 512]`, row-major, of any length. By the current rayon pool.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`].
    pub fn encode(&self, features: &[f32]) -> Result<Vec<f32>, NetworkError> {
        if !features.len().is_multiple_of(INPUTS) {
            let expected = format!("a multiple of {INPUTS}");
            return Err(NetworkError::InputLength {
                what: "photo features",
                found: features.len(),
                expected,
            });
        }
        let blocks = features.par_chunks(BLOCK * INPUTS);
        let vectors: Vec<Vec<f32>> =
            blocks.map(|block| self.perceptron.apply(block, block.len() / INPUTS)).collect();
        Ok(vectors.concat())
    }

    /// As [`ImageHead::encode`], each vector of length 1.
    ///
    /// # Errors
    /// As there.
    pub fn encode_normalised(&self, features: &[f32]) -> Result<Vec<f32>, NetworkError> {
        let mut vectors = self.encode(features)?;
        for vector in vectors.chunks_exact_mut(DIMENSION) {
            l2_normalise(vector);
        }
        Ok(vectors)
    }
}
