//! Depthwise convolution of 3x3 or 5x5 with stride 1 or 2, one panel of channels at a time.
//!
//! The columns of the input are padded with zeros in memory, its rows are not: taps above and below the image
//! are left out. Each output is one chain of multiply-adds over its taps in order, so that cutting rows into
//! strips or threads never changes a bit of the result.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

use super::instructions::Instructions;
use super::linear::Activation;
use super::panels::{AlignedBuffer, PANEL, padded_channels, panel_count, panel_width, without_subnormals};
use super::vector::{Portable, Vector};

/// A square image before and after a convolution with "same" padding as `TensorFlow` does it: where the padding
/// is odd, the extra row and column come after the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamePadding {
    /// Rows and columns before.
    pub input: usize,
    /// Rows and columns after: `input / stride`, rounded up.
    pub output: usize,
    /// Rows and columns of the kernel.
    pub kernel: usize,
    /// Step of the kernel.
    pub stride: usize,
    /// Rows of padding above, columns to the left.
    pub before: usize,
    /// Rows of padding above and below together.
    pub total: usize,
}

impl SamePadding {
    /// For an image of `input` rows and columns; all arguments at least 1.
    pub fn new(input: usize, kernel: usize, stride: usize) -> Self {
        let output = input.div_ceil(stride);
        let total = ((output.max(1) - 1) * stride + kernel).saturating_sub(input);
        Self { input, output, kernel, stride, before: total / 2, total }
    }

    /// Columns with the padding.
    pub const fn padded_columns(&self) -> usize {
        self.input + self.total
    }

    /// The input rows that the output rows `first..end` need: a range within the image.
    pub fn input_rows(&self, first: usize, end: usize) -> std::ops::Range<usize> {
        let start = (first * self.stride).saturating_sub(self.before);
        let past = ((end.max(1) - 1) * self.stride + self.kernel).saturating_sub(self.before);
        start.min(self.input)..past.min(self.input)
    }
}

/// Weights and bias of a depthwise convolution, packed for the kernels.
#[derive(Clone, Debug)]
pub struct PackedDepthwise {
    channels: usize,
    kernel: usize,
    stride: usize,
    /// Panel by panel `[kernel * kernel, width]`.
    taps: AlignedBuffer,
    /// `[padded channels]`.
    bias: AlignedBuffer,
}

impl PackedDepthwise {
    /// From `weights` `[channels, kernel, kernel]` and `bias` `[channels]`; `None` if lengths disagree, the
    /// kernel is neither 3 nor 5, or the stride neither 1 nor 2.
    pub fn new(weights: &[f32], bias: &[f32], kernel: usize, stride: usize) -> Option<Self> {
        let channels = bias.len();
        let area = kernel * kernel;
        let fits = matches!(kernel, 3 | 5) && matches!(stride, 1 | 2) && channels > 0;
        if !fits || weights.len() != channels * area {
            return None;
        }
        let mut taps = AlignedBuffer::zeros(area * padded_channels(channels));
        for (panel, block) in taps.chunks_mut(area * PANEL).enumerate() {
            let width = panel_width(channels, panel);
            for (column, weights) in weights.chunks_exact(area).skip(panel * PANEL).take(width).enumerate() {
                for (target, &weight) in block.iter_mut().skip(column).step_by(width).zip(weights) {
                    *target = without_subnormals(weight);
                }
            }
        }
        let mut padded_bias = AlignedBuffer::zeros(padded_channels(channels));
        padded_bias[..channels].copy_from_slice(bias);
        Some(Self { channels, kernel, stride, taps, bias: padded_bias })
    }

    /// Channels in and out.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Panels of channels.
    pub fn panels(&self) -> usize {
        panel_count(self.channels)
    }

    /// Width of a panel, padding included.
    pub fn width(&self, panel: usize) -> usize {
        panel_width(self.channels, panel)
    }

    /// How this convolution lies on an image of `input` rows and columns.
    pub fn geometry(&self, input: usize) -> SamePadding {
        SamePadding::new(input, self.kernel, self.stride)
    }

