//! Photos in an uncompressed tar file, read where they lie.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use contract::PhotoId;
use nets::photo::has_photo_extension;

use super::{MAX_PHOTO_BYTES, PhotoSource, SourceError};
use crate::derived::atomic::write_atomically;
use crate::derived::container::{Container, ContainerWriter, Header, Kind, Tag, damaged};
use crate::spec::is_safe_relative;

/// Offset and length of each photo, `[photos, 2]`, in the order of names.
const POSITIONS: Tag = 1;
const NAME_STARTS: Tag = 2;
const NAMES: Tag = 3;

const BLOCK: u64 = 512;

/// A tar file with an index: either `NAME.tar.index` beside it (see [`TarSource::write_index`]), or made by
/// walking over the headers when it is opened. Nothing is unpacked.
#[derive(Debug)]
pub struct TarSource {
    path: PathBuf,
    index: Container,
}

impl TarSource {
    /// # Errors
    /// A missing file, one that is no tar, or one with names that lead out of it.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let length = path.metadata().map_err(SourceError::io(path))?.len();
        let beside = Container::open(&index_path(path), Kind::Tar);
        if let Some(index) = beside.ok().filter(|index| index.header().generation == length) {
            return Ok(Self { path: path.to_path_buf(), index });
        }
        let bytes = index_of(path, length)?;
        let index = Container::from_bytes(&bytes, Kind::Tar).map_err(SourceError::io(path))?;
        Ok(Self { path: path.to_path_buf(), index })
    }

    /// Writes the index beside the tar file, so that opening a large one takes no time.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_index(&self) -> Result<PathBuf, SourceError> {
        let path = index_path(&self.path);
        write_atomically(&path, |file| file.write_all(self.index.as_bytes()))
            .map_err(SourceError::io(&path))?;
        Ok(path)
    }

    /// Number of photos.
    pub fn len(&self) -> usize {
        self.index.header().rows as usize
    }

    /// Whether there are no photos.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn name(&self, position: usize) -> Option<&[u8]> {
        let starts = self.index.section::<u64>(NAME_STARTS);
        let (start, end) = (*starts.get(position)? as usize, *starts.get(position + 1)? as usize);
        self.index.section::<u8>(NAMES).get(start..end)
    }

    /// Offset and length of a photo.
    fn find(&self, id: &PhotoId) -> Option<[u64; 2]> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.name(middle)?.cmp(id.0.as_bytes()) {
                std::cmp::Ordering::Equal => {
                    return self.index.section::<[u64; 2]>(POSITIONS).get(middle).copied();
                }
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

impl PhotoSource for TarSource {
    fn ids(&self) -> Result<Vec<PhotoId>, SourceError> {
        (0..self.len())
            .map(|position| {
                let name = self.name(position).and_then(|name| std::str::from_utf8(name).ok());
                let why = || "its index holds a name that is no text".to_owned();
                name.map(PhotoId::from)
                    .ok_or_else(|| SourceError::Damaged { path: self.path.clone(), why: why() })
            })
            .collect()
    }

    fn read(&self, id: &PhotoId) -> Result<Vec<u8>, SourceError> {
        if !is_safe_relative(&id.0) {
            return Err(SourceError::UnsafeName { path: self.path.clone(), id: id.clone() });
        }
        let not_found = || SourceError::NotFound { path: self.path.clone(), id: id.clone() };
        let [offset, length] = self.find(id).ok_or_else(not_found)?;
        if length > MAX_PHOTO_BYTES {
            return Err(SourceError::TooLarge { path: self.path.clone(), id: id.clone(), bytes: length });
        }
        let stale =
            || SourceError::Damaged { path: self.path.clone(), why: "its index is out of date".into() };
        let mut file = File::open(&self.path).map_err(SourceError::io(&self.path))?;
        // The header before the photo tells whether the index still speaks of this file.
        let mut header = tar::Header::new_old();
        file.seek(SeekFrom::Start(offset.checked_sub(BLOCK).ok_or_else(stale)?))
            .and_then(|_| file.read_exact(header.as_mut_bytes()))
            .map_err(|_| stale())?;
        if header.entry_size().ok() != Some(length)
            || header.cksum().ok() != Some(checksum(header.as_bytes()))
        {
            return Err(stale());
        }
        let mut bytes = vec![0; length as usize];
        file.read_exact(&mut bytes).map_err(|_| stale())?;
        Ok(bytes)
    }
}

/// Of a tar header: the sum of its bytes, those of the checksum field taken as spaces.
fn checksum(header: &[u8; BLOCK as usize]) -> u32 {
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    sum(&header[..148]) + 8 * u32::from(b' ') + sum(&header[156..])
}

fn index_path(tar: &Path) -> PathBuf {
    let mut name = tar.as_os_str().to_owned();
    name.push(".index");
    PathBuf::from(name)
}

/// The index of a tar file as bytes. Of several entries with one name the last counts, as when unpacking.
fn index_of(path: &Path, tar_length: u64) -> Result<Vec<u8>, SourceError> {
    let file = File::open(path).map_err(SourceError::io(path))?;
    let mut archive = tar::Archive::new(BufReader::new(file));
    let mut entries = std::collections::BTreeMap::new();
    let no_tar =
        |error: std::io::Error| SourceError::Damaged { path: path.to_path_buf(), why: error.to_string() };
    for entry in archive.entries_with_seek().map_err(no_tar)? {
        let entry = entry.map_err(no_tar)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() || !has_photo_extension(Path::new(&name)) {
            continue;
        }
        let name = name.trim_start_matches("./").to_owned();
        if !is_safe_relative(&name) {
            return Err(SourceError::UnsafeName { path: path.to_path_buf(), id: name.into() });
        }
        let (offset, length) = (entry.raw_file_position(), entry.size());
        if offset.checked_add(length).is_none_or(|end| end > tar_length) {
            return Err(no_tar(damaged("it is cut short")));
        }
        entries.insert(name, [offset, length]);
    }
    let rows = entries.len() as u64;
    let names: u64 = entries.keys().map(|name| name.len() as u64).sum();
    let sections = [(POSITIONS, Some(rows * 16)), (NAME_STARTS, Some((rows + 1) * 8)), (NAMES, Some(names))];
    let header = Header { kind: Kind::Tar, generation: tar_length, rows, dimension: 0 };
    let mut writer = ContainerWriter::new(Cursor::new(Vec::new()), header, &sections);
    let written = (|| {
        let mut end = 0_u64;
        writer.append(NAME_STARTS, &end.to_le_bytes())?;
        for (name, position) in &entries {
            writer.append(POSITIONS, bytemuck::cast_slice(position))?;
            writer.append(NAMES, name.as_bytes())?;
            end += name.len() as u64;
            writer.append(NAME_STARTS, &end.to_le_bytes())?;
        }
        Ok(writer.finish()?.0.into_inner())
    })();
    written.map_err(SourceError::io(path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tar_of(path: &Path, files: &[(&str, &[u8])]) {
        let mut builder = tar::Builder::new(File::create(path).unwrap());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            // Names that the builder would refuse must be refused by us as well.
            if name.contains("..") {
                header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
                header.set_cksum();
                builder.append(&header, *bytes).unwrap();
            } else {
                builder.append_data(&mut header, name, *bytes).unwrap();
            }
        }
        builder.finish().unwrap();
    }

    #[test]
    fn reads_by_offset_with_and_without_an_index_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("photos.tar");
        let long = format!("{}/x.jpg", "long".repeat(40));
        let files: [(&str, &[u8]); 4] =
            [("b/2.jpg", b"two"), ("readme.txt", b"no"), (&long, b"deep"), ("a.png", &[7; 1500])];
        tar_of(&path, &files);
        let scanned = TarSource::open(&path).unwrap();
        let index = scanned.write_index().unwrap();
        let indexed = TarSource::open(&path).unwrap();
        assert_eq!(scanned.ids().unwrap(), indexed.ids().unwrap());
        assert_eq!(indexed.ids().unwrap(), ["a.png", "b/2.jpg", &long].map(PhotoId::from));
        for source in [scanned, indexed] {
            for (name, bytes) in files.iter().filter(|(name, _)| !name.ends_with("txt")) {
                assert_eq!(source.read(&(*name).into()).unwrap(), *bytes);
            }
            assert!(matches!(source.read(&"readme.txt".into()), Err(SourceError::NotFound { .. })));
            assert!(matches!(source.read(&"../a.png".into()), Err(SourceError::UnsafeName { .. })));
        }
        // A damaged index is not used.
        let mut bytes = fs::read(&index).unwrap();
        bytes[300] ^= 1;
        fs::write(&index, bytes).unwrap();
        assert_eq!(TarSource::open(&path).unwrap().len(), 3);
    }

    #[test]
    fn an_index_of_another_tar_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("photos.tar");
        tar_of(&path, &[("a.jpg", b"1"), ("b.jpg", &[2; 600])]);
        TarSource::open(&path).unwrap().write_index().unwrap();
        tar_of(&path, &[("a.jpg", &[2; 600]), ("b.jpg", b"1")]);
        let source = TarSource::open(&path).unwrap();
        assert!(matches!(source.read(&"b.jpg".into()), Err(SourceError::Damaged { .. })));
    }

    #[test]
    fn names_that_lead_out_and_cut_files_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("photos.tar");
        tar_of(&path, &[("../../etc/x.jpg", b"1")]);
        assert!(matches!(TarSource::open(&path), Err(SourceError::UnsafeName { .. })));
        tar_of(&path, &[("a.jpg", &[1; 5000])]);
        fs::write(&path, &fs::read(&path).unwrap()[..2000]).unwrap();
        assert!(matches!(TarSource::open(&path), Err(SourceError::Damaged { .. })));
        assert!(matches!(
            TarSource::open(&directory.path().join("no.tar")),
            Err(SourceError::Missing { .. })
        ));
    }
}
