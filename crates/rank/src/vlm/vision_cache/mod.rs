//! What the vision tower made of photos, kept.
//!
//! # What it does
//! A gallery photo is a candidate of many queries, and its features depend on its pixels and the model alone.
//! They are kept in memory up to a bound, the least recently used going first, and, if wanted, in a directory
//! that later runs find again. Keeping is best effort: a file that is damaged, foreign or cannot be written is a
//! photo that is computed again, never an error.
//!
//! # Alternatives considered
//! Keying by path and time of change: two copies of a photo would be computed twice, and a photo that was
//! swapped without a new time would get the features of another.

mod directory;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use directory::Directory;

/// Names a photo's features: its resized pixels and the model that reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhotoKey(pub [u8; 32]);

impl PhotoKey {
    /// The key of pixels `[height, width, 3]` as the vision tower gets them (resized, 8 bits), for the model with
    /// this fingerprint. Whatever changes the features - weights, number format - belongs into the fingerprint.
    pub fn new(fingerprint: &str, pixels: &[u8], height: u32, width: u32) -> Self {
        let mut hash = Sha256::new();
        // Lengths first, so that no two inputs run together into the same bytes.
        hash.update((fingerprint.len() as u64).to_le_bytes());
        hash.update(fingerprint);
        hash.update(height.to_le_bytes());
        hash.update(width.to_le_bytes());
        hash.update(pixels);
        Self(hash.finalize().into())
    }
}

/// What the vision tower makes of one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct VisionFeatures {
    /// `[tokens, hidden]`, row-major.
    pub values: Vec<f32>,
    /// Image tokens in the prompt.
    pub tokens: usize,
    /// Width of the language model.
    pub hidden: usize,
}

impl VisionFeatures {
    /// Bytes of the values.
    pub fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice())
    }
}

/// How a cache did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VisionCacheStats {
    /// Requests answered from memory.
    pub hits: u64,
    /// Requests answered from the directory.
    pub disk_hits: u64,
    /// Requests that could not be answered.
    pub misses: u64,
    /// Photos in memory.
    pub photos: usize,
    /// Bytes of features in memory.
    pub bytes: usize,
}

/// Features of photos, bounded in bytes; shared between threads by reference.
#[derive(Debug)]
pub struct VisionCache {
    memory: Mutex<Memory>,
    directory: Option<Directory>,
}

impl VisionCache {
    /// A cache that keeps at most this many bytes of features in memory. 0 keeps nothing.
    pub fn in_memory(max_bytes: usize) -> Self {
        Self { memory: Mutex::new(Memory::new(max_bytes)), directory: None }
    }

    /// The same, with a directory that keeps what memory cannot, for later runs too. It is made when it is first
    /// needed. Beyond `max_bytes_on_disk` the files that were not used for longest are removed; other files in
    /// there are left alone.
    #[must_use]
    pub fn with_directory(mut self, directory: impl Into<PathBuf>, max_bytes_on_disk: Option<u64>) -> Self {
        self.directory = Some(Directory::new(directory.into(), max_bytes_on_disk));
        self
    }

    /// The features of a photo, if they are kept.
    pub fn get(&self, key: &PhotoKey) -> Option<Arc<VisionFeatures>> {
        let found = self.find(key);
        if found.is_none() {
            self.memory().stats.misses += 1;
        }
        found
    }

    /// Which of the keys, by position, are not kept; of equal ones only the first, so that each photo is computed
    /// once. What is found in the directory is brought to memory.
    ///
    /// A later [`VisionCache::get`] of the others may still find nothing, where other photos have come between:
    /// [`VisionCache::get_all`] gives what is there and keeps hold of it.
    pub fn missing(&self, keys: &[PhotoKey]) -> Vec<usize> {
        let found = self.get_all(keys);
        let mut seen = HashSet::new();
        (0..keys.len()).filter(|&index| found[index].is_none() && seen.insert(keys[index])).collect()
    }

    /// The features of each photo, in order, where they are kept.
    pub fn get_all(&self, keys: &[PhotoKey]) -> Vec<Option<Arc<VisionFeatures>>> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// Keeps a photo's features and gives them back, shared. Larger ones than the bound are only given back.
    ///
    /// # Panics
    /// If there are not `tokens * hidden` values.
    pub fn insert(&self, key: PhotoKey, features: VisionFeatures) -> Arc<VisionFeatures> {
        assert_eq!(
            features.values.len(),
            features.tokens * features.hidden,
            "vision features of {} tokens of {} values",
            features.tokens,
            features.hidden
        );
        let features = Arc::new(features);
        self.memory().insert(key, &features);
        if let Some(directory) = &self.directory {
            directory.write(&key, &features);
        }
        features
    }

    /// The features of a photo, computed if they are not kept. Nothing is locked meanwhile; two threads that ask
    /// for the same photo at once may both compute it.
    ///
    /// # Errors
    /// What `compute` returns; nothing is kept then.
    ///
    /// # Panics
    /// As [`VisionCache::insert`].
    pub fn get_or_insert_with<E>(
        &self,
        key: PhotoKey,
        compute: impl FnOnce() -> Result<VisionFeatures, E>,
    ) -> Result<Arc<VisionFeatures>, E> {
        match self.get(&key) {
            Some(found) => Ok(found),
            None => Ok(self.insert(key, compute()?)),
        }
    }

    /// How the cache did so far.
    pub fn stats(&self) -> VisionCacheStats {
        let memory = self.memory();
        VisionCacheStats { photos: memory.entries.len(), bytes: memory.bytes, ..memory.stats }
    }

    fn find(&self, key: &PhotoKey) -> Option<Arc<VisionFeatures>> {
        if let Some(found) = self.memory().get(key) {
            return Some(found);
        }
        let read = Arc::new(self.directory.as_ref()?.read(key)?);
        let mut memory = self.memory();
        memory.stats.disk_hits += 1;
        memory.insert(*key, &read);
        Some(read)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Nothing in here panics half-way through a change.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part in memory: features by key, and keys by when they were last used.
#[derive(Debug)]
struct Memory {
    max_bytes: usize,
    bytes: usize,
    entries: HashMap<PhotoKey, (u64, Arc<VisionFeatures>)>,
    by_use: BTreeMap<u64, PhotoKey>,
    clock: u64,
    stats: VisionCacheStats,
}

impl Memory {
    fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            bytes: 0,
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
            clock: 0,
            stats: VisionCacheStats::default(),
        }
    }

    fn get(&mut self, key: &PhotoKey) -> Option<Arc<VisionFeatures>> {
        let (used, features) = self.entries.get_mut(key)?;
        self.by_use.remove(used);
        self.clock += 1;
        *used = self.clock;
        self.by_use.insert(self.clock, *key);
        self.stats.hits += 1;
        Some(Arc::clone(features))
    }

    fn insert(&mut self, key: PhotoKey, features: &Arc<VisionFeatures>) {
        if let Some((used, old)) = self.entries.remove(&key) {
            self.by_use.remove(&used);
            self.bytes -= old.bytes();
        }
        let bytes = features.bytes();
        if bytes > self.max_bytes {
            return;
        }
        while self.bytes > self.max_bytes - bytes {
            let Some((_, oldest)) = self.by_use.pop_first() else { break };
            if let Some((_, old)) = self.entries.remove(&oldest) {
                self.bytes -= old.bytes();
            }
        }
        self.clock += 1;
        self.bytes += bytes;
        self.by_use.insert(self.clock, key);
        self.entries.insert(key, (self.clock, Arc::clone(features)));
    }
}
