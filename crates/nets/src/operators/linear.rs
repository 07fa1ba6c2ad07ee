//! Linear layers with stored weights and low-rank adapters.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use super::floats;
use kernels::weights::WeightMatrix;
use kernels::weights_linear;

/// The weights of a layer, `[outputs, inputs]`.
#[derive(Clone, Debug)]
pub enum Weight {
    /// As they lie in a file or in quantised blocks, for the fused CPU kernels.
    Stored(WeightMatrix),
    /// On a device, in the type of the activations.
    Dense(Tensor),
}

/// A low-rank update: `scale * B(A(x))` is added to the layer's output ("LoRA", arXiv 2106.09685, equation 3).
#[derive(Clone, Debug)]
pub struct LowRank {
    /// `A`, `[rank, inputs]`.
    pub down: Weight,
    /// `B`, `[outputs, rank]`.
    pub up: Weight,
    /// `alpha / rank`.
    pub scale: f64,
}

/// `x W^T + b`, plus an adapter's share.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `W`.
    pub weight: Weight,
    /// `b`, `[outputs]`.
    pub bias: Option<Tensor>,
    /// The adapter.
    pub low_rank: Option<LowRank>,
}

impl Linear {
    /// `[rows, inputs]` to `[rows, outputs]`.
    ///
    /// # Errors
    /// An input of another width; device errors.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor> {
        let output = self.weight.multiply(input, self.bias.as_ref())?;
        match &self.low_rank {
            None => Ok(output),
            Some(LowRank { down, up, scale }) => {
                let update = up.multiply(&down.multiply(input, None)?, None)?;
                output + (update * *scale)?
            }
        }
    }
}

impl Weight {
    fn multiply(&self, input: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        match self {
            Self::Stored(weights) => {
                let bias = bias.map(Tensor::to_vec1::<f32>).transpose()?;
                input.apply_op1_no_bwd(&StoredLinear { weights, bias: bias.as_deref() })
            }
            Self::Dense(weights) => {
                let output = input.matmul(&weights.t()?)?;
                match bias {
                    Some(bias) => output.broadcast_add(bias),
                    None => Ok(output),
                }
            }
        }
    }
}

struct StoredLinear<'a> {
    weights: &'a WeightMatrix,
    bias: Option<&'a [f32]>,
}

impl CustomOp1 for StoredLinear<'_> {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(&self, input: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, width) = layout.shape().dims2()?;
        let outputs = self.weights.outputs();
        if width != self.weights.inputs() || self.bias.is_some_and(|bias| bias.len() != outputs) {
            candle_core::bail!("linear: {:?} by [{outputs}, {}]", layout.shape(), self.weights.inputs());
        }
        let mut output = vec![0.0; rows * outputs];
        weights_linear::linear(floats(input, layout)?, rows, self.weights, self.bias, &mut output);
        Ok((CpuStorage::F32(output), Shape::from((rows, outputs))))
    }
}
