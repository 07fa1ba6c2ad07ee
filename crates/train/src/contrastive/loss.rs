//! The contrastive loss of two kinds of vectors.

use candle_core::{D, Result, Tensor};
use candle_nn::loss::cross_entropy;

/// Keeps the gradient of a vector of zeros finite; lost in rounding beside any other.
const SMALLEST_SQUARE: f64 = 1e-12;

/// The contrastive loss of `left` and `right`, both `[pairs, dimension]` of any length, where row i of one belongs to
/// row i of the other: logits are cosine similarities times `exp(log_factor)` (`log_factor` has no extents), and the
/// result is the mean of the cross-entropy from left to right and that from right to left. It is 0 for a single pair and
/// `ln(pairs)` where all similarities are equal. Softmaxes are taken in logarithms, so large factors do no harm.
///
/// ```
/// use candle_core::{Device, Tensor};
/// use train::contrastive::symmetric_contrast;
///
/// let rows = Tensor::new(&[[3.0_f32, 0.0], [0.0, 0.5]], &Device::Cpu)?;
/// let log_factor = Tensor::new(0.0_f32, &Device::Cpu)?;
/// let loss = symmetric_contrast(&rows, &rows, &log_factor)?.to_scalar::<f32>()?;
/// assert!((loss - (1.0 + (-1.0_f32).exp()).ln()).abs() < 1e-6);
/// # Ok::<(), candle_core::Error>(())
/// ```
///
/// # Errors
/// Shapes that do not fit.
pub fn symmetric_contrast(left: &Tensor, right: &Tensor, log_factor: &Tensor) -> Result<Tensor> {
    let pairs = u32::try_from(left.dim(0)?).map_err(candle_core::Error::wrap)?;
    let similarities = unit_rows(left)?.matmul(&unit_rows(right)?.t()?)?;
    let logits = similarities.broadcast_mul(&log_factor.exp()?)?;
    let own = Tensor::arange(0, pairs, left.device())?;
    let directions = (cross_entropy(&logits, &own)? + cross_entropy(&logits.t()?, &own)?)?;
    directions * 0.5
}

/// Rows of length 1.
fn unit_rows(rows: &Tensor) -> Result<Tensor> {
    let lengths = (rows.sqr()?.sum_keepdim(D::Minus1)? + SMALLEST_SQUARE)?.sqrt()?;
    rows.broadcast_div(&lengths)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    fn rows<const N: usize>(values: &[[f32; 2]; N]) -> Var {
        Var::from_tensor(&Tensor::new(values, &Device::Cpu).unwrap()).unwrap()
    }

    fn log(factor: f32) -> Tensor {
        Tensor::new(factor.ln(), &Device::Cpu).unwrap()
    }

    #[test]
    fn large_factors_and_rows_of_zeros_stay_finite() {
        let (left, right) = (rows(&[[1.0, 0.0], [0.0, 0.0]]), rows(&[[-1.0, 0.0], [1.0, 0.0]]));
        let loss = symmetric_contrast(&left, &right, &log(1e6)).unwrap();
        let value = loss.to_scalar::<f32>().unwrap();
        assert!(value.is_finite() && value > 1e5, "{value}");
        let gradients = loss.backward().unwrap();
        for side in [&left, &right] {
            let gradient: Vec<f32> = gradients.get(side).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            assert!(gradient.iter().all(|value| value.is_finite()), "{gradient:?}");
        }
    }

    #[test]
    fn the_order_and_length_of_rows_do_not_matter() {
        let (left, right) = ([[1.0, 0.2], [0.3, -0.7], [0.5, 0.5]], [[0.9, 0.1], [0.1, -0.2], [-0.4, 0.8]]);
        let turned = |rows: [[f32; 2]; 3]| [rows[2], rows[0].map(|value| 7.0 * value), rows[1]];
        let of = |left: &[[f32; 2]; 3], right: &[[f32; 2]; 3]| {
            let loss = symmetric_contrast(&rows(left), &rows(right), &log(3.0)).unwrap();
            loss.to_scalar::<f32>().unwrap()
        };
        let loss = of(&left, &right);
        assert!((loss - of(&turned(left), &turned(right))).abs() < 1e-6);
        assert!((loss - of(&right, &left)).abs() < 1e-6, "both directions count alike");
    }
}
