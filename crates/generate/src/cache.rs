//! Answers on disk, so that nothing is asked and paid for twice.
//!
//! One file a photo, prompt, model and settings: a line of JSON, and a line with its checksum. A file is written under
//! a temporary name, synced and renamed, so a killed process leaves the old answers or the new ones, never half of
//! them. A file that does not match its checksum counts as absent; one that cannot be read is an error, since asking
//! again costs money. Processes may share a directory: whoever has more answers to a question keeps them. The key to
//! the API is in none of it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use files::hexadecimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Answer, GenerateError, Usage};

/// Changes when older files must not be read any more.
const VERSION: u32 = 1;
/// Temporary files as old as this belong to nobody any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// Everything that decides the answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheKey {
    /// Format of the file.
    version: u32,
    /// SHA-256 of the photo file's bytes, hexadecimal.
    pub photo_sha256: String,
    /// Name of the model.
    pub model: String,
    /// [`crate::Generator::settings`].
    pub settings: String,
    /// The prompt's text.
    pub prompt: String,
}

/// What a cache holds for a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedAnswers {
    /// The answers, by sample.
    pub answers: Vec<Answer>,
    /// What all of them took.
    pub usage: Usage,
}

#[derive(Serialize, Deserialize)]
struct Entry<K> {
    key: K,
    #[serde(flatten)]
    cached: CachedAnswers,
}

/// A directory of answers.
#[derive(Debug)]
pub struct AnswerCache {
    directory: PathBuf,
    temporary: AtomicU64,
    /// Names of the keys that are being asked about.
    claimed: Mutex<HashSet<String>>,
    freed: Condvar,
}

/// Leave to ask about a key; nobody else of this process has it until it is dropped.
#[derive(Debug)]
pub struct Claim<'a> {
    cache: &'a AnswerCache,
    name: String,
}

impl CacheKey {
    /// A key.
    pub fn new(
        photo_sha256: impl Into<String>,
        model: impl Into<String>,
        settings: impl Into<String>,
        prompt: impl Into<String>,
    ) -> Self {
        Self {
            version: VERSION,
            photo_sha256: photo_sha256.into(),
            model: model.into(),
            settings: settings.into(),
            prompt: prompt.into(),
        }
    }

    /// SHA-256 over all fields, each with its length before it.
    fn name(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.version.to_le_bytes());
        for field in [&self.photo_sha256, &self.model, &self.settings, &self.prompt] {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field.as_bytes());
        }
        hexadecimal(&hash.finalize())
    }
}

