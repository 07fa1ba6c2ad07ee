//! From scores to one coordinate.

use contract::{CandidateSet, Decide, RADII_KM, Ranking};
use geo::haversine_km;
use geo::metrics::GEOSCORE_DECAY_KM;

use crate::DistanceMatrix;

/// The chosen candidate and the belief behind the choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Index of the chosen candidate in the set.
    pub chosen: usize,
    /// `[candidates]`, sums to 1.
    pub probabilities: Vec<f64>,
    /// Probability mass within each of [`RADII_KM`] of the chosen candidate, before calibration.
    pub raw_confidence: [f64; 5],
}

/// `softmax(scores / temperature)`, `[candidates]`; exact for any finite scores.
pub fn probabilities(ranking: &Ranking, temperature: f64) -> Vec<f64> {
    let best = ranking.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f64> =
        ranking.scores.iter().map(|score| (f64::from(score - best) / temperature).exp()).collect();
    let sum: f64 = raised.iter().sum();
    raised.into_iter().map(|value| value / sum).collect()
}

/// Chooses among the candidates; `None` for an empty set.
///
/// Ties go to the higher score, then to the earlier candidate.
pub fn decide(set: &CandidateSet, ranking: &Ranking, temperature: f64, rule: Decide) -> Option<Decision> {
    let order = ranking.order();
    let best = *order.first()?;
    let probabilities = probabilities(ranking, temperature);
    let mass_within = |distances: &[f64], radius_km: f64| -> f64 {
        let row = distances.iter().zip(&probabilities);
        row.filter(|(km, _)| **km < radius_km).map(|(_, probability)| probability).sum()
    };
    let chosen = match rule {
        // The highest score needs no distances.
        Decide::Argmax => best,
        Decide::GeoScore | Decide::Threshold(_) => {
            let distances = DistanceMatrix::of(&set.candidates);
            let utility = |index: usize| -> f64 {
                match rule {
                    Decide::Threshold(radius_km) => mass_within(distances.row(index), radius_km),
                    _ => distances
                        .row(index)
                        .iter()
                        .zip(&probabilities)
                        .map(|(km, probability)| probability * (-km / GEOSCORE_DECAY_KM).exp())
                        .sum(),
                }
            };
            let mut chosen = (best, utility(best));
            for &index in &order[1..] {
                let value = utility(index);
                // A relative margin keeps the choice stable when sums differ only by rounding.
                if value > chosen.1 + chosen.1.abs() * 1e-9 {
                    chosen = (index, value);
                }
            }
            chosen.0
        }
    };
    let here = set.candidates.get(chosen)?.location;
    let distances: Vec<f64> =
        set.candidates.iter().map(|candidate| haversine_km(candidate.location, here)).collect();
    let raw_confidence = RADII_KM.map(|radius| mass_within(&distances, radius).min(1.0));
    Some(Decision { chosen, probabilities, raw_confidence })
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{Candidate, Origin};
    use geo::LatLon;

    fn set(points: &[(f64, f64)]) -> CandidateSet {
        let origin = Origin::generated("m", 0);
        let at = |&(latitude, longitude): &(f64, f64)| {
            Candidate::at(LatLon::new(latitude, longitude).unwrap(), origin.clone())
        };
        CandidateSet::new("q", points.iter().map(at).collect())
    }

    #[test]
    fn each_rule_has_its_own_answer() {
        // One strong candidate alone, two weaker ones together on another continent.
        let set = set(&[(50.0, 0.0), (-30.0, 150.0), (-30.0, 150.1)]);
        let ranking = Ranking { scores: vec![1.0, 0.9, 0.9] };
        let chosen = |rule| decide(&set, &ranking, 1.0, rule).unwrap().chosen;
        assert_eq!(chosen(Decide::Argmax), 0);
        assert_eq!(chosen(Decide::Threshold(25.0)), 1);
        assert_eq!(chosen(Decide::GeoScore), 1);
        assert_eq!(chosen(Decide::Threshold(1.0)), 0, "within 1 km the lone one has the most mass");
    }

    #[test]
    fn raw_confidence_grows_with_the_radius() {
        let set = set(&[(0.0, 0.0), (0.0, 1.0), (0.0, 90.0)]);
        let decision = decide(&set, &Ranking { scores: vec![1.0, 0.0, 0.0] }, 1.0, Decide::Argmax).unwrap();
        assert!(decision.raw_confidence.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!((decision.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn huge_scores_do_not_overflow() {
        let ranking = Ranking { scores: vec![1e30, -1e30, 5.0] };
        assert_eq!(probabilities(&ranking, 1.0), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn nothing_to_decide() {
        assert!(decide(&set(&[]), &Ranking { scores: vec![] }, 1.0, Decide::Argmax).is_none());
    }
}
