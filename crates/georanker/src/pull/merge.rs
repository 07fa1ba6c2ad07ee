//! A `pack.toml` that is there already, and what a new pull fetched.
//!
//! The file is the user's as much as ours: settings stay, and so do files that the user added beside the pulled parts.
//! But a new commit may have other files, and a pack whose encoder names one that is gone does not open.

use std::fs;
use std::io;
use std::path::Path;

use super::error::disk;
use super::{PullError, PulledPack};
use crate::pack::{FileManifest, MANIFEST_FILE, Manifest};

impl PulledPack {
    /// The `pack.toml` of a directory, if there is one.
    ///
    /// # Errors
    /// [`PullError::Disk`], [`PullError::Manifest`].
    pub(super) fn kept_manifest(directory: &Path) -> Result<Option<Manifest>, PullError> {
        let path = directory.join(MANIFEST_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => match toml::from_str(&text) {
                Ok(manifest) => Ok(Some(manifest)),
                Err(error) => Err(PullError::Manifest { path, why: error.to_string() }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk(&path)(error)),
        }
    }

    /// `kept` with the files of this pull: lengths and checksums are brought up to date, paths that this pull no longer
    /// has are replaced by those of `fresh`, and everything else is left as it is.
    pub(super) fn merged(&self, kept: Manifest, fresh: Manifest) -> Manifest {
        let mut merged = Manifest { version: fresh.version, ..kept };
        let is_gone = |path: &str| self.is_pulled(path) && self.listed(path).is_none();
        let (encoder, new) = (&mut merged.encoder, fresh.encoder);
        for (path, new) in [(&mut encoder.config, new.config), (&mut encoder.weights, new.weights)] {
            if is_gone(path) {
                *path = new;
            }
        }
        let (locations, other) = (&mut merged.locations, fresh.locations);
        for (path, new) in [
            (&mut encoder.heads, new.heads),
            (&mut encoder.preprocessor, new.preprocessor),
            (&mut locations.encoder, other.encoder),
            (&mut locations.index, other.index),
            (&mut locations.coordinates, other.coordinates),
        ] {
            if path.as_deref().is_some_and(is_gone) {
                *path = new;
            }
        }
        let mut files: Vec<FileManifest> =
            merged.named_files().into_iter().filter_map(|path| self.listed(path)).collect();
        for file in merged.files {
            // A file of a pulled part is as this pull found it, or gone.
            let current = if self.is_pulled(&file.path) { self.listed(&file.path) } else { Some(file) };
            if let Some(file) = current
                && files.iter().all(|known| known.path != file.path)
            {
                files.push(file);
            }
        }
        merged.files = files;
        // Earlier pulls named a gallery that did not exist.
        if let Some(gallery) = &merged.gallery {
            let inside = format!("{}/", gallery.path);
            let is_listed = merged.files.iter().any(|file| file.path.starts_with(&inside));
            if !is_listed && !self.directory.join(&gallery.path).exists() {
                merged.gallery = None;
            }
        }
        merged
    }

    /// Whether a path of `pack.toml` leads into a part of this pack.
    fn is_pulled(&self, path: &str) -> bool {
        let part = path.split_once('/').map(|(part, _)| part);
        part.is_some_and(|part| self.parts.iter().any(|known| known.name == part))
    }
}
