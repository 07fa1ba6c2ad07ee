//! Asking about many photos, and writing a line for each.

use std::cell::OnceCell;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use contract::{ErrorKind, Failure, Photo};
use generate::{Asker, DroppedCounts, Reading, UnwrittenPhoto, WrittenPhoto, in_order, sha256_hex};
use georanker::{Input, Inputs, decode_photo_as, read_photo_bytes};
use indicatif::ProgressBar;
use photo::{DecodeOptions, Limits};

use super::Prompts;
use crate::exit::{Exit, report};
use crate::progress::note;
use crate::sink::Sink;

/// So many photos in a row without an answer from the server end a run.
const LOST_IN_A_ROW: usize = 4;

/// What is asked about each photo.
pub(in crate::commands) struct Questions<'a> {
    pub(in crate::commands) asker: Asker<'a>,
    pub(in crate::commands) prompts: &'a Prompts,
    pub(in crate::commands) reading: Reading,
    pub(in crate::commands) limits: Limits,
    pub(in crate::commands) decode: DecodeOptions,
    pub(in crate::commands) concurrency: usize,
    pub(in crate::commands) stop: &'a AtomicBool,
    /// Photos in a row that got no answer from the server, over all calls.
    pub(in crate::commands) lost: &'a AtomicUsize,
}

/// What a run came to.
#[derive(Debug, Default)]
pub(in crate::commands) struct Tally {
    photos: usize,
    failed: usize,
    candidates: usize,
    cached: usize,
    requests: usize,
    dropped: DroppedCounts,
}

/// A question about one photo: its file, its prompt, and its pixels once somebody wants them.
pub(super) struct Question<'a> {
    pub(super) sha256: String,
    pub(super) prompt: String,
    bytes: Vec<u8>,
    name: &'a str,
    photo: OnceCell<Photo>,
}

/// Whether a failure is not about one photo.
fn ends_the_run(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Usage
            | ErrorKind::BrokenModel
            | ErrorKind::BrokenGallery
            | ErrorKind::BudgetReached
            | ErrorKind::Output
            | ErrorKind::Interrupted
    )
}

impl Questions<'_> {
    pub(super) fn question<'a>(&self, input: &'a Input) -> Result<Question<'a>, Failure> {
        let bytes = read_photo_bytes(&input.path, &self.limits)?;
        let photo = OnceCell::new();
        let prompt = self.prompts.of(|| {
            let decoded = decode_photo_as(&input.name, &bytes, &self.limits, self.decode)?;
            Ok(photo.get_or_init(|| decoded).clone())
        })?;
        Ok(Question { sha256: sha256_hex(&bytes), prompt, bytes, name: &input.name, photo })
    }

    fn line(&self, input: &Input) -> Result<WrittenPhoto, Failure> {
        let question = self.question(input)?;
        let Question { sha256, prompt, bytes, name, photo } = question;
        let decoded = || match photo.into_inner() {
            Some(photo) => Ok(photo),
            None => decode_photo_as(name, &bytes, &self.limits, self.decode),
        };
        let answered = self.asker.ask(&sha256, &prompt, decoded)?;
        let cost = self.asker.budget.cost(answered.usage);
        let model = self.asker.generator.name();
        Ok(WrittenPhoto::new(name, sha256, model, &answered, self.reading, cost))
    }

    /// Asks about all photos and hands their lines, with their places, to `sink`, in order. A failure that is not about one photo ends it:
    /// photos that were under way are finished, no other is begun, and the failure comes back in the end.
    ///
    /// # Errors
    /// The failure that ended it, or that of `sink`.
    pub(in crate::commands) fn ask_all(
        &self,
        inputs: &[Input],
        mut sink: impl FnMut(usize, Result<WrittenPhoto, Failure>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let end: Mutex<Option<Failure>> = Mutex::new(None);
        let lost = self.lost;
        let ended = || end.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let stopped = || self.stop.load(Ordering::Relaxed) || ended();
        let work = |input: &Input| {
            let line = self.line(input);
            match &line {
                // A server that refuses a photo is there.
                Ok(_) => lost.store(0, Ordering::Relaxed),
                Err(failure) if failure.kind == ErrorKind::Refused => lost.store(0, Ordering::Relaxed),
                Err(failure) if ends_the_run(failure.kind) => {
                    end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| failure.clone());
                }
                Err(failure) if failure.kind == ErrorKind::Service => {
                    let in_a_row = lost.fetch_add(1, Ordering::Relaxed) + 1;
                    if in_a_row >= LOST_IN_A_ROW {
                        let message = format!(
                            "{in_a_row} photos in a row got no answer; the last: {}",
                            failure.message
                        );
                        let whole = Failure { message, ..failure.clone() };
                        end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(whole);
                    }
                }
                Err(_) => {}
            }
            // Whoever reads the lines asks whether the server gave an answer, not why it gave none.
            line.map_err(|failure| match failure.kind {
                ErrorKind::Refused => Failure { kind: ErrorKind::Service, ..failure },
                _ => failure,
            })
        };
        in_order(inputs, self.concurrency, &stopped, work, |index, line| match line {
            // Not a matter of this photo: it has no line, and the reason is given once, at the end.
            Err(failure) if ends_the_run(failure.kind) => Ok(()),
            line => sink(index, line),
        })?;
        match end.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None if self.stop.load(Ordering::Relaxed) => {
                Err(Failure::new(ErrorKind::Interrupted, "interrupted"))
            }
            None => Ok(()),
        }
    }
}

