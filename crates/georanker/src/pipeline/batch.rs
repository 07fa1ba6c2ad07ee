//! Many files, one answer each, flat memory.

use std::sync::Arc;
use std::time::Instant;

use contract::{Cancel, Estimate, Failure, LocateOptions};
use photo::{DecodeOptions, Limits, encode_thumbnail};
use rayon::prelude::*;

use super::{EncodedPhoto, Locator, QueryPhoto, lost};
use crate::{CachedQuery, Input, QueryCache};

/// How many photos are in memory at once, at least; more where there are many threads.
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
            QueryPhoto::file(&input.name, input.path.clone(), options.limits, options.decode).asked(
                options.author.clone(),
                options.locate.clone(),
                Cancel::default(),
            )
        };
        let queries: Vec<QueryPhoto> = inputs.iter().map(query).collect();
        let prepared: Vec<Prepared> =
            queries.par_iter().map(|query| prepare(locator, query, options)).collect();
        let together = Instant::now();
        let photos: Vec<&QueryPhoto> = queries.iter().collect();
        let known = prepared.iter().map(|one| one.known.clone()).collect();
        let mut answers = locator.answer_cached(&photos, known, options.query_cache.as_deref()).into_iter();
        let share_ms = milliseconds(together) / inputs.len().max(1) as f64;
        for (input, one) in inputs.iter().zip(prepared) {
            let outcome = answers.next().unwrap_or_else(|| Err(lost(&input.name)));
            let elapsed_ms = one.elapsed_ms + share_ms;
            sink(Located { input: input.clone(), outcome, elapsed_ms, thumbnail: one.thumbnail })?;
        }
    }
    Ok(BatchEnd::Finished)
}

/// What is done for each photo alone, beside the others.
struct Prepared {
    /// The vectors, if they are cached and nothing else needs the pixels.
    known: Option<EncodedPhoto>,
    elapsed_ms: f64,
    thumbnail: Option<Vec<u8>>,
}

fn prepare(locator: &Locator, query: &QueryPhoto, options: &BatchOptions) -> Prepared {
    let started = Instant::now();
    let cached = options.query_cache.as_deref().and_then(|cache| {
        let key = query.sha256()?.ok()?;
        cache.get(key).filter(|known| fits(known, options))
    });
    let needs_pixels = cached.is_none() || options.thumbnail_side.is_some();
    let needs_pixels = needs_pixels || locator.looks_at_pixels(&query.options);
    // A photo that cannot be decoded fails under its own name in the next stage.
    let photo = if needs_pixels { query.photo().ok() } else { None };
    let thumbnail = options.thumbnail_side.zip(photo);
    let thumbnail = thumbnail.and_then(|(side, photo)| encode_thumbnail(&photo.image, side, 82).ok());
    let known = cached.filter(|_| !needs_pixels || photo.is_some()).map(|known| EncodedPhoto {
        id: query.id().clone(),
        author: options.author.clone(),
        embedding: known.embedding,
        image: photo.filter(|_| locator.looks_at_pixels(&query.options)).map(|photo| photo.image.clone()),
    });
    Prepared { known, elapsed_ms: milliseconds(started), thumbnail }
}

impl Locator {
    /// [`Locator::answer`], keeping the vectors of photos that were not known.
    fn answer_cached(
        &self,
        photos: &[&QueryPhoto],
        known: Vec<Option<EncodedPhoto>>,
        cache: Option<&QueryCache>,
    ) -> Vec<Result<Estimate, Failure>> {
        let Some(cache) = cache else { return self.answer(photos, known) };
        let mut known = known;
        let missing: Vec<usize> =
            (0..photos.len()).filter(|&at| known.get(at).is_none_or(Option::is_none)).collect();
        let wanted: Vec<&QueryPhoto> = missing.iter().map(|&at| photos[at]).collect();
        let encoded = self.encode(&wanted, Vec::new());
        for (at, encoded) in missing.into_iter().zip(encoded) {
            let Ok(encoded) = encoded else { continue };
            if let (Some(Ok(key)), Ok(photo)) = (photos[at].sha256(), photos[at].photo()) {
                let size = [photo.image.width(), photo.image.height()];
                cache.put(key, &CachedQuery { embedding: encoded.embedding.clone(), size });
            }
            known[at] = Some(encoded);
        }
        self.answer(photos, known)
    }
}

/// Whether a photo that is not decoded again is within the limits: they may have been wider then.
fn fits(known: &CachedQuery, options: &BatchOptions) -> bool {
    let [width, height] = known.size;
    u64::from(width) * u64::from(height) <= options.limits.max_pixels
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
