//! Scaled dot-product attention over packed groups with a shared prefix.
//!
//! Nothing of size queries x keys is ever in memory at once: a task takes a tile of queries of one segment and one
//! key head, with all query heads of that group as its rows, and computes their scores, softmax and result while
//! they stay in its core's cache. Keys that no query of the tile sees are skipped.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the plain twin.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

use std::ops::Range;

use rayon::prelude::*;

use super::blocked::Shared;
use super::blocked::interleave::interleave;
use super::blocked::kernel::{self, Kernel, Start, Tile};
use super::functions::{Task, dispatch, exp, map, most, sum};
use super::instructions::Instructions;
use super::panels::AlignedBuffer;
use super::vector::Vector;

/// How many heads, and how wide. Grouped-query: `query % key_value == 0`, and query head `h` reads key head
/// `h / (query / key_value)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Heads of the queries.
    pub query: usize,
    /// Heads of the keys and values.
    pub key_value: usize,
    /// Numbers in one head.
    pub dimension: usize,
}

/// Rows within a wider matrix: row `r` starts at `r * stride` and is `heads * dimension` wide.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a> {
    /// From the first number of the first row on.
    pub values: &'a [f32],
    /// Floats from one row to the next.
    pub stride: usize,
}

impl<'a> Strided<'a> {
    pub(super) fn row(&self, row: usize, first: usize, width: usize) -> &'a [f32] {
        &self.values[row * self.stride + first..][..width]
    }

    /// Whether `rows` rows of `width` numbers lie within.
    fn holds(&self, rows: usize, width: usize) -> bool {
        rows == 0 || width <= self.stride && (rows - 1) * self.stride + width <= self.values.len()
    }
}

/// Queries that see the same keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Rows of the queries.
    pub queries: Range<usize>,
    /// Rows of the keys and values.
    pub keys: Range<usize>,
}

/// What attends to what.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// Shape of a row.
    pub heads: Heads,
    /// `[rows, query heads * dimension]`.
    pub queries: Strided<'a>,
    /// `[rows, key_value heads * dimension]`.
    pub keys: Strided<'a>,
    /// `[rows, key_value heads * dimension]`.
    pub values: Strided<'a>,
    /// Keys, values and their rows: seen whole by every query of every segment.
    pub prefix: Option<(Strided<'a>, Strided<'a>, usize)>,
    /// Which queries see which keys.
    pub segments: &'a [Segment],
    /// The last query of a segment is aligned with its last key: query `i` of `n` sees the keys
    /// `0..=keys.len() - n + i` of the segment. Without it every key.
    pub causal: bool,
    /// Factor of the inner products.
    pub scale: f32,
}

/// `softmax(scale * queries * keys^T) * values` for each head, into `[queries, query heads * dimension]`: the rows
/// of the segments' queries one after another. A query that sees no key gets zeros. By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn attention(inputs: &Attention<'_>, output: &mut [f32]) {
    attention_with(Instructions::best(), inputs, output);
}

/// As [`attention`], with given instructions.
pub fn attention_with(instructions: Instructions, inputs: &Attention<'_>, output: &mut [f32]) {
    inputs.check(output.len());
    if output.is_empty() {
        return;
    }
    match instructions.or_portable() {
        // SAFETY: `or_portable` has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => unsafe { run::<kernel::Avx512>(Instructions::Avx512, inputs, output) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => unsafe { run::<kernel::Avx2>(Instructions::Avx2, inputs, output) },
        // SAFETY: plain Rust.
        _ => unsafe { run::<kernel::Plain>(Instructions::Portable, inputs, output) },
    }
}

impl Attention<'_> {
    /// Query heads of one key head.
    pub(super) fn group(&self) -> usize {
        self.heads.query / self.heads.key_value
    }

    /// These bounds are what the unsafe code below relies on.
    pub(super) fn check(&self, output: usize) {
        let Heads { query, key_value, dimension } = self.heads;
        assert!(key_value > 0 && dimension > 0 && query.is_multiple_of(key_value), "heads that do not fit");
        let (query, key_value) = (query * dimension, key_value * dimension);
        for Segment { queries, keys } in self.segments {
            assert!(
                queries.start <= queries.end && self.queries.holds(queries.end, query),
                "queries of a segment"
            );
            let keys_fit = self.keys.holds(keys.end, key_value) && self.values.holds(keys.end, key_value);
            assert!(keys.start <= keys.end && keys_fit, "keys or values of a segment");
        }
        if let Some((keys, values, rows)) = self.prefix {
            assert!(
                keys.holds(rows, key_value) && values.holds(rows, key_value),
                "keys or values of the prefix"
            );
        }
        let rows: usize = self.segments.iter().map(|segment| segment.queries.len()).sum();
        assert_eq!(output, rows * query, "output of another shape");
    }

    /// How many of a segment's keys, without the prefix, query `index` sees.
    pub(super) fn visible(&self, segment: &Segment, index: usize) -> usize {
        let hidden = if self.causal { segment.queries.len() - 1 - index } else { 0 };
        segment.keys.len().saturating_sub(hidden)
    }
}

