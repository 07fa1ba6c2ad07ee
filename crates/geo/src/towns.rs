//! The table of populated places, read in place from the embedded bytes.

use crate::LatLon;
use crate::distance::EARTH_RADIUS_KM;
use crate::embedded::{Cursor, u16_at, u32_at};

static BYTES: &[u8] = include_bytes!("../data/places.bin");
const TOWN_BYTES: usize = 10;
const CELL_BYTES: usize = 6;
const DIVISION_BYTES: usize = 6;

/// The parts of `places.bin`; the format is in `data/README.md`.
#[derive(Debug)]
pub(crate) struct TownTable {
    row_starts: &'static [u8],
    cells: &'static [u8],
    states: &'static [u8],
    counties: &'static [u8],
    towns: &'static [u8],
    texts: &'static [u8],
}

/// One place of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Town {
    pub(crate) location: LatLon,
    record: &'static [u8],
}

/// A part of the map in degrees; the longitudes may leave -180..180, so `west <= east` always.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) south: f64,
    pub(crate) west: f64,
    pub(crate) north: f64,
    pub(crate) east: f64,
}

impl Window {
    /// The smallest window around a circle.
    pub(crate) fn around(centre: LatLon, radius_km: f64) -> Self {
        let reach = radius_km / EARTH_RADIUS_KM;
        let (south, north) = (centre.latitude() - reach.to_degrees(), centre.latitude() + reach.to_degrees());
        let half = if south <= -90.0 || north >= 90.0 {
            180.0
        } else {
            (reach.sin() / centre.latitude().to_radians().cos()).asin().to_degrees()
        };
        Self { south, north, west: centre.longitude() - half, east: centre.longitude() + half }
    }

    /// The smallest window around both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            south: self.south.min(other.south),
            west: self.west.min(other.west),
            north: self.north.max(other.north),
            east: self.east.max(other.east),
        }
    }

    pub(crate) fn contains(self, latitude: f64, longitude: f64) -> bool {
        latitude >= self.south && latitude <= self.north && longitude >= self.west && longitude <= self.east
    }
}

impl TownTable {
    pub(crate) fn embedded() -> Self {
        let mut cursor = Cursor::new(BYTES);
        let magic = cursor.take(8);
        debug_assert_eq!(magic, b"GEOPLAC1");
        let [states, counties, cells, towns, texts] = [(); 5].map(|()| cursor.u32() as usize);
        Self {
            row_starts: cursor.take(4 * 181),
            cells: cursor.take(CELL_BYTES * cells),
            states: cursor.take(DIVISION_BYTES * states),
            counties: cursor.take(DIVISION_BYTES * counties),
            towns: cursor.take(TOWN_BYTES * towns),
            texts: cursor.take(texts),
        }
    }

    /// Calls `visit` with every place in the window, each once.
    pub(crate) fn visit(&self, window: Window, mut visit: impl FnMut(Town)) {
        // A window wider than the world would show places twice.
        let east = window.east.min(window.west + 360.0 - 1e-9);
        let window = Window { east, ..window };
        let first_row = (window.south.floor() + 90.0).clamp(0.0, 179.0) as usize;
        let last_row = (window.north.floor() + 90.0).clamp(0.0, 179.0) as usize;
        for row in first_row..=last_row {
            let start = u32_at(self.row_starts, 4 * row) as usize;
            let end = u32_at(self.row_starts, 4 * row + 4) as usize;
            for cell in start..end {
                self.visit_cell(window, row, cell, &mut visit);
            }
        }
    }

    fn visit_cell(&self, window: Window, row: usize, cell: usize, visit: &mut impl FnMut(Town)) {
        let edge = f64::from(u16_at(self.cells, CELL_BYTES * cell)) - 180.0;
        let Some(turn) = [0.0, -360.0, 360.0]
            .into_iter()
            .find(|turn| edge + turn <= window.east && edge + turn + 1.0 >= window.west)
        else {
            return;
        };
        let first = u32_at(self.cells, CELL_BYTES * cell + 2) as usize;
        let last = match self.cells.get(CELL_BYTES * (cell + 1)..) {
            Some([_, _, next @ ..]) => u32_at(next, 0) as usize,
            _ => self.towns.len() / TOWN_BYTES,
        };
        let records = self.towns.get(first * TOWN_BYTES..last * TOWN_BYTES).unwrap_or_default();
        for record in records.chunks_exact(TOWN_BYTES) {
            let longitude = edge + f64::from(u16_at(record, 0)) / 65_536.0;
            let latitude = row as f64 - 90.0 + f64::from(u16_at(record, 2)) / 65_536.0;
            // A cell can touch both ends of a very wide window, under two different turns.
            let inside = window.contains(latitude, longitude + turn)
                || (window.east - window.west > 358.0
                    && [0.0, -360.0, 360.0].iter().any(|turn| window.contains(latitude, longitude + turn)));
            if inside && let Ok(location) = LatLon::new(latitude, longitude) {
                visit(Town { location, record });
            }
        }
    }

