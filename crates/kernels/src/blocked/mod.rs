//! Products with a right side in any storage: blocks are packed, widened to f32 on the way, and multiplied tile by
//! tile (Goto and van de Geijn 2008).
//!
//! The inner dimension is cut into blocks. As much of the left side as the cache holds is packed once for all; then every
//! task goes through its blocks for some columns: it packs those of the right side, which stay in its core's cache while
//! all rows pass by. Cuts depend
//! on shapes only in ways that do not change a bit: a row has the same result alone as in a batch.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

pub(super) mod interleave;
pub(super) mod kernel;
pub(super) mod pack;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ops::Range;

use rayon::prelude::*;

use super::panels::AlignedBuffer;
use kernel::{Kernel, Start, Tile};
use pack::{RightSide, pack_left};

/// Words of the inner dimension in a block: a multiple of every block of a storage.
const STEPS: usize = 256;
/// Columns of the right side that a task keeps in its cache: a multiple of every block of a storage.
const COLUMNS: usize = 256;
/// Tiles of rows that pass by the columns together.
const TILES: usize = 16;
/// Words of the left side that are packed at once, unless a few hundred rows have more: 4 MiB, which the cache of a few
/// cores holds.
const PACKED: usize = 1 << 20;

/// What becomes of a product.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Finish {
    /// It replaces the output.
    #[default]
    Store,
    /// It is added to the output.
    Add,
    /// It replaces the output, and this is done to every number, some of a row at a time.
    Map(fn(&mut [f32])),
}

/// The plan of a product: `output = bias + left * right`.
pub(super) struct Blocked<'a, R> {
    /// `[rows, inner]`.
    pub(super) left: &'a [f32],
    pub(super) rows: usize,
    pub(super) inner: usize,
    /// `[inner, columns]`.
    pub(super) right: &'a R,
    pub(super) columns: usize,
    pub(super) bias: Option<&'a [f32]>,
    /// Columns of one task are a multiple of this.
    pub(super) granule: usize,
    pub(super) finish: Finish,
}

/// A part of the output: columns, and tiles of rows.
type Part = (Range<usize>, Range<usize>);

thread_local! {
    /// The packed left side of the product before: fresh pages cost more than packing.
    static LEFT: Cell<AlignedBuffer> = Cell::default();
}

/// A pointer to the output, of which each task writes a part of its own.
#[derive(Clone, Copy)]
pub(super) struct Shared(*mut f32);
// SAFETY: tasks write disjoint rows and columns, as each function that takes it says.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(super) fn new(output: &mut [f32]) -> Self {
        Self(output.as_mut_ptr())
    }

    pub(super) fn get(self) -> *mut f32 {
        self.0
    }
}

