//! Confidence as a ranking: which photos to answer, and how sure the answers then are.
//!
//! Photos that state the same confidence have no order. Where one is needed, each counts as right in the share in which
//! all of them are, so that results do not hang on the row order.

use serde::Serialize;

/// Number of bins with equally many photos.
const BINS: usize = 10;

/// Confidence against reality in bins of equally many photos, which do not run empty where confidence gathers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EqualMass {
    /// Mean over the photos of |mean confidence - share correct| of their bin; 0 is perfect. NaN without photos.
    pub expected_calibration_error: f64,
    /// Ten bins from the least to the most confident photos; their sizes differ by one at most. With fewer than ten
    /// photos one bin per photo.
    pub bins: Vec<MassBin>,
}

/// Some photos of similar confidence, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MassBin {
    /// Their least confidence.
    pub low: f64,
    /// Their greatest confidence.
    pub high: f64,
    /// Number of photos.
    pub n: usize,
    /// Their mean confidence.
    pub mean_confidence: f64,
    /// Share of them that lie within the radius.
    pub correct: f64,
}

/// The most photos that can be answered so that [`AtPrecision::PERCENT`] of the answers are right.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AtPrecision {
    /// Share of the photos that are answered, 0 to 1: 0 when the most confident answers are already worse.
    pub coverage: f64,
    /// Answers with at least this confidence are given; NaN (JSON: null) when none are.
    pub least_confidence: f64,
}

impl AtPrecision {
    /// Percent of the answers that must be right.
    pub const PERCENT: usize = 90;
}

/// Photos with one confidence.
#[derive(Clone, Copy, Debug)]
struct Tie {
    confidence: f64,
    n: usize,
    correct: usize,
}

/// Photos by confidence, the least confident first.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    ties: Vec<Tie>,
    n: usize,
}

impl Ranked {
    /// From pairs of confidence (0 to 1) and whether the prediction was right.
    pub(crate) fn new(stated: &[(f64, bool)]) -> Self {
        let mut sorted = stated.to_vec();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut ties: Vec<Tie> = Vec::new();
        for (confidence, correct) in sorted {
            let correct = usize::from(correct);
            match ties.last_mut() {
                Some(tie) if tie.confidence.total_cmp(&confidence).is_eq() => {
                    tie.n += 1;
                    tie.correct += correct;
                }
                _ => ties.push(Tie { confidence, n: 1, correct }),
            }
        }
        Self { ties, n: stated.len() }
    }

    pub(crate) fn equal_mass(&self) -> EqualMass {
        let mut bins = Vec::with_capacity(BINS);
        let mut gap = 0.0;
        for (start, end) in (0..BINS).map(|bin| (bin * self.n / BINS, (bin + 1) * self.n / BINS)) {
            let (mut confidence, mut correct, mut low, mut high) = (0.0, 0.0, f64::INFINITY, 0.0_f64);
            let mut first = 0;
            for tie in &self.ties {
                let inside = end.min(first + tie.n).saturating_sub(start.max(first));
                first += tie.n;
                if inside > 0 {
                    confidence += inside as f64 * tie.confidence;
                    correct += inside as f64 * tie.correct as f64 / tie.n as f64;
                    (low, high) = (low.min(tie.confidence), high.max(tie.confidence));
                }
            }
            let n = end - start;
            if n > 0 {
                gap += (confidence - correct).abs();
                let (mean_confidence, correct) = (confidence / n as f64, correct / n as f64);
                bins.push(MassBin { low, high, n, mean_confidence, correct });
            }
        }
        EqualMass { expected_calibration_error: gap / self.n as f64, bins }
    }

    /// The area under the risk-coverage curve: the mean, over all numbers of answered photos, of the share of wrong
    /// answers when the most confident photos are answered. 0 is perfect; NaN without photos.
    pub(crate) fn aurc(&self) -> f64 {
        let (mut answered, mut correct, mut risks) = (0, 0.0, 0.0);
        for tie in self.ties.iter().rev() {
            for _ in 0..tie.n {
                answered += 1;
                correct += tie.correct as f64 / tie.n as f64;
                risks += 1.0 - correct / f64::from(answered);
            }
        }
        // Sums of shares may pass the whole by rounding.
        (risks / self.n as f64).clamp(0.0, 1.0)
    }

