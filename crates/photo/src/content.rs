//! Whether a picture shows anything that could be located at all.
//!
//! An encoder gives a vector for every picture, and for strips, icons and colour cards one that is like any other. Here
//! they are told apart, so that the locator can abstain.

use std::fmt;

use contract::Image;

/// Icons and thumbnails of thumbnails; the smallest photos of photo sites have 75 pixels on a side.
const SMALLEST_SIDE: u32 = 32;
/// Panoramas reach about 10 : 1.
const LONGEST_SHAPE: u64 = 20;
/// Most cells of the small copy along one side; at least half as many.
const CELLS: u32 = 64;
/// At most this many pixels are averaged along one side of a cell.
const SAMPLES_PER_CELL: u32 = 8;
/// A copy whose brightest and darkest cells are as close as this has one colour, but for noise.
const ONE_COLOUR: u16 = 12;
/// Bends of the brightness (second differences): those of 99 % of the cells, and the greatest one. Among 2,819 photos
/// of the open set the smallest were 36 and 61; gradients with noise and JPEG artefacts stay below these.
const SMOOTH: Bends = Bends { usual: 8, greatest: 12 };
/// The same for pictures that use half of the scale or more. A photo in fog does not.
const SMOOTH_AND_WIDE: Bends = Bends { usual: 16, greatest: 30 };
const WIDE: u16 = 128;

/// Whether a picture shows anything that could be located, or why not. It is written in plain words: "the picture is
/// 1 x 400 pixels".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// It may be a photo of a place.
    Something,
    /// A side has fewer than 32 pixels, as in icons.
    TooSmall {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// One side is more than 20 times the other.
    Strip {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// One colour, perhaps with some noise.
    OneColour,
    /// A transition of colours without an edge or a detail.
    SmoothGradient,
}

impl Content {
    /// Whether the picture shows anything that could be located.
    pub const fn is_something(self) -> bool {
        matches!(self, Self::Something)
    }
}

impl fmt::Display for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Something => formatter.write_str("the picture shows something"),
            Self::TooSmall { width, height } | Self::Strip { width, height } => {
                write!(formatter, "the picture is {width} x {height} pixels")
            }
            Self::OneColour => formatter.write_str("the picture shows nothing but one colour"),
            Self::SmoothGradient => formatter.write_str("the picture shows nothing but a smooth gradient"),
        }
    }
}

/// Looks at a small copy of the picture; a few milliseconds at any size. Noise counts as something.
///
/// ```
/// use photo::{Content, Image, content};
///
/// let strip = Image::filled(1, 400, [90, 160, 230])?;
/// assert_eq!(content(&strip), Content::Strip { width: 1, height: 400 });
/// assert_eq!(content(&strip).to_string(), "the picture is 1 x 400 pixels");
/// assert_eq!(content(&Image::filled(640, 480, [90, 160, 230])?), Content::OneColour);
/// # Ok::<(), photo::PhotoError>(())
/// ```
pub fn content(image: &Image) -> Content {
    let (width, height) = (image.width(), image.height());
    let (short, long) = (width.min(height), width.max(height));
    if u64::from(long) > LONGEST_SHAPE * u64::from(short) {
        return Content::Strip { width, height };
    }
    if short < SMALLEST_SIDE {
        return Content::TooSmall { width, height };
    }
    let copy = Copy::of(image);
    let bends = copy.bends();
    let range = copy.range();
    let smooth = bends.within(SMOOTH) || range >= WIDE && bends.within(SMOOTH_AND_WIDE);
    match (smooth, range <= ONE_COLOUR) {
        (false, _) => Content::Something,
        (true, true) => Content::OneColour,
        (true, false) => Content::SmoothGradient,
    }
}

/// Second differences of neighbouring cells.
#[derive(Clone, Copy)]
struct Bends {
    /// Not exceeded by 99 % of the cells.
    usual: u16,
    greatest: u16,
}

impl Bends {
    const fn within(self, limit: Self) -> bool {
        self.usual <= limit.usual && self.greatest <= limit.greatest
    }
}

/// Mean colours of the cells of a grid.
struct Copy {
    columns: usize,
    cells: Vec<[u8; 3]>,
}

impl Copy {
    /// All cells are of one size, or smooth pictures would look jagged; what is left at the end is not looked at.
    fn of(image: &Image) -> Self {
        let (cell_width, cell_height) = (image.width().div_ceil(CELLS), image.height().div_ceil(CELLS));
        let (columns, rows) = (image.width() / cell_width, image.height() / cell_height);
        let mut cells = Vec::with_capacity((columns * rows) as usize);
        for row in 0..rows {
            for column in 0..columns {
                cells.push(mean(image, &span(column, cell_width), span(row, cell_height)));
            }
        }
        Self { columns: columns as usize, cells }
    }

    /// How far the colours reach, in the channel where they reach furthest.
    fn range(&self) -> u16 {
        let reach = |channel: usize| {
            let values = self.cells.iter().map(|cell| u16::from(cell[channel]));
            values.clone().max().unwrap_or(0) - values.min().unwrap_or(0)
        };
        reach(0).max(reach(1)).max(reach(2))
    }

    /// Along rows and columns, the greater of both, in the channel where it is greatest.
    fn bends(&self) -> Bends {
        let bend = |at: usize, step: usize| {
            let (before, here, after) = (self.cells[at - step], self.cells[at], self.cells[at + step]);
            let of = |channel: usize| {
                (u16::from(before[channel]) + u16::from(after[channel]))
                    .abs_diff(2 * u16::from(here[channel]))
            };
            of(0).max(of(1)).max(of(2))
        };
        let inner_rows = 1..self.cells.len() / self.columns - 1;
        let inner = inner_rows.flat_map(|row| (1..self.columns - 1).map(move |column| (row, column)));
        let mut bends: Vec<u16> = inner
            .map(|(row, column)| row * self.columns + column)
            .map(|at| bend(at, 1).max(bend(at, self.columns)))
            .collect();
        bends.sort_unstable();
        Bends {
            usual: bends.get(bends.len() * 99 / 100).copied().unwrap_or(0),
            greatest: bends.last().copied().unwrap_or(0),
        }
    }
}

/// The pixels that are looked at along one side of a cell: all of them, or some at equal distances.
fn span(cell: u32, side: u32) -> impl Iterator<Item = u32> + Clone {
    (cell * side..(cell + 1) * side).step_by(side.div_ceil(SAMPLES_PER_CELL).max(1) as usize)
}

fn mean(
    image: &Image,
    columns: &(impl Iterator<Item = u32> + Clone),
    rows: impl Iterator<Item = u32>,
) -> [u8; 3] {
    let (mut sum, mut count) = ([0_u32; 3], 0);
    for row in rows {
        let start = row as usize * image.width() as usize;
        for column in columns.clone() {
            let at = (start + column as usize) * 3;
            for (total, &sample) in sum.iter_mut().zip(image.rgb().get(at..at + 3).unwrap_or_default()) {
                *total += u32::from(sample);
            }
            count += 1;
        }
    }
    sum.map(|total| (total / count.max(1)) as u8)
}
