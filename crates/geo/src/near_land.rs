//! Whether a point is on land or close to it.

use crate::LatLon;
use crate::embedded::u32_at;

static BYTES: &[u8] = include_bytes!("../data/near_land.bin");
const STARTS: usize = 8;
const ROWS: usize = 1800;
const CHANGES: usize = STARTS + 4 * (ROWS + 1);

/// True on land and within about 25 km of it (cells of 0.1 degree whose centre is that close; so the reach
/// is uncertain by half a cell). Read in place: a row holds the columns where near and far change.
pub(crate) fn is_near_land(point: LatLon) -> bool {
    let row = (((point.latitude() + 90.0) * 10.0) as usize).min(ROWS - 1);
    let column = (((point.longitude() + 180.0) * 10.0) as u16).min(3599);
    let (start, end) = (u32_at(BYTES, STARTS + 4 * row), u32_at(BYTES, STARTS + 4 * row + 4));
    let bytes = BYTES.get(CHANGES + 2 * start as usize..CHANGES + 2 * end as usize).unwrap_or_default();
    let changes =
        bytes.chunks_exact(2).take_while(|change| u16::from_le_bytes([change[0], change[1]]) <= column);
    changes.count() % 2 == 1
}

impl LatLon {
    /// Whether the point is on land or within about 25 km of it: where photos are commonly taken. Lakes count as land; the
    /// reach is uncertain by half a cell of 0.1 degree.
    ///
    /// ```
    /// assert!(geo::LatLon::new(48.8584, 2.2945)?.is_near_land());
    /// assert!(!geo::LatLon::new(2.2945, 48.8584)?.is_near_land());
    /// # Ok::<(), geo::CoordinateError>(())
    /// ```
    pub fn is_near_land(self) -> bool {
        is_near_land(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_coasts() {
        for (latitude, longitude, near) in [
            (48.85, 2.35, true),
            (-89.9, 0.0, true),
            (89.9, 0.0, false),
            (30.0, -40.0, false),
            (32.7, -117.4, true),
            (32.7, -118.0, false),
            (68.0, 180.0, true),
            (68.0, -180.0, true),
            (-16.8, 179.99, true),
            (0.0, -140.0, false),
        ] {
            let point = LatLon::new(latitude, longitude).unwrap();
            assert_eq!(is_near_land(point), near, "{point}");
        }
    }

    #[test]
    fn the_file_ends_where_the_last_row_ends() {
        let end = u32_at(BYTES, STARTS + 4 * ROWS) as usize;
        assert_eq!(BYTES.len(), CHANGES + 2 * end);
    }
}
