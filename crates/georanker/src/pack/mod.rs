//! Model packs: finding one, checking it, loading it.

mod manifest;
mod stamps;
mod verified;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::PackError;

pub use manifest::{
    ConfidenceManifest, DecisionManifest, DecisionRule, EncoderKind, EncoderManifest, EncoderType,
    EvidenceManifest, FileManifest, FusedManifest, GalleryManifest, LeastSimilarity, LocationsManifest,
    MANIFEST_FORMAT, Manifest, RankerManifest, RetrievalManifest, SetManifest, View, WeightedChannel,
};
use stamps::Stamps;

/// Name of the manifest in a pack's directory.
pub const MANIFEST_FILE: &str = "pack.toml";

/// A pack whose manifest has been read. Files are checked when they are read. Of large ones it is remembered, in the
/// user's cache directory, that they were right; until their length, time of change or inode is another, they are not
/// hashed again.
#[derive(Clone, Debug)]
pub struct Pack {
    directory: PathBuf,
    manifest: Manifest,
    stamps: Option<Arc<Stamps>>,
}

impl Pack {
    /// Reads the manifest of a pack.
    ///
    /// # Errors
    /// [`PackError`] when the directory or its manifest is missing, unreadable or wrong.
    pub fn open(directory: &Path) -> Result<Self, PackError> {
        let path = directory.join(MANIFEST_FILE);
        let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => PackError::Missing { directory: directory.to_owned() },
            _ => PackError::Read { path: path.clone(), source },
        })?;
        let manifest: Manifest = toml::from_str(&text)
            .map_err(|error| PackError::Manifest { path: path.clone(), why: error.to_string() })?;
        match manifest.problem() {
            Some(why) => Err(PackError::Manifest { path, why }),
            None => Ok(Self::in_memory(directory, manifest).remembering_in(Stamps::place().as_deref())),
        }
    }

    /// A pack that is being made: its manifest is not on disk yet. Nothing is remembered of its files.
    pub fn in_memory(directory: &Path, manifest: Manifest) -> Self {
        Self { directory: directory.to_owned(), manifest, stamps: None }
    }

    /// Remembers in another directory which files were right; nowhere (`None`), and every file is hashed each time.
    #[must_use]
    pub fn remembering_in(mut self, directory: Option<&Path>) -> Self {
        self.stamps = directory.and_then(|place| Stamps::of(&self.directory, place)).map(Arc::new);
        self
    }

    /// The manifest.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The pack's directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// `name version`, for outputs.
    pub fn label(&self) -> String {
        format!("{} {}", self.manifest.name, self.manifest.version)
    }

    /// The path of a file of the pack, without a check.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.directory.join(relative)
    }
}

/// Forgets which files of the pack in a directory were found right.
#[cfg(feature = "pull")]
pub(crate) fn forget_checksums(directory: &Path) {
    if let Some(stamps) = Stamps::place().and_then(|place| Stamps::of(directory, &place)) {
        stamps.forget();
    }
}

/// Looks for a pack: the one asked for, or the starter pack beside the binary, or in the working directory.
///
/// `asked` comes from `--pack` or `GEORANKER_PACK`.
///
/// # Errors
/// [`PackError::NotFound`] lists the places looked at.
pub fn find_pack(asked: Option<&Path>) -> Result<PathBuf, PackError> {
    if let Some(directory) = asked {
        return Ok(directory.to_owned());
    }
    let beside = std::env::current_exe().ok().and_then(|binary| binary.parent().map(Path::to_owned));
    let mut places: Vec<PathBuf> = Vec::new();
    if let Some(folder) = beside {
        places.push(folder.join("packs").join("starter"));
        places.push(folder.join("starter"));
    }
    places.push(PathBuf::from("packs").join("starter"));
    match places.iter().find(|place| place.join(MANIFEST_FILE).is_file()) {
        Some(found) => Ok(found.clone()),
        None => Err(PackError::NotFound { places }),
    }
}
