//! Writing a file so that others see the old one or the new one, never half of it.
//!
//! A thin layer over `tempfile`: it adds what a replacement of a user's file needs (the modes of the file that is
//! replaced, syncing of file and directory) and names by which leftovers of a killed process are known.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::NamedTempFile;

use crate::unsupported::if_supported;

/// Ending of files that are being written.
const TEMPORARY: &str = ".tmp";

/// A file that appears under its name when it is committed, and not at all when it is dropped before.
///
/// The directory must be there. Temporary files are called `.NAME.RANDOM.tmp`. What is committed is the file that the
/// temporary name refers to at that time: a writer that takes a path may have put a file of its own there.
#[derive(Debug)]
pub struct AtomicFile {
    temporary: NamedTempFile,
    path: PathBuf,
}

impl AtomicFile {
    /// Starts a file that will be called `path`.
    ///
    /// # Errors
    /// A directory that is missing or cannot be written to.
    pub fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(TEMPORARY);
        // Made as any other file would be: the user's mask applies, and a file that is replaced keeps its modes.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let temporary = builder.tempfile_in(directory_of(path))?;
        Ok(Self { temporary, path: path.to_owned() })
    }

    /// The final name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it another name than it was started with, in the same directory.
    pub fn rename_to(&mut self, path: &Path) {
        path.clone_into(&mut self.path);
    }

    /// Where the bytes are until then: for writers that take a path.
    pub fn temporary_path(&self) -> &Path {
        self.temporary.path()
    }

    /// Waits until the bytes are on the disk, gives the file its name, and waits for that too.
    ///
    /// # Errors
    /// Those of the file system; the temporary file is removed then, and what was there before stays.
    pub fn commit(self) -> io::Result<()> {
        // Opened by name: a writer may have replaced the file that this process holds open.
        let written = File::options().write(true).open(self.temporary.path())?;
        self.set_modes(&written);
        if_supported(written.sync_all())?;
        drop(written);
        self.temporary.persist(&self.path).map_err(|error| error.error)?;
        sync_directory(self.path.parent());
        Ok(())
    }

    /// Gives the file its name without waiting for the disk: for what can be made again. Other processes see the old
    /// file or the new one; after a power failure there may be half of it, so the reader must notice that.
    ///
    /// # Errors
    /// As [`AtomicFile::commit`].
    pub(crate) fn commit_unsynced(self) -> io::Result<()> {
        self.set_modes(self.temporary.as_file());
        self.temporary.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    /// A replaced file keeps its modes. A new file gets those of the temporary file, also if a writer has replaced that
    /// one. A file system without modes is not an error.
    fn set_modes(&self, written: &File) {
        let modes = fs::metadata(&self.path).or_else(|_| self.temporary.as_file().metadata());
        if let Ok(modes) = modes {
            let _ = written.set_permissions(modes.permissions());
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.as_file_mut().flush()
    }
}

/// Writes a whole file.
///
/// # Errors
/// Those of the file system; what was there before stays.
pub fn write_atomic(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    write_atomic_with(path, |file| file.write_all(bytes.as_ref()))
}

/// Writes a file piece by piece: `fill` gets the open temporary file.
///
/// # Errors
/// Those of `fill` and of the file system; what was there before stays.
pub fn write_atomic_with<T, E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<T, E> {
    let mut file = AtomicFile::create(path)?;
    let value = fill(file.temporary.as_file_mut())?;
    file.commit()?;
    Ok(value)
}

/// Removes temporary files in `directory` that are older than `age`: those of processes that were killed. What cannot
/// be removed does no harm.
pub fn remove_leftovers(directory: &Path, age: Duration) {
    let now = SystemTime::now();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_old = || {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|time| now.duration_since(time).unwrap_or_default() >= age)
        };
        if name.starts_with('.') && name.ends_with(TEMPORARY) && is_old() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Renames a file or directory, and waits until the new name is on the disk. Its content must have been synced before.
///
/// # Errors
/// Those of the file system, for example two directories on different disks.
pub fn rename_durably(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_directory(to.parent());
    Ok(())
}

/// Makes a renaming durable. Not every system can open a directory; there the rename itself must do.
fn sync_directory(directory: Option<&Path>) {
    if let Some(Ok(directory)) = directory.map(|path| File::open(or_here(path))) {
        let _ = directory.sync_all();
    }
}

fn directory_of(path: &Path) -> &Path {
    or_here(path.parent().unwrap_or(Path::new("")))
}

/// A bare file name lies in the current directory.
fn or_here(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() { Path::new(".") } else { directory }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.bin");
        write_atomic(&path, b"old").unwrap();
        let failed = write_atomic_with(&path, |file| {
            file.write_all(b"half")?;
            Err::<(), _>(io::Error::other("disk full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn without_syncing_the_file_is_whole_all_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.bin");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        assert!(!path.exists());
        file.commit_unsynced().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        let moved = directory.path().join("moved.bin");
        rename_durably(&path, &moved).unwrap();
        assert!(moved.exists() && !path.exists());
        assert!(rename_durably(&path, &moved).is_err());
    }

    #[test]
    fn leftovers_go_and_other_files_stay() {
        let directory = tempfile::tempdir().unwrap();
        for name in [".photos.index.17.tmp", "notes.tmp", "photos.index", ".new.1.tmp"] {
            fs::write(directory.path().join(name), b"x").unwrap();
        }
        let old = File::options().append(true).open(directory.path().join(".photos.index.17.tmp")).unwrap();
        old.set_modified(SystemTime::now() - Duration::from_hours(30)).unwrap();
        remove_leftovers(directory.path(), Duration::from_hours(24));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
        remove_leftovers(directory.path(), Duration::ZERO);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn modes_of_a_replaced_file_stay() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.bin");
        write_atomic(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    /// As `safetensors::serialize_to_file` does: it fills a file of its own and renames it onto the path it was given.
    #[cfg(unix)]
    #[test]
    fn a_writer_may_put_its_own_file_in_place_of_the_temporary_one() {
        use std::os::unix::fs::PermissionsExt;
        let modes = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let write = |path: &Path, bytes: &[u8]| {
            let file = AtomicFile::create(path).unwrap();
            let own = path.with_extension("own");
            fs::write(&own, bytes).unwrap();
            fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).unwrap();
            fs::rename(&own, file.temporary_path()).unwrap();
            file.commit().unwrap();
        };
        let directory = tempfile::tempdir().unwrap();
        let (path, usual) = (directory.path().join("data.bin"), directory.path().join("usual.bin"));
        write(&path, b"first");
        fs::write(&usual, b"").unwrap();
        assert_eq!(modes(&path), modes(&usual), "a new file is like any other of the user");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write(&path, b"second");
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(modes(&path), 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_missing_directory_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(write_atomic(&directory.path().join("no/file"), b"x").is_err());
        assert!(AtomicFile::create(Path::new("/")).is_err());
    }
}