impl<R: RightSide> Blocked<'_, R> {
    /// Computes the product, by the current rayon pool.
    ///
    /// # Safety
    /// The processor has the instructions of `K`.
    ///
    /// # Panics
    /// If lengths and shapes disagree.
    pub(super) unsafe fn run<K: Kernel>(&self, output: &mut [f32]) {
        assert_eq!(self.left.len(), self.rows * self.inner, "left side of another shape");
        assert_eq!(output.len(), self.rows * self.columns, "output of another shape");
        assert!(self.bias.is_none_or(|bias| bias.len() == self.columns), "bias of another shape");
        if output.is_empty() {
            return;
        }
        let mut bias = AlignedBuffer::zeros(self.columns.next_multiple_of(K::COLUMNS));
        if let Some(values) = self.bias {
            bias[..self.columns].copy_from_slice(values);
        }
        if self.inner == 0 {
            for row in output.chunks_exact_mut(self.columns) {
                match self.finish {
                    Finish::Store | Finish::Map(_) => row.copy_from_slice(&bias[..self.columns]),
                    Finish::Add => row.iter_mut().zip(&*bias).for_each(|(output, bias)| *output += bias),
                }
                if let Finish::Map(map) = self.finish {
                    map(row);
                }
            }
            return;
        }
        let words = self.inner.div_ceil(K::DEPTH);
        let most = (PACKED / words).max(4 * TILES * K::ROWS);
        // Chunks of nearly equal height: a few rows at the end would take as much packing as many.
        let chunks = ((self.rows + most / 2) / most).max(1);
        let most = self.rows.div_ceil(chunks).next_multiple_of(K::ROWS);
        let output = Shared::new(output);
        let mut packed = LEFT.take();
        // So many blocks of the inner dimension at once that the packed left side stays in the cache.
        let depth = STEPS * K::DEPTH;
        let together = if most * words <= PACKED + PACKED / 2 { usize::MAX } else { PACKED / most / STEPS };
        let group = together.max(1).saturating_mul(depth);
        for first in (0..self.rows).step_by(most) {
            let rows = first..self.rows.min(first + most);
            let tasks = self.tasks::<K>(rows.len());
            for inner in cuts(0..self.inner, group) {
                let count = rows.len().next_multiple_of(K::ROWS) * inner.len().div_ceil(K::DEPTH);
                packed.reserve(count);
                let left = &mut packed[..count];
                // SAFETY: the caller's promise for `K`.
                unsafe { self.pack_rows::<K>(rows.clone(), inner.clone(), left) };
                let left = Left { rows: rows.clone(), inner, packed: left };
                tasks.par_iter().for_each_init(
                    || (AlignedBuffer::default(), Vec::new()),
                    |buffers, part| {
                        // SAFETY: the caller's promise for `K`; parts are disjoint, and the panels were packed above.
                        unsafe { self.part::<K>(&left, part, &bias, buffers, output) };
                    },
                );
            }
        }
        LEFT.set(packed);
    }

    /// Packs some of the inner dimension of rows of the left side, block after block.
    ///
    /// # Safety
    /// The processor has the instructions of `K`.
    unsafe fn pack_rows<K: Kernel>(&self, rows: Range<usize>, inner: Range<usize>, into: &mut [f32]) {
        let padded = rows.len().next_multiple_of(K::ROWS);
        let blocks: Vec<_> = cuts(inner, STEPS * K::DEPTH).collect();
        into.par_chunks_mut(padded * STEPS).zip(blocks).for_each(|(into, inner)| {
            let words = inner.len().div_ceil(K::DEPTH);
            into.par_chunks_mut(TILES * K::ROWS * words).enumerate().for_each(|(chunk, into)| {
                let start = rows.start + chunk * TILES * K::ROWS;
                let rows = start..rows.end.min(start + TILES * K::ROWS);
                // SAFETY: the caller's promise for `K`.
                unsafe { pack_left::<K>(self.left, self.inner, rows, inner.clone(), into) };
            });
        });
    }

    /// One part of the output, over what of the inner dimension is packed of the left side.
    ///
    /// # Safety
    /// As [`block`](Self::block).
    unsafe fn part<K: Kernel>(
        &self,
        left: &Left<'_>,
        (columns, tiles): &Part,
        bias: &[f32],
        (right, scratch): &mut (AlignedBuffer, Vec<f32>),
        output: Shared,
    ) {
        let Left { rows, inner: whole, packed } = left;
        let padded = rows.len().next_multiple_of(K::ROWS);
        for (inner, left) in cuts(whole.clone(), STEPS * K::DEPTH).zip(packed.chunks(padded * STEPS)) {
            let words = inner.len().div_ceil(K::DEPTH);
            let count = words * columns.len().next_multiple_of(K::COLUMNS);
            right.reserve(count);
            let right = &mut right[..count];
            // SAFETY: the caller's promise.
            unsafe { self.right.pack::<K>(inner.clone(), columns.clone(), scratch, right) };
            let block = Block {
                words,
                left,
                right,
                rows: rows.clone(),
                columns: columns.clone(),
                bias: (inner.start == 0).then_some(bias),
            };
            // SAFETY: the caller's promise.
            unsafe { self.block::<K>(&block, tiles.clone(), output) };
        }
        let Finish::Map(map) = self.finish else { return };
        if whole.end < self.inner {
            return;
        }
        for row in rows.start + tiles.start * K::ROWS..rows.end.min(rows.start + tiles.end * K::ROWS) {
            // SAFETY: the caller's promise: nobody else touches this part of the output, and it was written above.
            map(unsafe {
                std::slice::from_raw_parts_mut(
                    output.get().add(row * self.columns + columns.start),
                    columns.len(),
                )
            });
        }
    }

    /// Columns and tiles of rows of each task: enough for the threads, none too small to pay for its packing.
    fn tasks<K: Kernel>(&self, rows: usize) -> Vec<Part> {
        let wanted = 2 * rayon::current_num_threads();
        let granule = self.granule.next_multiple_of(K::COLUMNS);
        let least = 64.min(COLUMNS).next_multiple_of(granule);
        let most = COLUMNS.next_multiple_of(granule);
        let width = self.columns.div_ceil(wanted).next_multiple_of(granule).clamp(least, most);
        let blocks = self.columns.div_ceil(width);
        let tiles = rows.div_ceil(K::ROWS);
        let height = tiles.div_ceil(wanted.div_ceil(blocks)).max(TILES);
        cuts(0..self.columns, width)
            .flat_map(|columns| cuts(0..tiles, height).map(move |rows| (columns.clone(), rows)))
            .collect()
    }

    /// One block of the inner dimension for some tiles of its rows.
    ///
    /// # Safety
    /// The processor has the instructions of `K`; the block holds all panels of its rows and columns; `output` is
    /// `[rows, columns]`, and nobody else touches these rows and columns of it.
    unsafe fn block<K: Kernel>(&self, block: &Block<'_>, tiles: Range<usize>, output: Shared) {
        let Block { words, left, right, rows, columns, bias } = block;
        for start in tiles.clone().step_by(TILES) {
            for (right, column) in
                right.chunks_exact(words * K::COLUMNS).zip(columns.clone().step_by(K::COLUMNS))
            {
                let start_of = match (bias, self.finish) {
                    (None, _) => Start::Output,
                    (Some(bias), Finish::Add) => Start::OutputAndBias(bias[column..].as_ptr()),
                    (Some(bias), _) => Start::Bias(bias[column..].as_ptr()),
                };
                for tile in start..tiles.end.min(start + TILES) {
                    let row = rows.start + tile * K::ROWS;
                    let left = &left[tile * K::ROWS * words..(tile + 1) * K::ROWS * words];
                    // SAFETY: the panels are sliced to their lengths; the bias is padded to whole kernels; rows
                    // and columns that are meant lie within the output.
                    unsafe {
                        K::tile::<true>(&Tile {
                            steps: *words,
                            left: left.as_ptr(),
                            left_stride: 0,
                            right: right.as_ptr(),
                            output: output.get().add(row * self.columns + column),
                            stride: self.columns,
                            rows: K::ROWS.min(rows.end - row),
                            columns: K::COLUMNS.min(columns.end - column),
                            start: start_of,
                        });
                    }
                }
            }
        }
    }
}

/// Pieces of a range, the last one shorter where need be.
fn cuts(range: Range<usize>, step: usize) -> impl Iterator<Item = Range<usize>> {
    range.clone().step_by(step).map(move |at| at..range.end.min(at.saturating_add(step)))
}

/// Rows and a part of the inner dimension of the left side, packed block after block.
struct Left<'a> {
    rows: Range<usize>,
    inner: Range<usize>,
    packed: &'a [f32],
}

/// One block of the inner dimension, packed.
struct Block<'a> {
    words: usize,
    /// Panels of rows.
    left: &'a [f32],
    /// Panels of columns.
    right: &'a [f32],
    rows: Range<usize>,
    columns: Range<usize>,
    /// What the first block starts from, padded to whole kernels.
    bias: Option<&'a [f32]>,
}
