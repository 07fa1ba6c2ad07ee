//! How accurate predictions are; its JSON form is fixed.

use geo::metrics::{Bootstrap, Measured, RADII_KM, Summary};
use rayon::prelude::*;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::join::Joined;

/// Accuracy within one radius.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Within {
    /// The radius, km.
    #[serde(skip)]
    pub radius_km: f64,
    /// Percent of the photos that are judged here with an error strictly below the radius; no prediction is a miss. NaN
    /// when none is judged.
    pub percent: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// Photos that are left out here, because their places are less precise than the radius. In JSON only where there
    /// are any.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_judged: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Accuracy on some photos. In JSON, `within_km` is an object with one entry per radius, `median_km`,
/// `mean_km` and `geoscore` are the numbers without their intervals, which are in `intervals`, and `by` is an object of
/// objects. A number that does not exist (the mean without predictions) or is infinite is null.
#[derive(Clone, Debug, PartialEq)]
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
    pub within_km: [Within; 5],
    /// Median error, km; photos without a prediction are infinitely far.
    pub median_km: Measured,
    /// Mean error, km, of the photos that have a prediction.
    pub mean_km: Measured,
    /// Mean of `5000 exp(-km / 1492.7)`; photos without a prediction score 0.
    pub geoscore: Measured,
    /// The same for the photos of each value of a column.
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
    /// Reports on joined predictions, broken down by columns that the truth has kept.
    pub fn new(joined: &Joined<'_>, by: &[String], bootstrap: &Bootstrap) -> Self {
        let all: Vec<usize> = (0..joined.selected.len()).collect();
        let mut report = Self::of(joined, &all, bootstrap);
        report.unmatched_predictions = joined.unmatched_predictions();
        report.by = by.iter().map(|column| Breakdown::new(column, joined, bootstrap)).collect();
        report
    }

    /// Of the photos at some indices of the selection.
    pub(crate) fn of(joined: &Joined<'_>, photos: &[usize], bootstrap: &Bootstrap) -> Self {
        let error = |index: &usize| joined.errors_km().get(*index).copied().flatten();
        let errors: Vec<Option<f64>> = photos.iter().map(error).collect();
        let judged = joined.judged().of(photos.iter().copied());
        let summary = Summary::new(&errors, bootstrap);
        let missing = photos.iter().zip(&errors).filter(|(_, error)| error.is_none());
        let id = |index: usize| {
            joined.selected.get(index).map(|photo| joined.truth.texts().get(*photo as usize).to_owned())
        };
        let within = |index: usize| {
            let judged = judged.at(index, &errors);
            let not_judged = errors.len() - judged.len();
            let Measured { value, low, high } = match not_judged {
                0 => summary.percent_within[index],
                _ => Summary::new(&judged, bootstrap).percent_within[index],
            };
            Within { radius_km: RADII_KM[index], percent: value, low, high, not_judged }
        };
        Self {
            n: summary.count,
            matched: summary.count - summary.missing,
            unmatched_predictions: Vec::new(),
            unmatched_truth: missing.filter_map(|(index, _)| id(*index)).collect(),
            within_km: std::array::from_fn(within),
            median_km: summary.median_km,
            mean_km: summary.mean_km,
            geoscore: summary.geo_score,
            by: Vec::new(),
        }
    }
}

impl Breakdown {
    fn new(column: &str, joined: &Joined<'_>, bootstrap: &Bootstrap) -> Self {
        let values = joined.truth.column(column);
        let mut photos: Vec<Vec<usize>> = vec![Vec::new(); values.map_or(0, |column| column.values.len())];
        for (index, photo) in joined.selected.iter().enumerate() {
            let number = values.and_then(|column| column.numbers.get(*photo as usize));
            if let Some(group) = number.and_then(|number| photos.get_mut(*number as usize)) {
                group.push(index);
            }
        }
        let names = values.into_iter().flat_map(|column| &column.values);
        let named: Vec<(&String, Vec<usize>)> =
            names.zip(photos).filter(|(_, photos)| !photos.is_empty()).collect();
        let report =
            |(value, photos): (&String, Vec<usize>)| (value.clone(), Report::of(joined, &photos, bootstrap));
        let mut groups: Vec<(String, Report)> = named.into_par_iter().map(report).collect();
        groups.sort_by(|(one, report), (other, than)| than.n.cmp(&report.n).then_with(|| one.cmp(other)));
        Self { column: column.to_owned(), groups }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let within: Vec<(String, Within)> =
            self.within_km.iter().map(|within| (within.radius_km.to_string(), *within)).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("n", &self.n)?;
        map.serialize_entry("matched", &self.matched)?;
        map.serialize_entry("unmatched_predictions", &self.unmatched_predictions)?;
        map.serialize_entry("unmatched_truth", &self.unmatched_truth)?;
        map.serialize_entry("within_km", &Entries(&within))?;
        map.serialize_entry("median_km", &self.median_km.value)?;
        map.serialize_entry("mean_km", &self.mean_km.value)?;
        map.serialize_entry("geoscore", &self.geoscore.value)?;
        map.serialize_entry("intervals", &Intervals::from(self))?;
        let by: Vec<(&str, Entries<'_, String, Self>)> =
            self.by.iter().map(|one| (one.column.as_str(), Entries(&one.groups))).collect();
        map.serialize_entry("by", &Entries(&by))?;
        map.end()
    }
}

/// The 95 % intervals of the numbers that stand alone.
#[derive(Serialize)]
struct Intervals {
    median_km: Interval,
    mean_km: Interval,
    geoscore: Interval,
}

#[derive(Serialize)]
struct Interval {
    low: f64,
    high: f64,
}

impl From<&Report> for Intervals {
    fn from(report: &Report) -> Self {
        let [median_km, mean_km, geoscore] = [report.median_km, report.mean_km, report.geoscore]
            .map(|measured| Interval { low: measured.low, high: measured.high });
        Self { median_km, mean_km, geoscore }
    }
}

/// Pairs as an object, in their order.
pub(crate) struct Entries<'a, K, V>(pub(crate) &'a [(K, V)]);

impl<K: Serialize, V: Serialize> Serialize for Entries<'_, K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
