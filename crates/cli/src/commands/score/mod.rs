//! `georanker score`.

mod open;

use std::path::Path;

use contract::Failure;
use georanker::scoring::{
    BenchmarkRows, InputRows, RowsOutput, ScoringEnd, ScoringProgress, ScoringRun, run_rows,
    write_predictions,
};
use indicatif::ProgressBar;

use crate::args::{ScoreArguments, ScoreRequest};
use crate::exit::{Exit, report};
use crate::progress::{bar, note, stop_flag};
use crate::sink::Sink;
use crate::stdin::{file_of, named};

use open::open_scorer;

/// Scores the rows of a pairs file or a benchmark.
///
/// # Errors
/// A [`Failure`] that ends the run; a row's failure does not. Rows that are in the output stay there.
pub fn score(arguments: &ScoreArguments, quiet: bool) -> Result<Exit, Failure> {
    let mut request = arguments.resolve()?;
    let is_stdin = request.pairs.as_os_str() == "-";
    request.pairs = file_of(&request.pairs)?;
    // What can be wrong at once is said before minutes go into loading a model.
    let mut rows = InputRows::open(&request.pairs, request.benchmark_rules())?;
    if is_stdin {
        // The temporary file has no photos beside it.
        rows = rows.with_folder(Path::new(""));
    }
    let output = RowsOutput::find(request.out.as_deref(), request.resume, request.benchmark.is_some())?;
    let scorer = open_scorer(&request)?;
    let mut output = output.begin()?;
    if let Some(text) = output.summary() {
        note(quiet, &text);
    }
    let stop = stop_flag()?;
    let progress = match rows.length_in(&request.pairs) {
        Some(rows) => bar(rows, "scoring", quiet),
        None => ProgressBar::hidden(),
    };
    let run = ScoringRun { scorer: scorer.as_ref(), progress: &Bar(&progress), stop: &stop };
    let file = named(&request.pairs.display().to_string());
    let end = run_rows(&file, &mut rows, &run, &mut output);
    progress.finish_and_clear();
    let (end, tally) = match end {
        // Whoever closed the pipe has seen enough: `georanker score ... | head`.
        Err(_) if output.closed() => return Ok(Exit::Done),
        other => other?,
    };
    let again = if request.out.is_some() { "; --resume continues from here" } else { "" };
    match end {
        ScoringEnd::Interrupted => {
            note(quiet, &format!("interrupted: {} rows are complete{again}", tally.scored + tally.kept));
            Ok(Exit::Interrupted)
        }
        ScoringEnd::Finished => {
            output.finish()?;
            if let InputRows::Benchmark(rows) = &rows {
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

/// What a bar shows of a run; rows that fail are named on stderr.
struct Bar<'a>(&'a ProgressBar);

impl ScoringProgress for Bar<'_> {
    fn kept(&self) {
        // These took no time: they would spoil the estimate of what is left.
        self.0.dec_length(1);
    }

    fn failed(&self, failure: &Failure) {
        self.0.suspend(|| report(failure));
    }

    fn written(&self) {
        self.0.inc(1);
    }
}

/// What was left out, and the predictions if they were asked for.
fn tell_benchmark(rows: &BenchmarkRows, request: &ScoreRequest, quiet: bool) -> Result<(), Failure> {
    if rows.unparsed() > 0 {
        let what = "generated candidates at (0, 0) left out: answers that could not be parsed";
        note(quiet, &format!("{} {what}", rows.unparsed()));
    }
    let (Some(benchmark), Some(rules)) = (&request.benchmark, request.benchmark_rules()) else {
        return Ok(());
    };
    if let (Some(out), Some(predictions)) = (&request.out, &benchmark.predictions) {
        let rows = BenchmarkRows::open(&request.pairs, rules)?;
        let mut sink = Sink::open(Some(predictions))?;
        let name = predictions.display().to_string();
        let written = match write_predictions(rows, out, &name, &mut sink) {
            Ok(written) => sink.commit().map(|()| written),
            Err(failure) => {
                sink.discard();
                Err(failure)
            }
        }?;
        note(quiet, &format!("{name}: {written} predictions"));
    }
    Ok(())
}
