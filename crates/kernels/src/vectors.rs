//! Inner products and lengths of vectors.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

use super::functions::{MOST_LANES, Task, dispatch};
use super::instructions::Instructions;
use super::vector::{Portable, Vector};

/// Sums that run beside each other in an inner product, to hide the time that an addition takes.
const SUMS: usize = 4;

/// The inner product of two vectors; of the shorter length, should they differ.
///
/// ```
/// assert_eq!(kernels::vectors::dot_f32(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// ```
pub fn dot_f32(left: &[f32], right: &[f32]) -> f32 {
    dot_f32_with(Instructions::best(), left, right)
}

/// As [`dot_f32`], with given instructions.
pub fn dot_f32_with(instructions: Instructions, left: &[f32], right: &[f32]) -> f32 {
    match instructions.or_portable() {
        // SAFETY: `or_portable` has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { dot_avx512(left, right) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { dot_avx2(left, right) },
        // SAFETY: plain Rust.
        _ => unsafe { dot::<Portable>(left, right) },
    }
}

/// The inner products of several rows with one vector, `sums[row] = rows[row] * vector`, each to the bit as [`dot_f32_with`]
/// gives it: the vector is read once for up to four rows.
///
/// # Panics
/// If lengths disagree: a mistake in the calling code.
pub(super) fn dots_f32_with(instructions: Instructions, rows: &[f32], vector: &[f32], sums: &mut [f32]) {
    assert_eq!(rows.len(), vector.len() * sums.len(), "rows of another length");
    dispatch(instructions, Dots { rows, vector, sums });
}

struct Dots<'a> {
    rows: &'a [f32],
    vector: &'a [f32],
    sums: &'a mut [f32],
}

impl Task for Dots<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let width = self.vector.len();
        let mut done = 0;
        while done < self.sums.len() {
            let rows = &self.rows[done * width..];
            let sums = &mut self.sums[done..];
            // Sixteen sums fit into 32 wide registers, eight into 16 narrower ones.
            // SAFETY: the caller's promise.
            unsafe {
                if V::LANES == MOST_LANES && sums.len() >= 4 {
                    sums[..4].copy_from_slice(&together::<V, 4>(rows, self.vector));
                    done += 4;
                } else if sums.len() >= 2 {
                    sums[..2].copy_from_slice(&together::<V, 2>(rows, self.vector));
                    done += 2;
                } else {
                    sums[0] = dot::<V>(&rows[..width], self.vector);
                    done += 1;
                }
            }
        }
    }
}

/// [`dot`] of the first `ROWS` rows.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
unsafe fn together<V: Vector, const ROWS: usize>(rows: &[f32], vector: &[f32]) -> [f32; ROWS] {
    let width = vector.len();
    let step = SUMS * V::LANES;
    let whole = width / step * step;
    assert!(rows.len() >= ROWS * width, "too few rows");
    let mut totals = [0.0; ROWS];
    // SAFETY: the caller's promise; `start + step` is at most `width`, and there are `ROWS` rows of that width;
    // `lanes` holds the most lanes of any register.
    unsafe {
        let mut sums = [[V::splat(0.0); SUMS]; ROWS];
        for start in (0..whole).step_by(step) {
            for index in 0..SUMS {
                let offset = start + index * V::LANES;
                let right = V::load(vector.as_ptr().add(offset));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let left = V::load(rows.as_ptr().add(row * width + offset));
                    sums[index] = left.mul_add(right, sums[index]);
                }
            }
        }
        for (total, sums) in totals.iter_mut().zip(sums) {
            let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
            let mut lanes = [0.0_f32; MOST_LANES];
            sum.store(lanes.as_mut_ptr());
            *total = lanes.iter().sum::<f32>();
        }
    }
    for (row, total) in totals.iter_mut().enumerate() {
        for (left, right) in rows[row * width..(row + 1) * width].iter().zip(vector).skip(whole) {
            *total += left * right;
        }
    }
    totals
}

/// Adds a vector times a matrix: `sums += vector * rows`, `rows` `[vector, sums]`. One row after another, in order: the
/// bits do not depend on the processor.
///
/// ```
/// let mut sums = [0.5, 0.0];
/// kernels::vectors::add_product(&[1.0, 2.0], &[3.0, 4.0, 5.0, 6.0], &mut sums);
/// assert_eq!(sums, [13.5, 16.0]);
/// ```
///
/// # Panics
/// If lengths disagree: a mistake in the calling code.
pub fn add_product(vector: &[f32], rows: &[f32], sums: &mut [f32]) {
    assert_eq!(rows.len(), vector.len() * sums.len(), "rows of another length");
    for (value, row) in vector.iter().zip(rows.chunks_exact(sums.len().max(1))) {
        for (sum, weight) in sums.iter_mut().zip(row) {
            *sum += value * weight;
        }
    }
}

