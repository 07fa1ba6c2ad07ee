//! Photos in an uncompressed tar file, read where they lie.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use contract::PhotoId;

use super::tar_header::header_fits;
use super::tar_index::TarIndex;
use super::walk::is_derived;
use super::{Listing, MAX_PHOTO_BYTES, PhotoSource, SourceError, is_system_name};
use crate::spec::is_safe_relative;

/// A tar file with a `TarIndex`: either `NAME.tar.index` beside it (see [`TarSource::write_index`]), or made by
/// walking over the headers when it is opened. Nothing is unpacked.
#[derive(Debug)]
pub struct TarSource {
    path: PathBuf,
    index: TarIndex,
}

impl TarSource {
    /// Opens a tar file; an index beside it is used if it is not out of date.
    ///
    /// # Errors
    /// A missing file, one that is not a tar, or one with names that lead out of it.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let index = match TarIndex::beside(path)? {
            Some(index) => index,
            None => TarIndex::build(path)?,
        };
        Ok(Self { path: path.to_path_buf(), index })
    }

    /// Opens a tar file and sees to it that an index lies beside it, so that the next opening takes no time. Where
    /// the folder cannot be written the index is kept in memory.
    ///
    /// # Errors
    /// As [`TarSource::open`].
    pub fn open_indexed(path: &Path) -> Result<Self, SourceError> {
        let index = match TarIndex::beside(path)? {
            Some(index) => index,
            None => TarIndex::build_beside(path)?,
        };
        Ok(Self { path: path.to_path_buf(), index })
    }

    /// Writes the index beside the tar file.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_index(&self) -> Result<PathBuf, SourceError> {
        self.index.write_beside(&self.path)
    }

    /// Number of photos.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are no photos.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a photo of exactly this name.
    pub(super) fn contains(&self, id: &PhotoId) -> bool {
        self.index.find(id.0.as_bytes()).is_some()
    }

    /// The full name of a photo that is known by the end of it; see [`super::PhotoFiles`].
    pub(super) fn full_name(&self, id: &PhotoId) -> Option<PhotoId> {
        self.index.full_name(&id.0).map(PhotoId::from)
    }
}

impl PhotoSource for TarSource {
    fn list(&self) -> Result<Listing, SourceError> {
        let mut listing = Listing::default();
        for position in 0..self.len() {
            let name = self.index.name(position).and_then(|name| std::str::from_utf8(name).ok());
            let why = || "its index holds a name that is not text".to_owned();
            let name = name.ok_or_else(|| SourceError::Damaged { path: self.path.clone(), why: why() })?;
            if name.split('/').any(is_system_name) || is_derived(Path::new(name)) {
                listing.skipped.system += 1;
            } else {
                listing.ids.push(PhotoId::from(name));
            }
        }
        Ok(listing)
    }

    fn read(&self, id: &PhotoId) -> Result<Vec<u8>, SourceError> {
        if !is_safe_relative(&id.0) {
            return Err(SourceError::UnsafeName { path: self.path.clone(), id: id.clone() });
        }
        let not_found = || SourceError::NotFound { path: self.path.clone(), id: id.clone() };
        let [offset, length] = self.index.find(id.0.as_bytes()).ok_or_else(not_found)?;
        if length > MAX_PHOTO_BYTES {
            return Err(SourceError::TooLarge { path: self.path.clone(), id: id.clone(), bytes: length });
        }
        let stale =
            || SourceError::Damaged { path: self.path.clone(), why: "its index is out of date".into() };
        let mut file = File::open(&self.path).map_err(SourceError::io(&self.path))?;
        if !header_fits(&mut file, [offset, length], id.0.as_bytes()) {
            return Err(stale());
        }
        let mut bytes = vec![0; length as usize];
        file.read_exact(&mut bytes).map_err(|_| stale())?;
        Ok(bytes)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;

    pub(in crate::source) fn tar_of(path: &Path, files: &[(&str, &[u8])]) {
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
        let open = TarSource::open_indexed(&path).unwrap();
        assert!(directory.path().join("photos.tar.index").is_file());
        // The same length, other content: a source that is open notices, one that is opened makes a new index.
        tar_of(&path, &[("a.jpg", &[2; 600]), ("b.jpg", b"1")]);
        assert!(matches!(open.read(&"b.jpg".into()), Err(SourceError::Damaged { .. })));
        assert_eq!(TarSource::open(&path).unwrap().read(&"b.jpg".into()).unwrap(), b"1");
    }

    #[test]
    fn names_that_changed_places_are_noticed() {
        let long = |letter: &str| format!("{}/{}.jpg", "deep".repeat(40), letter);
        for (one, other) in [("a.jpg".to_owned(), "b.jpg".to_owned()), (long("a"), long("b"))] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("photos.tar");
            tar_of(&path, &[(&one, b"1"), (&other, b"2")]);
            let open = TarSource::open_indexed(&path).unwrap();
            assert_eq!(open.read(&other.as_str().into()).unwrap(), b"2");
            let later = std::time::SystemTime::now() + std::time::Duration::from_mins(1);
            tar_of(&path, &[(&other, b"2"), (&one, b"1")]);
            File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
            assert!(matches!(open.read(&one.as_str().into()), Err(SourceError::Damaged { .. })));
            assert_eq!(TarSource::open(&path).unwrap().read(&one.as_str().into()).unwrap(), b"1");
        }
    }

    #[test]
    fn long_names_of_the_newer_kind_are_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("photos.tar");
        let name = format!("./{}/\u{e9}.jpg", "deep".repeat(40));
        let mut builder = tar::Builder::new(File::create(&path).unwrap());
        builder.append_pax_extensions([("mtime", b"12.5".as_slice()), ("path", name.as_bytes())]).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_path("short.jpg").unwrap();
        header.set_size(3);
        header.set_cksum();
        builder.append(&header, b"one".as_slice()).unwrap();
        builder.finish().unwrap();
        let id = PhotoId::from(name.trim_start_matches("./"));
        TarSource::open(&path).unwrap().write_index().unwrap();
        assert_eq!(TarSource::open(&path).unwrap().read(&id).unwrap(), b"one");
    }

    #[test]
    fn an_index_stays_good_when_the_tar_was_only_touched() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("photos.tar");
        tar_of(&path, &[("a.jpg", b"1")]);
        let index = TarSource::open(&path).unwrap().write_index().unwrap();
        let written = fs::metadata(&index).unwrap().modified().unwrap();
        let later = std::time::SystemTime::now() + std::time::Duration::from_mins(1);
        File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
        assert_eq!(TarSource::open_indexed(&path).unwrap().len(), 1);
        assert_eq!(fs::metadata(&index).unwrap().modified().unwrap(), written);
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
