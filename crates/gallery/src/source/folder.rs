//! Photo files in a folder and its subfolders.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use contract::PhotoId;
use photo::has_photo_extension;
use walkdir::WalkDir;

use super::{MAX_PHOTO_BYTES, PhotoSource, SourceError};
use crate::spec::is_safe_relative;

/// A folder. Only files named like photos exist for it, and symbolic links that lead out of it do not.
#[derive(Debug)]
pub struct FolderSource {
    root: PathBuf,
}

impl FolderSource {
    /// # Errors
    /// A folder that does not exist.
    pub fn open(root: &Path) -> Result<Self, SourceError> {
        if !root.is_dir() {
            return Err(SourceError::Missing { path: root.to_path_buf() });
        }
        Ok(Self { root: root.to_path_buf() })
    }

    /// Whether there is a photo file of this name; [`PhotoSource::read`] decides whether it may be read.
    pub(super) fn contains(&self, id: &PhotoId) -> bool {
        let path = self.root.join(&id.0);
        is_safe_relative(&id.0) && has_photo_extension(&path) && path.is_file()
    }
}

impl PhotoSource for FolderSource {
    fn ids(&self) -> Result<Vec<PhotoId>, SourceError> {
        let mut ids = Vec::new();
        for entry in WalkDir::new(&self.root) {
            let entry = entry.map_err(|error| {
                let path = error.path().unwrap_or(&self.root).to_path_buf();
                SourceError::io(&path)(error.into())
            })?;
            if !entry.file_type().is_file() || !has_photo_extension(entry.path()) {
                continue;
            }
            let relative = entry.path().strip_prefix(&self.root).unwrap_or(entry.path());
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            ids.push(PhotoId(parts.join("/")));
        }
        ids.sort();
        Ok(ids)
    }

    fn read(&self, id: &PhotoId) -> Result<Vec<u8>, SourceError> {
        let unsafe_name = || SourceError::UnsafeName { path: self.root.clone(), id: id.clone() };
        let not_found = || SourceError::NotFound { path: self.root.clone(), id: id.clone() };
        if !is_safe_relative(&id.0) {
            return Err(unsafe_name());
        }
        if !self.contains(id) {
            return Err(not_found());
        }
        let path = self.root.join(&id.0);
        // A symbolic link may lead anywhere.
        let (real, root) = (fs::canonicalize(&path), fs::canonicalize(&self.root));
        let real = real.map_err(SourceError::io(&path))?;
        if !real.starts_with(root.map_err(SourceError::io(&self.root))?) {
            return Err(unsafe_name());
        }
        let mut file = File::open(&real).map_err(SourceError::io(&path))?;
        let bytes = file.metadata().map_err(SourceError::io(&path))?.len();
        if bytes > MAX_PHOTO_BYTES {
            return Err(SourceError::TooLarge { path: self.root.clone(), id: id.clone(), bytes });
        }
        let mut content = Vec::with_capacity(bytes as usize);
        file.read_to_end(&mut content).map_err(SourceError::io(&path))?;
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_photos_in_order_and_reads_them() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("photos");
        fs::create_dir_all(root.join("b/c")).unwrap();
        for name in ["z.jpg", "b/c/1.PNG", "b/notes.txt", "a.jpeg"] {
            fs::write(root.join(name), name).unwrap();
        }
        let source = FolderSource::open(&root).unwrap();
        let ids = source.ids().unwrap();
        assert_eq!(ids, ["a.jpeg", "b/c/1.PNG", "z.jpg"].map(PhotoId::from));
        for id in &ids {
            assert_eq!(source.read(id).unwrap(), id.0.as_bytes());
        }
        assert!(matches!(source.read(&"b/notes.txt".into()), Err(SourceError::NotFound { .. })));
        assert!(matches!(FolderSource::open(&root.join("none")), Err(SourceError::Missing { .. })));
    }

    #[test]
    fn nothing_outside_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("photos");
        fs::create_dir(&root).unwrap();
        let secret = directory.path().join("secret.jpg");
        fs::write(&secret, "secret").unwrap();
        let source = FolderSource::open(&root).unwrap();
        for name in ["../secret.jpg", &secret.to_string_lossy(), "x/../../secret.jpg"] {
            assert!(matches!(source.read(&name.into()), Err(SourceError::UnsafeName { .. })), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&secret, root.join("link.jpg")).unwrap();
            assert!(matches!(source.read(&"link.jpg".into()), Err(SourceError::UnsafeName { .. })));
            assert!(source.ids().unwrap().is_empty());
        }
    }
}