impl AnswerCache {
    /// Opens a directory, and makes it where it is missing. Temporary files that killed processes left are removed.
    ///
    /// # Errors
    /// [`GenerateError::Cache`] if it cannot be made.
    pub fn open(directory: &Path) -> Result<Self, GenerateError> {
        fs::create_dir_all(directory)
            .map_err(|source| GenerateError::Cache { path: directory.to_owned(), source })?;
        remove_abandoned(directory);
        Ok(Self {
            directory: directory.to_owned(),
            temporary: AtomicU64::new(0),
            claimed: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Waits until nobody asks about this key, and claims it: copies of one photo are asked about once.
    pub fn claim(&self, key: &CacheKey) -> Claim<'_> {
        let name = key.name();
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        while !claimed.insert(name.clone()) {
            claimed = self.freed.wait(claimed).unwrap_or_else(PoisonError::into_inner);
        }
        Claim { cache: self, name }
    }

    /// The answers of a key; none if there is no whole file of it.
    ///
    /// # Errors
    /// [`GenerateError::Cache`] if there is a file that cannot be read.
    pub fn get(&self, key: &CacheKey) -> Result<CachedAnswers, GenerateError> {
        let path = self.path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(whole_answers(&bytes, key).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(CachedAnswers::default()),
            Err(source) => Err(GenerateError::Cache { path, source }),
        }
    }

    /// Stores answers of a key, unless another process has stored as many or more: what was paid for is not thrown away
    /// for less. Gives back what the cache has now.
    ///
    /// # Errors
    /// [`GenerateError::Cache`] naming the file.
    pub fn put(&self, key: &CacheKey, cached: &CachedAnswers) -> Result<CachedAnswers, GenerateError> {
        let path = self.path(key);
        let failed = |source: io::Error| GenerateError::Cache { path: path.clone(), source };
        let entry = serde_json::to_string(&Entry { key, cached: cached.clone() })
            .map_err(|error| failed(io::Error::other(error)))?;
        let text = format!("{entry}\n{}\n", sha256_hex(entry.as_bytes()));
        let folder = path.parent().unwrap_or(&self.directory);
        fs::create_dir_all(folder).map_err(failed)?;
        let _alone = locked(folder);
        let there = self.get(key)?;
        if there.answers.len() >= cached.answers.len() {
            return Ok(there);
        }
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = folder.join(format!(".{}.{}.{number}.tmp", key.name(), std::process::id()));
        let write = || {
            let mut file = File::create(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_data()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(|error| {
            // The first error is the one to report.
            let _ = fs::remove_file(&temporary);
            failed(error)
        })?;
        Ok(cached.clone())
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        let name = key.name();
        self.directory.join(&name[..2]).join(format!("{name}.json"))
    }
}

/// What a file holds, if it is whole and about this key.
fn whole_answers(bytes: &[u8], key: &CacheKey) -> Option<CachedAnswers> {
    let (entry, checksum) = str::from_utf8(bytes).ok()?.trim_end().split_once('\n')?;
    if sha256_hex(entry.as_bytes()) != checksum {
        return None;
    }
    let entry: Entry<CacheKey> = serde_json::from_str(entry).ok()?;
    (entry.key == *key).then_some(entry.cached)
}

/// Keeps other processes from writing to a folder until it is dropped. Where a file system knows no locks, two that
/// write at the very same time may still lose the answers of one.
fn locked(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    file.lock().ok()?;
    Some(file)
}

/// Removes temporary files that nobody is writing any more. What cannot be removed does no harm.
fn remove_abandoned(directory: &Path) {
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    let is_folder = |entry: &fs::DirEntry| {
        entry.file_type().is_ok_and(|kind| kind.is_dir()) && entry.file_name().len() == 2
    };
    for folder in entries(directory).filter(is_folder) {
        for file in entries(&folder.path()) {
            let name = file.file_name();
            let name = name.to_string_lossy();
            let age = file.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
            let is_old = age.is_ok_and(|age| age.is_ok_and(|age| age > ABANDONED));
            if name.starts_with('.') && name.ends_with(".tmp") && is_old {
                let _ = fs::remove_file(file.path());
            }
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.cache.claimed.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
        self.cache.freed.notify_all();
    }
}

/// SHA-256 of bytes, in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finish;

    fn cached(texts: &[&str]) -> CachedAnswers {
        let answers =
            texts.iter().map(|text| Answer { text: (*text).to_owned(), finish: Finish::Stop }).collect();
        CachedAnswers { answers, usage: Usage { prompt_tokens: 3, completion_tokens: 4, estimated: false } }
    }

    #[test]
    fn answers_come_back_for_the_same_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AnswerCache::open(folder.path()).unwrap();
        let key = CacheKey::new("ab", "m", "t=1", "where?");
        assert!(cache.get(&key).unwrap().answers.is_empty());
        cache.put(&key, &cached(&["one"])).unwrap();
        cache.put(&key, &cached(&["one", "two\n"])).unwrap();
        assert_eq!(cache.get(&key).unwrap(), cached(&["one", "two\n"]));
        let others = [
            CacheKey::new("ac", "m", "t=1", "where?"),
            CacheKey::new("ab", "n", "t=1", "where?"),
            CacheKey::new("ab", "m", "t=2", "where?"),
            CacheKey::new("ab", "m", "t=1", "where"),
            CacheKey::new("a", "bm", "t=1", "where?"),
        ];
        for other in others {
            assert!(cache.get(&other).unwrap().answers.is_empty(), "{other:?}");
        }
        let files = fs::read_dir(cache.path(&key).parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "no temporary file is left");
    }

    #[test]
    fn damaged_files_count_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AnswerCache::open(folder.path()).unwrap();
        let key = CacheKey::new("ab", "m", "t=1", "where?");
        cache.put(&key, &cached(&["48.5, 2.5"])).unwrap();
        let path = cache.path(&key);
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() - 1 {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(cache.get(&key).unwrap().answers.is_empty(), "cut at {length}");
        }
        let mut flipped = whole.clone();
        let at = whole.windows(4).position(|four| four == b"48.5").unwrap();
        flipped[at] = b'5';
        fs::write(&path, &flipped).unwrap();
        assert!(cache.get(&key).unwrap().answers.is_empty(), "a flipped digit");
        fs::write(&path, &whole).unwrap();
        assert_eq!(cache.get(&key).unwrap().answers.len(), 1);
    }

    #[test]
    fn another_process_loses_no_answers() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, theirs) =
            (AnswerCache::open(folder.path()).unwrap(), AnswerCache::open(folder.path()).unwrap());
        let key = CacheKey::new("ab", "m", "t=1", "where?");
        theirs.put(&key, &cached(&["a", "b", "c"])).unwrap();
        for less in [cached(&["d"]), cached(&["d", "e", "f"])] {
            assert_eq!(mine.put(&key, &less).unwrap(), cached(&["a", "b", "c"]));
        }
        assert_eq!(mine.get(&key).unwrap(), cached(&["a", "b", "c"]));
        let more = cached(&["d", "e", "f", "g"]);
        assert_eq!(mine.put(&key, &more).unwrap(), more);
        assert_eq!(theirs.get(&key).unwrap(), more);
    }

    #[test]
    fn what_cannot_be_read_is_not_absent() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AnswerCache::open(folder.path()).unwrap();
        let key = CacheKey::new("ab", "m", "t=1", "where?");
        fs::create_dir_all(cache.path(&key)).unwrap();
        let error = cache.get(&key).unwrap_err().to_string();
        assert!(error.contains("cannot use the cache") && error.contains(".json"), "{error}");
        assert!(cache.put(&key, &cached(&["a"])).is_err());
    }

    #[test]
    fn abandoned_files_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("ab");
        fs::create_dir_all(&inner).unwrap();
        let day_and_a_bit = std::time::SystemTime::now() - ABANDONED - Duration::from_mins(1);
        for (name, old) in [(".x.1.0.tmp", true), (".y.1.0.tmp", false), ("z.json", true)] {
            let file = File::create(inner.join(name)).unwrap();
            if old {
                file.set_modified(day_and_a_bit).unwrap();
            }
        }
        AnswerCache::open(folder.path()).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".y.1.0.tmp", "z.json"]);
    }
}
