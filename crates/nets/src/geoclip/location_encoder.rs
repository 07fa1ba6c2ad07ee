//! From coordinates to vectors.

use std::path::Path;

use geo::LatLon;
use rayon::prelude::*;

use super::DIMENSION;
use super::perceptron::{LayerShape, Perceptron};
use super::projection::two_pi_equal_earth;
use crate::checkpoint::{self, Checkpoint};
use crate::error::NetworkError;
use crate::kernels::linear::Activation;
use crate::kernels::vectors::l2_normalise;

/// Random frequencies of a scale; a cosine and a sine of each make the Fourier features.
const FREQUENCIES: usize = 256;

/// Width of the perceptrons.
const HIDDEN: usize = 1024;

/// The scales: sigma 2^0, 2^4 and 2^8. The frequencies in the file are drawn at these scales already.
const CAPSULES: [&str; 3] = ["LocEnc0.", "LocEnc1.", "LocEnc2."];

/// The layers of a scale.
const LAYERS: [LayerShape<'static>; 4] = [
    LayerShape { name: "capsule.1", inputs: 2 * FREQUENCIES, outputs: HIDDEN, activation: Activation::Relu },
    LayerShape { name: "capsule.3", inputs: HIDDEN, outputs: HIDDEN, activation: Activation::Relu },
    LayerShape { name: "capsule.5", inputs: HIDDEN, outputs: HIDDEN, activation: Activation::Relu },
    LayerShape { name: "head.0", inputs: HIDDEN, outputs: DIMENSION, activation: Activation::Identity },
];

/// Locations encoded together by a thread: enough to make the weights' way from memory worth it.
const BLOCK: usize = 252;

/// GeoCLIP's location encoder.
///
/// ```no_run
/// use nets::geoclip::LocationEncoder;
/// let encoder = LocationEncoder::from_file("location_encoder.safetensors".as_ref())?;
/// let vectors = encoder.encode_normalised(&[geo::LatLon::new(48.858, 2.294)?]);
/// assert_eq!(vectors.len(), nets::geoclip::DIMENSION);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LocationEncoder {
    capsules: Vec<Capsule>,
}

/// One scale.
#[derive(Debug)]
struct Capsule {
    /// `[FREQUENCIES]` pairs, over x and y.
    frequencies: Vec<[f64; 2]>,
    perceptron: Perceptron,
}

impl LocationEncoder {
    /// Loads `location_encoder.safetensors`.
    ///
    /// # Errors
    /// Every [`NetworkError`] about weights.
    pub fn from_file(weights: &Path) -> Result<Self, NetworkError> {
        Self::load(&weights.display().to_string(), &checkpoint::open(weights)?)
    }

    /// As [`LocationEncoder::from_file`], from the contents of the file.
    ///
    /// # Errors
    /// As there.
    pub fn from_bytes(weights: &[u8]) -> Result<Self, NetworkError> {
        Self::load("location_encoder.safetensors", weights)
    }

    fn load(file: &str, weights: &[u8]) -> Result<Self, NetworkError> {
        let mut expected = Vec::new();
        for capsule in CAPSULES {
            expected.push((format!("{capsule}capsule.0.b"), vec![FREQUENCIES, 2]));
            expected.extend(LAYERS.iter().flat_map(|layer| layer.tensors(capsule)));
        }
        let checkpoint = Checkpoint::new(file, weights, &expected)?;
        let read = |capsule: &&str| {
            let frequencies = checkpoint.floats(&format!("{capsule}capsule.0.b"))?;
            let (pairs, _) = frequencies.as_chunks::<2>();
            let frequencies = pairs.iter().map(|pair| pair.map(f64::from)).collect();
            Ok(Capsule { frequencies, perceptron: Perceptron::read(&checkpoint, capsule, &LAYERS)? })
        };
        Ok(Self { capsules: CAPSULES.iter().map(read).collect::<Result<_, NetworkError>>()? })
    }

    /// Vectors `[locations, 512]`, row-major, of any length. By the current rayon pool; a location's vector
    /// does not depend on the others'.
    pub fn encode(&self, locations: &[LatLon]) -> Vec<f32> {
        let mut vectors = vec![0.0; locations.len() * DIMENSION];
        let blocks = locations.par_chunks(BLOCK).zip(vectors.par_chunks_mut(BLOCK * DIMENSION));
        blocks.for_each(|(locations, vectors)| self.encode_block(locations, vectors));
        vectors
    }

    /// As [`LocationEncoder::encode`], each vector of length 1.
    pub fn encode_normalised(&self, locations: &[LatLon]) -> Vec<f32> {
        let mut vectors = self.encode(locations);
        vectors.par_chunks_mut(DIMENSION).for_each(|vector| {
            l2_normalise(vector);
        });
        vectors
    }

    fn encode_block(&self, locations: &[LatLon], vectors: &mut [f32]) {
        let projected: Vec<[f32; 2]> = locations.iter().copied().map(two_pi_equal_earth).collect();
        for capsule in &self.capsules {
            let features = capsule.fourier_features(&projected);
            let output = capsule.perceptron.apply(&features, locations.len());
            for (sum, value) in vectors.iter_mut().zip(output) {
                *sum += value;
            }
        }
    }
}

impl Capsule {
    /// `[locations, 2 * FREQUENCIES]`: cosines, then sines, of `x b0 + y b1`, where x and y are `2 pi` times the
    /// projected location.
    fn fourier_features(&self, projected: &[[f32; 2]]) -> Vec<f32> {
        let mut features = vec![0.0; projected.len() * 2 * FREQUENCIES];
        for (row, [x, y]) in features.chunks_exact_mut(2 * FREQUENCIES).zip(projected) {
            let (x, y) = (f64::from(*x), f64::from(*y));
            let (cosines, sines) = row.split_at_mut(FREQUENCIES);
            for ((cosine, sine), [along_x, along_y]) in cosines.iter_mut().zip(sines).zip(&self.frequencies) {
                // A product and a fused multiply-add in f32, as in the official encoder.
                let first = f64::from((x * along_x) as f32);
                let phase = f64::from((first + y * along_y) as f32);
                let (sin, cos) = phase.sin_cos();
                *cosine = cos as f32;
                *sine = sin as f32;
            }
        }
        features
    }
}
