//! A predictions file: the CSV that `evaluate --predictions` reads.

use std::collections::HashSet;
use std::io;

use contract::{Estimate, Group};
use formats::table::{PredictionRow, PredictionWriter};

use crate::format::Entry;
use crate::{OutputError, PhotoResult, Settings, Writer, precision};

pub(crate) const FORMAT: Entry =
    Entry { name: "csv", open: |settings, out| Box::new(Predictions::new(out, settings)) };

/// One row per located photo; photos that failed have no row, so that they count as misses.
///
/// `IMG_ID` is [`PhotoResult::id`]; a photo that was given twice has one row: `evaluate` refuses an `IMG_ID` that occurs
/// twice. `score` is the best candidate's score; a
/// confidence finer than the precision is an empty field; `abstained` is `true` or `false`; `origin`, if asked for
/// ([`Settings::origins`]), is `retrieved`, `generated` or `retrieved+generated`; `together` ([`Settings::together`]) is the
/// number of photos that were located as one.
pub(crate) struct Predictions<W: io::Write> {
    /// Taken when the table is opened, which writes its header.
    out: Option<W>,
    rows: Option<PredictionWriter<W>>,
    written: HashSet<String>,
    origins: bool,
    together: bool,
}

impl<W: io::Write> Predictions<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W, settings: Settings<'_>) -> Self {
        Self {
            out: Some(out),
            rows: None,
            written: HashSet::new(),
            origins: settings.origins,
            together: settings.together,
        }
    }

    /// The table; opens it the first time.
    fn rows(&mut self) -> Result<&mut PredictionWriter<W>, OutputError> {
        if let Some(out) = self.out.take() {
            let extra = [("origin", self.origins), ("together", self.together)];
            let extra: Vec<&str> =
                extra.into_iter().filter(|(_, is_asked)| *is_asked).map(|(name, _)| name).collect();
            self.rows = Some(PredictionWriter::with_extra("predictions", out, &extra)?);
        }
        self.rows.as_mut().ok_or_else(|| io::Error::other("the header could not be written").into())
    }
}

impl<W: io::Write> Writer for Predictions<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        self.rows().map(|_| ())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        let Ok(estimate) = &result.outcome else { return Ok(()) };
        if !self.written.insert(result.id.clone()) {
            return Ok(());
        }
        let mut row = PredictionRow::new(result.id.as_str(), estimate.location);
        row.score = estimate.candidates.first().map(|best| best.score);
        for (slot, (_, known)) in
            row.confidence.iter_mut().zip(precision::all_confidences(estimate, result.precision))
        {
            *slot = known;
        }
        row.abstained = Some(estimate.abstained());
        let together = together(estimate);
        let extra = [(origin(estimate), self.origins), (together.as_str(), self.together)];
        let extra: Vec<&str> =
            extra.into_iter().filter(|(_, is_asked)| *is_asked).map(|(text, _)| text).collect();
        let rows = self.rows()?;
        rows.write_with(&row, &extra)?;
        rows.flush()?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.rows()?.flush()?;
        Ok(())
    }
}

/// How many photos were located as one.
fn together(estimate: &Estimate) -> String {
    match &estimate.group {
        Some(Group::Together { photos, .. }) => photos.to_string(),
        _ => String::new(),
    }
}

/// What named the candidate that is the answer.
fn origin(estimate: &Estimate) -> &'static str {
    let origins = || estimate.origins.iter();
    match (origins().any(|origin| !origin.is_generated()), origins().any(contract::Origin::is_generated)) {
        (true, true) => "retrieved+generated",
        (true, false) => "retrieved",
        _ => "generated",
    }
}
