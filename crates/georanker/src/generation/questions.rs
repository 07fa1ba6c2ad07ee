//! Asking about many photos.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use contract::{Cancel, ErrorKind, Failure};
use files::sha256_hex;
use generate::{Asker, DroppedCounts, Reading, WrittenPhoto, in_order};

use super::Prompts;
use super::estimate::interrupted;
use crate::QueryPhoto;

/// So many photos in a row without an answer from the server end a run.
const LOST_IN_A_ROW: usize = 4;

/// What is asked about each photo.
pub struct Questions<'a> {
    /// Model, cache, budget, number of samples.
    pub asker: Asker<'a>,
    /// The words.
    pub prompts: &'a Prompts,
    /// How answers are read.
    pub reading: Reading,
    /// Photos that are asked about at the same time.
    pub concurrency: usize,
    /// Whether the run should stop.
    pub cancel: &'a Cancel,
    /// Photos in a row that got no answer from the server, over all calls.
    pub lost: &'a AtomicUsize,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    photos: usize,
    failed: usize,
    candidates: usize,
    cached: usize,
    requests: usize,
    dropped: DroppedCounts,
}

/// A question about one photo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Of the photo file's bytes, hexadecimal; of its pixels for a photo that came without a file.
    pub sha256: String,
    /// The prompt's text.
    pub prompt: String,
}

/// Whether a failure is not about one photo.
fn ends_the_run(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Usage
        | ErrorKind::BrokenModel
        | ErrorKind::BrokenGallery
        | ErrorKind::BudgetReached
        | ErrorKind::Output
        | ErrorKind::Interrupted => true,
        ErrorKind::NotFound
        | ErrorKind::Unreadable
        | ErrorKind::InvalidPhoto
        | ErrorKind::PhotoTooLarge
        | ErrorKind::InvalidTable
        | ErrorKind::NoCandidates
        | ErrorKind::Diverged
        | ErrorKind::Service
        | ErrorKind::Refused
        | ErrorKind::Internal => false,
    }
}

impl Questions<'_> {
    /// What would be asked about a photo; nothing is sent.
    ///
    /// # Errors
    /// The photo cannot be read, or its prompt cannot be written.
    pub fn question(&self, photo: &QueryPhoto) -> Result<Question, Failure> {
        let sha256 = if let Some(known) = photo.sha256() {
            known?.to_owned()
        } else {
            let image = photo.photo()?.image;
            let sides = [image.width().to_le_bytes(), image.height().to_le_bytes()].concat();
            sha256_hex(&[&sides, image.rgb()].concat())
        };
        let prompt = self.prompts.of(|| photo.photo())?;
        Ok(Question { sha256, prompt })
    }

    fn line(&self, photo: &QueryPhoto) -> Result<WrittenPhoto, Failure> {
        // Held while it is asked about: hash, prompt and request share one reading.
        let _bytes = photo.bytes().transpose()?;
        let Question { sha256, prompt } = self.question(photo)?;
        let answered = self.asker.ask(&sha256, &prompt, || photo.photo())?;
        let cost = self.asker.budget.cost(answered.usage);
        let model = self.asker.generator.name();
        Ok(WrittenPhoto::new(&photo.id().0, sha256, model, &answered, self.reading, cost))
    }

    /// Asks about all photos and hands their lines, with their places, to `sink`, in order. A failure that is not about
    /// one photo ends it: photos that were under way are finished, no other is begun, and the failure comes back in the
    /// end.
    ///
    /// # Errors
    /// The failure that ended it, or that of `sink`.
    pub fn ask_all(
        &self,
        photos: &[&QueryPhoto],
        mut sink: impl FnMut(usize, Result<WrittenPhoto, Failure>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let end: Mutex<Option<Failure>> = Mutex::new(None);
        let lost = self.lost;
        let ended = || end.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let stopped = || self.cancel.is_cancelled() || ended();
        let work = |photo: &&QueryPhoto| {
            let line = self.line(photo);
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
        in_order(photos, self.concurrency, &stopped, work, |index, line| match line {
            // Not a matter of this photo: it has no line, and the reason is given once, at the end.
            Err(failure) if ends_the_run(failure.kind) => Ok(()),
            line => sink(index, line),
        })?;
        match end.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => interrupted(self.cancel),
        }
    }
}

impl Tally {
    /// Adds a photo's line.
    pub fn count(&mut self, line: &Result<WrittenPhoto, Failure>) {
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

    /// Photos that failed.
    pub const fn failed(&self) -> usize {
        self.failed
    }

    /// One line about the run: candidates, dropped answers, requests, tokens, cost.
    pub fn words(&self, asker: &Asker<'_>) -> String {
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
