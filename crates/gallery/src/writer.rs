//! Writing a gallery.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use contract::PhotoId;
use files::{hexadecimal, remove_leftovers, rename_durably};
use geo::Region;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use crate::derived::build;
use crate::error::GalleryError;
use crate::file_stamps::{self, HeldPhoto};
use crate::lock::WriterLock;
use crate::record;
use crate::region::boxes;
use crate::rows::{self, StoredVector};
use crate::schema::{self, Meta, database_path, vector_table};
use crate::spec::{FileStamp, GallerySpec, NewPhoto, PhotoReference, SourceSpec, is_safe_relative};

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddReport {
    /// Number of photos added; they are on disk.
    pub added: usize,
    /// Ids that were there before (or twice in the batch); those photos are left as they are.
    pub already_present: Vec<PhotoId>,
}

/// The one writer of a gallery. Each call is one transaction: killed at any moment, the gallery holds the
/// batches whose calls returned (and perhaps the one under way), whole.
///
/// Readers see the changes when they next open the gallery; those already open keep what they have.
#[derive(Debug)]
pub struct GalleryWriter {
    directory: PathBuf,
    connection: Connection,
    meta: Meta,
    lock: WriterLock,
}

impl GalleryWriter {
    /// Makes a new gallery in `directory`, which is created if need be.
    ///
    /// # Errors
    /// A gallery that is there already, a specification without channels, a directory that cannot be written.
    pub fn create(directory: &Path, spec: &GallerySpec) -> Result<Self, GalleryError> {
        spec.check()?;
        fs::create_dir_all(directory).map_err(GalleryError::io("write", directory))?;
        let lock = WriterLock::acquire(directory)?;
        let path = database_path(directory);
        if path.exists() {
            return Err(GalleryError::AlreadyExists { directory: directory.to_path_buf() });
        }
        // Made under another name, so that a killed process leaves no half-made gallery. SQLite opens files by name and
        // puts a journal beside them, so the name is fixed instead of `AtomicFile`'s: the next writer, who holds the lock,
        // finds the leftovers of both by their names.
        let new = directory.join(format!(".{}.new.tmp", schema::DATABASE));
        let new_journal = directory.join(format!(".{}.new.tmp-journal", schema::DATABASE));
        for leftover in [&new, &new_journal] {
            if leftover.exists() {
                fs::remove_file(leftover).map_err(GalleryError::io("write", leftover))?;
            }
        }
        schema::create(&new, spec, lock.abilities())?;
        rename_durably(&new, &path).map_err(GalleryError::io("write", &path))?;
        Self::open_locked(directory, None, lock)
    }

    /// Opens an existing gallery for writing; `expected_fingerprint` is the encoder's whose vectors will be
    /// added.
    ///
    /// # Errors
    /// As for [`crate::Gallery::open`], and [`GalleryError::Busy`] while another writer has it open.
    pub fn open(directory: &Path, expected_fingerprint: Option<&str>) -> Result<Self, GalleryError> {
        if !directory.exists() {
            return Err(GalleryError::Missing { directory: directory.to_path_buf() });
        }
        if !database_path(directory).is_file() {
            let why = format!("it has no file {}", schema::DATABASE);
            return Err(GalleryError::NotAGallery { directory: directory.to_path_buf(), why });
        }
        let lock = WriterLock::acquire(directory)?;
        Self::open_locked(directory, expected_fingerprint, lock)
    }

    fn open_locked(directory: &Path, expected: Option<&str>, lock: WriterLock) -> Result<Self, GalleryError> {
        let (connection, meta) = schema::open_writer(directory, lock.abilities())?;
        check_fingerprint(directory, &meta, expected)?;
        remove_leftovers(directory, Duration::ZERO);
        remove_cold_journal(directory);
        Ok(Self { directory: directory.to_path_buf(), connection, meta, lock })
    }

    /// What the file system of the gallery cannot do, for the user to know.
    pub fn warning(&self) -> Option<String> {
        self.lock.warning(&self.directory)
    }

