//! Reading a pack's files: no byte is used before its checksum has been compared, now or, for a large file that has not
//! changed since, at an earlier start (see [`stamps`](super::stamps)).

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use files::{Sha256Sum, sha256_hex, sha256_of_file};

use super::stamps::{ALWAYS_HASHED, Stamps};
use super::{FileManifest, Pack};
use crate::PackError;

impl Pack {
    /// Reads a file of the pack into memory and compares its checksum, unless it is large and has not changed since that
    /// was done before.
    ///
    /// # Errors
    /// [`PackError`] when the file is not listed, missing, or differs from the manifest.
    pub fn read(&self, relative: &str) -> Result<Vec<u8>, PackError> {
        let file = self.listed(relative)?;
        let path = self.path(relative);
        let failed = |source| PackError::Read { path: path.clone(), source };
        let mut opened = File::open(&path).map_err(failed)?;
        let metadata = opened.metadata().map_err(failed)?;
        let mut bytes = Vec::new();
        opened.read_to_end(&mut bytes).map_err(failed)?;
        let length = bytes.len() as u64;
        let stamps = self.stamps_for(file);
        if length == file.bytes && stamps.is_some_and(|stamps| stamps.vouch_for(file, &metadata)) {
            return Ok(bytes);
        }
        compare(file, &path, &Sha256Sum { bytes: length, sha256: sha256_hex(&bytes) })?;
        if let Some(stamps) = stamps {
            stamps.remember(file, &path, &metadata);
        }
        Ok(bytes)
    }

    /// [`Pack::read`] for a text file.
    ///
    /// # Errors
    /// As there; [`PackError::Weights`] for a file that is not UTF-8.
    pub fn read_text(&self, relative: &str) -> Result<String, PackError> {
        let why = "is not UTF-8 text".to_owned();
        String::from_utf8(self.read(relative)?)
            .map_err(|_| PackError::Weights { path: self.path(relative), why })
    }

    /// Compares the checksum of a file that someone else will open (a database, a mapped index), unless it is large and
    /// has not changed since that was done before.
    ///
    /// # Errors
    /// As [`Pack::read`].
    pub fn verify_file(&self, relative: &str) -> Result<(), PackError> {
        self.check_if_changed(self.listed(relative)?)
    }

    /// As [`Pack::verify_file`], for all files in a directory of the pack.
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
        inside.try_for_each(|file| self.check_if_changed(file))
    }

    /// Checks every byte of the pack, whatever is remembered of earlier checks; the problems found, none if it is sound.
    pub fn verify(&self) -> Vec<PackError> {
        let files = &self.manifest().files;
        let problems: Vec<PackError> = files.iter().filter_map(|file| self.check(file).err()).collect();
        if let Some(stamps) = self.stamps.as_deref().filter(|_| !problems.is_empty()) {
            stamps.forget();
        }
        problems
    }

    fn listed(&self, relative: &str) -> Result<&FileManifest, PackError> {
        self.manifest().files.iter().find(|file| file.path == relative).ok_or_else(|| PackError::Unlisted {
            directory: self.directory().to_owned(),
            file: relative.to_owned(),
        })
    }

    /// The stamps, if they matter for this file.
    fn stamps_for(&self, file: &FileManifest) -> Option<&Stamps> {
        self.stamps.as_deref().filter(|_| file.bytes > ALWAYS_HASHED)
    }

    fn check_if_changed(&self, file: &FileManifest) -> Result<(), PackError> {
        let Some(stamps) = self.stamps_for(file) else { return self.check(file) };
        let path = self.path(&file.path);
        let metadata =
            fs::metadata(&path).map_err(|source| PackError::Read { path: path.clone(), source })?;
        if !stamps.vouch_for(file, &metadata) {
            self.check(file)?;
            stamps.remember(file, &path, &metadata);
        }
        Ok(())
    }

    fn check(&self, file: &FileManifest) -> Result<(), PackError> {
        let path = self.path(&file.path);
        let sum = sha256_of_file(&path).map_err(|source| PackError::Read { path: path.clone(), source })?;
        compare(file, &path, &sum)
    }
}

fn compare(file: &FileManifest, path: &Path, found: &Sha256Sum) -> Result<(), PackError> {
    if found.bytes != file.bytes {
        let (expected, found) = (format!("{} bytes", file.bytes), format!("{} bytes", found.bytes));
        return Err(PackError::Damaged { path: path.to_owned(), expected, found });
    }
    if found.sha256 != file.sha256 {
        let (expected, found) = (format!("sha256 {}", file.sha256), found.sha256.clone());
        return Err(PackError::Damaged { path: path.to_owned(), expected, found });
    }
    Ok(())
}
