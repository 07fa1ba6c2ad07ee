//! The packs of a machine: those that came with the program and those that were pulled.

use std::fs;
use std::path::{Path, PathBuf};

use contract::Failure;
use serde::Serialize;

use super::recipes::packs_directory;
use super::{PackProblem, PulledPack, RECIPE_FILE};
use crate::pack::MANIFEST_FILE;
use crate::{Pack, PackError};

/// What can be said about a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackSummary {
    /// Its name.
    pub name: String,
    /// Its version: the pack's own, or the commit of its first part.
    pub version: String,
    /// `model` for a pack that can locate, else what it is used for.
    pub kind: String,
    /// One sentence on it.
    pub summary: String,
    /// Where it is.
    pub directory: PathBuf,
    /// Bytes of all its files, wherever they lie.
    pub bytes: u64,
    /// How many files.
    pub files: usize,
    /// The licences of its files, each once.
    pub licences: Vec<String>,
    /// Where its files come from and lie.
    pub parts: Vec<PartSummary>,
    /// What is wrong with it; nothing if it is sound, as far as was looked.
    pub problems: Vec<PackProblem>,
}

/// What can be said about a part of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartSummary {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// The commit.
    pub revision: String,
    /// The licence.
    pub licence: String,
    /// Where its files lie.
    pub directory: PathBuf,
}

/// The directories in which packs are looked for: the one of [`packs_directory`], `packs` beside the program and in the
/// working directory; and a pack that was named.
pub fn places() -> Vec<PathBuf> {
    let mut places = vec![packs_directory()];
    if let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        places.push(folder.join("packs"));
    }
    places.push(PathBuf::from("packs"));
    places
}

/// All packs of these directories, and the one that is named, each once, by name. With `read_all` every byte is compared;
/// else presence and lengths are.
///
/// # Errors
/// A [`Failure`] if the named pack is none.
pub fn find(places: &[PathBuf], named: Option<&Path>, read_all: bool) -> Result<Vec<PackSummary>, Failure> {
    let mut directories: Vec<PathBuf> = named.map(Path::to_owned).into_iter().collect();
    for place in places {
        let Ok(entries) = fs::read_dir(place) else { continue };
        directories.extend(entries.filter_map(Result::ok).map(|entry| entry.path()));
    }
    let mut seen = Vec::new();
    let mut packs = Vec::new();
    for directory in directories {
        let real = fs::canonicalize(&directory).unwrap_or_else(|_| directory.clone());
        let is_named = named == Some(directory.as_path());
        let has = |file: &str| directory.join(file).is_file();
        if seen.contains(&real) || !(is_named || has(MANIFEST_FILE) || has(RECIPE_FILE)) {
            continue;
        }
        packs.push(describe(&directory, is_named, read_all)?);
        seen.push(real);
    }
    packs.sort_by(|one, other| (&one.name, &one.directory).cmp(&(&other.name, &other.directory)));
    Ok(packs)
}

fn describe(directory: &Path, is_named: bool, read_all: bool) -> Result<PackSummary, Failure> {
    if directory.join(RECIPE_FILE).is_file() {
        return Ok(PulledPack::open(directory)
            .map_or_else(|error| broken(directory, error.to_string()), |pack| pulled(&pack, read_all)));
    }
    match Pack::open(directory) {
        Ok(pack) => Ok(with_manifest(&pack, read_all)),
        Err(error @ PackError::Missing { .. }) if is_named => Err(Failure::from_error(&error)),
        Err(error) => Ok(broken(directory, error.to_string())),
    }
}

fn pulled(pack: &PulledPack, read_all: bool) -> PackSummary {
    let mut licences: Vec<String> = pack.parts.iter().map(|part| part.licence.clone()).collect();
    licences.sort();
    licences.dedup();
    PackSummary {
        name: pack.name.clone(),
        version: pack.parts.first().map(|part| part.revision.chars().take(12).collect()).unwrap_or_default(),
        kind: pack.kind.as_str().into(),
        summary: pack.summary.clone(),
        directory: pack.directory.clone(),
        bytes: pack.bytes(),
        files: pack.files().count(),
        licences,
        parts: pack
            .parts
            .iter()
            .map(|part| PartSummary {
                name: part.name.clone(),
                source: part.source.clone(),
                revision: part.revision.clone(),
                licence: part.licence.clone(),
                directory: pack.directory.join(&part.directory),
            })
            .collect(),
        problems: pack.problems(read_all),
    }
}

fn with_manifest(pack: &Pack, read_all: bool) -> PackSummary {
    let manifest = pack.manifest();
    let mut licences: Vec<String> = manifest.files.iter().map(|file| file.licence.clone()).collect();
    licences.sort();
    licences.dedup();
    let problems = if read_all {
        let problem = |error: PackError| {
            let (file, why) = match error {
                PackError::Damaged { path, expected, found } => {
                    (path, format!("has {found}, not {expected}"))
                }
                PackError::Read { path, source } => (path, format!("cannot be read: {source}")),
                other => (pack.directory().to_owned(), other.to_string()),
            };
            PackProblem { file, why }
        };
        pack.verify().into_iter().map(problem).collect()
    } else {
        let problem = |file: &crate::pack::FileManifest| {
            let path = pack.path(&file.path);
            let why = match fs::metadata(&path) {
                Ok(found) if found.len() == file.bytes => return None,
                Ok(found) => format!("has {} bytes, not {}", found.len(), file.bytes),
                Err(error) => format!("cannot be read: {error}"),
            };
            Some(PackProblem { file: path, why })
        };
        manifest.files.iter().filter_map(problem).collect()
    };
    PackSummary {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        kind: "model".into(),
        summary: manifest.summary.clone(),
        directory: pack.directory().to_owned(),
        bytes: manifest.files.iter().map(|file| file.bytes).sum(),
        files: manifest.files.len(),
        licences,
        parts: Vec::new(),
        problems,
    }
}

/// A directory whose description cannot be read is listed with that problem.
fn broken(directory: &Path, why: String) -> PackSummary {
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    PackSummary {
        name,
        version: String::new(),
        kind: "unknown".into(),
        summary: String::new(),
        directory: directory.to_owned(),
        bytes: 0,
        files: 0,
        licences: Vec::new(),
        parts: Vec::new(),
        problems: vec![PackProblem { file: directory.to_owned(), why }],
    }
}
