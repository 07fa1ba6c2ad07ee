//! Many files, one answer each, flat memory.

use std::sync::Arc;

use contract::{Cancel, Estimate, Failure, LocateOptions};
use photo::{DecodeOptions, Limits, Sidecars};

use super::{Answer, Beside, Locator, QueryPhoto};
use crate::{Input, QueryCache};

/// How many photos are searched and ranked together, at least; more where there are many threads.
const LEAST: usize = 16;
/// Photos per thread in a chunk: enough that one slow photo does not leave the others idle.
const PER_THREAD: usize = 4;

/// Options of a batch run.
#[derive(Clone, Debug, Default)]
pub struct BatchOptions {
    /// Options of each request.
    pub locate: LocateOptions,
    /// Who took the photos, where that is known: for `exclude.same_author`.
    pub author: Option<String>,
    /// What one photo may cost.
    pub limits: Limits,
    /// How photos are decoded.
    pub decode: DecodeOptions,
    /// Longest side of the thumbnails to make; `None` makes none.
    pub thumbnail_side: Option<u32>,
    /// Vectors of photos that were encoded before.
    pub query_cache: Option<Arc<QueryCache>>,
    /// Which files beside a photo are read for the location that it states.
    pub sidecars: Sidecars,
}

/// One photo's answer.
#[derive(Debug)]
pub struct Located {
    /// The photo.
    pub input: Input,
    /// The answer, or why there is none.
    pub outcome: Result<Estimate, Failure>,
    /// Wall time spent on this photo: reading it, and its share of what was done for its chunk together.
    pub elapsed_ms: f64,
    /// JPEG bytes, if asked for and the photo could be read.
    pub thumbnail: Option<Vec<u8>>,
}

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchEnd {
    /// All photos were answered.
    Finished,
    /// It was cancelled; the answers given so far are complete.
    Stopped,
}

/// Locates files in order, calling `sink` with each answer as soon as its chunk is done.
///
/// One photo's failure is not another's: a failed photo has a [`Failure`] as its outcome.
///
/// # Errors
/// Whatever `sink` returns ends the run.
pub fn locate_files<E>(
    locator: &Locator,
    inputs: &[Input],
    options: &BatchOptions,
    cancel: &Cancel,
    mut sink: impl FnMut(Located) -> Result<(), E>,
) -> Result<BatchEnd, E> {
    let wrong = locator.check(&options.locate).err();
    // What takes minutes per photo is said as soon as it is known.
    let slow = locator.reranker.is_some();
    let chunk = if slow { 1 } else { LEAST.max(rayon::current_num_threads() * PER_THREAD) };
    for inputs in inputs.chunks(chunk) {
        if cancel.is_cancelled() {
            return Ok(BatchEnd::Stopped);
        }
        if let Some(failure) = &wrong {
            // No photo can be answered, so none is encoded.
            for input in inputs {
                let outcome = Err(failure.clone());
                sink(Located { input: input.clone(), outcome, elapsed_ms: 0.0, thumbnail: None })?;
            }
            continue;
        }
        // Not the run's token: photos that were begun are finished.
        let query = |input: &Input| {
            QueryPhoto::file(&input.name, input.path.clone(), options.limits, options.decode)
                .with_sidecars(options.sidecars)
                .asked(options.author.clone(), options.locate.clone(), Cancel::default())
        };
        let queries: Vec<QueryPhoto> = inputs.iter().map(query).collect();
        let photos: Vec<&QueryPhoto> = queries.iter().collect();
        let beside = Beside { cache: options.query_cache.as_deref(), thumbnail_side: options.thumbnail_side };
        for (input, answer) in inputs.iter().zip(locator.answer(&photos, beside)) {
            let Answer { outcome, thumbnail, elapsed_ms } = answer;
            sink(Located { input: input.clone(), outcome, elapsed_ms, thumbnail })?;
        }
    }
    Ok(BatchEnd::Finished)
}
