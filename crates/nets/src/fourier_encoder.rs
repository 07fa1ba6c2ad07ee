//! Locations to vectors, through random Fourier features at three scales: what GeoCLIP and G3 have in common.

use geo::LatLon;
use rayon::prelude::*;

use crate::checkpoint::{Expected, TensorSource};
use crate::error::NetworkError;
use crate::perceptron::{LayerShape, Perceptron};
use kernels::linear::Activation;

/// The scales: sigma 2^0, 2^4 and 2^8. The frequencies in the file are drawn at these scales already.
pub(crate) const CAPSULES: [&str; 3] = ["LocEnc0.", "LocEnc1.", "LocEnc2."];

/// Locations encoded together by a thread: enough to make the weights' way from memory worth it.
const BLOCK: usize = 252;

/// The widths of an encoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FourierShape {
    /// Random frequencies of a scale; a cosine and a sine of each make the Fourier features.
    pub(crate) frequencies: usize,
    /// Width of the perceptrons.
    pub(crate) hidden: usize,
    /// Numbers of a vector.
    pub(crate) outputs: usize,
}

impl FourierShape {
    /// The layers of a scale.
    pub(crate) const fn layers(&self) -> [LayerShape<'static>; 4] {
        let Self { frequencies, hidden, outputs } = *self;
        let (relu, none) = (Activation::Relu, Activation::Identity);
        [
            LayerShape { name: "capsule.1", inputs: 2 * frequencies, outputs: hidden, activation: relu },
            LayerShape { name: "capsule.3", inputs: hidden, outputs: hidden, activation: relu },
            LayerShape { name: "capsule.5", inputs: hidden, outputs: hidden, activation: relu },
            LayerShape { name: "head.0", inputs: hidden, outputs, activation: none },
        ]
    }

    /// The tensors of an encoder, under a prefix.
    pub(crate) fn tensors(&self, prefix: &str) -> Vec<Expected> {
        let mut expected = Vec::new();
        for capsule in CAPSULES {
            let prefix = format!("{prefix}{capsule}");
            expected.push((format!("{prefix}capsule.0.b"), vec![self.frequencies, 2]));
            expected.extend(self.layers().iter().flat_map(|layer| layer.tensors(&prefix)));
        }
        expected
    }
}

/// The encoder, over some projection of the Earth.
#[derive(Debug)]
pub(crate) struct FourierEncoder {
    shape: FourierShape,
    features: FourierFeatures,
    /// One a scale.
    perceptrons: Vec<Perceptron>,
}

/// The encoder's first step, which is never trained: cosines and sines of projected locations at random frequencies.
#[derive(Clone, Debug)]
pub struct FourierFeatures {
    /// `2 pi` times the projected location, in the order of the frequencies' columns, rounded as the reference does.
    project: fn(LatLon) -> [f32; 2],
    /// For each scale `[frequencies]` pairs, over the two projected numbers.
    scales: Vec<Vec<[f64; 2]>>,
}

impl FourierEncoder {
    /// From tensors that are all as [`FourierShape::tensors`] says.
    pub(crate) fn read(
        source: &impl TensorSource,
        prefix: &str,
        shape: &FourierShape,
        project: fn(LatLon) -> [f32; 2],
    ) -> Result<Self, NetworkError> {
        let features = FourierFeatures::read(source, prefix, project)?;
        let read = |capsule: &&str| Perceptron::read(source, &format!("{prefix}{capsule}"), &shape.layers());
        let perceptrons = CAPSULES.iter().map(read).collect::<Result<_, NetworkError>>()?;
        Ok(Self { shape: *shape, features, perceptrons })
    }

    /// Vectors `[locations, outputs]`, row-major, of any length. By the current rayon pool; a location's vector
    /// does not depend on the others'.
    pub(crate) fn encode(&self, locations: &[LatLon]) -> Vec<f32> {
        let outputs = self.shape.outputs;
        let mut vectors = vec![0.0; locations.len() * outputs];
        let blocks = locations.par_chunks(BLOCK).zip(vectors.par_chunks_mut(BLOCK * outputs));
        blocks.for_each(|(locations, vectors)| self.encode_block(locations, vectors));
        vectors
    }

    fn encode_block(&self, locations: &[LatLon], vectors: &mut [f32]) {
        for (features, perceptron) in self.features.each_scale(locations).zip(&self.perceptrons) {
            let output = perceptron.apply(&features, locations.len());
            for (sum, value) in vectors.iter_mut().zip(output) {
                *sum += value;
            }
        }
    }
}

impl FourierFeatures {
    /// From tensors that are all as [`FourierShape::tensors`] says.
    pub(crate) fn read(
        source: &impl TensorSource,
        prefix: &str,
        project: fn(LatLon) -> [f32; 2],
    ) -> Result<Self, NetworkError> {
        let read = |capsule: &&str| {
            let frequencies = source.floats(&format!("{prefix}{capsule}capsule.0.b"))?;
            let (pairs, _) = frequencies.as_chunks::<2>();
            Ok(pairs.iter().map(|pair| pair.map(f64::from)).collect())
        };
        Ok(Self { project, scales: CAPSULES.iter().map(read).collect::<Result<_, NetworkError>>()? })
    }

    /// For each scale, coarse to fine, `[locations, 2 * frequencies]` row-major: the cosines, then the sines. On the
    /// calling thread.
    pub fn of(&self, locations: &[LatLon]) -> Vec<Vec<f32>> {
        self.each_scale(locations).collect()
    }

    /// As [`FourierFeatures::of`], one scale at a time: a block's features stay in the cache.
    fn each_scale(&self, locations: &[LatLon]) -> impl Iterator<Item = Vec<f32>> {
        let projected: Vec<[f32; 2]> = locations.iter().copied().map(self.project).collect();
        self.scales.iter().map(move |frequencies| of_scale(frequencies, &projected))
    }
}

/// Cosines, then sines, of `x b0 + y b1`, where x and y are `2 pi` times the projected location.
fn of_scale(frequencies: &[[f64; 2]], projected: &[[f32; 2]]) -> Vec<f32> {
    let count = frequencies.len();
    let mut features = vec![0.0; projected.len() * 2 * count];
    for (row, [x, y]) in features.chunks_exact_mut((2 * count).max(1)).zip(projected) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        let (cosines, sines) = row.split_at_mut(count);
        for ((cosine, sine), [along_x, along_y]) in cosines.iter_mut().zip(sines).zip(frequencies) {
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
