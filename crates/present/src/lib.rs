//! What `locate` writes: one writer a format, all behind [`Writer`].
//!
//! # Idea
//! A run is a stream of [`PhotoResult`]s, so every format is a [`Writer`] that takes one result at a time
//! and keeps as little as it can. [`writer`] puts [`precision`] in front of each of them: whatever is
//! written, on whichever way, has been coarsened before.
//!
//! # Cast
//! [`PhotoResult`] goes in; [`Format`] names the way out; [`Settings`] holds what the formats need besides;
//! [`OutputError`] is the only way to fail.
//!
//! ```
//! use present::{Format, NoThumbnails, PhotoResult, Precision, Settings, writer};
//! use contract::{ErrorKind, Failure};
//!
//! let result = PhotoResult {
//!     photo: "holiday/beach.jpg".into(),
//!     outcome: Err(Failure::new(ErrorKind::InvalidPhoto, "holiday/beach.jpg is no photo")),
//!     model: "starter".into(),
//!     gallery: "geophotos".into(),
//!     elapsed_ms: 1.5,
//!     precision: Precision::Exact,
//! };
//! let mut text = Vec::new();
//! let mut out = writer(Format::JsonLines, Settings::new(&NoThumbnails), &mut text);
//! out.begin()?;
//! out.photo(&result)?;
//! out.finish()?;
//! drop(out);
//! assert!(String::from_utf8(text).unwrap().starts_with(r#"{"photo":"holiday/beach.jpg","error":{"#));
//! # Ok::<(), present::OutputError>(())
//! ```

mod countries;
mod error;
mod escape;
pub mod format;
mod geojson;
pub mod html;
mod json;
mod kml;
pub mod precision;
mod predictions;
mod table;
mod terminal;
mod text;

use std::io;

use contract::{Estimate, Failure, PhotoId};

pub use error::OutputError;
pub use format::{Format, UnknownFormat};
pub use geojson::GeoJson;
pub use html::Html;
pub use json::{Json, JsonLines};
pub use kml::Kml;
pub use precision::{Precision, UnknownPrecision};
pub use predictions::Predictions;
pub use table::Table;
pub use terminal::Terminal;

/// What became of one photo.
#[derive(Clone, Debug)]
pub struct PhotoResult {
    /// The path as given, or `directory/relative path`; with `/` between the parts.
    pub photo: String,
    /// The answer, or why there is none.
    pub outcome: Result<Estimate, Failure>,
    /// Name and version of the model pack.
    pub model: String,
    /// Name of the gallery.
    pub gallery: String,
    /// Wall time spent on this photo, milliseconds.
    pub elapsed_ms: f64,
    /// How coarse the coordinates are; [`precision::coarsen`] sets it.
    pub precision: Precision,
}

/// Small pictures for the map. Only [`Html`] asks for them.
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

/// Writes a run: `begin` once, `photo` for each result, `finish` once (also after an interruption, so that
/// the file is complete for the photos that are done).
pub trait Writer {
    /// What comes before the first photo.
    fn begin(&mut self) -> Result<(), OutputError>;

    /// One photo.
    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError>;

    /// What comes after the last photo; flushes.
    fn finish(&mut self) -> Result<(), OutputError>;
}

/// What writers need besides the results.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// How coarse the published coordinates are.
    pub precision: Precision,
    /// Width and colour of the terminal, for the table.
    pub terminal: Terminal,
    /// Pictures for the map.
    pub thumbnails: &'a dyn Thumbnails,
    /// Whether a predictions file says where each answer comes from; the other formats always do.
    pub origins: bool,
}

impl<'a> Settings<'a> {
    /// Exact coordinates, no colour.
    pub fn new(thumbnails: &'a dyn Thumbnails) -> Self {
        Self { precision: Precision::Exact, terminal: Terminal::PLAIN, thumbnails, origins: false }
    }
}

/// The writer of a format, with [`Settings::precision`] applied to each result before it is written.
pub fn writer<'a, W: io::Write + 'a>(format: Format, settings: Settings<'a>, out: W) -> Box<dyn Writer + 'a> {
    let inner: Box<dyn Writer + 'a> = match format {
        Format::Table => Box::new(Table::new(out, settings.terminal)),
        Format::Json => Box::new(Json::new(out)),
        Format::JsonLines => Box::new(JsonLines::new(out)),
        Format::GeoJson => Box::new(GeoJson::new(out)),
        Format::Kml => Box::new(Kml::new(out)),
        Format::Csv => Box::new(Predictions::new(out).with_origins(settings.origins)),
        Format::Html => Box::new(Html::new(out, settings.thumbnails)),
    };
    match settings.precision {
        Precision::Exact => inner,
        precision => Box::new(Coarsened { inner, precision }),
    }
}

/// Coarsens a copy of each result.
struct Coarsened<'a> {
    inner: Box<dyn Writer + 'a>,
    precision: Precision,
}

impl Writer for Coarsened<'_> {
    fn begin(&mut self) -> Result<(), OutputError> {
        self.inner.begin()
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        let mut coarse = result.clone();
        precision::coarsen(&mut coarse, self.precision);
        self.inner.photo(&coarse)
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.inner.finish()
    }
}
