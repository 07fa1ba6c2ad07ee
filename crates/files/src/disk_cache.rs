//! What is expensive to compute, kept under the hash of its inputs.
//!
//! Own code, because the published cache crates bring an index of their own, which two processes must share and a kill may
//! break; here the file system is the index.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, SystemTime};

use crate::atomic_file::{AtomicFile, remove_leftovers};

/// A temporary file this old was left by a run that was killed.
const ABANDONED: Duration = Duration::from_hours(24);

/// A directory of entries, one file each, in folders named by the first two digits of their keys. Used by several
/// threads and processes at once: an entry is written whole or not at all.
///
/// Keys are hexadecimal hashes of everything that decides an entry. Whether an entry's bytes are sound is the caller's
/// to say: it knows the format, and treats what is damaged as absent.
#[derive(Debug)]
pub struct DiskCache {
    root: PathBuf,
    extension: &'static str,
    bound: Option<Bound>,
    /// Whether a write waits for the disk.
    synced: bool,
    /// Leftovers of killed processes are looked for once.
    tidied: Once,
}

/// How much may lie there, and how much does, as far as this process knows.
#[derive(Debug)]
struct Bound {
    max_bytes: u64,
    bytes: Mutex<Option<u64>>,
}

impl DiskCache {
    /// Opens a directory, and makes it where it is missing. Temporary files that killed processes left are removed.
    ///
    /// # Errors
    /// A directory that cannot be made.
    pub fn open(root: &Path, extension: &'static str) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let cache = Self::at(root, extension);
        cache.tidy();
        Ok(cache)
    }

    /// As [`DiskCache::open`], but nothing is touched until the first entry is written.
    pub fn at(root: impl Into<PathBuf>, extension: &'static str) -> Self {
        Self { root: root.into(), extension, bound: None, synced: true, tidied: Once::new() }
    }

    /// Does not wait for the disk when it writes: for entries that carry a checksum and can be computed again. After a
    /// power failure some of the last entries may be torn.
    #[must_use]
    pub fn unsynced(mut self) -> Self {
        self.synced = false;
        self
    }

    /// Keeps at most so many bytes: entries that were not used for longest are removed, the newest never is.
    #[must_use]
    pub fn bounded(mut self, max_bytes: u64) -> Self {
        self.bound = Some(Bound { max_bytes, bytes: Mutex::new(None) });
        self
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where an entry is kept.
    pub fn path(&self, key: &str) -> PathBuf {
        self.root.join(key.get(..2).unwrap_or("_")).join(format!("{key}.{}", self.extension))
    }

    /// An entry's bytes; `None` if there is none.
    ///
    /// # Errors
    /// An entry that is there and cannot be read.
    pub fn get(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        let path = self.path(key);
        match fs::read(&path) {
            Ok(bytes) => {
                if self.bound.is_some() {
                    // The time of change is the time of last use. A directory one may not write to stays as it is.
                    let opened = File::options().append(true).open(&path);
                    let _ = opened.and_then(|file| file.set_modified(SystemTime::now()));
                }
                Ok(Some(bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps an entry, in place of one that is there. An entry larger than the bound is not kept.
    ///
    /// # Errors
    /// Those of the file system: a full disk, a directory that cannot be written to.
    pub fn put(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        if self.bound.as_ref().is_some_and(|bound| length > bound.max_bytes) {
            return Ok(());
        }
        let path = self.path(key);
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        self.tidy();
        let mut file = AtomicFile::create(&path)?;
        file.write_all(bytes)?;
        if self.synced {
            file.commit()?;
        } else {
            file.commit_unsynced()?;
        }
        if let Some(bound) = &self.bound {
            self.make_room(bound, length);
        }
        Ok(())
    }

    /// Removes an entry, if there is one.
    ///
    /// # Errors
    /// An entry that is there and cannot be removed.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        match fs::remove_file(self.path(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Keeps other processes from changing the entries of a key's folder until the result is dropped. Where a file
    /// system has no locks, nothing is kept from anybody.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub fn alone(&self, key: &str) -> io::Result<Option<File>> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        Ok(File::open(folder).ok().filter(|file| file.lock().is_ok()))
    }

    /// Counts what was written and removes what was not used for longest until the bound is kept, with a tenth to
    /// spare so that the next entry does not have the folders listed again.
    fn make_room(&self, bound: &Bound, added: u64) {
        let mut known = bound.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = *known
            && bytes + added <= bound.max_bytes
        {
            *known = Some(bytes + added);
            return;
        }
        let mut entries = self.entries();
        let mut bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
        if bytes > bound.max_bytes {
            entries.sort_by_key(|entry| entry.used);
            for entry in entries.iter().take(entries.len().saturating_sub(1)) {
                if bytes <= bound.max_bytes / 10 * 9 {
                    break;
                }
                if fs::remove_file(&entry.path).is_ok() {
                    bytes -= entry.bytes;
                }
            }
        }
        *known = Some(bytes);
    }

    /// Removes what killed processes left.
    fn tidy(&self) {
        self.tidied.call_once(|| self.folders().for_each(|folder| remove_leftovers(&folder, ABANDONED)));
    }

    /// Folders that hold entries, and nothing else that a user may keep here.
    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let folders = fs::read_dir(&self.root).into_iter().flatten().flatten();
        folders.filter(|folder| is_hexadecimal(&folder.file_name().to_string_lossy(), 2)).map(|it| it.path())
    }

    fn entries(&self) -> Vec<StoredEntry> {
        let mut entries = Vec::new();
        for folder in self.folders() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let ours = name.split_once('.').is_some_and(|(key, extension)| {
                    extension == self.extension && is_hexadecimal(key, key.len())
                });
                let metadata = entry.metadata().ok().filter(|metadata| ours && metadata.is_file());
                if let Some(metadata) = metadata {
                    let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    entries.push(StoredEntry { path: entry.path(), bytes: metadata.len(), used });
                }
            }
        }
        entries
    }
}

struct StoredEntry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256_hex;

    fn key(number: u32) -> String {
        sha256_hex(&number.to_le_bytes())
    }

    #[test]
    fn entries_come_back_and_others_are_absent() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(&folder.path().join("new"), "entry").unwrap();
        assert_eq!(cache.get(&key(1)).unwrap(), None);
        cache.put(&key(1), b"one").unwrap();
        cache.put(&key(1), b"two").unwrap();
        assert_eq!(cache.get(&key(1)).unwrap().unwrap(), b"two");
        assert_eq!(cache.get(&key(2)).unwrap(), None);
        let beside = fs::read_dir(cache.path(&key(1)).parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1, "no temporary file is left");
    }

