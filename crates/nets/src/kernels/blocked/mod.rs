//! Products with a right side in any storage: blocks are packed, widened to f32 on the way, and multiplied tile by
//! tile (Goto and van de Geijn 2008).
//!
//! The inner dimension is cut into blocks. For each, the left side is packed once for all; then every task packs
//! some columns of the right side, which stay in its core's cache while all rows pass by. Cuts depend on shapes
//! only in ways that do not change a bit: a row has the same result alone as in a batch.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

pub(super) mod kernel;
pub(super) mod pack;
#[cfg(test)]
mod tests;

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
            output.chunks_exact_mut(self.columns).for_each(|row| row.copy_from_slice(&bias[..self.columns]));
            return;
        }
        let depth = STEPS * K::DEPTH;
        let panels = self.rows.div_ceil(K::ROWS);
        let mut left = AlignedBuffer::zeros(panels * K::ROWS * STEPS.min(self.inner.div_ceil(K::DEPTH)));
        let tasks = self.tasks::<K>();
        let output = Shared::new(output);
        for first in (0..self.inner).step_by(depth) {
            let inner = first..self.inner.min(first + depth);
            let words = inner.len().div_ceil(K::DEPTH);
            let left = &mut left[..panels * K::ROWS * words];
            left.par_chunks_mut(TILES * K::ROWS * words).enumerate().for_each(|(chunk, into)| {
                let start = chunk * TILES * K::ROWS;
                let rows = start..self.rows.min(start + TILES * K::ROWS);
                // SAFETY: the caller's promise for `K`.
                unsafe { pack_left::<K>(self.left, self.inner, rows, inner.clone(), into) };
            });
            let left = &*left;
            let bias = (first == 0).then_some(&bias[..]);
            tasks.par_iter().for_each_init(
                || (AlignedBuffer::default(), Vec::new()),
                |(right, scratch), (columns, rows)| {
                    right.reserve(words * columns.len().next_multiple_of(K::COLUMNS));
                    let right = &mut right[..words * columns.len().next_multiple_of(K::COLUMNS)];
                    // SAFETY: the caller's promise for `K`; tasks are disjoint parts of the output, and the
                    // panels were packed above.
                    unsafe {
                        self.right.pack::<K>(inner.clone(), columns.clone(), scratch, right);
                        self.block::<K>(words, left, right, rows.clone(), columns.clone(), bias, output);
                    };
                },
            );
        }
    }

    /// Columns and tiles of rows of each task: enough for the threads, none too small to pay for its packing.
    fn tasks<K: Kernel>(&self) -> Vec<(std::ops::Range<usize>, std::ops::Range<usize>)> {
        let wanted = 2 * rayon::current_num_threads();
        let granule = self.granule.next_multiple_of(K::COLUMNS);
        let least = 64.min(COLUMNS).next_multiple_of(granule);
        let most = COLUMNS.next_multiple_of(granule);
        let width = self.columns.div_ceil(wanted).next_multiple_of(granule).clamp(least, most);
        let blocks = self.columns.div_ceil(width);
        let tiles = self.rows.div_ceil(K::ROWS);
        let height = tiles.div_ceil(wanted.div_ceil(blocks)).max(TILES);
        let cuts =
            |total: usize, step: usize| (0..total).step_by(step).map(move |at| at..total.min(at + step));
        cuts(self.columns, width)
            .flat_map(|columns| cuts(tiles, height).map(move |rows| (columns.clone(), rows)))
            .collect()
    }

    /// The tiles `rows` of some columns.
    ///
    /// # Safety
    /// The processor has the instructions of `K`; `left` holds all panels of rows and `right` those of `columns`,
    /// `words` long; `output` is `[rows, columns]`, and nobody else touches these rows and columns of it.
    #[allow(clippy::too_many_arguments)] // A struct would only rename them.
    unsafe fn block<K: Kernel>(
        &self,
        words: usize,
        left: &[f32],
        right: &[f32],
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
        bias: Option<&[f32]>,
        output: Shared,
    ) {
        for start in rows.clone().step_by(TILES) {
            for (right, column) in
                right.chunks_exact(words * K::COLUMNS).zip(columns.clone().step_by(K::COLUMNS))
            {
                for tile in start..rows.end.min(start + TILES) {
                    let row = tile * K::ROWS;
                    let left = &left[tile * K::ROWS * words..(tile + 1) * K::ROWS * words];
                    // SAFETY: the panels are sliced to their lengths; the bias is padded to whole kernels; rows
                    // and columns that are meant lie within the output.
                    unsafe {
                        K::tile::<true>(&Tile {
                            steps: words,
                            left: left.as_ptr(),
                            left_stride: 0,
                            right: right.as_ptr(),
                            output: output.get().add(row * self.columns + column),
                            stride: self.columns,
                            rows: K::ROWS.min(self.rows - row),
                            columns: K::COLUMNS.min(columns.end - column),
                            start: bias.map_or(Start::Output, |bias| Start::Bias(bias[column..].as_ptr())),
                        });
                    }
                }
            }
        }
    }
}
