//! Which points lie close to which, without comparing all pairs.

use std::f64::consts::FRAC_PI_2;
use std::ops::Range;

use geo::{EARTH_RADIUS_KM, LatLon};
use rayon::prelude::*;

/// Points that are counted by one task; fixed, so that nothing depends on the number of threads.
const CHUNK: usize = 256;
/// Cells must not be smaller than this (12 m), so that three numbers of a cell fit into one key.
const LEAST_SIDE: f64 = 1.0 / 524_288.0;
/// Bits per axis of a cell's key.
const KEY_BITS: u32 = 21;
/// Bits per axis of the order within a cell.
const CURVE_BITS: u32 = 10;

/// Points on the globe in cubic cells as wide as a radius, for the points within that radius of each other.
///
/// Cells divide the space of unit vectors, so the poles and the antimeridian are ordinary places. Two points are
/// neighbours when their great circle is **strictly** shorter than the radius; a point is its own neighbour. The
/// result is that of comparing all pairs. Memory: 28 bytes per point and 16 per cell.
///
/// ```
/// use geo::LatLon;
/// use train::Neighbours;
///
/// let points = [LatLon::new(0.0, 179.99)?, LatLon::new(0.0, -179.99)?, LatLon::new(0.0, 0.0)?];
/// let near = Neighbours::new(&points, 5.0);
/// assert_eq!(near.counts(), [2, 2, 1]);
/// assert_eq!(near.around(points[0]), [0, 1]);
/// # Ok::<(), geo::CoordinateError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Neighbours {
    /// Square of the longest chord between neighbours on the unit sphere, exclusive.
    limit: f64,
    /// Width of a cell.
    side: f64,
    /// The number of the point at each position. Positions go by cell, and along a curve within each.
    order: Vec<u32>,
    /// By position.
    vectors: Vec<[f64; 3]>,
    /// Cells that hold points, in the order of their keys.
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    key: u64,
    start: usize,
    end: usize,
}

/// The neighbours of one point, told by what is different from the point before it.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    /// The point's number.
    pub(crate) point: usize,
    /// How many neighbours it has, itself included.
    pub(crate) count: usize,
    /// Whether `entered` holds all neighbours; otherwise those that the point before does not have.
    pub(crate) fresh: bool,
    /// Numbers of points.
    pub(crate) entered: &'a [u32],
    /// Neighbours of the point before that this one does not have.
    pub(crate) left: &'a [u32],
}

impl Neighbours {
    /// Sorts points into cells. With a radius that is not above 0, points have no neighbours at all.
    pub fn new(points: &[LatLon], radius_km: f64) -> Self {
        let half_angle = radius_km / (2.0 * EARTH_RADIUS_KM);
        // From the half circumference on, the antipodes are inside as well.
        let chord = if half_angle > FRAC_PI_2 { f64::INFINITY } else { 2.0 * half_angle.max(0.0).sin() };
        // A little wider than the radius: what is rounded when cells are numbered must not part neighbours.
        let side = (chord.min(2.0) * (1.0 + 1e-9)).max(LEAST_SIDE);
        let mut sorted: Vec<(u64, u32, u32)> = points
            .iter()
            .zip(0_u32..)
            .map(|(point, number)| {
                let vector = point.to_unit_vector();
                (key(cell_of(&vector, side)), curve(&vector, side), number)
            })
            .collect();
        sorted.par_sort_unstable();
        let mut cells: Vec<Cell> = Vec::new();
        for (position, (key, ..)) in sorted.iter().enumerate() {
            match cells.last_mut() {
                Some(cell) if cell.key == *key => cell.end = position + 1,
                _ => cells.push(Cell { key: *key, start: position, end: position + 1 }),
            }
        }
        let order: Vec<u32> = sorted.into_iter().map(|(.., number)| number).collect();
        let vectors = order.iter().map(|number| points[*number as usize].to_unit_vector()).collect();
        Self { limit: chord * chord, side, order, vectors, cells }
    }

    /// How many neighbours each point has, itself included; in the order of the points.
    pub fn counts(&self) -> Vec<usize> {
        let chunks: Vec<Vec<usize>> = (0..self.order.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| self.counts_at(chunk * CHUNK..self.order.len().min((chunk + 1) * CHUNK)))
            .collect();
        let mut counts = vec![0; self.order.len()];
        for (number, count) in self.order.iter().zip(chunks.into_iter().flatten()) {
            counts[*number as usize] = count;
        }
        counts
    }