    /// Computes the output rows `rows` of one panel.
    ///
    /// `strip` holds input rows from `strip_first` on, each `[input + total padding, width]` with zeros in the
    /// padding columns; `output` is `[rows, output columns, width]`.
    ///
    /// # Panics
    /// If a buffer is too short or the geometry is another's: a mistake in the calling code.
    #[allow(clippy::too_many_arguments)] // Two buffers and where they lie; a struct would only rename them.
    pub fn panel(
        &self,
        instructions: Instructions,
        panel: usize,
        geometry: &SamePadding,
        strip: &[f32],
        strip_first: usize,
        rows: std::ops::Range<usize>,
        output: &mut [f32],
        activation: Activation,
    ) {
        let width = self.width(panel);
        if rows.is_empty() || width == 0 {
            return;
        }
        // These bounds are what the unsafe code below relies on.
        assert!(*geometry == self.geometry(geometry.input), "the geometry is another's");
        assert!(rows.end <= geometry.output, "rows out of range");
        let needed = geometry.input_rows(rows.start, rows.end);
        assert!(strip_first <= needed.start, "the strip begins too late");
        let row_step = geometry.padded_columns() * width;
        assert!(strip.len() >= (needed.end - strip_first) * row_step, "the strip is too short");
        assert!(output.len() >= rows.len() * geometry.output * width, "output too short");
        let area = self.kernel * self.kernel;
        let start = panel * PANEL;
        let job = Job {
            strip: strip.as_ptr(),
            strip_first,
            row_step,
            width,
            taps: self.taps[start * area..start * area + area * width].as_ptr(),
            bias: self.bias[start..start + width].as_ptr(),
            limits: activation.limits().unwrap_or((f32::NEG_INFINITY, f32::INFINITY)),
            output: output.as_mut_ptr(),
            rows,
            geometry,
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

/// Some rows of one panel. Every pointer is good for what the fields promise: [`PackedDepthwise::panel`]
/// asserts it.
struct Job<'a> {
    /// Input rows from `strip_first` on, `row_step` floats each.
    strip: *const f32,
    strip_first: usize,
    row_step: usize,
    width: usize,
    /// `[kernel * kernel, width]`.
    taps: *const f32,
    /// `[width]`.
    bias: *const f32,
    limits: (f32, f32),
    /// `[rows, geometry.output, width]`.
    output: *mut f32,
    rows: std::ops::Range<usize>,
    geometry: &'a SamePadding,
}

/// # Safety
/// As [`Job`] says, and the processor has AVX-512F.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn run_avx512(job: &Job<'_>) {
    // SAFETY: the caller's promise.
    unsafe { run::<std::arch::x86_64::__m512, 12>(job) }
}

/// # Safety
/// As [`Job`] says, and the processor has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2(job: &Job<'_>) {
    // SAFETY: the caller's promise.
    unsafe { run::<std::arch::x86_64::__m256, 8>(job) }
}

/// # Safety
/// As [`Job`] says.
unsafe fn run_portable(job: &Job<'_>) {
    // SAFETY: the caller's promise.
    unsafe { run::<Portable, 4>(job) }
}

/// # Safety
/// As [`Job`] says, and the processor has the instructions of `V`.
#[inline(always)]
unsafe fn run<V: Vector, const MOST: usize>(job: &Job<'_>) {
    // SAFETY: the caller's promise; the arms are the kernels and strides that `PackedDepthwise` admits.
    unsafe {
        match (job.geometry.kernel, job.geometry.stride) {
            (3, 1) => rows::<V, MOST, 3, 1>(job),
            (3, _) => rows::<V, MOST, 3, 2>(job),
            (_, 1) => rows::<V, MOST, 5, 1>(job),
            _ => rows::<V, MOST, 5, 2>(job),
        }
    }
}

