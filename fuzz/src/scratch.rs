//! Files for readers that take paths.

use std::path::{Path, PathBuf};

/// A directory that lasts as long as the thread.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    /// In memory where the system has such a place: a fuzzer writes thousands of files in a second.
    #[expect(clippy::expect_used, reason = "without a directory for files, nothing can be tried")]
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self(made.expect("a temporary directory"))
    }

    /// Writes a file and returns its path.
    #[expect(clippy::expect_used, reason = "without its file, a target tries nothing")]
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("a temporary file");
        path
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}
