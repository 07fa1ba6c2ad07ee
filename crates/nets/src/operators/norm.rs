//! Normalisation of rows.

use candle_core::{CpuStorage, CustomOp2, CustomOp3, D, DType, Layout, Result, Shape, Tensor};

use super::{Operators, floats};
use kernels::norms;

/// Weight and bias of a layer norm, `[width]` each.
#[derive(Clone, Debug)]
pub struct Norm {
    /// Multiplies.
    pub weight: Tensor,
    /// Is added.
    pub bias: Tensor,
}

impl Norm {
    /// [`layer_norm`] with them.
    ///
    /// # Errors
    /// As there.
    pub fn forward(&self, operators: Operators, input: &Tensor, epsilon: f64) -> Result<Tensor> {
        layer_norm(operators, input, (&self.weight, &self.bias), epsilon)
    }
}

/// `x / sqrt(mean(x^2) + epsilon) * weight` for each row; computed in f32 whatever the type.
///
/// # Errors
/// A weight of another width; device errors.
pub fn rms_norm(operators: Operators, input: &Tensor, weight: &Tensor, epsilon: f64) -> Result<Tensor> {
    match operators {
        Operators::Fused => input.apply_op2_no_bwd(weight, &RmsNorm { epsilon: epsilon as f32 }),
        Operators::Composed => {
            let wide = input.to_dtype(DType::F32)?;
            let scale = (wide.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?;
            wide.broadcast_div(&scale)?.to_dtype(input.dtype())?.broadcast_mul(weight)
        }
    }
}

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` for each row; computed in f32 whatever the type.
///
/// # Errors
/// Weight or bias of another width; device errors.
pub fn layer_norm(
    operators: Operators,
    input: &Tensor,
    (weight, bias): (&Tensor, &Tensor),
    epsilon: f64,
) -> Result<Tensor> {
    match operators {
        Operators::Fused => input.apply_op3_no_bwd(weight, bias, &LayerNorm { epsilon: epsilon as f32 }),
        Operators::Composed => {
            let wide = input.to_dtype(DType::F32)?;
            let centred = wide.broadcast_sub(&wide.mean_keepdim(D::Minus1)?)?;
            let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + epsilon)?.sqrt()?;
            let normal = centred.broadcast_div(&deviation)?;
            let weighted = normal.broadcast_mul(&weight.to_dtype(DType::F32)?)?;
            weighted.broadcast_add(&bias.to_dtype(DType::F32)?)?.to_dtype(input.dtype())
        }
    }
}

fn check_width(input: &Layout, parameter: &Layout) -> Result<()> {
    if input.shape().dims().last() == Some(&parameter.shape().elem_count()) {
        Ok(())
    } else {
        candle_core::bail!("normalisation: rows {:?}, weights {:?}", input.shape(), parameter.shape())
    }
}

struct RmsNorm {
    epsilon: f32,
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        check_width(input_layout, weight_layout)?;
        let input = floats(input, input_layout)?;
        let mut output = vec![0.0; input.len()];
        norms::rms_norm(input, floats(weight, weight_layout)?, self.epsilon, &mut output);
        Ok((CpuStorage::F32(output), input_layout.shape().clone()))
    }
}

struct LayerNorm {
    epsilon: f32,
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        check_width(input_layout, weight_layout)?;
        check_width(input_layout, bias_layout)?;
        let input = floats(input, input_layout)?;
        let mut output = vec![0.0; input.len()];
        let (weight, bias) = (floats(weight, weight_layout)?, floats(bias, bias_layout)?);
        norms::layer_norm(input, weight, bias, self.epsilon, &mut output);
        Ok((CpuStorage::F32(output), input_layout.shape().clone()))
    }
}