/// Divides a vector by its length and returns that length. The zero vector stays as it is.
///
/// The sum of squares is taken in f64: no overflow, and no loss of the small ones.
pub fn l2_normalise(vector: &mut [f32]) -> f32 {
    let squares: f64 = vector.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    let length = squares.sqrt();
    if length > 0.0 && length.is_finite() {
        for value in vector {
            *value = (f64::from(*value) / length) as f32;
        }
    }
    length as f32
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn dot_avx512(left: &[f32], right: &[f32]) -> f32 {
    // SAFETY: this function has the instructions.
    unsafe { dot::<std::arch::x86_64::__m512>(left, right) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn dot_avx2(left: &[f32], right: &[f32]) -> f32 {
    // SAFETY: this function has the instructions.
    unsafe { dot::<std::arch::x86_64::__m256>(left, right) }
}

/// Four sums of `LANES` products each, then the rest one by one.
///
/// # Safety
/// The processor has the instructions of `V`.
#[inline(always)]
pub(super) unsafe fn dot<V: Vector>(left: &[f32], right: &[f32]) -> f32 {
    let step = SUMS * V::LANES;
    let (lefts, rights) = (left.chunks_exact(step), right.chunks_exact(step));
    // The remainders must begin at the same index.
    let whole = left.len().min(right.len()) / step * step;
    // SAFETY: the caller's promise; each chunk holds `SUMS * LANES` floats, `lanes` the most lanes of any
    // register.
    let mut total = unsafe {
        let mut sums = [V::splat(0.0); SUMS];
        for (left, right) in lefts.zip(rights) {
            for (index, sum) in sums.iter_mut().enumerate() {
                let offset = index * V::LANES;
                *sum = V::load(left.as_ptr().add(offset)).mul_add(V::load(right.as_ptr().add(offset)), *sum);
            }
        }
        let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
        let mut lanes = [0.0_f32; 16];
        sum.store(lanes.as_mut_ptr());
        lanes.iter().sum::<f32>()
    };
    for (left, right) in left.iter().zip(right).skip(whole) {
        total += left * right;
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn dot_equals_the_sum_in_f64(
            values in prop::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 0..700),
            offset in 0_usize..9,
        ) {
            let left: Vec<f32> = values.iter().map(|pair| pair.0).collect();
            let right: Vec<f32> = values.iter().map(|pair| pair.1).collect();
            let offset = offset.min(values.len());
            let (left, right) = (&left[offset..], &right[offset..]);
            let exact: f64 = left.iter().zip(right).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
            for &instructions in Instructions::available() {
                let sum = f64::from(dot_f32_with(instructions, left, right));
                prop_assert!((sum - exact).abs() < 1e-5 * (values.len() as f64).max(1.0));
            }
        }

        #[test]
        fn several_rows_give_the_bits_of_each(width in 0_usize..300, count in 0_usize..10, seed in any::<u32>()) {
            let value = |index: usize| ((index as u32).wrapping_mul(0x9e37_79b9) ^ seed) as f32 / u32::MAX as f32 - 0.5;
            let rows: Vec<f32> = (0..width * count).map(value).collect();
            let vector: Vec<f32> = (0..width).map(|index| value(index + 77_777)).collect();
            for &instructions in Instructions::available() {
                let mut sums = vec![f32::NAN; count];
                dots_f32_with(instructions, &rows, &vector, &mut sums);
                for (row, sum) in sums.iter().enumerate() {
                    let alone = dot_f32_with(instructions, &rows[row * width..(row + 1) * width], &vector);
                    prop_assert_eq!(sum.to_bits(), alone.to_bits());
                }
            }
        }

        #[test]
        fn normalised_vectors_have_length_one(
            mut values in prop::collection::vec(-1e30_f32..1e30, 1..600),
        ) {
            let exact = values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
            prop_assume!(exact > 0.0);
            let length = l2_normalise(&mut values);
            prop_assert!((f64::from(length) / exact - 1.0).abs() < 1e-6);
            prop_assert!((dot_f32(&values, &values) - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn different_lengths_use_the_shorter() {
        let long = vec![1.0; 200];
        for length in 0..200 {
            assert!((dot_f32(&long, &long[..length]) - length as f32).abs() < 1e-6);
            assert!((dot_f32(&long[..length], &long) - length as f32).abs() < 1e-6);
        }
    }

    #[test]
    fn the_zero_vector_stays() {
        let mut zeros = [0.0; 7];
        assert_eq!(l2_normalise(&mut zeros).to_bits(), 0);
        assert_eq!(zeros.map(f32::to_bits), [0; 7]);
    }
}
