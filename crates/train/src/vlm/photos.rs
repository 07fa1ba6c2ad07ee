//! Pixels of photos that lie in a folder or tar file.

use std::fmt;

use contract::{Diagnose as _, ErrorKind, Failure, PhotoId};
use nets::photo::{DecodeOptions, Image, Limits, decode};
use rank::vlm::PhotoSource;

/// Photos of a gallery source, decoded as they are asked for.
pub struct SourcePhotos {
    source: Box<dyn gallery::PhotoSource>,
    decode: DecodeOptions,
    limits: Limits,
}

impl SourcePhotos {
    /// Photos of `source`. `decode`: what becomes of EXIF orientation and transparency.
    pub fn new(source: Box<dyn gallery::PhotoSource>, decode: DecodeOptions) -> Self {
        Self { source, decode, limits: Limits::default() }
    }
}

impl fmt::Debug for SourcePhotos {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SourcePhotos").field("decode", &self.decode).finish_non_exhaustive()
    }
}

impl PhotoSource for SourcePhotos {
    fn photo(&self, id: &PhotoId) -> Result<Image, Failure> {
        let bytes = self.source.read(id).map_err(|error| {
            let failure = Failure::from_error(&error);
            let hint = "every photo that the data names must be in the photo source (`photos`)";
            if error.kind() == ErrorKind::NotFound { failure.with_hint(hint) } else { failure }
        })?;
        decode(&bytes, &self.limits, self.decode).map_err(|error| {
            let kind = if error.is_too_large() { ErrorKind::PhotoTooLarge } else { ErrorKind::InvalidPhoto };
            let failure = Failure::new(kind, format!("{id}: {error}"));
            match error.hint() {
                Some(hint) => failure.with_hint(hint),
                None => failure,
            }
        })
    }
}
