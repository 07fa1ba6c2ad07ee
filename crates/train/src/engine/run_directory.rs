//! The output directory of a run: whose it is, and whether it is the run to resume.

use std::fs;
use std::path::{Path, PathBuf};

use files::{Lock, write_atomic};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checkpoint::Checkpoints;
use super::{EngineError, Shape};
use crate::configuration::{EngineSettings, Record};

const RUN_FILE: &str = "run.json";
const LOCK_FILE: &str = "run.lock";

/// Fields that a resumed run may change: they say where things are kept, not what is trained.
const FREE: [&str; 3] = ["out", "checkpoint_every", "keep_last"];

/// `run.json`: what the run was started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RunFile {
    /// Fields of the configuration, defaults included.
    pub(super) settings: Record,
    /// What they led to: counts of queries, parameters and processes.
    pub(super) found: Record,
}

/// A directory that this process trains in.
pub(super) struct RunDirectory {
    path: PathBuf,
    _lock: Option<Lock>,
}

impl RunDirectory {
    /// Takes a directory for a fresh run, or for a resumed one. Processes that write nothing (`leads` is false) take
    /// no lock.
    ///
    /// # Errors
    /// A directory that holds a run (fresh), holds none (resumed), holds something else, is another process's, or
    /// cannot be written.
    pub(super) fn take(path: &Path, resume: bool, leads: bool) -> Result<Self, EngineError> {
        let directory = path.to_path_buf();
        if !leads {
            return Ok(Self { path: directory, _lock: None });
        }
        may_take(path, resume)?;
        fs::create_dir_all(path).map_err(EngineError::writing(path))?;
        let lock_path = path.join(LOCK_FILE);
        match Lock::acquire(&lock_path).map_err(EngineError::writing(&lock_path))? {
            Some(lock) => Ok(Self { path: directory, _lock: Some(lock) }),
            None => Err(EngineError::Busy { directory }),
        }
    }

    /// A file or directory in it.
    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes down what the run is, so that it can only be resumed unchanged.
    pub(super) fn begin(&self, run: &RunFile) -> Result<(), EngineError> {
        let path = self.join(RUN_FILE);
        let text =
            serde_json::to_vec_pretty(run).map_err(|error| EngineError::writing(&path)(error.into()))?;
        write_atomic(&path, &text).map_err(EngineError::writing(path))
    }

    /// Compares what the run was started with and what it is resumed with; what may change is written down again.
    ///
    /// # Errors
    /// [`EngineError::Changed`] naming the first field that is different.
    pub(super) fn go_on(&self, run: &RunFile, settings: &EngineSettings) -> Result<(), EngineError> {
        let before = read_run(&self.path)?;
        compare(settings, &before.settings, &run.settings)?;
        compare(settings, &before.found, &run.found)?;
        if &before == run { Ok(()) } else { self.begin(run) }
    }
}

/// Whether a run could start, or resume, with these settings: asked before minutes go into loading a model.
///
/// # Errors
/// A directory that is not free, or holds no run to resume; settings that changed.
pub fn can_begin(settings: &EngineSettings, record: &Record, resume: bool) -> Result<(), EngineError> {
    may_take(&settings.out, resume)?;
    if resume { compare(settings, &read_run(&settings.out)?.settings, record) } else { Ok(()) }
}

fn may_take(path: &Path, resume: bool) -> Result<(), EngineError> {
    let directory = path.to_path_buf();
    match (path.join(RUN_FILE).is_file(), resume) {
        (true, false) => Err(EngineError::HoldsRun { directory }),
        (false, true) => Err(EngineError::NoRun { directory }),
        (false, false) if !is_empty(path)? => Err(EngineError::NotEmpty { directory }),
        _ => Ok(()),
    }
}

fn read_run(directory: &Path) -> Result<RunFile, EngineError> {
    let path = directory.join(RUN_FILE);
    let bytes = fs::read(&path).map_err(EngineError::reading(&path))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let problem = format!("is not what a training wrote: {error}");
        EngineError::Damaged { path, problem }
    })
}

fn compare(settings: &EngineSettings, before: &Record, now: &Record) -> Result<(), EngineError> {
    let directory = &settings.out;
    for field in before.keys().chain(now.keys()) {
        let (was, is) = (before.get(field).unwrap_or(&Value::Null), now.get(field).unwrap_or(&Value::Null));
        if was == is || FREE.contains(&field.as_str()) {
            continue;
        }
        if field == "steps" && settings.schedule.shape == Shape::Constant {
            // What was trained cannot be undone.
            let reached = Checkpoints::new(directory, 1).steps()?.last().copied().unwrap_or(0);
            if is.as_u64().is_some_and(|steps| steps >= reached) {
                continue;
            }
        }
        let (directory, field) = (directory.clone(), field.clone());
        return Err(EngineError::Changed { directory, field, was: shown(was), now: shown(is) });
    }
    Ok(())
}

fn shown(value: &Value) -> String {
    if value.is_null() { "nothing".into() } else { value.to_string() }
}

/// Whether a directory is empty or not there. A lock alone is what a run leaves that was refused or killed at once.
fn is_empty(path: &Path) -> Result<bool, EngineError> {
    match fs::read_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(EngineError::reading(path)(error)),
        Ok(entries) => Ok(entries.flatten().all(|entry| {
            let name = entry.file_name();
            name == LOCK_FILE || name.to_string_lossy().starts_with(&format!(".{RUN_FILE}."))
        })),
    }
}
