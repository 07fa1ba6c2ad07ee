//! Linear layers over stored weights.

use super::weights::WeightMatrix;

/// `output = input * weights^T + bias`: `input` `[rows, inputs]`, `bias` `[outputs]`, `output` `[rows, outputs]`.
/// By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn linear(input: &[f32], rows: usize, weights: &WeightMatrix, bias: Option<&[f32]>, output: &mut [f32]) {
    let (inputs, outputs) = (weights.inputs(), weights.outputs());
    assert_eq!(input.len(), rows * inputs, "input of another shape");
    assert_eq!(output.len(), rows * outputs, "output of another shape");
    let mut weight = vec![0.0; inputs];
    for column in 0..outputs {
        weights.widen_rows(column..column + 1, &mut weight);
        for row in 0..rows {
            let input = &input[row * inputs..(row + 1) * inputs];
            let sum = super::vectors::dot_f32(input, &weight);
            output[row * outputs + column] = sum + bias.map_or(0.0, |bias| bias[column]);
        }
    }
}

/// The gradient of a linear layer's input: `input_gradient = output_gradient * weights`, `output_gradient`
/// `[rows, outputs]`, `input_gradient` `[rows, inputs]`. By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn linear_input_gradient(
    output_gradient: &[f32],
    rows: usize,
    weights: &WeightMatrix,
    input_gradient: &mut [f32],
) {
    let (inputs, outputs) = (weights.inputs(), weights.outputs());
    assert_eq!(output_gradient.len(), rows * outputs, "output gradient of another shape");
    assert_eq!(input_gradient.len(), rows * inputs, "input gradient of another shape");
    input_gradient.fill(0.0);
    let mut weight = vec![0.0; inputs];
    for output in 0..outputs {
        weights.widen_rows(output..output + 1, &mut weight);
        for row in 0..rows {
            let factor = output_gradient[row * outputs + output];
            for (sum, weight) in input_gradient[row * inputs..(row + 1) * inputs].iter_mut().zip(&weight) {
                *sum += factor * weight;
            }
        }
    }
}
