//! The first stage: vectors of photos, and what is wanted of the pixels while they are in memory.

use std::sync::Arc;
use std::time::Instant;

use contract::{Failure, Image, LocateOptions, PerceptualHash, Photo, PhotoId, QueryEmbedding, Stated};
use photo::{content, encode_thumbnail, perceptual_hash};
use rayon::prelude::*;

use super::{Locator, QueryPhoto, lost};
use crate::{CachedQuery, QueryCache};

/// How many photos have their pixels in memory at once, at least; as many as there are threads where that is more.
const GROUP: usize = 4;

/// What retrieval and ranking need of a photo.
#[derive(Clone, Debug)]
pub struct EncodedPhoto {
    /// The photo's name in every output.
    pub id: PhotoId,
    /// Who took it, where known.
    pub author: Option<String>,
    /// Its vectors.
    pub embedding: QueryEmbedding,
    /// Its pixels, for rankers that look at them.
    pub image: Option<Arc<Image>>,
    /// Its perceptual hash, which knows copies; where it is `None`, near-duplicate exclusion makes it from the pixels.
    pub hash: Option<PerceptualHash>,
    /// Why the picture cannot be located at all, where its pixels were looked at.
    pub no_content: Option<String>,
    /// Where the photo itself says it was taken: shown beside the answer, and not looked at for it.
    pub stated: Option<Stated>,
    /// What is missing of the picture.
    pub incomplete: Option<String>,
}

impl EncodedPhoto {
    /// A decoded photo and its vectors.
    pub fn new(photo: &Photo, embedding: QueryEmbedding) -> Self {
        let Photo { id, author, image, metadata } = photo.clone();
        let incomplete = metadata.incomplete;
        let no_content = no_content(&image);
        let hash = Some(perceptual_hash(&image));
        Self { id, author, embedding, image: Some(image), hash, no_content, stated: None, incomplete }
    }
}

/// What is done while a photo's pixels are in memory, besides encoding it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside<'a> {
    /// Vectors of photos that were encoded before, and where new ones are kept.
    pub(super) cache: Option<&'a QueryCache>,
    /// Longest side of a thumbnail to make.
    pub(super) thumbnail_side: Option<u32>,
}

/// What the first stage makes of a photo.
pub(super) struct Encoded {
    pub(super) outcome: Result<EncodedPhoto, Failure>,
    /// JPEG bytes, if asked for and the photo could be read.
    pub(super) thumbnail: Option<Vec<u8>>,
    /// Wall time spent on this photo alone: reading and decoding it.
    pub(super) opening_ms: f64,
}

/// A photo before its batch is encoded.
struct Opened {
    /// The vectors, if they were cached.
    known: Option<QueryEmbedding>,
    /// The pixels, if they are needed for anything.
    photo: Option<Result<Photo, Failure>>,
    /// The file's bytes: the hash, the decoder and the other sources of candidates share one reading.
    bytes: Option<Arc<Vec<u8>>>,
    hash: Option<PerceptualHash>,
    no_content: Option<String>,
    stated: Option<Stated>,
    thumbnail: Option<Vec<u8>>,
    opening_ms: f64,
}

impl Locator {
    /// The vectors of photos, group by group; pixels are kept where a later stage looks at them.
    pub(super) fn encode(&self, photos: &[&QueryPhoto], beside: Beside<'_>) -> Vec<Encoded> {
        let group = GROUP.max(rayon::current_num_threads());
        photos.chunks(group).flat_map(|photos| self.encode_group(photos, beside)).collect()
    }

