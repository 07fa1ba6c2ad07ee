//! Vision-language models of `georanker locate`: generated candidates, from a file or asked for on the way, and the
//! reranker.

use std::sync::Arc;

use contract::{Cancel, Failure, LocateOptions};
use generate::{AnswerCache, Budget, Wording, WrittenFile};
use georanker::generation::{GeneratedSource, ModelSource, Prompts};
use georanker::{Locator, Reranker};
use indicatif::ProgressBar;
use photo::DecodeOptions;
use rank::vlm::PairScorer;

use super::generate::open_generator;
use crate::args::{GeneratedRequest, JudgeRequest, LocateRequest, PromptKind};
use crate::exit::report;
use crate::progress::note;

/// Photos that are asked about at the same time.
const CONCURRENCY: usize = 4;

/// Where generated candidates come from, if they were asked for.
pub(super) struct Generated(Option<Arc<GeneratedSource>>);

/// The locator with the models that were asked for.
///
/// # Errors
/// A file that cannot be read, a cache that cannot be made, a model that is broken.
pub(super) fn with_models(
    mut locator: Locator,
    request: LocateRequest,
    cancel: &Cancel,
    quiet: bool,
) -> Result<(Locator, Generated), Failure> {
    let mut source = None;
    if let Some(generated) = request.generated {
        let asked = (&request.options, &request.author);
        let opened = Arc::new(open_source(generated, &locator, asked, cancel, quiet)?);
        locator = locator.with_source(opened.clone(), request.merge_within_m)?;
        source = Some(opened);
    }
    if let Some(JudgeRequest { model, options, retrieved, generated }) = request.judge {
        let what = "confidence values are uncalibrated model probabilities";
        note(quiet, &format!("opening {}; {what}", model.display()));
        let scorer = PairScorer::open(&model, &options)?;
        let decode = DecodeOptions::default();
        locator = locator.reranked_by(Reranker { scorer, retrieved, generated, decode });
    }
    Ok((locator, Generated(source)))
}

impl Generated {
    /// Whether they were asked for.
    pub(super) const fn is_asked(&self) -> bool {
        self.0.is_some()
    }

    /// What ended the asking for good, if something did.
    pub(super) fn ended(&self) -> Option<Failure> {
        self.0.as_ref()?.ended()
    }

    /// Says what came of it; the number of photos that went without.
    pub(super) fn finish(&self, quiet: bool) -> usize {
        self.0.as_ref().map_or(0, |source| finish(source, quiet))
    }
}

/// Opens file or cache; nothing is sent yet.
///
/// # Errors
/// The file cannot be read, or the cache not be made.
fn open_source(
    request: GeneratedRequest,
    locator: &Locator,
    (options, author): (&LocateOptions, &Option<String>),
    cancel: &Cancel,
    quiet: bool,
) -> Result<GeneratedSource, Failure> {
    match request {
        GeneratedRequest::File(path) => Ok(GeneratedSource::from_file(WrittenFile::open(&path)?)),
        GeneratedRequest::Api { api, prompt, hint, samples, prices, budget, cache } => {
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
                prompts: prompts.with_hint(hint),
                samples,
                concurrency: CONCURRENCY,
            };
            Ok(GeneratedSource::from_model(model, cancel.clone(), report))
        }
    }
}

/// Says what came of it; the number of photos that went without.
fn finish(source: &GeneratedSource, quiet: bool) -> usize {
    if let Some(summary) = source.summary() {
        note(quiet, &summary);
    }
    let without = source.without();
    if without > 0 {
        note(quiet, &format!("{without} photos were located without generated candidates"));
    }
    without
}
