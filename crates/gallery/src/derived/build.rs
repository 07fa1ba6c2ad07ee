//! Deriving files from the database, and opening them.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::container::{Container, Discard, Kind, SectionEntry, damaged};
use super::photo_index::{self, BuildError, PhotoIndex};
use crate::error::GalleryError;
use crate::lock::WriterLock;
use crate::matrix::{MatrixPlan, MatrixWriter, VectorMatrix, VectorPrecision};
use crate::rows::StoredVector;
use crate::schema::{Meta, database_path, vector_table};
use files::write_atomic_with;

/// File name of the index of photos.
pub(crate) const PHOTO_INDEX: &str = "photos.index";

/// File name of a channel's matrix.
pub(crate) fn matrix_name(meta: &Meta, ordinal: usize) -> String {
    let name = meta.channels.get(ordinal).map_or("", |spec| spec.channel.as_str());
    format!("{name}.matrix")
}

/// A derived file that had to be built again when a gallery was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file.
    pub file: PathBuf,
    /// What was wrong with it.
    pub why: String,
    /// Whether it was replaced; otherwise it was rebuilt in memory, and will be at every opening.
    pub replaced: bool,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = if self.replaced { "rebuilt" } else { "rebuilt in memory" };
        write!(formatter, "`{}` was {done}: {}", self.file.display(), self.why)
    }
}

/// Everything a search reads.
#[derive(Debug)]
pub(crate) struct Derived {
    pub(crate) index: PhotoIndex,
    /// In the order of channels; row by row the photos of the index.
    pub(crate) matrices: Vec<VectorMatrix>,
}

impl Derived {
    /// Derives everything without a file.
    pub(crate) fn in_memory(connection: &Connection, meta: &Meta) -> Result<Self, GalleryError> {
        let nowhere = Path::new("");
        let parts = Part::all(meta).map(|part| part.build_in_memory(connection, meta, nowhere));
        Self::of(parts.collect::<Result<_, _>>()?, nowhere)
    }

    fn of(parts: Vec<Opened>, directory: &Path) -> Result<Self, GalleryError> {
        let mut index = None;
        let mut matrices = Vec::new();
        for part in parts {
            match part {
                Opened::Index(opened) => index = Some(opened),
                Opened::Matrix(opened) => matrices.push(opened),
            }
        }
        let index = index.ok_or_else(|| GalleryError::Damaged {
            path: directory.join(PHOTO_INDEX),
            why: "it could not be built".to_owned(),
        })?;
        Ok(Self { index, matrices })
    }
}

/// One of the files to derive.
#[derive(Clone, Copy, Debug)]
enum Part {
    Index,
    Matrix(usize),
}

impl Part {
    fn all(meta: &Meta) -> impl Iterator<Item = Self> {
        std::iter::once(Self::Index).chain((0..meta.channels.len()).map(Self::Matrix))
    }

    fn path(self, meta: &Meta, directory: &Path) -> PathBuf {
        match self {
            Self::Index => directory.join(PHOTO_INDEX),
            Self::Matrix(ordinal) => directory.join(matrix_name(meta, ordinal)),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Index => Kind::PhotoIndex,
            Self::Matrix(_) => Kind::Matrix,
        }
    }

    fn write<W: Write + Seek>(
        self,
        connection: &Connection,
        meta: &Meta,
        out: W,
    ) -> Result<(W, Vec<SectionEntry>), BuildError> {
        match self {
            Self::Index => photo_index::write(connection, meta, out),
            Self::Matrix(ordinal) => write_matrix(connection, meta, ordinal, out),
        }
    }

    fn write_file(self, connection: &Connection, meta: &Meta, directory: &Path) -> Result<(), GalleryError> {
        let path = self.path(meta, directory);
        let mut database_error = None;
        let written = write_atomic_with(&path, |file: &mut File| {
            let written = self.write(connection, meta, BufWriter::new(file));
            written.map(|_| ()).map_err(|error| match error {
                BuildError::Io(error) => error,
                BuildError::Database(error) => {
                    database_error = Some(error);
                    io::Error::other("database")
                }
            })
        });
        match (written, database_error) {
            (_, Some(error)) => Err(GalleryError::database(&database_path(directory), error)),
            (Err(error), None) => Err(building(error, &path, directory)),
            (Ok(()), None) => Ok(()),
        }
    }

