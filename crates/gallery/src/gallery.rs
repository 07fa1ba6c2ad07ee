//! Reading a gallery.

use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use contract::{Channel, ChannelSpec, PhotoId, PhotoRecord, QueryEmbedding};
use rusqlite::OptionalExtension;

use crate::database::{Reader, open_to_read};
use crate::derived::build::{self, Derived, Warning};
use crate::error::GalleryError;
use crate::matrix::VectorMatrix;
use crate::record::StoredReference;
use crate::schema::{self, Meta, database_path};
use crate::source::{PhotoSource, SourceError, open_source};
use crate::spec::{GallerySpec, SourceSpec};
use crate::writer::check_fingerprint;

/// How often a database that no lock protects is read while somebody writes to it.
pub(crate) const TRIES: usize = 3;

/// An open gallery: a snapshot of the moment it was opened, whatever a writer does afterwards.
///
/// Searching goes through [`contract::Search`].
pub struct Gallery {
    directory: PathBuf,
    pub(crate) meta: Meta,
    pub(crate) derived: Derived,
    warnings: Vec<Warning>,
    /// Opened when first needed; `None` for sources that cannot be.
    sources: Vec<OnceLock<Option<Box<dyn PhotoSource>>>>,
}

impl Gallery {
    /// Opens a gallery for reading; `expected_fingerprint` is the encoder's whose queries will come, `None`
    /// for looking only.
    ///
    /// The database is not changed. Derived files that are missing, out of date or damaged are built again,
    /// in memory where the directory is read-only, and reported by [`Gallery::warnings`].
    ///
    /// # Errors
    /// [`GalleryError::Missing`], [`GalleryError::NotAGallery`], [`GalleryError::NewerFormat`],
    /// [`GalleryError::OtherEncoder`], [`GalleryError::Damaged`].
    pub fn open(directory: &Path, expected_fingerprint: Option<&str>) -> Result<Self, GalleryError> {
        // Without locks, a writer may change the file between two reads.
        for _ in 0..TRIES {
            let reader = open_to_read(directory)?;
            let (opened, reader) = Self::read(reader, directory, expected_fingerprint)?;
            if reader.is_consistent() {
                return Ok(opened);
            }
        }
        Err(GalleryError::Busy { directory: directory.to_path_buf() })
    }

    fn read(
        mut reader: Reader,
        directory: &Path,
        expected_fingerprint: Option<&str>,
    ) -> Result<(Self, Reader), GalleryError> {
        // One read transaction: description and photos of the same moment.
        let transaction = reader
            .connection
            .transaction()
            .map_err(|error| GalleryError::database(&database_path(directory), error))?;
        let meta = schema::read_meta(&transaction, directory)?;
        check_fingerprint(directory, &meta, expected_fingerprint)?;
        let (derived, warnings) = build::open_or_build(&transaction, &meta, directory)?;
        drop(transaction);
        let sources = meta.sources.iter().map(|_| OnceLock::new()).collect();
        Ok((Self { directory: directory.to_path_buf(), meta, derived, warnings, sources }, reader))
    }

    /// A gallery without photos and without files, for those who search nothing but coordinates.
    ///
    /// # Errors
    /// [`GalleryError::Database`], for a description that no gallery can have.
    pub fn empty(spec: &GallerySpec) -> Result<Self, GalleryError> {
        let connection = schema::in_memory(spec)?;
        let meta = schema::read_meta(&connection, Path::new(""))?;
        let derived = Derived::in_memory(&connection, &meta)?;
        Ok(Self { directory: PathBuf::new(), meta, derived, warnings: Vec::new(), sources: Vec::new() })
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.meta.name
    }

    /// A hash of its whole history: two galleries with one identity hold the same.
    pub fn identity(&self) -> &str {
        &self.meta.identity
    }

    /// The photo in a row, from 0 in the order of [`Gallery::photos`].
    pub fn record_at(&self, row: usize) -> Option<PhotoRecord> {
        self.derived.index.photo(row).map(|photo| photo.record)
    }

    /// Its channels.
    pub fn channels(&self) -> &[ChannelSpec] {
        &self.meta.channels
    }

    /// Number of photos.
    pub fn photo_count(&self) -> usize {
        self.derived.index.len()
    }

    /// What had to be rebuilt when it was opened.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What is known about a photo.
    pub fn record(&self, id: &PhotoId) -> Option<PhotoRecord> {
        let row = self.derived.index.row_of(&id.0)?;
        self.derived.index.photo(row).map(|photo| photo.record)
    }

