//! The cache on disk.
//!
//! ```text
//! CACHE/models--ORGANISATION--NAME/
//!   refs/main                     the commit that a branch stood at
//!   blobs/CHECKSUM                contents; CHECKSUM.incomplete while they arrive
//!   snapshots/COMMIT/PATH         links to blobs
//! CACHE/.locks/models--ORGANISATION--NAME/CHECKSUM.lock
//! ```

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The cached part of one model repository.
#[derive(Clone, Debug)]
pub struct HubCache {
    root: PathBuf,
    locks: PathBuf,
}

impl HubCache {
    /// Of a repository, `organisation/name`, in a cache directory.
    pub fn new(cache: &Path, repository: &str) -> Self {
        let folder = format!("models--{}", repository.replace('/', "--"));
        Self { root: cache.join(&folder), locks: cache.join(".locks").join(folder) }
    }

    /// The repository's directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a content lies.
    pub fn blob(&self, digits: &str) -> PathBuf {
        self.root.join("blobs").join(digits)
    }

    /// The file that keeps other programs from fetching the same content.
    pub fn lock(&self, digits: &str) -> PathBuf {
        self.locks.join(format!("{digits}.lock"))
    }

    /// The directory of a commit's files.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// The commit of a branch, a tag, or itself; `None` if it was never asked for.
    pub fn commit_of(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let text = fs::read_to_string(self.root.join("refs").join(revision)).ok()?;
        Some(text.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    /// Notes which commit a branch or tag stands at.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remember(&self, revision: &str, commit: &str) -> io::Result<()> {
        if revision == commit || self.commit_of(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.root.join("refs").join(revision);
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        files::write_atomic(&path, commit)
    }

    /// Lets a file of a commit be the content of that name; returns its path.
    ///
    /// # Errors
    /// Those of the file system; a path that leads out of the snapshot.
    pub fn link(&self, commit: &str, file: &str, digits: &str) -> io::Result<PathBuf> {
        if !is_inside(file) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("`{file}` leads out of its directory"),
            ));
        }
        let path = self.snapshot(commit).join(file);
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        // Relative, so that a cache can be moved as a whole.
        let up = file.split('/').count() + 1;
        let target: PathBuf = std::iter::repeat_n("..", up).collect::<PathBuf>().join("blobs").join(digits);
        match fs::symlink_metadata(&path) {
            Ok(_) if fs::read_link(&path).is_ok_and(|link| link == target) => return Ok(path),
            Ok(_) => fs::remove_file(&path)?,
            Err(_) => {}
        }
        link_file(&target, &self.blob(digits), &path)?;
        Ok(path)
    }
}

/// A link, or a copy where the system has none.
#[cfg(unix)]
fn link_file(target: &Path, _content: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link_file(_target: &Path, content: &Path, path: &Path) -> io::Result<()> {
    fs::hard_link(content, path).or_else(|_| fs::copy(content, path).map(|_| ()))
}

/// Whether this is the name of a commit.
pub(crate) fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a path of a listing stays within its directory.
pub(crate) fn is_inside(file: &str) -> bool {
    !file.is_empty()
        && !file.contains('\\')
        && Path::new(file).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_relative_and_replaced_when_the_content_changes() {
        let directory = tempfile::tempdir().unwrap();
        let cache = HubCache::new(directory.path(), "org/name");
        assert!(cache.root().ends_with("models--org--name"));
        let commit = "0123456789012345678901234567890123456789";
        fs::create_dir_all(cache.blob("x").parent().unwrap()).unwrap();
        for (digits, content) in [("aa", "one"), ("bb", "two")] {
            fs::write(cache.blob(digits), content).unwrap();
            for file in ["a.json", "deep/er/b.json"] {
                let path = cache.link(commit, file, digits).unwrap();
                assert_eq!(fs::read_to_string(&path).unwrap(), content);
                assert!(!cfg!(unix) || fs::read_link(&path).unwrap().is_relative());
            }
        }
        for bad in ["../x", "/x", "a/../../x", "a\\b", ""] {
            assert!(cache.link(commit, bad, "aa").is_err(), "{bad}");
        }
        assert_eq!(cache.commit_of("main"), None);
        cache.remember("main", commit).unwrap();
        assert_eq!(cache.commit_of("main").as_deref(), Some(commit));
        assert_eq!(cache.commit_of(commit).as_deref(), Some(commit));
    }
}
