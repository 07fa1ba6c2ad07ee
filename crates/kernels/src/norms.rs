//! Normalisation of rows.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

use rayon::prelude::*;

use super::functions::{CHUNK, Task, dispatch, map, sum, sum_of_squares, zip};
use super::instructions::Instructions;
use super::vector::Vector;
use super::vectors::dot;

/// `output = input * rsqrt(mean(input^2) + epsilon) * weight` for each row of `weight.len()` numbers
/// (Zhang and Sennrich 2019). By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn rms_norm(input: &[f32], weight: &[f32], epsilon: f32, output: &mut [f32]) {
    normalise(Instructions::best(), input, weight, None, epsilon, output);
}

/// As [`rms_norm`], with given instructions.
pub fn rms_norm_with(
    instructions: Instructions,
    input: &[f32],
    weight: &[f32],
    epsilon: f32,
    output: &mut [f32],
) {
    normalise(instructions, input, weight, None, epsilon, output);
}

/// `output = (input - mean) * rsqrt(variance + epsilon) * weight + bias` for each row of `weight.len()` numbers
/// (Ba, Kiros and Hinton 2016). By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn layer_norm(input: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, output: &mut [f32]) {
    normalise(Instructions::best(), input, weight, Some(bias), epsilon, output);
}

/// As [`layer_norm`], with given instructions.
pub fn layer_norm_with(
    instructions: Instructions,
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
    output: &mut [f32],
) {
    normalise(instructions, input, weight, Some(bias), epsilon, output);
}

/// The gradient of [`rms_norm`]'s input, **added** to `into`: `gradient` is that of the output, and is used up. All are
/// `[rows, weight.len()]`. By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn rms_norm_input_gradient(
    input: &[f32],
    weight: &[f32],
    epsilon: f32,
    gradient: &mut [f32],
    into: &mut [f32],
) {
    rms_norm_input_gradient_with(Instructions::best(), input, weight, epsilon, gradient, into);
}

/// As [`rms_norm_input_gradient`], with given instructions.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn rms_norm_input_gradient_with(
    instructions: Instructions,
    input: &[f32],
    weight: &[f32],
    epsilon: f32,
    gradient: &mut [f32],
    into: &mut [f32],
) {
    let width = weight.len();
    assert!(input.len() == gradient.len() && input.len() == into.len(), "gradients of another shape");
    if input.is_empty() {
        return;
    }
    assert!(width > 0 && input.len().is_multiple_of(width), "rows of another width");
    let chunk = (CHUNK / width).max(1) * width;
    let slopes = gradient.par_chunks_mut(chunk).zip(input.par_chunks(chunk));
    into.par_chunks_mut(chunk).zip(slopes).for_each(|(into, (gradient, input))| {
        dispatch(instructions, RowGradients { input, weight, epsilon, gradient, into });
    });
}

/// Rows whose gradients are wanted.
struct RowGradients<'a> {
    input: &'a [f32],
    weight: &'a [f32],
    epsilon: f32,
    gradient: &'a mut [f32],
    into: &'a mut [f32],
}

impl Task for RowGradients<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let width = self.weight.len();
        let rows = self.input.chunks_exact(width).zip(self.gradient.chunks_exact_mut(width));
        for ((input, gradient), into) in rows.zip(self.into.chunks_exact_mut(width)) {
            // With y = x * f(x) * w and f = (mean(x^2) + epsilon)^(-1/2): dx = f * t - x * f^3 * mean(x * t), t = w * dy.
            // SAFETY: the caller's promise.
            unsafe {
                zip!(V, gradient, self.weight, |slope, weight| slope.mul(weight));
                let along = dot::<V>(input, gradient) / width as f32;
                let factor = 1.0 / (sum_of_squares::<V>(input) / width as f32 + self.epsilon).sqrt();
                let back = -along * factor * factor * factor;
                zip!(V, into, gradient, |into, slope| slope.mul_add(V::splat(factor), into));
                zip!(V, into, input, |into, value| value.mul_add(V::splat(back), into));
            }
        }
    }
}

/// With a bias, the mean is subtracted first.
fn normalise(
    instructions: Instructions,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    epsilon: f32,
    output: &mut [f32],
) {
    let width = weight.len();
    assert_eq!(input.len(), output.len(), "output of another shape");
    assert!(bias.is_none_or(|bias| bias.len() == width), "bias of another shape");
    if input.is_empty() {
        return;
    }
    assert!(width > 0 && input.len().is_multiple_of(width), "rows of another width");
    let chunk = (CHUNK / width).max(1) * width;
    output.par_chunks_mut(chunk).zip(input.par_chunks(chunk)).for_each(|(output, input)| {
        output.copy_from_slice(input);
        dispatch(instructions, Rows { values: output, weight, bias, epsilon });
    });
}

/// Rows to be normalised in place.
struct Rows<'a> {
    values: &'a mut [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    epsilon: f32,
}

