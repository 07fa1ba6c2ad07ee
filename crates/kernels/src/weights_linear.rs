//! Linear layers over stored weights, and the gradients of their inputs.
//!
//! Storage other than f32 costs next to nothing from a few hundred rows on: weights are widened while they are
//! packed for the product, once for all rows. Few rows are bound by memory; for them each weight is widened and
//! used at once.
#![allow(unsafe_code)] // The choice of a kernel after asking the processor.

use rayon::prelude::*;

use super::activations::Each;
use super::blocked::kernel;
use super::blocked::pack::{RightSide, Straight, Transposed};
use super::blocked::{Blocked, Finish};
use super::instructions::Instructions;
use super::vectors::dots_f32_with;
use super::weights::{StoredType, WeightMatrix};

/// Up to as many rows, inner products are faster than blocks. Each row then gives the same bits however many there are.
pub const FEW: usize = 8;

/// `output = input * weights^T + bias`: `input` `[rows, inputs]`, `bias` `[outputs]`, `output` `[rows, outputs]`.
/// By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn linear(input: &[f32], rows: usize, weights: &WeightMatrix, bias: Option<&[f32]>, output: &mut [f32]) {
    linear_with(Instructions::best(), input, rows, weights, bias, output);
}

/// As [`linear`], with given instructions.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn linear_with(
    instructions: Instructions,
    input: &[f32],
    rows: usize,
    weights: &WeightMatrix,
    bias: Option<&[f32]>,
    output: &mut [f32],
) {
    linear_then_with(instructions, input, rows, &[weights], bias, Then::Store, output);
}

/// What becomes of the numbers of [`linear_then`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// They replace the output.
    Store,
    /// They are added to the output, as to a residual stream.
    Add,
    /// This of them replaces the output.
    Map(Each),
}

/// As [`linear`] with the outputs of several matrices of as many inputs one after another, `bias` of all, and with
/// something done to the numbers while they are in the cache.
///
/// # Panics
/// If lengths and shapes disagree, or there is no matrix: a mistake in the calling code.
pub fn linear_then(
    input: &[f32],
    rows: usize,
    weights: &[&WeightMatrix],
    bias: Option<&[f32]>,
    then: Then,
    output: &mut [f32],
) {
    linear_then_with(Instructions::best(), input, rows, weights, bias, then, output);
}

fn linear_then_with(
    instructions: Instructions,
    input: &[f32],
    rows: usize,
    weights: &[&WeightMatrix],
    bias: Option<&[f32]>,
    then: Then,
    output: &mut [f32],
) {
    let inputs = weights[0].inputs();
    let outputs = weights.iter().map(|weights| weights.outputs()).sum();
    assert!(weights.iter().all(|weights| weights.inputs() == inputs), "matrices of other inputs");
    assert_eq!(input.len(), rows * inputs, "input of another shape");
    assert_eq!(output.len(), rows * outputs, "output of another shape");
    assert!(bias.is_none_or(|bias| bias.len() == outputs), "bias of another shape");
    if rows <= FEW && rows * inputs > 0 {
        let mut first = 0;
        for weights in weights {
            let columns = first..first + weights.outputs();
            let bias = bias.map(|bias| &bias[columns.clone()]);
            few_rows(
                instructions,
                (input, rows),
                weights,
                bias,
                then,
                (&mut *output, outputs, columns.clone()),
            );
            first = columns.end;
        }
        return;
    }
    let right = Transposed(weights);
    let finish = match then {
        Then::Store => Finish::Store,
        Then::Add => Finish::Add,
        Then::Map(each) => Finish::Map(each.function()),
    };
    let product = Blocked {
        left: input,
        rows,
        inner: inputs,
        right: &right,
        columns: outputs,
        bias,
        granule: 1,
        finish,
    };
    #[cfg(target_arch = "x86_64")]
    if weights.iter().all(|weights| rounds_to_bf16(instructions, weights)) {
        // SAFETY: the processor was asked.
        unsafe { product.run::<kernel::Avx512Pairs>(output) };
        return;
    }
    run(instructions, &product, output);
}

/// Whether the processor multiplies pairs of bf16 (`avx512_bf16`).
#[cfg(target_arch = "x86_64")]
pub(super) fn has_bf16_products() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16")
}