    /// All photos, in the order in which they were added.
    pub fn photos(&self) -> impl Iterator<Item = PhotoRecord> + '_ {
        (0..self.photo_count()).filter_map(|row| self.derived.index.photo(row)).map(|photo| photo.record)
    }

    /// A photo's stored vector, `[dimension]`.
    pub fn vector(&self, id: &PhotoId, channel: &Channel) -> Option<Vec<f32>> {
        self.matrix(channel)?.row(self.derived.index.row_of(&id.0)?)
    }

    /// A photo's stored vectors in all channels; empty for a photo that is not here.
    pub fn embedding(&self, id: &PhotoId) -> QueryEmbedding {
        let row = self.derived.index.row_of(&id.0);
        row.map(|row| self.embedding_at(row)).unwrap_or_default()
    }

    pub(crate) fn embedding_at(&self, row: usize) -> QueryEmbedding {
        let channels = self.meta.channels.iter().zip(&self.derived.matrices);
        let vectors = channels.filter_map(|(spec, matrix)| Some((spec.channel.clone(), matrix.row(row)?)));
        QueryEmbedding { vectors: vectors.collect() }
    }

    /// A channel's vectors, row by row the photos of [`Gallery::photos`].
    pub fn matrix(&self, channel: &Channel) -> Option<&VectorMatrix> {
        let ordinal = self.meta.channels.iter().position(|spec| spec.channel == *channel)?;
        self.derived.matrices.get(ordinal)
    }

    /// The bytes of a photo file, as evidence. `None` if the gallery does not have them or their source is
    /// not where it should be: a gallery works without its photos.
    ///
    /// # Errors
    /// A source or database that is there, but damaged or unreadable.
    pub fn photo_bytes(&self, id: &PhotoId) -> Result<Option<Vec<u8>>, PhotoBytesError> {
        let index = &self.derived.index;
        let Some((key, photo)) =
            index.row_of(&id.0).and_then(|row| Some((index.key(row)?, index.photo(row)?)))
        else {
            return Ok(None);
        };
        match photo.reference {
            StoredReference::None => Ok(None),
            StoredReference::Inline => Ok(self.inline_bytes(key)?),
            StoredReference::InSource { source, path } => {
                let Some(source) = self.source(source as usize) else { return Ok(None) };
                match source.read(&PhotoId(path)) {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(error) if error.is_absence() => Ok(None),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// From the database: a photo that was removed since we opened is gone.
    fn inline_bytes(&self, key: i64) -> Result<Option<Vec<u8>>, GalleryError> {
        for _ in 0..TRIES {
            let reader = open_to_read(&self.directory)?;
            let bytes = reader
                .connection
                .query_row("SELECT bytes FROM photo_bytes WHERE key = ?1", [key], |row| row.get(0))
                .optional();
            if reader.is_consistent() {
                return bytes.map_err(|error| GalleryError::database(&database_path(&self.directory), error));
            }
        }
        Err(GalleryError::Busy { directory: self.directory.clone() })
    }

    fn source(&self, ordinal: usize) -> Option<&dyn PhotoSource> {
        let spec = self.meta.sources.get(ordinal)?;
        let open = || open_source(spec.kind, &resolve(&self.directory, spec)).ok();
        self.sources.get(ordinal)?.get_or_init(open).as_deref()
    }
}

impl std::fmt::Debug for Gallery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Gallery")
            .field("directory", &self.directory)
            .field("photos", &self.photo_count())
            .finish_non_exhaustive()
    }
}

/// Relative locations start from the gallery directory.
pub(crate) fn resolve(directory: &Path, source: &SourceSpec) -> PathBuf {
    let mut path = PathBuf::new();
    // Without the detour over the gallery where that is only a matter of names: `g/../photos` is `photos`.
    for part in directory.join(&source.location).components() {
        let is_plain_folder =
            matches!(path.components().next_back(), Some(Component::Normal(_))) && !path.is_symlink();
        if part == Component::ParentDir && is_plain_folder {
            path.pop();
        } else {
            path.push(part);
        }
    }
    // `g/..` where `g` is named without a folder.
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

/// Why a photo's bytes could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PhotoBytesError {
    /// From its source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// From the gallery.
    #[error(transparent)]
    Gallery(#[from] GalleryError),
}

impl contract::Diagnose for PhotoBytesError {
    fn kind(&self) -> contract::ErrorKind {
        match self {
            Self::Source(error) => error.kind(),
            Self::Gallery(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Gallery(error) => error.hint(),
        }
    }
}
