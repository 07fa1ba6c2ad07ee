//! One writer at a time.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::GalleryError;

const FILE_NAME: &str = "gallery.lock";

/// Held while a process writes to a gallery. The system lets go of it when the process dies, however it
/// dies; the file is removed in an orderly end.
#[derive(Debug)]
pub(crate) struct WriterLock {
    path: PathBuf,
    /// Open and locked.
    _file: File,
}

impl WriterLock {
    /// # Errors
    /// [`GalleryError::Busy`] if somebody else holds it; a directory that cannot be written to.
    pub(crate) fn acquire(directory: &Path) -> Result<Self, GalleryError> {
        let path = directory.join(FILE_NAME);
        loop {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(GalleryError::io("write", &path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(GalleryError::Busy { directory: directory.to_path_buf() });
                }
                Err(TryLockError::Error(error)) => return Err(GalleryError::io("write", &path)(error)),
            }
            // The last holder may have removed the file between our opening and locking it.
            if is_same_file(&file, &path) {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
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
    fn the_second_is_told_that_the_gallery_is_busy() {
        let directory = tempfile::tempdir().unwrap();
        let first = WriterLock::acquire(directory.path()).unwrap();
        let message = WriterLock::acquire(directory.path()).unwrap_err().to_string();
        assert!(message.contains("busy") && message.contains(&*directory.path().to_string_lossy()));
        drop(first);
        drop(WriterLock::acquire(directory.path()).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