    /// The numbers of the points within the radius of a place, ascending.
    pub fn around(&self, place: LatLon) -> Vec<usize> {
        let here = place.to_unit_vector();
        let near = self.ranges(cell_of(&here, self.side)).into_iter().flatten();
        let mut found: Vec<usize> = near
            .filter(|position| self.is_near(&here, &self.vectors[*position]))
            .map(|position| self.order[position] as usize)
            .collect();
        found.sort_unstable();
        found
    }

    /// Visits the points at some positions (of the grid, not of the list) in order, each once.
    ///
    /// In a crowd, points that follow each other share most neighbours. What is summed over neighbours can be kept up
    /// to date with about the square root of as many additions.
    pub(crate) fn walk(&self, positions: Range<usize>, mut visit: impl FnMut(&Step<'_>)) {
        let (mut entered, mut left) = (Vec::new(), Vec::new());
        let mut before: Option<(&[f64; 3], [i64; 3])> = None;
        let mut ranges: [Range<usize>; 9] = Default::default();
        let mut count = 0;
        for position in positions {
            let here = &self.vectors[position];
            let cell = cell_of(here, self.side);
            entered.clear();
            left.clear();
            let mut fresh = true;
            match before {
                Some((there, _)) if there.map(f64::to_bits) == here.map(f64::to_bits) => fresh = false,
                Some((there, known)) if known == cell => {
                    count = 0;
                    for other in ranges.iter().cloned().flatten() {
                        let vector = &self.vectors[other];
                        let (is, was) = (self.is_near(here, vector), self.is_near(there, vector));
                        count += usize::from(is);
                        if is != was {
                            if is { &mut entered } else { &mut left }.push(self.order[other]);
                        }
                    }
                    fresh = entered.len() + left.len() > count;
                }
                _ => ranges = self.ranges(cell),
            }
            if fresh {
                entered.clear();
                left.clear();
                let near = ranges.iter().cloned().flatten();
                let near = near.filter(|other| self.is_near(here, &self.vectors[*other]));
                entered.extend(near.map(|other| self.order[other]));
                count = entered.len();
            }
            let point = self.order[position] as usize;
            visit(&Step { point, count, fresh, entered: &entered, left: &left });
            before = Some((here, cell));
        }
    }

    fn counts_at(&self, positions: Range<usize>) -> Vec<usize> {
        let mut counts: Vec<usize> = Vec::with_capacity(positions.len());
        let mut before = None;
        for position in positions {
            let here = &self.vectors[position];
            let count = match counts.last() {
                Some(count) if before == Some(here) => *count,
                _ => self
                    .ranges(cell_of(here, self.side))
                    .into_iter()
                    .map(|range| {
                        let near = self.vectors[range].iter().filter(|other| self.is_near(here, other));
                        near.count()
                    })
                    .sum(),
            };
            counts.push(count);
            before = Some(here);
        }
        counts
    }

    fn is_near(&self, a: &[f64; 3], b: &[f64; 3]) -> bool {
        let [x, y, z] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
        x * x + y * y + z * z < self.limit
    }

    /// The positions of the points in a cell and the 26 around it. Cells in a column follow each other.
    fn ranges(&self, [x, y, z]: [i64; 3]) -> [Range<usize>; 9] {
        std::array::from_fn(|index| {
            let (x, y) = (x + index as i64 / 3 - 1, y + index as i64 % 3 - 1);
            let (low, high) = (key([x, y, z - 1]), key([x, y, z + 1]));
            let first = self.cells.partition_point(|cell| cell.key < low);
            let inside = self.cells[first..].iter().take_while(|cell| cell.key <= high);
            inside.fold(
                0..0,
                |range: Range<usize>, cell| {
                    if range.is_empty() { cell.start..cell.end } else { range.start..cell.end }
                },
            )
        })
    }
}

/// The cell of a unit vector: three numbers from 1 on, so that every cell has one before it.
fn cell_of(vector: &[f64; 3], side: f64) -> [i64; 3] {
    vector.map(|value| ((value + 1.0) / side) as i64 + 1)
}

fn key([x, y, z]: [i64; 3]) -> u64 {
    (x as u64) << (2 * KEY_BITS) | (y as u64) << KEY_BITS | z as u64
}

/// Where a vector lies on a curve through its cell, on which close points mostly follow each other (Morton's).
fn curve(vector: &[f64; 3], side: f64) -> u32 {
    let parts = vector.map(|value| {
        let within = ((value + 1.0) / side).fract() * f64::from(1_u32 << CURVE_BITS);
        within as u32
    });
    (0..CURVE_BITS).fold(0, |code, bit| {
        parts.iter().zip(0..).fold(code, |code, (part, axis)| code | (part >> bit & 1) << (3 * bit + axis))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::haversine_km;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Everywhere, in crowds at odd places (poles, antimeridian, Greenwich), and exactly there.
    fn points() -> impl Strategy<Value = Vec<LatLon>> {
        let anywhere = (-90.0..=90.0, -180.0..=180.0).boxed();
        let pole = (89.5..=90.0, -180.0..=180.0).boxed();
        let south = (-90.0..=-89.9, -180.0..=180.0).boxed();
        let edge = (-0.3..0.3, prop_oneof![179.8..=180.0, -180.0..=-179.8]).boxed();
        let crowd = (47.5..47.6, 7.5..7.7).boxed();
        let exact = (
            prop::sample::select(vec![-90.0, 0.0, 47.55, 90.0]),
            prop::sample::select(vec![-180.0, -90.0, 0.0, 7.6, 180.0]),
        )
            .boxed();
        let place = prop_oneof![anywhere, pole, south, edge, crowd, exact];
        let place = place.prop_map(|(latitude, longitude)| LatLon::new(latitude, longitude).unwrap());
        prop::collection::vec(place, 0..80)
    }

    fn radius() -> impl Strategy<Value = f64> {
        prop_oneof![0.001..0.1, 0.1..30.0, 30.0..3000.0, 3000.0..25_000.0]
    }

    fn brute_force(points: &[LatLon], radius_km: f64) -> Vec<Vec<usize>> {
        let near = |here: LatLon| {
            (0..points.len()).filter(|other| haversine_km(here, points[*other]) < radius_km).collect()
        };
        points.iter().map(|here| near(*here)).collect()
    }

    proptest! {
        #[test]
        fn equals_the_comparison_of_all_pairs(points in points(), radius_km in radius()) {
            // Distances that are the radius but for rounding may fall on either side.
            let close = |a: &LatLon, b: &LatLon| (haversine_km(*a, *b) - radius_km).abs() < 1e-6 * radius_km.max(1.0);
            prop_assume!(!points.iter().any(|a| points.iter().any(|b| close(a, b))));
            let expected = brute_force(&points, radius_km);
            let near = Neighbours::new(&points, radius_km);
            let counts: Vec<usize> = expected.iter().map(Vec::len).collect();
            prop_assert_eq!(near.counts(), counts);
            for (point, expected) in points.iter().zip(&expected) {
                prop_assert_eq!(&near.around(*point), expected);
            }
            let mut seen = BTreeSet::new();
            for half in [0..points.len() / 2, points.len() / 2..points.len()] {
                let mut held = BTreeSet::new();
                near.walk(half, |step| {
                    if step.fresh {
                        held.clear();
                    }
                    for left in step.left {
                        assert!(held.remove(left), "it was there");
                    }
                    for entered in step.entered {
                        assert!(held.insert(*entered), "it was not there");
                    }
                    let found: Vec<usize> = held.iter().map(|number| *number as usize).collect();
                    assert_eq!((step.count, &found), (found.len(), &expected[step.point]));
                    assert!(seen.insert(step.point));
                });
            }
            prop_assert_eq!(seen.len(), points.len());
        }
    }

    #[test]
    fn radii_at_the_ends() {
        let points: Vec<LatLon> =
            [(0.0, 0.0), (0.0, 180.0), (90.0, 0.0)].map(|(a, b)| LatLon::new(a, b).unwrap()).to_vec();
        assert_eq!(Neighbours::new(&points, 30_000.0).counts(), [3, 3, 3]);
        for nothing in [0.0, -1.0, f64::NAN] {
            assert_eq!(Neighbours::new(&points, nothing).counts(), [0, 0, 0], "{nothing}");
        }
        assert_eq!(Neighbours::new(&points, 1e-9).counts(), [1, 1, 1]);
        assert!(Neighbours::new(&[], 1.0).counts().is_empty());
    }

    #[test]
    fn in_a_crowd_a_step_changes_few_neighbours() {
        // A square of 4 x 4 km, 1600 points: all are neighbours of those in the middle.
        let points: Vec<LatLon> = (0..1600)
            .map(|index| {
                let (row, column) = (f64::from(index / 40), f64::from(index % 40));
                LatLon::new(row * 0.0009, column * 0.0009).unwrap()
            })
            .collect();
        let near = Neighbours::new(&points, 2.0);
        let (mut changes, mut neighbours) = (0, 0);
        near.walk(0..points.len(), |step| {
            changes += step.entered.len() + step.left.len();
            neighbours += step.count;
        });
        assert!(changes * 4 < neighbours, "{changes} changes for {neighbours} neighbours");
    }
}
