//! Reading a pack's files: no byte is used before its checksum has been compared.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use files::hexadecimal;
use sha2::{Digest, Sha256};

use super::{FileManifest, Pack};
use crate::PackError;

impl Pack {
    /// Reads a file of the pack into memory and compares its checksum.
    ///
    /// # Errors
    /// [`PackError`] when the file is not listed, missing, or differs from the manifest.
    pub fn read(&self, relative: &str) -> Result<Vec<u8>, PackError> {
        let file = self.listed(relative)?;
        let path = self.path(relative);
        let bytes = std::fs::read(&path).map_err(|source| PackError::Read { path: path.clone(), source })?;
        compare(file, &path, bytes.len() as u64, &sha256_hex(&bytes))?;
        Ok(bytes)
    }

    /// Compares the checksum of a file that someone else will open (a database, a mapped index).
    ///
    /// # Errors
    /// As [`Pack::read`].
    pub fn verify_file(&self, relative: &str) -> Result<(), PackError> {
        self.check(self.listed(relative)?)
    }

    /// Compares the checksums of all files in a directory of the pack.
    ///
    /// # Errors
    /// As [`Pack::read`]; [`PackError::Unlisted`] if the pack has no file there.
    pub fn verify_directory(&self, relative: &str) -> Result<(), PackError> {
        let prefix = format!("{}/", relative.trim_end_matches('/'));
        let mut inside =
            self.manifest().files.iter().filter(|file| file.path.starts_with(&prefix)).peekable();
        if inside.peek().is_none() {
            return Err(PackError::Unlisted {
                directory: self.directory().to_owned(),
                file: relative.to_owned(),
            });
        }
        inside.try_for_each(|file| self.check(file))
    }

    fn listed(&self, relative: &str) -> Result<&FileManifest, PackError> {
        self.manifest().files.iter().find(|file| file.path == relative).ok_or_else(|| PackError::Unlisted {
            directory: self.directory().to_owned(),
            file: relative.to_owned(),
        })
    }

    pub(super) fn check(&self, file: &FileManifest) -> Result<(), PackError> {
        let path = self.path(&file.path);
        let failed = |source| PackError::Read { path: path.clone(), source };
        let (length, sha256) = digest(&path).map_err(failed)?;
        compare(file, &path, length, &sha256)
    }
}

/// SHA-256 of a file in lower-case hexadecimal.
///
/// # Errors
/// Those of the file system.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    Ok(digest(path)?.1)
}

/// Length and SHA-256.
fn digest(path: &Path) -> io::Result<(u64, String)> {
    let mut reader = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    let mut length = 0;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok((length, hexadecimal(&hasher.finalize())));
        }
        length += count as u64;
        hasher.update(&buffer[..count]);
    }
}

fn compare(file: &FileManifest, path: &Path, bytes: u64, sha256: &str) -> Result<(), PackError> {
    if bytes != file.bytes {
        let (expected, found) = (format!("{} bytes", file.bytes), format!("{bytes} bytes"));
        return Err(PackError::Damaged { path: path.to_owned(), expected, found });
    }
    if sha256 != file.sha256 {
        let (expected, found) = (format!("sha256 {}", file.sha256), sha256.to_owned());
        return Err(PackError::Damaged { path: path.to_owned(), expected, found });
    }
    Ok(())
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}
