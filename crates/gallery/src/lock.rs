//! One writer at a time.

use std::path::Path;

use files::Lock;

use crate::error::GalleryError;

const FILE_NAME: &str = "gallery.lock";

/// Held while a process writes to a gallery.
#[derive(Debug)]
pub(crate) struct WriterLock {
    _lock: Lock,
}

impl WriterLock {
    /// # Errors
    /// [`GalleryError::Busy`] if somebody else holds it; a directory that cannot be written to.
    pub(crate) fn acquire(directory: &Path) -> Result<Self, GalleryError> {
        let path = directory.join(FILE_NAME);
        match Lock::acquire(&path).map_err(GalleryError::io("write", &path))? {
            Some(lock) => Ok(Self { _lock: lock }),
            None => Err(GalleryError::Busy { directory: directory.to_path_buf() }),
        }
    }
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
    }
}
