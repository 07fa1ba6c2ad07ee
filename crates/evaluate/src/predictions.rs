//! What one method says, as little of it as an evaluation needs.

use std::path::Path;

use formats::table::{BadRows, PredictionRow, PredictionTable, TableError};
use geo::LatLon;

use crate::EvaluateError;
use crate::rows::Rows;
use crate::texts::{Texts, in_order};

/// What one method says, in the order of the ids.
#[derive(Clone, Debug)]
pub struct Predictions {
    name: String,
    ids: Texts,
    locations: Vec<Option<LatLon>>,
    /// NaN where it is unknown; empty when it is not needed.
    confidence: Vec<[f64; 5]>,
    /// Empty when it is not needed.
    abstained: Vec<Option<bool>>,
    notes: Vec<String>,
}

impl Predictions {
    /// Reads a predictions file. Rows with both coordinates empty are photos without an answer. Stated confidence
    /// and abstention are held in memory only for `calibration`.
    ///
    /// # Errors
    /// A table that is wrong, in more rows than `bad` passes over.
    pub fn read(
        path: impl AsRef<Path>,
        calibration: bool,
        bad: &mut BadRows<'_>,
    ) -> Result<Self, EvaluateError> {
        let path = path.as_ref();
        let mut table = PredictionTable::open(path)?;
        let mut predictions = Self::collect(path.display().to_string(), calibration, &mut table, bad)?;
        predictions.notes.extend(table.notes().iter().map(ToString::to_string));
        Ok(predictions)
    }

    /// Predictions with distinct ids.
    ///
    /// # Errors
    /// An id with different values.
    pub fn new(name: impl Into<String>, rows: Vec<PredictionRow>) -> Result<Self, EvaluateError> {
        let mut ignore = |_: &TableError| ();
        Self::collect(name.into(), true, rows.into_iter().map(Ok), &mut BadRows::new(&mut ignore).at_most(0))
    }

    fn collect(
        name: String,
        calibration: bool,
        predictions: impl Iterator<Item = Result<PredictionRow, TableError>>,
        bad: &mut BadRows<'_>,
    ) -> Result<Self, EvaluateError> {
        let mut rows = Rows::default();
        let (mut locations, mut confidence, mut abstained) = (Vec::new(), Vec::new(), Vec::new());
        for prediction in predictions {
            let Some(prediction) = rows.pass(&name, prediction, bad)? else { continue };
            rows.push(&prediction.id.0, prediction.location, prediction.position);
            locations.push(prediction.location);
            if calibration {
                confidence.push(prediction.confidence.map(|stated| stated.unwrap_or(f64::NAN)));
                abstained.push(prediction.abstained);
            }
        }
        let bits = |row: usize| confidence.get(row).map(|stated: &[f64; 5]| stated.map(f64::to_bits));
        let is_same = |one: usize, other: usize| {
            locations.get(one) == locations.get(other)
                && bits(one) == bits(other)
                && abstained.get(one) == abstained.get(other)
        };
        let (order, repeated) =
            rows.unique(&name, bad, is_same, |row| locations.get(row).copied().flatten())?;
        let mut notes = rows.findings(&name);
        notes.extend(repeated);
        Ok(Self {
            name,
            ids: rows.ids.in_order(&order),
            locations: in_order(locations, &order),
            confidence: if calibration { in_order(confidence, &order) } else { Vec::new() },
            abstained: if calibration { in_order(abstained, &order) } else { Vec::new() },
            notes,
        })
    }

    /// What a person should know about the table.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn texts(&self) -> &Texts {
        &self.ids
    }

    pub(crate) fn location(&self, row: usize) -> Option<LatLon> {
        self.locations.get(row).copied().flatten()
    }

    /// Whether the method says that its answer is not to be relied on.
    pub(crate) fn abstained(&self, row: usize) -> Option<bool> {
        self.abstained.get(row).copied().flatten()
    }

    /// Stated confidence at each radius, 0 to 1.
    pub(crate) fn confidence(&self, row: usize) -> [Option<f64>; 5] {
        let stated = self.confidence.get(row).copied().unwrap_or([f64::NAN; 5]);
        stated.map(|confidence| Some(confidence).filter(|confidence| !confidence.is_nan()))
    }
}
