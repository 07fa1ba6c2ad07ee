//! Rotary position embedding (Su et al. 2021) in the "rotate half" pairing: number `i` of a head turns together
//! with number `i + dimension / 2`.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

use rayon::prelude::*;

use super::functions::{CHUNK, Task, dispatch};
use super::instructions::Instructions;
use super::vector::Vector;

/// Turns every head of every row in place. Row `t` starts at `t * stride` and has `heads` heads of `dimension`
/// numbers; `cosines` and `sines` are `[tokens, dimension / 2]`. By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn rotate(
    values: &mut [f32],
    stride: usize,
    heads: usize,
    dimension: usize,
    cosines: &[f32],
    sines: &[f32],
) {
    rotate_with(Instructions::best(), values, stride, heads, dimension, cosines, sines);
}

/// As [`rotate`], with given instructions.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn rotate_with(
    instructions: Instructions,
    values: &mut [f32],
    stride: usize,
    heads: usize,
    dimension: usize,
    cosines: &[f32],
    sines: &[f32],
) {
    let (half, width) = (dimension / 2, heads * dimension);
    assert!(dimension.is_multiple_of(2), "numbers turn in pairs");
    assert_eq!(cosines.len(), sines.len(), "as many sines as cosines");
    if cosines.is_empty() || width == 0 {
        return;
    }
    assert!(cosines.len().is_multiple_of(half), "angles of another width");
    let tokens = cosines.len() / half;
    assert!(width <= stride && (tokens - 1) * stride + width <= values.len(), "values too short");
    let chunk = (CHUNK / width).max(1);
    let angles = cosines.par_chunks(chunk * half).zip(sines.par_chunks(chunk * half));
    values.par_chunks_mut(chunk * stride).zip(angles).for_each(|(values, (cosines, sines))| {
        dispatch(instructions, Rows { values, stride, width, half, cosines, sines });
    });
}

/// Some rows.
struct Rows<'a> {
    values: &'a mut [f32],
    stride: usize,
    width: usize,
    half: usize,
    cosines: &'a [f32],
    sines: &'a [f32],
}

impl Task for Rows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let angles = self.cosines.chunks_exact(self.half).zip(self.sines.chunks_exact(self.half));
        for (row, (cosines, sines)) in self.values.chunks_mut(self.stride).zip(angles) {
            for head in row[..self.width].chunks_exact_mut(2 * self.half) {
                let (left, right) = head.split_at_mut(self.half);
                let whole = self.half / V::LANES * V::LANES;
                for lane in (0..whole).step_by(V::LANES) {
                    // SAFETY: the caller's promise; all four slices are `half` long, and a register from `lane`
                    // on is within.
                    unsafe {
                        let (first, second) =
                            (V::load(left.as_ptr().add(lane)), V::load(right.as_ptr().add(lane)));
                        let (cosine, sine) =
                            (V::load(cosines.as_ptr().add(lane)), V::load(sines.as_ptr().add(lane)));
                        let minus = second.mul(sine).mul(V::splat(-1.0));
                        first.mul_add(cosine, minus).store(left.as_mut_ptr().add(lane));
                        second.mul_add(cosine, first.mul(sine)).store(right.as_mut_ptr().add(lane));
                    }
                }
                for index in whole..self.half {
                    let (first, second) = (left[index], right[index]);
                    left[index] = first * cosines[index] - second * sines[index];
                    right[index] = second * cosines[index] + first * sines[index];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_the_plain_twin(
            tokens in 0_usize..40,
            heads in 1_usize..4,
            half in 1_usize..70,
            gap in 0_usize..20,
        ) {
            let (dimension, width) = (2 * half, 2 * half * heads);
            let stride = width + gap;
            // The last row is not followed by a gap.
            let count = (tokens * stride).saturating_sub(gap);
            let values: Vec<f32> = (0..count).map(|index| (index * 7919 % 1009) as f32 / 504.0 - 1.0).collect();
            let angles: Vec<f32> = (0..tokens * half).map(|index| index as f32 * 0.37).collect();
            let cosines: Vec<f32> = angles.iter().map(|angle| angle.cos()).collect();
            let sines: Vec<f32> = angles.iter().map(|angle| angle.sin()).collect();
            let mut expected = values.clone();
            for token in 0..tokens {
                for head in 0..heads {
                    for index in 0..half {
                        let first = token * stride + head * dimension + index;
                        let angle = token * half + index;
                        let (a, b) = (values[first], values[first + half]);
                        expected[first] = a * cosines[angle] - b * sines[angle];
                        expected[first + half] = b * cosines[angle] + a * sines[angle];
                    }
                }
            }
            for &instructions in Instructions::available() {
                let mut found = values.clone();
                rotate_with(instructions, &mut found, stride, heads, dimension, &cosines, &sines);
                for (found, expected) in found.iter().zip(&expected) {
                    prop_assert!((found - expected).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "values too short")]
    fn refuses_fewer_values_than_angles() {
        rotate(&mut [0.0; 7], 4, 1, 4, &[1.0; 4], &[0.0; 4]);
    }
}
