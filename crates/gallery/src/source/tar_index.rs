//! Where each photo lies in a tar file: a file of its own beside the tar, mapped when it is opened.
//!
//! A photo takes 24 bytes, its name, and 8 bytes for finding it by the end of its name. An index is out of date when
//! the tar has another size, or another time of change and entries that do not lie where the index says.

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Cursor, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use photo::has_photo_extension;

use super::SourceError;
use super::names::{ends_with, last_part};
use super::tar_header::{header_fits, plain_name};
use crate::derived::container::{Container, ContainerWriter, Header, Kind, Tag, damaged};
use crate::spec::is_safe_relative;
use files::write_atomic_with;

/// Offset and length of each photo, `[photos, 2]`, in the order of names.
const POSITIONS: Tag = 1;
const NAME_STARTS: Tag = 2;
const NAMES: Tag = 3;
/// When the tar was changed, nanoseconds since 1970.
const CHANGED: Tag = 4;
/// `[photos]`, ascending: a hash of the last part of a name (high half) and the photo's number (low half).
const LAST_PARTS: Tag = 5;

/// Entries that are compared with a tar of another time of change.
const SAMPLED: usize = 64;

/// Names, offsets and lengths of the photos in a tar file.
#[derive(Debug)]
pub(super) struct TarIndex {
    container: Container,
}

impl TarIndex {
    /// The index beside a tar file, if there is one that fits.
    ///
    /// # Errors
    /// The tar file cannot be looked at.
    pub(super) fn beside(tar: &Path) -> Result<Option<Self>, SourceError> {
        let metadata = tar.metadata().map_err(SourceError::io(tar))?;
        let Ok(container) = Container::open(&index_path(tar), Kind::Tar) else { return Ok(None) };
        let index = Self { container };
        let current = index.container.header().generation == metadata.len()
            && index.container.sized::<u64>(LAST_PARTS, index.len()).is_ok()
            && (index.container.section::<u64>(CHANGED) == [changed(&metadata)] || index.fits(tar));
        Ok(current.then_some(index))
    }

    /// Walks over the headers of a tar file.
    ///
    /// # Errors
    /// A file that is not a tar or has names that lead out of it.
    pub(super) fn build(tar: &Path) -> Result<Self, SourceError> {
        let entries = Entries::read(tar)?;
        let bytes = entries.write(Cursor::new(Vec::new())).map_err(SourceError::io(tar))?.into_inner();
        let container = Container::from_bytes(&bytes, Kind::Tar).map_err(SourceError::io(tar))?;
        Ok(Self { container })
    }

    /// Builds the index into the file beside the tar; in memory where that cannot be written.
    ///
    /// # Errors
    /// As [`TarIndex::build`].
    pub(super) fn build_beside(tar: &Path) -> Result<Self, SourceError> {
        let entries = Entries::read(tar)?;
        let path = index_path(tar);
        let written = write_atomic_with(&path, |file| entries.write(file).map(|_| ()));
        let mapped = written.and_then(|()| Container::open(&path, Kind::Tar));
        if let Ok(container) = mapped {
            Ok(Self { container })
        } else {
            let bytes = entries.write(Cursor::new(Vec::new())).map_err(SourceError::io(tar))?;
            let container = Container::from_bytes(&bytes.into_inner(), Kind::Tar);
            Ok(Self { container: container.map_err(SourceError::io(tar))? })
        }
    }

    pub(super) fn write_beside(&self, tar: &Path) -> Result<PathBuf, SourceError> {
        let path = index_path(tar);
        write_atomic_with(&path, |file| file.write_all(self.container.as_bytes()))
            .map_err(SourceError::io(&path))?;
        Ok(path)
    }

    pub(super) fn len(&self) -> usize {
        self.container.header().rows as usize
    }

    pub(super) fn name(&self, position: usize) -> Option<&[u8]> {
        let starts = self.container.section::<u64>(NAME_STARTS);
        let (start, end) = (*starts.get(position)? as usize, *starts.get(position + 1)? as usize);
        self.container.section::<u8>(NAMES).get(start..end)
    }

