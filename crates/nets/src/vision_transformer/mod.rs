//! The pre-norm transformer that CLIP, `SigLIP` and Qwen2-VL's vision tower are made of (arXiv 2010.11929, 2103.00020,
//! 2303.15343, 2409.12191).
//!
//! The idea: one implementation with options. A square photo is cut into patches, each a token; `SigLIP` adds
//! positions, CLIP also a token of its own in front and a norm; layers of attention and MLP follow; one vector
//! comes out, CLIP's first token or `SigLIP`'s attention over all. CLIP's text tower runs the same layers, each token
//! seeing what precedes it; so does Qwen2-VL's vision tower, over photos of any shape, with rotary positions.
//!
//! Main items: [`VisionConfig`] says the shape, [`Pooling`] how one vector is made; [`Preprocessor`] makes a photo the
//! tower's input; the private tower runs its layers fused on the CPU and by [`crate::operators`] elsewhere, with the
//! weights as they lie in the file. Tensors are named as Hugging Face's checkpoints name them.
//!
//! Alternative considered: candle's own models, two of them, whose CPU operators have no bf16 and pass every wide
//! activation through memory.

mod config;
mod fused;
mod layers;
mod preprocess;
mod tower;

pub(crate) use config::{ConfigFile, LayersConfig, TowerPlace};
pub use config::{Pooling, VisionConfig};
pub(crate) use layers::Layers;
#[cfg(feature = "lvlm")]
pub(crate) use layers::{Layer, Projections};
pub use preprocess::{Preprocessor, Squaring};
pub(crate) use tower::{VisionTower, vision_tensors};

use candle_core::Tensor;

use crate::checkpoint::Expected;
use crate::error::NetworkError;
use crate::operators::Linear;

/// Adds a weight and its bias to the tensors expected.
pub(crate) fn biased(list: &mut Vec<Expected>, module: &str, shape: &[usize]) {
    list.push((format!("{module}.weight"), shape.to_vec()));
    list.push((format!("{module}.bias"), shape[..1].to_vec()));
}

/// The device's error as one about a part of a network.
pub(crate) fn computing(what: &str) -> impl Fn(candle_core::Error) -> NetworkError + '_ {
    move |error| NetworkError::Compute { what: what.into(), why: error.to_string() }
}

/// A linear layer over a few rows at a time: so many that the product is the same for a row alone as among others.
pub(crate) fn few_rows(layer: &Linear, input: &Tensor) -> candle_core::Result<Tensor> {
    /// Up to as many rows are computed one by one.
    const ROWS: usize = 8;
    let rows = input.dim(0)?;
    if rows <= ROWS {
        return layer.forward(input);
    }
    let parts = (0..rows)
        .step_by(ROWS)
        .map(|start| layer.forward(&input.narrow(0, start, ROWS.min(rows - start))?))
        .collect::<candle_core::Result<Vec<_>>>()?;
    Tensor::cat(&parts, 0)
}
