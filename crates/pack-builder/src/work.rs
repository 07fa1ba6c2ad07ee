//! Where steps keep what they made: a directory a step, named by the hash of its settings and inputs.
//!
//! A directory under its final name is complete: steps write into one with another name, which is renamed at the end. So
//! a killed run loses the step it was in (of the features, the photos of a few seconds), and settings that change make
//! the steps that depend on them anew and no others.

use std::fs;
use std::path::{Path, PathBuf};

use bytemuck::Pod;
use files::{MappedFile, rename_durably, sha256_hex};
use serde::Serialize;

use crate::BuildError;

/// Raised when a step makes something else of the same inputs: what an older program made is not taken for it.
const MAKING: u32 = 1;

/// Identifies what a step makes: everything that it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Key {
    /// The key of a step with these settings, after these others.
    pub(crate) fn of(step: &str, settings: &impl Serialize, inputs: &[&Self]) -> Self {
        let settings = serde_json::to_string(settings).unwrap_or_default();
        let inputs: Vec<&str> = inputs.iter().map(|key| key.0.as_str()).collect();
        Self(sha256_hex(format!("{MAKING} {step}\n{settings}\n{}", inputs.join("\n")).as_bytes()))
    }

    fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

/// The work directory.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    root: PathBuf,
}

impl Work {
    pub(crate) fn at(root: &Path) -> Result<Self, BuildError> {
        fs::create_dir_all(root).map_err(BuildError::io(root))?;
        Ok(Self { root: root.to_owned() })
    }

    /// The directory of a step, whether or not it is there.
    pub(crate) fn path(&self, step: &str, key: &Key) -> PathBuf {
        self.root.join(format!("{step}-{}", key.short()))
    }

    /// Whether a step has been made.
    pub(crate) fn has(&self, step: &str, key: &Key) -> bool {
        self.path(step, key).is_dir()
    }

    /// The directory of a step, made by `make` if it is not there. `make` gets an empty directory.
    pub(crate) fn get_or_make(
        &self,
        step: &str,
        key: &Key,
        make: impl FnOnce(&Path) -> Result<(), BuildError>,
    ) -> Result<PathBuf, BuildError> {
        let path = self.path(step, key);
        if path.is_dir() {
            return Ok(path);
        }
        let partial = self.root.join(format!("{step}-{}.partial", key.short()));
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(BuildError::io(&partial))?;
        }
        fs::create_dir_all(&partial).map_err(BuildError::io(&partial))?;
        make(&partial)?;
        rename_durably(&partial, &path).map_err(BuildError::io(&path))?;
        Ok(path)
    }
}

/// Numbers in a file, mapped: memory does not grow with them.
pub(crate) struct Numbers {
    file: MappedFile,
    path: PathBuf,
}

impl Numbers {
    pub(crate) fn open<T: Pod>(path: &Path) -> Result<Self, BuildError> {
        let file = MappedFile::open(path).map_err(BuildError::io(path))?;
        let numbers = Self { file, path: path.to_owned() };
        numbers.try_as_slice::<T>()?;
        Ok(numbers)
    }

    fn try_as_slice<T: Pod>(&self) -> Result<&[T], BuildError> {
        bytemuck::try_cast_slice(&self.file)
            .map_err(|error| BuildError::Damaged { path: self.path.clone(), why: error.to_string() })
    }

    /// The numbers; those that the file was opened as.
    pub(crate) fn as_slice<T: Pod>(&self) -> &[T] {
        self.try_as_slice().unwrap_or_default()
    }
}

/// Writes a value as JSON that [`read_json`] reads.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), BuildError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| BuildError::Damaged { path: path.to_owned(), why: error.to_string() })?;
    fs::write(path, text + "\n").map_err(BuildError::io(path))
}

/// Reads a value from JSON.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, BuildError> {
    let text = fs::read_to_string(path).map_err(BuildError::io(path))?;
    serde_json::from_str(&text)
        .map_err(|error| BuildError::Damaged { path: path.to_owned(), why: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_there_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let work = Work::at(folder.path()).unwrap();
        let key = Key::of("heads", &[1, 2], &[]);
        let failed = work.get_or_make("heads", &key, |path| {
            fs::write(path.join("half"), "x").map_err(BuildError::io(path))?;
            Err(BuildError::Interrupted)
        });
        assert!(failed.is_err() && !work.has("heads", &key));
        let made = work.get_or_make("heads", &key, |path| {
            assert!(!path.join("half").exists(), "leftovers are gone");
            fs::write(path.join("values.f32"), bytemuck::cast_slice(&[1.0_f32, 2.0]))
                .map_err(BuildError::io(path))
        });
        let again = work.get_or_make("heads", &key, |_| Err(BuildError::Interrupted)).unwrap();
        assert_eq!(made.unwrap(), again);
        let numbers = Numbers::open::<f32>(&again.join("values.f32")).unwrap();
        assert_eq!(numbers.as_slice::<f32>(), [1.0, 2.0]);
        fs::write(again.join("values.f32"), "odd").unwrap();
        assert!(Numbers::open::<f32>(&again.join("values.f32")).is_err());
    }

    #[test]
    fn keys_follow_settings_and_inputs() {
        let one = Key::of("a", &1, &[]);
        assert_eq!(one, Key::of("a", &1, &[]));
        assert_ne!(one, Key::of("a", &2, &[]));
        assert_ne!(Key::of("b", &1, &[&one]), Key::of("b", &1, &[]));
    }
}
