//! Photos to features: in parts of a few hundred photos, each a file, so that machines can share the work and a killed
//! run continues where it was.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use contract::{Encoder as _, Failure, PerceptualHash, Photo, PhotoId, QueryEmbedding};
use files::write_atomic;
use gallery::PhotoSource;
use georanker::{FeatureExtractor, PhotoEncoder};
use photo::{DecodeOptions, Limits, decode_photo, perceptual_hash};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::work::{Numbers, read_json, write_json};
use crate::{BuildError, Event, Run};

/// Photos in a part: what a killed run loses at most.
const PART: usize = 256;
/// Photos whose pixels are in memory at once.
const GROUP: usize = 16;
/// The rows that a part holds, in front of the numbers.
const HEAD: usize = 8;

/// A shard of the work: part numbers that leave this remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: usize,
    /// How many there are.
    pub of: usize,
}

impl Shard {
    /// All of it.
    pub const ALL: Self = Self { index: 0, of: 1 };
}

impl std::str::FromStr for Shard {
    type Err = String;

    /// `i/n`, from 1: `2/8` is the second of eight.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a shard: write 2/8 for the second of eight");
        let (index, of) = text.split_once('/').ok_or_else(wrong)?;
        let (index, of): (usize, usize) =
            (index.parse().map_err(|_| wrong())?, of.parse().map_err(|_| wrong())?);
        if of == 0 || index == 0 || index > of {
            return Err(wrong());
        }
        Ok(Self { index: index - 1, of })
    }
}

/// What makes features.
pub(crate) enum Maker {
    /// Heads will be fitted to these.
    Features(Box<FeatureExtractor>),
    /// The network's own vectors, channel after channel.
    Channels(Box<PhotoEncoder>),
}

impl Maker {
    /// Numbers of a photo.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Features(extractor) => extractor.length(),
            Self::Channels(encoder) => encoder.channels().iter().map(|spec| spec.dimension).sum(),
        }
    }

    fn of_batch(&self, photos: &[&Photo]) -> Vec<Result<Vec<f32>, Failure>> {
        match self {
            Self::Features(extractor) => extractor.of_batch(photos),
            Self::Channels(encoder) => {
                let flat = |embedding: QueryEmbedding| {
                    embedding.vectors.into_iter().flat_map(|(_, vector)| vector).collect()
                };
                encoder.encode(photos).into_iter().map(|one| one.map(flat)).collect()
            }
        }
    }
}

/// A photo that could not be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FailedPhoto {
    /// Its number in the table.
    pub(crate) row: u32,
    pub(crate) message: String,
}

/// One part, as it is stored.
struct Part {
    rows: Vec<u32>,
    hashes: Vec<u64>,
    features: Vec<f32>,
    failed: Vec<FailedPhoto>,
}

/// The parts of one list of photos.
pub(crate) struct Parts<'a> {
    pub(crate) directory: PathBuf,
    pub(crate) ids: &'a [PhotoId],
    pub(crate) source: &'a dyn PhotoSource,
    pub(crate) length: usize,
}

