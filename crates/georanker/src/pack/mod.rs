//! Model packs: finding one, checking it, loading it.

mod manifest;
mod verified;

use std::path::{Path, PathBuf};

use crate::PackError;

pub use manifest::{
    DecisionManifest, DecisionRule, EncoderKind, EncoderManifest, EncoderType, FileManifest, FusedManifest,
    GalleryManifest, LocationsManifest, MANIFEST_FORMAT, Manifest, RankerManifest, RetrievalManifest,
    SetManifest, View, WeightedChannel,
};
pub use verified::{sha256_hex, sha256_of_file};

/// Name of the manifest in a pack's directory.
pub const MANIFEST_FILE: &str = "pack.toml";

/// A pack whose manifest has been read. Files are checked when they are read.
#[derive(Clone, Debug)]
pub struct Pack {
    directory: PathBuf,
    manifest: Manifest,
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
            None => Ok(Self { directory: directory.to_owned(), manifest }),
        }
    }

    /// A pack that is being made: its manifest is not on disk yet.
    pub fn in_memory(directory: &Path, manifest: Manifest) -> Self {
        Self { directory: directory.to_owned(), manifest }
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

    /// Checks every file of the pack; the problems found, none if it is sound.
    pub fn verify(&self) -> Vec<PackError> {
        let files = &self.manifest.files;
        files.iter().filter_map(|file| self.check(file).err()).collect()
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