impl Task for Rows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        let width = self.weight.len();
        for row in self.values.chunks_exact_mut(width) {
            // SAFETY: the caller's promise.
            unsafe {
                if self.bias.is_some() {
                    let mean = sum::<V>(row) / width as f32;
                    map!(V, row, |value| value.add(V::splat(-mean)));
                }
                let squares = sum_of_squares::<V>(row);
                let factor = 1.0 / (squares / width as f32 + self.epsilon).sqrt();
                zip!(V, row, self.weight, |value, weight| value.mul(V::splat(factor)).mul(weight));
                if let Some(bias) = self.bias {
                    zip!(V, row, bias, |value, bias| value.add(bias));
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
            values in prop::collection::vec((-9.0_f32..9.0, -2.0_f32..2.0, -1.0_f32..1.0), 1..300),
            rows in 0_usize..4,
            epsilon in prop::sample::select(&[1e-5_f32, 1e-6, 0.1][..]),
        ) {
            let width = values.len();
            let input: Vec<f32> = (0..rows * width).map(|index| values[index * 7 % width].0).collect();
            let weight: Vec<f32> = values.iter().map(|value| value.1).collect();
            let bias: Vec<f32> = values.iter().map(|value| value.2).collect();
            for &instructions in Instructions::available() {
                let (mut rms, mut layer) = (vec![f32::NAN; input.len()], vec![f32::NAN; input.len()]);
                rms_norm_with(instructions, &input, &weight, epsilon, &mut rms);
                layer_norm_with(instructions, &input, &weight, &bias, epsilon, &mut layer);
                for (row, input) in input.chunks_exact(width).enumerate() {
                    let mean_of = |term: &dyn Fn(f64) -> f64| {
                        input.iter().map(|&value| term(f64::from(value))).sum::<f64>() / width as f64
                    };
                    let squares = mean_of(&|value| value * value);
                    let mean = mean_of(&|value| value);
                    let variance = mean_of(&|value| (value - mean).powi(2));
                    // Where all numbers are equal, the variance is nothing but noise.
                    prop_assume!(width > 1 && variance > 1e-3);
                    for (column, &value) in input.iter().enumerate() {
                        let (value, index) = (f64::from(value), row * width + column);
                        let weight = f64::from(weight[column]);
                        let expected = value / (squares + f64::from(epsilon)).sqrt() * weight;
                        prop_assert!((f64::from(rms[index]) - expected).abs() < 1e-5);
                        let expected = (value - mean) / (variance + f64::from(epsilon)).sqrt() * weight;
                        let expected = expected + f64::from(bias[column]);
                        prop_assert!((f64::from(layer[index]) - expected).abs() < 5e-5);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_gradient_of_rms_norm_is_the_difference_in_f64(
            values in prop::collection::vec((-3.0_f32..3.0, -2.0_f32..2.0, -1.0_f32..1.0), 1..150),
            rows in 0_usize..4,
        ) {
            let width = values.len();
            let pick = |row: usize, column: usize| values[(row * 5 + column * 7) % width];
            let all = |part: fn((f32, f32, f32)) -> f32| -> Vec<f32> {
                (0..rows * width).map(|at| part(pick(at / width, at % width))).collect()
            };
            let (input, slopes) = (all(|value| value.0), all(|value| value.2));
            let weight: Vec<f32> = values.iter().map(|value| value.1).collect();
            let epsilon = 1e-2;
            // The products of the outputs with their slopes, as a function of one row.
            let value = |row: &[f64], slopes: &[f32]| -> f64 {
                let squares = row.iter().map(|value| value * value).sum::<f64>() / width as f64;
                let factor = 1.0 / (squares + f64::from(epsilon)).sqrt();
                let terms = row.iter().zip(&weight).zip(slopes);
                terms.map(|((value, weight), slope)| value * factor * f64::from(*weight) * f64::from(*slope)).sum()
            };
            for &instructions in Instructions::available() {
                let (mut gradient, mut found) = (slopes.clone(), vec![0.5; input.len()]);
                rms_norm_input_gradient_with(instructions, &input, &weight, epsilon, &mut gradient, &mut found);
                for (row, found) in found.chunks_exact(width).enumerate() {
                    let slopes = &slopes[row * width..(row + 1) * width];
                    let row: Vec<f64> =
                        input[row * width..(row + 1) * width].iter().copied().map(f64::from).collect();
                    for (column, found) in found.iter().enumerate() {
                        let moved = |step: f64| {
                            let mut row = row.clone();
                            row[column] += step;
                            value(&row, slopes)
                        };
                        let expected = 0.5 + (moved(1e-5) - moved(-1e-5)) / 2e-5;
                        prop_assert!((f64::from(*found) - expected).abs() < 1e-4 * expected.abs().max(1.0));
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_of_a_batch_equals_the_row_alone() {
        let (width, rows) = (1536, 40);
        let input: Vec<f32> = (0..width * rows).map(|index| (index * 7919 % 1009) as f32 - 504.0).collect();
        let weight: Vec<f32> = (0..width).map(|index| index as f32 / 100.0).collect();
        let (mut batch, mut alone) = (vec![0.0; input.len()], vec![0.0; width]);
        rms_norm(&input, &weight, 1e-6, &mut batch);
        for (input, batch) in input.chunks_exact(width).zip(batch.chunks_exact(width)) {
            rms_norm(input, &weight, 1e-6, &mut alone);
            assert!(alone.iter().zip(batch).all(|(left, right)| left.to_bits() == right.to_bits()));
        }
    }

    #[test]
    #[should_panic(expected = "rows of another width")]
    fn refuses_a_part_of_a_row() {
        rms_norm(&[0.0; 7], &[1.0; 4], 1e-6, &mut [0.0; 7]);
    }
}
