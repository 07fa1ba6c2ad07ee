//! Features in files: one a photo, in folders named by the first byte of its key.
//!
//! A file is `magic [8] | version u32 | key [32] | tokens u64 | hidden u64 | crc32 of key, shape and values u32 | values
//! [tokens, hidden] f32`, all little-endian. It is written under a temporary name and renamed, so that whoever
//! reads it finds it whole; what is not whole anyway is passed over and written anew.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::{PhotoKey, VisionFeatures};

const MAGIC: &[u8; 8] = b"GRVISION";
const VERSION: u32 = 1;
const HEADER: usize = 8 + 4 + 32 + 8 + 8 + 4;
const EXTENSION: &str = "vision";
const TEMPORARY: &str = "vision-tmp";
/// A temporary file this old was left by a run that was killed.
const ABANDONED: Duration = Duration::from_hours(1);

/// Files of features below one folder.
#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
    bound: Option<Bound>,
    written: AtomicU64,
}

/// How much may lie there, and how much does, as far as this process knows.
#[derive(Debug)]
struct Bound {
    max_bytes: u64,
    bytes: Mutex<Option<u64>>,
}

impl Directory {
    pub(super) fn new(root: PathBuf, max_bytes: Option<u64>) -> Self {
        let bound = max_bytes.map(|max_bytes| Bound { max_bytes, bytes: Mutex::new(None) });
        Self { root, bound, written: AtomicU64::new(0) }
    }

    pub(super) fn path(&self, key: &PhotoKey) -> PathBuf {
        let mut name = String::with_capacity(64);
        for byte in key.0 {
            // Writing to a String does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        self.root.join(&name[..2]).join(&name[2..]).with_extension(EXTENSION)
    }

    /// The features, if there is a whole file of them.
    pub(super) fn read(&self, key: &PhotoKey) -> Option<VisionFeatures> {
        let path = self.path(key);
        let features = decode(key, &fs::read(&path).ok()?)?;
        if self.bound.is_some() {
            // The time of change is the time of last use. A directory one may not write to stays as it is.
            let _ = File::options()
                .append(true)
                .open(&path)
                .and_then(|file| file.set_modified(SystemTime::now()));
        }
        Some(features)
    }

    /// Writes the features if it can: a full disk or a directory one may not write to only costs time later.
    pub(super) fn write(&self, key: &PhotoKey, features: &VisionFeatures) {
        let bytes = (HEADER + features.bytes()) as u64;
        if self.bound.as_ref().is_some_and(|bound| bytes > bound.max_bytes) {
            return;
        }
        let path = self.path(key);
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{number}.{TEMPORARY}", std::process::id()));
        if write_whole(&path, &temporary, key, features).is_err() {
            let _ = fs::remove_file(&temporary);
            return;
        }
        if let Some(bound) = &self.bound {
            self.make_room(bound, bytes);
        }
    }

    /// Counts what was written and removes what was not used for longest until the bound is kept, with a tenth to
    /// spare so that the next photo does not have the folder listed again.
    fn make_room(&self, bound: &Bound, added: u64) {
        let Ok(mut known) = bound.bytes.lock() else { return };
        if let Some(bytes) = *known
            && bytes + added <= bound.max_bytes
        {
            *known = Some(bytes + added);
            return;
        }
        let mut files = self.files();
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        if bytes > bound.max_bytes {
            files.sort_by_key(|file| file.used);
            // The newest stays: it was written just now.
            for file in files.iter().take(files.len().saturating_sub(1)) {
                if bytes <= bound.max_bytes / 10 * 9 {
                    break;
                }
                if fs::remove_file(&file.path).is_ok() {
                    bytes -= file.bytes;
                }
            }
        }
        *known = Some(bytes);
    }

    /// Our files; temporary ones that a killed run left are removed.
    fn files(&self) -> Vec<StoredFile> {
        let folders = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let ours = folders.filter(|folder| is_hex(&folder.file_name().to_string_lossy(), 2));
        let entries = ours.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some((stem, extension)) = name.split_once('.') else { continue };
            if !metadata.is_file() || !is_hex(stem, 62) {
                continue;
            }
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if extension == EXTENSION {
                files.push(StoredFile { path, bytes: metadata.len(), used });
            } else if extension.ends_with(TEMPORARY) && used.elapsed().is_ok_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(path);
            }
        }
        files
    }
}

struct StoredFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn write_whole(path: &Path, temporary: &Path, key: &PhotoKey, features: &VisionFeatures) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create(temporary)?;
    file.write_all(&encode(key, features))?;
    drop(file);
    fs::rename(temporary, path)
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
