//! Confidence that means what it says.

use contract::{Abstention, Confidence, RADII_KM};
use serde::{Deserialize, Serialize};

use crate::isotonic::IsotonicMap;

/// What calibration needs to know about one answered photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationSample {
    /// Probability mass within each of [`RADII_KM`] of the estimate, before calibration.
    pub raw_confidence: [f64; 5],
    /// Geodesic error of the estimate, km.
    pub error_km: f64,
}

/// Maps raw probability mass to the observed share of right answers, a map a radius; and the abstention rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// A map for each of [`RADII_KM`].
    pub maps: [IsotonicMap; 5],
    /// Abstain when the calibrated confidence within 200 km is below this.
    pub abstain_below: f64,
}

/// Index of 200 km in [`RADII_KM`]: the radius at which abstention is decided.
const ABSTAIN_RADIUS: usize = 2;

impl Calibration {
    /// Raw mass taken at its word; never abstains.
    pub fn none() -> Self {
        Self { maps: std::array::from_fn(|_| IsotonicMap::identity()), abstain_below: 0.0 }
    }

    /// Fits one isotonic map a radius. `prior` as in [`IsotonicMap::fit`].
    pub fn fit(samples: &[CalibrationSample], prior: f64, abstain_below: f64) -> Self {
        let maps = std::array::from_fn(|radius| {
            let pairs: Vec<(f64, bool)> = samples
                .iter()
                .map(|sample| (sample.raw_confidence[radius], sample.error_km < RADII_KM[radius]))
                .collect();
            IsotonicMap::fit(&pairs, prior)
        });
        Self { maps, abstain_below }
    }

    /// Calibrated confidence; made non-falling over the radii, since a larger circle holds the smaller one.
    pub fn confidence(&self, raw: &[f64; 5]) -> Confidence {
        let mut floor = 0.0_f64;
        Confidence(std::array::from_fn(|radius| {
            floor = floor.max(self.maps[radius].at(raw[radius]).clamp(0.0, 1.0));
            floor
        }))
    }

    /// The lowest confidence that was ever observed: what is stated where the vote means nothing.
    pub fn lowest(&self) -> Confidence {
        self.confidence(&[0.0; 5])
    }

    /// Why the evidence is too weak to rely on, if it is.
    pub fn abstention(&self, confidence: &Confidence) -> Option<Abstention> {
        let stated = confidence.0[ABSTAIN_RADIUS];
        let low = || Abstention::LowConfidence {
            radius_km: RADII_KM[ABSTAIN_RADIUS],
            confidence: stated,
            because: None,
        };
        (stated < self.abstain_below).then(low)
    }
}

/// Calibrated confidences for the samples themselves, each from a fit on the other folds.
///
/// `fold_of[i]` is the fold of sample `i`; with a single fold the result is `Calibration::none`'s.
pub fn cross_fitted(samples: &[CalibrationSample], fold_of: &[usize], prior: f64) -> Vec<Confidence> {
    let folds = fold_of.iter().copied().max().map_or(0, |last| last + 1);
    let fits: Vec<Calibration> = (0..folds)
        .map(|fold| {
            let others: Vec<CalibrationSample> = samples
                .iter()
                .zip(fold_of)
                .filter(|(_, own)| **own != fold)
                .map(|(sample, _)| *sample)
                .collect();
            Calibration::fit(&others, prior, 0.0)
        })
        .collect();
    samples.iter().zip(fold_of).map(|(sample, fold)| fits[*fold].confidence(&sample.raw_confidence)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<CalibrationSample> {
        // Mass 0.9 is right 2 times in 3, mass 0.1 never.
        (0..30)
            .map(|index| {
                let strong = index % 2 == 0;
                CalibrationSample {
                    raw_confidence: [if strong { 0.9 } else { 0.1 }; 5],
                    error_km: if strong && index % 6 != 0 { 0.5 } else { 5000.0 },
                }
            })
            .collect()
    }

    #[test]
    fn overconfidence_is_corrected() {
        let calibration = Calibration::fit(&samples(), 0.0, 0.3);
        let strong = calibration.confidence(&[0.9; 5]);
        assert!((strong.0[0] - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(calibration.abstention(&strong), None);
        assert!(calibration.abstention(&calibration.confidence(&[0.1; 5])).is_some());
    }

    #[test]
    fn larger_circles_are_never_less_likely() {
        let confidence = Calibration::none().confidence(&[0.5, 0.4, 0.6, 0.1, 0.2]);
        let expected = [0.5, 0.5, 0.6, 0.6, 0.6];
        assert!(confidence.0.iter().zip(expected).all(|(found, wanted)| (found - wanted).abs() < 1e-12));
    }

    #[test]
    fn cross_fitting_never_looks_at_its_own_fold() {
        let samples = samples();
        let fold_of: Vec<usize> = (0..samples.len()).map(|index| index / 15).collect();
        let fitted = cross_fitted(&samples, &fold_of, 0.0);
        let other = Calibration::fit(&samples[15..], 0.0, 0.0).confidence(&samples[0].raw_confidence);
        assert_eq!(fitted[0], other);
    }

    #[test]
    fn survives_a_round_trip_through_text() {
        let calibration = Calibration::fit(&samples(), 1.0, 0.25);
        let text = serde_json::to_string(&calibration).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), calibration);
    }
}
