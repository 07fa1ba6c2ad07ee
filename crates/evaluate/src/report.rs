//! How accurate predictions are; its JSON form is fixed.

use std::collections::BTreeMap;

use geo::metrics::{Bootstrap, Measured, RADII_KM, Summary};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::join::{Joined, Judged};

/// Accuracy within one radius.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Within {
    /// The radius, km.
    #[serde(skip)]
    pub radius_km: f64,
    /// Percent of the photos with an error strictly below the radius; no prediction is a miss.
    pub percent: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// Accuracy on some photos. In JSON, `within_km` is an object with one entry a radius, `median_km`,
/// `mean_km` and `geoscore` are the numbers without their intervals, and `by` is an object of objects. A
/// number that does not exist (the mean without predictions) or is infinite is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Number of photos with a known location.
    pub n: usize,
    /// How many of them have a prediction.
    pub matched: usize,
    /// Ids of predictions that the truth does not know; they do not count. In the order of ids, like
    /// `unmatched_truth`.
    pub unmatched_predictions: Vec<String>,
    /// Ids of photos without a prediction; they count as misses.
    pub unmatched_truth: Vec<String>,
    /// Accuracy within 1, 25, 200, 750 and 2500 km.
    #[serde(serialize_with = "by_radius")]
    pub within_km: [Within; 5],
    /// Median error, km; photos without a prediction are infinitely far.
    #[serde(serialize_with = "value_only")]
    pub median_km: Measured,
    /// Mean error, km, of the photos that have a prediction.
    #[serde(serialize_with = "value_only")]
    pub mean_km: Measured,
    /// Mean of `5000 exp(-km / 1492.7)`; photos without a prediction score 0.
    #[serde(serialize_with = "value_only")]
    pub geoscore: Measured,
    /// The same for the photos of each value of a column.
    #[serde(serialize_with = "by_column")]
    pub by: Vec<Breakdown>,
}

/// Accuracy by the values of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// The column.
    pub column: String,
    /// Value and accuracy: the value with most photos first, then alphabetically. A missing value is the
    /// empty text. Reports of groups have neither unmatched predictions nor breakdowns of their own.
    pub groups: Vec<(String, Report)>,
}

impl Report {
    /// Reports on joined predictions, broken down by columns.
    pub fn new(joined: &Joined<'_>, by: &[String], bootstrap: &Bootstrap) -> Self {
        let all: Vec<&Judged<'_>> = joined.photos.iter().collect();
        let mut report = Self::of(&all, bootstrap);
        report.unmatched_predictions.clone_from(&joined.unmatched_predictions);
        report.by = by.iter().map(|column| Breakdown::new(column, &all, bootstrap)).collect();
        report
    }

    fn of(photos: &[&Judged<'_>], bootstrap: &Bootstrap) -> Self {
        let errors: Vec<Option<f64>> = photos.iter().map(|photo| photo.error_km).collect();
        let summary = Summary::new(&errors, bootstrap);
        let missing = photos.iter().filter(|photo| photo.error_km.is_none());
        let within = |index: usize| {
            let Measured { value, low, high } = summary.percent_within[index];
            Within { radius_km: RADII_KM[index], percent: value, low, high }
        };
        Self {
            n: summary.count,
            matched: summary.count - summary.missing,
            unmatched_predictions: Vec::new(),
            unmatched_truth: missing.map(|photo| photo.truth.id.to_string()).collect(),
            within_km: std::array::from_fn(within),
            median_km: summary.median_km,
            mean_km: summary.mean_km,
            geoscore: summary.geo_score,
            by: Vec::new(),
        }
    }
}

impl Breakdown {
    fn new(column: &str, photos: &[&Judged<'_>], bootstrap: &Bootstrap) -> Self {
        let mut groups: BTreeMap<String, Vec<&Judged<'_>>> = BTreeMap::new();
        for photo in photos {
            let value = photo.truth.get(column).unwrap_or_default().into_owned();
            groups.entry(value).or_default().push(photo);
        }
        let mut groups: Vec<_> =
            groups.into_iter().map(|(value, photos)| (value, Report::of(&photos, bootstrap))).collect();
        groups.sort_by_key(|(_, report)| std::cmp::Reverse(report.n));
        Self { column: column.to_owned(), groups }
    }
}

fn by_radius<S: Serializer>(within: &[Within; 5], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(within.iter().map(|within| (within.radius_km.to_string(), within)))
}

fn value_only<S: Serializer>(measured: &Measured, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(measured.value)
}

fn by_column<S: Serializer>(breakdowns: &[Breakdown], serializer: S) -> Result<S::Ok, S::Error> {
    struct Groups<'a>(&'a [(String, Report)]);
    impl Serialize for Groups<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|(value, report)| (value, report)))
        }
    }
    let mut map = serializer.serialize_map(Some(breakdowns.len()))?;
    for breakdown in breakdowns {
        map.serialize_entry(&breakdown.column, &Groups(&breakdown.groups))?;
    }
    map.end()
}
