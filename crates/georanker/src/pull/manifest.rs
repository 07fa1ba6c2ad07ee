//! `recipe.toml`: what a pulled pack consists of and where that lies.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use files::sha256_of_file;
use serde::{Deserialize, Serialize};

use super::error::disk;
use super::hub::is_inside;
use super::{PackKind, PullError};
use crate::pack::forget_checksums;

/// Name of the file in a pack's directory.
pub const RECIPE_FILE: &str = "recipe.toml";

/// The version of its own layout.
pub const RECIPE_FORMAT: u32 = 1;

/// A pack that was pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PulledPack {
    /// Layout of the file; [`RECIPE_FORMAT`].
    pub format: u32,
    /// Name of the pack.
    pub name: String,
    /// What it is used for.
    pub kind: PackKind,
    /// One sentence on it.
    pub summary: String,
    /// What it consists of.
    pub parts: Vec<PulledPart>,
    /// Where the file lies.
    #[serde(skip)]
    pub directory: PathBuf,
}

/// A part of a pulled pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PulledPart {
    /// Its name.
    pub name: String,
    /// The address of the repository.
    pub source: String,
    /// The commit.
    pub revision: String,
    /// The licence.
    pub licence: String,
    /// The directory of its files: from the pack's on, or anywhere.
    pub directory: PathBuf,
    /// The files.
    pub files: Vec<PulledFile>,
}

/// A file of a pulled pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PulledFile {
    /// Its path in the part's directory.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// What is wrong with a file of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackProblem {
    /// Its path.
    pub file: PathBuf,
    /// What is wrong.
    pub why: String,
}

impl PulledPack {
    /// Reads the `recipe.toml` of a directory.
    ///
    /// # Errors
    /// [`PullError::Disk`], [`PullError::Recipe`].
    pub fn open(directory: &Path) -> Result<Self, PullError> {
        let path = directory.join(RECIPE_FILE);
        let text = fs::read_to_string(&path).map_err(disk(&path))?;
        let wrong = |why: String| PullError::Recipe { path: path.clone(), why };
        let mut pack: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if pack.format != RECIPE_FORMAT {
            return Err(wrong(format!("format = {}: this program reads {RECIPE_FORMAT}", pack.format)));
        }
        if let Some(file) = pack.files().map(|(_, file)| &file.path).find(|path| !is_inside(path)) {
            return Err(wrong(format!("`{file}` leads out of its directory")));
        }
        directory.clone_into(&mut pack.directory);
        Ok(pack)
    }

    /// Writes `recipe.toml`, and a link for each part that lies elsewhere. The file is replaced as a whole.
    ///
    /// # Errors
    /// [`PullError::Disk`].
    pub fn save(&self) -> Result<(), PullError> {
        fs::create_dir_all(&self.directory).map_err(disk(&self.directory))?;
        for part in &self.parts {
            if part.directory.is_absolute() {
                let link = self.directory.join(&part.name);
                link_directory(&part.directory, &link).map_err(disk(&link))?;
            }
        }
        let path = self.directory.join(RECIPE_FILE);
        let text = toml::to_string_pretty(self)
            .map_err(|error| PullError::Recipe { path: path.clone(), why: error.to_string() })?;
        let text =
            format!("# Written by `georanker pull`; `georanker packs` can compare every checksum.\n\n{text}");
        files::write_atomic(&path, text).map_err(disk(&path))
    }

    /// The directory of a part's files.
    pub fn part(&self, name: &str) -> Option<PathBuf> {
        let part = self.parts.iter().find(|part| part.name == name)?;
        Some(self.directory.join(&part.directory))
    }

    /// All files with their paths.
    pub fn files(&self) -> impl Iterator<Item = (PathBuf, &PulledFile)> {
        self.parts.iter().flat_map(|part| {
            let directory = self.directory.join(&part.directory);
            part.files.iter().map(move |file| (directory.join(&file.path), file))
        })
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files().map(|(_, file)| file.bytes).sum()
    }

    /// Files that are missing or have another length, or, if every byte is to be read, another checksum. Nothing that was
    /// remembered of earlier checks counts here.
    pub fn problems(&self, read_all: bool) -> Vec<PackProblem> {
        let problem = |(path, file): (PathBuf, &PulledFile)| {
            let why = check(&path, file, read_all)
                .unwrap_or_else(|error| Some(format!("cannot be read: {error}")))?;
            Some(PackProblem { file: path, why })
        };
        let problems: Vec<PackProblem> = self.files().filter_map(problem).collect();
        if read_all && !problems.is_empty() {
            forget_checksums(&self.directory);
        }
        problems
    }
}

/// What is wrong with a file, if anything is.
fn check(path: &Path, file: &PulledFile, read_all: bool) -> io::Result<Option<String>> {
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some("is missing".into())),
        Err(error) => return Err(error),
    };
    if length != file.bytes {
        return Ok(Some(format!("has {length} bytes, not {}", file.bytes)));
    }
    if read_all {
        let found = sha256_of_file(path)?.sha256;
        if found != file.sha256 {
            return Ok(Some(format!("has sha256 {found}, not {}", file.sha256)));
        }
    }
    Ok(None)
}

/// Lets `link` lead to a directory; replaces an earlier link, and nothing else.
fn link_directory(target: &Path, link: &Path) -> io::Result<()> {
    if fs::symlink_metadata(link).is_ok_and(|found| found.is_symlink()) {
        fs::remove_file(link)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(target, link)?;
    #[cfg(not(unix))]
    // Links need a privilege there; `recipe.toml` says where the files are.
    let _ = target;
    Ok(())
}
