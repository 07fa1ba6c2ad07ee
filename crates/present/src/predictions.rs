//! A predictions file: the CSV that `evaluate --predictions` reads.

use std::collections::{HashMap, HashSet};
use std::io;

use contract::Estimate;
use formats::table::{PredictionRow, PredictionWriter};

use crate::format::Entry;
use crate::{OutputError, PhotoResult, Settings, Writer, precision};

pub(crate) const FORMAT: Entry =
    Entry { name: "csv", open: |settings, out| Box::new(Predictions::new(out, settings)) };

/// One row per located photo; photos that failed have no row, so that they count as misses.
///
/// `IMG_ID` is the file name, or the photo's whole name where photos of the run share a file name
/// ([`Settings::names`]): `evaluate` refuses an `IMG_ID` that occurs twice. `score` is the best candidate's score; a
/// confidence finer than the precision is an empty field; `abstained` is `true` or `false`; `origin`, if asked for
/// ([`Settings::origins`]), is `retrieved`, `generated` or `retrieved+generated`.
pub(crate) struct Predictions<W: io::Write> {
    /// Taken when the table is opened, which writes its header.
    out: Option<W>,
    rows: Option<PredictionWriter<W>>,
    ids: Ids,
    origins: bool,
}

impl<W: io::Write> Predictions<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W, settings: Settings<'_>) -> Self {
        Self { out: Some(out), rows: None, ids: Ids::of(settings.names), origins: settings.origins }
    }

    /// The table; opens it the first time.
    fn rows(&mut self) -> Result<&mut PredictionWriter<W>, OutputError> {
        if let Some(out) = self.out.take() {
            let extra: &[&str] = if self.origins { &["origin"] } else { &[] };
            self.rows = Some(PredictionWriter::with_extra("predictions", out, extra)?);
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
        let Some(id) = self.ids.next(&result.photo) else { return Ok(()) };
        let mut row = PredictionRow::new(id, estimate.location);
        row.score = estimate.candidates.first().map(|best| best.score);
        for (slot, (_, known)) in
            row.confidence.iter_mut().zip(precision::all_confidences(estimate, result.precision))
        {
            *slot = known;
        }
        row.abstained = Some(estimate.abstained);
        let rows = self.rows()?;
        rows.write_with(&row, &[origin(estimate)])?;
        rows.flush()?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.rows()?.flush()?;
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

/// The identifiers of a run: no two rows get the same one. Holds only what is not unique.
#[derive(Default)]
struct Ids {
    /// File names that several names of the run end in.
    shared: HashSet<String>,
    /// Names given more than once, and whether their row is written.
    repeated: HashMap<String, bool>,
}

impl Ids {
    fn of(names: &[String]) -> Self {
        let mut ids = Self::default();
        let (mut whole, mut short) = (HashSet::new(), HashSet::new());
        for name in names {
            if !whole.insert(name.as_str()) {
                ids.repeated.insert(name.clone(), false);
            } else if !short.insert(file_name(name)) {
                ids.shared.insert(file_name(name).to_owned());
            }
        }
        ids
    }

    /// The identifier of a photo; none if the same file was named before: its row is there.
    fn next<'a>(&mut self, photo: &'a str) -> Option<&'a str> {
        if let Some(written) = self.repeated.get_mut(photo)
            && std::mem::replace(written, true)
        {
            return None;
        }
        let short = file_name(photo);
        Some(if self.shared.contains(short) { photo } else { short })
    }
}

/// The last part of a path.
fn file_name(photo: &str) -> &str {
    std::path::Path::new(photo).file_name().and_then(|name| name.to_str()).unwrap_or(photo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids_of(names: &[&str]) -> Vec<Option<String>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut ids = Ids::of(&names);
        names.iter().map(|name| ids.next(name).map(str::to_owned)).collect()
    }

    #[test]
    fn file_names_where_they_are_unique_else_whole_names() {
        let given = ["a/x.jpg", "b/x.jpg", "b/y.jpg", "x.jpg", "c/z.jpg"];
        let expected = ["a/x.jpg", "b/x.jpg", "y.jpg", "x.jpg", "z.jpg"];
        assert_eq!(ids_of(&given), expected.map(|id| Some(id.to_owned())));
    }

    #[test]
    fn a_photo_named_twice_has_one_row() {
        let [x, y] = ["x.jpg", "y.jpg"].map(|id| Some(id.to_owned()));
        assert_eq!(ids_of(&["a/x.jpg", "y.jpg", "a/x.jpg", "a/x.jpg"]), [x, y, None, None]);
    }

    #[test]
    fn names_that_were_not_announced_are_file_names() {
        assert_eq!(Ids::default().next("folder/x.jpg"), Some("x.jpg"));
    }
}