    /// Offset and length of a photo.
    pub(super) fn find(&self, name: &[u8]) -> Option<[u64; 2]> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.name(middle)?.cmp(name) {
                std::cmp::Ordering::Equal => {
                    return self.container.section::<[u64; 2]>(POSITIONS).get(middle).copied();
                }
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The full name of a photo whose name ends with `id`; the shortest, then the first by name, if there are several.
    pub(super) fn full_name(&self, id: &str) -> Option<&str> {
        let parts = self.container.section::<u64>(LAST_PARTS);
        let hash = part_hash(last_part(id.as_bytes()));
        let start = parts.partition_point(|entry| *entry < hash << 32);
        parts
            .get(start..)?
            .iter()
            .take_while(|entry| **entry >> 32 == hash)
            .filter_map(|entry| self.name((entry & u64::from(u32::MAX)) as usize))
            .filter(|name| ends_with(name, id.as_bytes()))
            .min_by_key(|name| name.len())
            .and_then(|name| std::str::from_utf8(name).ok())
    }

    /// Whether a sample of the entries lies where the index says.
    fn fits(&self, tar: &Path) -> bool {
        let Ok(mut file) = File::open(tar) else { return false };
        let positions = self.container.section::<[u64; 2]>(POSITIONS);
        let step = positions.len().div_ceil(SAMPLED).max(1);
        let mut sample = (0..positions.len()).step_by(step).chain(positions.len().checked_sub(1));
        sample.all(|number| {
            let entry = positions.get(number).zip(self.name(number));
            entry.is_some_and(|(&position, name)| header_fits(&mut file, position, name))
        })
    }
}

/// What the headers of a tar file say.
struct Entries {
    tar_length: u64,
    changed: u64,
    /// Of several entries with one name the last counts, as when unpacking.
    photos: std::collections::BTreeMap<String, [u64; 2]>,
}

impl Entries {
    fn read(path: &Path) -> Result<Self, SourceError> {
        let file = File::open(path).map_err(SourceError::io(path))?;
        let metadata = file.metadata().map_err(SourceError::io(path))?;
        let mut archive = tar::Archive::new(BufReader::new(file));
        let mut photos = std::collections::BTreeMap::new();
        let no_tar =
            |error: io::Error| SourceError::Damaged { path: path.to_path_buf(), why: error.to_string() };
        for entry in archive.entries_with_seek().map_err(no_tar)? {
            let entry = entry.map_err(no_tar)?;
            let name = plain_name(&entry.path_bytes());
            if !entry.header().entry_type().is_file() || !has_photo_extension(Path::new(&name)) {
                continue;
            }
            if !is_safe_relative(&name) {
                return Err(SourceError::UnsafeName { path: path.to_path_buf(), id: name.into() });
            }
            let (offset, length) = (entry.raw_file_position(), entry.size());
            if offset.checked_add(length).is_none_or(|end| end > metadata.len()) {
                return Err(no_tar(damaged("it is cut short")));
            }
            photos.insert(name, [offset, length]);
        }
        Ok(Self { tar_length: metadata.len(), changed: changed(&metadata), photos })
    }

    fn write<W: Write + Seek>(&self, out: W) -> io::Result<W> {
        let rows = self.photos.len() as u64;
        let names: u64 = self.photos.keys().map(|name| name.len() as u64).sum();
        let sections = [
            (CHANGED, Some(8)),
            (POSITIONS, Some(rows * 16)),
            (NAME_STARTS, Some((rows + 1) * 8)),
            (LAST_PARTS, Some(rows * 8)),
            (NAMES, Some(names)),
        ];
        let header = Header { kind: Kind::Tar, generation: self.tar_length, rows, dimension: 0 };
        let mut writer = ContainerWriter::new(out, header, &sections);
        writer.append(CHANGED, &self.changed.to_le_bytes())?;
        let mut end = 0_u64;
        writer.append(NAME_STARTS, &end.to_le_bytes())?;
        let mut last_parts = Vec::with_capacity(self.photos.len());
        for (number, (name, position)) in self.photos.iter().enumerate() {
            writer.append(POSITIONS, bytemuck::cast_slice(position))?;
            writer.append(NAMES, name.as_bytes())?;
            end += name.len() as u64;
            writer.append(NAME_STARTS, &end.to_le_bytes())?;
            last_parts.push(part_hash(last_part(name.as_bytes())) << 32 | number as u64);
        }
        last_parts.sort_unstable();
        for entry in last_parts {
            writer.append(LAST_PARTS, &entry.to_le_bytes())?;
        }
        Ok(writer.finish()?.0)
    }
}

fn part_hash(part: &[u8]) -> u64 {
    u64::from(crc32fast::hash(part))
}

fn changed(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as u64)
}

fn index_path(tar: &Path) -> PathBuf {
    let mut name = tar.as_os_str().to_owned();
    name.push(".index");
    PathBuf::from(name)
}
