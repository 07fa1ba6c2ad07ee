//! Scores the rows of a table with any scorer and hands them to any writer.

use std::sync::atomic::{AtomicBool, Ordering};

use contract::{ErrorKind, Failure};
use formats::pairs::{PairsLine, PairsRow, ScoredRow};
use rank::vlm::score::ScorePairs;

/// Where rows of scores go.
pub trait RowSink {
    /// Whether the row's scores are there from an earlier run; they take the row's place then.
    fn keeps(&mut self, row: &PairsRow) -> bool;

    /// Puts a row where it stays even if the process is killed right after; with what was asked, where that was sound.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] naming the file.
    fn write(&mut self, asked: Option<&PairsRow>, row: &ScoredRow) -> Result<(), Failure>;
}

/// A row to score, or why there is none.
pub struct InputRow {
    /// Where it is in its file, in words.
    pub line: String,
    /// Its id, where that is known.
    pub id: Option<String>,
    /// The row, or why there is none.
    pub row: Result<PairsRow, Failure>,
}

impl From<PairsLine> for InputRow {
    fn from(line: PairsLine) -> Self {
        let row = line.row.map_err(Failure::from);
        Self { line: format!("line {}", line.line), id: line.id, row }
    }
}

/// Who is told how rows fare while they are scored.
pub trait ScoringProgress {
    /// A row has its scores from an earlier run.
    fn kept(&self) {}

    /// A row failed; the message names file, line and row.
    fn failed(&self, _failure: &Failure) {}

    /// A row was written, scored or failed.
    fn written(&self) {}
}

/// What stays the same for every row.
pub struct ScoringRun<'a> {
    /// Who scores.
    pub scorer: &'a dyn ScorePairs,
    /// Who is told.
    pub progress: &'a dyn ScoringProgress,
    /// Set from outside: the row in hand is finished, no other is begun.
    pub stop: &'a AtomicBool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoringEnd {
    /// Every row was seen.
    Finished,
    /// Rows are left.
    Interrupted,
}

/// How the rows fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// With scores of this run.
    pub scored: usize,
    /// With scores of an earlier run.
    pub kept: usize,
    /// Without scores.
    pub failed: usize,
}

/// Scores row after row. `file` is the name of their file in messages. A row that fails is written with
/// its error, and the next one follows.
///
/// # Errors
/// What no other row could escape: a broken model, an output that cannot be written.
pub fn run_rows(
    file: &str,
    rows: impl Iterator<Item = InputRow>,
    run: &ScoringRun<'_>,
    sink: &mut dyn RowSink,
) -> Result<(ScoringEnd, Tally), Failure> {
    let mut tally = Tally::default();
    for InputRow { line, id, row } in rows {
        if run.stop.load(Ordering::Relaxed) {
            return Ok((ScoringEnd::Interrupted, tally));
        }
        let outcome = match &row {
            Ok(row) if sink.keeps(row) => {
                tally.kept += 1;
                run.progress.kept();
                continue;
            }
            Ok(row) => run.scorer.score(row).and_then(|scores| checked(row, scores)).map_err(|failure| {
                let place = format!("{file}, {line}, row {:?}", row.id);
                let shown = Failure { message: format!("{place}: {}", failure.message), ..failure.clone() };
                (failure, shown)
            }),
            Err(failure) => Err((failure.clone(), failure.clone())),
        };
        let outcome = match outcome {
            Ok(scores) => {
                tally.scored += 1;
                Ok(scores)
            }
            Err((failure, shown)) => match failure.kind {
                ErrorKind::BrokenModel => return Err(shown),
                ErrorKind::Interrupted => return Ok((ScoringEnd::Interrupted, tally)),
                _ => {
                    tally.failed += 1;
                    run.progress.failed(&shown);
                    Err(failure)
                }
            },
        };
        sink.write(row.as_ref().ok(), &ScoredRow { id, outcome })?;
        run.progress.written();
    }
    Ok((ScoringEnd::Finished, tally))
}

/// One finite score a candidate, or an error: JSON has no NaN, and no maximum is found among them.
fn checked(row: &PairsRow, scores: Vec<f32>) -> Result<Vec<f32>, Failure> {
    if scores.len() != row.candidates.len() {
        let message = format!("{} scores for {} candidates", scores.len(), row.candidates.len());
        return Err(Failure::new(ErrorKind::Internal, message));
    }
    match scores.iter().position(|score| !score.is_finite()) {
        None => Ok(scores),
        Some(index) => {
            let message =
                format!("the score of candidates[{index}] is {}, not a finite number", scores[index]);
            let hint = "the numbers of this model overflow: compute in f32 or bf16";
            Err(Failure::new(ErrorKind::Internal, message).with_hint(hint))
        }
    }
}