    /// Number of photos.
    pub fn len(&self) -> usize {
        self.meta.photos
    }

    /// Whether there are no photos.
    pub fn is_empty(&self) -> bool {
        self.meta.photos == 0
    }

    /// Whether a photo is there: for skipping the encoder when a build is resumed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn contains(&self, id: &PhotoId) -> Result<bool, GalleryError> {
        self.connection
            .prepare_cached("SELECT 1 FROM photos WHERE id = ?1")
            .and_then(|mut statement| statement.exists([&id.0]))
            .map_err(|error| self.failed(error))
    }

    /// What the gallery has of a photo; `None` for one that is not there.
    ///
    /// # Errors
    /// Those of the database.
    pub fn held(&self, id: &PhotoId) -> Result<Option<HeldPhoto>, GalleryError> {
        file_stamps::held(&self.connection, id).map_err(|error| self.failed(error))
    }

    /// Makes what [`GalleryWriter::made_of`] looks things up in, if a gallery of an older version does not have it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn index_files(&mut self) -> Result<(), GalleryError> {
        self.connection.execute_batch(file_stamps::INDEX).map_err(|error| self.failed(error))
    }

    /// The photo that was made of this file of a source: its id may be another spelling of the file's name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn made_of(&self, source: u32, path: &str) -> Result<Option<PhotoId>, GalleryError> {
        file_stamps::made_of(&self.connection, source, path).map_err(|error| self.failed(error))
    }

    /// Notes that photos are still those of the gallery although their files look another way: copied, or with another
    /// sidecar. Nothing that a search sees changes.
    ///
    /// # Errors
    /// Those of the database.
    pub fn restamp(&mut self, stamps: &[(PhotoId, FileStamp)]) -> Result<(), GalleryError> {
        if stamps.is_empty() {
            return Ok(());
        }
        let path = database_path(&self.directory);
        let failed = |error| GalleryError::database(&path, error);
        let transaction = self.connection.transaction().map_err(failed)?;
        for (id, stamp) in stamps {
            file_stamps::restamp(&transaction, id, stamp).map_err(failed)?;
        }
        transaction.commit().map_err(failed)
    }

    /// Adds a place where photos are, unless it is known, and returns its number.
    ///
    /// # Errors
    /// Those of the database.
    pub fn add_source(&mut self, source: &SourceSpec) -> Result<u32, GalleryError> {
        let ordinal = schema::add_source(&self.connection, source).map_err(|error| self.failed(error))?;
        if ordinal as usize == self.meta.sources.len() {
            self.meta.sources.push(source.clone());
        }
        Ok(ordinal)
    }

    /// Adds photos in one transaction; when it returns they are on disk. Photos whose ids are there already
    /// are left alone and reported, so that a killed build can be run again.
    ///
    /// # Errors
    /// A photo or vector that cannot be stored, by name: then none of the batch is added.
    pub fn add(&mut self, photos: &[NewPhoto]) -> Result<AddReport, GalleryError> {
        self.replace(&[], photos)
    }

    /// As [`GalleryWriter::add`], and removes photos in the same transaction before: those that are replaced.
    ///
    /// # Errors
    /// As [`GalleryWriter::add`]: then none is removed either.
    pub fn replace(&mut self, old: &[PhotoId], photos: &[NewPhoto]) -> Result<AddReport, GalleryError> {
        for photo in photos {
            self.check(photo)?;
        }
        self.lock.refresh();
        let path = database_path(&self.directory);
        let failed = |error| GalleryError::database(&path, error);
        let mut report = AddReport::default();
        let mut history = History::after(&self.meta.identity, "add");
        let transaction = self.connection.transaction().map_err(failed)?;
        if photos.iter().any(|photo| photo.file.is_some()) {
            transaction.execute_batch(file_stamps::TABLE).map_err(failed)?;
        }
        let mut removed = 0;
        for id in old {
            if delete(&transaction, self.meta.channels.len(), id).map_err(failed)? {
                history.update(id.0.as_bytes());
                removed += 1;
            }
        }
        for photo in photos {
            if insert(&transaction, &self.meta, photo, &mut history).map_err(failed)? {
                report.added += 1;
            } else {
                report.already_present.push(photo.record.id.clone());
            }
        }
        if report.added == 0 && removed == 0 {
            // Rolled back: adding nothing changes no byte.
            return Ok(report);
        }
        let (generation, identity) = (self.meta.generation + 1, history.finish());
        commit(transaction, generation, &identity).map_err(failed)?;
        self.meta.generation = generation;
        self.meta.identity = identity;
        self.meta.photos = self.meta.photos + report.added - removed;
        Ok(report)
    }

    /// Removes photos in one transaction and returns how many were there.
    ///
    /// # Errors
    /// Those of the database.
    pub fn remove(&mut self, ids: &[PhotoId]) -> Result<usize, GalleryError> {
        let path = database_path(&self.directory);
        let failed = |error| GalleryError::database(&path, error);
        let mut history = History::after(&self.meta.identity, "remove");
        let mut removed = 0;
        let transaction = self.connection.transaction().map_err(failed)?;
        for id in ids {
            if delete(&transaction, self.meta.channels.len(), id).map_err(failed)? {
                history.update(id.0.as_bytes());
                removed += 1;
            }
        }
        if removed == 0 {
            return Ok(0);
        }
        let (generation, identity) = (self.meta.generation + 1, history.finish());
        commit(transaction, generation, &identity).map_err(failed)?;
        self.meta.generation = generation;
        self.meta.identity = identity;
        self.meta.photos -= removed;
        Ok(removed)
    }

    /// The photos in a region, by the R*Tree; for removing or listing them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ids_in(&self, region: &Region) -> Result<Vec<PhotoId>, GalleryError> {
        ids_in(&self.connection, region).map_err(|error| self.failed(error))
    }

    /// Rebuilds the derived files if they are out of date. Call it when all is added; a gallery without it
    /// is complete, but its next reader has to do this.
    ///
    /// # Errors
    /// A disk that is full, mostly.
    pub fn finish(&mut self) -> Result<(), GalleryError> {
        build::write_stale(&self.connection, &self.meta, &self.directory)
    }

    fn check(&self, photo: &NewPhoto) -> Result<(), GalleryError> {
        let id = &photo.record.id;
        let wrong = |why: String| Err(GalleryError::InvalidPhoto { photo: id.clone(), why });
        if id.0.is_empty() {
            return wrong("its id is empty".into());
        }
        if let PhotoReference::InSource { source, path } = &photo.reference {
            if *source as usize >= self.meta.sources.len() {
                return wrong(format!("it refers to source {source} of {}", self.meta.sources.len()));
            }
            if !is_safe_relative(path) {
                return wrong(format!("its path `{path}` leaves the source"));
            }
        }
        for spec in &self.meta.channels {
            let invalid =
                |why| GalleryError::InvalidVector { photo: id.clone(), channel: spec.channel.clone(), why };
            let vector =
                photo.vectors.get(&spec.channel).ok_or_else(|| invalid("it has no vector".into()))?;
            rows::check_new_vector(vector, spec.dimension).map_err(invalid)?;
        }
        Ok(())
    }

    fn failed(&self, error: rusqlite::Error) -> GalleryError {
        GalleryError::database(&database_path(&self.directory), error)
    }
}

