//! The run itself: rows in, rows out, whoever scores and wherever they go.

use std::sync::atomic::{AtomicBool, Ordering};

use contract::{ErrorKind, Failure};
use formats::pairs::{PairsLine, PairsRow, ScoredRow};
use indicatif::ProgressBar;
use rank::vlm::score::ScorePairs;

use crate::exit::report;

/// Where rows of scores go.
pub(super) trait RowSink {
    /// Whether the row's scores are there from an earlier run; they take the row's place then.
    fn keeps(&mut self, row: &PairsRow) -> bool;

    /// Puts a row where it stays even if the process is killed right after; with what was asked, where that was sound.
    fn write(&mut self, asked: Option<&PairsRow>, row: &ScoredRow) -> Result<(), Failure>;
}

/// A row to score, or why there is none.
pub(super) struct InputRow {
    /// Where it is in its file, in words.
    pub(super) line: String,
    /// Its id, where that is known.
    pub(super) id: Option<String>,
    pub(super) row: Result<PairsRow, Failure>,
}

impl From<PairsLine> for InputRow {
    fn from(line: PairsLine) -> Self {
        let row = line.row.map_err(Failure::from);
        Self { line: format!("line {}", line.line), id: line.id, row }
    }
}

/// What stays the same for every row.
pub(super) struct Run<'a> {
    pub(super) scorer: &'a dyn ScorePairs,
    pub(super) progress: &'a ProgressBar,
    /// Set from outside: the row in hand is finished, no other is begun.
    pub(super) stop: &'a AtomicBool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Every row was seen.
    Finished,
    /// Rows are left.
    Interrupted,
}

/// How the rows fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) scored: usize,
    pub(super) kept: usize,
    pub(super) failed: usize,
}

/// Scores row after row. A row that fails is named on stderr, written with its error, and the next one follows.
///
/// # Errors
/// What no other row could escape: a broken model, an output that cannot be written.
pub(super) fn run_rows(
    file: &str,
    rows: impl Iterator<Item = InputRow>,
    run: &Run<'_>,
    sink: &mut dyn RowSink,
) -> Result<(End, Tally), Failure> {
    let mut tally = Tally::default();
    for InputRow { line, id, row } in rows {
        if run.stop.load(Ordering::Relaxed) {
            return Ok((End::Interrupted, tally));
        }
        let outcome = match &row {
            Ok(row) if sink.keeps(row) => {
                tally.kept += 1;
                // Kept rows took no time: they would spoil the estimate of what is left.
                run.progress.dec_length(1);
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
                ErrorKind::Interrupted => return Ok((End::Interrupted, tally)),
                _ => {
                    tally.failed += 1;
                    run.progress.suspend(|| report(&shown));
                    Err(failure)
                }
            },
        };
        sink.write(row.as_ref().ok(), &ScoredRow { id, outcome })?;
        run.progress.inc(1);
    }
    Ok((End::Finished, tally))
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
            let hint = "the numbers of this model overflow: use --dtype f32 or bf16";
            Err(Failure::new(ErrorKind::Internal, message).with_hint(hint))
        }
    }
}
