//! One writer at a time, and what the file system cannot do about it.

use std::fs::File;
use std::path::Path;

use files::{AtomicFile, Lock, is_unsupported};

use crate::error::GalleryError;

const FILE_NAME: &str = "gallery.lock";

/// Held while a process writes to a gallery.
#[derive(Debug)]
pub(crate) struct WriterLock {
    lock: Lock,
    abilities: Abilities,
}

/// What the file system of a gallery can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Abilities {
    /// Locks on parts of files, which SQLite takes for every transaction.
    pub(crate) record_locks: bool,
    /// Waiting until bytes are on the disk.
    pub(crate) syncing: bool,
}

impl WriterLock {
    /// # Errors
    /// [`GalleryError::Busy`] if somebody else holds it; a directory that cannot be written to.
    pub(crate) fn acquire(directory: &Path) -> Result<Self, GalleryError> {
        let path = directory.join(FILE_NAME);
        match Lock::acquire(&path).map_err(GalleryError::io("write", &path))? {
            Some(lock) => {
                let abilities = Abilities {
                    record_locks: has_record_locks(directory),
                    syncing: lock.file().sync_all().err().is_none_or(|error| !is_unsupported(&error)),
                };
                Ok(Self { lock, abilities })
            }
            None => Err(GalleryError::Busy { directory: directory.to_path_buf() }),
        }
    }

    /// Says that the writer is at work: see [`Lock::refresh`].
    pub(crate) fn refresh(&self) {
        self.lock.refresh();
    }

    pub(crate) const fn abilities(&self) -> Abilities {
        self.abilities
    }

    /// What the user should know of a file system that lacks something.
    pub(crate) fn warning(&self, directory: &Path) -> Option<String> {
        let shown = directory.display();
        if !self.lock.is_enforced() || !self.abilities.record_locks {
            return Some(format!(
                "the file system of {shown} has no locks: make sure that no other process writes to this gallery meanwhile"
            ));
        }
        (!self.abilities.syncing).then(|| {
            format!("the file system of {shown} does not sync: a power failure may damage the gallery")
        })
    }
}

/// Tries one on a file of its own: letting go of a lock on the database would let go of SQLite's as well.
#[cfg(unix)]
fn has_record_locks(directory: &Path) -> bool {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_WRLCK, SEEK_SET, flock};

    // The types of these fields are not the same on all systems.
    let wanted = flock { l_type: F_WRLCK as _, l_whence: SEEK_SET as _, l_start: 0, l_len: 1, l_pid: 0 };
    // Not on the lock file: where locks are emulated, letting go of this one would let go of the other.
    let Ok(probe) = AtomicFile::create(&directory.join("probe")) else { return true };
    let Ok(file) = File::options().write(true).open(probe.temporary_path()) else { return true };
    match fcntl(&file, FcntlArg::F_SETLK(&wanted)) {
        Ok(_) => true,
        Err(error) => !is_unsupported(&error.into()),
    }
}

#[cfg(not(unix))]
fn has_record_locks(_: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_that_the_gallery_is_busy() {
        let directory = tempfile::tempdir().unwrap();
        let first = WriterLock::acquire(directory.path()).unwrap();
        assert_eq!(first.abilities(), Abilities { record_locks: true, syncing: true });
        assert_eq!(first.warning(directory.path()), None);
        let message = WriterLock::acquire(directory.path()).unwrap_err().to_string();
        assert!(message.contains("busy") && message.contains(&*directory.path().to_string_lossy()));
        drop(first);
        drop(WriterLock::acquire(directory.path()).unwrap());
    }
}
