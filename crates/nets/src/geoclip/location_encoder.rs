//! From coordinates to vectors.

use std::path::Path;

use geo::LatLon;
use rayon::prelude::*;

use super::DIMENSION;
use super::projection::two_pi_equal_earth;
use crate::checkpoint::{self, Checkpoint};
use crate::error::NetworkError;
use crate::fourier_encoder::{FourierEncoder, FourierShape};
use crate::load_options::{LoadOptions, Workers};
use kernels::vectors::l2_normalise;

/// The shape of the published encoder.
const SHAPE: FourierShape = FourierShape { frequencies: 256, hidden: 1024, outputs: DIMENSION };

/// GeoCLIP's location encoder.
///
/// ```no_run
/// use nets::LoadOptions;
/// use nets::geoclip::LocationEncoder;
/// let encoder = LocationEncoder::from_file("location_encoder.safetensors".as_ref(), &LoadOptions::default())?;
/// let vectors = encoder.encode_normalised(&[geo::LatLon::new(48.858, 2.294)?]);
/// assert_eq!(vectors.len(), nets::geoclip::DIMENSION);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LocationEncoder {
    encoder: FourierEncoder,
    workers: Workers,
}

impl LocationEncoder {
    /// Loads `location_encoder.safetensors`, or what was published: `location_encoder_weights.pth`, or the
    /// `model.safetensors` of the location encoder, or that of the whole model, where the names begin with
    /// `location_encoder.`.
    ///
    /// # Errors
    /// Every [`NetworkError`] about weights; those of [`LoadOptions::check_plain`]: it runs on the CPU in f32 only.
    pub fn from_file(weights: &Path, options: &LoadOptions) -> Result<Self, NetworkError> {
        Self::load(&weights.display().to_string(), &checkpoint::open(weights)?, options)
    }

    /// As [`LocationEncoder::from_file`], from the contents of a file that messages cannot name.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(weights: &[u8], options: &LoadOptions) -> Result<Self, NetworkError> {
        Self::load("the location encoder's file", weights, options)
    }

    fn load(file: &str, weights: &[u8], options: &LoadOptions) -> Result<Self, NetworkError> {
        options.check_plain("the location encoder")?;
        let checkpoint = Checkpoint::of_part(file, weights, "location_encoder.", &SHAPE.tensors(""))?;
        let encoder = FourierEncoder::read(&checkpoint, "", &SHAPE, two_pi_equal_earth)?;
        Ok(Self { encoder, workers: Workers::new(options)? })
    }

    /// Vectors `[locations, 512]`, row-major, of any length. A location's vector does not depend on the others'.
    pub fn encode(&self, locations: &[LatLon]) -> Vec<f32> {
        self.workers.run(|| self.encoder.encode(locations))
    }

    /// As [`LocationEncoder::encode`], each vector of length 1.
    pub fn encode_normalised(&self, locations: &[LatLon]) -> Vec<f32> {
        let mut vectors = self.encode(locations);
        self.workers.run(|| {
            vectors.par_chunks_mut(DIMENSION).for_each(|vector| {
                l2_normalise(vector);
            });
        });
        vectors
    }
}
