//! Linear layers and 1x1 convolutions: `output = activation(input * weights^T + bias + residual)`.
//!
//! The weights are packed once, `[inputs, width]` for each panel of outputs. A tile of up to 9 rows by 48
//! outputs stays in registers over all inputs; the epilogue (residual, activation) happens there too. Each
//! output is one chain of multiply-adds over the inputs in order: how rows are cut into tiles or spread over
//! threads never changes a bit of the result.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

use super::instructions::Instructions;
use super::panels::{AlignedBuffer, PANEL, padded_channels, panel_count, panel_width, without_subnormals};
use super::vector::{Portable, Vector};

/// What is done to each output last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Activation {
    /// Nothing.
    #[default]
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
}

impl Activation {
    /// Lower and upper limit.
    pub(super) const fn limits(self) -> Option<(f32, f32)> {
        match self {
            Self::Identity => None,
            Self::Relu => Some((0.0, f32::INFINITY)),
            Self::Relu6 => Some((0.0, 6.0)),
        }
    }

    /// On one number.
    pub fn of(self, value: f32) -> f32 {
        match self.limits() {
            None => value,
            Some((low, high)) => {
                let value = if value > low { value } else { low };
                if value < high { value } else { high }
            }
        }
    }
}

/// Some rows of a tensor in panels (see [`super::panels`]).
#[derive(Clone, Copy, Debug)]
pub struct PanelRows<'a> {
    /// The whole tensor: `rows * padded_channels(channels)` floats.
    pub panels: &'a [f32],
    /// Rows of the whole tensor.
    pub rows: usize,
    /// The first row meant.
    pub first: usize,
    /// How many rows are meant.
    pub count: usize,
}

impl<'a> PanelRows<'a> {
    /// All rows.
    pub fn all(panels: &'a [f32], rows: usize) -> Self {
        Self { panels, rows, first: 0, count: rows }
    }
}

/// Where the rows of one panel go: after every `columns` rows, `gap` floats are left untouched.
#[derive(Debug)]
pub struct PanelOutput<'a> {
    /// Starts at the first row.
    pub floats: &'a mut [f32],
    /// Rows without a gap between them; at least 1.
    pub columns: usize,
    /// Floats between them and the next ones.
    pub gap: usize,
}

impl<'a> PanelOutput<'a> {
    /// Row after row.
    pub fn dense(floats: &'a mut [f32]) -> Self {
        Self { floats, columns: usize::MAX, gap: 0 }
    }
}

/// Weights and bias, packed for the kernels.
#[derive(Clone, Debug)]
pub struct PackedLinear {
    inputs: usize,
    outputs: usize,
    /// Panel by panel `[inputs, width]`.
    weights: AlignedBuffer,
    /// `[padded outputs]`.
    bias: AlignedBuffer,
}

impl PackedLinear {
    /// From `weights` `[outputs, inputs]` and `bias` `[outputs]`; `None` if lengths disagree or are zero.
    pub fn new(weights: &[f32], bias: &[f32], inputs: usize, outputs: usize) -> Option<Self> {
        let fits = inputs > 0 && outputs > 0 && inputs.checked_mul(outputs)? == weights.len();
        if !fits || bias.len() != outputs {
            return None;
        }
        let mut packed = AlignedBuffer::zeros(inputs * padded_channels(outputs));
        for (panel, block) in packed.chunks_mut(inputs * PANEL).enumerate() {
            let width = panel_width(outputs, panel);
            let rows = weights.chunks_exact(inputs).skip(panel * PANEL).take(width);
            for (column, row) in rows.enumerate() {
                for (target, &weight) in block.iter_mut().skip(column).step_by(width).zip(row) {
                    *target = without_subnormals(weight);
                }
            }
        }
        let mut padded_bias = AlignedBuffer::zeros(padded_channels(outputs));
        padded_bias[..outputs].copy_from_slice(bias);
        Some(Self { inputs, outputs, weights: packed, bias: padded_bias })
    }

    /// Numbers in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Numbers out.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Panels of outputs.
    pub fn panels(&self) -> usize {
        panel_count(self.outputs)
    }

    /// Width of a panel of outputs, padding included.
    pub fn width(&self, panel: usize) -> usize {
        panel_width(self.outputs, panel)
    }

