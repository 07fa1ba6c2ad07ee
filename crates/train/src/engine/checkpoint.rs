//! Checkpoints: everything a run is, at the end of a step.
//!
//! `checkpoints/step-N/` holds `state.safetensors` (parameters and both moments, f32) and `state.json` (the step, the best
//! validation so far, a checksum of the other file). It is filled under a hidden name, synced, then renamed, so a directory
//! with the final name is whole whenever the process or the machine stops.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use files::{rename_durably, sha256_hex, write_atomic};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::{AdamW, EngineError, Parameter};

const TENSORS_FILE: &str = "state.safetensors";
const STATE_FILE: &str = "state.json";
const FORMAT: u32 = 1;

/// A run between two steps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TrainingState {
    pub(super) step: u64,
    pub(super) parameters: Vec<Parameter>,
    pub(super) optimizer: AdamW,
    pub(super) best: Option<Best>,
    /// Validations in a row that were not the best.
    pub(super) stale_validations: u64,
}

/// The best validation so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Best {
    pub(super) step: u64,
    pub(super) value: f64,
}

/// `state.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateFile {
    format: u32,
    step: u64,
    best: Option<Best>,
    stale_validations: u64,
    /// Of `state.safetensors`, in hexadecimal.
    sha256: String,
}

/// Where checkpoints are written: a disk, or in tests one that is full.
trait Disk {
    /// Writes a file and waits until the file and its name are on the disk.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
}

/// The file system.
struct FileSystem;

impl Disk for FileSystem {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        write_atomic(path, bytes)
    }
}

/// The checkpoints of a run.
pub(super) struct Checkpoints {
    directory: PathBuf,
    keep_last: usize,
    disk: Box<dyn Disk>,
    /// The newest that is known to be whole.
    newest: Option<u64>,
}

impl Checkpoints {
    /// Those in `out`, of which the newest `keep_last` stay, and the best.
    pub(super) fn new(out: &Path, keep_last: usize) -> Self {
        let directory = out.join("checkpoints");
        Self { directory, keep_last, disk: Box::new(FileSystem), newest: None }
    }

    /// The newest checkpoint that is known to be whole.
    pub(super) fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// Where the checkpoint of a step is.
    pub(super) fn path(&self, step: u64) -> PathBuf {
        self.directory.join(format!("step-{step}"))
    }

