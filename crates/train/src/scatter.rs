//! Sums of outer products over many rows, in little memory and always in the same order.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

/// Rows of a block: what is in memory at a time.
const BLOCK: usize = 2048;
/// Rows that one task fills. It divides [`BLOCK`].
const CHUNK: usize = 256;
/// Columns of the sum that one task computes.
const PANEL: usize = 96;

/// `sum of r r^T` over rows `r`: `[width, width]`, symmetric.
///
/// `fill` writes the rows of a range into `[rows, width]`, row-major, which holds anything before. It is called once
/// for each range of rows, ranges being the same on every machine; several at a time. Blocks are added in the order of
/// the rows, and each number of the result is summed by one thread: it does not depend on the number of threads.
/// Memory: some 2000 rows and the result.
pub(crate) fn scatter(rows: usize, width: usize, fill: impl Fn(Range<usize>, &mut [f64]) + Sync) -> Mat<f64> {
    let mut sum = Mat::zeros(width, width);
    let mut memory = vec![0.0; BLOCK.min(rows) * width];
    if memory.is_empty() {
        return sum;
    }
    for start in (0..rows).step_by(BLOCK) {
        let count = BLOCK.min(rows - start);
        let block = &mut memory[..count * width];
        block.par_chunks_mut(CHUNK * width).enumerate().for_each(|(chunk, into)| {
            let first = start + chunk * CHUNK;
            fill(first..first + into.len() / width, into);
        });
        add_products(&mut sum, MatRef::from_row_major_slice(block, count, width));
    }
    for column in 1..width {
        for row in 0..column {
            sum[(row, column)] = sum[(column, row)];
        }
    }
    sum
}

/// Adds `block^T block` to `sum`, on and below the diagonal.
fn add_products(sum: &mut Mat<f64>, block: MatRef<'_, f64>) {
    let width = sum.ncols();
    sum.par_col_chunks_mut(PANEL).enumerate().for_each(|(panel, columns)| {
        let first = panel * PANEL;
        let right = block.subcols(first, columns.ncols());
        let below = columns.subrows_mut(first, width - first);
        let left = block.subcols(first, width - first).transpose();
        matmul(below, Accum::Add, left, right, 1.0, Par::Seq);
    });
}

/// The sums of the columns of `[rows, width]` numbers after `value(number, column)`.
pub(crate) fn column_sums(
    numbers: &[f32],
    width: usize,
    value: impl Fn(f64, usize) -> f64 + Sync,
) -> Vec<f64> {
    let blocks: Vec<Vec<f64>> = numbers
        .par_chunks(BLOCK * width)
        .map(|block| {
            let mut sums = vec![0.0; width];
            for row in block.chunks_exact(width) {
                for (column, (sum, number)) in sums.iter_mut().zip(row).enumerate() {
                    *sum += value(f64::from(*number), column);
                }
            }
            sums
        })
        .collect();
    blocks.iter().fold(vec![0.0; width], |mut sums, block| {
        sums.iter_mut().zip(block).for_each(|(sum, part)| *sum += part);
        sums
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn equals_the_plain_sum_with_any_number_of_threads() {
        let (rows, width) = (2 * BLOCK + 300, 2 * PANEL + 7);
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let numbers: Vec<f32> = (0..rows * width).map(|_| random.random_range(-1.0..2.0)).collect();
        let fill = |range: Range<usize>, into: &mut [f64]| {
            let from = &numbers[range.start * width..range.end * width];
            into.iter_mut().zip(from).for_each(|(into, from)| *into = f64::from(*from));
        };
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (scatter(rows, width, fill), column_sums(&numbers, width, |number, _| number)))
        };
        let (sum, columns) = with(1);
        assert_eq!((&sum, &columns), (&with(3).0, &with(3).1));
        for (a, b) in [(0, 0), (0, width - 1), (width - 1, 0), (PANEL, PANEL - 1), (PANEL - 1, PANEL)] {
            let plain: f64 = numbers.chunks(width).map(|row| f64::from(row[a]) * f64::from(row[b])).sum();
            assert!(
                (sum[(a, b)] - plain).abs() < 1e-9 * plain.abs().max(1.0),
                "{a} {b}: {} {plain}",
                sum[(a, b)]
            );
        }
        let plain: f64 = numbers.chunks(width).map(|row| f64::from(row[5])).sum();
        assert!((columns[5] - plain).abs() < 1e-9 * plain.abs());
        assert_eq!(scatter(0, 2, |_, _| ()), Mat::<f64>::zeros(2, 2));
    }
}
