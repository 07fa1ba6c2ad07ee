//! Copies of parts of matrices in the order in which a kernel reads them.
#![allow(unsafe_code)] // Words are made by the instructions of a kernel, which the caller has asked for.

use std::ops::Range;

use super::super::weights::WeightMatrix;
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

/// `weights^T`: what a linear layer multiplies by. The inner dimension is the inputs.
pub(in super::super) struct Transposed<'a>(pub(in super::super) &'a WeightMatrix);

impl RightSide for Transposed<'_> {
    unsafe fn pack<K: Kernel>(
        &self,
        inner: Range<usize>,
        columns: Range<usize>,
        scratch: &mut Vec<f32>,
        into: &mut [f32],
    ) {
        let weights = self.0;
        let words = inner.len().div_ceil(K::DEPTH);
        let panels = into.chunks_exact_mut(words * K::COLUMNS);
        for (panel, first) in panels.zip(columns.clone().step_by(K::COLUMNS)) {
            let count = K::COLUMNS.min(columns.end - first);
            // Lines that lie in memory as words already are read in place.
            let words_of = |column: usize| -> Option<&[f32]> {
                let start = (first + column) * weights.inputs();
                match K::DEPTH {
                    1 => Some(&weights.as_f32()?[start + inner.start..start + inner.end]),
                    _ => weights.as_pairs(start + inner.start..start + inner.end),
                }
            };
            // Of an odd number of bf16 every second line is not aligned.
            if (0..count).all(|column| words_of(column).is_some()) {
                interleave(|column| words_of(column).unwrap_or_default(), count, K::COLUMNS, panel);
                continue;
            }
            // An odd number of cache lines: a power of two would put the rows on top of each other in the cache.
            let stride = (inner.len().div_ceil(16) | 1) * 16;
            scratch.resize((stride * (K::COLUMNS + 1)).max(scratch.len()), 0.0);
            let (wide, lines) = scratch.split_at_mut(stride);
            for (column, line) in (first..).zip(lines.chunks_exact_mut(stride).take(count)) {
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
            interleave(|column| &lines[column * stride..][..words], count, K::COLUMNS, panel);
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
            interleave(row, count, K::ROWS, panel);
            continue;
        }
        for (index, line) in lines.chunks_exact_mut(words).take(count).enumerate() {
            // SAFETY: the caller's promise.
            unsafe { K::words(row(index), line) };
        }
        interleave(|index| &lines[index * words..(index + 1) * words], count, K::ROWS, panel);
    }
}

/// Writes `[words, width]`: word `w` of line `l` goes to `w * width + l`. Lines from `count` on are zeros.
pub(in super::super) fn interleave<'a>(
    line: impl Fn(usize) -> &'a [f32],
    count: usize,
    width: usize,
    into: &mut [f32],
) {
    let mut lines = [&[][..]; 32];
    for (index, slot) in lines.iter_mut().enumerate().take(count) {
        *slot = line(index);
    }
    let lines = &lines[..count];
    match (count == width, width) {
        (true, 16) => interleave_whole::<16>(lines, into),
        (true, 32) => interleave_whole::<32>(lines, into),
        (true, 12) => interleave_whole::<12>(lines, into),
        (true, 6) => interleave_whole::<6>(lines, into),
        _ => {
            for (step, into) in into.chunks_exact_mut(width).enumerate() {
                for (into, line) in into.iter_mut().zip(lines) {
                    *into = line[step];
                }
                into[count..].fill(0.0);
            }
        }
    }
}

/// Blocks of four lines by four steps: the compiler makes them shuffles.
fn interleave_whole<const WIDTH: usize>(lines: &[&[f32]], into: &mut [f32]) {
    let Ok(lines) = <&[&[f32]; WIDTH]>::try_from(lines) else { return };
    let steps = into.len() / WIDTH;
    assert!(lines.iter().all(|line| line.len() == steps), "lines of another length");
    let whole = steps / 4 * 4;
    for step in (0..whole).step_by(4) {
        let into = &mut into[step * WIDTH..(step + 4) * WIDTH];
        for group in 0..WIDTH / 4 {
            let mut block = [[0.0_f32; 4]; 4];
            for (block, line) in block.iter_mut().zip(&lines[group * 4..]) {
                block.copy_from_slice(&line[step..step + 4]);
            }
            for offset in 0..4 {
                let values = block.map(|line| line[offset]);
                into[offset * WIDTH + group * 4..][..4].copy_from_slice(&values);
            }
        }
        for line in WIDTH / 4 * 4..WIDTH {
            for offset in 0..4 {
                into[offset * WIDTH + line] = lines[line][step + offset];
            }
        }
    }
    for step in whole..steps {
        for (line, values) in lines.iter().enumerate() {
            into[step * WIDTH + line] = values[step];
        }
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
