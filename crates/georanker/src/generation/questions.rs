//! Asking about many photos.

use std::sync::{Mutex, PoisonError};

use contract::{Cancel, ErrorKind, Failure};
use files::sha256_hex;
use generate::{Asker, Reading, WrittenPhoto, in_order};

use super::estimate::interrupted;
use super::{Prompts, Signs};
use crate::QueryPhoto;

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
    /// What the last photos came to, over all calls.
    pub signs: &'a Signs,
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
        let ended = || end.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let stopped = || self.cancel.is_cancelled() || ended();
        let work = |photo: &&QueryPhoto| {
            let line = self.line(photo);
            let last = match &line {
                Ok(line) => self.signs.answered(line, &self.asker),
                Err(failure) if failure.kind == ErrorKind::Refused => {
                    // A server that refuses a photo is there.
                    self.signs.found();
                    None
                }
                Err(failure) if ends_the_run(failure.kind) => Some(failure.clone()),
                Err(failure) if failure.kind == ErrorKind::Service => self.signs.lost(failure),
                Err(_) => None,
            };
            if let Some(failure) = last {
                end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
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
