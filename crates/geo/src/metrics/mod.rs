//! Accuracy of predicted locations: the field's thresholds, GeoScore, and their bootstrap intervals.

mod blocks;
mod improvement;
mod paired;
mod resample;
mod sorted;

use serde::Serialize;

pub use improvement::{Improvement, Statistic, UnpairedError, improvement};
use resample::{each_resample, is_small, middle};
use sorted::Sorted;

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
/// the resampled values (percentile bootstrap). Same seed, same numbers, however many threads there are.
///
/// Up to 4096 photos are drawn one by one. More are drawn in blocks: first how many draws fall into each block
/// (conditional binomials), then the draws within each. Both have the distribution of independent draws, but a seed
/// means other draws, so the ends of an interval differ as they do between two seeds.
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
    /// The order of the photos does not matter. A million photos with 2000 resamples take seconds.
    pub fn new(errors_km: &[Option<f64>], bootstrap: &Bootstrap) -> Self {
        let sorted = Sorted::new(errors_km);
        let all = sorted.statistics(None);
        let mut resampled: [Vec<f64>; 8] = Default::default();
        let mut add = |statistics: [f64; 8]| {
            for (values, value) in resampled.iter_mut().zip(statistics) {
                values.push(value);
            }
        };
        if is_small(errors_km.len()) {
            each_resample(errors_km.len(), bootstrap, |counts| add(sorted.statistics(Some(counts)).list()));
        } else {
            blocks::resample(&sorted, bootstrap).into_iter().for_each(add);
        }
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
