//! Opening the database file, also where the file system has no locks.
//!
//! SQLite locks the file for every transaction, reading ones too. Where that is impossible it says "busy" or fails. A
//! writer then works without SQLite's locks (the user is warned once); a reader takes the file as it is, and looks
//! afterwards whether it stayed so.

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::GalleryError;
use crate::lock::Abilities;
use crate::schema::{DATABASE, database_path};

/// How long a reader waits for a commit to finish, and a commit for readers.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// SQLite's own layer for files without locks.
const WITHOUT_LOCKS: &str = "unix-none";

/// An open database that is only read.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    /// The state of the file when it was opened, if no lock keeps it so.
    unlocked: Option<(PathBuf, FileState)>,
}

/// Length, time of change, and SQLite's own counter of changes: times may be counted in seconds.
type FileState = (u64, Option<SystemTime>, [u8; 4]);

impl Reader {
    /// Whether all that was read belongs together: always, where locks are held.
    pub(crate) fn is_consistent(&self) -> bool {
        self.unlocked
            .as_ref()
            .is_none_or(|(path, state)| state_of(path).as_ref() == Some(state) && !has_journal(path))
    }
}

/// Opens for writing, or makes the file.
pub(crate) fn open_to_write(path: &Path, abilities: Abilities, create: bool) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = if abilities.record_locks || !cfg!(unix) {
        Connection::open_with_flags(path, flags)
    } else {
        Connection::open_with_flags_and_vfs(path, flags, WITHOUT_LOCKS)
    }?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // A rollback journal, not a write-ahead log: a finished gallery is one file, which opens on read-only media.
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    connection.pragma_update(None, "synchronous", if abilities.syncing { "FULL" } else { "OFF" })?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    Ok(connection)
}

/// Opens for reading, without changing a byte. Only if a killed writer left its journal is the file opened for writing
/// first, to roll back.
pub(crate) fn open_to_read(directory: &Path) -> Result<Reader, GalleryError> {
    let path = existing_database(directory)?;
    let failed = |error| GalleryError::database(&path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if !has_journal(&path) {
        let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
        match touch(&connection, Duration::ZERO) {
            Ok(()) => {
                connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
                return Ok(Reader { connection, unlocked: None });
            }
            // Without a journal no writer is in the middle of a change.
            Err(error) if is_about_locks(&error) && !has_journal(&path) => return open_unlocked(path),
            Err(error) if is_about_locks(&error) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    // A writer commits, or was killed.
    let writable = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, writable).map_err(failed)?;
    if let Err(error) = touch(&connection, BUSY_TIMEOUT) {
        let left = is_about_locks(&error) && has_journal(&path);
        return Err(if left {
            GalleryError::Unfinished { directory: directory.into() }
        } else {
            failed(error)
        });
    }
    drop(connection);
    let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    Ok(Reader { connection, unlocked: None })
}

/// Takes the file as it is.
fn open_unlocked(path: PathBuf) -> Result<Reader, GalleryError> {
    let failed = |error| GalleryError::database(&path, error);
    let Some(state) = state_of(&path) else {
        return Err(GalleryError::Missing { directory: path.parent().unwrap_or(&path).to_path_buf() });
    };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let absolute = std::path::absolute(&path).map_err(GalleryError::io("read", &path))?;
    let connection = Connection::open_with_flags(immutable_address(&absolute), flags).map_err(failed)?;
    touch(&connection, Duration::ZERO).map_err(failed)?;
    Ok(Reader { connection, unlocked: Some((path, state)) })
}

/// `file:` address of a file that SQLite reads without locking it.
fn immutable_address(path: &Path) -> String {
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(byte) {
            address.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address + "?immutable=1"
}

/// Reads a page, which takes the lock.
fn touch(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(patience)?;
    connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0)).map(|_| ())
}

/// "Busy", or a failure of the calls that lock.
fn is_about_locks(error: &rusqlite::Error) -> bool {
    /// `SQLITE_IOERR_UNLOCK`, `_RDLOCK`, `_CHECKRESERVEDLOCK`, `_LOCK`.
    const FAILED_TO_LOCK: [i32; 4] = [2058, 2314, 3594, 3850];
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::PermissionDenied) => true,
        Some(ErrorCode::SystemIoFailure) => {
            error.sqlite_error().is_some_and(|error| FAILED_TO_LOCK.contains(&error.extended_code))
        }
        _ => false,
    }
}

fn has_journal(path: &Path) -> bool {
    let journal = path.with_file_name(format!("{DATABASE}-journal"));
    fs::metadata(journal).is_ok_and(|metadata| metadata.len() > 0)
}

fn state_of(path: &Path) -> Option<FileState> {
    let (mut head, mut counter) = ([0; 24], [0; 4]);
    let mut file = fs::File::open(path).ok()?;
    file.read_exact(&mut head).and_then(|()| file.read_exact(&mut counter)).ok()?;
    let metadata = file.metadata().ok()?;
    Some((metadata.len(), metadata.modified().ok(), counter))
}

/// The database file of a gallery.
///
/// # Errors
/// [`GalleryError::Missing`], [`GalleryError::NotAGallery`].
pub(crate) fn existing_database(directory: &Path) -> Result<PathBuf, GalleryError> {
    if !directory.exists() {
        return Err(GalleryError::Missing { directory: directory.to_path_buf() });
    }
    let path = database_path(directory);
    if path.is_file() {
        Ok(path)
    } else {
        let why = format!("it has no file {DATABASE}");
        Err(GalleryError::NotAGallery { directory: directory.to_path_buf(), why })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_without_locks_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("a b#c%20?\u{e9}");
        fs::create_dir(&directory).unwrap();
        let path = database_path(&directory);
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (7)")
            .unwrap();
        let reader = open_unlocked(path.clone()).unwrap();
        let value: i64 = reader.connection.query_row("SELECT x FROM t", [], |row| row.get(0)).unwrap();
        assert!(value == 7 && reader.is_consistent());
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE u (x)").unwrap();
        assert!(!reader.is_consistent(), "the file was changed meanwhile");
    }

    #[test]
    fn a_commit_in_progress_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = database_path(folder.path());
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE; INSERT INTO t VALUES (7)").unwrap();
        let committing = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            writer.execute_batch("COMMIT").unwrap();
        });
        let reader = open_to_read(folder.path()).unwrap();
        let count: i64 = reader.connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        committing.join().unwrap();
        assert!(count == 1 || reader.unlocked.is_some(), "no half of a change is seen as a whole");
    }
}
