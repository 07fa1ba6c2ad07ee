//! Squares of about equal area all over the Earth: rows of one height, each cut into as many columns as fit.

use geo::{EARTH_RADIUS_KM, LatLon};

/// Row and column of the cell that a location is in, cells being about `side_km` wide and high.
pub(super) fn cell_of(location: LatLon, side_km: f64) -> (u32, u32) {
    let km_a_degree = EARTH_RADIUS_KM.to_radians();
    let rows = (180.0 * km_a_degree / side_km).round().max(1.0);
    let row = ((location.latitude() + 90.0) / 180.0 * rows).floor().min(rows - 1.0);
    let middle = (row + 0.5) / rows * 180.0 - 90.0;
    let around = 360.0 * km_a_degree * middle.to_radians().cos();
    let columns = (around / side_km).round().max(1.0);
    // 180 and -180 degrees are one meridian.
    let column = ((location.longitude() + 180.0) / 360.0).fract() * columns;
    (row as u32, column.floor().min(columns - 1.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_about_one_size_everywhere() {
        for latitude in [0.0, 45.0, -60.0, 80.0] {
            let start = LatLon::new(latitude, 10.0).unwrap();
            for bearing in [0.0, 90.0] {
                let mut seen = std::collections::HashSet::new();
                for step in 0..1000 {
                    let point = geo::destination(start, bearing, f64::from(step)).unwrap();
                    seen.insert(cell_of(point, 25.0));
                }
                assert!((38..=60).contains(&seen.len()), "{latitude} {bearing}: {}", seen.len());
            }
        }
    }

    #[test]
    fn edges_of_the_world_are_in_cells() {
        let cell = |latitude, longitude| cell_of(LatLon::new(latitude, longitude).unwrap(), 25.0);
        assert_eq!(cell(10.0, 180.0), cell(10.0, -180.0));
        assert_eq!(cell(90.0, 0.0).0, cell(89.99, 120.0).0);
        assert_eq!(cell(-90.0, 0.0).0, 0);
        assert_eq!(cell_of(LatLon::new(1.0, 2.0).unwrap(), 50_000.0), (0, 0));
    }
}