/// Keys and values of one head: the prefix's or a segment's, packed for a kernel.
struct Packed {
    keys: usize,
    /// Panels of keys, `[dimension, COLUMNS]`.
    transposed: AlignedBuffer,
    /// Panels of the dimension, `[keys, COLUMNS]`.
    straight: AlignedBuffer,
}

impl Packed {
    /// # Safety
    /// The processor has the instructions of `K`.
    unsafe fn new<K: Kernel>(
        keys: Strided<'_>,
        values: Strided<'_>,
        rows: Range<usize>,
        head: usize,
        width: usize,
    ) -> Self {
        let count = rows.len();
        let mut transposed = AlignedBuffer::zeros(count.next_multiple_of(K::COLUMNS) * width);
        for (panel, first) in
            transposed.chunks_exact_mut(K::COLUMNS * width).zip((0..count).step_by(K::COLUMNS))
        {
            let row = |index: usize| keys.row(rows.start + first + index, head * width, width);
            // SAFETY: the caller's promise.
            unsafe { interleave::<K, _>(row, K::COLUMNS.min(count - first), K::COLUMNS, panel) };
        }
        let mut straight = AlignedBuffer::zeros(width.next_multiple_of(K::COLUMNS) * count);
        for (panel, first) in
            straight.chunks_exact_mut((K::COLUMNS * count).max(1)).zip((0..width).step_by(K::COLUMNS))
        {
            let columns = K::COLUMNS.min(width - first);
            for (row, into) in rows.clone().zip(panel.chunks_exact_mut(K::COLUMNS)) {
                into[..columns].copy_from_slice(values.row(row, head * width + first, columns));
            }
        }
        Self { keys: count, transposed, straight }
    }
}

/// Queries of a tile, at least one: about as many rows as pay for passing all keys.
fn tile_queries(group: usize) -> usize {
    const ROWS: usize = 48;
    (ROWS / group).max(1)
}

/// # Safety
/// The processor has the instructions of `K` and `instructions`; [`Attention::check`] has passed.
unsafe fn run<K: Kernel>(instructions: Instructions, inputs: &Attention<'_>, output: &mut [f32]) {
    let Heads { key_value, dimension, .. } = inputs.heads;
    let prefix: Vec<Option<Packed>> = (0..key_value)
        .into_par_iter()
        .map(|head| {
            // SAFETY: the caller's promise.
            inputs.prefix.map(|(keys, values, rows)| unsafe {
                Packed::new::<K>(keys, values, 0..rows, head, dimension)
            })
        })
        .collect();
    let output = Shared::new(output);
    let mut heads = Vec::with_capacity(inputs.segments.len() * key_value);
    let mut start = 0;
    for segment in inputs.segments {
        heads.extend((0..key_value).map(|head| (segment, start, head)));
        start += segment.queries.len();
    }
    heads.par_iter().for_each(|&(segment, start, head)| {
        // SAFETY: the caller's promise.
        let own =
            unsafe { Packed::new::<K>(inputs.keys, inputs.values, segment.keys.clone(), head, dimension) };
        let job = Job { inputs, segment, start, head, prefix: prefix[head].as_ref(), own: &own };
        let tile = tile_queries(inputs.group());
        let tiles = segment.queries.len().div_ceil(tile);
        (0..tiles).into_par_iter().for_each_init(Scratch::default, |scratch, index| {
            let queries = index * tile..segment.queries.len().min((index + 1) * tile);
            // SAFETY: the caller's promise; each task has queries and heads of its own.
            unsafe { job.tile::<K>(instructions, queries, scratch, output) };
        });
    });
}

/// One key head and its query heads in one segment.
struct Job<'a> {
    inputs: &'a Attention<'a>,
    segment: &'a Segment,
    /// Row of the output where the segment starts.
    start: usize,
    /// Of the keys.
    head: usize,
    prefix: Option<&'a Packed>,
    own: &'a Packed,
}

/// Buffers of a thread.
#[derive(Default)]
struct Scratch {
    /// `[rows, dimension]`: row `query * group + head`.
    queries: AlignedBuffer,
    /// `[rows, stride]`.
    scores: AlignedBuffer,
    /// `[rows, dimension]`.
    results: AlignedBuffer,
}