    /// Computes one panel of outputs for some rows. `residual` has the layout of a dense output.
    ///
    /// # Panics
    /// If a buffer is too short: a mistake in the calling code, never in a user's data.
    pub fn panel(
        &self,
        instructions: Instructions,
        panel: usize,
        input: PanelRows<'_>,
        output: PanelOutput<'_>,
        residual: Option<&[f32]>,
        activation: Activation,
    ) {
        let PanelOutput { floats, columns, gap } = output;
        let width = self.width(panel);
        if input.count == 0 || width == 0 {
            return;
        }
        // These bounds are what the unsafe code below relies on.
        assert!(input.panels.len() >= input.rows * padded_channels(self.inputs), "input too short");
        assert!(input.first + input.count <= input.rows, "rows out of range");
        assert!(columns > 0, "an output row has columns");
        let gaps = (input.count - 1) / columns * gap;
        assert!(floats.len() >= input.count * width + gaps, "output too short");
        assert!(residual.is_none_or(|residual| residual.len() >= input.count * width), "residual too short");
        let start = panel * PANEL;
        let job = Job {
            input: input.panels.as_ptr(),
            input_rows: input.rows,
            first: input.first,
            count: input.count,
            inputs: self.inputs,
            weights: self.weights[start * self.inputs..start * self.inputs + self.inputs * width].as_ptr(),
            width,
            bias: self.bias[start..start + width].as_ptr(),
            limits: activation.limits(),
            residual: residual.map(<[f32]>::as_ptr),
            output: floats.as_mut_ptr(),
            columns,
            gap,
        };
        match instructions.or_portable() {
            // SAFETY: `or_portable` has asked the processor, and the bounds were asserted above.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { run_avx512(&job) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { run_avx2(&job) },
            // SAFETY: plain Rust; the bounds were asserted above.
            _ => unsafe { run_portable(&job) },
        }
    }
}

/// One panel of outputs over many rows. Every pointer is good for what the fields promise:
/// [`PackedLinear::panel`] asserts it.
struct Job {
    /// The panels of a tensor of `input_rows` rows and `inputs` channels.
    input: *const f32,
    input_rows: usize,
    first: usize,
    count: usize,
    inputs: usize,
    /// `[inputs, width]`.
    weights: *const f32,
    width: usize,
    /// `[width]`.
    bias: *const f32,
    limits: Option<(f32, f32)>,
    /// `[count, width]`.
    residual: Option<*const f32>,
    /// `[count, width]` with `gap` floats after every `columns` rows.
    output: *mut f32,
    columns: usize,
    gap: usize,
}

/// # Safety
/// As [`Job`] says, and the processor has AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn run_avx512(job: &Job) {
    use std::arch::x86_64::__m512;
    // Sums, one row of weights and one input must fit in 32 registers: 9 * 3 + 3 + 1, 12 * 2 + 2 + 1.
    // SAFETY: the caller's promise.
    unsafe {
        match job.width {
            48 => tiles::<__m512, 3, 9>(job, 0),
            32 => tiles::<__m512, 2, 12>(job, 0),
            _ => tiles::<__m512, 1, 12>(job, 0),
        }
    }
}

/// # Safety
/// As [`Job`] says, and the processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2(job: &Job) {
    for column in (0..job.width).step_by(16) {
        // 6 * 2 + 2 + 1 of 16 registers.
        // SAFETY: the caller's promise; the width is a multiple of 16.
        unsafe { tiles::<std::arch::x86_64::__m256, 2, 6>(job, column) }
    }
}

/// # Safety
/// As [`Job`] says.
unsafe fn run_portable(job: &Job) {
    for column in (0..job.width).step_by(8) {
        // SAFETY: the caller's promise; the width is a multiple of 8.
        unsafe { tiles::<Portable, 1, 4>(job, column) }
    }
}

