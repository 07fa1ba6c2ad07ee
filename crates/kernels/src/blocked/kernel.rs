//! The innermost loop of a product: a tile of rows and columns that stays in registers over one block of the inner
//! dimension.
//!
//! Each sum is one chain of multiply-adds over the block in order, so that the bits of a result do not depend on
//! how rows and columns were cut into tiles or spread over threads.

use super::super::vector::{Portable, Vector};
use super::interleave;
use super::pack::pair;

/// What a tile starts from before its sums are added.
#[derive(Clone, Copy)]
pub(in super::super) enum Start {
    /// Zero.
    Zero,
    /// These numbers, one a column, as many as the kernel has columns.
    Bias(*const f32),
    /// What is in the output.
    Output,
    /// What is in the output, and these numbers besides.
    OutputAndBias(*const f32),
}

/// One tile: `output = start + left * right`.
#[derive(Clone, Copy)]
pub(in super::super) struct Tile {
    /// Words of the inner dimension.
    pub(in super::super) steps: usize,
    /// `PACKED`: `[steps, ROWS]`; else rows of `steps` words, `left_stride` apart.
    pub(in super::super) left: *const f32,
    pub(in super::super) left_stride: usize,
    /// `[steps, COLUMNS]`.
    pub(in super::super) right: *const f32,
    /// Rows of `columns` numbers, `stride` apart.
    pub(in super::super) output: *mut f32,
    pub(in super::super) stride: usize,
    /// Rows that are meant: `1..=ROWS`. The rest of a packed left side is padding.
    pub(in super::super) rows: usize,
    /// Columns that are meant: `1..=COLUMNS`.
    pub(in super::super) columns: usize,
    pub(in super::super) start: Start,
}

/// A micro-kernel of one instruction set.
///
/// # Safety
/// `tile` needs the processor to have the instructions, and pointers that are good for what [`Tile`] says.
pub(in super::super) trait Kernel {
    /// Rows of a tile.
    const ROWS: usize;
    /// Columns of a tile.
    const COLUMNS: usize;
    /// Numbers of the inner dimension in one 32-bit word: 1 f32, or 2 bf16.
    const DEPTH: usize;

    unsafe fn tile<const PACKED: bool>(tile: &Tile);

    /// Writes the words of a line of numbers: with a depth of 2 each pair rounded to bf16, to nearest even, a missing
    /// last number taken as zero.
    ///
    /// # Safety
    /// As [`tile`](Self::tile), of the instructions.
    unsafe fn words(line: &[f32], into: &mut [f32]) {
        if Self::DEPTH == 1 {
            into.copy_from_slice(line);
        } else {
            round_pairs(line, into);
        }
    }

    /// Writes `[steps, lines]`: word `s` of line `l` goes to `s * lines.len() + l`. Lines have one length.
    ///
    /// # Safety
    /// As [`tile`](Self::tile), of the instructions.
    unsafe fn interleave(lines: &[&[f32]], into: &mut [f32]) {
        interleave::portable(lines, into);
    }
}

fn round_pairs(line: &[f32], into: &mut [f32]) {
    for (into, both) in into.iter_mut().zip(line.chunks(2)) {
        *into = f32::from_bits(pair(both[0], both.get(1).copied().unwrap_or(0.0)));
    }
}

/// As [`round_pairs`], sixteen words at a time; numbers too small for full precision become zero.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bf16")]
fn round_pairs_avx512(line: &[f32], into: &mut [f32]) {
    use std::arch::x86_64::{__m512, __m512bh, _mm512_cvtne2ps_pbh, _mm512_loadu_ps, _mm512_storeu_ps};
    let (blocks, rest) = line.as_chunks::<32>();
    let (words, last) = into.split_at_mut(blocks.len() * 16);
    for (block, words) in blocks.iter().zip(words.as_chunks_mut::<16>().0) {
        // SAFETY: a block has two registers of numbers, its words fill one; any bits are a valid `f32`.
        unsafe {
            let (low, high) = (_mm512_loadu_ps(block.as_ptr()), _mm512_loadu_ps(block.as_ptr().add(16)));
            let pairs = std::mem::transmute::<__m512bh, __m512>(_mm512_cvtne2ps_pbh(high, low));
            _mm512_storeu_ps(words.as_mut_ptr(), pairs);
        }
    }
    round_pairs(rest, last);
}

