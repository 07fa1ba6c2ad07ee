//! Tensor operators of transformers, on candle tensors.
//!
//! The idea: a network is written once. On the CPU in f32 each operator runs a fused kernel of [`kernels`];
//! on any other device or type it is composed of candle's own operators. The composed form runs on the CPU too,
//! which makes it the twin that the fused one is tested against.
//!
//! Main items: [`Linear`] (with [`LowRank`] adapters) over [`Weight`]s, [`rms_norm`], [`layer_norm`], [`rotate`],
//! [`attention()`], [`attention_beside`], [`swiglu`], [`quick_gelu`], [`gelu`],
//! [`gelu_tanh`].
//!
//! Alternative considered: candle's stock CPU operators throughout. They have no bf16 product, and an attention that
//! knows neither packed prompts nor a shared prefix.

mod activation;
mod attention;
mod linear;
mod norm;
mod rotary;

use candle_core::{CpuStorage, DType, Layout, Result, Tensor};

pub use self::activation::{Activation, gelu, gelu_tanh, quick_gelu, swiglu};
pub use self::attention::{AttentionShape, attention, attention_beside};
pub use self::linear::{Linear, LowRank, Weight};
pub use self::norm::{Norm, layer_norm, rms_norm};
pub(crate) use self::rotary::Angles;
pub use self::rotary::{Rotation, rotate};
pub use crate::load_options::Operators;

impl Operators {
    /// The implementation for activations of this tensor's device and type.
    pub fn of(tensor: &Tensor) -> Self {
        if tensor.device().is_cpu() && tensor.dtype() == DType::F32 { Self::Fused } else { Self::Composed }
    }
}

/// The floats of a contiguous CPU tensor.
fn floats<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        candle_core::bail!("a fused operator was given a tensor that is not contiguous: {layout:?}");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// The numbers of a tensor on the host, as f32, row-major.
pub(crate) fn host_floats(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
}