/// All rows of the columns `column..column + VECTORS * LANES`, in tiles of at most `MOST` rows.
///
/// # Safety
/// As [`Job`] says, the columns lie within the width, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn tiles<V: Vector, const VECTORS: usize, const MOST: usize>(job: &Job, column: usize) {
    let mut row = 0;
    let mut tiles = job.count.div_ceil(MOST);
    while tiles > 0 {
        // Tiles of nearly equal height: a last tile of one row would take as long as one of four.
        let height = (job.count - row).div_ceil(tiles);
        // SAFETY: the caller's promise; rows `row..row + height` are within `count`.
        unsafe {
            // The guards keep code that cannot run, and would spill registers, from being compiled.
            match height {
                1 if MOST > 1 => tile::<V, VECTORS, 1>(job, column, row),
                2 if MOST > 2 => tile::<V, VECTORS, 2>(job, column, row),
                3 if MOST > 3 => tile::<V, VECTORS, 3>(job, column, row),
                4 if MOST > 4 => tile::<V, VECTORS, 4>(job, column, row),
                5 if MOST > 5 => tile::<V, VECTORS, 5>(job, column, row),
                6 if MOST > 6 => tile::<V, VECTORS, 6>(job, column, row),
                7 if MOST > 7 => tile::<V, VECTORS, 7>(job, column, row),
                8 if MOST > 8 => tile::<V, VECTORS, 8>(job, column, row),
                9 if MOST > 9 => tile::<V, VECTORS, 9>(job, column, row),
                10 if MOST > 10 => tile::<V, VECTORS, 10>(job, column, row),
                11 if MOST > 11 => tile::<V, VECTORS, 11>(job, column, row),
                _ => tile::<V, VECTORS, MOST>(job, column, row),
            }
        }
        row += height;
        tiles -= 1;
    }
}

/// `ROWS` rows by `VECTORS * LANES` outputs.
///
/// # Safety
/// As [`tiles`]; rows `row..row + ROWS` are within `count`.
#[inline(always)]
unsafe fn tile<V: Vector, const VECTORS: usize, const ROWS: usize>(job: &Job, column: usize, row: usize) {
    // SAFETY: the caller's promise. Panel `p` of the input begins at `p * PANEL * input_rows`, is `width`
    // wide, and holds row `first + row + ROWS - 1`; weights have `inputs` rows of `job.width`.
    unsafe {
        let mut sums = [[V::splat(0.0); VECTORS]; ROWS];
        for (vector, lane) in (0..VECTORS).zip((0..).step_by(V::LANES)) {
            let bias = V::load(job.bias.add(column + lane));
            for sums in &mut sums {
                sums[vector] = bias;
            }
        }
        let mut weights = job.weights.add(column);
        let mut panel = job.input;
        let mut rest = job.inputs;
        while rest >= PANEL {
            let input = panel.add((job.first + row) * PANEL);
            accumulate::<V, VECTORS, ROWS>(&mut sums, input, PANEL, PANEL, weights, job.width);
            weights = weights.add(PANEL * job.width);
            panel = panel.add(PANEL * job.input_rows);
            rest -= PANEL;
        }
        if rest > 0 {
            let width = padded_channels(rest);
            let input = panel.add((job.first + row) * width);
            accumulate::<V, VECTORS, ROWS>(&mut sums, input, width, rest, weights, job.width);
        }
        for (index, sums) in (row..).zip(&mut sums) {
            let output = job.output.add(index * job.width + index / job.columns * job.gap + column);
            for (vector, sum) in sums.iter_mut().enumerate() {
                let lane = vector * V::LANES;
                if let Some(residual) = job.residual {
                    *sum = sum.add(V::load(residual.add(index * job.width + column + lane)));
                }
                if let Some((low, high)) = job.limits {
                    *sum = sum.at_least(V::splat(low)).at_most(V::splat(high));
                }
                sum.store(output.add(lane));
            }
        }
    }
}

/// Adds `count` inputs' products.
///
/// # Safety
/// `input` has `ROWS` rows of `step` floats, the first `count` of which are read; `weights` has `count` rows of
/// `width` floats with `VECTORS * LANES` after the pointer.
#[inline(always)]
unsafe fn accumulate<V: Vector, const VECTORS: usize, const ROWS: usize>(
    sums: &mut [[V; VECTORS]; ROWS],
    input: *const f32,
    step: usize,
    count: usize,
    weights: *const f32,
    width: usize,
) {
    let mut local = *sums;
    for index in 0..count {
        // SAFETY: the caller's promise: index < count, row < ROWS.
        unsafe {
            let mut factors = [V::splat(0.0); VECTORS];
            for (vector, factor) in factors.iter_mut().enumerate() {
                *factor = V::load(weights.add(index * width + vector * V::LANES));
            }
            for (row, sums) in local.iter_mut().enumerate() {
                let value = V::splat(*input.add(row * step + index));
                for (sum, factor) in sums.iter_mut().zip(factors) {
                    *sum = value.mul_add(factor, *sum);
                }
            }
        }
    }
    *sums = local;
}

#[cfg(test)]
#[path = "linear_tests.rs"]
mod tests;
