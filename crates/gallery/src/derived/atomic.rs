//! Writing a file so that others see the old one or the new one, never half of it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Ending of files that are being written. Leftovers of a killed process are removed by the next writer.
const TEMPORARY: &str = "tmp";

/// Calls `fill` with a new temporary file beside `path`, syncs it, and renames it to `path`.
///
/// # Errors
/// Those of `fill` and of the file system; the temporary file is removed then.
pub(crate) fn write_atomically<T>(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<T>,
) -> io::Result<T> {
    let temporary = temporary_name(path);
    let written = (|| {
        // Readable too: a file that is filled section by section is read back by nobody, but a mapping
        // writer may want to.
        let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&temporary)?;
        let value = fill(&mut file)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary, path)?;
        sync_directory(path.parent());
        Ok(value)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Removes temporary files that killed processes left in `directory`.
pub(crate) fn remove_leftovers(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden && path.extension().is_some_and(|extension| extension == TEMPORARY) {
            let _ = fs::remove_file(path);
        }
    }
}

/// `.name.<process>.tmp`: two processes never share one.
fn temporary_name(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.{TEMPORARY}", std::process::id()))
}

/// Makes the renaming durable. Not every system can open a directory; there the rename itself must do.
fn sync_directory(directory: Option<&Path>) {
    if let Some(Ok(directory)) = directory.map(File::open) {
        let _ = directory.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data.bin");
        write_atomically(&path, |file| file.write_all(b"old")).unwrap();
        let failed = write_atomically(&path, |file| {
            file.write_all(b"half")?;
            Err::<(), _>(io::Error::other("disk full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn leftovers_go_and_other_files_stay() {
        let directory = tempfile::tempdir().unwrap();
        for name in [".photos.index.17.tmp", "notes.tmp", "photos.index"] {
            fs::write(directory.path().join(name), b"x").unwrap();
        }
        remove_leftovers(directory.path());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