/// Removes the journal of a writer that was killed before it touched the database. Such a journal is empty or still
/// without its magic number (its first byte is 0), and SQLite ignores it; one with something to roll back was rolled
/// back and removed when the connection first read.
fn remove_cold_journal(directory: &Path) {
    let journal = directory.join(format!("{}-journal", schema::DATABASE));
    let mut first = [0];
    let cold = fs::File::open(&journal).is_ok_and(|mut file| match file.read(&mut first) {
        Ok(count) => count == 0 || first == [0],
        Err(_) => false,
    });
    if cold {
        // It does no harm where it cannot be removed.
        let _ = fs::remove_file(&journal);
    }
}

/// Refuses vectors of another encoder.
pub(crate) fn check_fingerprint(
    directory: &Path,
    meta: &Meta,
    expected: Option<&str>,
) -> Result<(), GalleryError> {
    match expected {
        Some(expected) if expected != meta.encoder_fingerprint => Err(GalleryError::OtherEncoder {
            directory: directory.to_path_buf(),
            stored: meta.encoder_fingerprint.clone(),
            expected: expected.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Whether the photo was new.
fn insert(
    transaction: &Transaction<'_>,
    meta: &Meta,
    photo: &NewPhoto,
    history: &mut History,
) -> rusqlite::Result<bool> {
    let Some(key) = rows::insert_photo(transaction, photo)? else { return Ok(false) };
    let mut bytes = Vec::new();
    record::encode(&photo.record, &(&photo.reference).into(), &mut bytes);
    history.update(&bytes);
    history.update(&photo.record.location.latitude().to_le_bytes());
    history.update(&photo.record.location.longitude().to_le_bytes());
    if let Some(stamp) = &photo.file {
        file_stamps::insert(transaction, key, stamp)?;
    }
    for (ordinal, spec) in meta.channels.iter().enumerate() {
        let Some(vector) = photo.vectors.get(&spec.channel) else { continue };
        let stored = StoredVector::new(vector, meta.precision);
        history.update(&stored.bytes);
        transaction
            .prepare_cached(&format!("INSERT INTO {} VALUES (?1, ?2, ?3)", vector_table(ordinal)))?
            .execute(params![key, stored.scale.map(f64::from), stored.bytes])?;
    }
    Ok(true)
}

/// Whether the photo was there.
fn delete(transaction: &Transaction<'_>, channels: usize, id: &PhotoId) -> rusqlite::Result<bool> {
    let key: Option<i64> = transaction
        .prepare_cached("SELECT key FROM photos WHERE id = ?1")?
        .query_row([&id.0], |row| row.get(0))
        .optional()?;
    let Some(key) = key else { return Ok(false) };
    file_stamps::delete(transaction, key)?;
    for table in
        (0..channels).map(vector_table).chain(["photo_bytes", "photo_locations", "photos"].map(String::from))
    {
        transaction.prepare_cached(&format!("DELETE FROM {table} WHERE key = ?1"))?.execute([key])?;
    }
    Ok(true)
}

fn commit(transaction: Transaction<'_>, generation: u64, identity: &str) -> rusqlite::Result<()> {
    schema::set_meta(&transaction, "generation", &generation.to_string())?;
    schema::set_meta(&transaction, "identity", identity)?;
    transaction.commit()
}

fn ids_in(connection: &Connection, region: &Region) -> rusqlite::Result<Vec<PhotoId>> {
    let within =
        "SELECT key FROM photo_locations WHERE north >= ?1 AND south <= ?2 AND east >= ?3 AND west <= ?4";
    let mut found = Vec::new();
    for [south, north, west, east] in boxes(region) {
        let sql = format!("SELECT {} FROM photos WHERE key IN ({within}) ORDER BY key", rows::PHOTO_COLUMNS);
        let mut statement = connection.prepare_cached(&sql)?;
        let photos = statement.query_map([south, north, west, east], rows::read_photo)?;
        for photo in photos {
            let (key, photo) = photo?;
            if region.contains(photo.record.location, &photo.record.place) {
                found.push((key, photo.record.id));
            }
        }
    }
    found.sort_by_key(|(key, _)| *key);
    found.dedup_by_key(|(key, _)| *key);
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// A hash over everything that was ever done to a gallery, one link a transaction.
struct History(Sha256);

impl History {
    fn after(identity: &str, action: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(identity);
        hasher.update(action);
        Self(hasher)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> String {
        hexadecimal(&self.0.finalize()[..16])
    }
}
