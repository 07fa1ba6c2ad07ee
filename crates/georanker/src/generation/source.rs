//! Generated candidates for a locator: from a file, or asked for on the way.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use contract::{Cancel, Candidate, ErrorKind, Failure};
use generate::{AnswerCache, Asker, Budget, Generator, Reading, WrittenFile, WrittenPhoto};

use super::{Prompts, Questions, Signs, Tally};
use crate::{CandidateSource, QueryPhoto};

/// A model that is asked about each photo.
pub struct ModelSource {
    /// The model.
    pub generator: Box<dyn Generator>,
    /// Where its answers are kept.
    pub cache: Option<AnswerCache>,
    /// What the answers may cost.
    pub budget: Budget,
    /// The words.
    pub prompts: Prompts,
    /// How often it is asked about each photo.
    pub samples: usize,
    /// Photos that are asked about at the same time.
    pub concurrency: usize,
}

/// Hears of failures that do not end the run: the photos are located without generated candidates. Called from several
/// threads.
type Tell = Box<dyn Fn(&Failure) + Send + Sync>;

/// Where generated candidates come from.
pub struct GeneratedSource {
    origin: Origin,
    cancel: Cancel,
    tell: Tell,
    /// Photos that are answered without generated candidates, though they were asked for.
    without: AtomicUsize,
    tally: Mutex<Tally>,
    end: Mutex<Option<Failure>>,
}

enum Origin {
    File(Box<WrittenFile>),
    Model(Box<AskedModel>),
}

struct AskedModel {
    model: ModelSource,
    /// Whether the server was given up.
    lost: AtomicBool,
    /// What its last answers came to.
    signs: Signs,
    /// Whether the budget's end was told.
    spent: AtomicBool,
}

impl GeneratedSource {
    /// Candidates from a file that `generate` wrote.
    pub fn from_file(file: WrittenFile) -> Self {
        Self::new(Origin::File(Box::new(file)), Cancel::default(), Box::new(|_| {}))
    }

    /// Candidates of a model; nothing is sent before the first photo. A failure that ends the asking for good cancels
    /// the run. `tell` hears of the others, after which photos are located without generated candidates; it is called
    /// from several threads.
    pub fn from_model(
        model: ModelSource,
        cancel: Cancel,
        tell: impl Fn(&Failure) + Send + Sync + 'static,
    ) -> Self {
        let asked = AskedModel {
            model,
            lost: AtomicBool::new(false),
            signs: Signs::default(),
            spent: AtomicBool::new(false),
        };
        Self::new(Origin::Model(Box::new(asked)), cancel, Box::new(tell))
    }

    fn new(origin: Origin, cancel: Cancel, tell: Tell) -> Self {
        let (without, tally, end) = (AtomicUsize::new(0), Mutex::default(), Mutex::default());
        Self { origin, cancel, tell, without, tally, end }
    }

    /// What ended the asking for good, if something did.
    pub fn ended(&self) -> Option<Failure> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Photos that were located without generated candidates, though they were asked for.
    pub fn without(&self) -> usize {
        self.without.load(Ordering::Relaxed)
    }

    /// One line about what was asked; nothing for a file.
    pub fn summary(&self) -> Option<String> {
        let Origin::Model(asked) = &self.origin else { return None };
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        Some(format!("{}: {}", asked.model.generator.name(), tally.words(&asked.model.asker())))
    }

    fn in_file(&self, file: &WrittenFile, photo: &QueryPhoto) -> Vec<Candidate> {
        // A photo that cannot be read fails under its own name in another stage.
        let Ok(sha256) = photo.sha256().transpose() else { return Vec::new() };
        if let Some(candidates) = file.candidates(&photo.id().0, sha256) {
            return candidates.to_vec();
        }
        self.without.fetch_add(1, Ordering::Relaxed);
        Vec::new()
    }

    fn of_model(&self, asked: &AskedModel, photos: &[&QueryPhoto]) -> Vec<Result<Vec<Candidate>, Failure>> {
        if asked.lost.load(Ordering::Relaxed) {
            self.without.fetch_add(photos.len(), Ordering::Relaxed);
            return photos.iter().map(|_| Ok(Vec::new())).collect();
        }
        let questions = Questions {
            asker: asked.model.asker(),
            prompts: &asked.model.prompts,
            reading: Reading::Default,
            concurrency: asked.model.concurrency,
            cancel: &self.cancel,
            signs: &asked.signs,
        };
        // A photo that a failure of the whole run left out has no line, while others after it may have theirs.
        let mut found = vec![None; photos.len()];
        let outcome = questions.ask_all(photos, |index, line| {
            self.tally.lock().unwrap_or_else(PoisonError::into_inner).count(&line);
            found[index] = Some(self.or_without(line));
            Ok(())
        });
        let missing = match outcome {
            Ok(()) => Ok(Vec::new()),
            // The gallery is still there.
            Err(failure) if failure.kind == ErrorKind::Service => {
                (self.tell)(&failure);
                asked.lost.store(true, Ordering::Relaxed);
                let left_out = found.iter().filter(|candidates| candidates.is_none()).count();
                self.without.fetch_add(left_out, Ordering::Relaxed);
                Ok(Vec::new())
            }
            // And so are answers that were paid for before: one by one, as each photo that has none ends a round.
            Err(failure) if failure.kind == ErrorKind::BudgetReached => {
                if !asked.spent.swap(true, Ordering::Relaxed) {
                    (self.tell)(&failure);
                }
                if let [_] = photos {
                    self.without.fetch_add(1, Ordering::Relaxed);
                    return vec![Ok(Vec::new())];
                }
                let rest = photos.iter().zip(found).map(|(photo, candidates)| match candidates {
                    Some(candidates) => Ok(candidates),
                    None => self.of_model(asked, &[*photo]).pop().unwrap_or(Ok(Vec::new())),
                });
                return rest.collect();
            }
            Err(failure) => {
                self.cancel.cancel();
                self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure.clone());
                Err(failure)
            }
        };
        found.into_iter().map(|candidates| candidates.map_or_else(|| missing.clone(), Ok)).collect()
    }

    fn or_without(&self, line: Result<WrittenPhoto, Failure>) -> Vec<Candidate> {
        let candidates = line.and_then(|written| {
            written.to_candidates().map_err(|why| Failure::new(ErrorKind::Internal, why))
        });
        candidates.unwrap_or_else(|failure| {
            // Failures of the photo itself come again when it is located, and are told there.
            if failure.kind == ErrorKind::Service {
                (self.tell)(&failure);
                self.without.fetch_add(1, Ordering::Relaxed);
            }
            Vec::new()
        })
    }
}

impl ModelSource {
    fn asker(&self) -> Asker<'_> {
        Asker {
            generator: self.generator.as_ref(),
            cache: self.cache.as_ref(),
            budget: &self.budget,
            samples: self.samples,
        }
    }
}

impl CandidateSource for GeneratedSource {
    fn candidates(&self, photos: &[&QueryPhoto]) -> Vec<Result<Vec<Candidate>, Failure>> {
        match &self.origin {
            Origin::File(file) => photos.iter().map(|photo| Ok(self.in_file(file, photo))).collect(),
            Origin::Model(asked) => self.of_model(asked, photos),
        }
    }
}
