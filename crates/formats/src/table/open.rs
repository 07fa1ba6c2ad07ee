//! Opening a table's file.

use std::fs::File;
use std::io;
use std::path::Path;

use super::error::TableError;

/// A file and its name for messages.
///
/// # Errors
/// [`TableError::Open`] if it cannot be opened, or is a directory.
pub(crate) fn open_file(path: &Path) -> Result<(String, File), TableError> {
    let name = path.display().to_string();
    let cannot_open = |cause: io::Error| TableError::Open { file: name.clone(), cause };
    let file = File::open(path).map_err(cannot_open)?;
    if file.metadata().map_err(cannot_open)?.is_dir() {
        return Err(cannot_open(io::ErrorKind::IsADirectory.into()));
    }
    Ok((name, file))
}
