//! Copies of parts of matrices in the order in which a kernel reads them.
#![allow(unsafe_code)] // Words are made by the instructions of a kernel, which the caller has asked for.

use std::ops::Range;

use super::super::weights::WeightMatrix;
use super::interleave::interleave;
use super::kernel::Kernel;

/// A right side `[inner, columns]` of a product.
pub(in super::super) trait RightSide: Sync {
    /// Writes `[inner, columns]` as panels `[words, COLUMNS]` for the kernel, padded with zeros. `scratch` is only
    /// there to be used again.
    ///
    /// # Safety
    /// The processor has the instructions of `K`.
    unsafe fn pack<K: Kernel>(
        &self,
        inner: Range<usize>,
        columns: Range<usize>,
        scratch: &mut Vec<f32>,
        into: &mut [f32],
    );
}

/// `weights^T`: what a linear layer multiplies by. The inner dimension is the inputs. Of several matrices with as many
/// inputs the columns follow one another, as if they were one matrix.
pub(in super::super) struct Transposed<'a>(pub(in super::super) &'a [&'a WeightMatrix]);

impl<'a> Transposed<'a> {
    /// The matrix that has a column, and which of its own it is.
    fn column(&self, mut column: usize) -> (&'a WeightMatrix, usize) {
        let (last, others) = self.0.split_last().expect("at least one matrix");
        for weights in others {
            if column < weights.outputs() {
                return (weights, column);
            }
            column -= weights.outputs();
        }
        (last, column)
    }
}

impl RightSide for Transposed<'_> {
    unsafe fn pack<K: Kernel>(
        &self,
        inner: Range<usize>,
        columns: Range<usize>,
        scratch: &mut Vec<f32>,
        into: &mut [f32],
    ) {
        let words = inner.len().div_ceil(K::DEPTH);
        let panels = into.chunks_exact_mut(words * K::COLUMNS);
        for (panel, first) in panels.zip(columns.clone().step_by(K::COLUMNS)) {
            let count = K::COLUMNS.min(columns.end - first);
            // Lines that lie in memory as words already are read in place.
            let words_of = |column: usize| -> Option<&[f32]> {
                let (weights, column) = self.column(first + column);
                let start = column * weights.inputs();
                match K::DEPTH {
                    1 => Some(&weights.as_f32()?[start + inner.start..start + inner.end]),
                    _ => weights.as_pairs(start + inner.start..start + inner.end),
                }
            };
            // Of an odd number of bf16 every second line is not aligned.
            if (0..count).all(|column| words_of(column).is_some()) {
                // SAFETY: the caller's promise for `K`.
                unsafe {
                    interleave::<K, _>(
                        |column| words_of(column).unwrap_or_default(),
                        count,
                        K::COLUMNS,
                        panel,
                    );
                };
                continue;
            }
            // An odd number of cache lines: a power of two would put the rows on top of each other in the cache.
            let stride = (inner.len().div_ceil(16) | 1) * 16;
            scratch.resize((stride * (K::COLUMNS + 1)).max(scratch.len()), 0.0);
            let (wide, lines) = scratch.split_at_mut(stride);
            for (column, line) in (first..).zip(lines.chunks_exact_mut(stride).take(count)) {
                let (weights, column) = self.column(column);
                let start = column * weights.inputs() + inner.start;
                if K::DEPTH == 1 {
                    weights.widen(start, &mut line[..words]);
                    continue;
                }
                let wide = &mut wide[..inner.len()];
                weights.widen(start, wide);
                // SAFETY: the caller's promise for `K`.
                unsafe { K::words(wide, &mut line[..words]) };
            }
            // SAFETY: as above.
            unsafe {
                interleave::<K, _>(|column| &lines[column * stride..][..words], count, K::COLUMNS, panel);
            };
        }
    }
}

/// `weights` as they are: what a gradient is multiplied by. The inner dimension is the outputs.
pub(in super::super) struct Straight<'a>(pub(in super::super) &'a WeightMatrix);

