//! Products of two dense matrices of f32, neither known in advance; see [`super::linear`] and [`super::weights_linear`]
//! for weights.
#![allow(unsafe_code)] // Panels are filled by the instructions of a kernel.

use std::ops::Range;

use rayon::prelude::*;

use super::blocked::interleave::interleave;
use super::blocked::kernel::Kernel;
use super::blocked::pack::RightSide;
use super::blocked::{Blocked, Finish};
use super::instructions::Instructions;
use super::vectors::dots_f32_with;
use super::weights_linear::{FEW, run};

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

/// `output = left * right + bias`: `left` `[rows, inner]`, `bias` `[columns]`, `output` `[rows, columns]`, all row-major.
/// By the current rayon pool; the bits of a row depend neither on the threads nor, from 9 rows on, on the other rows.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn product(left: Matrix<'_>, right: Right<'_>, bias: Option<&[f32]>, output: &mut [f32]) {
    product_with(Instructions::best(), left, right, bias, output);
}

fn product_with(
    instructions: Instructions,
    left: Matrix<'_>,
    right: Right<'_>,
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    let (Right::Plain(matrix) | Right::Transposed(matrix)) = right;
    let (inner, columns) = match right {
        Right::Plain(_) => (matrix.rows, matrix.columns),
        Right::Transposed(_) => (matrix.columns, matrix.rows),
    };
    assert_eq!(matrix.values.len(), matrix.rows * matrix.columns, "right matrix");
    assert_eq!(left.columns, inner, "inner sizes differ");
    assert_eq!(left.values.len(), left.rows * left.columns, "left matrix");
    assert_eq!(output.len(), left.rows * columns, "output matrix");
    assert!(bias.is_none_or(|bias| bias.len() == columns), "bias");
    if matches!(right, Right::Transposed(_)) && left.rows <= FEW && inner * output.len() > 0 {
        return few_rows(instructions, left, matrix, bias, output);
    }
    let whole = Blocked {
        left: left.values,
        rows: left.rows,
        inner,
        right: &right,
        columns,
        bias,
        granule: 1,
        finish: Finish::Store,
    };
    run(instructions, &whole, output);
}

/// A few rows and many that they are compared with: packing those would cost more than the products.
fn few_rows(
    instructions: Instructions,
    left: Matrix<'_>,
    right: Matrix<'_>,
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    // Rows of the right side per task: few enough to stay in the cache while all left rows use them; more for a single row,
    // which reads them once.
    let chunk = if left.rows == 1 { 256 } else { 64 };
    let fill = |parts: &mut [f32]| {
        let tasks =
            right.values.par_chunks(chunk * right.columns).zip(parts.par_chunks_mut(chunk * left.rows));
        tasks.for_each(|(rows, sums)| {
            let sums = sums.chunks_exact_mut(rows.len() / right.columns);
            left.values.chunks_exact(left.columns).zip(sums).for_each(|(row, sums)| {
                dots_f32_with(instructions, rows, row, sums);
            });
        });
    };
    if left.rows == 1 {
        fill(output);
    } else {
        // `[chunk, row, column of the chunk]`.
        let mut parts = vec![0.0; output.len()];
        fill(&mut parts);
        for (first, part) in (0..right.rows).step_by(chunk).zip(parts.chunks(chunk * left.rows)) {
            let count = part.len() / left.rows;
            for (part, output) in part.chunks_exact(count).zip(output.chunks_exact_mut(right.rows)) {
                output[first..first + count].copy_from_slice(part);
            }
        }
    }
    if let Some(bias) = bias {
        output
            .chunks_exact_mut(right.rows)
            .for_each(|output| output.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias));
    }
}

impl RightSide for Right<'_> {
    unsafe fn pack<K: Kernel>(
        &self,
        inner: Range<usize>,
        columns: Range<usize>,
        _: &mut Vec<f32>,
        into: &mut [f32],
    ) {
        const { assert!(K::DEPTH == 1, "a kernel of f32") };
        let words = inner.len();
        let panels = into.chunks_exact_mut(words * K::COLUMNS);
        for (panel, first) in panels.zip(columns.clone().step_by(K::COLUMNS)) {
            let count = K::COLUMNS.min(columns.end - first);
            match self {
                Right::Plain(matrix) => {
                    for (into, index) in panel.chunks_exact_mut(K::COLUMNS).zip(inner.clone()) {
                        let start = index * matrix.columns + first;
                        into[..count].copy_from_slice(&matrix.values[start..start + count]);
                        into[count..].fill(0.0);
                    }
                }
                Right::Transposed(matrix) => {
                    let line = |column: usize| {
                        let start = (first + column) * matrix.columns;
                        &matrix.values[start + inner.start..start + inner.end]
                    };
                    // SAFETY: the caller's promise for `K`.
                    unsafe { interleave::<K, _>(line, count, K::COLUMNS, panel) };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_products::{numbers, plain};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn equals_the_plain_twin(
            rows in 0_usize..40,
            inner in 0_usize..600,
            columns in 1_usize..300,
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
                for instructions in [Instructions::best(), Instructions::Portable] {
                    let mut output = vec![f32::NAN; rows * columns];
                    product_with(instructions, left, side, Some(&bias), &mut output);
                    for (value, expected) in output.iter().zip(&expected) {
                        prop_assert!((f64::from(*value) - expected).abs() < 1e-3, "{} {}", value, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_has_the_same_bits_alone_as_in_a_batch_of_many() {
        let (inner, columns) = (300, 70);
        let (left, right) = (numbers(40 * inner, 1), numbers(inner * columns, 2));
        let right = Right::Plain(Matrix { values: &right, rows: inner, columns });
        let of = |rows: usize| {
            let mut output = vec![0.0; rows * columns];
            let left = Matrix { values: &left[..rows * inner], rows, columns: inner };
            product(left, right, None, &mut output);
            output
        };
        assert_eq!(of(1), of(40)[..columns]);
    }

    #[test]
    #[should_panic(expected = "inner sizes differ")]
    fn refuses_shapes_that_disagree() {
        let left = Matrix { values: &[0.0; 6], rows: 2, columns: 3 };
        let right = Right::Plain(Matrix { values: &[0.0; 8], rows: 2, columns: 4 });
        product(left, right, None, &mut [0.0; 8]);
    }
}