    fn build_in_memory(
        self,
        connection: &Connection,
        meta: &Meta,
        directory: &Path,
    ) -> Result<Opened, GalleryError> {
        let path = self.path(meta, directory);
        let (bytes, _) =
            self.write(connection, meta, Cursor::new(Vec::new())).map_err(|error| match error {
                BuildError::Io(error) => building(error, &path, directory),
                BuildError::Database(error) => GalleryError::database(&database_path(directory), error),
            })?;
        Container::from_bytes(&bytes.into_inner(), self.kind())
            .and_then(|container| self.check(container, meta))
            .map_err(GalleryError::io("read", &path))
    }

    fn open(self, meta: &Meta, directory: &Path) -> io::Result<Opened> {
        self.check(Container::open(&self.path(meta, directory), self.kind())?, meta)
    }

    /// Whether a sound file belongs to this state of the database.
    fn check(self, container: Container, meta: &Meta) -> io::Result<Opened> {
        let opened = match self {
            Self::Index => Opened::Index(PhotoIndex::from_container(container)?),
            Self::Matrix(_) => Opened::Matrix(VectorMatrix::from_container(container)?),
        };
        let (generation, identity, rows) = match &opened {
            Opened::Index(index) => (index.container().header().generation, index.identity(), index.len()),
            Opened::Matrix(matrix) => (matrix.generation(), matrix.identity(), matrix.len()),
        };
        if generation != meta.generation {
            let text = format!("it is of generation {generation}, the gallery of {}", meta.generation);
            return Err(damaged(text));
        }
        if identity != meta.identity {
            return Err(damaged("it was made from another gallery"));
        }
        let fits = match (self, &opened) {
            (Self::Matrix(ordinal), Opened::Matrix(matrix)) => {
                let dimension = meta.channels.get(ordinal).map(|spec| spec.dimension);
                let precision_fits = matrix.is_empty() || matrix.precision() == meta.precision;
                dimension == Some(matrix.dimension()) && precision_fits
            }
            _ => true,
        };
        if rows != meta.photos || !fits {
            return Err(damaged("it does not fit the gallery"));
        }
        Ok(opened)
    }
}

enum Opened {
    Index(PhotoIndex),
    Matrix(VectorMatrix),
}

/// Content that cannot be derived from is the database's fault, anything else the disk's.
fn building(error: io::Error, path: &Path, directory: &Path) -> GalleryError {
    if error.kind() == io::ErrorKind::InvalidData {
        GalleryError::Damaged { path: database_path(directory), why: error.to_string() }
    } else {
        GalleryError::io("write", path)(error)
    }
}

fn write_matrix<W: Write + Seek>(
    connection: &Connection,
    meta: &Meta,
    ordinal: usize,
    out: W,
) -> Result<(W, Vec<SectionEntry>), BuildError> {
    let spec = meta.channels.get(ordinal).ok_or_else(|| damaged("the channel does not exist"))?;
    let plan = MatrixPlan {
        kind: Kind::Matrix,
        generation: meta.generation,
        identity: meta.identity.clone(),
        rows: meta.photos,
        dimension: spec.dimension,
        precision: meta.precision,
    };
    let mut writer = MatrixWriter::new(out, &plan, &[])?;
    let table = vector_table(ordinal);
    let mut statement = connection.prepare(&format!(
        "SELECT photos.key, id, scale, vector FROM photos LEFT JOIN {table} USING (key) ORDER BY photos.key"
    ))?;
    let mut vectors = statement.query([])?;
    while let Some(row) = vectors.next()? {
        let wrong = |why: &str| {
            let id: String = row.get(1).unwrap_or_default();
            damaged(format!("photo `{id}`, channel `{}`: {why}", spec.channel))
        };
        let bytes = row.get::<_, Option<Vec<u8>>>(3)?.ok_or_else(|| wrong("there is no vector"))?;
        let scale = row.get::<_, Option<f64>>(2)?.map(|scale| scale as f32);
        let stored = StoredVector { scale, bytes };
        if let Some(why) = stored.problem(spec.dimension, meta.precision) {
            return Err(wrong(&why).into());
        }
        match (meta.precision, stored.scale) {
            (VectorPrecision::Int8, Some(scale)) => writer.push_codes(stored.codes(), scale)?,
            _ => writer.push(&stored.to_f32())?,
        }
    }
    Ok(writer.finish()?)
}

