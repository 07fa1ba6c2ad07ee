//! Many files, one answer each, flat memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use contract::{Candidate, Estimate, Failure, LocateOptions, Photo, QueryEmbedding};
use photo::{DecodeOptions, Image, Limits, decode, encode_thumbnail};
use rayon::prelude::*;

use crate::locator::lost;
use crate::{CachedQuery, Input, Locator, QueryCache};

/// How many photos are in memory at once.
const CHUNK: usize = 16;

/// Options of a batch run.
#[derive(Clone, Debug, Default)]
pub struct BatchOptions {
    /// Options of each request.
    pub locate: LocateOptions,
    /// Who took the photos, where that is known: for `exclude.same_author`.
    pub author: Option<String>,
    /// What one photo may cost.
    pub limits: Limits,
    /// Longest side of the thumbnails to make; `None` makes none.
    pub thumbnail_side: Option<u32>,
    /// Vectors of photos that were encoded before.
    pub query_cache: Option<Arc<QueryCache>>,
}

/// One photo's answer.
#[derive(Debug)]
pub struct Located {
    /// The photo's name.
    pub name: String,
    /// The answer, or why there is none.
    pub outcome: Result<Estimate, Failure>,
    /// Wall time spent on this photo: reading and encoding, and its share of the search.
    pub elapsed_ms: f64,
    /// JPEG bytes, if asked for and the photo could be read.
    pub thumbnail: Option<Vec<u8>>,
}

/// Where candidates come from besides the gallery.
pub trait CandidateSource: Sync {
    /// Candidates of each photo, in order. A failure becomes the photo's outcome; a source that would rather go without
    /// gives an empty list.
    fn candidates(&self, inputs: &[Input]) -> Vec<Result<Vec<Candidate>, Failure>>;
}

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchEnd {
    /// All photos were answered.
    Finished,
    /// `stop` was set; the answers given so far are complete.
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
    stop: &AtomicBool,
    sink: impl FnMut(Located) -> Result<(), E>,
) -> Result<BatchEnd, E> {
    locate_files_with(locator, inputs, options, None, stop, sink)
}

/// [`locate_files`] with candidates from elsewhere.
///
/// # Errors
/// As there.
pub fn locate_files_with<E>(
    locator: &Locator,
    inputs: &[Input],
    options: &BatchOptions,
    source: Option<&dyn CandidateSource>,
    stop: &AtomicBool,
    mut sink: impl FnMut(Located) -> Result<(), E>,
) -> Result<BatchEnd, E> {
    let wrong = locator.check(&options.locate).err();
    // What takes minutes a photo is said as soon as it is known.
    let chunk = if locator.looks_at_pixels() { 1 } else { CHUNK };
    for chunk in inputs.chunks(chunk) {
        if stop.load(Ordering::Relaxed) {
            return Ok(BatchEnd::Stopped);
        }
        if let Some(failure) = &wrong {
            // No photo can be answered, so none is encoded.
            for input in chunk {
                let outcome = Err(failure.clone());
                sink(Located { name: input.name.clone(), outcome, elapsed_ms: 0.0, thumbnail: None })?;
            }
            continue;
        }
        let elsewhere = source.map(|source| source.candidates(chunk)).unwrap_or_default();
        let mut prepared: Vec<Prepared> =
            chunk.par_iter().map(|input| prepare(locator, input, options)).collect();
        let written = join(&mut prepared, elsewhere);
        let searching = Instant::now();
        let encoded: Vec<(&Photo, QueryEmbedding)> = prepared
            .iter()
            .filter_map(|one| one.encoded.as_ref().ok())
            .map(|(photo, embedding)| (photo, embedding.clone()))
            .collect();
        let count = encoded.len().max(1);
        let mut answers = locator.locate_encoded_with(&encoded, &written, &options.locate).into_iter();
        let share_ms = milliseconds(searching) / count as f64;
        let mut results = Vec::with_capacity(prepared.len());
        for (input, one) in chunk.iter().zip(&prepared) {
            let (outcome, elapsed_ms) = match &one.encoded {
                Ok(_) => {
                    (answers.next().unwrap_or_else(|| Err(lost(&input.name))), one.elapsed_ms + share_ms)
                }
                Err(failure) => (Err(failure.clone()), one.elapsed_ms),
            };
            results.push((outcome, elapsed_ms));
        }
        drop(encoded);
        for ((input, one), (outcome, elapsed_ms)) in chunk.iter().zip(prepared).zip(results) {
            sink(Located { name: input.name.clone(), outcome, elapsed_ms, thumbnail: one.thumbnail })?;
        }
    }
    Ok(BatchEnd::Finished)
}

