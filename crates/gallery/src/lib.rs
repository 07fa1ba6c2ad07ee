//! Searchable collections of geotagged photos.
//!
//! # What it does
//! A gallery is a directory. The truth is one SQLite file: photos with location, place and credit, their
//! vectors, and where the photo files are. Beside it are derived files, mapped into memory and checksummed,
//! that hold the same data in the form a search needs. They can be deleted and are then rebuilt.
//!
//! ```text
//! GALLERY/gallery.sqlite     truth: transactional, one writer at a time
//!         photos.index       derived: records and filter columns, one row per photo
//!         CHANNEL.matrix     derived: int8 codes (and f32 originals), for the same photos in the same rows
//! ```
//! A search scans all int8 codes, keeps four times as many rows as asked for, and orders them by f32. That is
//! exact up to quantisation, as fast as memory allows, and needs no training and no parameters.
//!
//! # Main types
//! [`GalleryWriter`] and [`GallerySpec`] make galleries, [`Gallery`] reads them and implements
//! [`contract::Search`]; [`verify()`] and [`rebuild`] check and repair them. [`VectorMatrix`] is the searchable
//! matrix by itself, [`LocationIndex`] the same for bare coordinates. [`PhotoSource`] reads photo files from a
//! [`FolderSource`] or a [`TarSource`]; [`PhotoFiles`] is either, and knows photos by the ids of tables.
//!
//! ```
//! use contract::{
//!     Attribution, Channel, ChannelSpec, Filter, PhotoRecord, Query, QueryEmbedding, Search, SearchRequest,
//! };
//! use gallery::{Gallery, GallerySpec, GalleryWriter, NewPhoto, PhotoReference, VectorPrecision};
//! use geo::{LatLon, Place};
//!
//! # let folder = std::env::temp_dir().join(format!("gallery-example-{}", std::process::id()));
//! let channel = Channel::photo();
//! let mut writer = GalleryWriter::create(&folder, &GallerySpec {
//!     name: "example".into(),
//!     encoder_fingerprint: "encoder-1".into(),
//!     channels: vec![ChannelSpec { channel: channel.clone(), dimension: 2 }],
//!     precision: VectorPrecision::F32,
//!     sources: vec![],
//! })?;
//! let photo = |id: &str, latitude, longitude, vector: [f32; 2]| Ok::<_, geo::CoordinateError>(NewPhoto {
//!     record: PhotoRecord {
//!         id: id.into(),
//!         location: LatLon::new(latitude, longitude)?,
//!         place: Place::default(),
//!         attribution: Attribution::default(),
//!         hash: None,
//!     },
//!     vectors: QueryEmbedding { vectors: vec![(channel.clone(), vector.to_vec())] },
//!     reference: PhotoReference::None,
//!     file: None,
//! });
//! writer.add(&[photo("opera.jpg", -33.857, 151.215, [1.0, 0.0])?, photo("tower.jpg", 48.858, 2.294, [0.0, 1.0])?])?;
//! writer.finish()?;
//!
//! let gallery = Gallery::open(&folder, Some("encoder-1"))?;
//! let filter = Filter::default();
//! let embedding = QueryEmbedding { vectors: vec![(channel.clone(), vec![0.6, 0.8])] };
//! let queries = vec![Query { embedding: &embedding, filter: &filter }];
//! let found = gallery.search(&SearchRequest { channels: &[(channel, 1.0)], top: 1, queries })?;
//! let records = gallery.records(&[found[0][0].item])?;
//! assert_eq!(records[0].as_ref().map(|photo| photo.id.0.as_str()), Some("tower.jpg"));
//! # drop((writer, gallery));
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Alternatives considered
//! A graph index (HNSW). It answers in less time, but on clustered data - and photos cluster - it misses a
//! fifth of the neighbours at the usual settings, cannot push filters down, and is slow to build. Up to some
//! millions of photos a scan is fast enough; beyond that a remote engine implements the same trait.
#![forbid(unsafe_code)]

mod database;
mod derived;
mod error;
mod export;
mod file_stamps;
mod gallery;
mod info;
mod location_index;
mod lock;
mod matrix;
mod record;
mod region;
mod rows;
mod schema;
mod search;
mod source;
mod spec;
mod verify;
mod writer;

pub use derived::build::Warning;
pub use error::GalleryError;
pub use file_stamps::HeldPhoto;
pub use gallery::{Gallery, PhotoBytesError};
pub use info::GalleryInfo;
pub use location_index::{IndexedLocation, LocationIndex};
pub use matrix::{Match, MatrixError, MatrixQuery, RowMask, VectorMatrix, VectorPrecision};
pub use source::{
    FolderSource, Listing, MAX_PHOTO_BYTES, PhotoFiles, PhotoSource, Skipped, SourceError, TarSource, Walk,
    is_system_name, open_source, walk_photos,
};
pub use spec::{FileStamp, GallerySpec, NewPhoto, PhotoReference, SourceKind, SourceSpec};
pub use verify::{Problem, rebuild, verify};
pub use writer::{AddReport, GalleryWriter};
