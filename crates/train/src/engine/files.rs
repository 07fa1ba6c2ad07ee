//! Files that are whole or not there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Where checkpoints are written: a disk, or in tests one that is full.
pub(super) trait Disk {
    /// Writes a file and waits until it is on the disk.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
}

/// The file system.
pub(super) struct FileSystem;

impl Disk for FileSystem {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }
}

/// Writes beside the final name, waits until the bytes are on the disk, then renames.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = FileSystem.write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    match written {
        Ok(()) => sync_directory(path.parent()),
        // What is left of a failed try helps nobody; that it cannot be removed changes nothing.
        Err(_) => drop(fs::remove_file(&temporary)),
    }
    written
}

/// Makes a renaming durable. Not every system can open a directory; there the renaming itself must do.
pub(super) fn sync_directory(directory: Option<&Path>) {
    if let Some(Ok(directory)) = directory.map(File::open) {
        let _ = directory.sync_all();
    }
}
