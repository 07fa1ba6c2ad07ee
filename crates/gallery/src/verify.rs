//! Looking for damage.

use std::fmt;
use std::path::{Path, PathBuf};

use contract::{Channel, PhotoId};
use rusqlite::Connection;

use crate::database::{existing_database, open_to_read};
use crate::derived::build::{self, DerivedProblem};
use crate::error::GalleryError;
use crate::file_stamps;
use crate::gallery::{TRIES, resolve};
use crate::lock::WriterLock;
use crate::record::StoredReference;
use crate::rows::{PHOTO_COLUMNS, StoredVector, read_photo};
use crate::schema::{self, Meta, database_path, vector_table};
use crate::source::{PhotoSource, open_source};

/// Most findings of one kind that are listed.
const LISTED: usize = 20;

/// Something wrong with a gallery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It cannot be opened at all.
    CannotOpen(String),
    /// The database's own check found something.
    DatabaseDamaged(String),
    /// A photo without an entry in the table of locations, or the other way round.
    LocationTableDiffers {
        /// How many.
        photos: usize,
    },
    /// A photo's vector is missing, or not what it should be.
    BadVector {
        /// The photo.
        photo: PhotoId,
        /// The channel.
        channel: Channel,
        /// What is wrong.
        why: String,
    },
    /// A photo's row makes no sense.
    BadPhoto(String),
    /// A derived file is not there; it will be rebuilt.
    DerivedFileMissing {
        /// The file.
        file: PathBuf,
    },
    /// A derived file is out of date or damaged; it will be rebuilt.
    DerivedFileUnusable {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A derived file is sound, but says something else than the database: the database has been damaged or
    /// changed by other means.
    DerivedFileDiffers {
        /// The file.
        file: PathBuf,
    },
    /// The photos' folder or tar file is not there: evidence cannot be shown.
    SourceMissing {
        /// Where it should be.
        source: PathBuf,
    },
    /// Photos are not in their source.
    PhotosMissing {
        /// The source.
        source: PathBuf,
        /// How many.
        count: usize,
        /// One of them.
        example: PhotoId,
    },
    /// Photos whose files are equal to the byte have places far apart: some of the places must be wrong.
    CopiesApart {
        /// How many are far from the first of their kind.
        count: usize,
        /// One of them, and the first of its kind.
        example: [PhotoId; 2],
    },
}

impl Problem {
    /// Whether searches still give right answers (derived files are rebuilt, photos are only evidence).
    pub const fn is_harmless(&self) -> bool {
        matches!(
            self,
            Self::DerivedFileMissing { .. }
                | Self::DerivedFileUnusable { .. }
                | Self::SourceMissing { .. }
                | Self::PhotosMissing { .. }
                | Self::CopiesApart { .. }
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CannotOpen(why) => write!(formatter, "cannot be opened: {why}"),
            Self::DatabaseDamaged(why) => write!(formatter, "the database is damaged: {why}"),
            Self::LocationTableDiffers { photos } => {
                write!(formatter, "{photos} photos differ from the table of locations")
            }
            Self::BadVector { photo, channel, why } => {
                write!(formatter, "photo `{photo}`, channel `{channel}`: {why}")
            }
            Self::BadPhoto(why) => write!(formatter, "a photo's row cannot be read: {why}"),
            Self::DerivedFileMissing { file } => {
                write!(formatter, "`{}` is missing (it can be rebuilt)", file.display())
            }
            Self::DerivedFileUnusable { file, why } => {
                write!(formatter, "`{}`: {why} (it can be rebuilt)", file.display())
            }
            Self::DerivedFileDiffers { file } => {
                write!(formatter, "`{}` and the database contradict each other", file.display())
            }
            Self::SourceMissing { source } => {
                write!(formatter, "photos cannot be shown: `{}` cannot be opened", source.display())
            }
            Self::PhotosMissing { source, count, example } => {
                let photos = if *count == 1 { "photo is" } else { "photos are" };
                write!(formatter, "{count} {photos} not in `{}`, for example `{example}`", source.display())
            }
            Self::CopiesApart { count, example: [one, first] } => {
                let photos = if *count == 1 { "photo is a copy" } else { "photos are copies" };
                write!(
                    formatter,
                    "{count} {photos} of an earlier one, at another place: `{one}` of `{first}`"
                )
            }
        }
    }
}

/// Checks everything: the database, every vector, derived files byte by byte against what the database gives,
/// and that photos are where they should be. Empty if all is well. Nothing is changed.
///
/// Where no lock keeps a writer away meanwhile, what was read may not belong together: then it is checked again.
pub fn verify(directory: &Path) -> Vec<Problem> {
    for _ in 0..TRIES {
        let opened = open_to_read(directory)
            .and_then(|reader| Ok((schema::read_meta(&reader.connection, directory)?, reader)));
        let (meta, mut reader) = match opened {
            Ok(opened) => opened,
            Err(error) => return vec![Problem::CannotOpen(error.to_string())],
        };
        let problems = problems_of(&mut reader.connection, &meta, directory);
        if reader.is_consistent() {
            return problems;
        }
    }
    vec![Problem::CannotOpen(GalleryError::Busy { directory: directory.to_path_buf() }.to_string())]
}