/// What happens to one word of the left and a register of words of the right.
trait Product {
    type Sums: Vector;
    /// As the trait [`Vector`], of the registers.
    unsafe fn multiply_add(left: Self::Sums, right: Self::Sums, sums: Self::Sums) -> Self::Sums;
}

/// A word is one f32.
struct Single<V>(std::marker::PhantomData<V>);

impl<V: Vector> Product for Single<V> {
    type Sums = V;

    #[inline(always)]
    unsafe fn multiply_add(left: V, right: V, sums: V) -> V {
        // SAFETY: the contract of the trait.
        unsafe { left.mul_add(right, sums) }
    }
}

/// A word is two bf16, the first in the lower half.
#[cfg(target_arch = "x86_64")]
struct PairAvx512;

#[cfg(target_arch = "x86_64")]
impl Product for PairAvx512 {
    type Sums = std::arch::x86_64::__m512;

    #[inline(always)]
    unsafe fn multiply_add(left: Self::Sums, right: Self::Sums, sums: Self::Sums) -> Self::Sums {
        use std::arch::x86_64::{__m512, __m512bh, _mm512_dpbf16_ps};
        // SAFETY: the contract of the trait; both types are 64 bytes of which any pattern is valid.
        unsafe {
            let (left, right) = (
                std::mem::transmute::<__m512, __m512bh>(left),
                std::mem::transmute::<__m512, __m512bh>(right),
            );
            _mm512_dpbf16_ps(sums, left, right)
        }
    }
}

/// The twin of [`PairAvx512`]: everything around the instruction is tested with it on every processor.
#[cfg(test)]
struct PairPortable;

#[cfg(test)]
impl Product for PairPortable {
    type Sums = Portable;

    #[inline(always)]
    unsafe fn multiply_add(left: Portable, right: Portable, sums: Portable) -> Portable {
        let mut words = [[0_u32; 8]; 2];
        let mut floats = [0.0_f32; 8];
        // SAFETY: the contract of the trait; the arrays hold 8 words each.
        unsafe {
            left.store(words[0].as_mut_ptr().cast());
            right.store(words[1].as_mut_ptr().cast());
            sums.store(floats.as_mut_ptr());
            for (sum, (left, right)) in floats.iter_mut().zip(words[0].iter().zip(words[1])) {
                let (low, high) =
                    (|word: u32| f32::from_bits(word << 16), |word: u32| f32::from_bits(word & !0xffff));
                *sum += low(*left) * low(right) + high(*left) * high(right);
            }
            Portable::load(floats.as_ptr())
        }
    }
}

/// Sums of the largest tile.
const WIDEST: usize = 12 * 32;

#[repr(align(64))]
struct Buffer([f32; WIDEST]);

