//! Is one method better than another? A paired bootstrap: each resample takes the same photos from both, so
//! that what is hard for both does not blur the difference.

use geo::metrics::{Bootstrap, Improvement, RADII_KM, Statistic, UnpairedError, improvement};
use serde::{Serialize, Serializer};

use crate::Judged;

/// How much better predictions are than a reference on the same photos. Positive differences mean better:
/// percentage points, `GeoScore` points, or km by which the median error is smaller. In JSON, `within_km` is
/// an object with one entry a radius.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the predictions.
    pub predictions: String,
    /// Name of what they are compared with.
    pub reference: String,
    /// Of the photos that are judged at the radius: percentage points within 1, 25, 200, 750 and 2500 km.
    #[serde(serialize_with = "by_radius")]
    pub within_km: [Improvement; 5],
    /// Kilometres.
    pub median_km: Improvement,
    /// Points.
    pub geoscore: Improvement,
}

/// Compares methods with a reference. Each is a name and one error in km a photo (`None` without a
/// prediction), of the same photos in the same order, which are `judged` at some radii.
///
/// # Errors
/// Lists of different lengths.
pub fn compare(
    reference: (&str, &[Option<f64>]),
    others: &[(&str, &[Option<f64>])],
    judged: &Judged,
    bootstrap: &Bootstrap,
) -> Result<Vec<Comparison>, UnpairedError> {
    let one = |(name, errors): &(&str, &[Option<f64>])| {
        let better = |statistic| improvement(errors, reference.1, statistic, bootstrap);
        if errors.len() != reference.1.len() {
            return Err(UnpairedError { first: errors.len(), second: reference.1.len() });
        }
        let within = |at: usize| {
            let (errors, than) = (judged.at(at, errors), judged.at(at, reference.1));
            improvement(&errors, &than, Statistic::PercentWithin(RADII_KM[at]), bootstrap)
        };
        let [street, city, region, country, continent] = std::array::from_fn(within);
        Ok(Comparison {
            predictions: (*name).to_owned(),
            reference: reference.0.to_owned(),
            within_km: [street?, city?, region?, country?, continent?],
            median_km: better(Statistic::MedianKm)?,
            geoscore: better(Statistic::GeoScore)?,
        })
    };
    others.iter().map(one).collect()
}

fn by_radius<S: Serializer>(within: &[Improvement; 5], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(RADII_KM.iter().map(ToString::to_string).zip(within))
}
