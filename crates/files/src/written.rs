//! Which files this program wrote, so that it replaces no one else's.
//!
//! # What it does
//! After a file is complete, [`remember_written`] notes its path, length, time of change and, on Unix, inode in one small
//! file of the user's cache directory. [`is_own`] compares: a file that was edited or put there since is not our own any
//! more. Paths are kept as hashes.
//!
//! Own code, because a mark inside the file would change the formats, and extended attributes are lost by many copies and
//! file systems. If the record is lost, the user is asked to confirm with `force`; no file is lost.

use std::fs::{self, File, Metadata};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::{sha256_hex, user_cache_directory, write_atomic};

/// The record's name in the cache directory.
const FILE_NAME: &str = "written.txt";
/// The older half goes when the record is longer than this many bytes: some 5,000 files.
const LONGEST: usize = 1 << 19;

/// Notes that this program has just written a file. That it cannot be noted is not an error.
pub fn remember_written(path: &Path) {
    if let Some(record) = record() {
        remember_in(&record, path);
    }
}

/// Whether a file is as this program wrote it.
pub fn is_own(path: &Path) -> bool {
    record().is_some_and(|record| is_noted(&record, path))
}

fn record() -> Option<PathBuf> {
    user_cache_directory().map(|cache| cache.join(FILE_NAME))
}

fn remember_in(record: &Path, path: &Path) {
    let Some(line) = line_of(path) else { return };
    let kept = fs::read_to_string(record).unwrap_or_default();
    if kept.len() > LONGEST {
        let half = kept.get(kept.len() / 2..).and_then(|half| half.split_once('\n')).map_or("", |cut| cut.1);
        // A line that another process adds meanwhile may be lost: then that file is asked about.
        let _ = write_atomic(record, format!("{half}{line}\n"));
        return;
    }
    let directory = record.parent().map_or(Ok(()), fs::create_dir_all);
    let opened = directory.and_then(|()| File::options().create(true).append(true).open(record));
    // One short write at the end of a file is not mixed with those of other processes.
    let _ = opened.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
}

fn is_noted(record: &Path, path: &Path) -> bool {
    let (Some(line), Ok(kept)) = (line_of(path), fs::read_to_string(record)) else { return false };
    kept.lines().rev().any(|known| known == line)
}

/// A regular file's path and state; `None` for anything else.
fn line_of(path: &Path) -> Option<String> {
    let real = fs::canonicalize(path).ok()?;
    let metadata = fs::metadata(&real).ok().filter(Metadata::is_file)?;
    let changed = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let (seconds, nanoseconds) = (changed.as_secs(), changed.subsec_nanos());
    let name = sha256_hex(real.as_os_str().as_encoded_bytes());
    Some(format!("{name} {} {seconds} {nanoseconds} {}", metadata.len(), inode(&metadata)))
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;

    metadata.ino()
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_and_left_alone_is_own() {
        let folder = tempfile::tempdir().unwrap();
        let (record, path) = (folder.path().join("cache/written.txt"), folder.path().join("out.csv"));
        assert!(!is_noted(&record, &path), "the file does not exist");
        fs::write(&path, "answers").unwrap();
        assert!(!is_noted(&record, &path), "nobody noted it");
        remember_in(&record, &path);
        assert!(is_noted(&record, &path));
        let other = folder.path().join("other.csv");
        fs::copy(&path, &other).unwrap();
        assert!(!is_noted(&record, &other));
        fs::write(&path, "answers and notes").unwrap();
        assert!(!is_noted(&record, &path), "edited since");
    }

    #[test]
    fn the_record_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let (record, path) = (folder.path().join("written.txt"), folder.path().join("out.csv"));
        fs::write(&path, "answers").unwrap();
        fs::write(&record, format!("{}\n", "0".repeat(99)).repeat(LONGEST / 100 + 1)).unwrap();
        remember_in(&record, &path);
        let length = fs::metadata(&record).unwrap().len() as usize;
        assert!(length < LONGEST * 2 / 3 && is_noted(&record, &path), "{length}");
        assert!(fs::read_to_string(&record).unwrap().lines().next().unwrap().len() == 99, "whole lines stay");
    }
}
