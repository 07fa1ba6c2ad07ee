//! `georanker generate`.

mod estimate;
mod writing;

use std::sync::Arc;

use contract::{Cancel, Failure, LocateOptions};
use generate::{AnswerCache, ApiGenerator, Asker, Budget, Generator, LocalGenerator};
use georanker::generation::{Prompts, Questions, Signs};
use georanker::{Locator, QueryPhoto, find_pack};
use indicatif::ProgressBar;
use photo::{DecodeOptions, Limits};

use crate::args::{ApiRequest, GenerateArguments, GenerateProtocol, LocalRequest, PromptKind, WriterRequest};
use crate::exit::Exit;
use crate::progress::{bar, note, stop_flag, tell_skipped};
use crate::stdin::photos_of;
use crate::threads::use_threads;

/// Asks a model where photos were taken and writes what it answers.
///
/// # Errors
/// A [`Failure`] that ends the run; a photo's failure does not.
pub fn generate(arguments: &GenerateArguments, quiet: bool) -> Result<Exit, Failure> {
    let request = arguments.resolve()?;
    let prompts = match arguments.prompt {
        PromptKind::ZeroShot => Prompts::zero_shot(request.wording),
        PromptKind::Retrieval => {
            let pack = find_pack(arguments.pack.pack.as_deref())?;
            let locator = Locator::open(&pack)?;
            let references = usize::from(arguments.references);
            let options = LocateOptions::default();
            Prompts::retrieval(request.wording, Arc::new(locator), references, options, None)
        }
    };
    let prompts = prompts.with_hint(arguments.hint.clone());
    let inputs = photos_of(&arguments.inputs)?;
    tell_skipped(&inputs.skipped, quiet);
    if request.cache.is_none() {
        note(quiet, "there is no home directory: answers are not kept (name a folder with --cache)");
    }
    let cache = request.cache.as_deref().map(AnswerCache::open).transpose()?;
    let budget = Budget::new(request.prices, arguments.budget);
    let cancel = Cancel::by(stop_flag()?);
    let progress = bar(inputs.photos.len(), "generating", quiet);
    let is_local = matches!(request.writer, WriterRequest::Local(_));
    let generator = match request.writer {
        WriterRequest::Api(api) => open_generator(api, &cancel, &progress, quiet),
        WriterRequest::Local(local) => open_local(&local, &cancel)?,
    };
    let signs = Signs::default();
    let questions = Questions {
        asker: Asker {
            generator: generator.as_ref(),
            cache: cache.as_ref(),
            budget: &budget,
            samples: usize::from(arguments.samples),
        },
        prompts: &prompts,
        reading: request.reading,
        // A model on this machine takes all cores for one photo.
        concurrency: if is_local { 1 } else { usize::from(arguments.concurrency) },
        cancel: &cancel,
        signs: &signs,
    };
    let limits = Limits { max_pixels: u64::from(arguments.max_megapixels) * 1_000_000, ..Limits::default() };
    let decode = match arguments.protocol {
        GenerateProtocol::Default => DecodeOptions::default(),
        GenerateProtocol::Official => DecodeOptions::official(),
    };
    let photos = inputs.photos.iter();
    let photos: Vec<QueryPhoto> =
        photos.map(|input| QueryPhoto::file(&input.name, input.path.clone(), limits, decode)).collect();
    if arguments.dry_run {
        progress.finish_and_clear();
        return estimate::print(&questions, &photos, &inputs.failures, arguments.out.as_deref());
    }
    writing::write(&questions, &photos, &inputs.failures, arguments.out.as_deref(), (&progress, quiet))
}

/// The client of an API. Its notes go to stderr, above the progress bar.
pub(super) fn open_generator(
    request: ApiRequest,
    cancel: &Cancel,
    progress: &ProgressBar,
    quiet: bool,
) -> Box<dyn Generator> {
    let ApiRequest { address, key, settings, conduct } = request;
    if address.is_open() {
        let what = if key.is_some() { "the key and the photos go" } else { "the photos go" };
        note(quiet, &format!("warning: {what} to {address} unencrypted"));
    }
    let progress = progress.clone();
    let notes = Box::new(move |text: &str| progress.suspend(|| note(quiet, text)));
    Box::new(ApiGenerator::new(address, key, settings, conduct, cancel.flag(), notes))
}

/// A model on this machine.
fn open_local(request: &LocalRequest, cancel: &Cancel) -> Result<Box<dyn Generator>, Failure> {
    use_threads(request.threads)?;
    Ok(Box::new(LocalGenerator::open(&request.model, &request.settings, cancel.flag())?))
}
