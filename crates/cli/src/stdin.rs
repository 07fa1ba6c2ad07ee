//! `-` in place of an input file: what comes on stdin is kept in a temporary file, since tables are read twice and photos
//! are mapped.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use contract::{ErrorKind, Failure};
use georanker::{Inputs, expand_inputs};
use tempfile::TempDir;

/// Bytes that are taken from stdin at most: a stream without end must not fill the disk.
const LONGEST: u64 = 4 << 30;

/// The directory of the temporary file and the file; it lives as long as the process does its work.
static KEPT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();

/// The file of a path: the path itself, or the temporary file for `-`.
///
/// # Errors
/// [`ErrorKind::Usage`] for a second `-`; [`ErrorKind::Unreadable`] for a stdin that cannot be read or kept.
pub(crate) fn file_of(path: &Path) -> Result<PathBuf, Failure> {
    if path.as_os_str() != "-" {
        return Ok(path.to_owned());
    }
    if KEPT.get().is_some() {
        return Err(Failure::new(ErrorKind::Usage, "`-` is given twice, and stdin can be read only once")
            .with_hint("give one of the inputs as a file"));
    }
    let failed = |error: io::Error| Failure::new(ErrorKind::Unreadable, format!("stdin: {error}"));
    let directory = tempfile::Builder::new().prefix("georanker").tempdir().map_err(failed)?;
    let path = directory.path().join("stdin");
    let mut file = File::create(&path).map_err(failed)?;
    let copied = io::copy(&mut io::stdin().lock().take(LONGEST + 1), &mut file).map_err(failed)?;
    if copied > LONGEST {
        let message = format!("stdin: more than {LONGEST} bytes");
        return Err(Failure::new(ErrorKind::Unreadable, message).with_hint("give the input as a file"));
    }
    let (_, path) = KEPT.get_or_init(|| (directory, path));
    Ok(path.clone())
}

/// As [`file_of`] for several.
///
/// # Errors
/// As [`file_of`].
pub(crate) fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    paths.iter().map(|path| file_of(path)).collect()
}

/// The photos of a command line; one that comes on stdin is called so.
///
/// # Errors
/// As [`file_of`].
pub(crate) fn photos_of(paths: &[PathBuf]) -> Result<Inputs, Failure> {
    let files = files_of(paths)?;
    let mut inputs = expand_inputs(&files);
    let stdin = paths.iter().zip(&files).find(|(path, _)| path.as_os_str() == "-").map(|(_, file)| file);
    for input in inputs.photos.iter_mut().filter(|input| Some(&input.path) == stdin) {
        input.id = named(&input.id);
        input.name = named(&input.name);
    }
    Ok(inputs)
}

/// A text with the temporary file called `stdin`.
pub(crate) fn named(text: &str) -> String {
    match KEPT.get() {
        Some((_, path)) => text.replace(&path.display().to_string(), "stdin"),
        None => text.to_owned(),
    }
}

/// Removes the temporary file: statics are not dropped when a process ends.
pub(crate) fn forget() {
    if let Some((directory, path)) = KEPT.get() {
        let _ = std::fs::remove_file(path);
        let _ = std::fs::remove_dir(directory.path());
    }
}
