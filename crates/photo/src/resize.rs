//! Antialiased resizing, byte for byte as Pillow does it.
//!
//! Two passes, first along the rows, then along the columns, with 22-bit fixed-point weights and 8-bit samples
//! between them. Only the pixels that a later crop keeps are computed.
//!
//! The inner loops are plain Rust over fixed-size blocks of lanes. They are compiled for several instruction
//! sets, one of which is chosen at run time; integer arithmetic makes all of them agree.
#![allow(
    clippy::inline_always,
    reason = "loops must be inlined to be compiled for the chosen instruction set"
)]

use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};

use contract::Image;

use super::filter::{Filter, PRECISION_BITS, Taps, taps};
use super::{PhotoError, row_pass};

pub(super) const HALF: i32 = 1 << (PRECISION_BITS - 1);
/// An image of these fills 2^31 bytes.
const MAX_PIXELS: u64 = (1 << 31) / 3;
/// Lanes of the column pass.
const COLUMN_LANES: usize = 32;

/// Resizes to `width` x `height`, ignoring the aspect ratio.
///
/// Same bytes as Pillow's `Image.resize((width, height), filter)` for RGB images.
///
/// # Errors
/// [`PhotoError::WrongTarget`] if a side is 0 or the result would exceed 2^31 bytes.
pub fn resize(image: &Image, width: u32, height: u32, filter: Filter) -> Result<Image, PhotoError> {
    resize_window(image, width, height, &Window { columns: 0..width, rows: 0..height }, filter)
}

/// A rectangle of pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) columns: Range<u32>,
    pub(super) rows: Range<u32>,
}

/// The pixels of `window` of the image resized to `width` x `height`.
pub(super) fn resize_window(
    image: &Image,
    width: u32,
    height: u32,
    window: &Window,
    filter: Filter,
) -> Result<Image, PhotoError> {
    let out_width = window.columns.len() as u32;
    let out_height = window.rows.len() as u32;
    let inside = window.columns.end <= width && window.rows.end <= height;
    // The image between the passes is as wide as the window and at most as high as the source.
    let largest = u64::from(out_width) * u64::from(out_height.max(image.height()));
    if !inside || out_width == 0 || out_height == 0 || largest > MAX_PIXELS {
        return Err(PhotoError::WrongTarget { width, height });
    }
    let columns =
        (width != image.width()).then(|| taps(filter, image.width(), width, window.columns.clone()));
    let rows = (height != image.height()).then(|| taps(filter, image.height(), height, window.rows.clone()));
    let needed =
        rows.as_ref().map_or(window.rows.start as usize..window.rows.end as usize, |rows| needed(rows));

    let between = match columns {
        Some(columns) => shrink_rows(image, &columns, needed.clone()),
        None => copy_columns(image, &window.columns, needed.clone()),
    };
    let stride = out_width as usize * 3;
    let rgb = match rows {
        Some(rows) => shrink_columns(&between, stride, &rows, needed.start),
        None => between,
    };
    Ok(Image::new(out_width, out_height, rgb)?)
}

/// The source rows that any of the taps reads.
fn needed(taps: &[Taps]) -> Range<usize> {
    let start = taps.iter().map(|tap| tap.first).min().unwrap_or(0);
    let end = taps.iter().map(|tap| tap.first + tap.weights.len()).max().unwrap_or(0);
    start..end
}

fn copy_columns(image: &Image, columns: &Range<u32>, rows: Range<usize>) -> Vec<u8> {
    let bytes = columns.start as usize * 3..columns.end as usize * 3;
    image.rows().skip(rows.start).take(rows.len()).flat_map(|row| &row[bytes.clone()]).copied().collect()
}

/// The row pass: `[rows, taps.len(), 3]`.
fn shrink_rows(image: &Image, taps: &[Taps], rows: Range<usize>) -> Vec<u8> {
    let stride = image.width() as usize * 3;
    let source = &image.rgb()[rows.start * stride..rows.end * stride];
    let mut out = vec![0; rows.len() * taps.len() * 3];
    row_pass::run(source, stride, taps, &mut out);
    out
}

/// The column pass: `[taps.len(), stride]`. `source` starts at row `first_row` of the taps' numbering.
fn shrink_columns(source: &[u8], stride: usize, taps: &[Taps], first_row: usize) -> Vec<u8> {
    let mut out = vec![0; taps.len() * stride];
    Arch::new().dispatch(ColumnPass { source, stride, taps, first_row, out: &mut out });
    out
}

struct ColumnPass<'a> {
    source: &'a [u8],
    stride: usize,
    taps: &'a [Taps],
    first_row: usize,
    out: &'a mut [u8],
}

impl NullaryFnOnce for ColumnPass<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { source, stride, taps, first_row, out } = self;
        for (out_row, tap) in out.chunks_exact_mut(stride).zip(taps) {
            let rows = &source[(tap.first - first_row) * stride..][..tap.weights.len() * stride];
            let (blocks, rest) = out_row.as_chunks_mut::<COLUMN_LANES>();
            let mut at = 0;
            for block in blocks {
                let mut sums = [HALF; COLUMN_LANES];
                for (row, &weight) in rows.chunks_exact(stride).zip(&tap.weights) {
                    let Some(samples) = row[at..].first_chunk() else { continue };
                    sums = add_weighted(sums, samples, weight);
                }
                for (sample, sum) in block.iter_mut().zip(sums) {
                    *sample = to_sample(sum);
                }
                at += COLUMN_LANES;
            }
            for (offset, sample) in rest.iter_mut().enumerate() {
                let column = rows.iter().skip(at + offset).step_by(stride);
                *sample = to_sample(column.zip(&tap.weights).fold(HALF, |sum, (&sample, &weight)| {
                    sum.wrapping_add(i32::from(sample).wrapping_mul(weight))
                }));
            }
        }
    }
}

#[inline(always)]
fn add_weighted(
    mut sums: [i32; COLUMN_LANES],
    samples: &[u8; COLUMN_LANES],
    weight: i32,
) -> [i32; COLUMN_LANES] {
    for lane in 0..COLUMN_LANES {
        sums[lane] = sums[lane].wrapping_add(i32::from(samples[lane]).wrapping_mul(weight));
    }
    sums
}

#[inline(always)]
pub(super) fn to_sample(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}
