//! Outlines of the land and of the countries, for drawing a world map without a network.

use std::sync::OnceLock;

use crate::embedded::Cursor;

static BYTES: &[u8] = include_bytes!("../data/outlines.bin");

/// `[longitude, latitude]` in degrees (the order of GeoJSON), on a grid of 0.0055 x 0.0027 degrees.
pub type MapPoint = [f32; 2];

/// One piece of land.
///
/// No polygon crosses the antimeridian: those that did (Russia, Fiji, Antarctica) are cut there, and
/// Antarctica is closed along latitude -90. So each can be drawn as it stands, in any cylindrical
/// projection.
#[derive(Clone, Debug, PartialEq)]
pub struct MapPolygon {
    /// Closed rings (the last point repeats the first): the shore, then the holes. Fill with the even-odd
    /// rule.
    pub rings: Vec<Vec<MapPoint>>,
}

/// The outlines of the world.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlines {
    /// The land, seas left out. The polygons do not overlap, so they may also be filled as one even-odd
    /// path.
    pub land: Vec<MapPolygon>,
    /// Borders between countries as open lines, coasts left out; cut at the antimeridian. Natural Earth
    /// draws the lines of actual control.
    pub borders: Vec<Vec<MapPoint>>,
}

/// How fine the outlines are; Natural Earth's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutlineScale {
    /// 1:110 million, about 8,000 points: for a map of the whole world.
    Coarse,
    /// 1:50 million, about 80,000 points: for zooming in to a region.
    Medium,
}

/// The outlines at a scale, decoded on first use (about 1 ms) and kept.
///
/// Data: Natural Earth, public domain.
///
/// ```
/// use geo::{OutlineScale, outlines};
///
/// let world = outlines(OutlineScale::Coarse);
/// let svg: String = world.land.iter().flat_map(|polygon| &polygon.rings).map(|ring| {
///     let points: Vec<String> = ring.iter().map(|[x, y]| format!("{x:.2} {:.2}", -y)).collect();
///     format!("M{}Z", points.join("L"))
/// }).collect();
/// assert!(svg.starts_with('M'));
/// ```
pub fn outlines(scale: OutlineScale) -> &'static Outlines {
    static BOTH: OnceLock<[Outlines; 2]> = OnceLock::new();
    let [coarse, medium] = BOTH.get_or_init(|| read(&mut Cursor::new(BYTES)));
    match scale {
        OutlineScale::Coarse => coarse,
        OutlineScale::Medium => medium,
    }
}

fn read(cursor: &mut Cursor<'_>) -> [Outlines; 2] {
    let magic = cursor.take(8);
    debug_assert_eq!(magic, b"GEOUTLN1");
    [(); 2].map(|()| Outlines {
        land: read_shapes(cursor).into_iter().map(|rings| MapPolygon { rings }).collect(),
        borders: read_shapes(cursor).into_iter().flatten().collect(),
    })
}

fn read_shapes(cursor: &mut Cursor<'_>) -> Vec<Vec<Vec<MapPoint>>> {
    (0..cursor.u32()).map(|_| (0..cursor.u16()).map(|_| read_line(cursor)).collect()).collect()
}

/// Points are steps on the grid, longitude and latitude in turn.
fn read_line(cursor: &mut Cursor<'_>) -> Vec<MapPoint> {
    let (mut column, mut row) = (0, 0);
    (0..cursor.u32())
        .map(|_| {
            column += read_step(cursor);
            row += read_step(cursor);
            [column as f32 / 65_535.0 * 360.0 - 180.0, row as f32 / 65_535.0 * 180.0 - 90.0]
        })
        .collect()
}

/// One byte, or the mark -128 and an `i32`.
fn read_step(cursor: &mut Cursor<'_>) -> i32 {
    match cursor.i8() {
        i8::MIN => cursor.i32(),
        step => i32::from(step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_land(outlines: &Outlines, x: f32, y: f32) -> bool {
        let rings = outlines.land.iter().flat_map(|polygon| &polygon.rings);
        let edges = rings.flat_map(|ring| ring.windows(2));
        let crossed = edges.filter(|edge| {
            let ([x1, y1], [x2, y2]) = (edge[0], edge[1]);
            (y1 > y) != (y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        });
        crossed.count() % 2 == 1
    }

    #[test]
    fn the_file_is_read_to_its_end() {
        let mut cursor = Cursor::new(BYTES);
        read(&mut cursor);
        assert!(cursor.is_empty());
        assert!(BYTES.len() <= 600 << 10);
    }

    #[test]
    fn rings_are_closed_and_on_the_map() {
        for scale in [OutlineScale::Coarse, OutlineScale::Medium] {
            let world = outlines(scale);
            assert!(world.land.len() > 100 && world.borders.len() > 200);
            for ring in world.land.iter().flat_map(|polygon| &polygon.rings) {
                assert!(ring.len() >= 4, "{ring:?}");
                assert_eq!(ring.first(), ring.last());
            }
            let rings = world.land.iter().flat_map(|polygon| &polygon.rings).chain(&world.borders);
            for [longitude, latitude] in rings.clone().flatten() {
                assert!((-180.0..=180.0).contains(longitude) && (-90.0..=90.0).contains(latitude));
            }
            // Nothing jumps over the map, except Antarctica's edge along the pole.
            for edge in rings.flat_map(|ring| ring.windows(2)) {
                let along_the_pole = edge[0][1] <= -90.0 && edge[1][1] <= -90.0;
                assert!(along_the_pole || (edge[0][0] - edge[1][0]).abs() < 30.0, "{edge:?}");
            }
        }
    }

    #[test]
    fn land_is_land_and_sea_is_sea() {
        for scale in [OutlineScale::Coarse, OutlineScale::Medium] {
            let world = outlines(scale);
            for (name, x, y) in [
                ("Paris", 2.35, 48.85),
                ("Chukotka, west of the antimeridian", 178.0, 67.5),
                ("Chukotka, east of it", -175.0, 67.0),
                ("South Pole", 10.0, -89.5),
                ("Alice Springs", 133.9, -23.7),
            ] {
                assert!(on_land(world, x, y), "{name} at {scale:?}");
            }
            for (name, x, y) in [
                ("Pacific", -150.0, 20.0),
                ("Bering Sea", 180.0, 58.0),
                ("Indian Ocean", 100.0, -40.0),
                ("Caspian Sea", 50.5, 42.0),
                ("Arctic Ocean", 0.0, 87.0),
                ("Southern Ocean", -120.0, -60.0),
            ] {
                assert!(!on_land(world, x, y), "{name} at {scale:?}");
            }
        }
    }
}
