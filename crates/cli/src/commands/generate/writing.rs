//! A line for each photo.

use std::io::Write;
use std::path::Path;

use contract::{ErrorKind, Failure};
use generate::{UnwrittenPhoto, WrittenPhoto};
use georanker::QueryPhoto;
use georanker::generation::{Questions, Tally};
use indicatif::ProgressBar;

use crate::exit::{Exit, report};
use crate::hints::in_options;
use crate::progress::note;
use crate::sink::Sink;

/// Writes the lines of all photos to stdout or a file.
///
/// A run that ends early gives the file its name all the same, with the photos that are done: the rest comes from
/// running the command again.
pub(super) fn write(
    questions: &Questions<'_>,
    photos: &[QueryPhoto],
    failures: &[(String, Failure)],
    out: Option<&Path>,
    (progress, quiet): (&ProgressBar, bool),
) -> Result<Exit, Failure> {
    let mut sink = Sink::open(out)?;
    let mut tally = Tally::default();
    let mut closed = false;
    let mut emit = |name: &str, line: Result<WrittenPhoto, Failure>| -> Result<(), Failure> {
        tally.count(&line);
        if let Some(advice) = tally.advice(&questions.asker) {
            progress.suspend(|| note(quiet, &advice));
        }
        let text = match line {
            Ok(written) => serde_json::to_string(&written),
            Err(error) => {
                progress.suspend(|| report(&error));
                serde_json::to_string(&UnwrittenPhoto { photo: name.to_owned(), error })
            }
        };
        let text = text.map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))? + "\n";
        progress.inc(1);
        sink.write_all(text.as_bytes()).and_then(|()| sink.flush()).map_err(|error| {
            closed = error.kind() == std::io::ErrorKind::BrokenPipe;
            Failure::new(ErrorKind::Output, format!("cannot write: {error}"))
        })
    };
    let mut outcome = failures.iter().try_for_each(|(name, failure)| emit(name, Err(failure.clone())));
    if outcome.is_ok() {
        let photos: Vec<&QueryPhoto> = photos.iter().collect();
        outcome = questions.ask_all(&photos, |index, line| emit(&photos[index].id().0, line));
    }
    progress.finish_and_clear();
    if closed {
        // Whoever closed the pipe has seen enough.
        return Ok(Exit::Done);
    }
    note(quiet, &in_options(&tally.words(&questions.asker)));
    match &outcome {
        Err(failure) if failure.kind == ErrorKind::Output => sink.discard(),
        _ => sink.commit()?,
    }
    let outcome = outcome.and_then(|()| tally.silence(&questions.asker).map_or(Ok(()), Err));
    match outcome {
        Ok(()) if tally.failed() > 0 => Ok(Exit::SomeFailed),
        Ok(()) => Ok(Exit::Done),
        Err(failure) if failure.kind == ErrorKind::Interrupted => {
            note(
                quiet,
                "interrupted: answers are cached; running the same command again continues from here",
            );
            Ok(Exit::Interrupted)
        }
        Err(failure) => Err(failure),
    }
}