fn problems_of(connection: &mut Connection, meta: &Meta, directory: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    let checked = connection.transaction().and_then(|transaction| {
        check_database(&transaction, meta, &mut problems)?;
        check_sources(&transaction, meta, directory, &mut problems)?;
        problems.extend(
            file_stamps::copies_apart(&transaction)?
                .map(|(count, example)| Problem::CopiesApart { count, example }),
        );
        problems.extend(check_derived(&transaction, meta, directory));
        Ok(())
    });
    if let Err(error) = checked {
        problems.push(Problem::DatabaseDamaged(error.to_string()));
    }
    problems
}

/// Builds all derived files again.
///
/// # Errors
/// As for [`crate::GalleryWriter::open`]; a full disk.
pub fn rebuild(directory: &Path) -> Result<(), GalleryError> {
    // Not `GalleryWriter`: that one would not touch files that look sound.
    existing_database(directory)?;
    let lock = WriterLock::acquire(directory)?;
    // Rolls back what a killed writer left.
    let (connection, meta) = schema::open_writer(directory, lock.abilities())?;
    build::write_all(&connection, &meta, directory)
}

fn check_database(connection: &Connection, meta: &Meta, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA quick_check(20)")?;
    for line in statement.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            problems.push(Problem::DatabaseDamaged(line));
        }
    }
    let mut statement = connection.prepare(&format!("SELECT {PHOTO_COLUMNS} FROM photos"))?;
    for photo in statement.query_map([], read_photo)?.filter_map(Result::err).take(LISTED) {
        problems.push(Problem::BadPhoto(photo.to_string()));
    }
    // The R*Tree stores f32 boxes around the f64 points.
    let apart: i64 = connection.query_row(
        "SELECT (SELECT count(*) FROM photos LEFT JOIN photo_locations USING (key)
                 WHERE NOT coalesce(latitude BETWEEN south AND north AND longitude BETWEEN west AND east, 0))
              + (SELECT count(*) FROM photo_locations WHERE key NOT IN (SELECT key FROM photos))",
        [],
        |row| row.get(0),
    )?;
    if apart > 0 {
        problems.push(Problem::LocationTableDiffers { photos: apart as usize });
    }
    for (ordinal, spec) in meta.channels.iter().enumerate() {
        let sql = format!(
            "SELECT id, scale, vector FROM photos LEFT JOIN {} USING (key) ORDER BY photos.key",
            vector_table(ordinal)
        );
        let mut statement = connection.prepare(&sql)?;
        let mut vectors = statement.query([])?;
        let mut listed = 0;
        while let (Some(row), true) = (vectors.next()?, listed < LISTED) {
            let scale = row.get::<_, Option<f64>>(1)?.map(|scale| scale as f32);
            let why = match row.get::<_, Option<Vec<u8>>>(2)? {
                None => Some("there is no vector".to_owned()),
                Some(bytes) => StoredVector { scale, bytes }.problem(spec.dimension, meta.precision),
            };
            if let Some(why) = why {
                listed += 1;
                let photo = PhotoId(row.get(0)?);
                problems.push(Problem::BadVector { photo, channel: spec.channel.clone(), why });
            }
        }
    }
    Ok(())
}

fn check_sources(
    connection: &Connection,
    meta: &Meta,
    directory: &Path,
    problems: &mut Vec<Problem>,
) -> rusqlite::Result<()> {
    for (ordinal, spec) in meta.sources.iter().enumerate() {
        let source = resolve(directory, spec);
        let ids = open_source(spec.kind, &source).and_then(|source: Box<dyn PhotoSource>| source.ids());
        let Ok(ids) = ids else {
            problems.push(Problem::SourceMissing { source });
            continue;
        };
        let mut missing = Vec::new();
        let sql = format!("SELECT {PHOTO_COLUMNS} FROM photos WHERE source = ?1 ORDER BY key");
        let mut statement = connection.prepare(&sql)?;
        for (_, photo) in statement.query_map([ordinal as i64], read_photo)?.flatten() {
            let StoredReference::InSource { path, .. } = photo.reference else { continue };
            if ids.binary_search(&PhotoId(path)).is_err() {
                missing.push(photo.record.id);
            }
        }
        let count = missing.len();
        problems.extend(missing.into_iter().next().map(|example| Problem::PhotosMissing {
            source,
            count,
            example,
        }));
    }
    Ok(())
}

fn check_derived(connection: &Connection, meta: &Meta, directory: &Path) -> Vec<Problem> {
    build::problems(connection, meta, directory)
        .into_iter()
        .map(|(file, problem)| match problem {
            DerivedProblem::Missing => Problem::DerivedFileMissing { file },
            DerivedProblem::Unusable(why) => Problem::DerivedFileUnusable { file, why },
            DerivedProblem::Differs => Problem::DerivedFileDiffers { file },
            DerivedProblem::NotDerivable(why) => {
                let path = database_path(directory);
                Problem::DatabaseDamaged(format!("`{}` cannot be read in full: {why}", path.display()))
            }
        })
        .collect()
}
