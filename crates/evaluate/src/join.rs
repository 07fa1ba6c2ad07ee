//! Predictions meet truth.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use contract::PhotoId;
use formats::table::{PhotoRow, PhotoTable, PredictionRow, read_predictions};
use geo::geodesic_km;

use crate::{EvaluateError, Selection};

/// Photos of known location, in the order of their ids, so that results do not hang on the row order.
#[derive(Clone, Debug)]
pub struct Truth {
    name: String,
    columns: Vec<String>,
    photos: Vec<PhotoRow>,
}

impl Truth {
    /// Reads a photo table, CSV or Parquet.
    ///
    /// # Errors
    /// A table that is wrong or holds no photos.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, EvaluateError> {
        let path = path.as_ref();
        let table = PhotoTable::open(path)?;
        let columns = table.columns().to_vec();
        Self::new(path.display().to_string(), columns, table.read_all()?)
    }

    /// Photos with distinct ids; `columns` may be used to filter and to break down by.
    ///
    /// # Errors
    /// No photos.
    pub fn new(
        name: impl Into<String>,
        columns: Vec<String>,
        mut photos: Vec<PhotoRow>,
    ) -> Result<Self, EvaluateError> {
        let name = name.into();
        if photos.is_empty() {
            return Err(EvaluateError::EmptyTruth { truth: name });
        }
        photos.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { name, columns, photos })
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The photos.
    pub fn photos(&self) -> &[PhotoRow] {
        &self.photos
    }

    /// Fails for a column that the table does not have.
    pub(crate) fn check_column(&self, column: &str) -> Result<(), EvaluateError> {
        let is_author = |name: &str| name.eq_ignore_ascii_case("author");
        let has = |name: &String| name == column || (is_author(name) && is_author(column));
        if !column.is_empty() && self.columns.iter().any(has) {
            return Ok(());
        }
        let found = self.columns.iter().filter(|name| !name.is_empty()).cloned().collect();
        Err(EvaluateError::UnknownColumn { truth: self.name.clone(), column: column.to_owned(), found })
    }

    /// The photos that fit a selection, at least one.
    ///
    /// # Errors
    /// Unknown columns, or nothing that fits.
    pub fn select(&self, selection: &Selection) -> Result<Vec<&PhotoRow>, EvaluateError> {
        for condition in &selection.conditions {
            self.check_column(&condition.column)?;
        }
        let selected: Vec<_> = self.photos.iter().filter(|photo| selection.fits(photo)).collect();
        if selected.is_empty() {
            let columns = selection.conditions.iter().map(|condition| &condition.column);
            return Err(EvaluateError::NothingSelected {
                truth: self.name.clone(),
                selection: selection.to_string(),
                values: columns.map(|column| (column.clone(), self.values(column))).collect(),
            });
        }
        Ok(selected)
    }

    /// Some values of a column, for messages.
    fn values(&self, column: &str) -> Vec<String> {
        const SHOWN: usize = 8;
        let mut values: Vec<String> = Vec::new();
        for photo in &self.photos {
            let value = photo.get(column).unwrap_or_default();
            if !values.contains(&format!("\"{value}\"")) {
                if values.len() == SHOWN {
                    values.push("...".into());
                    break;
                }
                values.push(format!("\"{value}\""));
            }
        }
        values
    }
}

/// What one method says.
#[derive(Clone, Debug)]
pub struct Predictions {
    name: String,
    rows: BTreeMap<PhotoId, PredictionRow>,
}

impl Predictions {
    /// Reads a predictions file. Rows with both coordinates empty are not predictions.
    ///
    /// # Errors
    /// A table that is wrong.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, EvaluateError> {
        let path = path.as_ref();
        Ok(Self::new(path.display().to_string(), read_predictions(path)?))
    }

    /// Predictions with distinct ids.
    pub fn new(name: impl Into<String>, rows: Vec<PredictionRow>) -> Self {
        let answers = rows.into_iter().filter(|row| row.location.is_some());
        Self { name: name.into(), rows: answers.map(|row| (row.id.clone(), row)).collect() }
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A photo and what was said about it.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// Where it was taken.
    pub truth: &'a PhotoRow,
    /// The prediction, if there is one.
    pub prediction: Option<&'a PredictionRow>,
    /// Geodesic between the two, km.
    pub error_km: Option<f64>,
}

/// Selected truth with its predictions.
#[derive(Clone, Debug)]
pub struct Joined<'a> {
    /// One a selected photo, in the order of ids.
    pub photos: Vec<Judged<'a>>,
    /// Predictions for photos that the truth does not have, selected or not; in the order of ids.
    pub unmatched_predictions: Vec<String>,
}

impl<'a> Joined<'a> {
    /// Joins the photos selected from a truth with predictions.
    pub fn new(truth: &'a Truth, selected: &[&'a PhotoRow], predictions: &'a Predictions) -> Self {
        let known: HashSet<&PhotoId> = truth.photos.iter().map(|photo| &photo.id).collect();
        let unmatched = predictions.rows.keys().filter(|id| !known.contains(id));
        let judge = |photo: &&'a PhotoRow| {
            let prediction = predictions.rows.get(&photo.id);
            let location = prediction.and_then(|row| row.location);
            Judged { truth: photo, prediction, error_km: location.map(|at| geodesic_km(photo.location, at)) }
        };
        Self {
            photos: selected.iter().map(judge).collect(),
            unmatched_predictions: unmatched.map(ToString::to_string).collect(),
        }
    }

    /// Errors in km, one a photo; `None` without a prediction.
    pub fn errors_km(&self) -> Vec<Option<f64>> {
        self.photos.iter().map(|photo| photo.error_km).collect()
    }
}