    /// The steps that have one, oldest first.
    pub(super) fn steps(&self) -> Result<Vec<u64>, EngineError> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(EngineError::reading(&self.directory))?,
        };
        let name = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name());
        let mut steps = Vec::new();
        for name in entries.map(name) {
            let name = name.map_err(EngineError::reading(&self.directory))?;
            steps.extend(name.to_str().and_then(|name| name.strip_prefix("step-")?.parse::<u64>().ok()));
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// Writes the checkpoint of a state, then removes those that need not stay.
    ///
    /// # Errors
    /// A disk that is full or cannot be written; earlier checkpoints stay as they are then.
    pub(super) fn save(&mut self, state: &TrainingState) -> Result<PathBuf, EngineError> {
        let path = self.path(state.step);
        self.write(state, &path).map_err(|source| {
            let kept = self.newest;
            EngineError::Write { path: path.clone(), source, kept }
        })?;
        self.newest = Some(state.step);
        self.remove_old(state)?;
        Ok(path)
    }

    fn write(&self, state: &TrainingState, path: &Path) -> io::Result<()> {
        let partial = self.directory.join(format!(".step-{}.partial", state.step));
        let fill = || -> io::Result<()> {
            fs::create_dir_all(&self.directory)?;
            remove_if_there(&partial)?;
            fs::create_dir(&partial)?;
            let tensors = tensors_of(state).map_err(io::Error::other)?;
            self.disk.write(&partial.join(TENSORS_FILE), &tensors)?;
            let file = StateFile {
                format: FORMAT,
                step: state.step,
                best: state.best,
                stale_validations: state.stale_validations,
                sha256: sha256_hex(&tensors),
            };
            self.disk.write(&partial.join(STATE_FILE), &serde_json::to_vec_pretty(&file)?)?;
            // One of the same step can only be one that was found damaged, or the same.
            remove_if_there(path)?;
            rename_durably(&partial, path)
        };
        let filled = fill();
        if filled.is_err() {
            // The first error is the one to report.
            let _ = remove_if_there(&partial);
        }
        filled
    }

    /// Removes all but the newest and the best.
    fn remove_old(&self, state: &TrainingState) -> Result<(), EngineError> {
        let steps = self.steps()?;
        let best = state.best.map(|best| best.step);
        for &step in &steps[..steps.len().saturating_sub(self.keep_last)] {
            if Some(step) != best {
                self.remove(step).map_err(EngineError::writing(self.path(step)))?;
            }
        }
        Ok(())
    }

    /// Takes the final name away first: half a checkpoint never has it.
    fn remove(&self, step: u64) -> io::Result<()> {
        let hidden = self.directory.join(format!(".step-{step}.removed"));
        remove_if_there(&hidden)?;
        fs::rename(self.path(step), &hidden)?;
        fs::remove_dir_all(hidden)
    }

    /// Removes what a killed process left half written or half removed.
    pub(super) fn remove_leftovers(&self) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(".step-") && (name.ends_with(".partial") || name.ends_with(".removed")) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// The newest checkpoint that is whole, if there is any; `parameters` are those of a fresh run, for names and
    /// shapes. Newer ones that are damaged are set aside as `step-N.damaged` and named through `note`.
    ///
    /// # Errors
    /// Files that cannot be read, a checkpoint of other parameters.
    pub(super) fn load_newest(
        &mut self,
        parameters: &[Parameter],
        note: &mut dyn FnMut(&str),
    ) -> Result<Option<TrainingState>, EngineError> {
        for step in self.steps()?.into_iter().rev() {
            match self.load(step, parameters) {
                Ok(state) => {
                    self.newest = Some(step);
                    return Ok(Some(state));
                }
                Err(EngineError::Damaged { path, problem }) => {
                    note(&format!("{}: {problem}; continuing from an earlier checkpoint", path.display()));
                    let aside = self.directory.join(format!("step-{step}.damaged"));
                    remove_if_there(&aside)
                        .and_then(|()| fs::rename(self.path(step), &aside))
                        .map_err(EngineError::writing(aside))?;
                }
                Err(other) => return Err(other),
            }
        }
        Ok(None)
    }

    /// Reads one.
    ///
    /// # Errors
    /// As [`load_newest`](Self::load_newest); [`EngineError::Damaged`].
    pub(super) fn load(&self, step: u64, parameters: &[Parameter]) -> Result<TrainingState, EngineError> {
        let directory = self.path(step);
        let read = |name: &str| {
            let path = directory.join(name);
            fs::read(&path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => EngineError::Damaged { path, problem: "is missing".into() },
                _ => EngineError::reading(path)(error),
            })
        };
        let damaged =
            |name: &str, problem: String| EngineError::Damaged { path: directory.join(name), problem };
        let file: StateFile = serde_json::from_slice(&read(STATE_FILE)?)
            .map_err(|error| damaged(STATE_FILE, format!("is not the state of a run: {error}")))?;
        if file.format != FORMAT || file.step != step {
            return Err(damaged(STATE_FILE, format!("is of step {} in format {}", file.step, file.format)));
        }
        let bytes = read(TENSORS_FILE)?;
        if sha256_hex(&bytes) != file.sha256 {
            return Err(damaged(TENSORS_FILE, "is not what was written: its checksum differs".into()));
        }
        let tensors =
            SafeTensors::deserialize(&bytes).map_err(|error| damaged(TENSORS_FILE, error.to_string()))?;
        let changed = |was: String, now: String| EngineError::Changed {
            directory: directory.clone(),
            field: "parameters".into(),
            was,
            now,
        };
        if tensors.len() != 3 * parameters.len() {
            return Err(changed(format!("{} tensors", tensors.len() / 3), format!("{}", parameters.len())));
        }
        let values = |part: &str, parameter: &Parameter| -> Result<Vec<f32>, EngineError> {
            let Parameter { name, shape, .. } = parameter;
            let now = || format!("{name} {shape:?}");
            let tensor =
                tensors.tensor(&format!("{part}/{name}")).map_err(|_| changed("others".into(), now()))?;
            if tensor.shape() != shape.as_slice() || tensor.dtype() != Dtype::F32 {
                return Err(changed(format!("{name} {:?}", tensor.shape()), now()));
            }
            Ok(tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        };
        let part = |part: &str| {
            parameters.iter().map(|parameter| values(part, parameter)).collect::<Result<Vec<_>, _>>()
        };
        let restored = parameters.iter().zip(part(PARTS[0])?);
        Ok(TrainingState {
            step,
            parameters: restored
                .map(|(parameter, values)| Parameter { values, ..parameter.clone() })
                .collect(),
            optimizer: AdamW { steps: step, first_moments: part(PARTS[1])?, second_moments: part(PARTS[2])? },
            best: file.best,
            stale_validations: file.stale_validations,
        })
    }
}

/// What stands before the names of tensors.
const PARTS: [&str; 3] = ["parameter", "first_moment", "second_moment"];

fn tensors_of(state: &TrainingState) -> Result<Vec<u8>, safetensors::SafeTensorError> {
    let mut tensors: Vec<(String, &[usize], Vec<u8>)> = Vec::new();
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    for (index, Parameter { name, shape, values, .. }) in state.parameters.iter().enumerate() {
        let moments = (&state.optimizer.first_moments[index], &state.optimizer.second_moments[index]);
        for (part, values) in PARTS.iter().zip([values, moments.0, moments.1]) {
            tensors.push((format!("{part}/{name}"), shape.as_slice(), bytes(values)));
        }
    }
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    serialize(views, None::<HashMap<String, String>>)
}

fn remove_if_there(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
