//! Regions over columns of coordinates and over the R*Tree.

use std::f64::consts::FRAC_PI_2;

use geo::{EARTH_RADIUS_KM, LatLon, Region};

use crate::matrix::RowMask;

/// `[south, north, west, east]`, degrees; west <= east.
pub(crate) type Box = [f64; 4];

const WORLD: Box = [-90.0, 90.0, -180.0, 180.0];

/// Boxes that together hold all of a region, and a little more.
pub(crate) fn boxes(region: &Region) -> Vec<Box> {
    match region {
        Region::Country(_) | Region::State { .. } => vec![WORLD],
        Region::AnyOf(regions) => regions.iter().flat_map(boxes).collect(),
        Region::BoundingBox { south, west, north, east } if west <= east => {
            vec![[*south, *north, *west, *east]]
        }
        Region::BoundingBox { south, west, north, east } => {
            vec![[*south, *north, *west, 180.0], [*south, *north, -180.0, *east]]
        }
        Region::Circle { centre, radius_km } => circle_boxes(*centre, *radius_km),
    }
}

/// The widest meridians of a circle lie at asin(sin r / cos latitude) to both sides of its centre.
fn circle_boxes(centre: LatLon, radius_km: f64) -> Vec<Box> {
    // Wider by more than the sphere and the ellipsoid differ (0.6 %).
    let radius = radius_km / EARTH_RADIUS_KM * 1.01 + 1e-9;
    let (latitude, longitude) = (centre.latitude(), centre.longitude());
    let (south, north) = (latitude - radius.to_degrees(), latitude + radius.to_degrees());
    if south <= -90.0 || north >= 90.0 || radius >= FRAC_PI_2 {
        return vec![[south.max(-90.0), north.min(90.0), -180.0, 180.0]];
    }
    let half = (radius.sin() / latitude.to_radians().cos()).clamp(-1.0, 1.0).asin().to_degrees();
    let (west, east) = (longitude - half, longitude + half);
    if west < -180.0 {
        vec![[south, north, west + 360.0, 180.0], [south, north, -180.0, east]]
    } else if east > 180.0 {
        vec![[south, north, west, 180.0], [south, north, -180.0, east - 360.0]]
    } else {
        vec![[south, north, west, east]]
    }
}

/// Two capital letters as a number; 0 for anything that is not a country code.
pub(crate) fn country_number(code: Option<&str>) -> u16 {
    match code.map(str::as_bytes) {
        Some(&[first, second]) if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
            u16::from_be_bytes([first.to_ascii_uppercase(), second.to_ascii_uppercase()])
        }
        _ => 0,
    }
}

/// The code of such a number.
fn country_code(number: u16) -> Option<[u8; 2]> {
    (number != 0).then(|| number.to_be_bytes())
}

/// Whether a region asks for the country of a location.
pub(crate) fn needs_countries(region: &Region) -> bool {
    match region {
        Region::Country(_) => true,
        Region::AnyOf(regions) => regions.iter().any(needs_countries),
        Region::State { .. } | Region::BoundingBox { .. } | Region::Circle { .. } => false,
    }
}

/// The rows in a region. `coordinates` is `[rows, 2]`, latitude and longitude in degrees; `countries` is
/// `[rows]`.
pub(crate) fn region_mask(region: &Region, coordinates: &[[f64; 2]], countries: &[u16]) -> RowMask {
    let (boxes, matcher) = (boxes(region), region.matcher());
    RowMask::from_fn(coordinates.len(), |row| {
        coordinates.get(row).is_some_and(|&[latitude, longitude]| {
            let near = |[south, north, west, east]: &Box| {
                (*south..=*north).contains(&latitude) && (*west..=*east).contains(&longitude)
            };
            let code = countries.get(row).copied().and_then(country_code);
            let code = code.as_ref().and_then(|code| std::str::from_utf8(code).ok());
            boxes.iter().any(near)
                && LatLon::new(latitude, longitude).is_ok_and(|location| matcher.contains(location, code))
        })
    })
}

#[cfg(test)]
mod tests {
    use geo::Place;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn boxes_lose_nothing(
            latitude in -90.0..=90.0_f64, longitude in -180.0..=180.0_f64, radius_km in 1.0..15_000.0_f64,
            points in prop::collection::vec((-90.0..=90.0_f64, -180.0..=180.0_f64, any::<bool>()), 40),
        ) {
            let centre = LatLon::new(latitude, longitude).unwrap();
            let region = Region::Circle { centre, radius_km };
            let coordinates: Vec<[f64; 2]> = points
                .into_iter()
                .map(|(other, across, near)| {
                    // Half of the points lie about the edge of the circle.
                    let edge = geo::destination(centre, across, radius_km * (1.0 + other / 1e4)).filter(|_| near);
                    edge.map_or([other, across], |point| [point.latitude(), point.longitude()])
                })
                .collect();
            let mask = region_mask(&region, &coordinates, &[]);
            for (row, point) in coordinates.iter().enumerate() {
                let location = LatLon::new(point[0], point[1]).unwrap();
                prop_assert_eq!(mask.contains(row), region.contains(location, &Place::default()));
            }
        }
    }

    #[test]
    fn countries_compare_by_code() {
        let countries = [country_number(Some("AU")), 0, country_number(Some("nz"))];
        let mask = |code: &str| region_mask(&Region::Country(code.into()), &[[0.0; 2]; 3], &countries);
        assert_eq!(mask("au").iter().collect::<Vec<_>>(), [0]);
        assert_eq!(mask("NZ").iter().collect::<Vec<_>>(), [2]);
        assert_eq!(mask("").count() + mask("AUS").count(), 0);
    }
}
