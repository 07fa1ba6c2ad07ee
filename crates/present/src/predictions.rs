//! A predictions file: the CSV that `evaluate --predictions` reads.

use std::io;
use std::path::Path;

use contract::{Estimate, RADII_KM};

use super::{OutputError, PhotoResult, Writer, precision};

/// One row a located photo; photos that failed have no row, so that they count as misses.
///
/// `IMG_ID` is the file name; `score` is the best candidate's score; a confidence finer than the precision
/// is an empty field; `abstained` is `true` or `false`; `origin`, if asked for, is `retrieved`, `generated` or
/// `retrieved+generated`.
pub struct Predictions<W: io::Write> {
    rows: csv::Writer<W>,
    origins: bool,
}

impl<W: io::Write> Predictions<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { rows: csv::Writer::from_writer(out), origins: false }
    }

    /// With a last column that says where each answer comes from.
    #[must_use]
    pub fn with_origins(mut self, origins: bool) -> Self {
        self.origins = origins;
        self
    }
}

impl<W: io::Write> Writer for Predictions<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        let mut header =
            vec!["IMG_ID".to_owned(), "LAT_pred".to_owned(), "LON_pred".to_owned(), "score".to_owned()];
        header.extend(RADII_KM.map(|radius| format!("confidence_{radius}km")));
        header.push("abstained".to_owned());
        if self.origins {
            header.push("origin".to_owned());
        }
        self.rows.write_record(&header)?;
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        let Ok(estimate) = &result.outcome else { return Ok(()) };
        let mut row = vec![
            file_name(&result.photo).to_owned(),
            estimate.location.latitude().to_string(),
            estimate.location.longitude().to_string(),
            estimate.candidates.first().map(|best| best.score.to_string()).unwrap_or_default(),
        ];
        for (_, known) in precision::all_confidences(estimate, result.precision) {
            row.push(known.map(|probability| probability.to_string()).unwrap_or_default());
        }
        row.push(estimate.abstained.to_string());
        if self.origins {
            row.push(origin(estimate).to_owned());
        }
        self.rows.write_record(&row)?;
        self.rows.flush()?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.rows.flush()?;
        Ok(())
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

fn file_name(photo: &str) -> &str {
    Path::new(photo).file_name().and_then(|name| name.to_str()).unwrap_or(photo)
}
