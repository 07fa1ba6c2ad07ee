//! Matrix products whose right side is not known in advance; see [`super::linear`] for weights.
#![allow(unsafe_code)] // The product itself is the `gemm` crate's, whose interface is pointers and strides.

use gemm::Parallelism;

use super::linear::Activation;

/// A dense row-major matrix.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// `rows * columns` floats.
    pub values: &'a [f32],
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

/// The right factor.
#[derive(Clone, Copy, Debug)]
pub enum Right<'a> {
    /// `[inner, columns]`.
    Plain(Matrix<'a>),
    /// `[columns, inner]`, as the weights of a linear layer or rows to be compared with.
    Transposed(Matrix<'a>),
}

/// `output = activation(left * right + bias)`: `left` `[rows, inner]`, `bias` `[columns]`, `output`
/// `[rows, columns]`, all row-major. By the current rayon pool when it is large.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn gemm_f32(
    left: Matrix<'_>,
    right: Right<'_>,
    bias: Option<&[f32]>,
    activation: Activation,
    output: &mut [f32],
) {
    let (values, inner, columns, inner_step, column_step) = match right {
        Right::Plain(matrix) => (matrix.values, matrix.rows, matrix.columns, matrix.columns, 1),
        Right::Transposed(matrix) => (matrix.values, matrix.columns, matrix.rows, 1, matrix.columns),
    };
    let rows = left.rows;
    // These bounds are what the unsafe call below relies on.
    assert_eq!(left.columns, inner, "inner sizes differ");
    assert_eq!(left.values.len(), rows * inner, "left matrix");
    assert_eq!(values.len(), inner * columns, "right matrix");
    assert_eq!(output.len(), rows * columns, "output matrix");
    assert!(bias.is_none_or(|bias| bias.len() == columns), "bias");
    if output.is_empty() {
        return;
    }
    match bias {
        Some(bias) => output.chunks_exact_mut(columns).for_each(|row| row.copy_from_slice(bias)),
        None => output.fill(0.0),
    }
    let threads = match rayon::current_num_threads() {
        1 => Parallelism::None,
        count => Parallelism::Rayon(count),
    };
    // SAFETY: element (i, j) of each matrix is at `i * row step + j * column step`, and the lengths asserted
    // above hold all of them; the output is borrowed mutably, hence overlaps no factor.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            output.as_mut_ptr(),
            1,
            columns as isize,
            true,
            left.values.as_ptr(),
            1,
            inner as isize,
            values.as_ptr(),
            column_step as isize,
            inner_step as isize,
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            threads,
        );
    }
    if activation != Activation::Identity {
        for value in output {
            *value = activation.of(*value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(left: &[f32], right: &[f32], bias: &[f32], [rows, inner, columns]: [usize; 3]) -> Vec<f64> {
        let mut output = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            for column in 0..columns {
                let products = (0..inner).map(|index| {
                    f64::from(left[row * inner + index]) * f64::from(right[index * columns + column])
                });
                output.push(products.sum::<f64>() + f64::from(bias[column]));
            }
        }
        output
    }

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn equals_the_plain_twin(
            rows in 0_usize..20,
            inner in 0_usize..70,
            columns in 1_usize..40,
            offset in 0_usize..4,
        ) {
            let left = numbers(rows * inner + offset, 1);
            let left = &left[offset..];
            let (right, bias) = (numbers(inner * columns, 2), numbers(columns, 3));
            let mut transposed = vec![0.0; inner * columns];
            for index in 0..inner {
                for column in 0..columns {
                    transposed[column * inner + index] = right[index * columns + column];
                }
            }
            let expected = plain(left, &right, &bias, [rows, inner, columns]);
            let left = Matrix { values: left, rows, columns: inner };
            let sides = [
                Right::Plain(Matrix { values: &right, rows: inner, columns }),
                Right::Transposed(Matrix { values: &transposed, rows: columns, columns: inner }),
            ];
            for side in sides {
                for activation in [Activation::Identity, Activation::Relu, Activation::Relu6] {
                    let mut output = vec![f32::NAN; rows * columns];
                    gemm_f32(left, side, Some(&bias), activation, &mut output);
                    for (value, expected) in output.iter().zip(&expected) {
                        let expected = activation.of(*expected as f32);
                        prop_assert!((value - expected).abs() < 1e-4, "{} {}", value, expected);
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "inner sizes differ")]
    fn refuses_shapes_that_disagree() {
        let left = Matrix { values: &[0.0; 6], rows: 2, columns: 3 };
        let right = Right::Plain(Matrix { values: &[0.0; 8], rows: 2, columns: 4 });
        gemm_f32(left, right, None, Activation::Identity, &mut [0.0; 8]);
    }
}
