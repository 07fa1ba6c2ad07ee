//! Rows of a benchmark's official file, and predictions from their scores.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use contract::{ErrorKind, Failure};
use formats::official::BenchmarkTable;
use formats::pairs::PairsRow;
use formats::table::{PredictionRow, PredictionWriter};
use rank::vlm::BenchmarkRules;
use rank::vlm::prompt::Protocol;
use serde::Deserialize;

use super::rows::InputRow;
use crate::args::{BenchmarkRequest, ScoreProtocol};
use crate::sink::Sink;

/// The rows of a benchmark as pairs.
pub(super) struct BenchmarkRows {
    rows: BenchmarkTable,
    rules: BenchmarkRules,
    seen: HashSet<String>,
    number: usize,
    /// Generated candidates that were left out: answers that could not be parsed.
    pub(super) unparsed: usize,
}

impl BenchmarkRows {
    /// Opens a benchmark's file.
    ///
    /// # Errors
    /// A file that does not open or has no lists.
    pub(super) fn open(
        file: &Path,
        request: &BenchmarkRequest,
        protocol: ScoreProtocol,
    ) -> Result<Self, Failure> {
        let rows = BenchmarkTable::open(file)?;
        let protocol = match protocol {
            ScoreProtocol::Default => Protocol::Default,
            ScoreProtocol::Official => Protocol::Official,
        };
        let rules = BenchmarkRules { retrieved: request.retrieved, generated: request.generated, protocol };
        Ok(Self { rows, rules, seen: HashSet::new(), number: 0, unparsed: 0 })
    }

    fn pairs(&mut self, row: &formats::official::BenchmarkRow) -> Result<PairsRow, Failure> {
        let wrong = |kind, what: &str| {
            let (file, place) = (self.rows.file(), row.photo.position);
            Failure::new(kind, format!("{file}, {place}, photo {}: {what}", row.id()))
        };
        if !self.seen.insert(row.id().0.clone()) {
            return Err(
                wrong(ErrorKind::InvalidTable, "the photo is there twice").with_hint("keep one row a photo")
            );
        }
        let (pairs, unparsed) = self.rules.pairs(row);
        if pairs.candidates.is_empty() {
            return Err(wrong(ErrorKind::NoCandidates, "the row has no candidates").with_hint(
                "its candidate_gps_lis and zs_gps_lis are empty, or --retrieved and --generated are 0",
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

/// Writes the best candidates' coordinates of all rows that have scores, in the order of the benchmark.
///
/// # Errors
/// [`ErrorKind::Output`] naming the file.
pub(super) fn write_predictions(rows: BenchmarkRows, scores: &Path, out: &Path) -> Result<usize, Failure> {
    #[derive(Deserialize)]
    struct Scored {
        id: Option<String>,
        scores: Option<Vec<f32>>,
        best: Option<usize>,
    }
    let unreadable = |error: std::io::Error| {
        Failure::new(ErrorKind::Unreadable, format!("cannot read {}: {error}", scores.display()))
    };
    let mut best: HashMap<String, (usize, f32)> = HashMap::new();
    for line in BufReader::new(File::open(scores).map_err(unreadable)?).lines() {
        let Ok(row) = serde_json::from_str::<Scored>(&line.map_err(unreadable)?) else { continue };
        let score = row.best.and_then(|at| row.scores.as_ref()?.get(at).copied());
        if let (Some(id), Some(at), Some(score)) = (row.id, row.best, score) {
            best.insert(id, (at, score));
        }
    }
    let name = out.display().to_string();
    let mut sink = Sink::open(Some(out))?;
    let mut written = 0;
    let done = (|| {
        let mut writer = PredictionWriter::new(&name, &mut sink)?;
        for row in rows.filter_map(|input| input.row.ok()) {
            let Some(&(at, score)) = best.get(&row.id) else { continue };
            let Some(candidate) = row.candidates.get(at) else { continue };
            let prediction = PredictionRow {
                score: Some(score),
                ..PredictionRow::new(row.id.as_str(), candidate.location)
            };
            writer.write(&prediction)?;
            written += 1;
        }
        writer.finish().map_err(Failure::from)
    })();
    match done {
        Ok(()) => sink.commit().map(|()| written),
        Err(failure) => {
            sink.discard();
            Err(failure)
        }
    }
}
