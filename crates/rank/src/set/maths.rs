//! The few operations of the network, each with its derivative.

use kernels::product::{Matrix, Right, product};

/// Added to variances, so that a constant row can be normalised.
const EPSILON: f32 = 1e-5;

/// `x W + b`: `x` `[rows, inputs]`, `weight` `[inputs, outputs]`, to `[rows, outputs]`.
pub(super) fn linear(
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    inputs: usize,
    outputs: usize,
) -> Vec<f32> {
    let rows = x.len() / inputs.max(1);
    let mut y = vec![0.0; rows * outputs];
    let right = Right::Plain(Matrix { values: weight, rows: inputs, columns: outputs });
    product(Matrix { values: x, rows, columns: inputs }, right, bias, &mut y);
    y
}

/// `x y^T`: `x` `[rows, inner]`, `y` `[columns, inner]`, to `[rows, columns]`.
pub(super) fn times_transposed(x: &[f32], y: &[f32], inner: usize) -> Vec<f32> {
    let (rows, columns) = (x.len() / inner.max(1), y.len() / inner.max(1));
    let mut out = vec![0.0; rows * columns];
    let right = Right::Transposed(Matrix { values: y, rows: columns, columns: inner });
    product(Matrix { values: x, rows, columns: inner }, right, None, &mut out);
    out
}

/// `x^T y`: `x` `[rows, left]`, `y` `[rows, right]`, to `[left, right]`.
pub(super) fn transposed_times(x: &[f32], y: &[f32], left: usize, right: usize) -> Vec<f32> {
    let rows = x.len() / left.max(1);
    let mut turned = vec![0.0; x.len()];
    for (row, values) in x.chunks_exact(left).enumerate() {
        for (column, value) in values.iter().enumerate() {
            turned[column * rows + row] = *value;
        }
    }
    linear(&turned, y, None, rows, right)
}

/// Derivatives of [`linear`]: adds those of weight and bias, returns that of `x`.
pub(super) fn linear_backward(
    x: &[f32],
    weight: &[f32],
    gradient: &[f32],
    (inputs, outputs): (usize, usize),
    of_weight: &mut [f32],
    of_bias: Option<&mut [f32]>,
) -> Vec<f32> {
    add(of_weight, &transposed_times(x, gradient, inputs, outputs));
    if let Some(of_bias) = of_bias {
        gradient.chunks_exact(outputs).for_each(|row| add(of_bias, row));
    }
    // weight is [inputs, outputs]: the gradient times its transpose.
    times_transposed(gradient, weight, outputs)
}

/// Adds one list to another.
pub(super) fn add(into: &mut [f32], other: &[f32]) {
    for (sum, value) in into.iter_mut().zip(other) {
        *sum += value;
    }
}

/// Multiplies by a dropout mask, where there is one.
pub(super) fn masked(values: &[f32], mask: Option<&Vec<f32>>) -> Vec<f32> {
    match mask {
        None => values.to_vec(),
        Some(mask) => values.iter().zip(mask).map(|(value, keep)| value * keep).collect(),
    }
}

/// Rows with mean 0 and variance 1.
pub(super) struct Normalised {
    /// Before gain and bias, `[rows, width]`.
    pub(super) unit: Vec<f32>,
    /// `1 / deviation`, `[rows]`.
    scale: Vec<f32>,
    /// After gain and bias, `[rows, width]`.
    pub(super) output: Vec<f32>,
}

/// Layer normalisation with gain and bias.
pub(super) fn normalise(x: &[f32], gain: &[f32], bias: &[f32]) -> Normalised {
    let width = gain.len();
    let (mut unit, mut scale) = (Vec::with_capacity(x.len()), Vec::with_capacity(x.len() / width));
    for row in x.chunks_exact(width) {
        let mean = row.iter().sum::<f32>() / width as f32;
        let variance = row.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / width as f32;
        let inverse = (variance + EPSILON).sqrt().recip();
        unit.extend(row.iter().map(|value| (value - mean) * inverse));
        scale.push(inverse);
    }
    let output = unit
        .chunks_exact(width)
        .flat_map(|row| row.iter().zip(gain).zip(bias).map(|((value, gain), bias)| value * gain + bias))
        .collect();
    Normalised { unit, scale, output }
}

/// Derivative of [`normalise`]: adds those of gain and bias, returns that of `x`.
pub(super) fn normalise_backward(
    of: &Normalised,
    gain: &[f32],
    gradient: &[f32],
    of_gain: &mut [f32],
    of_bias: &mut [f32],
) -> Vec<f32> {
    let width = gain.len();
    let mut result = Vec::with_capacity(gradient.len());
    let rows = of.unit.chunks_exact(width).zip(gradient.chunks_exact(width)).zip(&of.scale);
    for ((unit, gradient), scale) in rows {
        for ((slot, unit), gradient) in of_gain.iter_mut().zip(unit).zip(gradient) {
            *slot += unit * gradient;
        }
        add(of_bias, gradient);
        let inner: Vec<f32> = gradient.iter().zip(gain).map(|(gradient, gain)| gradient * gain).collect();
        let mean = inner.iter().sum::<f32>() / width as f32;
        let along = inner.iter().zip(unit).map(|(a, b)| a * b).sum::<f32>() / width as f32;
        result.extend(inner.iter().zip(unit).map(|(value, unit)| scale * (value - mean - unit * along)));
    }
    result
}

/// `sqrt(2 / pi)`.
const ROOT: f32 = 0.797_884_6;
const CUBIC: f32 = 0.044_715;

/// The smooth rectifier (GELU, its usual approximation by `tanh`).
pub(super) fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + (ROOT * (x + CUBIC * x * x * x)).tanh())
}

/// Its derivative.
pub(super) fn gelu_slope(x: f32) -> f32 {
    let tanh = (ROOT * (x + CUBIC * x * x * x)).tanh();
    0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * ROOT * (1.0 + 3.0 * CUBIC * x * x)
}

/// Softmax of each row, in place.
pub(super) fn softmax_rows(values: &mut [f32], width: usize) {
    for row in values.chunks_exact_mut(width.max(1)) {
        let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for value in row.iter_mut() {
            *value = (*value - highest).exp();
            sum += *value;
        }
        for value in row {
            *value /= sum;
        }
    }
}

/// Derivative of [`softmax_rows`] from its result.
pub(super) fn softmax_backward(probabilities: &[f32], gradient: &[f32], width: usize) -> Vec<f32> {
    let rows = probabilities.chunks_exact(width.max(1)).zip(gradient.chunks_exact(width.max(1)));
    rows.flat_map(|(p, g)| {
        let mean: f32 = p.iter().zip(g).map(|(p, g)| p * g).sum();
        p.iter().zip(g).map(move |(p, g)| p * (g - mean))
    })
    .collect()
}