    fn encode_group(&self, photos: &[&QueryPhoto], beside: Beside<'_>) -> Vec<Encoded> {
        let opened: Vec<Opened> = photos.par_iter().map(|query| self.open_photo(query, beside)).collect();
        let missing = |one: &Opened| one.known.is_none();
        let batch: Vec<&Photo> = opened
            .iter()
            .filter(|one| missing(one))
            .filter_map(|one| one.photo.as_ref()?.as_ref().ok())
            .collect();
        let encoded = if batch.is_empty() { Vec::new() } else { self.encoder.encode(&batch) };
        let mut encoded = encoded.into_iter();
        let each = opened.into_iter().zip(photos);
        each.map(|(opened, query)| {
            let Opened { known, photo, bytes, hash, no_content, stated, thumbnail, opening_ms } = opened;
            let outcome = photo.transpose().and_then(|photo| {
                let embedding = match (known, &photo) {
                    (Some(known), _) => known,
                    (None, Some(photo)) => {
                        let embedding = encoded.next().unwrap_or_else(|| Err(lost(&query.id().0)))?;
                        if let (Some(cache), Some(hash)) = (beside.cache, hash) {
                            let size = [photo.image.width(), photo.image.height()];
                            let (embedding, no_content) = (embedding.clone(), no_content.clone());
                            keep(query, photo, &CachedQuery { embedding, size, hash, no_content }, cache);
                        }
                        embedding
                    }
                    (None, None) => return Err(lost(&query.id().0)),
                };
                let incomplete = photo.as_ref().and_then(|photo| photo.metadata.incomplete.clone());
                let image = photo.map(|photo| photo.image).filter(|_| self.reranker.is_some());
                let (id, author) = (query.id().clone(), query.author().map(str::to_owned));
                Ok(EncodedPhoto { id, author, embedding, image, hash, no_content, stated, incomplete })
            });
            drop(bytes);
            Encoded { outcome, thumbnail, opening_ms }
        })
        .collect()
    }

    fn open_photo(&self, query: &QueryPhoto, beside: Beside<'_>) -> Opened {
        let started = Instant::now();
        let cancelled = query.cancel.check(&query.id().0).err();
        let mut opened = Opened {
            known: None,
            photo: None,
            bytes: None,
            hash: None,
            no_content: None,
            stated: None,
            thumbnail: None,
            opening_ms: 0.0,
        };
        if let Some(failure) = cancelled {
            opened.photo = Some(Err(failure));
            return opened;
        }
        opened.bytes = query.bytes().and_then(Result::ok);
        opened.stated = query.stated();
        opened.known = beside.cache.and_then(|cache| {
            let found = cache.get(query.sha256()?.ok()?)?;
            query.allows(found.size).then(|| {
                (opened.hash, opened.no_content) = (Some(found.hash), found.no_content);
                found.embedding
            })
        });
        let needs_pixels = opened.known.is_none() || beside.thumbnail_side.is_some();
        if needs_pixels || self.looks_at_pixels(&query.options) {
            let photo = query.photo();
            if let Ok(Photo { image, .. }) = &photo {
                let side = beside.thumbnail_side;
                opened.thumbnail = side.and_then(|side| encode_thumbnail(image, side, 82).ok());
                opened.hash = Some(perceptual_hash(image));
                opened.no_content = no_content(image);
            }
            opened.photo = Some(photo);
        }
        opened.opening_ms = started.elapsed().as_secs_f64() * 1000.0;
        opened
    }

    /// Whether something besides the encoder looks at the pixels of a photo.
    fn looks_at_pixels(&self, options: &LocateOptions) -> bool {
        options.exclude.near_duplicate || self.reranker.is_some()
    }
}

/// Why a picture cannot be located at all.
pub(crate) fn no_content(image: &Image) -> Option<String> {
    let content = content(image);
    (!content.is_something()).then(|| content.to_string())
}

fn keep(query: &QueryPhoto, photo: &Photo, encoded: &CachedQuery, cache: &QueryCache) {
    // What is missing of a file that was cut short is not kept, so its vectors are not either.
    let is_whole = photo.metadata.incomplete.is_none();
    if let (Some(Ok(key)), true) = (query.sha256(), is_whole) {
        cache.put(key, encoded);
    }
}
