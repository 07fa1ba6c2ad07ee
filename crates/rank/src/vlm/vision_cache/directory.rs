//! Features in files of a [`DiskCache`], one per photo.
//!
//! A file is `magic [8] | version u32 | key [32] | tokens u64 | hidden u64 | crc32 of key, shape and values u32 | values
//! [tokens, hidden] f32`, all little-endian. An incomplete file is skipped and written again.

use std::path::PathBuf;

use files::{DiskCache, hexadecimal};

use super::{PhotoKey, VisionFeatures};

const MAGIC: &[u8; 8] = b"GRVISION";
const VERSION: u32 = 1;
const HEADER: usize = 8 + 4 + 32 + 8 + 8 + 4;

/// Files of features below one folder.
#[derive(Debug)]
pub(super) struct Directory(DiskCache);

impl Directory {
    pub(super) fn new(root: PathBuf, max_bytes: Option<u64>) -> Self {
        let entries = DiskCache::at(root, "vision").unsynced();
        Self(match max_bytes {
            Some(max_bytes) => entries.bounded(max_bytes),
            None => entries,
        })
    }

    /// The features, if there is a whole file of them.
    pub(super) fn read(&self, key: &PhotoKey) -> Option<VisionFeatures> {
        decode(key, &self.0.get(&hexadecimal(&key.0)).ok()??)
    }

    /// Writes the features if it can: a full disk or a directory one may not write to only costs time later.
    pub(super) fn write(&self, key: &PhotoKey, features: &VisionFeatures) {
        let _ = self.0.put(&hexadecimal(&key.0), &encode(key, features));
    }

    #[cfg(test)]
    pub(super) fn path(&self, key: &PhotoKey) -> PathBuf {
        self.0.path(&hexadecimal(&key.0))
    }
}

fn encode(key: &PhotoKey, features: &VisionFeatures) -> Vec<u8> {
    let values: Vec<u8> = features.values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut bytes = Vec::with_capacity(HEADER + values.len());
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(key.0);
    bytes.extend((features.tokens as u64).to_le_bytes());
    bytes.extend((features.hidden as u64).to_le_bytes());
    bytes.extend(checksum(key, features.tokens as u64, features.hidden as u64, &values).to_le_bytes());
    bytes.extend(values);
    bytes
}

/// `None` for whatever is not the whole, undamaged file of this key.
fn decode(key: &PhotoKey, bytes: &[u8]) -> Option<VisionFeatures> {
    let (magic, rest) = bytes.split_first_chunk::<8>()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (found_key, rest) = rest.split_first_chunk::<32>()?;
    let (tokens, rest) = rest.split_first_chunk::<8>()?;
    let (hidden, rest) = rest.split_first_chunk::<8>()?;
    let (sum, values) = rest.split_first_chunk::<4>()?;
    let (tokens, hidden) = (u64::from_le_bytes(*tokens), u64::from_le_bytes(*hidden));
    let is_ours = magic == MAGIC && u32::from_le_bytes(*version) == VERSION && found_key == &key.0;
    let length = tokens.checked_mul(hidden)?.checked_mul(4)?;
    let is_whole =
        length == values.len() as u64 && checksum(key, tokens, hidden, values) == u32::from_le_bytes(*sum);
    if !is_ours || !is_whole {
        return None;
    }
    let (chunks, _) = values.as_chunks::<4>();
    Some(VisionFeatures {
        values: chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect(),
        tokens: usize::try_from(tokens).ok()?,
        hidden: usize::try_from(hidden).ok()?,
    })
}

/// Over the shape as well: two tokens of three values are not three of two.
fn checksum(key: &PhotoKey, tokens: u64, hidden: u64, values: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&key.0);
    hasher.update(&tokens.to_le_bytes());
    hasher.update(&hidden.to_le_bytes());
    hasher.update(values);
    hasher.finalize()
}
