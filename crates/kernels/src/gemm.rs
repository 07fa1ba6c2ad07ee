//! Matrix products with any strides, for gradients; see [`super::product`] for plain ones.
#![allow(unsafe_code)] // The product itself is the `gemm` crate's, whose interface is pointers and strides.

use gemm::Parallelism;

/// A matrix in memory: number `(row, column)` lies at `row * row_step + column * column_step`.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> View<'a> {
    /// The first rows of a row-major `[rows or more, columns]`.
    ///
    /// # Panics
    /// If there are fewer values: a mistake in the calling code.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert!(rows * columns <= values.len(), "fewer values than [{rows}, {columns}]");
        Self { values: &values[..rows * columns], rows, columns, row_step: columns, column_step: 1 }
    }

    /// `[columns, rows]`, of the same values.
    #[must_use]
    pub const fn transposed(self) -> Self {
        let Self { values, rows, columns, row_step, column_step } = self;
        Self { values, rows: columns, columns: rows, row_step: column_step, column_step: row_step }
    }
}

/// Who computes a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// The calling thread.
    One,
    /// The current rayon pool.
    Pool,
}

/// `output = factor * left * right`, or `output += ...` with `add`; `output` is row-major `[left's rows, right's columns]`.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn multiply(
    workers: Workers,
    left: View<'_>,
    right: View<'_>,
    factor: f32,
    add: bool,
    output: &mut [f32],
) {
    let (rows, inner, columns) = (left.rows, left.columns, right.columns);
    // These bounds, and those of `View::new`, are what the unsafe call below relies on.
    assert_eq!(inner, right.rows, "inner sizes differ");
    assert_eq!(output.len(), rows * columns, "output matrix");
    if output.is_empty() {
        return;
    }
    let threads = match (workers, rayon::current_num_threads()) {
        (Workers::One, _) | (_, 1) => Parallelism::None,
        (Workers::Pool, count) => Parallelism::Rayon(count),
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
            add,
            left.values.as_ptr(),
            left.column_step as isize,
            left.row_step as isize,
            right.values.as_ptr(),
            right.column_step as isize,
            right.row_step as isize,
            1.0_f32,
            factor,
            false,
            false,
            false,
            threads,
        );
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_products::{numbers, plain};

    proptest! {
        #[test]
        fn views_equal_the_plain_twin(
            rows in 1_usize..20,
            inner in 0_usize..40,
            columns in 1_usize..20,
            turned in prop::array::uniform2(any::<bool>()),
            add in any::<bool>(),
        ) {
            let (left, right) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
            let expected = plain(&left, &right, &vec![0.0; columns], [rows, inner, columns]);
            let turn = |values: &[f32], rows: usize, columns: usize| -> Vec<f32> {
                (0..rows * columns).map(|at| values[at % rows * columns + at / rows]).collect()
            };
            let (left_turned, right_turned) = (turn(&left, rows, inner), turn(&right, inner, columns));
            let left = if turned[0] {
                View::new(&left_turned, inner, rows).transposed()
            } else {
                View::new(&left, rows, inner)
            };
            let right = if turned[1] {
                View::new(&right_turned, columns, inner).transposed()
            } else {
                View::new(&right, inner, columns)
            };
            for workers in [Workers::One, Workers::Pool] {
                let mut output = vec![if add { 1.0 } else { f32::NAN }; rows * columns];
                multiply(workers, left, right, -0.5, add, &mut output);
                for (value, expected) in output.iter().zip(&expected) {
                    let expected = f64::from(u8::from(add)) - 0.5 * expected;
                    prop_assert!((f64::from(*value) - expected).abs() < 1e-4, "{} {}", value, expected);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "inner sizes differ")]
    fn refuses_shapes_that_disagree() {
        let (left, right) = (View::new(&[0.0; 6], 2, 3), View::new(&[0.0; 8], 2, 4));
        multiply(Workers::One, left, right, 1.0, false, &mut [0.0; 8]);
    }
}
