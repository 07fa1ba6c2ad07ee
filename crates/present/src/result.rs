//! What goes into every format.

use contract::{Estimate, Failure, PhotoId};

use crate::Precision;
use crate::view::PhotoView;

/// What became of one photo.
#[derive(Clone, Debug)]
pub struct PhotoResult {
    /// The path as given, or `directory/relative path`; with `/` between the parts.
    pub photo: String,
    /// What a table of these photos calls it: the path below the given directory. Unique in a run but for the same photo.
    pub id: String,
    /// The answer, or why there is none.
    pub outcome: Result<Estimate, Failure>,
    /// Name and version of the model pack.
    pub model: String,
    /// Name of the gallery.
    pub gallery: String,
    /// Wall time spent on this photo, milliseconds.
    pub elapsed_ms: f64,
    /// How coarse the coordinates are; [`coarsen`](crate::coarsen) sets it.
    pub precision: Precision,
}

impl PhotoResult {
    /// The serialisable form. Coordinates are as exact as those of the result: [`coarsen`](crate::coarsen) first where
    /// a user asked for it.
    pub fn view(&self) -> PhotoView {
        self.into()
    }
}

/// Small pictures for the map. Only [`Format::Html`](crate::Format::Html) asks for them.
pub trait Thumbnails {
    /// The query photo as a JPEG of about 640 pixels, if it could be read.
    fn query(&self, result: &PhotoResult) -> Option<Vec<u8>>;

    /// A gallery photo as a JPEG of about 200 pixels, if the gallery has its pixels.
    fn candidate(&self, photo: &PhotoId) -> Option<Vec<u8>>;
}

/// No pictures at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoThumbnails;

impl Thumbnails for NoThumbnails {
    fn query(&self, _: &PhotoResult) -> Option<Vec<u8>> {
        None
    }

    fn candidate(&self, _: &PhotoId) -> Option<Vec<u8>> {
        None
    }
}
