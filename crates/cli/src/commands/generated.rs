//! Generated candidates for `georanker locate`: from a file, or asked for on the way.

use std::sync::Arc;

use contract::{Cancel, Failure, LocateOptions};
use generate::{AnswerCache, Budget, Wording, WrittenFile};
use georanker::Locator;
use georanker::generation::{GeneratedSource, GenerationNotice, ModelSource, Prompts};
use indicatif::ProgressBar;

use super::generate::open_generator;
use crate::args::{PromptKind, WrittenRequest};
use crate::exit::report;
use crate::progress::note;

/// Photos that are asked about at the same time.
const CONCURRENCY: usize = 4;

/// Opens file or cache; nothing is sent yet.
///
/// # Errors
/// The file cannot be read, or the cache not be made.
pub(super) fn open_source(
    request: WrittenRequest,
    locator: &Locator,
    (options, author): (&LocateOptions, &Option<String>),
    cancel: &Cancel,
    quiet: bool,
) -> Result<GeneratedSource, Failure> {
    match request {
        WrittenRequest::File(path) => {
            Ok(GeneratedSource::from_file(WrittenFile::open(&path)?, cancel.clone()))
        }
        WrittenRequest::Api { api, prompt, samples, prices, budget, cache } => {
            let prompts = match prompt {
                PromptKind::ZeroShot => Prompts::zero_shot(Wording::Default),
                PromptKind::Retrieval => Prompts::retrieval(
                    Wording::Default,
                    Arc::new(locator.clone()),
                    generate::REFERENCES,
                    options.clone(),
                    author.clone(),
                ),
            };
            let model = ModelSource {
                generator: open_generator(*api, cancel, &ProgressBar::hidden(), quiet),
                cache: cache.as_deref().map(AnswerCache::open).transpose()?,
                budget: Budget::new(prices, budget),
                prompts,
                samples,
                concurrency: CONCURRENCY,
            };
            let tell = |notice| match notice {
                GenerationNotice::Failed(failure) => report(&failure),
            };
            Ok(GeneratedSource::from_model(model, cancel.clone(), tell))
        }
    }
}

/// Says what came of it; the number of photos that went without.
pub(super) fn finish(source: &GeneratedSource, quiet: bool) -> usize {
    if let Some(summary) = source.summary() {
        note(quiet, &summary);
    }
    let without = source.without();
    if without > 0 {
        note(quiet, &format!("{without} photos were located without generated candidates"));
    }
    without
}