impl RightSide for Straight<'_> {
    unsafe fn pack<K: Kernel>(
        &self,
        inner: Range<usize>,
        columns: Range<usize>,
        scratch: &mut Vec<f32>,
        into: &mut [f32],
    ) {
        let words = inner.len().div_ceil(K::DEPTH);
        // An odd row at the end is paired with zeros.
        scratch.clear();
        scratch.resize(columns.len() * K::DEPTH, 0.0);
        for word in 0..words {
            for (depth, row) in scratch.chunks_exact_mut(columns.len()).enumerate() {
                match inner.start + word * K::DEPTH + depth {
                    index if index < inner.end => {
                        self.0.widen(index * self.0.inputs() + columns.start, row);
                    }
                    _ => row.fill(0.0),
                }
            }
            let (low, high) = scratch.split_at(columns.len());
            let panels = into.chunks_exact_mut(words * K::COLUMNS);
            for (index, (panel, low)) in panels.zip(low.chunks(K::COLUMNS)).enumerate() {
                let into = &mut panel[word * K::COLUMNS..(word + 1) * K::COLUMNS];
                if K::DEPTH == 1 {
                    into[..low.len()].copy_from_slice(low);
                } else {
                    let high = &high[index * K::COLUMNS..];
                    for (into, (&low, &high)) in into.iter_mut().zip(low.iter().zip(high)) {
                        *into = f32::from_bits(pair(low, high));
                    }
                }
                into[low.len()..].fill(0.0);
            }
        }
    }
}

/// Writes panels `[words, ROWS]` of the rows of a left side, padded with zeros: `inner` of rows `stride` apart.
///
/// # Safety
/// The processor has the instructions of `K`.
pub(in super::super) unsafe fn pack_left<K: Kernel>(
    left: &[f32],
    stride: usize,
    rows: Range<usize>,
    inner: Range<usize>,
    into: &mut [f32],
) {
    let words = inner.len().div_ceil(K::DEPTH);
    let mut lines = vec![0.0; if K::DEPTH == 1 { 0 } else { words * K::ROWS }];
    let panels = into.chunks_exact_mut(words * K::ROWS);
    for (panel, first) in panels.zip(rows.clone().step_by(K::ROWS)) {
        let count = K::ROWS.min(rows.end - first);
        let row = |index: usize| {
            &left[(first + index) * stride + inner.start..(first + index) * stride + inner.end]
        };
        if K::DEPTH == 1 {
            // SAFETY: the caller's promise.
            unsafe { interleave::<K, _>(row, count, K::ROWS, panel) };
            continue;
        }
        for (index, line) in lines.chunks_exact_mut(words).take(count).enumerate() {
            // SAFETY: the caller's promise.
            unsafe { K::words(row(index), line) };
        }
        // SAFETY: the caller's promise.
        unsafe {
            interleave::<K, _>(|index| &lines[index * words..(index + 1) * words], count, K::ROWS, panel);
        };
    }
}

/// Two numbers rounded to bf16, to nearest even, the first in the lower half. Without a branch: whether an activation is
/// rounded up is anybody's guess.
pub(super) fn pair(low: f32, high: f32) -> u32 {
    let bits = |value: f32| {
        let bits = value.to_bits();
        let nearest = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
        // What is not a number stays so.
        let quiet = (bits >> 16) | 0x40;
        if value.is_nan() { quiet } else { nearest }
    };
    bits(low) | bits(high) << 16
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn pairs_are_rounded_to_nearest_even() {
        let patterns = (0..=u32::from(u16::MAX)).flat_map(|high| {
            [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff].map(|low| f32::from_bits(high << 16 | low))
        });
        for value in patterns {
            let [one, other] = [pair(value, 1.0), pair(1.0, value)];
            let expected = u32::from(half::bf16::from_f32(value).to_bits());
            assert_eq!((one & 0xffff, other >> 16), (expected, expected), "{value:e}");
            assert_eq!((one >> 16, other & 0xffff), (0x3f80, 0x3f80));
        }
    }
}
