//! The only memory map of the workspace: a file seen as bytes, loaded page by page as it is touched.
#![allow(unsafe_code)] // Mapping a file is unsafe by nature; the invariant is stated at the one call.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::path::Path;

use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;

use crate::is_unsupported;

/// A whole file, read-only. Cheap to open whatever its size; pages may be dropped and reread by the system.
///
/// The file must not be changed in place while it is open: replace it by renaming a new one over it. All
/// files of this project are written that way.
///
/// ```
/// # let directory = std::env::temp_dir().join(format!("mapped-file-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("weights.bin");
/// std::fs::write(&path, b"weights")?;
/// let file = files::MappedFile::open(&path)?;
/// assert_eq!(&file[..], b"weights");
/// # drop(file);
/// # std::fs::remove_dir_all(directory)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct MappedFile {
    bytes: Bytes,
}

enum Bytes {
    /// An empty file cannot be mapped on every system.
    None,
    Mapped(Mmap),
    /// On a file system that maps no files.
    Read(Vec<u8>),
}

impl MappedFile {
    /// Maps the whole file.
    ///
    /// # Errors
    /// Those of opening and mapping; a directory or a device is refused.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        if metadata.len() == 0 {
            return Ok(Self { bytes: Bytes::None });
        }
        // SAFETY: the bytes behind the map must not change while it lives. The map is private to this
        // process and read-only; every writer of this project makes a new file and renames it over the old
        // one, which leaves the mapped one intact. Any bit pattern is a valid `u8`.
        let bytes = match unsafe { Mmap::map(&file) } {
            Ok(map) => Bytes::Mapped(map),
            Err(error) if is_unsupported(&error) => Bytes::Read(std::fs::read(path)?),
            Err(error) => return Err(error),
        };
        Ok(Self { bytes })
    }

    /// Tells the system that these bytes are not needed for now: their memory is free for others, and they are read
    /// again should they be touched. Does nothing where the system has no such call, or the range is not inside.
    pub fn release(&self, bytes: Range<usize>) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = &self.bytes
            && bytes.start < bytes.end
            && bytes.end <= map.len()
        {
            // SAFETY: dropping pages loses what was written to them alone. Nothing can be written through this map,
            // and the file behind it does not change while it lives, so the same bytes come back.
            let advised = unsafe {
                map.unchecked_advise_range(UncheckedAdvice::DontNeed, bytes.start, bytes.end - bytes.start)
            };
            // Only memory is at stake.
            drop(advised);
        }
        #[cfg(not(unix))]
        drop(bytes);
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.bytes {
            Bytes::None => &[],
            Bytes::Mapped(map) => map,
            Bytes::Read(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for MappedFile {
    /// Without the bytes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MappedFile").field("bytes", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_an_ordinary_read() {
        let directory = tempfile::tempdir().unwrap();
        for length in [0_usize, 1, 4095, 4096, 100_000] {
            let path = directory.path().join(length.to_string());
            let bytes: Vec<u8> = (0..length).map(|index| (index * 31 % 251) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(&MappedFile::open(&path).unwrap()[..], &std::fs::read(&path).unwrap()[..]);
        }
    }

    #[test]
    fn released_bytes_come_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("weights");
        let bytes: Vec<u8> = (0..50_000).map(|index| (index * 31 % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let file = MappedFile::open(&path).unwrap();
        assert_eq!(&file[..], &bytes[..]);
        for range in [5..40_000, 0..50_000, 0..0, 40_000..90_000] {
            file.release(range);
            assert_eq!(&file[..], &bytes[..]);
        }
    }

    #[test]
    fn keeps_the_old_bytes_when_the_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let (path, new) = (directory.path().join("a"), directory.path().join("b"));
        std::fs::write(&path, b"old").unwrap();
        let file = MappedFile::open(&path).unwrap();
        std::fs::write(&new, b"new bytes").unwrap();
        std::fs::rename(&new, &path).unwrap();
        assert_eq!(&file[..], b"old");
    }

    #[test]
    fn refuses_what_is_no_file() {
        let directory = tempfile::tempdir().unwrap();
        assert!(MappedFile::open(directory.path()).is_err());
        assert!(MappedFile::open(&directory.path().join("missing")).is_err());
    }
}
