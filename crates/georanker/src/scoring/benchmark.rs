//! Rows of a benchmark's official file, and predictions from their scores.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use contract::{ErrorKind, Failure};
use formats::official::{BenchmarkRow, BenchmarkTable};
use formats::pairs::PairsRow;
use formats::table::{PredictionRow, PredictionWriter};
use rank::vlm::BenchmarkRules;
use serde::Deserialize;

use super::rows::InputRow;

/// The rows of a benchmark as pairs.
pub struct BenchmarkRows {
    rows: BenchmarkTable,
    rules: BenchmarkRules,
    seen: HashSet<String>,
    number: usize,
    unparsed: usize,
}

impl BenchmarkRows {
    /// Opens a benchmark's file; `rules` choose the candidates of a row.
    ///
    /// # Errors
    /// A file that does not open or has no lists.
    pub fn open(file: &Path, rules: BenchmarkRules) -> Result<Self, Failure> {
        let rows = BenchmarkTable::open(file)?;
        Ok(Self { rows, rules, seen: HashSet::new(), number: 0, unparsed: 0 })
    }

    /// Generated candidates that were left out so far: answers that could not be parsed.
    pub const fn unparsed(&self) -> usize {
        self.unparsed
    }

    fn pairs(&mut self, row: &BenchmarkRow) -> Result<PairsRow, Failure> {
        let wrong = |kind, what: &str| {
            let (file, place) = (self.rows.file(), row.photo.position);
            Failure::new(kind, format!("{file}, {place}, photo {}: {what}", row.id()))
        };
        if !self.seen.insert(row.id().0.clone()) {
            return Err(wrong(ErrorKind::InvalidTable, "the photo is there twice")
                .with_hint("keep one row per photo"));
        }
        let (pairs, unparsed) = self.rules.pairs(row);
        if pairs.candidates.is_empty() {
            return Err(wrong(ErrorKind::NoCandidates, "the row has no candidates").with_hint(
                "its candidate_gps_lis and zs_gps_lis are empty, or no candidates of either are asked for",
            ));
        }
        self.unparsed += unparsed;
        Ok(pairs)
    }
}

impl Iterator for BenchmarkRows {
    type Item = InputRow;

    fn next(&mut self) -> Option<InputRow> {
        let row = self.rows.next()?;
        self.number += 1;
        Some(match row {
            Ok(row) => {
                let id = Some(row.id().0.clone());
                InputRow { line: row.photo.position.to_string(), id, row: self.pairs(&row) }
            }
            Err(error) => {
                let line = format!("row {}", self.number);
                InputRow { line, id: None, row: Err(Failure::from_error(&error)) }
            }
        })
    }
}

/// How many rows a benchmark has; wrong ones count.
pub(super) fn count(file: &Path) -> Option<usize> {
    Some(BenchmarkTable::open(file).ok()?.count())
}

/// Writes the best candidates' coordinates of all rows that have scores, in the order of the benchmark, as a predictions
/// file to `out`; `name` is its name in messages. Returns how many there are.
///
/// # Errors
/// Scores that cannot be read; [`ErrorKind::Output`] naming the file.
pub fn write_predictions(
    rows: BenchmarkRows,
    scores: &Path,
    name: &str,
    out: &mut dyn Write,
) -> Result<usize, Failure> {
    let best = best_candidates(scores)?;
    let mut writer = PredictionWriter::new(name, out)?;
    let mut written = 0;
    for row in rows.filter_map(|input| input.row.ok()) {
        let Some(&(at, score)) = best.get(&row.id) else { continue };
        let Some(candidate) = row.candidates.get(at) else { continue };
        let location = candidate.place.location;
        let prediction =
            PredictionRow { score: Some(score), ..PredictionRow::new(row.id.as_str(), location) };
        writer.write(&prediction)?;
        written += 1;
    }
    writer.finish()?;
    Ok(written)
}

/// By id: the index of the best candidate and its score.
fn best_candidates(scores: &Path) -> Result<HashMap<String, (usize, f32)>, Failure> {
    #[derive(Deserialize)]
    struct Scored {
        id: Option<String>,
        scores: Option<Vec<f32>>,
        best: Option<usize>,
    }
    let unreadable = |error: std::io::Error| {
        Failure::new(ErrorKind::Unreadable, format!("cannot read {}: {error}", scores.display()))
    };
    let mut best = HashMap::new();
    for line in BufReader::new(File::open(scores).map_err(unreadable)?).lines() {
        let Ok(row) = serde_json::from_str::<Scored>(&line.map_err(unreadable)?) else { continue };
        let score = row.best.and_then(|at| row.scores.as_ref()?.get(at).copied());
        if let (Some(id), Some(at), Some(score)) = (row.id, row.best, score) {
            best.insert(id, (at, score));
        }
    }
    Ok(best)
}
