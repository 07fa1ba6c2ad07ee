//! A region prepared for many locations.

use std::collections::HashSet;

use super::{BORDER_KM, Region};
use crate::towns::Window;
use crate::{LatLon, ReverseGeocoder};

/// Cells per degree of the grid that says where towns may be close.
const CELLS: f64 = 20.0;
const COLUMNS: i64 = 7200;
/// All there is.
const WORLD: Window = Window { south: -90.0, west: -180.0, north: 90.0, east: 180.0 };
/// Further than this from all places of a state, no point is in it, km.
const STATE_KM: f64 = 165.0;

/// Answers like [`Region::contains`], much faster: make it once, ask it for each location.
///
/// ```
/// use geo::{LatLon, Region};
///
/// let matcher = "NO".parse::<Region>()?.matcher();
/// // Svinesund lies on the border: the polygons may say Sweden, a town within 2 km is Norwegian.
/// assert!(matcher.contains(LatLon::new(59.12, 11.39)?, Some("NO")));
/// assert!(!matcher.contains(LatLon::new(58.94, 11.17)?, Some("SE")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RegionMatcher {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Country { code: String, near_towns: HashSet<u32> },
    State { region: Region, window: Option<Window> },
    Shape(Region),
}

impl RegionMatcher {
    pub(super) fn new(region: &Region) -> Self {
        let mut parts = Vec::new();
        add(region, &mut parts);
        Self { parts }
    }

    /// Whether a location lies in the region; `country_code` is that of its [`crate::Place`].
    pub fn contains(&self, location: LatLon, country_code: Option<&str>) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Country { code, near_towns } => country_code.is_some_and(|known| {
                known.eq_ignore_ascii_case(code)
                    || near_towns.contains(&cell(location))
                        && ReverseGeocoder::embedded().has_town_near(code, location, BORDER_KM)
            }),
            Part::State { region, window } => {
                let (latitude, longitude) = (location.latitude(), location.longitude());
                window.is_some_and(|window| window.contains(latitude, longitude))
                    && region.contains_code(location, country_code)
            }
            Part::Shape(region) => region.contains_code(location, country_code),
        })
    }
}

fn add(region: &Region, parts: &mut Vec<Part>) {
    let geocoder = ReverseGeocoder::embedded();
    match region {
        Region::AnyOf(regions) => regions.iter().for_each(|region| add(region, parts)),
        Region::Country(code) => {
            let mut near_towns = HashSet::new();
            geocoder.visit_towns_of(code, None, |town| {
                mark(Window::around(town, BORDER_KM * 1.01), &mut near_towns);
            });
            parts.push(Part::Country { code: code.clone(), near_towns });
        }
        Region::State { country, state } => {
            let mut window: Option<Window> = None;
            geocoder.visit_towns_of(country, Some(state), |town| {
                let around = Window::around(town, STATE_KM);
                // A polygon may reach anywhere. A window over the antimeridian is about a state on both sides of it.
                let around = if geocoder.has_polygon_of_state(town) {
                    WORLD
                } else if around.west < -180.0 || around.east > 180.0 {
                    Window { west: -180.0, east: 180.0, ..around }
                } else {
                    around
                };
                window = Some(window.map_or(around, |window| window.and(around)));
            });
            parts.push(Part::State { region: region.clone(), window });
        }
        Region::BoundingBox { .. } | Region::Circle { .. } => parts.push(Part::Shape(region.clone())),
    }
}

fn row_column(latitude: f64, longitude: f64) -> (i64, i64) {
    (((latitude + 90.0) * CELLS).floor() as i64, ((longitude + 180.0) * CELLS).floor() as i64)
}

fn number(row: i64, column: i64) -> u32 {
    (row * COLUMNS + column.rem_euclid(COLUMNS)) as u32
}

fn cell(location: LatLon) -> u32 {
    let (row, column) = row_column(location.latitude(), location.longitude());
    number(row, column)
}

/// All cells that touch a window.
fn mark(window: Window, cells: &mut HashSet<u32>) {
    let (south, west) = row_column(window.south.max(-90.0), window.west);
    let (north, east) = row_column(window.north.min(90.0), window.east);
    for row in south..=north {
        for column in west..=east.min(west + COLUMNS) {
            cells.insert(number(row, column));
        }
    }
}
