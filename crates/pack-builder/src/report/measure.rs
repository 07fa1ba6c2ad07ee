//! Figures over judged answers.

use contract::RADII_KM;
use geo::metrics::GEOSCORE_DECAY_KM;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::folds::judged;

const RADII: usize = RADII_KM.len();
/// Bins of equal numbers of answers for the calibration error.
const BINS: usize = 10;
/// Draws of a bootstrap.
const DRAWS: usize = 1000;

/// The errors of one method.
pub(super) struct Errors<'a> {
    pub(super) km: &'a [f64],
    pub(super) precision_km: &'a [f64],
}

impl Errors<'_> {
    /// Whether each answer is right within a radius; `None` where the truth is not known that precisely.
    fn right(&self, radius: usize) -> Vec<Option<bool>> {
        let each = self.km.iter().zip(self.precision_km);
        each.map(|(km, precision)| {
            judged(*precision).any(|known| known == radius).then_some(*km < RADII_KM[radius])
        })
        .collect()
    }

    /// Percent right within a radius.
    pub(super) fn within(&self, radius: usize) -> f64 {
        let known: Vec<bool> = self.right(radius).into_iter().flatten().collect();
        100.0 * known.iter().filter(|right| **right).count() as f64 / known.len().max(1) as f64
    }

    pub(super) fn median_km(&self) -> f64 {
        let mut sorted = self.km.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Mean of `5000 exp(-d / 1492.7 km)`.
    pub(super) fn geoscore(&self) -> f64 {
        let sum: f64 = self.km.iter().map(|km| 5000.0 * (-km / GEOSCORE_DECAY_KM).exp()).sum();
        sum / self.km.len().max(1) as f64
    }

    /// Points by which these are right more often than others on the same photos, and the 95 % interval of a paired
    /// bootstrap.
    pub(super) fn difference(&self, other: &Self, radius: usize, seed: u64) -> (f64, f64, f64) {
        let pairs: Vec<f64> = self
            .right(radius)
            .into_iter()
            .zip(other.right(radius))
            .filter_map(|(one, other)| Some(f64::from(u8::from(one?)) - f64::from(u8::from(other?))))
            .collect();
        let mean =
            |values: &mut dyn Iterator<Item = f64>| 100.0 * values.sum::<f64>() / pairs.len().max(1) as f64;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draws: Vec<f64> = (0..DRAWS)
            .map(|_| mean(&mut (0..pairs.len()).map(|_| pairs[random.random_range(0..pairs.len())])))
            .collect();
        draws.sort_by(f64::total_cmp);
        (mean(&mut pairs.iter().copied()), draws[DRAWS / 40], draws[DRAWS - 1 - DRAWS / 40])
    }
}

/// Stated confidence against what is so, at one radius.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reliability {
    /// Answers whose truth is known precisely enough.
    pub(super) answers: usize,
    /// Mean stated, 0 to 1.
    pub(super) stated: f64,
    /// Share right.
    pub(super) right: f64,
    /// Expected calibration error: bins of equal numbers.
    pub(super) ece: f64,
    /// Area under the risk-coverage curve, answers ordered by what they state.
    pub(super) aurc: f64,
    /// Share of the answers that can be kept, the surest first, with 90 % of them right.
    pub(super) coverage_at_90: f64,
}

impl Reliability {
    pub(super) fn of(stated: &[[f64; RADII]], errors: &Errors<'_>, radius: usize) -> Self {
        let mut pairs: Vec<(f64, bool)> = stated
            .iter()
            .zip(errors.right(radius))
            .filter_map(|(stated, right)| Some((stated[radius], right?)))
            .collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let count = pairs.len().max(1) as f64;
        let mean_stated = pairs.iter().map(|(stated, _)| stated).sum::<f64>() / count;
        let right = pairs.iter().filter(|(_, right)| *right).count() as f64 / count;
        let mut ece = 0.0;
        for bin in 0..BINS {
            let bin = &pairs[pairs.len() * bin / BINS..pairs.len() * (bin + 1) / BINS];
            let gap: f64 = bin.iter().map(|(stated, right)| stated - f64::from(u8::from(*right))).sum();
            ece += gap.abs() / count;
        }
        let (mut wrong, mut area, mut kept) = (0.0, 0.0, 0.0);
        for (index, (_, right)) in pairs.iter().enumerate() {
            let covered = index as f64 + 1.0;
            wrong += if *right { 0.0 } else { 1.0 };
            area += wrong / covered / count;
            if wrong <= 0.1 * covered {
                kept = covered / count;
            }
        }
        Self { answers: pairs.len(), stated: mean_stated, right, ece, aurc: area, coverage_at_90: kept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reliability_by_hand() {
        // Sure and right, sure and wrong, unsure and right, unsure and wrong: at 25 km.
        let stated = [
            [0.0, 0.9, 1.0, 1.0, 1.0],
            [0.0, 0.8, 1.0, 1.0, 1.0],
            [0.0, 0.2, 1.0, 1.0, 1.0],
            [0.0, 0.1, 1.0, 1.0, 1.0],
        ];
        let errors = Errors { km: &[1.0, 500.0, 2.0, 500.0], precision_km: &[0.0; 4] };
        let found = Reliability::of(&stated, &errors, 1);
        assert!((found.stated - 0.5).abs() < 1e-9 && (found.right - 0.5).abs() < 1e-9);
        // Risks along the curve: 0, 1/2, 1/3, 2/4.
        assert!((found.aurc - (0.0 + 0.5 + 1.0 / 3.0 + 0.5) / 4.0).abs() < 1e-9);
        assert!((found.coverage_at_90 - 0.25).abs() < 1e-9);
        // Each answer is a bin of its own: gaps of 0.1, 0.8, 0.8, 0.1.
        assert!((found.ece - 0.45).abs() < 1e-9, "{}", found.ece);
    }

    #[test]
    fn imprecise_truth_is_left_out_of_small_radii() {
        let errors = Errors { km: &[0.5, 0.5, 30.0], precision_km: &[0.0, 5.0, 0.0] };
        assert!((errors.within(0) - 50.0).abs() < 1e-9, "one of two");
        assert!((errors.within(1) - 200.0 / 3.0).abs() < 1e-9);
        let better = Errors { km: &[0.5, 0.5, 3.0], precision_km: &[0.0, 5.0, 0.0] };
        let (mean, low, high) = better.difference(&errors, 1, 1);
        assert!((mean - 100.0 / 3.0).abs() < 1e-9 && low >= 0.0 && high <= 100.0);
    }
}
