//! Spatial support: how much the candidates agree on a place.

use geo::EARTH_RADIUS_KM;

use contract::Candidate;

/// A mixture of exponential kernels over great-circle distance.
///
/// `K(d) = sum_b weight_b * exp(-d / scale_b)`, with weights that sum to 1, so `K(0) = 1`. Wide scales let
/// candidates of one region support each other, narrow ones let candidates of one street do.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SpatialKernel {
    /// `(scale in km, weight)`; scales positive.
    pub scales: Vec<(f64, f64)>,
}

impl SpatialKernel {
    /// The kernel at a distance in km.
    pub fn at(&self, distance_km: f64) -> f64 {
        let total: f64 = self.scales.iter().map(|(_, weight)| weight).sum();
        self.scales.iter().map(|(scale, weight)| weight * (-distance_km / scale).exp()).sum::<f64>() / total
    }

    /// Whether there is at least one scale and all numbers are positive and finite.
    pub fn is_valid(&self) -> bool {
        !self.scales.is_empty()
            && self.scales.iter().all(|(scale, weight)| {
                *scale > 0.0 && *weight > 0.0 && scale.is_finite() && weight.is_finite()
            })
    }
}

/// Pairwise great-circle distances of candidates, km: `[n * n]`, row-major, symmetric.
#[derive(Clone, Debug)]
pub struct DistanceMatrix {
    count: usize,
    kilometres: Vec<f64>,
}

impl DistanceMatrix {
    /// Computes all pairs: `O(n^2)` arcs between unit vectors, which are a fraction of the work of as many haversines.
    pub fn of(candidates: &[Candidate]) -> Self {
        let count = candidates.len();
        let points: Vec<[f64; 3]> = candidates.iter().map(|one| one.location.to_unit_vector()).collect();
        let mut kilometres = vec![0.0; count * count];
        for row in 0..count {
            for column in row + 1..count {
                let distance = arc_km(&points[row], &points[column]);
                kilometres[row * count + column] = distance;
                kilometres[column * count + row] = distance;
            }
        }
        Self { count, kilometres }
    }

    /// Distances from one candidate to all: `[n]`.
    pub fn row(&self, index: usize) -> &[f64] {
        &self.kilometres[index * self.count..(index + 1) * self.count]
    }

    /// All distances, row by row.
    pub fn all(&self) -> &[f64] {
        &self.kilometres
    }

    /// Number of candidates.
    pub const fn count(&self) -> usize {
        self.count
    }
}

/// Great-circle distance between unit vectors, km; exact for small angles.
fn arc_km(one: &[f64; 3], other: &[f64; 3]) -> f64 {
    let chord: f64 = one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
    2.0 * EARTH_RADIUS_KM * (chord.sqrt() / 2.0).min(1.0).asin()
}

/// The kernel vote: for each candidate the sum of all candidates' weights, damped by distance. `[n]`.
pub fn spatial_support(distances: &DistanceMatrix, weights: &[f64], kernel: &SpatialKernel) -> Vec<f64> {
    let count = distances.count();
    let own = kernel.at(0.0);
    let mut support: Vec<f64> = weights.iter().take(count).map(|weight| weight * own).collect();
    support.resize(count, 0.0);
    // Each pair once: the kernel is most of the work.
    for row in 0..count {
        let of_row = distances.row(row);
        for column in row + 1..count {
            let value = kernel.at(of_row[column]);
            support[row] += weights[column] * value;
            support[column] += weights[row] * value;
        }
    }
    support
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Origin;
    use geo::LatLon;

    fn at(latitude: f64, longitude: f64) -> Candidate {
        let origin = Origin::generated("test", 0);
        Candidate::at(LatLon::new(latitude, longitude).unwrap(), origin)
    }

    #[test]
    fn neighbours_support_each_other() {
        let candidates = [at(10.0, 10.0), at(10.0, 10.1), at(-40.0, 100.0)];
        let kernel = SpatialKernel { scales: vec![(25.0, 1.0), (200.0, 1.0)] };
        let support = spatial_support(&DistanceMatrix::of(&candidates), &[1.0; 3], &kernel);
        assert!(support[0] > 1.5 && support[1] > 1.5);
        assert!((support[2] - 1.0).abs() < 1e-6);
        assert!((kernel.at(0.0) - 1.0).abs() < 1e-12);
        // As the definition says.
        let distances = DistanceMatrix::of(&candidates);
        let slow: f64 = (0..3).map(|other| kernel.at(distances.row(1)[other])).sum();
        assert!((support[1] - slow).abs() < 1e-12);
        assert!(
            (distances.row(0)[2] - geo::haversine_km(candidates[0].location, candidates[2].location)).abs()
                < 1e-6
        );
    }
}