    #[test]
    fn entries_that_are_not_waited_for_come_back_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::at(folder.path().join("new"), "entry").unsynced();
        assert!(!cache.root().exists(), "nothing is touched before the first entry");
        cache.put(&key(1), b"one").unwrap();
        assert_eq!(cache.get(&key(1)).unwrap().unwrap(), b"one");
        cache.remove(&key(1)).unwrap();
        cache.remove(&key(1)).unwrap();
        assert_eq!(cache.get(&key(1)).unwrap(), None);
    }

    #[test]
    fn the_first_write_removes_what_killed_processes_left() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("ab");
        fs::create_dir_all(&inner).unwrap();
        for (name, hours) in [(".x.1.tmp", 25), (".y.1.tmp", 23), ("z.entry", 25)] {
            let file = File::create(inner.join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_hours(hours)).unwrap();
        }
        let names = || {
            let mut names: Vec<_> =
                fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let cache = DiskCache::at(folder.path(), "entry");
        assert_eq!(names().len(), 3);
        cache.put(&key(1), b"one").unwrap();
        assert_eq!(names(), [".y.1.tmp", "z.entry"], "another process may be writing the young one");
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_not_absent() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(folder.path(), "entry").unwrap();
        fs::create_dir_all(cache.path(&key(1))).unwrap();
        assert!(cache.get(&key(1)).is_err());
        assert!(cache.put(&key(1), b"x").is_err());
    }

    #[test]
    fn threads_that_write_one_key_leave_a_whole_entry() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(folder.path(), "entry").unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8_u8 {
                let cache = &cache;
                scope.spawn(move || (0..20).for_each(|_| cache.put(&key(7), &[thread; 5000]).unwrap()));
            }
        });
        let bytes = cache.get(&key(7)).unwrap().unwrap();
        assert!(bytes.len() == 5000 && bytes.iter().all(|byte| *byte == bytes[0]));
    }

    #[test]
    fn the_bound_drops_what_was_not_used_for_longest() {
        let folder = tempfile::tempdir().unwrap();
        let cache = DiskCache::open(folder.path(), "entry").unwrap().bounded(1000);
        fs::write(folder.path().join("notes.txt"), vec![0; 5000]).unwrap();
        let age = |number: u32, hours: u64| {
            let file = File::options().append(true).open(cache.path(&key(number))).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_hours(hours)).unwrap();
        };
        for number in 0..3 {
            cache.put(&key(number), &[0; 300]).unwrap();
            age(number, 10 - u64::from(number));
        }
        assert!(cache.get(&key(0)).unwrap().is_some(), "a use makes it young");
        cache.put(&key(3), &[0; 300]).unwrap();
        let left: Vec<bool> = (0..4).map(|number| cache.path(&key(number)).exists()).collect();
        assert_eq!(left, [true, false, true, true]);
        cache.put(&key(4), &[0; 2000]).unwrap();
        assert!(!cache.path(&key(4)).exists(), "larger than the bound");
        assert!(folder.path().join("notes.txt").exists());
    }
}
