//! Scoring the rows of a file: where they come from, how they fare, where their scores go.
//!
//! # What it does
//! A run over a large file must survive whatever ends it. Every row is in the output as soon as it is scored; a run that
//! is resumed keeps those scores and asks for the others, and ends with the same file as one that was never stopped.
//!
//! # Main types
//! [`InputRows`] are the rows of a pairs file or of a benchmark ([`BenchmarkRows`]); [`RowsOutput`] finds and opens what they are written
//! to; [`run_rows`] brings both together with a [`ScorePairs`](rank::vlm::ScorePairs), and tells a [`ScoringProgress`];
//! [`write_predictions`] turns a benchmark's scores into predictions.
//!
//! ```no_run
//! use std::sync::atomic::AtomicBool;
//! use georanker::scoring::{InputRows, RowsOutput, ScoringProgress, ScoringRun, run_rows};
//! # struct Silent;
//! # impl ScoringProgress for Silent {}
//! # fn run(scorer: &dyn rank::vlm::ScorePairs, progress: &dyn ScoringProgress) -> Result<(), contract::Failure> {
//! let (pairs, resume) = ("pairs.jsonl", true);
//! let mut rows = InputRows::open(pairs.as_ref(), None)?;
//! let mut output = RowsOutput::find(Some("scores.jsonl".as_ref()), resume, false)?.begin()?;
//! let run = ScoringRun { scorer, progress, stop: &AtomicBool::new(false) };
//! run_rows(pairs, &mut rows, &run, &mut output)?;
//! output.finish()
//! # }
//! ```
//!
//! # Alternatives considered
//! Scores in a database. A file of lines can be read while it grows, cut, joined and sent on.

mod benchmark;
mod digest;
mod output;
mod rows;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use contract::Failure;
use formats::pairs::PairsReader;
use rank::vlm::BenchmarkRules;

pub use benchmark::{BenchmarkRows, write_predictions};
pub use output::{OpenRows, RowsOutput};
pub use rows::{InputRow, RowSink, ScoringEnd, ScoringProgress, ScoringRun, Tally, run_rows};

/// Where rows come from.
pub enum InputRows {
    /// A pairs file.
    Pairs(Box<PairsReader<BufReader<File>>>),
    /// A benchmark's official file.
    Benchmark(Box<BenchmarkRows>),
}

impl InputRows {
    /// Opens a pairs file, or a benchmark's file where there are rules for its candidates.
    ///
    /// # Errors
    /// A file that does not open, or a benchmark without lists.
    pub fn open(file: &Path, benchmark: Option<BenchmarkRules>) -> Result<Self, Failure> {
        Ok(match benchmark {
            Some(rules) => Self::Benchmark(Box::new(BenchmarkRows::open(file, rules)?)),
            None => Self::Pairs(Box::new(PairsReader::open(file)?)),
        })
    }

    /// The rows' photos start at this folder, where they would start at the folder of their file.
    #[must_use]
    pub fn with_folder(self, folder: &Path) -> Self {
        match self {
            Self::Pairs(rows) => Self::Pairs(Box::new(rows.with_folder(folder))),
            // A benchmark's photos have a folder of their own.
            Self::Benchmark(rows) => Self::Benchmark(rows),
        }
    }

    /// How many rows `file` has, which was opened as these; nothing for a pipe, which can be read only once.
    pub fn length_in(&self, file: &Path) -> Option<usize> {
        match self {
            Self::Pairs(_) => count_lines(file),
            Self::Benchmark(_) => benchmark::count(file),
        }
    }
}

impl Iterator for InputRows {
    type Item = InputRow;

    fn next(&mut self) -> Option<InputRow> {
        match self {
            Self::Pairs(rows) => rows.next().map(InputRow::from),
            Self::Benchmark(rows) => rows.next(),
        }
    }
}

/// Lines that are not blank.
fn count_lines(path: &Path) -> Option<usize> {
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?;
    let mut input = BufReader::with_capacity(1 << 16, file);
    let (mut rows, mut blank) = (0, true);
    loop {
        let bytes = input.fill_buf().ok()?;
        if bytes.is_empty() {
            return Some(rows + usize::from(!blank));
        }
        for byte in bytes {
            if *byte == b'\n' {
                rows += usize::from(!blank);
                blank = true;
            } else {
                blank &= byte.is_ascii_whitespace();
            }
        }
        let length = bytes.len();
        input.consume(length);
    }
}