    fn text(&self, offset: u32) -> &'static str {
        let Some((length, rest)) = self.texts.get(offset as usize..).and_then(|rest| rest.split_first())
        else {
            return "";
        };
        rest.get(..usize::from(*length)).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or("")
    }

    /// The first-level divisions: ISO 3166-1 alpha-2 code of the country, and name (empty for "none").
    pub(crate) fn states(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.states.chunks_exact(DIVISION_BYTES).map(|state| {
            let country = state.get(..2).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or("");
            (country, self.text(u32_at(state, 2)))
        })
    }

    pub(crate) fn name(&self, town: Town) -> &'static str {
        self.text(u32_at(town.record, 4) >> 8)
    }

    /// ISO 3166-1 alpha-2.
    pub(crate) fn country_code(&self, town: Town) -> &'static str {
        let bytes = self.states.get(self.state_offset(town)..).and_then(|rest| rest.get(..2));
        bytes.and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or("")
    }

    pub(crate) fn state(&self, town: Town) -> Option<&'static str> {
        Some(self.text(u32_at(self.states, self.state_offset(town) + 2))).filter(|text| !text.is_empty())
    }

    pub(crate) fn county(&self, town: Town) -> Option<&'static str> {
        Some(self.text(u32_at(self.counties, county_offset(town) + 2))).filter(|text| !text.is_empty())
    }

    fn state_offset(&self, town: Town) -> usize {
        DIVISION_BYTES * usize::from(u16_at(self.counties, county_offset(town)))
    }

    #[cfg(test)]
    fn is_complete(&self) -> bool {
        let parts = [self.row_starts, self.cells, self.states, self.counties, self.towns, self.texts];
        BYTES.len() == 28 + parts.iter().map(|part| part.len()).sum::<usize>()
    }
}

fn county_offset(town: Town) -> usize {
    DIVISION_BYTES * usize::from(u16_at(town.record, 8))
}

impl Town {
    /// Population to 9 %; 0 when it is unknown.
    pub(crate) fn population(self) -> u64 {
        match self.population_step() {
            0 => 0,
            step => (f64::from(step - 1) / 8.0).exp2().round() as u64,
        }
    }

    /// Grows with the population: 8 steps a doubling.
    pub(crate) fn population_step(self) -> u8 {
        self.record.get(4).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: Window = Window { south: -90.0, west: -180.0, north: 90.0, east: 180.0 };

    #[test]
    fn every_place_can_be_read() {
        let table = TownTable::embedded();
        assert!(table.is_complete());
        let mut count = 0;
        table.visit(WORLD, |town| {
            count += 1;
            assert!(!table.name(town).is_empty());
            let code = table.country_code(town);
            assert!(crate::country_name(code).is_some(), "{code}");
            table.state(town).into_iter().chain(table.county(town)).for_each(|text| assert!(text.len() > 1));
        });
        assert_eq!(count, table.towns.len() / TOWN_BYTES);
        assert!(count > 150_000);
    }

    #[test]
    fn windows_find_what_a_full_scan_finds() {
        let table = TownTable::embedded();
        for (latitude, longitude, radius) in [
            (-17.0, 179.9, 300.0),
            (-17.0, -179.9, 300.0),
            (66.0, 180.0, 900.0),
            (89.0, 0.0, 2500.0),
            (-88.0, 20.0, 4000.0),
            (47.5, 7.6, 40.0),
        ] {
            let centre = LatLon::new(latitude, longitude).unwrap();
            let count_in = |window: Window| {
                let mut count = 0;
                table.visit(window, |town| {
                    count += usize::from(crate::haversine_km(centre, town.location) <= radius);
                });
                count
            };
            let found = count_in(Window::around(centre, radius));
            assert!(found > 0, "{centre}");
            assert_eq!(found, count_in(WORLD), "{centre}");
        }
    }
}