impl Tally {
    pub(in crate::commands) fn count(&mut self, line: &Result<WrittenPhoto, Failure>) {
        match line {
            Ok(written) => {
                self.photos += 1;
                self.candidates += written.candidates.len();
                self.cached += written.cached;
                self.requests += written.requests;
                self.dropped += written.dropped;
            }
            Err(_) => self.failed += 1,
        }
    }

    pub(in crate::commands) fn words(&self, asker: &Asker<'_>) -> String {
        let mut parts = vec![format!("{} candidates for {} photos", self.candidates, self.photos)];
        if self.dropped.total() > 0 {
            parts.push(format!("{} answers dropped ({})", self.dropped.total(), self.dropped.words()));
        }
        parts.push(format!("{} requests, {} answers from the cache", self.requests, self.cached));
        let usage = asker.budget.usage();
        let about = if usage.estimated { "about " } else { "" };
        parts.push(format!(
            "{about}{} tokens read and {} written",
            usage.prompt_tokens, usage.completion_tokens
        ));
        if let Some(cost) = asker.budget.cost(usage) {
            parts.push(format!("cost {about}{cost:.6}"));
        }
        parts.join("; ")
    }
}

/// Writes the lines of all photos to stdout or a file.
///
/// A run that ends early gives the file its name all the same, with the photos that are done: the rest comes from
/// running the command again.
pub(super) fn write(
    questions: &Questions<'_>,
    inputs: &Inputs,
    out: Option<&Path>,
    progress: &ProgressBar,
    quiet: bool,
) -> Result<Exit, Failure> {
    let mut sink = Sink::open(out)?;
    let mut tally = Tally::default();
    let mut closed = false;
    let mut emit = |name: &str, line: Result<WrittenPhoto, Failure>| -> Result<(), Failure> {
        tally.count(&line);
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
    let mut outcome = inputs.failures.iter().try_for_each(|(name, failure)| emit(name, Err(failure.clone())));
    if outcome.is_ok() {
        outcome = questions.ask_all(&inputs.photos, |index, line| emit(&inputs.photos[index].name, line));
    }
    progress.finish_and_clear();
    if closed {
        // Whoever closed the pipe has seen enough.
        return Ok(Exit::Done);
    }
    note(quiet, &tally.words(&questions.asker));
    match &outcome {
        Err(failure) if failure.kind == ErrorKind::Output => sink.discard(),
        _ => sink.commit()?,
    }
    match outcome {
        Ok(()) if tally.failed > 0 => Ok(Exit::SomeFailed),
        Ok(()) => Ok(Exit::Done),
        Err(failure) if failure.kind == ErrorKind::Interrupted => {
            note(
                quiet,
                "interrupted: answers are in the cache; running the same command again goes on from here",
            );
            Ok(Exit::Interrupted)
        }
        Err(failure) => Err(failure),
    }
}
