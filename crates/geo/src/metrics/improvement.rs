//! Is one method better than another on the same photos?

use serde::Serialize;

use super::resample::{each_resample, is_small, middle};
use super::sorted::{or_missing, weighted_median};
use super::{Bootstrap, geo_score, paired};

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
    if is_small(first.values.len()) {
        each_resample(first.values.len(), bootstrap, |counts| {
            values.push(first.lead(&second, Some(counts)));
        });
    } else {
        values = first.resampled_leads(&second, bootstrap);
    }
    // Without photos the differences are NaN, and nothing is better.
    let better = values.iter().filter(|value| **value > 0.0).count();
    let p = if values.is_empty() { 1.0 } else { (values.len() - better) as f64 / values.len() as f64 };
    let (low, high) = middle(&mut values).unwrap_or((difference, difference));
    Ok(Improvement { difference, low, high, p })
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
            Statistic::MedianKm => nearer(own, others),
            _ => own - others,
        }
    }

    /// [`Self::lead`] of each resample of many photos.
    fn resampled_leads(&self, other: &Self, bootstrap: &Bootstrap) -> Vec<f64> {
        match self.statistic {
            Statistic::PercentWithin(_) => paired::percent(&self.values, &other.values, bootstrap),
            Statistic::GeoScore => paired::mean(&self.values, &other.values, bootstrap),
            Statistic::MedianKm => {
                let (lists, orders) = ([&self.values, &other.values], [&self.ascending, &other.ascending]);
                let medians = paired::medians(lists.map(Vec::as_slice), orders.map(Vec::as_slice), bootstrap);
                medians.into_iter().map(|[own, others]| nearer(own, others)).collect()
            }
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

/// By how many km a median is smaller; two infinite ones are equal.
fn nearer(own: f64, others: f64) -> f64 {
    if own.is_infinite() && others.is_infinite() { 0.0 } else { others - own }
}