impl Parts<'_> {
    /// How many parts there are in all.
    pub(crate) fn count(&self) -> usize {
        self.ids.len().div_ceil(PART)
    }

    fn path(&self, part: usize) -> PathBuf {
        self.directory.join(format!("{part:06}.part"))
    }

    /// The first part that is missing, and how many are.
    pub(crate) fn missing(&self) -> Option<(usize, usize)> {
        let mut missing = (0..self.count()).filter(|&part| !self.path(part).is_file());
        let first = missing.next()?;
        Some((first, 1 + missing.count()))
    }

    /// Makes the parts of a shard that are not there yet. `open` loads the network, if it is needed at all.
    pub(crate) fn make(
        &self,
        shard: Shard,
        open: impl FnOnce() -> Result<Maker, BuildError>,
        run: &Run<'_>,
    ) -> Result<(), BuildError> {
        fs::create_dir_all(&self.directory).map_err(BuildError::io(&self.directory))?;
        let own = (0..self.count()).filter(|part| part % shard.of == shard.index);
        let wanted: Vec<usize> = own.filter(|&part| !self.path(part).is_file()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let maker = open()?;
        let total: usize = wanted.iter().map(|&part| self.rows(part).len()).sum();
        let mut done = 0;
        for part in wanted {
            let mut made =
                Part { rows: Vec::new(), hashes: Vec::new(), features: Vec::new(), failed: Vec::new() };
            let rows: Vec<usize> = self.rows(part).collect();
            for group in rows.chunks(GROUP) {
                if run.stop.load(Ordering::Relaxed) {
                    return Err(BuildError::Interrupted);
                }
                self.group(&maker, group, &mut made)?;
                done += group.len();
                run.tell(Event::Count { done, total });
            }
            self.write(part, &made)?;
        }
        Ok(())
    }

    fn rows(&self, part: usize) -> std::ops::Range<usize> {
        part * PART..((part + 1) * PART).min(self.ids.len())
    }

    fn group(&self, maker: &Maker, rows: &[usize], made: &mut Part) -> Result<(), BuildError> {
        let read = |&row: &usize| -> Result<Photo, Failure> {
            let id = self.ids[row].clone();
            let bytes = self.source.read(&id)?;
            decode_photo(&id.0, &bytes, &Limits::default(), DecodeOptions::default())
                .map(|decoded| Photo { metadata: decoded.metadata, ..Photo::new(id, decoded.image) })
        };
        let photos: Vec<Result<Photo, Failure>> = rows.par_iter().map(read).collect();
        let good: Vec<&Photo> = photos.iter().flatten().collect();
        let mut features = maker.of_batch(&good).into_iter();
        for (&row, photo) in rows.iter().zip(&photos) {
            let outcome = match photo {
                Ok(_) => features.next().unwrap_or_else(|| Err(lost(&self.ids[row]))),
                Err(failure) => Err(failure.clone()),
            };
            match (outcome, photo) {
                (Ok(values), Ok(photo)) => {
                    if values.iter().any(|value| !value.is_finite()) {
                        return Err(BuildError::NotFinite { photo: self.ids[row].0.clone() });
                    }
                    made.rows.push(row as u32);
                    made.hashes.push(perceptual_hash(&photo.image).0);
                    made.features.extend(values);
                }
                (Err(Failure { message, .. }), _) => {
                    made.failed.push(FailedPhoto { row: row as u32, message });
                }
                // What could not be read has failed above.
                (Ok(_), Err(_)) => {}
            }
        }
        Ok(())
    }

    /// `rows, failed bytes (u32 each), rows, hashes, features, failed as JSON`.
    fn write(&self, part: usize, made: &Part) -> Result<(), BuildError> {
        let path = self.path(part);
        let failed = serde_json::to_vec(&made.failed).unwrap_or_default();
        let mut bytes =
            Vec::with_capacity(HEAD + made.features.len() * 4 + made.rows.len() * 12 + failed.len());
        bytes.extend((made.rows.len() as u32).to_le_bytes());
        bytes.extend((failed.len() as u32).to_le_bytes());
        bytes.extend(made.rows.iter().flat_map(|row| row.to_le_bytes()));
        bytes.extend(made.hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        bytes.extend(made.features.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(failed);
        write_atomic(&path, bytes).map_err(BuildError::io(&path))
    }

    fn read(&self, part: usize) -> Result<Part, BuildError> {
        let path = self.path(part);
        let bytes = fs::read(&path).map_err(BuildError::io(&path))?;
        let damaged = || BuildError::Damaged { path: path.clone(), why: "its length is wrong".to_owned() };
        let number = |at: usize| {
            let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
            four.map(u32::from_le_bytes).ok_or_else(damaged)
        };
        let (rows, failed) = (number(0)? as usize, number(4)? as usize);
        let ends = [HEAD, HEAD + 4 * rows, HEAD + 12 * rows, HEAD + 12 * rows + 4 * rows * self.length];
        if bytes.len() != ends[3] + failed {
            return Err(damaged());
        }
        let failed = serde_json::from_slice(&bytes[ends[3]..]);
        Ok(Part {
            rows: bytes[ends[0]..ends[1]]
                .as_chunks::<4>()
                .0
                .iter()
                .map(|four| u32::from_le_bytes(*four))
                .collect(),
            hashes: bytes[ends[1]..ends[2]]
                .as_chunks::<8>()
                .0
                .iter()
                .map(|eight| u64::from_le_bytes(*eight))
                .collect(),
            features: bytes[ends[2]..ends[3]]
                .as_chunks::<4>()
                .0
                .iter()
                .map(|four| f32::from_le_bytes(*four))
                .collect(),
            failed: failed.map_err(|_| damaged())?,
        })
    }

    /// Puts all parts together into a directory that [`Features::open`] reads.
    pub(crate) fn merge(&self, into: &Path, failures_allowed: f64) -> Result<(), BuildError> {
        if let Some((first, missing)) = self.missing() {
            return Err(BuildError::MissingParts { missing, of: self.count(), first });
        }
        let file = |name: &str| -> Result<BufWriter<fs::File>, BuildError> {
            let path = into.join(name);
            fs::File::create(&path).map(BufWriter::new).map_err(BuildError::io(path))
        };
        let mut files = [file(ROWS)?, file(HASHES)?, file(VALUES)?];
        let mut failed: Vec<FailedPhoto> = Vec::new();
        for part in 0..self.count() {
            let part = self.read(part)?;
            let write = |file: &mut BufWriter<fs::File>, bytes: &[u8]| {
                file.write_all(bytes).map_err(BuildError::io(into))
            };
            let [rows, hashes, values] = &mut files;
            write(rows, bytemuck::cast_slice(&part.rows))?;
            write(hashes, bytemuck::cast_slice(&part.hashes))?;
            write(values, bytemuck::cast_slice(&part.features))?;
            failed.extend(part.failed);
        }
        for file in &mut files {
            file.flush().map_err(BuildError::io(into))?;
        }
        if let Some(first) = failed.first()
            && failed.len() as f64 > failures_allowed * self.ids.len() as f64
        {
            let first = first.message.clone();
            return Err(BuildError::TooManyFailed { failed: failed.len(), of: self.ids.len(), first });
        }
        write_json(&into.join(FAILED), &failed)
    }
}

fn lost(id: &PhotoId) -> Failure {
    Failure::new(contract::ErrorKind::Internal, format!("{id}: it got no features"))
}

const ROWS: &str = "rows.u32";
const HASHES: &str = "hashes.u64";
const VALUES: &str = "features.f32";
const FAILED: &str = "failed.json";

/// The features of all photos that could be read.
pub(crate) struct Features {
    rows: Numbers,
    hashes: Numbers,
    values: Numbers,
    pub(crate) length: usize,
    pub(crate) failed: Vec<FailedPhoto>,
}

impl Features {
    pub(crate) fn open(directory: &Path, length: usize) -> Result<Self, BuildError> {
        let features = Self {
            rows: Numbers::open::<u32>(&directory.join(ROWS))?,
            hashes: Numbers::open::<u64>(&directory.join(HASHES))?,
            values: Numbers::open::<f32>(&directory.join(VALUES))?,
            length,
            failed: read_json(&directory.join(FAILED))?,
        };
        let count = features.len();
        let fits = features.values.as_slice::<f32>().len() == count * length
            && features.hashes.as_slice::<u64>().len() == count;
        if !fits {
            return Err(BuildError::Damaged {
                path: directory.to_owned(),
                why: "its files do not have the same number of photos".to_owned(),
            });
        }
        Ok(features)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.as_slice::<u32>().len()
    }

    /// Number in the table of each photo.
    pub(crate) fn rows(&self) -> &[u32] {
        self.rows.as_slice()
    }

    pub(crate) fn hash(&self, index: usize) -> PerceptualHash {
        PerceptualHash(self.hashes.as_slice::<u64>().get(index).copied().unwrap_or_default())
    }

    /// The features of one photo, `[length]`.
    pub(crate) fn row(&self, index: usize) -> &[f32] {
        &self.values.as_slice::<f32>()[index * self.length..(index + 1) * self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_written_as_people_count() {
        assert_eq!("2/8".parse(), Ok(Shard { index: 1, of: 8 }));
        for wrong in ["0/8", "9/8", "1/0", "1", "a/b", ""] {
            assert!(wrong.parse::<Shard>().unwrap_err().contains("not a shard"), "{wrong}");
        }
    }
}