    pub(crate) fn at_precision(&self) -> AtPrecision {
        let (mut answered, mut correct) = (0, 0);
        let none = if self.n == 0 { f64::NAN } else { 0.0 };
        let mut best = AtPrecision { coverage: none, least_confidence: f64::NAN };
        for tie in self.ties.iter().rev() {
            answered += tie.n;
            correct += tie.correct;
            if 100 * correct >= AtPrecision::PERCENT * answered {
                best = AtPrecision {
                    coverage: answered as f64 / self.n as f64,
                    least_confidence: tie.confidence,
                };
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn known_risk_and_coverage() {
        // Answered in the order right, right, wrong, right: risks 0, 0, 1/3, 1/4.
        let ranked = Ranked::new(&[(0.2, true), (0.9, true), (0.5, false), (0.8, true)]);
        assert!(close(ranked.aurc(), (1.0 / 3.0 + 0.25) / 4.0));
        assert_eq!(ranked.at_precision(), AtPrecision { coverage: 0.5, least_confidence: 0.8 });
        // Of ten equal ones nine are right: all or nothing.
        let nine: Vec<(f64, bool)> = (0..10).map(|index| (0.7, index != 4)).collect();
        assert_eq!(Ranked::new(&nine).at_precision(), AtPrecision { coverage: 1.0, least_confidence: 0.7 });
        assert!(close(Ranked::new(&nine).aurc(), 0.1));
        let wrong = Ranked::new(&[(0.9, false), (0.1, true)]);
        assert_eq!(
            (wrong.at_precision().coverage, wrong.at_precision().least_confidence.is_nan()),
            (0.0, true)
        );
        assert!(close(wrong.aurc(), 0.75));
        let none = Ranked::new(&[]);
        assert!(none.aurc().is_nan() && none.at_precision().coverage.is_nan());
        assert!(none.equal_mass().expected_calibration_error.is_nan() && none.equal_mass().bins.is_empty());
    }

    #[test]
    fn a_late_recovery_counts() {
        // Wrong at first, then 19 right: 95 % of all, though the most confident answer is wrong.
        let mut stated = vec![(0.99, false)];
        stated.extend((0..19).map(|index| (0.5 + f64::from(index) / 100.0, true)));
        assert!(close(Ranked::new(&stated).at_precision().coverage, 1.0));
    }

    #[test]
    fn known_bins_of_equal_mass() {
        // 20 photos in pairs of 0.05, 0.15, ..: both right from 0.55 on.
        let stated: Vec<(f64, bool)> =
            (0..20).map(|index| (f64::from(index / 2) / 10.0 + 0.05, index >= 10)).collect();
        let judged = Ranked::new(&stated).equal_mass();
        assert_eq!(judged.bins.len(), 10);
        assert!(judged.bins.iter().all(|bin| bin.n == 2 && bin.low.total_cmp(&bin.high).is_eq()));
        let gaps = [0.05, 0.15, 0.25, 0.35, 0.45, 0.45, 0.35, 0.25, 0.15, 0.05];
        assert!(close(judged.expected_calibration_error, gaps.iter().sum::<f64>() / 10.0));
        // 25 photos of one confidence, 10 right: two or three per bin, each with two fifths right.
        let stated: Vec<(f64, bool)> = (0..25).map(|index| (0.5, index % 5 < 2)).collect();
        let judged = Ranked::new(&stated).equal_mass();
        assert!(judged.bins.iter().all(|bin| (2..=3).contains(&bin.n) && close(bin.correct, 0.4)));
        assert!(close(judged.expected_calibration_error, 0.1));
        // Three photos: one bin per photo.
        let judged = Ranked::new(&[(0.9, true), (0.1, true), (0.5, false)]).equal_mass();
        assert_eq!(judged.bins.iter().map(|bin| bin.n).collect::<Vec<_>>(), [1, 1, 1]);
        assert!(close(judged.expected_calibration_error, (0.1 + 0.9 + 0.5) / 3.0));
    }

    proptest! {
        #[test]
        fn the_order_of_the_photos_changes_nothing(
            stated in prop::collection::vec((prop::sample::select(vec![0.0, 0.25, 0.5, 1.0]), any::<bool>()), 1..60),
        ) {
            let mut reversed = stated.clone();
            reversed.reverse();
            let (one, other) = (Ranked::new(&stated), Ranked::new(&reversed));
            prop_assert_eq!(one.equal_mass(), other.equal_mass());
            prop_assert_eq!(one.aurc().to_bits(), other.aurc().to_bits());
            prop_assert_eq!(one.equal_mass().bins.iter().map(|bin| bin.n).sum::<usize>(), stated.len());
            prop_assert!((0.0..=1.0).contains(&one.aurc()));
            let gap: f64 = stated.iter().map(|(c, right)| c - f64::from(u8::from(*right))).sum::<f64>();
            let error = one.equal_mass().expected_calibration_error;
            prop_assert!(error >= gap.abs() / stated.len() as f64 - 1e-9 && error <= 1.0);
            let least = one.at_precision().least_confidence;
            if !least.is_nan() {
                let given = stated.iter().filter(|(confidence, _)| *confidence >= least);
                let right = given.clone().filter(|(_, right)| *right).count();
                prop_assert!(right * 10 >= given.count() * 9);
            }
        }
    }
}
