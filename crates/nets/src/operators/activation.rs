//! Pointwise non-linearities.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor};

use super::{Operators, floats};
use kernels::activations;

/// `silu(gate) * up`, elementwise: the inner function of the language model's MLP.
///
/// # Errors
/// Shapes that differ; device errors.
pub fn swiglu(operators: Operators, gate: &Tensor, up: &Tensor) -> Result<Tensor> {
    match operators {
        Operators::Fused => gate.apply_op2_no_bwd(up, &SwiGlu),
        Operators::Composed => gate.silu()? * up,
    }
}

/// `x * sigmoid(1.702 x)`, the vision tower's.
///
/// # Errors
/// Device errors.
pub fn quick_gelu(operators: Operators, input: &Tensor) -> Result<Tensor> {
    match operators {
        Operators::Fused => input.apply_op1_no_bwd(&Pointwise(activations::quick_gelu)),
        Operators::Composed => {
            // sigmoid(x) = (tanh(x / 2) + 1) / 2
            let gate = ((input * (1.702 / 2.0))?.tanh()? + 1.0)?;
            (input * gate)? * 0.5
        }
    }
}

/// `x * Phi(x)` with the exact normal distribution function, the patch merger's.
///
/// # Errors
/// Device errors.
pub fn gelu(operators: Operators, input: &Tensor) -> Result<Tensor> {
    match operators {
        Operators::Fused => input.apply_op1_no_bwd(&Pointwise(activations::gelu)),
        Operators::Composed => {
            let kind = input.dtype();
            input.to_dtype(DType::F32)?.gelu_erf()?.to_dtype(kind)
        }
    }
}

/// `x / 2 * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`, `SigLIP`'s approximation of [`gelu`].
///
/// # Errors
/// Device errors.
pub fn gelu_tanh(operators: Operators, input: &Tensor) -> Result<Tensor> {
    match operators {
        Operators::Fused => input.apply_op1_no_bwd(&Pointwise(activations::gelu_tanh)),
        Operators::Composed => input.gelu(),
    }
}

/// The activations that vision and text transformers name in their configurations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// [`quick_gelu`].
    QuickGelu,
    /// [`gelu`].
    Gelu,
    /// [`gelu_tanh`].
    GeluTanh,
}

impl Activation {
    /// Each number's.
    ///
    /// # Errors
    /// Device errors.
    pub fn forward(self, operators: Operators, input: &Tensor) -> Result<Tensor> {
        match self {
            Self::QuickGelu => quick_gelu(operators, input),
            Self::Gelu => gelu(operators, input),
            Self::GeluTanh => gelu_tanh(operators, input),
        }
    }

    /// The kernel's name for it.
    pub(crate) const fn kernel(self) -> activations::Each {
        match self {
            Self::QuickGelu => activations::Each::QuickGelu,
            Self::Gelu => activations::Each::Gelu,
            Self::GeluTanh => activations::Each::GeluTanh,
        }
    }
}

struct Pointwise(fn(&mut [f32]));

impl CustomOp1 for Pointwise {
    fn name(&self) -> &'static str {
        "pointwise"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut output = floats(storage, layout)?.to_vec();
        (self.0)(&mut output);
        Ok((CpuStorage::F32(output), layout.shape().clone()))
    }
}

struct SwiGlu;

impl CustomOp2 for SwiGlu {
    fn name(&self) -> &'static str {
        "swiglu"
    }

    fn cpu_fwd(
        &self,
        gate: &CpuStorage,
        gate_layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let up = floats(up, up_layout)?;
        let mut output = floats(gate, gate_layout)?.to_vec();
        if output.len() != up.len() {
            candle_core::bail!("swiglu: {:?} and {:?}", gate_layout.shape(), up_layout.shape());
        }
        activations::swiglu(&mut output, up);
        Ok((CpuStorage::F32(output), gate_layout.shape().clone()))
    }
}
