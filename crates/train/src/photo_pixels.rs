//! The pixels of a ranking dataset's photos.

use std::sync::Arc;

use contract::{ErrorKind, Failure, PhotoId};
use gallery::PhotoFiles;
use photo::{DecodeOptions, Image, Limits, decode};
use rank::vlm::PhotoSource;

/// Photos from a folder or a tar file, decoded: what a ranker that looks at pixels is trained and tested with.
#[derive(Debug)]
pub struct PhotoPixels {
    files: PhotoFiles,
    options: DecodeOptions,
    limits: Limits,
}

impl PhotoPixels {
    /// Photos as they are decoded everywhere: EXIF orientation applied, transparency on white.
    pub fn new(files: PhotoFiles) -> Self {
        Self::with_options(files, DecodeOptions::default(), Limits::default())
    }

    /// The same with other rules, such as those of the official protocol.
    pub fn with_options(files: PhotoFiles, options: DecodeOptions, limits: Limits) -> Self {
        Self { files, options, limits }
    }
}

impl PhotoSource for PhotoPixels {
    fn photo(&self, id: &PhotoId) -> Result<Arc<Image>, Failure> {
        let bytes = self.files.read(id).map_err(|error| {
            let failure = Failure::from_error(&error);
            let hint = "every photo that the data names must be in the folder or tar file of the photos";
            if failure.kind == ErrorKind::NotFound { failure.with_hint(hint) } else { failure }
        })?;
        decode(&bytes, &self.limits, self.options).map(Arc::new).map_err(|error| error.named(&id.0))
    }
}