/// The gradient of a linear layer's input: `input_gradient = output_gradient * weights`, `output_gradient`
/// `[rows, outputs]`, `input_gradient` `[rows, inputs]`. Weights for computing in bf16
/// ([`with_rounded_inputs`](WeightMatrix::with_rounded_inputs)) may round the output gradient too. By the current rayon
/// pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn linear_input_gradient(
    output_gradient: &[f32],
    rows: usize,
    weights: &WeightMatrix,
    input_gradient: &mut [f32],
) {
    linear_input_gradient_with(Instructions::best(), output_gradient, rows, weights, input_gradient);
}

/// As [`linear_input_gradient`], with given instructions.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn linear_input_gradient_with(
    instructions: Instructions,
    output_gradient: &[f32],
    rows: usize,
    weights: &WeightMatrix,
    input_gradient: &mut [f32],
) {
    let (inputs, outputs) = (weights.inputs(), weights.outputs());
    assert_eq!(output_gradient.len(), rows * outputs, "output gradient of another shape");
    assert_eq!(input_gradient.len(), rows * inputs, "input gradient of another shape");
    let right = Straight(weights);
    let product = Blocked {
        left: output_gradient,
        rows,
        inner: outputs,
        right: &right,
        columns: inputs,
        bias: None,
        granule: weights.block(),
        finish: Finish::Store,
    };
    #[cfg(target_arch = "x86_64")]
    if rounds_to_bf16(instructions, weights) {
        // SAFETY: the processor was asked.
        unsafe { product.run::<kernel::Avx512Pairs>(input_gradient) };
        return;
    }
    run(instructions, &product, input_gradient);
}

/// Runs a product by the kernel of these instructions.
pub(super) fn run<R: RightSide>(instructions: Instructions, product: &Blocked<'_, R>, output: &mut [f32]) {
    match instructions.or_portable() {
        // SAFETY: `or_portable` has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { product.run::<kernel::Avx512>(output) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { product.run::<kernel::Avx2>(output) },
        // SAFETY: plain Rust.
        _ => unsafe { product.run::<kernel::Plain>(output) },
    }
}

/// Whether a product with these weights is one of bf16.
fn rounds_to_bf16(instructions: Instructions, weights: &WeightMatrix) -> bool {
    #[cfg(target_arch = "x86_64")]
    let can = instructions == Instructions::Avx512 && has_bf16_products();
    #[cfg(not(target_arch = "x86_64"))]
    let can = false;
    can && weights.rounds_inputs()
}

fn round_to_bf16(values: &mut [f32]) {
    for value in values {
        *value = half::bf16::from_f32(*value).to_f32();
    }
}

/// Inner products of a widened row of weights with every row of the input, into some columns of an output of that many.
fn few_rows(
    instructions: Instructions,
    (input, rows): (&[f32], usize),
    weights: &WeightMatrix,
    bias: Option<&[f32]>,
    then: Then,
    (output, width, place): (&mut [f32], usize, std::ops::Range<usize>),
) {
    /// Outputs of one task.
    const CHUNK: usize = 32;
    let (inputs, outputs) = (weights.inputs(), weights.outputs());
    // As the blocked product would: a row must not depend on how many there are.
    let rounds = rounds_to_bf16(instructions, weights);
    let mut rounded = Vec::new();
    let input = if rounds {
        rounded.extend_from_slice(input);
        round_to_bf16(&mut rounded);
        &rounded[..]
    } else {
        input
    };
    // `[outputs, rows]`, so that a task writes one piece.
    let mut columns = vec![0.0; rows * outputs];
    columns.par_chunks_mut(CHUNK * rows).enumerate().for_each_init(Vec::new, |buffer, (chunk, columns)| {
        for (output, sums) in (chunk * CHUNK..).zip(columns.chunks_exact_mut(rows)) {
            let row = if let Some(values) = weights.as_f32() {
                &values[output * inputs..(output + 1) * inputs]
            } else {
                buffer.resize(inputs, 0.0);
                weights.widen_rows(output..output + 1, buffer);
                if rounds && weights.stored() != StoredType::Bf16 {
                    round_to_bf16(buffer);
                }
                &buffer[..]
            };
            dots_f32_with(instructions, input, row, sums);
            if let Some(bias) = bias {
                for sum in sums {
                    *sum += bias[output];
                }
            }
        }
    });
    for (row, output) in output.chunks_exact_mut(width.max(1)).enumerate() {
        let output = &mut output[place.clone()];
        for (output, sums) in output.iter_mut().zip(columns.chunks_exact(rows)) {
            *output = if then == Then::Add { *output + sums[row] } else { sums[row] };
        }
        if let Then::Map(each) = then {
            each.function()(output);
        }
    }
}
