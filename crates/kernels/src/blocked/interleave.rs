//! Lines of words side by side: how panels are made.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the portable twin.

use super::kernel::Kernel;

/// The most lines of a panel.
const MOST: usize = 32;

/// What stands for a line that is not there, unless lines are longer.
static ZEROS: [f32; 512] = [0.0; 512];

/// Writes `[steps, width]`: word `s` of line `l` goes to `s * width + l`. Lines from `count` on are zeros.
///
/// # Safety
/// The processor has the instructions of `K`.
///
/// # Panics
/// If there are more than 32 lines, or one is not as long as `into` has steps.
pub(in super::super) unsafe fn interleave<'a, K: Kernel, F: Fn(usize) -> &'a [f32]>(
    line: F,
    count: usize,
    width: usize,
    into: &mut [f32],
) {
    let steps = into.len() / width;
    let mut lines = [&ZEROS[..steps.min(ZEROS.len())]; MOST];
    for (index, slot) in lines.iter_mut().enumerate().take(count) {
        *slot = line(index);
        assert_eq!(slot.len(), steps, "a line of another length");
    }
    if steps <= ZEROS.len() || count == width {
        // SAFETY: the caller's promise.
        unsafe { K::interleave(&lines[..width], into) };
    } else {
        some(&lines[..count], width, into);
    }
}

/// The twin of every other way.
fn some(lines: &[&[f32]], width: usize, into: &mut [f32]) {
    for (step, into) in into.chunks_exact_mut(width).enumerate() {
        for (into, line) in into.iter_mut().zip(lines) {
            *into = line[step];
        }
        into[lines.len()..].fill(0.0);
    }
}

/// In plain Rust.
pub(super) fn portable(lines: &[&[f32]], into: &mut [f32]) {
    match lines.len() {
        6 => blocks::<6>(lines, into),
        12 => blocks::<12>(lines, into),
        16 => blocks::<16>(lines, into),
        32 => blocks::<32>(lines, into),
        width => some(lines, width, into),
    }
}

/// Blocks of four lines by four steps: the compiler makes them shuffles.
fn blocks<const WIDTH: usize>(lines: &[&[f32]], into: &mut [f32]) {
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

/// Sixteen lines by sixteen steps in registers. Each cache line is read once and whole: rows of a matrix are often a
/// power of two apart, and then push each other out of the nearest cache.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
pub(super) fn avx512(lines: &[&[f32]], into: &mut [f32]) {
    let width = lines.len();
    let steps = into.len() / width.max(1);
    assert!(lines.iter().all(|line| line.len() == steps), "lines of another length");
    for first in (0..width).step_by(16) {
        let group = &lines[first..width.min(first + 16)];
        match group.len() {
            16 => squares::<16>(group, width, &mut into[first..]),
            12 => squares::<12>(group, width, &mut into[first..]),
            _ => {
                for step in 0..steps {
                    for (offset, line) in group.iter().enumerate() {
                        into[step * width + first + offset] = line[step];
                    }
                }
            }
        }
    }
}

/// `COUNT` lines into every `width`th place of `into`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn squares<const COUNT: usize>(lines: &[&[f32]], width: usize, into: &mut [f32]) {
    use std::arch::x86_64::{
        __m512, _mm512_loadu_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_setzero_ps,
        _mm512_storeu_ps,
    };
    const { assert!(COUNT > 0 && COUNT <= 16) };
    let Ok(lines) = <&[&[f32]; COUNT]>::try_from(lines) else { return };
    let steps = lines[0].len();
    assert!(lines.iter().all(|line| line.len() == steps), "lines of another length");
    assert!(steps == 0 || (steps - 1) * width + COUNT <= into.len(), "no place for the lines");
    for step in (0..steps).step_by(16) {
        let many = 16.min(steps - step);
        let mut square: [__m512; 16] = [_mm512_setzero_ps(); 16];
        // SAFETY: lines hold `many` words from `step` on, which is what is read.
        unsafe {
            if many == 16 {
                for (row, line) in square.iter_mut().zip(lines) {
                    *row = _mm512_loadu_ps(line.as_ptr().add(step));
                }
            } else {
                let mask = (1_u16 << many) - 1;
                for (row, line) in square.iter_mut().zip(lines) {
                    *row = _mm512_maskz_loadu_ps(mask, line.as_ptr().add(step));
                }
            }
        }
        let square = transposed(&square);
        let mut place = into[step * width..].as_mut_ptr();
        for (offset, &column) in square.iter().enumerate() {
            if offset == many {
                break;
            }
            // SAFETY: step `step + offset` is one of the steps, whose places were checked above.
            unsafe {
                if COUNT == 16 {
                    _mm512_storeu_ps(place, column);
                } else {
                    _mm512_mask_storeu_ps(place, ((1_u32 << COUNT) - 1) as u16, column);
                }
            }
            place = place.wrapping_add(width);
        }
    }
}

