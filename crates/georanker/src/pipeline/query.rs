//! A query photo on its way through the pipeline.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use contract::{Cancel, Failure, Image, LocateOptions, LocateRequest, Photo, PhotoId, QueryEmbedding};
use files::sha256_hex;
use photo::{DecodeOptions, Limits, decode_photo, read_photo_bytes};

/// A photo that is decoded only when somebody wants its pixels: a query whose vectors are cached, or a model that answers
/// from its cache, never does.
#[derive(Debug)]
pub struct QueryPhoto {
    id: PhotoId,
    author: Option<String>,
    source: Source,
    /// What this request asks for.
    pub options: LocateOptions,
    /// Whether somebody still waits.
    pub cancel: Cancel,
}

#[derive(Debug)]
enum Source {
    Decoded(Box<Photo>),
    File(Box<PhotoFile>),
}

/// A file, and what was read of it so far.
#[derive(Debug)]
struct PhotoFile {
    path: PathBuf,
    limits: Limits,
    decode: DecodeOptions,
    bytes: OnceLock<Result<Vec<u8>, Failure>>,
    sha256: OnceLock<String>,
    photo: OnceLock<Result<Photo, Failure>>,
}

impl QueryPhoto {
    /// A photo file, read when it is first needed. `name` is its id in every output.
    pub fn file(name: &str, path: PathBuf, limits: Limits, decode: DecodeOptions) -> Self {
        Self {
            id: name.into(),
            author: None,
            source: Source::File(Box::new(PhotoFile {
                path,
                limits,
                decode,
                bytes: OnceLock::new(),
                sha256: OnceLock::new(),
                photo: OnceLock::new(),
            })),
            options: LocateOptions::default(),
            cancel: Cancel::default(),
        }
    }

    /// The same, taken by this author, as part of this request.
    #[must_use]
    pub fn asked(mut self, author: Option<String>, options: LocateOptions, cancel: Cancel) -> Self {
        self.author = author;
        self.options = options;
        self.cancel = cancel;
        self
    }

    /// The photo's name in every output.
    pub const fn id(&self) -> &PhotoId {
        &self.id
    }

    /// Who took it, where known.
    pub fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// The file's bytes; `None` for a photo that came decoded.
    ///
    /// # Errors
    /// A [`Failure`] that names the file: it cannot be read, or is too large.
    pub fn bytes(&self) -> Option<Result<&[u8], Failure>> {
        match &self.source {
            Source::Decoded(_) => None,
            Source::File(file) => Some(file.bytes()),
        }
    }

    /// SHA-256 of the file's bytes, hexadecimal; `None` for a photo that came decoded.
    ///
    /// # Errors
    /// As [`QueryPhoto::bytes`].
    pub fn sha256(&self) -> Option<Result<&str, Failure>> {
        let Source::File(file) = &self.source else { return None };
        Some(file.bytes().map(|bytes| file.sha256.get_or_init(|| sha256_hex(bytes)).as_str()))
    }

    /// The photo, decoded once.
    ///
    /// # Errors
    /// A [`Failure`] that names it.
    pub fn photo(&self) -> Result<&Photo, Failure> {
        let file = match &self.source {
            Source::Decoded(photo) => return Ok(photo),
            Source::File(file) => file,
        };
        let decode = || {
            let photo = decode_photo(&self.id.0, file.bytes()?, &file.limits, file.decode)?;
            Ok(Photo { author: self.author.clone(), ..photo })
        };
        file.photo.get_or_init(decode).as_ref().map_err(Clone::clone)
    }
}

impl PhotoFile {
    fn bytes(&self) -> Result<&[u8], Failure> {
        let read = self.bytes.get_or_init(|| read_photo_bytes(&self.path, &self.limits));
        read.as_deref().map_err(Clone::clone)
    }
}

impl From<&LocateRequest> for QueryPhoto {
    fn from(request: &LocateRequest) -> Self {
        let LocateRequest { photo, options, cancel } = request;
        Self {
            id: photo.id.clone(),
            author: photo.author.clone(),
            source: Source::Decoded(Box::new(photo.clone())),
            options: options.clone(),
            cancel: cancel.clone(),
        }
    }
}

/// What retrieval and ranking need of a photo.
#[derive(Clone, Debug)]
pub struct EncodedPhoto {
    /// The photo's name in every output.
    pub id: PhotoId,
    /// Who took it, where known.
    pub author: Option<String>,
    /// Its vectors.
    pub embedding: QueryEmbedding,
    /// Its pixels, for near-duplicate exclusion and for rankers that look at them.
    pub image: Option<Arc<Image>>,
}

impl EncodedPhoto {
    /// A decoded photo and its vectors.
    pub fn new(photo: &Photo, embedding: QueryEmbedding) -> Self {
        let Photo { id, author, image, .. } = photo.clone();
        Self { id, author, embedding, image: Some(image) }
    }
}