/// The candidates from elsewhere of the photos that were prepared well; those whose source failed fail.
fn join(prepared: &mut [Prepared], elsewhere: Vec<Result<Vec<Candidate>, Failure>>) -> Vec<Vec<Candidate>> {
    let mut written = Vec::with_capacity(elsewhere.len());
    for (one, candidates) in prepared.iter_mut().zip(elsewhere) {
        match candidates {
            Ok(candidates) if one.encoded.is_ok() => written.push(candidates),
            Err(failure) if one.encoded.is_ok() => one.encoded = Err(failure),
            _ => {}
        }
    }
    written
}

struct Prepared {
    encoded: Result<(Photo, QueryEmbedding), Failure>,
    elapsed_ms: f64,
    thumbnail: Option<Vec<u8>>,
}

fn prepare(locator: &Locator, input: &Input, options: &BatchOptions) -> Prepared {
    let started = Instant::now();
    let mut thumbnail = None;
    let mut work = || {
        let bytes = read_photo_bytes(&input.path, &options.limits)?;
        let cache = options.query_cache.as_deref().map(|cache| (cache, QueryCache::key(&bytes)));
        let known = cache.as_ref().and_then(|(cache, key)| cache.get(key));
        let looks_at_pixels = options.thumbnail_side.is_some() || keeps_pixels(locator, options);
        if let Some(known) = known.as_ref().filter(|known| !looks_at_pixels && fits(known, options)) {
            let [width, height] = known.size;
            let photo = Photo {
                id: input.name.as_str().into(),
                author: options.author.clone(),
                width,
                height,
                rgb: Vec::new(),
            };
            return Ok((photo, known.embedding.clone()));
        }
        let image = decode(&bytes, &options.limits, DecodeOptions::default())
            .map_err(|error| error.named(&input.name))?;
        thumbnail = options.thumbnail_side.and_then(|side| encode_thumbnail(&image, side, 82).ok());
        let embedding = if let Some(known) = known {
            known.embedding
        } else {
            let embedding = locator.encoder().encode_image(&input.name, &image)?;
            if let Some((cache, key)) = cache {
                let size = [image.width(), image.height()];
                cache.put(&key, &CachedQuery { embedding: embedding.clone(), size });
            }
            embedding
        };
        Ok((photo_of(&input.name, image, options, keeps_pixels(locator, options)), embedding))
    };
    let encoded = work();
    Prepared { encoded, elapsed_ms: milliseconds(started), thumbnail }
}

/// Whether a photo that is not decoded again is within the limits: they may have been wider then.
fn fits(known: &CachedQuery, options: &BatchOptions) -> bool {
    let [width, height] = known.size;
    u64::from(width) * u64::from(height) <= options.limits.max_pixels
}

/// Whether a later step looks at the pixels.
fn keeps_pixels(locator: &Locator, options: &BatchOptions) -> bool {
    options.locate.exclude.near_duplicate || locator.looks_at_pixels()
}

fn photo_of(name: &str, image: Image, options: &BatchOptions, keeps_pixels: bool) -> Photo {
    let (width, height) = (image.width(), image.height());
    let rgb = if keeps_pixels { image.into_rgb() } else { Vec::new() };
    Photo { id: name.into(), author: options.author.clone(), width, height, rgb }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
