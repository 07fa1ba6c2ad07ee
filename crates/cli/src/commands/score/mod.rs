//! `georanker score`.

mod benchmark;
mod digest;
mod open;
mod output;
mod rows;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use contract::Failure;
use formats::pairs::PairsReader;
use indicatif::ProgressBar;

use crate::args::{ScoreArguments, ScoreRequest};
use crate::exit::Exit;
use crate::progress::{bar, note, stop_flag};

use benchmark::BenchmarkRows;
use open::open_scorer;
use output::RowsOutput;
use rows::{End, InputRow, Run, run_rows};

/// Scores the rows of a pairs file or a benchmark.
///
/// # Errors
/// A [`Failure`] that ends the run; a row's failure does not. Rows that are in the output stay there.
pub fn score(arguments: &ScoreArguments, quiet: bool) -> Result<Exit, Failure> {
    let request = arguments.resolve()?;
    // What can be wrong at once is said before minutes go into loading a model.
    let mut rows = Rows::open(&request)?;
    let output = RowsOutput::find(request.out.as_deref(), request.resume, request.benchmark.is_some())?;
    let scorer = open_scorer(&request)?;
    let mut output = output.begin()?;
    if let Some(text) = output.summary() {
        note(quiet, &text);
    }
    let stop = stop_flag()?;
    let count = match &rows {
        Rows::Pairs(_) => count_rows(&request.pairs),
        Rows::Benchmark(_) => benchmark::count(&request.pairs),
    };
    let progress = match count {
        Some(rows) => bar(rows, "scoring", quiet),
        None => ProgressBar::hidden(),
    };
    let run = Run { scorer: scorer.as_ref(), progress: &progress, stop: &stop };
    let file = request.pairs.display().to_string();
    let end = run_rows(&file, &mut rows, &run, &mut output);
    progress.finish_and_clear();
    let (end, tally) = match end {
        // Whoever closed the pipe has seen enough: `georanker score ... | head`.
        Err(_) if output.closed() => return Ok(Exit::Done),
        other => other?,
    };
    let again = if request.out.is_some() { "; --resume goes on from here" } else { "" };
    match end {
        End::Interrupted => {
            note(quiet, &format!("interrupted: {} rows are complete{again}", tally.scored + tally.kept));
            Ok(Exit::Interrupted)
        }
        End::Finished => {
            output.finish()?;
            if let Rows::Benchmark(rows) = &rows {
                tell_benchmark(rows, &request, quiet)?;
            }
            if tally.failed == 0 {
                return Ok(Exit::Done);
            }
            let again = if request.out.is_some() { "; --resume tries them again" } else { "" };
            note(quiet, &format!("{} rows failed{again}", tally.failed));
            Ok(Exit::SomeFailed)
        }
    }
}

/// Where rows come from.
enum Rows {
    Pairs(Box<PairsReader<BufReader<File>>>),
    Benchmark(Box<BenchmarkRows>),
}

impl Rows {
    fn open(request: &ScoreRequest) -> Result<Self, Failure> {
        if let Some(benchmark) = &request.benchmark {
            let rows = BenchmarkRows::open(&request.pairs, benchmark, request.protocol)?;
            return Ok(Self::Benchmark(Box::new(rows)));
        }
        let pairs = PairsReader::open(&request.pairs)?;
        Ok(Self::Pairs(Box::new(pairs)))
    }
}

impl Iterator for Rows {
    type Item = InputRow;

    fn next(&mut self) -> Option<InputRow> {
        match self {
            Self::Pairs(rows) => rows.next().map(InputRow::from),
            Self::Benchmark(rows) => rows.next(),
        }
    }
}

/// What was left out, and the predictions if they were asked for.
fn tell_benchmark(rows: &BenchmarkRows, request: &ScoreRequest, quiet: bool) -> Result<(), Failure> {
    if rows.unparsed > 0 {
        let what = "generated candidates at (0, 0) left out: answers that could not be parsed";
        note(quiet, &format!("{} {what}", rows.unparsed));
    }
    let Some(benchmark) = &request.benchmark else { return Ok(()) };
    if let (Some(out), Some(predictions)) = (&request.out, &benchmark.predictions) {
        let rows = BenchmarkRows::open(&request.pairs, benchmark, request.protocol)?;
        let written = benchmark::write_predictions(rows, out, predictions)?;
        note(quiet, &format!("{}: {written} predictions", predictions.display()));
    }
    Ok(())
}

/// Lines that are not blank; nothing for a pipe, which can be read only once.
fn count_rows(path: &Path) -> Option<usize> {
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