/// # Safety
/// As [`Kernel`] says; `ROWS` and `VECTORS * LANES` are the kernel's.
#[inline(always)]
unsafe fn tile<P: Product, const ROWS: usize, const VECTORS: usize, const PACKED: bool>(tile: &Tile) {
    // SAFETY: the caller's promise. Without packing, rows beyond those meant read the last one again; all sums go to a
    // buffer that holds them, and only those meant from there to the output.
    unsafe {
        let lanes = P::Sums::LANES;
        const { assert!(ROWS * VECTORS * P::Sums::LANES <= WIDEST) };
        let mut sums = [[P::Sums::splat(0.0); VECTORS]; ROWS];
        let mut rows = [tile.left; ROWS];
        if !PACKED {
            for (index, row) in rows.iter_mut().enumerate() {
                *row = tile.left.add(index.min(tile.rows - 1) * tile.left_stride);
            }
        }
        let mut right = tile.right;
        let mut left = tile.left;
        for step in 0..tile.steps {
            let mut factors = [P::Sums::splat(0.0); VECTORS];
            for (vector, factor) in factors.iter_mut().enumerate() {
                *factor = P::Sums::load(right.add(vector * lanes));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let value = P::Sums::splat(if PACKED { *left.add(row) } else { *rows[row].add(step) });
                for (sum, factor) in sums.iter_mut().zip(factors) {
                    *sum = P::multiply_add(value, factor, *sum);
                }
            }
            right = right.add(VECTORS * lanes);
            if PACKED {
                left = left.add(ROWS);
            }
        }
        // Only constant indices touch the sums: one that is known at run time would keep all of them in memory, stored at
        // every step, which halves the speed.
        let mut buffer = Buffer([0.0; WIDEST]);
        let sum_at = buffer.0.as_mut_ptr();
        for (row, sums) in sums.iter().enumerate() {
            for (vector, sum) in sums.iter().enumerate() {
                sum.store(sum_at.add((row * VECTORS + vector) * lanes));
            }
        }
        for row in 0..tile.rows {
            let sums = sum_at.add(row * VECTORS * lanes);
            let output = tile.output.add(row * tile.stride);
            if tile.columns == VECTORS * lanes {
                for at in (0..VECTORS * lanes).step_by(lanes) {
                    let sum = P::Sums::load(sums.add(at));
                    let sum = match tile.start {
                        Start::Zero => sum,
                        Start::Bias(bias) => sum.add(P::Sums::load(bias.add(at))),
                        Start::Output => sum.add(P::Sums::load(output.add(at))),
                        Start::OutputAndBias(bias) => {
                            sum.add(P::Sums::load(bias.add(at))).add(P::Sums::load(output.add(at)))
                        }
                    };
                    sum.store(output.add(at));
                }
                continue;
            }
            for at in 0..tile.columns {
                let sum = *sums.add(at);
                *output.add(at) = match tile.start {
                    Start::Zero => sum,
                    Start::Bias(bias) => sum + *bias.add(at),
                    Start::Output => sum + *output.add(at),
                    Start::OutputAndBias(bias) => sum + *bias.add(at) + *output.add(at),
                };
            }
        }
    }
}

/// Declares a kernel.
macro_rules! kernel {
    ($(#[$attribute:meta])* $name:ident, $product:ty, $rows:literal, $vectors:literal, $lanes:literal, $depth:literal, $(#[$feature:meta])? $($words:ident)?; $($interleave:path)?) => {
        $(#[$attribute])*
        pub(in super::super) struct $name;

        $(#[$attribute])*
        impl Kernel for $name {
            const ROWS: usize = $rows;
            const COLUMNS: usize = $vectors * $lanes;
            const DEPTH: usize = $depth;

            #[inline]
            unsafe fn tile<const PACKED: bool>(job: &Tile) {
                $(#[$feature])?
                unsafe fn enabled<const PACKED: bool>(job: &Tile) {
                    // SAFETY: the caller's promise.
                    unsafe { tile::<$product, $rows, $vectors, PACKED>(job) }
                }
                // SAFETY: the caller's promise.
                unsafe { enabled::<PACKED>(job) }
            }

            $(
                unsafe fn words(line: &[f32], into: &mut [f32]) {
                    // SAFETY: the caller's promise.
                    unsafe { $words(line, into) }
                }
            )?

            $(
                unsafe fn interleave(lines: &[&[f32]], into: &mut [f32]) {
                    // SAFETY: the caller's promise.
                    unsafe { $interleave(lines, into) }
                }
            )?
        }
    };
}

kernel!(
    /// 24 sums, 2 factors and one value of 32 registers.
    #[cfg(target_arch = "x86_64")]
    Avx512, Single<std::arch::x86_64::__m512>, 12, 2, 16, 1, #[target_feature(enable = "avx512f")];
    interleave::avx512
);
kernel!(
    /// As [`Avx512`], two bf16 at a time.
    #[cfg(target_arch = "x86_64")]
    Avx512Pairs, PairAvx512, 12, 2, 16, 2, #[target_feature(enable = "avx512f,avx512bf16")] round_pairs_avx512;
    interleave::avx512
);
kernel!(
    /// 12 sums, 2 factors and one value of 16 registers.
    #[cfg(target_arch = "x86_64")]
    Avx2, Single<std::arch::x86_64::__m256>, 6, 2, 8, 1, #[target_feature(enable = "avx2,fma")];
);
kernel!(
    /// Plain Rust.
    Plain, Single<Portable>, 4, 1, 8, 1,;
);
kernel!(
    /// Plain Rust, two bf16 at a time.
    #[cfg(test)]
    PlainPairs, PairPortable, 4, 1, 8, 2,;
);
