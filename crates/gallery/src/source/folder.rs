//! Photo files in a folder and its subfolders.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use contract::PhotoId;
use files::{path_of_text, path_text};
use photo::has_photo_extension;

use super::walk::walk_photos;
use super::{Listing, MAX_PHOTO_BYTES, PhotoSource, SourceError};
use crate::spec::is_safe_relative;

/// Bytes of the largest file that is read for what it says about a photo.
const LARGEST_SIDECAR: u64 = 4 << 20;

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
        self.path_of(id).is_some()
    }

    /// The file of a photo's name.
    fn path_of(&self, id: &PhotoId) -> Option<PathBuf> {
        self.file_of(&id.0, |path| has_photo_extension(path) && path.is_file())
    }

    /// The file of a sidecar's name.
    fn sidecar_of(&self, name: &str) -> Option<PathBuf> {
        self.file_of(name, |path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            let is_sidecar = extension.is_some_and(|extension| {
                ["xmp", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
            });
            is_sidecar && path.metadata().is_ok_and(|file| file.is_file() && file.len() <= LARGEST_SIDECAR)
        })
    }

    fn file_of(&self, name: &str, is_wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        if !is_safe_relative(name) {
            return None;
        }
        let plain = Some(self.root.join(name)).filter(|path| is_wanted(path));
        plain.or_else(|| path_of_text(name).map(|path| self.root.join(path)).filter(|path| is_wanted(path)))
    }
}

/// Seconds since 1970; 0 where that is not known.
fn time_of_change(metadata: &fs::Metadata) -> i64 {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    modified.map_or(0, |time| time.as_secs().cast_signed())
}

impl PhotoSource for FolderSource {
    fn sidecar(&self, name: &str) -> Option<Vec<u8>> {
        self.sidecar_of(name).and_then(|path| fs::read(path).ok())
    }

    fn sidecar_time(&self, name: &str) -> Option<i64> {
        self.sidecar_of(name).and_then(|path| path.metadata().ok()).map(|file| time_of_change(&file))
    }

    fn file_state(&self, id: &PhotoId) -> Option<(u64, i64)> {
        let metadata = self.path_of(id)?.metadata().ok()?;
        Some((metadata.len(), time_of_change(&metadata)))
    }

    fn list(&self) -> Result<Listing, SourceError> {
        let walk = walk_photos(&self.root, &|_| false);
        let id = |path: &PathBuf| {
            let relative = path.strip_prefix(&self.root).unwrap_or(path);
            let parts: Vec<_> = relative.iter().map(|part| path_text(Path::new(part))).collect();
            PhotoId(parts.join("/"))
        };
        let mut ids: Vec<PhotoId> = walk.photos.iter().map(id).collect();
        ids.sort();
        let failures = walk.failures.into_iter().map(|(path, error)| SourceError::io(&path)(error));
        Ok(Listing { ids, skipped: walk.skipped, failures: failures.collect() })
    }

    fn read(&self, id: &PhotoId) -> Result<Vec<u8>, SourceError> {
        let unsafe_name = || SourceError::UnsafeName { path: self.root.clone(), id: id.clone() };
        let not_found = || SourceError::NotFound { path: self.root.clone(), id: id.clone() };
        if !is_safe_relative(&id.0) {
            return Err(unsafe_name());
        }
        let path = self.path_of(id).ok_or_else(not_found)?;
        // A symbolic link may lead anywhere: out of the folder only to what is a photo there as well.
        let (real, root) = (fs::canonicalize(&path), fs::canonicalize(&self.root));
        let real = real.map_err(SourceError::io(&path))?;
        let inside = real.starts_with(root.map_err(SourceError::io(&self.root))?);
        if !inside && !has_photo_extension(&real) {
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

    #[cfg(target_os = "linux")]
    #[test]
    fn names_that_are_not_text_are_told_apart() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        let directory = tempfile::tempdir().unwrap();
        let names = [&b"caf\xe8.jpg"[..], b"caf\xe9.jpg"];
        for name in names {
            fs::write(directory.path().join(OsStr::from_bytes(name)), name).unwrap();
        }
        let source = FolderSource::open(directory.path()).unwrap();
        let ids = source.ids().unwrap();
        assert_eq!(ids, ["caf\\xE8.jpg", "caf\\xE9.jpg"].map(PhotoId::from));
        for (id, name) in ids.iter().zip(names) {
            assert_eq!(source.read(id).unwrap(), name);
        }
    }

    #[test]
    fn nothing_outside_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("photos");
        fs::create_dir(&root).unwrap();
        let (secret, other) = (directory.path().join("secret"), directory.path().join("other.jpg"));
        fs::write(&secret, "secret").unwrap();
        fs::write(&other, "photo").unwrap();
        let source = FolderSource::open(&root).unwrap();
        for name in ["../other.jpg", &other.to_string_lossy(), "x/../../other.jpg"] {
            assert!(matches!(source.read(&name.into()), Err(SourceError::UnsafeName { .. })), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&secret, root.join("link.jpg")).unwrap();
            assert!(matches!(source.read(&"link.jpg".into()), Err(SourceError::UnsafeName { .. })));
            std::os::unix::fs::symlink(&other, root.join("photo.jpg")).unwrap();
            assert_eq!(
                source.read(&"photo.jpg".into()).unwrap(),
                b"photo",
                "a photo elsewhere may be linked"
            );
            assert_eq!(source.ids().unwrap(), ["link.jpg", "photo.jpg"].map(PhotoId::from));
        }
    }
}
