//! A query photo on its way through the pipeline.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use contract::{Cancel, Failure, Image, LocateOptions, LocateRequest, Metadata, Photo, PhotoId, Stated};
use files::sha256_hex;
use photo::{CaptureTime, DecodeOptions, Limits, Sidecars, capture_time, decode_photo, read_photo_bytes};

use crate::stated::stated_by;

/// A photo that is decoded only when its pixels are needed: a query whose vectors are cached, or a model that answers
/// from its cache, never needs them. Bytes and pixels of a file live as long as someone holds them and are read again
/// after that, so a long list of photos takes little memory.
#[derive(Debug)]
pub struct QueryPhoto {
    id: PhotoId,
    author: Option<String>,
    source: Source,
    /// What this request asks for.
    pub options: LocateOptions,
    /// Whether the answer is still wanted.
    pub cancel: Cancel,
}

#[derive(Debug)]
enum Source {
    Decoded(Box<Photo>),
    File(Box<PhotoFile>),
}

/// A file, and what of it is in memory.
#[derive(Debug)]
struct PhotoFile {
    path: PathBuf,
    limits: Limits,
    decode: DecodeOptions,
    sidecars: Sidecars,
    bytes: Mutex<FileBytes>,
    sha256: OnceLock<String>,
    pixels: Mutex<Option<(Weak<Image>, Metadata)>>,
    /// Why it cannot be read or decoded: that does not change within a run.
    failure: OnceLock<Failure>,
}

#[derive(Debug)]
enum FileBytes {
    Shared(Weak<Vec<u8>>),
    /// Of a pipe or a device, which can be read only once.
    Kept(Arc<Vec<u8>>),
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
                sidecars: Sidecars::default(),
                bytes: Mutex::new(FileBytes::Shared(Weak::new())),
                sha256: OnceLock::new(),
                pixels: Mutex::default(),
                failure: OnceLock::new(),
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

    /// The same, with these files beside it read for the location that it states.
    #[must_use]
    pub fn with_sidecars(mut self, sidecars: Sidecars) -> Self {
        if let Source::File(file) = &mut self.source {
            file.sidecars = sidecars;
        }
        self
    }

    /// Where the photo says it was taken, if it does.
    pub fn stated(&self) -> Option<Stated> {
        match &self.source {
            Source::Decoded(photo) => photo.metadata.location.map(|location| Stated {
                location,
                source: "the photo's metadata".to_owned(),
                note: None,
            }),
            Source::File(file) => {
                let bytes = file.bytes().ok()?;
                stated_by(&self.id.0, &file.path, &bytes, file.sidecars).ok()
            }
        }
    }

    /// When the photo was taken, by the clock of its camera; `None` where the file does not say, and for a photo that came
    /// decoded.
    pub fn taken(&self) -> Option<CaptureTime> {
        match &self.source {
            Source::Decoded(_) => None,
            Source::File(file) => capture_time(&file.bytes().ok()?),
        }
    }

    /// The photo's name in every output.
    pub const fn id(&self) -> &PhotoId {
        &self.id
    }

    /// Who took it, where known.
    pub fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// The file's bytes; `None` for a photo that came decoded. While they are held, nothing reads the file again.
    ///
    /// # Errors
    /// A [`Failure`] that names the file: it cannot be read, or is too large.
    pub fn bytes(&self) -> Option<Result<Arc<Vec<u8>>, Failure>> {
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
        if let Some(known) = file.sha256.get() {
            return Some(Ok(known));
        }
        Some(file.bytes().map(|bytes| file.sha256.get_or_init(|| sha256_hex(&bytes)).as_str()))
    }

    /// The photo. It is decoded again only if nobody holds its pixels.
    ///
    /// # Errors
    /// A [`Failure`] that names it.
    pub fn photo(&self) -> Result<Photo, Failure> {
        let file = match &self.source {
            Source::Decoded(photo) => return Ok(Photo::clone(photo)),
            Source::File(file) => file,
        };
        let photo = file.photo(&self.id.0)?;
        Ok(Photo { author: self.author.clone(), ..photo })
    }

