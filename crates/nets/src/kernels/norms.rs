//! Normalisation of rows. By the current rayon pool.

use rayon::prelude::*;

/// Rows in one task, at least.
const ROWS: usize = 16;

/// `output = input * rsqrt(mean(input^2) + epsilon) * weight` for each row of `weight.len()` numbers
/// (Zhang and Sennrich 2019).
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn rms_norm(input: &[f32], weight: &[f32], epsilon: f32, output: &mut [f32]) {
    for_rows(input, weight.len(), output, |input, output| {
        let mean = sum(input, |value| value * value) / weight.len() as f32;
        let factor = 1.0 / (mean + epsilon).sqrt();
        for ((output, input), weight) in output.iter_mut().zip(input).zip(weight) {
            *output = input * factor * weight;
        }
    });
}

/// `output = (input - mean) * rsqrt(variance + epsilon) * weight + bias` for each row of `weight.len()` numbers
/// (Ba, Kiros and Hinton 2016).
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn layer_norm(input: &[f32], weight: &[f32], bias: &[f32], epsilon: f32, output: &mut [f32]) {
    assert_eq!(weight.len(), bias.len(), "bias of another shape");
    let count = weight.len() as f32;
    for_rows(input, weight.len(), output, |input, output| {
        let mean = sum(input, |value| value) / count;
        let variance = sum(input, |value| (value - mean) * (value - mean)) / count;
        let factor = 1.0 / (variance + epsilon).sqrt();
        for (((output, input), weight), bias) in output.iter_mut().zip(input).zip(weight).zip(bias) {
            *output = (input - mean) * factor * weight + bias;
        }
    });
}

fn for_rows(input: &[f32], width: usize, output: &mut [f32], one: impl Fn(&[f32], &mut [f32]) + Sync) {
    assert_eq!(input.len(), output.len(), "output of another shape");
    assert!(width > 0 && input.len().is_multiple_of(width), "rows of another width");
    let size = width * ROWS;
    input.par_chunks(size).zip(output.par_chunks_mut(size)).for_each(|(input, output)| {
        for (input, output) in input.chunks_exact(width).zip(output.chunks_exact_mut(width)) {
            one(input, output);
        }
    });
}

/// The sum of a function, in as many chains as registers like.
fn sum(values: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    const CHAINS: usize = 16;
    let mut sums = [0.0_f32; CHAINS];
    let (whole, rest) = values.as_chunks::<CHAINS>();
    for chunk in whole {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += term(value);
        }
    }
    rest.iter().fold(sums.iter().sum(), |sum, &value| sum + term(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    #[test]
    fn equal_their_definitions() {
        for (rows, width) in [(1, 1), (3, 5), (50, 128), (17, 100)] {
            let (input, weight, bias) = (numbers(rows * width, 1), numbers(width, 2), numbers(width, 3));
            let (mut by_root, mut by_layer) = (vec![0.0; rows * width], vec![0.0; rows * width]);
            rms_norm(&input, &weight, 1e-6, &mut by_root);
            layer_norm(&input, &weight, &bias, 1e-6, &mut by_layer);
            for row in 0..rows {
                let values: Vec<f64> =
                    input[row * width..(row + 1) * width].iter().copied().map(f64::from).collect();
                let count = width as f64;
                let mean = values.iter().sum::<f64>() / count;
                let square = values.iter().map(|value| value * value).sum::<f64>() / count;
                let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
                for column in 0..width {
                    let (weight, bias) = (f64::from(weight[column]), f64::from(bias[column]));
                    let root = values[column] / (square + 1e-6).sqrt() * weight;
                    let layer = (values[column] - mean) / (variance + 1e-6).sqrt() * weight + bias;
                    assert!((f64::from(by_root[row * width + column]) - root).abs() < 1e-5);
                    assert!((f64::from(by_layer[row * width + column]) - layer).abs() < 1e-4);
                }
            }
        }
    }
}
