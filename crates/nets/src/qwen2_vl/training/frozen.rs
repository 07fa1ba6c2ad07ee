//! What is not trained: the layers as the kernels want them.

use candle_core::Tensor;

use crate::NetworkError;
use crate::operators::{Linear, Weight};
use crate::qwen2_vl::language::{LanguageModel, Layer};
use kernels::weights::WeightMatrix;

// Indices into `tensor_names::PROJECTIONS`.
pub(super) const QUERY: usize = 0;
pub(super) const KEY: usize = 1;
pub(super) const VALUE: usize = 2;
pub(super) const OUTPUT: usize = 3;
pub(super) const GATE: usize = 4;
pub(super) const UP: usize = 5;
pub(super) const DOWN: usize = 6;

/// A linear module; a clone of the network's own matrix shares its storage.
#[derive(Debug)]
pub(super) struct FrozenLinear {
    pub(super) weight: WeightMatrix,
    pub(super) bias: Option<Vec<f32>>,
}

/// A layer.
#[derive(Debug)]
pub(super) struct FrozenLayer {
    pub(super) input_norm: Vec<f32>,
    pub(super) mlp_norm: Vec<f32>,
    /// In the order of `tensor_names::PROJECTIONS`.
    pub(super) linears: [FrozenLinear; 7],
}

/// The layers and the final norm.
pub(super) fn frozen(language: &LanguageModel) -> Result<(Vec<FrozenLayer>, Vec<f32>), NetworkError> {
    let layers = language.layers.iter().map(layer).collect::<Result<_, _>>()?;
    Ok((layers, vector(&language.norm)?))
}

fn layer(layer: &Layer) -> Result<FrozenLayer, NetworkError> {
    Ok(FrozenLayer {
        input_norm: vector(&layer.input_norm)?,
        mlp_norm: vector(&layer.mlp_norm)?,
        linears: [
            linear(&layer.query)?,
            linear(&layer.key)?,
            linear(&layer.value)?,
            linear(&layer.output)?,
            linear(&layer.gate)?,
            linear(&layer.up)?,
            linear(&layer.down)?,
        ],
    })
}

fn linear(linear: &Linear) -> Result<FrozenLinear, NetworkError> {
    if linear.low_rank.is_some() {
        return Err(NetworkError::Setting {
            option: "adapter",
            why: "the network to be trained was opened with an adapter beside its weights; open it without, and \
                  start the trained values from the adapter"
                .into(),
        });
    }
    let Weight::Stored(weight) = &linear.weight else {
        return Err(NetworkError::Setting {
            option: "device",
            why: "training runs on the CPU only, with the fused operators".into(),
        });
    };
    let bias = linear.bias.as_ref().map(vector).transpose()?;
    Ok(FrozenLinear { weight: weight.clone(), bias })
}

fn vector(tensor: &Tensor) -> Result<Vec<f32>, NetworkError> {
    tensor
        .to_vec1::<f32>()
        .map_err(|error| NetworkError::Compute { what: "reading a vector".into(), why: error.to_string() })
}
