//! The nearest of many points, without asking all of them.

use geo::{EARTH_RADIUS_KM, LatLon, geodesic_km};

/// The straight line through a sphere, times this, is never longer than the geodesic on the ellipsoid.
const SHORTEST: f64 = 1.0 / 1.006;

/// A balanced tree over unit vectors: the middle of a range splits it along one axis.
#[derive(Clone, Debug)]
pub(crate) struct Nearest {
    nodes: Vec<Node>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    vector: [f64; 3],
    place: LatLon,
    /// The point's number in the list it came from.
    number: u32,
}

impl Nearest {
    pub(crate) fn new(points: impl Iterator<Item = LatLon>) -> Self {
        let node = |(place, number): (LatLon, u32)| Node { vector: place.to_unit_vector(), place, number };
        let mut nodes: Vec<Node> = points.zip(0..).map(node).collect();
        split(&mut nodes, 0);
        Self { nodes }
    }

    /// The geodesic to the nearest of the points that count, km; `None` when none does.
    pub(crate) fn distance_km(&self, from: LatLon, counts: impl Fn(usize) -> bool) -> Option<f64> {
        let mut best = f64::INFINITY;
        search(&self.nodes, 0, from, from.to_unit_vector(), &counts, &mut best);
        best.is_finite().then_some(best)
    }
}

fn split(nodes: &mut [Node], axis: usize) {
    if nodes.len() > 1 {
        let middle = nodes.len() / 2;
        nodes.select_nth_unstable_by(middle, |a, b| a.vector[axis].total_cmp(&b.vector[axis]));
        let (before, after) = nodes.split_at_mut(middle);
        split(before, (axis + 1) % 3);
        split(&mut after[1..], (axis + 1) % 3);
    }
}

fn search(
    nodes: &[Node],
    axis: usize,
    from: LatLon,
    here: [f64; 3],
    counts: &impl Fn(usize) -> bool,
    best: &mut f64,
) {
    let Some(node) = nodes.get(nodes.len() / 2) else { return };
    let least = |chord: f64| chord * EARTH_RADIUS_KM * SHORTEST;
    let square: f64 = here.iter().zip(&node.vector).map(|(a, b)| (a - b).powi(2)).sum();
    if least(square.sqrt()) < *best && counts(node.number as usize) {
        *best = best.min(geodesic_km(from, node.place));
    }
    let (before, after) = (&nodes[..nodes.len() / 2], &nodes[nodes.len() / 2 + 1..]);
    let beyond = here[axis] - node.vector[axis];
    let (near, far) = if beyond < 0.0 { (before, after) } else { (after, before) };
    search(near, (axis + 1) % 3, from, here, counts, best);
    if least(beyond.abs()) < *best {
        search(far, (axis + 1) % 3, from, here, counts, best);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<LatLon>> {
        let anywhere = (-90.0..=90.0, -180.0..=180.0).boxed();
        let crowd = (60.0..60.01, prop_oneof![179.99..=180.0, -180.0..=-179.99]).boxed();
        let place = prop_oneof![anywhere, crowd];
        let place = place.prop_map(|(latitude, longitude)| LatLon::new(latitude, longitude).unwrap());
        prop::collection::vec(place, count)
    }

    proptest! {
        #[test]
        fn equals_the_comparison_of_all(
            gallery in points(0..60), queries in points(1..6), step in 1_usize..4,
        ) {
            let nearest = Nearest::new(gallery.iter().copied());
            for query in queries {
                let counted = gallery.iter().step_by(step).map(|place| geodesic_km(query, *place));
                let expected = counted.min_by(f64::total_cmp);
                prop_assert_eq!(nearest.distance_km(query, |number| number % step == 0), expected);
            }
        }
    }
}
