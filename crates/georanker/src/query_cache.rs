//! Vectors of query photos that were encoded before, on disk.
//!
//! A photo is known by its content and the encoder by its fingerprint, so that a renamed photo is found and another
//! pack is not confused with this one. An entry is a small file of a [`DiskCache`] with a checksum; one that is damaged
//! is as if it were not there.

use std::fs;
use std::path::Path;

use contract::{Channel, Encoder, ErrorKind, Failure, PerceptualHash, QueryEmbedding};
use files::{DiskCache, sha256_hex};
use serde::{Deserialize, Serialize};

/// A directory of query vectors; used by several threads and processes at once.
#[derive(Debug)]
pub struct QueryCache {
    entries: DiskCache,
    /// The encoder's channels and the lengths of their vectors: a pack's settings may change them, and the encoder's
    /// fingerprint stays.
    channels: Vec<(Channel, usize)>,
}

/// A photo that was encoded before.
#[derive(Clone, Debug, PartialEq)]
pub struct CachedQuery {
    /// Its vectors.
    pub embedding: QueryEmbedding,
    /// Width and height, pixels, upright.
    pub size: [u32; 2],
    /// Its perceptual hash.
    pub hash: PerceptualHash,
    /// Why it cannot be located at all.
    pub no_content: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    size: [u32; 2],
    /// Entries of older versions have none: they are as if they were not there.
    hash: Option<PerceptualHash>,
    no_content: Option<String>,
    channels: Vec<(Channel, usize)>,
}

impl QueryCache {
    /// The entries of an encoder within `directory`, which is made if need be.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] for a directory that cannot be made.
    pub fn open(directory: &Path, encoder: &dyn Encoder) -> Result<Self, Failure> {
        let channels = encoder.channels().iter().map(|spec| (spec.channel.clone(), spec.dimension)).collect();
        Self::of(directory, encoder.fingerprint(), channels)
    }

    fn of(directory: &Path, fingerprint: &str, channels: Vec<(Channel, usize)>) -> Result<Self, Failure> {
        let safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let name: String =
            fingerprint.chars().map(|letter| if safe(letter) { letter } else { '_' }).collect();
        let directory = directory.join(name);
        fs::create_dir_all(&directory).map_err(|error| {
            Failure::new(ErrorKind::Output, format!("cannot make {}: {error}", directory.display()))
                .with_hint("name a directory for the query cache that can be written")
        })?;
        let entries = DiskCache::at(directory, "query").unsynced();
        Ok(Self { entries, channels })
    }

    /// The entry of the photo whose bytes have this SHA-256, if it is there, sound, and has the encoder's channels.
    pub fn get(&self, key: &str) -> Option<CachedQuery> {
        let found = self.entries.get(key).ok().flatten().and_then(|bytes| decode(&bytes));
        found.filter(|query| {
            let vectors = query.embedding.vectors.iter();
            vectors
                .map(|(channel, vector)| (channel, vector.len()))
                .eq(self.channels.iter().map(|(a, b)| (a, *b)))
        })
    }

    /// Keeps an entry. A full disk makes the next run slower, and is no reason to fail this one.
    pub fn put(&self, key: &str, query: &CachedQuery) {
        let _ = self.entries.put(key, &encode(query));
    }
}

/// The SHA-256 of what follows, one line of JSON, then the numbers, little-endian.
fn encode(query: &CachedQuery) -> Vec<u8> {
    let vectors = &query.embedding.vectors;
    let numbers: Vec<u8> =
        vectors.iter().flat_map(|(_, vector)| vector).flat_map(|value| value.to_le_bytes()).collect();
    let head = Head {
        size: query.size,
        hash: Some(query.hash),
        no_content: query.no_content.clone(),
        channels: vectors.iter().map(|(channel, vector)| (channel.clone(), vector.len())).collect(),
    };
    // Texts and numbers always have a JSON form.
    let mut content = serde_json::to_vec(&head).unwrap_or_default();
    content.push(b'\n');
    content.extend(numbers);
    let mut bytes = sha256_hex(&content).into_bytes();
    bytes.extend(content);
    bytes
}

fn decode(bytes: &[u8]) -> Option<CachedQuery> {
    let (hash, bytes) = bytes.split_at_checked(64)?;
    if sha256_hex(bytes).as_bytes() != hash {
        return None;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let head: Head = serde_json::from_slice(bytes.get(..end)?).ok()?;
    let numbers = bytes.get(end + 1..)?;
    let mut values = numbers.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four));
    let mut vectors = Vec::with_capacity(head.channels.len());
    for (channel, length) in head.channels {
        let vector: Vec<f32> = values.by_ref().take(length).collect();
        if vector.len() != length {
            return None;
        }
        vectors.push((channel, vector));
    }
    let (size, hash, no_content) = (head.size, head.hash?, head.no_content);
    Some(CachedQuery { embedding: QueryEmbedding { vectors }, size, hash, no_content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_of_other_channels_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let open = |channels: &[(Channel, usize)]| {
            QueryCache::of(directory.path(), "pack-1", channels.to_vec()).unwrap()
        };
        let (photo, location) = (Channel::photo(), Channel::location());
        let vectors = vec![(photo.clone(), vec![0.5, 0.5])];
        let query = CachedQuery {
            embedding: QueryEmbedding { vectors },
            size: [6, 4],
            hash: PerceptualHash(5),
            no_content: None,
        };
        let (key, before) = (sha256_hex(b"a photo"), open(&[(photo.clone(), 2)]));
        before.put(&key, &query);
        assert_eq!(before.get(&key), Some(query));
        for other in [vec![(photo.clone(), 3)], vec![(location.clone(), 2)], vec![(photo, 2), (location, 2)]]
        {
            let cache = open(&other);
            assert_eq!(cache.get(&key), None, "{other:?}");
        }
    }

    #[test]
    fn threads_that_put_one_key_at_once_leave_it_whole() {
        let directory = tempfile::tempdir().unwrap();
        let caches = [(); 2]
            .map(|()| QueryCache::of(directory.path(), "pack-1", vec![(Channel::photo(), 1000)]).unwrap());
        let key = sha256_hex(b"a photo");
        let start = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for (cache, value) in caches.iter().zip([0.25, 0.75]) {
                let (start, key) = (&start, &key);
                scope.spawn(move || {
                    let vectors = vec![(Channel::photo(), vec![value; 1000])];
                    let query = CachedQuery {
                        embedding: QueryEmbedding { vectors },
                        size: [6, 4],
                        hash: PerceptualHash(5),
                        no_content: None,
                    };
                    start.wait();
                    for _ in 0..50 {
                        cache.put(key, &query);
                        let found = cache.get(key).unwrap().embedding.vectors.remove(0).1;
                        assert!(
                            found.iter().all(|number| number.to_bits() == found[0].to_bits()),
                            "of one writer"
                        );
                    }
                });
            }
        });
        let path = caches[0].entries.path(&key);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn entries_come_back_to_the_bit_and_damaged_ones_do_not() {
        let vectors =
            vec![(Channel::photo(), vec![0.1, -0.5, f32::MIN_POSITIVE]), (Channel::location(), vec![1.0])];
        let query = CachedQuery {
            embedding: QueryEmbedding { vectors },
            size: [640, 480],
            hash: PerceptualHash(5),
            no_content: Some("grey".into()),
        };
        let bytes = encode(&query);
        assert_eq!(decode(&bytes), Some(query));
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 0x55;
            assert_eq!((decode(&other), decode(&bytes[..at])), (None, None), "{at}");
        }
    }
}