impl Job<'_> {
    /// Some queries of the segment.
    ///
    /// # Safety
    /// As [`run`]; `output` is the whole output, and nobody else writes these queries and heads of it.
    unsafe fn tile<K: Kernel>(
        &self,
        instructions: Instructions,
        queries: Range<usize>,
        scratch: &mut Scratch,
        output: Shared,
    ) {
        let (width, group) = (self.inputs.heads.dimension, self.inputs.group());
        let rows = queries.len() * group;
        let seen = self.inputs.visible(self.segment, queries.end - 1);
        // What is seen of the prefix and of the segment, with its place in a row of scores.
        let sources = [(self.prefix, self.prefix.map_or(0, |prefix| prefix.keys)), (Some(self.own), seen)];
        let before = sources[0].1;
        let total = before + seen;
        // An odd number of cache lines: a power of two would put the rows on top of each other in the cache.
        let stride = (total.div_ceil(16) | 1) * 16;
        scratch.queries.reserve(rows * width);
        scratch.scores.reserve(rows * stride);
        scratch.results.reserve(rows * width);
        let scores = &mut scratch.scores[..rows * stride];
        let results = &mut scratch.results[..rows * width];
        for (query, into) in queries.clone().zip(scratch.queries.chunks_exact_mut(group * width)) {
            let row = self.segment.queries.start + query;
            let heads = self.inputs.queries.row(row, self.head * group * width, group * width);
            for (into, value) in into.iter_mut().zip(heads) {
                *into = value * self.inputs.scale;
            }
        }

        for ((source, seen), offset) in sources.into_iter().zip([0, before]) {
            let panels =
                source.map_or(&[][..], |source| &source.transposed[..]).chunks_exact(K::COLUMNS * width);
            for (panel, column) in panels.zip((0..seen).step_by(K::COLUMNS)) {
                for row in (0..rows).step_by(K::ROWS) {
                    // SAFETY: the caller's promise; rows of queries are `width` long, and `offset + column` and
                    // the columns that are meant lie within the stride.
                    unsafe {
                        K::tile::<false>(&Tile {
                            steps: width,
                            left: scratch.queries.as_ptr().add(row * width),
                            left_stride: width,
                            right: panel.as_ptr(),
                            output: scores.as_mut_ptr().add(row * stride + offset + column),
                            stride,
                            rows: K::ROWS.min(rows - row),
                            columns: K::COLUMNS.min(seen - column),
                            start: Start::Zero,
                        });
                    }
                }
            }
        }

        let mut sums = Vec::with_capacity(rows);
        for (query, rows) in queries.clone().zip(scores.chunks_exact_mut(group * stride)) {
            let visible = before + self.inputs.visible(self.segment, query);
            for row in rows.chunks_exact_mut(stride) {
                sums.push(dispatch(instructions, Exponentials(&mut row[..visible])));
                row[visible..total].fill(0.0);
            }
        }

        results.fill(0.0);
        for ((source, seen), offset) in sources.into_iter().zip([0, before]) {
            let Some(source) = source.filter(|_| seen > 0) else { continue };
            for (panel, column) in
                source.straight.chunks_exact(K::COLUMNS * source.keys).zip((0..width).step_by(K::COLUMNS))
            {
                for row in (0..rows).step_by(K::ROWS) {
                    // SAFETY: the caller's promise; `seen` scores from `offset` on were written above, and the
                    // panel has at least as many rows.
                    unsafe {
                        K::tile::<false>(&Tile {
                            steps: seen,
                            left: scores.as_ptr().add(row * stride + offset),
                            left_stride: stride,
                            right: panel.as_ptr(),
                            output: results.as_mut_ptr().add(row * width + column),
                            stride: width,
                            rows: K::ROWS.min(rows - row),
                            columns: K::COLUMNS.min(width - column),
                            start: Start::Output,
                        });
                    }
                }
            }
        }

        let row_width = self.inputs.heads.query * width;
        for (index, (results, sum)) in results.chunks_exact(width).zip(sums).enumerate() {
            let row = self.start + queries.start + index / group;
            let column = (self.head * group + index % group) * width;
            // SAFETY: the caller's promise: this row and head of the output are ours.
            let output =
                unsafe { std::slice::from_raw_parts_mut(output.get().add(row * row_width + column), width) };
            // Only where there is no key, the sum is zero: the greatest score adds one.
            let factor = if sum == 0.0 { 0.0 } else { 1.0 / sum };
            for (output, result) in output.iter_mut().zip(results) {
                *output = result * factor;
            }
        }
    }
}

/// Replaces scores by `e^(score - the greatest)` and returns their sum.
struct Exponentials<'a>(&'a mut [f32]);

impl Task for Exponentials<'_> {
    type Output = f32;

    #[inline(always)]
    unsafe fn run<V: Vector>(self) -> f32 {
        // SAFETY: the caller's promise.
        unsafe {
            let greatest = most::<V>(self.0);
            map!(V, self.0, |value| exp(value.add(V::splat(-greatest))));
            sum::<V>(self.0)
        }
    }
}

#[cfg(test)]
#[path = "attention_tests.rs"]
mod tests;
