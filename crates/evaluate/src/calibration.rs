//! Can stated confidence be believed? Of the photos with "80 % within 25 km", 80 % should be.

use contract::RADII_KM;
use serde::{Serialize, Serializer};

use crate::join::Joined;
use crate::ranked::{AtPrecision, EqualMass, Ranked};

/// Number of equally wide bins of confidence.
const BINS: usize = 10;

/// Confidence against reality at each radius. In JSON an object with one entry a radius.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Calibration {
    /// At 1, 25, 200, 750 and 2500 km.
    #[serde(serialize_with = "by_radius")]
    pub radii: [RadiusCalibration; 5],
}

/// Confidence against reality at one radius. Numbers are NaN (JSON: null) when no photo has a confidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RadiusCalibration {
    /// The radius, km.
    #[serde(skip)]
    pub radius_km: f64,
    /// Photos of the truth whose prediction states a confidence; the others do not count here.
    pub n: usize,
    /// Mean stated confidence, 0 to 1.
    pub mean_confidence: f64,
    /// Share of the predictions that lie strictly within the radius, 0 to 1.
    pub correct: f64,
    /// Mean over the photos of |confidence - share correct| of their bin; 0 is perfect.
    pub expected_calibration_error: f64,
    /// Mean squared difference between confidence and what happened (1 or 0); 0 is perfect.
    pub brier: f64,
    /// The reliability table: ten bins of equal width.
    pub bins: Vec<Bin>,
    /// The same with ten bins of equally many photos.
    pub equal_mass: EqualMass,
    /// Area under the risk-coverage curve: the mean share of wrong answers over all numbers of answered photos, the
    /// most confident photos being answered first. 0 is perfect.
    pub aurc: f64,
    /// How many photos can be answered with 90 % of the answers right.
    pub at_90_percent_precision: AtPrecision,
}

/// The photos whose confidence lies in `[low, high)`; the last bin includes 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Number of photos.
    pub n: usize,
    /// Their mean confidence; NaN without photos.
    pub mean_confidence: f64,
    /// Share of them that lie within the radius; NaN without photos.
    pub correct: f64,
}

impl Calibration {
    /// Judges the confidences of joined predictions, at the radii that the places are precise enough for; `None` when no
    /// prediction states any.
    pub fn new(joined: &Joined<'_>) -> Option<Self> {
        let mut all = RADII_KM.map(|radius| (radius, Vec::new()));
        for (index, error) in joined.errors_km().iter().enumerate() {
            let (Some(confidence), Some(error)) = (joined.confidence(index), *error) else { continue };
            let radii = all.iter_mut().zip(confidence).enumerate();
            for (_, ((radius, stated), confidence)) in
                radii.filter(|(at, _)| joined.judged().is_judged(index, *at))
            {
                stated.extend(confidence.map(|confidence| (confidence, error < *radius)));
            }
        }
        let any = all.iter().any(|(_, stated)| !stated.is_empty());
        any.then(|| Self { radii: all.map(|(radius, stated)| RadiusCalibration::new(radius, &stated)) })
    }
}

impl RadiusCalibration {
    /// From pairs of confidence (0 to 1) and whether the prediction was within the radius.
    pub fn new(radius_km: f64, stated: &[(f64, bool)]) -> Self {
        let mut sums = [Sums::default(); BINS];
        let mut total = Sums::default();
        let mut squares = 0.0;
        for (confidence, correct) in stated {
            let index = ((confidence * BINS as f64) as usize).min(BINS - 1);
            for sum in [&mut sums[index], &mut total] {
                sum.n += 1;
                sum.confidence += confidence;
                sum.correct += usize::from(*correct);
            }
            squares += (confidence - f64::from(u8::from(*correct))).powi(2);
        }
        let n = total.n as f64;
        let ranked = Ranked::new(stated);
        let gap: f64 = sums.iter().map(|sum| (sum.confidence - sum.correct as f64).abs()).sum();
        let bin = |(index, sum): (usize, &Sums)| Bin {
            low: index as f64 / BINS as f64,
            high: (index + 1) as f64 / BINS as f64,
            n: sum.n,
            mean_confidence: sum.confidence / sum.n as f64,
            correct: sum.correct as f64 / sum.n as f64,
        };
        Self {
            radius_km,
            n: total.n,
            mean_confidence: total.confidence / n,
            correct: total.correct as f64 / n,
            expected_calibration_error: gap / n,
            brier: squares / n,
            bins: sums.iter().enumerate().map(bin).collect(),
            equal_mass: ranked.equal_mass(),
            aurc: ranked.aurc(),
            at_90_percent_precision: ranked.at_precision(),
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Sums {
    n: usize,
    confidence: f64,
    correct: usize,
}

fn by_radius<S: Serializer>(radii: &[RadiusCalibration; 5], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(radii.iter().map(|one| (one.radius_km.to_string(), one)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn known_answers() {
        let stated = [(0.15, false), (0.15, true), (0.9, true), (1.0, true)];
        let judged = RadiusCalibration::new(25.0, &stated);
        assert_eq!(judged.n, 4);
        assert!(close(judged.mean_confidence, 0.55) && close(judged.correct, 0.75));
        // Bin 0.1..0.2: confidence 0.15, half correct; bin 0.9..1: confidence 0.95, all correct.
        assert!(close(judged.expected_calibration_error, (2.0 * 0.35 + 2.0 * 0.05) / 4.0));
        assert!(close(judged.brier, (0.15_f64.powi(2) + 0.85_f64.powi(2) + 0.01) / 4.0));
        let counts: Vec<usize> = judged.bins.iter().map(|bin| bin.n).collect();
        assert_eq!(counts, [0, 2, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert!(judged.bins[0].correct.is_nan());
        assert!(close(judged.bins[1].correct, 0.5) && close(judged.bins[9].mean_confidence, 0.95));
    }

    #[test]
    fn perfect_and_useless_confidence() {
        let perfect = RadiusCalibration::new(1.0, &[(1.0, true), (0.0, false)]);
        assert_eq!((perfect.brier, perfect.expected_calibration_error), (0.0, 0.0));
        let useless = RadiusCalibration::new(1.0, &[(1.0, false), (0.0, true)]);
        assert_eq!((useless.brier, useless.expected_calibration_error), (1.0, 1.0));
        assert!(RadiusCalibration::new(1.0, &[]).brier.is_nan());
    }

    proptest! {
        #[test]
        fn errors_are_bounded_and_the_mean_gap_is_the_least(
            stated in prop::collection::vec((0.0..=1.0, any::<bool>()), 1..50),
        ) {
            let judged = RadiusCalibration::new(200.0, &stated);
            let gap = (judged.mean_confidence - judged.correct).abs();
            prop_assert!(judged.expected_calibration_error >= gap - 1e-9);
            prop_assert!(judged.expected_calibration_error <= 1.0 && (0.0..=1.0).contains(&judged.brier));
            prop_assert_eq!(judged.bins.iter().map(|bin| bin.n).sum::<usize>(), stated.len());
        }
    }
}
