//! The errors of one method in ascending order.

use super::{RADII_KM, geo_score};

/// The errors in ascending order, so that every statistic of a resample comes from one walk.
pub(super) struct Sorted {
    /// km; infinite for photos without a prediction.
    pub(super) errors: Vec<f64>,
    pub(super) scores: Vec<f64>,
    /// How many photos have a prediction.
    pub(super) predicted: usize,
    /// How many errors lie below each threshold.
    pub(super) below: [usize; 5],
}

pub(super) struct Statistics {
    pub(super) percent_within: [f64; 5],
    pub(super) median: f64,
    pub(super) mean: f64,
    pub(super) score: f64,
}

impl Statistics {
    pub(super) fn list(&self) -> [f64; 8] {
        let [a, b, c, d, e] = self.percent_within;
        [a, b, c, d, e, self.median, self.mean, self.score]
    }
}

impl Sorted {
    pub(super) fn new(errors_km: &[Option<f64>]) -> Self {
        let mut errors: Vec<f64> = errors_km.iter().copied().map(or_missing).collect();
        errors.sort_unstable_by(f64::total_cmp);
        Self {
            scores: errors.iter().copied().map(geo_score).collect(),
            predicted: errors.partition_point(|error| *error < f64::INFINITY),
            below: RADII_KM.map(|radius| errors.partition_point(|error| *error < radius)),
            errors,
        }
    }

    /// The statistics when photo `i` (in ascending order) is there `counts[i]` times; once without counts.
    pub(super) fn statistics(&self, counts: Option<&[u32]>) -> Statistics {
        let times = |index: usize| counts.map_or(1, |counts| counts.get(index).map_or(0, |count| *count));
        let total = self.errors.len();
        let mut drawn_below = [0_usize; 5];
        let (mut start, mut seen) = (0, 0);
        for (drawn, end) in drawn_below.iter_mut().zip(self.below) {
            seen += (start..end).map(|index| times(index) as usize).sum::<usize>();
            (*drawn, start) = (seen, end);
        }
        let (mut kilometres, mut score, mut predicted) = (0.0, 0.0, 0_usize);
        for (index, (error, value)) in self.errors.iter().zip(&self.scores).enumerate().take(self.predicted) {
            let count = times(index);
            predicted += count as usize;
            kilometres += f64::from(count) * error;
            score += f64::from(count) * value;
        }
        let order = self.errors.iter().enumerate().map(|(index, error)| (*error, times(index)));
        Statistics {
            percent_within: drawn_below.map(|drawn| 100.0 * drawn as f64 / total as f64),
            median: weighted_median(order, total),
            mean: kilometres / predicted as f64,
            score: score / total as f64,
        }
    }
}

pub(super) fn or_missing(error_km: Option<f64>) -> f64 {
    error_km.filter(|error| !error.is_nan()).unwrap_or(f64::INFINITY)
}

/// The median of `total` values given in ascending order as (value, how often). Of an even number of
/// values: the mean of the two in the middle.
pub(super) fn weighted_median(ascending: impl Iterator<Item = (f64, u32)>, total: usize) -> f64 {
    let (lower_rank, upper_rank) = (total.saturating_sub(1) / 2, total / 2);
    let (mut seen, mut lower) = (0_usize, None);
    for (value, count) in ascending {
        seen += count as usize;
        if seen > lower_rank && lower.is_none() {
            lower = Some(value);
        }
        if seen > upper_rank {
            return f64::midpoint(lower.unwrap_or(value), value);
        }
    }
    f64::NAN
}
