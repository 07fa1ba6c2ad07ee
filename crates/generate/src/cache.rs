//! Answers on disk, so that nothing is asked and paid for twice.
//!
//! One file per photo, prompt, model and settings in a [`DiskCache`]: a line of JSON, and a line with its checksum. A
//! file that does not match its checksum counts as absent. One that cannot be read is an error, since asking again costs
//! money. Processes may share a directory: the process that has more answers to a question keeps them. The key to the
//! API is in none of it.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};

use files::{DiskCache, sha256_hex};
use serde::{Deserialize, Serialize};

use crate::{Answer, GenerateError, Usage};

/// Changes when older files must not be read any more.
const VERSION: u32 = 1;

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
    entries: DiskCache,
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
        let mut bytes = self.version.to_le_bytes().to_vec();
        for field in [&self.photo_sha256, &self.model, &self.settings, &self.prompt] {
            bytes.extend((field.len() as u64).to_le_bytes());
            bytes.extend(field.as_bytes());
        }
        sha256_hex(&bytes)
    }
}

impl AnswerCache {
    /// Opens a directory, and makes it where it is missing. Temporary files that killed processes left are removed.
    ///
    /// # Errors
    /// [`GenerateError::Cache`] if it cannot be made.
    pub fn open(directory: &Path) -> Result<Self, GenerateError> {
        let entries = DiskCache::open(directory, "json")
            .map_err(|source| GenerateError::Cache { path: directory.to_owned(), source })?;
        Ok(Self { entries, claimed: Mutex::default(), freed: Condvar::new() })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        self.entries.root()
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
        let name = key.name();
        let bytes = self.entries.get(&name).map_err(|source| self.failed(&name, source))?;
        Ok(bytes.and_then(|bytes| whole_answers(&bytes, key)).unwrap_or_default())
    }

    /// Stores answers of a key, unless another process has stored as many or more: what was paid for is not thrown away
    /// for less. Gives back what the cache has now.
    ///
    /// # Errors
    /// [`GenerateError::Cache`] naming the file.
    pub fn put(&self, key: &CacheKey, cached: &CachedAnswers) -> Result<CachedAnswers, GenerateError> {
        let name = key.name();
        let failed = |source| self.failed(&name, source);
        let entry = serde_json::to_string(&Entry { key, cached: cached.clone() })
            .map_err(|error| failed(io::Error::other(error)))?;
        // Where a file system has no locks, two that write at the very same time may lose the answers of one.
        let _alone = self.entries.alone(&name).map_err(failed)?;
        let there = self.get(key)?;
        if there.answers.len() >= cached.answers.len() {
            return Ok(there);
        }
        let text = format!("{entry}\n{}\n", sha256_hex(entry.as_bytes()));
        self.entries.put(&name, text.as_bytes()).map_err(failed)?;
        Ok(cached.clone())
    }

    fn failed(&self, name: &str, source: io::Error) -> GenerateError {
        GenerateError::Cache { path: self.entries.path(name), source }
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

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.cache.claimed.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
        self.cache.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Finish;

    fn path(cache: &AnswerCache, key: &CacheKey) -> std::path::PathBuf {
        cache.entries.path(&key.name())
    }

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
        let files = fs::read_dir(path(&cache, &key).parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "no temporary file is left");
    }

    #[test]
    fn damaged_files_count_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        let cache = AnswerCache::open(folder.path()).unwrap();
        let key = CacheKey::new("ab", "m", "t=1", "where?");
        cache.put(&key, &cached(&["48.5, 2.5"])).unwrap();
        let path = path(&cache, &key);
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
        fs::create_dir_all(path(&cache, &key)).unwrap();
        let error = cache.get(&key).unwrap_err().to_string();
        assert!(error.contains("cannot use the cache") && error.contains(".json"), "{error}");
        assert!(cache.put(&key, &cached(&["a"])).is_err());
    }

    #[test]
    fn answers_of_earlier_versions_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let key = CacheKey::new("ab", "m", "t=1", "where?");
        // Both lines as version 0.1 wrote them.
        let name = "8758cbe9c89cd99cf263f8b0725f265b98e6457240abf71d86dfd1f054800a28";
        let entry = concat!(
            r#"{"key":{"version":1,"photo_sha256":"ab","model":"m","settings":"t=1","prompt":"where?"}"#,
            r#","answers":[{"text":"one","finish":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"estimated":false}}"#
        );
        let checksum = "5b52aff97b875afc13f443d260b797dab0cc981a353e3ac8fe5c2ea7494a2112";
        let inner = folder.path().join(&name[..2]);
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join(format!("{name}.json")), format!("{entry}\n{checksum}\n")).unwrap();
        let cache = AnswerCache::open(folder.path()).unwrap();
        assert_eq!(cache.get(&key).unwrap(), cached(&["one"]));
    }

    #[test]
    fn threads_that_put_one_key_at_once_keep_the_most_answers() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) =
            (AnswerCache::open(folder.path()).unwrap(), AnswerCache::open(folder.path()).unwrap());
        let key = CacheKey::new("ab", "m", "t=1", "where?");
        let start = std::sync::Barrier::new(2);
        let put = |cache: &AnswerCache, name: &str, offset: usize| {
            start.wait();
            for count in (offset..30).step_by(2) {
                let texts = vec![name; count];
                assert!(cache.put(&key, &cached(&texts)).unwrap().answers.len() >= count);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| put(&first, "a", 1));
            scope.spawn(|| put(&second, "b", 2));
        });
        let kept = first.get(&key).unwrap();
        assert_eq!(kept, cached(&["a"; 29]), "the most, and of one writer");
        assert_eq!(fs::read_dir(path(&first, &key).parent().unwrap()).unwrap().count(), 1);
    }
}
