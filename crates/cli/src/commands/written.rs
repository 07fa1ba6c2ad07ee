//! Written candidates for `georanker locate`: from a file, or asked for on the way.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use contract::{Candidate, ErrorKind, Failure, LocateOptions};
use generate::{
    AnswerCache, Asker, Budget, Generator, Reading, Wording, WrittenFile, WrittenPhoto, sha256_hex,
};
use georanker::{CandidateSource, Input, Locator, read_photo_bytes};
use indicatif::ProgressBar;
use photo::{DecodeOptions, Limits};

use super::generate::{Prompts, Questions, Tally, open_generator};
use crate::args::{PromptKind, WrittenRequest};
use crate::exit::report;
use crate::progress::note;

/// Photos that are asked about at the same time.
const CONCURRENCY: usize = 4;

/// Where written candidates come from.
pub(super) struct WrittenSource {
    origin: Origin,
    limits: Limits,
    stop: Arc<AtomicBool>,
    quiet: bool,
    /// Photos that are answered without written candidates, though they were asked for.
    without: AtomicUsize,
    tally: Mutex<Tally>,
    end: Mutex<Option<Failure>>,
}

enum Origin {
    File(WrittenFile),
    Model(Box<Model>),
}

struct Model {
    generator: Box<dyn Generator>,
    cache: Option<AnswerCache>,
    budget: Budget,
    prompts: Prompts,
    samples: usize,
    /// Whether the server was given up.
    lost: AtomicBool,
    /// Photos in a row that got no answer from it.
    unanswered: AtomicUsize,
    /// Whether the budget's end was reported.
    spent: AtomicBool,
}

impl WrittenSource {
    /// Opens file or cache; nothing is sent yet.
    ///
    /// # Errors
    /// The file cannot be read, or the cache not be made.
    pub(super) fn open(
        request: WrittenRequest,
        locator: &Arc<Locator>,
        (options, author): (&LocateOptions, &Option<String>),
        limits: Limits,
        stop: &Arc<AtomicBool>,
        quiet: bool,
    ) -> Result<Self, Failure> {
        let origin = match request {
            WrittenRequest::File(path) => Origin::File(WrittenFile::open(&path)?),
            WrittenRequest::Api { api, prompt, samples, prices, budget, cache } => {
                Origin::Model(Box::new(Model {
                    generator: open_generator(*api, stop, &ProgressBar::hidden(), quiet),
                    cache: cache.as_deref().map(AnswerCache::open).transpose()?,
                    budget: Budget::new(prices, budget),
                    prompts: match prompt {
                        PromptKind::ZeroShot => Prompts::zero_shot(Wording::Default),
                        PromptKind::Retrieval => Prompts::retrieval(
                            Wording::Default,
                            Arc::clone(locator),
                            generate::REFERENCES,
                            options.clone(),
                            author.clone(),
                        ),
                    },
                    samples,
                    lost: AtomicBool::new(false),
                    unanswered: AtomicUsize::new(0),
                    spent: AtomicBool::new(false),
                }))
            }
        };
        let stop = Arc::clone(stop);
        let (without, tally, end) = (AtomicUsize::new(0), Mutex::default(), Mutex::default());
        Ok(Self { origin, limits, stop, quiet, without, tally, end })
    }

    /// What ended the asking for good, if something did.
    pub(super) fn ended(&self) -> Option<Failure> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what came of it; the number of photos that went without.
    pub(super) fn finish(&self) -> usize {
        if let Origin::Model(model) = &self.origin {
            let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
            note(self.quiet, &format!("{}: {}", model.generator.name(), tally.words(&model.asker())));
        }
        let without = self.without.load(Ordering::Relaxed);
        if without > 0 {
            note(self.quiet, &format!("{without} photos were located without written candidates"));
        }
        without
    }

    fn in_file(&self, file: &WrittenFile, input: &Input) -> Vec<Candidate> {
        // A photo that cannot be read fails under its own name later.
        let Ok(bytes) = read_photo_bytes(&input.path, &self.limits) else { return Vec::new() };
        if let Some(candidates) = file.candidates(&input.name, Some(&sha256_hex(&bytes))) {
            return candidates.to_vec();
        }
        self.without.fetch_add(1, Ordering::Relaxed);
        Vec::new()
    }

    fn of_model(&self, model: &Model, inputs: &[Input]) -> Vec<Result<Vec<Candidate>, Failure>> {
        if model.lost.load(Ordering::Relaxed) {
            self.without.fetch_add(inputs.len(), Ordering::Relaxed);
            return inputs.iter().map(|_| Ok(Vec::new())).collect();
        }
        let questions = Questions {
            asker: model.asker(),
            prompts: &model.prompts,
            reading: Reading::Default,
            limits: self.limits,
            decode: DecodeOptions::default(),
            concurrency: CONCURRENCY,
            stop: &self.stop,
            lost: &model.unanswered,
        };
        // A photo that a failure of the whole run left out has no line, while others after it may have theirs.
        let mut found = vec![None; inputs.len()];
        let outcome = questions.ask_all(inputs, |index, line| {
            self.tally.lock().unwrap_or_else(PoisonError::into_inner).count(&line);
            found[index] = Some(self.or_without(line));
            Ok(())
        });
        let missing = match outcome {
            Ok(()) => Ok(Vec::new()),
            // The gallery is still there.
            Err(failure) if failure.kind == ErrorKind::Service => {
                report(&failure);
                model.lost.store(true, Ordering::Relaxed);
                let left_out = found.iter().filter(|candidates| candidates.is_none()).count();
                self.without.fetch_add(left_out, Ordering::Relaxed);
                Ok(Vec::new())
            }
            // And so are answers that were paid for before: one by one, as each photo that has none ends a round.
            Err(failure) if failure.kind == ErrorKind::BudgetReached => {
                if !model.spent.swap(true, Ordering::Relaxed) {
                    report(&failure);
                }
                if let [_] = inputs {
                    self.without.fetch_add(1, Ordering::Relaxed);
                    return vec![Ok(Vec::new())];
                }
                let rest = inputs.iter().zip(found).map(|(input, candidates)| match candidates {
                    Some(candidates) => Ok(candidates),
                    None => self.of_model(model, std::slice::from_ref(input)).pop().unwrap_or(Ok(Vec::new())),
                });
                return rest.collect();
            }
            Err(failure) => {
                self.stop.store(true, Ordering::Relaxed);
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
            // Failures of the photo itself come again when it is located, and are reported there.
            if failure.kind == ErrorKind::Service {
                report(&failure);
                self.without.fetch_add(1, Ordering::Relaxed);
            }
            Vec::new()
        })
    }
}

impl Model {
    fn asker(&self) -> Asker<'_> {
        Asker {
            generator: self.generator.as_ref(),
            cache: self.cache.as_ref(),
            budget: &self.budget,
            samples: self.samples,
        }
    }
}

impl CandidateSource for WrittenSource {
    fn candidates(&self, inputs: &[Input]) -> Vec<Result<Vec<Candidate>, Failure>> {
        match &self.origin {
            Origin::File(file) => inputs.iter().map(|input| Ok(self.in_file(file, input))).collect(),
            Origin::Model(model) => self.of_model(model, inputs),
        }
    }
}
