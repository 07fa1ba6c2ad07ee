//! Accuracy of predicted locations: the field's thresholds, GeoScore, and their bootstrap intervals.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Radii of the street, city, region, country and continent levels, km: those at which the field reports accuracy and
/// this project reports confidence. A prediction counts when its distance is strictly less.
pub const RADII_KM: [f64; 5] = [1.0, 25.0, 200.0, 750.0, 2500.0];

/// The distance over which GeoScore falls by a factor of e, km.
pub const GEOSCORE_DECAY_KM: f64 = 1492.7;

/// `GeoScore` of an error: `5000 * exp(-km / 1492.7)`, from 5000 (exact) to 0 (infinitely far).
pub fn geo_score(error_km: f64) -> f64 {
    5000.0 * (-error_km / GEOSCORE_DECAY_KM).exp()
}

/// Percent of the photos with an error strictly below `radius_km`; `None` (no prediction) is a miss. NaN
/// without photos.
pub fn percent_within(errors_km: &[Option<f64>], radius_km: f64) -> f64 {
    let hits = errors_km.iter().flatten().filter(|error| **error < radius_km).count();
    100.0 * hits as f64 / errors_km.len() as f64
}

/// Median error, km; `None` (no prediction) counts as infinitely far, so the median is infinite when half
/// of the photos or more have no prediction. NaN without photos.
pub fn median_km(errors_km: &[Option<f64>]) -> f64 {
    Sorted::new(errors_km).statistics(None).median
}

/// Mean error of the photos that have a prediction, km. NaN when there is none.
pub fn mean_km(errors_km: &[Option<f64>]) -> f64 {
    Sorted::new(errors_km).statistics(None).mean
}

/// Mean [`geo_score`] of the photos; `None` (no prediction) scores 0. NaN without photos.
pub fn mean_geo_score(errors_km: &[Option<f64>]) -> f64 {
    Sorted::new(errors_km).statistics(None).score
}

/// How intervals are drawn: photos are resampled with replacement, the interval holds the middle 95 % of
/// the resampled values (percentile bootstrap). Same seed, same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// Number of resamples; 0 leaves the intervals as wide as the value itself.
    pub resamples: usize,
    /// Seed of the `ChaCha8` generator.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 2000 resamples.
    fn default() -> Self {
        Self { resamples: 2000, seed: 0x6765_6f72 }
    }
}

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The number on all photos.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// Accuracy of a list of predictions. Values that do not exist are NaN (JSON: null).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Number of photos with a known location.
    pub count: usize,
    /// How many of them have no prediction.
    pub missing: usize,
    /// Percent of the photos within each of [`RADII_KM`]; photos without a prediction are misses.
    pub percent_within: [Measured; 5],
    /// Median error, km; photos without a prediction are infinitely far.
    pub median_km: Measured,
    /// Mean error, km, of the photos that have a prediction: the one number that `missing` does not touch.
    pub mean_km: Measured,
    /// Mean `GeoScore`, 0 to 5000; photos without a prediction score 0.
    pub geo_score: Measured,
}

impl Summary {
    /// Summarises errors in km, one a photo; `None` is a photo without a prediction (a NaN counts as one).
    ///
    /// The order of the photos does not matter. 100,000 photos with 2000 resamples take about a second.
    pub fn new(errors_km: &[Option<f64>], bootstrap: &Bootstrap) -> Self {
        let sorted = Sorted::new(errors_km);
        let all = sorted.statistics(None);
        let mut resampled: [Vec<f64>; 8] = Default::default();
        each_resample(errors_km.len(), bootstrap, |counts| {
            for (values, value) in resampled.iter_mut().zip(sorted.statistics(Some(counts)).list()) {
                values.push(value);
            }
        });
        let mut measured = all.list().into_iter().zip(resampled).map(|(value, mut values)| {
            let (low, high) = middle(&mut values).unwrap_or((value, value));
            Measured { value, low, high }
        });
        let mut next =
            || measured.next().unwrap_or(Measured { value: f64::NAN, low: f64::NAN, high: f64::NAN });
        Self {
            count: errors_km.len(),
            missing: errors_km.len() - sorted.predicted,
            percent_within: std::array::from_fn(|_| next()),
            median_km: next(),
            mean_km: next(),
            geo_score: next(),
        }
    }
}

/// What two lists of predictions are compared by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// Percent of the photos with an error strictly below this radius, km.
    PercentWithin(f64),
    /// Mean `GeoScore`.
    GeoScore,
    /// Median error, km.
    MedianKm,
}

/// How much better one list of predictions is than another on the same photos.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Improvement {
    /// Positive when the first list is better: first minus second, for the median second minus first.
    pub difference: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// Share of the resamples in which the first list is not better (`difference <= 0`): a one-sided p. 1
    /// without resamples.
    pub p: f64,
}

/// Two lists that should be about the same photos have different lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a paired comparison needs the same photos: the first list has {first}, the second {second}")]
pub struct UnpairedError {
    /// Length of the first list.
    pub first: usize,
    /// Length of the second list.
    pub second: usize,
}