/// All rows, in runs of at most `MOST` neighbouring outputs.
///
/// # Safety
/// As [`run`]; `KERNEL` and `STRIDE` are the geometry's.
#[inline(always)]
unsafe fn rows<V: Vector, const MOST: usize, const KERNEL: usize, const STRIDE: usize>(job: &Job<'_>) {
    let geometry = job.geometry;
    for (index, row) in job.rows.clone().enumerate() {
        let first_tap = geometry.before.saturating_sub(row * STRIDE);
        let end_tap = KERNEL.min(geometry.input + geometry.before - row * STRIDE);
        let top = row * STRIDE + first_tap - geometry.before - job.strip_first;
        let mut column = 0;
        let mut runs = geometry.output.div_ceil(MOST);
        while runs > 0 {
            // Runs of nearly equal length: a last run of one output would wait for its own sums.
            let length = (geometry.output - column).div_ceil(runs);
            for lane in (0..job.width).step_by(V::LANES) {
                // SAFETY: the caller's promise: rows `top..top + end_tap - first_tap` are in the strip, the
                // padded columns reach to `(output - 1) * STRIDE + KERNEL`, and `lane` is within the width.
                unsafe {
                    let run = Run {
                        input: job.strip.add(top * job.row_step + column * STRIDE * job.width + lane),
                        taps: job.taps.add(first_tap * KERNEL * job.width + lane),
                        tap_rows: end_tap - first_tap,
                        bias: job.bias.add(lane),
                        output: job.output.add((index * geometry.output + column) * job.width + lane),
                    };
                    match length {
                        1 if MOST > 1 => run.outputs::<V, KERNEL, STRIDE, 1>(job),
                        2 if MOST > 2 => run.outputs::<V, KERNEL, STRIDE, 2>(job),
                        3 if MOST > 3 => run.outputs::<V, KERNEL, STRIDE, 3>(job),
                        4 if MOST > 4 => run.outputs::<V, KERNEL, STRIDE, 4>(job),
                        5 if MOST > 5 => run.outputs::<V, KERNEL, STRIDE, 5>(job),
                        6 if MOST > 6 => run.outputs::<V, KERNEL, STRIDE, 6>(job),
                        7 if MOST > 7 => run.outputs::<V, KERNEL, STRIDE, 7>(job),
                        8 if MOST > 8 => run.outputs::<V, KERNEL, STRIDE, 8>(job),
                        9 if MOST > 9 => run.outputs::<V, KERNEL, STRIDE, 9>(job),
                        10 if MOST > 10 => run.outputs::<V, KERNEL, STRIDE, 10>(job),
                        11 if MOST > 11 => run.outputs::<V, KERNEL, STRIDE, 11>(job),
                        _ => run.outputs::<V, KERNEL, STRIDE, MOST>(job),
                    }
                }
            }
            column += length;
            runs -= 1;
        }
    }
}

/// Neighbouring outputs of one row and one register of channels.
struct Run {
    input: *const f32,
    taps: *const f32,
    tap_rows: usize,
    bias: *const f32,
    output: *mut f32,
}

impl Run {
    /// # Safety
    /// From `input`, `tap_rows` rows of `(LENGTH - 1) * STRIDE + KERNEL` pixels can be read; from `taps`,
    /// `tap_rows` rows of `KERNEL` taps; `LENGTH` pixels can be written to `output`.
    #[inline(always)]
    unsafe fn outputs<V: Vector, const KERNEL: usize, const STRIDE: usize, const LENGTH: usize>(
        &self,
        job: &Job<'_>,
    ) {
        let width = job.width;
        // SAFETY: the caller's promise.
        unsafe {
            let mut sums = [V::load(self.bias); LENGTH];
            for tap_row in 0..self.tap_rows {
                let input = self.input.add(tap_row * job.row_step);
                let taps = self.taps.add(tap_row * KERNEL * width);
                for tap in 0..KERNEL {
                    let weight = V::load(taps.add(tap * width));
                    for (position, sum) in sums.iter_mut().enumerate() {
                        let value = V::load(input.add((position * STRIDE + tap) * width));
                        *sum = value.mul_add(weight, *sum);
                    }
                }
            }
            let (low, high) = (V::splat(job.limits.0), V::splat(job.limits.1));
            for (position, sum) in sums.iter().enumerate() {
                sum.at_least(low).at_most(high).store(self.output.add(position * width));
            }
        }
    }
}

#[cfg(test)]
#[path = "depthwise_tests.rs"]
mod tests;
