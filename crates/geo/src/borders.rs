//! Corrections to the country polygons, which are simplified: where finer borders know better.

use crate::LatLon;
use crate::countries::known_code;
use crate::embedded::{Cursor, u16_at, u32_at};

static BYTES: &[u8] = include_bytes!("../data/borders.bin");

/// Cells per degree, in both directions.
const CELLS: u32 = 400;
const TILE_BYTES: usize = 8;

/// What the finer borders say about a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Correction {
    /// The cell belongs to this country, and the polygons say otherwise.
    Country(&'static str),
    /// The border of a small territory of this country crosses the cell: an enclave, an exclave, a city state.
    EdgeOf(&'static str),
}

/// The parts of `borders.bin`; the format is in `data/README.md`.
pub(crate) struct Corrections {
    countries: &'static [u8],
    tiles: &'static [u8],
    runs: &'static [u8],
}

impl Corrections {
    pub(crate) fn embedded() -> Self {
        let mut cursor = Cursor::new(BYTES);
        let magic = cursor.take(8);
        debug_assert_eq!(magic, b"GEOBORD1");
        let [countries, tiles, runs] = [(); 3].map(|()| cursor.u32() as usize);
        Self {
            countries: cursor.take(2 * countries),
            tiles: cursor.take(TILE_BYTES * tiles),
            runs: cursor.take(runs),
        }
    }

    /// The correction of the cell that a point lies in. Most parts of the world have none, which is known at once.
    pub(crate) fn at(&self, point: LatLon) -> Option<Correction> {
        let (y, x) = (point.latitude() + 90.0, point.longitude() + 180.0);
        let (row, column) = ((y as u16).min(179), (x as u16).min(359));
        let within =
            |value: f64, tile: u16| (((value - f64::from(tile)) * f64::from(CELLS)) as u32).min(CELLS - 1);
        let cell = within(y, row) * CELLS + within(x, column);
        let runs = self.runs_of(row, column)?;
        let mut at = 0;
        let mut rest = runs;
        while !rest.is_empty() {
            let run = Run::read(&mut rest)?;
            if cell < at + run.skipped {
                return None;
            }
            at += run.skipped + run.length;
            if cell < at {
                let code = self.countries.get(2 * run.country..)?.get(..2)?;
                let code = known_code(str::from_utf8(code).ok()?)?;
                return Some(if run.is_edge { Correction::EdgeOf(code) } else { Correction::Country(code) });
            }
        }
        None
    }

    /// The runs of a tile of one degree.
    fn runs_of(&self, row: u16, column: u16) -> Option<&'static [u8]> {
        let wanted = u32::from(row) * 360 + u32::from(column);
        let key = |tile: usize| {
            let at = tile * TILE_BYTES;
            u32::from(u16_at(self.tiles, at)) * 360 + u32::from(u16_at(self.tiles, at + 2))
        };
        let count = self.tiles.len() / TILE_BYTES;
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if key(middle) < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low == count || key(low) != wanted {
            return None;
        }
        let start = u32_at(self.tiles, low * TILE_BYTES + 4) as usize;
        let end = if low + 1 == count {
            self.runs.len()
        } else {
            u32_at(self.tiles, (low + 1) * TILE_BYTES + 4) as usize
        };
        self.runs.get(start..end)
    }
}

/// Cells of a tile, row by row, that have one correction.
struct Run {
    /// Cells without a correction before it.
    skipped: u32,
    length: u32,
    is_edge: bool,
    /// Number in the list of countries.
    country: usize,
}

impl Run {
    fn read(rest: &mut &[u8]) -> Option<Self> {
        let (skipped, extent) = (number(rest), number(rest));
        let (country, after) = rest.split_first()?;
        *rest = after;
        Some(Self {
            skipped,
            length: extent / 2 + 1,
            is_edge: extent % 2 == 1,
            country: usize::from(*country),
        })
    }
}

/// A number in groups of seven bits, the lowest first; the high bit says that more follow.
fn number(rest: &mut &[u8]) -> u32 {
    let (mut value, mut shift) = (0, 0);
    while let Some((byte, after)) = rest.split_first() {
        *rest = after;
        value |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 || shift > 21 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_to_its_end() {
        let corrections = Corrections::embedded();
        let parts = [corrections.countries, corrections.tiles, corrections.runs];
        assert_eq!(BYTES.len(), 20 + parts.iter().map(|part| part.len()).sum::<usize>());
        assert!(BYTES.len() < 1 << 20, "{}", BYTES.len());
        let tiles = corrections.tiles.len() / TILE_BYTES;
        let mut before = None;
        for tile in 0..tiles {
            let (row, column) = (
                u16_at(corrections.tiles, tile * TILE_BYTES),
                u16_at(corrections.tiles, tile * TILE_BYTES + 2),
            );
            assert!(before < Some((row, column)) && row < 180 && column < 360);
            before = Some((row, column));
            let mut rest = corrections.runs_of(row, column).unwrap();
            let mut at = 0;
            while !rest.is_empty() {
                let run = Run::read(&mut rest).unwrap();
                at += run.skipped + run.length;
                let code = &corrections.countries[2 * run.country..][..2];
                assert!(known_code(str::from_utf8(code).unwrap()).is_some());
            }
            assert!(at <= CELLS * CELLS);
        }
    }

    #[test]
    fn most_of_the_world_has_no_correction() {
        let corrections = Corrections::embedded();
        for (latitude, longitude) in
            [(0.0, 0.0), (90.0, 180.0), (-90.0, -180.0), (48.86, 2.35), (30.0, -40.0)]
        {
            assert_eq!(corrections.at(LatLon::new(latitude, longitude).unwrap()), None);
        }
    }
}
