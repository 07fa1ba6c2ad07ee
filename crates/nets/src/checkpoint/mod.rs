//! Reading safetensors and `.pth` files: all or nothing.
//!
//! A network first states every tensor it expects; only if the file holds exactly those are values read. A file
//! that lacks a tensor must never give a network that runs on zeros. The first bytes of a file tell its format; what
//! is in a `.pth` file is never executed (see the module `pickle`).
//!
//! [`Checkpoint`] is for small networks in one file of f32. [`ShardedCheckpoint`] is for large ones: one file or
//! many, f32, bf16 or f16, found by name and left where they lie until they are asked for; `Resolved` are its
//! tensors once they are all as expected. [`ShardedCheckpoint::save_with`] writes it again after some of its tensors were
//! trained.

mod entries;
#[cfg(feature = "transformers")]
mod pickle;
#[cfg(feature = "transformers")]
mod resolved;
mod save;
mod sharded;
mod stored;
mod torch_file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use safetensors::Dtype;

use crate::error::{Misshapen, NetworkError, TensorProblems};
use entries::{Entry, entries, without_parallel};
use files::MappedFile;

#[cfg(feature = "transformers")]
pub use resolved::Resolved;
#[cfg(feature = "transformers")]
pub(crate) use resolved::resolve;
pub use sharded::ShardedCheckpoint;
#[cfg(feature = "lvlm")]
pub(crate) use stored::FLOAT_TYPES;
pub use stored::StoredTensor;
pub(crate) use stored::{Stored, first_not_finite};
pub(crate) use torch_file::BARE_TENSOR;

/// Name and shape of a tensor.
pub type Expected = (String, Vec<usize>);

/// The bytes of a file, for a network to be read from.
///
/// # Errors
/// [`NetworkError::Read`].
pub fn open(path: &Path) -> Result<MappedFile, NetworkError> {
    MappedFile::open(path).map_err(|source| NetworkError::Read { file: path.display().to_string(), source })
}

/// Where a network's numbers come from.
pub(crate) trait TensorSource {
    /// The values of a tensor, finite.
    fn floats(&self, tensor: &str) -> Result<Vec<f32>, NetworkError>;

    /// An error about the value of a tensor.
    fn bad_value(&self, tensor: &str, why: &str) -> NetworkError;
}

/// A parsed file whose tensors are all as expected.
#[derive(Debug)]
pub struct Checkpoint<'a> {
    file: &'a str,
    bytes: &'a [u8],
    tensors: BTreeMap<String, Entry>,
}

impl<'a> Checkpoint<'a> {
    /// Parses `bytes` and compares names, shapes and types (f32) with `expected`. `file` is for messages.
    ///
    /// # Errors
    /// [`NetworkError::NotSafetensors`], [`NetworkError::DamagedStateDict`], [`NetworkError::NotStateDict`];
    /// [`NetworkError::Tensors`] with every difference.
    pub fn new(file: &'a str, bytes: &'a [u8], expected: &[Expected]) -> Result<Self, NetworkError> {
        let entries = without_parallel(entries(file, bytes)?).into_iter();
        let tensors: BTreeMap<String, Entry> = entries.map(|entry| (entry.name.clone(), entry)).collect();
        let problems = differences(&tensors, expected);
        if problems.is_empty() {
            Ok(Self { file, bytes, tensors })
        } else {
            Err(NetworkError::Tensors { file: file.into(), problems })
        }
    }

    /// As [`Checkpoint::new`], of a file that may hold other networks as well: where names begin with `prefix`, only those
    /// are compared and read, without it.
    ///
    /// # Errors
    /// As there.
    pub fn of_part(
        file: &'a str,
        bytes: &'a [u8],
        prefix: &str,
        expected: &[Expected],
    ) -> Result<Self, NetworkError> {
        let entries = without_parallel(entries(file, bytes)?);
        let is_whole = !entries.iter().any(|entry| entry.name.starts_with(prefix));
        let named = |entry: Entry| match entry.name.strip_prefix(prefix) {
            Some(inner) => Some((inner.to_owned(), entry)),
            None => is_whole.then(|| (entry.name.clone(), entry)),
        };
        let tensors: BTreeMap<String, Entry> = entries.into_iter().filter_map(named).collect();
        let problems = differences(&tensors, expected);
        if problems.is_empty() {
            Ok(Self { file, bytes, tensors })
        } else {
            Err(NetworkError::Tensors { file: file.into(), problems })
        }
    }

    /// The values of a tensor.
    ///
    /// # Errors
    /// [`NetworkError::NotFinite`]; [`NetworkError::Tensors`] if the tensor was not among the expected ones.
    pub fn floats(&self, tensor: &str) -> Result<Vec<f32>, NetworkError> {
        let Some(bytes) = self.tensors.get(tensor).and_then(|entry| self.bytes.get(entry.bytes.clone()))
        else {
            let problems = TensorProblems { missing: vec![tensor.into()], ..TensorProblems::default() };
            return Err(NetworkError::Tensors { file: self.file.into(), problems });
        };
        let (words, _) = bytes.as_chunks::<4>();
        let values: Vec<f32> = words.iter().map(|&word| f32::from_le_bytes(word)).collect();
        match first_not_finite(self.file, tensor, &values) {
            Some(error) => Err(error),
            None => Ok(values),
        }
    }

    /// An error about the value of a tensor.
    pub fn bad_value(&self, tensor: &str, why: impl Into<String>) -> NetworkError {
        NetworkError::BadValue { file: self.file.into(), tensor: tensor.into(), why: why.into() }
    }
}

impl TensorSource for Checkpoint<'_> {
    fn floats(&self, tensor: &str) -> Result<Vec<f32>, NetworkError> {
        Checkpoint::floats(self, tensor)
    }

    fn bad_value(&self, tensor: &str, why: &str) -> NetworkError {
        Checkpoint::bad_value(self, tensor, why)
    }
}

fn differences(found: &BTreeMap<String, Entry>, expected: &[Expected]) -> TensorProblems {
    let mut problems = TensorProblems::default();
    for (name, shape) in expected {
        let Some(entry) = found.get(name) else {
            problems.missing.push(name.clone());
            continue;
        };
        if entry.dtype != Dtype::F32 || entry.shape != *shape {
            problems.misshapen.push(Misshapen {
                tensor: name.clone(),
                found: format!("{:?} {:?}", entry.dtype, entry.shape),
                expected: format!("{:?} {shape:?}", Dtype::F32),
            });
        }
    }
    let known: BTreeSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    problems.unexpected = found.keys().filter(|name| !known.contains(name.as_str())).cloned().collect();
    problems
}
