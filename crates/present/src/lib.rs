//! Answers as people and programs read them.
//!
//! # What it does
//! A run is a stream of [`PhotoResult`]s. There is one schema for programs, [`view::PhotoView`]: the command line
//! prints it, a server sends it, the map in a web page draws it, and it can be read back. All formats implement one
//! trait, [`Writer`], which takes one result at a time and keeps as little as it can. [`writer`] puts [`coarsen`] in
//! front of each of them, so results are coarsened before any format sees them.
//!
//! # Main types
//! [`PhotoResult`] is the input. [`Format`] names the output format, [`Settings`] holds what else the formats need, and
//! [`OutputError`] is the only error. [`Headline`] is what every format says first. [`Precision`] and [`coarsen`] reduce the precision of published places.
//! [`view::SCHEMA`] is the JSON schema of a view, [`escape`] puts foreign text into markup, and [`GalleryView`]
//! describes a gallery.
//!
//! ```
//! use contract::{ErrorKind, Failure};
//! use present::view::PhotoView;
//! use present::{Format, NoThumbnails, PhotoResult, Precision, Settings, writer};
//!
//! let result = PhotoResult {
//!     photo: "holiday/beach.jpg".into(),
//!     id: "beach.jpg".into(),
//!     outcome: Err(Failure::new(ErrorKind::InvalidPhoto, "holiday/beach.jpg is not a photo")),
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
//! assert!(text.starts_with(br#"{"photo":"holiday/beach.jpg","error":{"#));
//! assert_eq!(serde_json::from_slice::<PhotoView>(&text)?, result.view());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Adding a format
//! Write a file with a type that implements [`Writer`] and a constant `FORMAT`, which gives the name that users type
//! and the function that makes the writer (`kml.rs` is a good one to copy). Then add it to the list at the end of
//! `format.rs`, in one line with a sentence for the help text, and declare the module below. Parsing,
//! [`Format::ALL`], error messages and coarsening follow from the list; so do the tests that apply to every format.
//!
//! # Alternatives considered
//! A template engine. Each format has its own rules for escaping, and in a template a forgotten filter is a security
//! hole. Here foreign text passes through a function of [`escape`] or a serialiser.
#![forbid(unsafe_code)]

mod countries;
mod error;
pub mod escape;
mod format;
mod gallery;
mod geojson;
mod gpx;
mod headline;
mod html;
mod json;
mod kml;
mod precision;
mod predictions;
mod result;
mod table;
mod terminal;
mod text;
pub mod view;
mod writer;

pub use error::OutputError;
pub use format::{Format, UnknownFormat};
pub use gallery::{GalleryView, SourceView};
pub use headline::{Headline, Level};
pub use precision::{Precision, UnknownPrecision, coarsen};
pub use result::{NoThumbnails, PhotoResult, Thumbnails};
pub use terminal::Terminal;
pub use view::PhotoView;
pub use writer::{Settings, Writer, writer};
