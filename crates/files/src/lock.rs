//! One process at a time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::unsupported::is_unsupported;

/// A lock file, held. The system lets go of it when the process dies, however it dies; the file is removed in an
/// orderly end.
///
/// Some network and user-space file systems have no locks. There a second file, `NAME.held`, says that the lock is taken
/// ([`Lock::is_enforced`] is false then). It outlives a process that is killed: a holder that works on calls
/// [`Lock::refresh`], and a file that was not refreshed for ten minutes counts as left behind.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Open, and locked where that is possible.
    file: File,
    /// The file that stands for the lock where there are none.
    claim: Option<PathBuf>,
}

/// After so long, a holder that does not say that it is there counts as killed.
const LEFT_BEHIND: Duration = Duration::from_mins(10);

impl Lock {
    /// Takes the lock; `None` if somebody else holds it.
    ///
    /// # Errors
    /// A file that cannot be made or locked.
    pub fn acquire(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = File::options().create(true).truncate(false).write(true).open(path)?;
            let claim = match file.try_lock() {
                Ok(()) => None,
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) if is_unsupported(&error) => match claim(path)? {
                    Some(claim) => Some(claim),
                    None => return Ok(None),
                },
                Err(TryLockError::Error(error)) => return Err(error),
            };
            // The last holder may have removed the file between our opening and locking it.
            if claim.is_some() || is_same_file(&file, path) {
                return Ok(Some(Self { path: path.to_owned(), file, claim }));
            }
        }
    }

    /// Whether the system keeps other processes out. `false` where the file system has no locks.
    pub const fn is_enforced(&self) -> bool {
        self.claim.is_none()
    }

    /// Says that the holder is there still.
    pub fn refresh(&self) {
        if let Some(claim) = &self.claim {
            let opened = File::options().append(true).open(claim);
            // If that fails, the lock is lost after a while.
            let _ = opened.and_then(|file| file.set_modified(SystemTime::now()));
        }
    }

    /// The lock file.
    pub const fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(claim) = &self.claim {
            let _ = fs::remove_file(claim);
        }
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the file that stands for a lock; `None` if somebody else holds it.
fn claim(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".held");
    let claim = PathBuf::from(name);
    let age = fs::metadata(&claim).and_then(|metadata| metadata.modified()).ok();
    if age.is_some_and(|time| time.elapsed().is_ok_and(|age| age > LEFT_BEHIND)) {
        let _ = fs::remove_file(&claim);
    }
    match File::options().write(true).create_new(true).open(&claim) {
        Ok(_) => Ok(Some(claim)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => open.dev() == there.dev() && open.ino() == there.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same_file(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stands_for_the_lock_until_it_is_old() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("work.lock");
        let held = claim(&path).unwrap().unwrap();
        assert!(claim(&path).unwrap().is_none());
        let lock = Lock { path: path.clone(), file: File::create(&path).unwrap(), claim: Some(held.clone()) };
        let old = SystemTime::now() - LEFT_BEHIND - Duration::from_secs(5);
        File::options().append(true).open(&held).unwrap().set_modified(old).unwrap();
        lock.refresh();
        assert!(claim(&path).unwrap().is_none(), "its holder was heard of");
        File::options().append(true).open(&held).unwrap().set_modified(old).unwrap();
        assert_eq!(claim(&path).unwrap(), Some(held), "its holder was killed");
        drop(lock);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_second_gets_nothing_until_the_first_is_done() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("work.lock");
        let first = Lock::acquire(&path).unwrap();
        assert!(first.as_ref().is_some_and(Lock::is_enforced));
        assert!(Lock::acquire(&path).unwrap().is_none());
        drop(first);
        assert!(Lock::acquire(&path).unwrap().is_some());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
