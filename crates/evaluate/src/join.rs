//! Predictions meet truth.

use geo::metrics::{RADII_KM, percent_within};
use geo::{LatLon, geodesic_km};
use rayon::prelude::*;

use crate::matching::{Ambiguous, Loose, Matching};
use crate::{EvaluateError, Judged, Predictions, Truth};

/// Selected truth with its predictions.
#[derive(Clone, Debug)]
pub struct Joined<'a> {
    pub(crate) truth: &'a Truth,
    pub(crate) predictions: &'a Predictions,
    /// The numbers of the selected photos in the truth, ascending.
    pub(crate) selected: &'a [u32],
    /// Geodesic between truth and prediction, km, one per selected photo; `None` without a prediction.
    errors_km: Vec<Option<f64>>,
    judged: Judged,
    matching: Matching,
}

impl<'a> Joined<'a> {
    /// Joins the photos selected from a truth with predictions.
    ///
    /// # Errors
    /// Predictions of which none is for a photo of the truth, selected or not.
    pub fn new(
        truth: &'a Truth,
        selected: &'a [u32],
        predictions: &'a Predictions,
    ) -> Result<Self, EvaluateError> {
        let matching = Matching::new(truth.texts(), predictions.texts());
        if matching.is_empty() && predictions.texts().len() > 0 {
            let some = |ids: &crate::texts::Texts| ids.iter().take(2).map(str::to_owned).collect();
            return Err(EvaluateError::NothingMatches {
                predictions: predictions.name().to_owned(),
                truth: truth.name().to_owned(),
                predicted: some(predictions.texts()),
                known: some(truth.texts()),
                ambiguous: matching.ambiguous.map(|example| describe(example, truth, predictions)),
            });
        }
        let error_km = |photo: &u32| {
            let at = predictions.location(matching.prediction_of(*photo)? as usize)?;
            Some(geodesic_km(*truth.locations().get(*photo as usize)?, at))
        };
        let errors_km = selected.par_iter().map(error_km).collect();
        let judged = truth.judged().of(selected.iter().map(|photo| *photo as usize));
        Ok(Self { truth, predictions, selected, errors_km, judged, matching })
    }

    /// Errors in km, one per selected photo in the order of ids; `None` without a prediction.
    pub fn errors_km(&self) -> &[Option<f64>] {
        &self.errors_km
    }

    /// At which radii the selected photos can be judged, in the order of ids.
    pub const fn judged(&self) -> &Judged {
        &self.judged
    }

    /// Ids of predictions for photos that the truth does not have, selected or not; in the order of ids.
    pub fn unmatched_predictions(&self) -> Vec<String> {
        let left = self.matching.left.iter().map(|row| *row as usize);
        let answers = left.filter(|row| self.predictions.location(*row).is_some());
        answers.map(|row| self.predictions.texts().get(row).to_owned()).collect()
    }

    /// The confidences that the prediction for the photo at an index of the selection states.
    pub(crate) fn confidence(&self, index: usize) -> Option<[Option<f64>; 5]> {
        let prediction = self.matching.prediction_of(*self.selected.get(index)?)?;
        Some(self.predictions.confidence(prediction as usize))
    }

    /// Errors in km of the photos at some indices of the selection.
    pub(crate) fn errors_of(&self, photos: &[usize]) -> Vec<Option<f64>> {
        photos.iter().map(|index| self.errors_km.get(*index).copied().flatten()).collect()
    }

    /// Of the photos at some indices of the selection, for each radius: percent of those that are judged there whose
    /// prediction lies within it; NaN when none is judged.
    pub(crate) fn percent_within(&self, photos: &[usize]) -> [f64; 5] {
        let (errors, judged) = (self.errors_of(photos), self.judged.of(photos.iter().copied()));
        std::array::from_fn(|at| percent_within(&judged.at(at, &errors), RADII_KM[at]))
    }

    /// Whether the prediction for the photo at an index of the selection says that it abstains.
    pub(crate) fn abstained(&self, index: usize) -> Option<bool> {
        let prediction = self.matching.prediction_of(*self.selected.get(index)?)?;
        self.predictions.abstained(prediction as usize)
    }

    /// The location that is predicted for the photo at an index of the selection.
    pub(crate) fn predicted(&self, index: usize) -> Option<LatLon> {
        let prediction = self.matching.prediction_of(*self.selected.get(index)?)?;
        self.predictions.location(prediction as usize)
    }

    /// What a person should know about ids that were not equal.
    pub(crate) fn notes(&self) -> Vec<String> {
        let name = self.predictions.name();
        let example = |loose: Loose| {
            loose.example.map(|[prediction, photo]| {
                let prediction = self.predictions.texts().get(prediction as usize);
                (loose.count, prediction, self.truth.texts().get(photo as usize))
            })
        };
        let mut notes = Vec::new();
        if let Some((count, prediction, photo)) = example(self.matching.respelt) {
            notes.push(format!(
                "{name}: {} only after normalising Unicode, slashes and ./ (for example \"{prediction}\" with \
                 \"{photo}\")",
                matched(count),
            ));
        }
        if let Some((count, prediction, photo)) = example(self.matching.by_end) {
            notes.push(format!(
                "{name}: {} only by the end of the path (for example \"{prediction}\" with \"{photo}\")",
                matched(count),
            ));
        }
        if let Some(ambiguous) = self.matching.ambiguous {
            let count = self.matching.ambiguous_count;
            notes.push(format!(
                "{name}: {} not matched because more than one path has the same end (for example {})",
                if count == 1 { "1 prediction was".into() } else { format!("{count} predictions were") },
                describe(ambiguous, self.truth, self.predictions),
            ));
        }
        notes
    }
}

fn matched(count: usize) -> String {
    if count == 1 { "1 prediction matched".into() } else { format!("{count} predictions matched") }
}

fn describe(ambiguous: Ambiguous, truth: &Truth, predictions: &Predictions) -> String {
    let photo = |number: u32| truth.texts().get(number as usize);
    let predicted = |number: u32| predictions.texts().get(number as usize);
    match ambiguous {
        Ambiguous::Photos { prediction, photos: [first, second] } => {
            format!("\"{}\" may be \"{}\" or \"{}\"", predicted(prediction), photo(first), photo(second))
        }
        Ambiguous::Predictions { photo: wanted, predictions: [first, second] } => {
            format!(
                "\"{}\" and \"{}\" may both be \"{}\"",
                predicted(first),
                predicted(second),
                photo(wanted)
            )
        }
    }
}