    /// Whether a photo of so many pixels is within the limits.
    pub(super) fn allows(&self, [width, height]: [u32; 2]) -> bool {
        match &self.source {
            Source::Decoded(_) => true,
            Source::File(file) => u64::from(width) * u64::from(height) <= file.limits.max_pixels,
        }
    }
}

impl PhotoFile {
    fn bytes(&self) -> Result<Arc<Vec<u8>>, Failure> {
        let mut known = unpoisoned(&self.bytes);
        match &*known {
            FileBytes::Kept(bytes) => return Ok(Arc::clone(bytes)),
            FileBytes::Shared(bytes) => {
                if let Some(bytes) = bytes.upgrade() {
                    return Ok(bytes);
                }
            }
        }
        if let Some(failure) = self.failure.get() {
            return Err(failure.clone());
        }
        let bytes = read_photo_bytes(&self.path, &self.limits).map_err(|failure| self.failed(failure))?;
        let bytes = Arc::new(bytes);
        *known = if self.path.is_file() {
            FileBytes::Shared(Arc::downgrade(&bytes))
        } else {
            FileBytes::Kept(Arc::clone(&bytes))
        };
        Ok(bytes)
    }

    fn photo(&self, name: &str) -> Result<Photo, Failure> {
        // Held while it decodes: a second thread waits for these pixels instead of decoding them as well.
        let mut known = unpoisoned(&self.pixels);
        if let Some((image, metadata)) = &*known
            && let Some(image) = image.upgrade()
        {
            return Ok(Photo { metadata: metadata.clone(), ..Photo::new(name, image) });
        }
        let bytes = self.bytes()?;
        let photo =
            decode_photo(name, &bytes, &self.limits, self.decode).map_err(|failure| self.failed(failure))?;
        *known = Some((Arc::downgrade(&photo.image), photo.metadata.clone()));
        Ok(photo)
    }

    fn failed(&self, failure: Failure) -> Failure {
        self.failure.get_or_init(|| failure).clone()
    }
}

/// The content of a lock. Each is replaced as a whole, so one that a panic left behind is sound.
fn unpoisoned<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: PathBuf) -> QueryPhoto {
        QueryPhoto::file("q.jpg", path, Limits::default(), DecodeOptions::default())
    }

    fn jpeg(value: u8) -> Vec<u8> {
        photo::encode_thumbnail(&Image::filled(64, 48, [value; 3]).unwrap(), 32, 80).unwrap()
    }

    #[test]
    fn bytes_and_pixels_live_as_long_as_someone_holds_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q.jpg");
        std::fs::write(&path, jpeg(200)).unwrap();
        let query = file(path.clone());
        let (bytes, first) = (query.bytes().unwrap().unwrap(), query.photo().unwrap());
        let sha256 = query.sha256().unwrap().unwrap().to_owned();
        // The file is replaced: what is held stays what it was.
        std::fs::write(&path, jpeg(20)).unwrap();
        assert!(Arc::ptr_eq(&bytes, &query.bytes().unwrap().unwrap()));
        assert!(Arc::ptr_eq(&first.image, &query.photo().unwrap().image));
        drop((bytes, first));
        assert!(query.photo().unwrap().image.rgb()[0] < 50, "nobody held it, so it was read again");
        assert_eq!(
            query.sha256().unwrap().unwrap(),
            sha256,
            "the name of an answer does not change within a run"
        );
    }

    #[test]
    fn failures_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q.jpg");
        let query = file(path.clone());
        let failure = query.photo().unwrap_err();
        std::fs::write(&path, jpeg(200)).unwrap();
        assert_eq!(query.photo().unwrap_err(), failure);
        assert_eq!(query.bytes().unwrap().unwrap_err(), failure);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let query = file(path.clone());
        let writer = std::thread::spawn(move || std::fs::write(path, jpeg(200)).unwrap());
        let sha256 = query.sha256().unwrap().unwrap().to_owned();
        writer.join().unwrap();
        drop(query.photo().unwrap());
        assert_eq!(sha256_hex(&query.bytes().unwrap().unwrap()), sha256);
        assert!(query.photo().is_ok());
    }
}