/// Rows for columns.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn transposed(rows: &[std::arch::x86_64::__m512; 16]) -> [std::arch::x86_64::__m512; 16] {
    use std::arch::x86_64::{
        _mm512_castpd_ps, _mm512_castps_pd, _mm512_shuffle_f32x4, _mm512_unpackhi_pd, _mm512_unpackhi_ps,
        _mm512_unpacklo_pd, _mm512_unpacklo_ps,
    };
    let mut pairs = *rows;
    for index in 0..8 {
        let (even, odd) = (rows[2 * index], rows[2 * index + 1]);
        pairs[2 * index] = _mm512_unpacklo_ps(even, odd);
        pairs[2 * index + 1] = _mm512_unpackhi_ps(even, odd);
    }
    // Of four rows: each quarter of a register holds four rows of one column.
    let mut fours = pairs;
    for group in 0..4 {
        for half in 0..2 {
            let low = _mm512_castps_pd(pairs[4 * group + half]);
            let high = _mm512_castps_pd(pairs[4 * group + half + 2]);
            fours[4 * group + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
            fours[4 * group + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
        }
    }
    // `fours[4 g + c]` has column `c + 4 q` of rows `4 g..4 g + 4` in quarter `q`.
    let mut columns = fours;
    for column in 0..4 {
        let even = _mm512_shuffle_f32x4::<0x88>(fours[column], fours[4 + column]);
        let odd = _mm512_shuffle_f32x4::<0xdd>(fours[column], fours[4 + column]);
        let other_even = _mm512_shuffle_f32x4::<0x88>(fours[8 + column], fours[12 + column]);
        let other_odd = _mm512_shuffle_f32x4::<0xdd>(fours[8 + column], fours[12 + column]);
        columns[column] = _mm512_shuffle_f32x4::<0x88>(even, other_even);
        columns[column + 8] = _mm512_shuffle_f32x4::<0xdd>(even, other_even);
        columns[column + 4] = _mm512_shuffle_f32x4::<0x88>(odd, other_odd);
        columns[column + 12] = _mm512_shuffle_f32x4::<0xdd>(odd, other_odd);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Plain;
    use super::*;

    /// Any number of steps and lines, whole panels or not, with every kernel's way.
    #[test]
    fn every_way_equals_the_plain_twin() {
        for steps in [1, 2, 15, 16, 17, 63, 64, 256, 600] {
            for (width, count) in
                [(4, 4), (6, 6), (6, 5), (12, 12), (12, 1), (16, 16), (32, 32), (32, 17), (32, 12)]
            {
                let values: Vec<f32> = (0..steps * count).map(|index| index as f32 + 1.0).collect();
                let lines: Vec<&[f32]> = values.chunks_exact(steps).collect();
                let mut expected = vec![f32::NAN; steps * width];
                some(&lines, width, &mut expected);
                let mut found = vec![f32::NAN; steps * width];
                // SAFETY: plain Rust.
                unsafe { interleave::<Plain, _>(|line| lines[line], count, width, &mut found) };
                assert_eq!(found, expected, "{steps} x {count} of {width}");
                #[cfg(target_arch = "x86_64")]
                if std::arch::is_x86_feature_detected!("avx512f") {
                    found.fill(f32::NAN);
                    // SAFETY: the processor was asked.
                    unsafe {
                        interleave::<super::super::kernel::Avx512, _>(
                            |line| lines[line],
                            count,
                            width,
                            &mut found,
                        );
                    }
                    assert_eq!(found, expected, "{steps} x {count} of {width}");
                }
            }
        }
    }
}