/// Writes the files that are missing, stale or damaged. The caller holds the writer's lock.
pub(crate) fn write_stale(
    connection: &Connection,
    meta: &Meta,
    directory: &Path,
) -> Result<(), GalleryError> {
    for part in Part::all(meta) {
        if part.open(meta, directory).is_err() {
            part.write_file(connection, meta, directory)?;
        }
    }
    Ok(())
}

/// Writes all files again. The caller holds the writer's lock.
pub(crate) fn write_all(connection: &Connection, meta: &Meta, directory: &Path) -> Result<(), GalleryError> {
    Part::all(meta).try_for_each(|part| part.write_file(connection, meta, directory))
}

/// Opens the derived files, building those that are not as they should be: on disk if nobody is writing and
/// the directory allows it, else in memory.
pub(crate) fn open_or_build(
    connection: &Connection,
    meta: &Meta,
    directory: &Path,
) -> Result<(Derived, Vec<Warning>), GalleryError> {
    let mut parts = Vec::new();
    let mut warnings = Vec::new();
    let mut lock = None;
    for part in Part::all(meta) {
        parts.push(match part.open(meta, directory) {
            Ok(opened) => opened,
            Err(error) => {
                let lock = lock.get_or_insert_with(|| WriterLock::acquire(directory));
                let on_disk = lock.is_ok().then(|| {
                    part.write_file(connection, meta, directory).ok()?;
                    part.open(meta, directory).ok()
                });
                let file = part.path(meta, directory);
                let why = match error.kind() {
                    io::ErrorKind::NotFound => "it was missing".to_owned(),
                    _ => error.to_string(),
                };
                let (opened, replaced) = match on_disk.flatten() {
                    Some(opened) => (opened, true),
                    None => (part.build_in_memory(connection, meta, directory)?, false),
                };
                warnings.push(Warning { file, why, replaced });
                opened
            }
        });
    }
    Ok((Derived::of(parts, directory)?, warnings))
}

/// What is wrong with a derived file: `(file, why)`. Compares in full with what the database would give.
pub(crate) fn problems(
    connection: &Connection,
    meta: &Meta,
    directory: &Path,
) -> Vec<(PathBuf, DerivedProblem)> {
    let mut found = Vec::new();
    for part in Part::all(meta) {
        let problem = match part.open(meta, directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(DerivedProblem::Missing),
            Err(error) => Some(DerivedProblem::Unusable(error.to_string())),
            Ok(opened) => {
                let container = match &opened {
                    Opened::Index(index) => index.container(),
                    Opened::Matrix(matrix) => matrix.container(),
                };
                match (container.check_content(), part.write(connection, meta, Discard::default())) {
                    (Err(why), _) => Some(DerivedProblem::Unusable(why)),
                    (Ok(()), Ok((_, table))) if table == container.table() => None,
                    (Ok(()), Ok(_)) => Some(DerivedProblem::Differs),
                    (Ok(()), Err(error)) => Some(DerivedProblem::NotDerivable(error.to_string())),
                }
            }
        };
        found.extend(problem.map(|problem| (part.path(meta, directory), problem)));
    }
    found
}

/// See [`problems`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DerivedProblem {
    Missing,
    Unusable(String),
    Differs,
    NotDerivable(String),
}