/// Compares two lists of errors in km on the same photos in the same order, by a paired bootstrap: each
/// resample takes the same photos from both lists. `None` is a photo without a prediction, a miss.
///
/// # Errors
/// [`UnpairedError`] when the lists differ in length.
pub fn improvement(
    first: &[Option<f64>],
    second: &[Option<f64>],
    statistic: Statistic,
    bootstrap: &Bootstrap,
) -> Result<Improvement, UnpairedError> {
    if first.len() != second.len() {
        return Err(UnpairedError { first: first.len(), second: second.len() });
    }
    let (first, second) = (Compared::new(first, statistic), Compared::new(second, statistic));
    let difference = first.lead(&second, None);
    let mut values = Vec::with_capacity(bootstrap.resamples);
    each_resample(first.values.len(), bootstrap, |counts| {
        values.push(first.lead(&second, Some(counts)));
    });
    let not_better = values.iter().filter(|value| **value <= 0.0).count();
    let p = if values.is_empty() { 1.0 } else { not_better as f64 / values.len() as f64 };
    let (low, high) = middle(&mut values).unwrap_or((difference, difference));
    Ok(Improvement { difference, low, high, p })
}

/// Calls `visit` once a resample with how often each photo was drawn.
fn each_resample(photos: usize, bootstrap: &Bootstrap, mut visit: impl FnMut(&[u32])) {
    let Ok(bound @ 1..) = u32::try_from(photos) else { return };
    let mut random = ChaCha8Rng::seed_from_u64(bootstrap.seed);
    let mut counts = vec![0_u32; photos];
    for _ in 0..bootstrap.resamples {
        counts.fill(0);
        for _ in 0..bound {
            if let Some(count) = counts.get_mut(random.random_range(0..bound) as usize) {
                *count += 1;
            }
        }
        visit(&counts);
    }
}

/// The ends of the middle 95 %, by nearest rank (an interpolation would meet infinities); NaN left out.
fn middle(values: &mut Vec<f64>) -> Option<(f64, f64)> {
    values.retain(|value| !value.is_nan());
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let low = (0.025 * last as f64).floor() as usize;
    Some((*values.get(low)?, *values.get(last - low)?))
}

/// The errors in ascending order, so that every statistic of a resample comes from one walk.
struct Sorted {
    /// km; infinite for photos without a prediction.
    errors: Vec<f64>,
    scores: Vec<f64>,
    predicted: usize,
    /// How many errors lie below each threshold.
    below: [usize; 5],
}

struct Statistics {
    percent_within: [f64; 5],
    median: f64,
    mean: f64,
    score: f64,
}

impl Statistics {
    fn list(&self) -> [f64; 8] {
        let [a, b, c, d, e] = self.percent_within;
        [a, b, c, d, e, self.median, self.mean, self.score]
    }
}

impl Sorted {
    fn new(errors_km: &[Option<f64>]) -> Self {
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
    fn statistics(&self, counts: Option<&[u32]>) -> Statistics {
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

fn or_missing(error_km: Option<f64>) -> f64 {
    error_km.filter(|error| !error.is_nan()).unwrap_or(f64::INFINITY)
}

/// The median of `total` values given in ascending order as (value, how often). Of an even number of
/// values: the mean of the two in the middle.
fn weighted_median(ascending: impl Iterator<Item = (f64, u32)>, total: usize) -> f64 {
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

/// One list of a paired comparison.
struct Compared {
    statistic: Statistic,
    /// One a photo: 100 or 0, GeoScore, or the error in km.
    values: Vec<f64>,
    /// For the median: the photos in the order of their errors.
    ascending: Vec<u32>,
}

impl Compared {
    fn new(errors_km: &[Option<f64>], statistic: Statistic) -> Self {
        let errors = errors_km.iter().copied().map(or_missing);
        let values: Vec<f64> = match statistic {
            Statistic::PercentWithin(radius) => {
                errors.map(|error| if error < radius { 100.0 } else { 0.0 }).collect()
            }
            Statistic::GeoScore => errors.map(geo_score).collect(),
            Statistic::MedianKm => errors.collect(),
        };
        let mut order: Vec<(f64, u32)> = Vec::new();
        if statistic == Statistic::MedianKm {
            order = values.iter().copied().zip(0..).collect();
            order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        }
        Self { statistic, values, ascending: order.into_iter().map(|(_, photo)| photo).collect() }
    }

    /// How much better this list is than `other`, with photo `i` taken `counts[i]` times.
    fn lead(&self, other: &Self, counts: Option<&[u32]>) -> f64 {
        let (own, others) = (self.evaluate(counts), other.evaluate(counts));
        match self.statistic {
            Statistic::MedianKm if own.is_infinite() && others.is_infinite() => 0.0,
            Statistic::MedianKm => others - own,
            _ => own - others,
        }
    }

    fn evaluate(&self, counts: Option<&[u32]>) -> f64 {
        let times = |index: usize| counts.map_or(1, |counts| counts.get(index).map_or(0, |count| *count));
        if self.statistic == Statistic::MedianKm {
            let order = self.ascending.iter().filter_map(|photo| {
                let photo = *photo as usize;
                Some((*self.values.get(photo)?, times(photo)))
            });
            return weighted_median(order, self.values.len());
        }
        let sum: f64 = self.values.iter().enumerate().map(|(at, value)| value * f64::from(times(at))).sum();
        sum / self.values.len() as f64
    }
}
