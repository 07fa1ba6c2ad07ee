//! Is one method better than another? A paired bootstrap: each resample takes the same photos from both, so
//! that what is hard for both does not blur the difference.

use geo::metrics::{Bootstrap, Improvement, RADII_KM, Statistic, UnpairedError, improvement};
use serde::{Serialize, Serializer};

/// How much better predictions are than a reference on the same photos. Positive differences mean better:
/// percentage points, `GeoScore` points, or km by which the median error is smaller. In JSON, `within_km` is
/// an object with one entry a radius.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the predictions.
    pub predictions: String,
    /// Name of what they are compared with.
    pub reference: String,
    /// Percentage points within 1, 25, 200, 750 and 2500 km.
    #[serde(serialize_with = "by_radius")]
    pub within_km: [Improvement; 5],
    /// Kilometres.
    pub median_km: Improvement,
    /// Points.
    pub geoscore: Improvement,
}

/// Compares methods with a reference. Each is a name and one error in km a photo (`None` without a
/// prediction), of the same photos in the same order.
///
/// # Errors
/// Lists of different lengths.
pub fn compare(
    reference: (&str, &[Option<f64>]),
    others: &[(&str, &[Option<f64>])],
    bootstrap: &Bootstrap,
) -> Result<Vec<Comparison>, UnpairedError> {
    let one = |(name, errors): &(&str, &[Option<f64>])| {
        let better = |statistic| improvement(errors, reference.1, statistic, bootstrap);
        let [street, city, region, country, continent] =
            RADII_KM.map(|radius| better(Statistic::PercentWithin(radius)));
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
