//! Reading safetensors: all or nothing.
//!
//! A network first states every tensor it expects; only if the file holds exactly those are values read. A file
//! that lacks a tensor must never give a network that runs on zeros.
//!
//! [`Checkpoint`] is for small networks in one file of f32. [`ShardedCheckpoint`] is for large ones: one file or
//! many, f32, bf16 or f16, found by name and left where they lie until they are asked for.

mod sharded;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use safetensors::{Dtype, SafeTensors};

use crate::error::{Misshapen, NetworkError, TensorProblems};
use crate::mapped_file::MappedFile;

pub use sharded::ShardedCheckpoint;
pub use stored::StoredTensor;
pub(crate) use stored::{FLOAT_TYPES, Stored, first_not_finite};

/// Name and shape of a tensor.
pub type Expected = (String, Vec<usize>);

/// The bytes of a file, for a network to be read from.
///
/// # Errors
/// [`NetworkError::Read`].
pub fn open(path: &Path) -> Result<MappedFile, NetworkError> {
    MappedFile::open(path).map_err(|source| NetworkError::Read { file: path.display().to_string(), source })
}

/// A parsed safetensors file whose tensors are all as expected.
#[derive(Debug)]
pub struct Checkpoint<'a> {
    file: &'a str,
    tensors: SafeTensors<'a>,
}

impl<'a> Checkpoint<'a> {
    /// Parses `bytes` and compares names, shapes and types (f32) with `expected`. `file` is for messages.
    ///
    /// # Errors
    /// [`NetworkError::NotSafetensors`]; [`NetworkError::Tensors`] with every difference.
    pub fn new(file: &'a str, bytes: &'a [u8], expected: &[Expected]) -> Result<Self, NetworkError> {
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| NetworkError::NotSafetensors { file: file.into(), why: error.to_string() })?;
        let problems = differences(&tensors, expected);
        if problems.is_empty() {
            Ok(Self { file, tensors })
        } else {
            Err(NetworkError::Tensors { file: file.into(), problems })
        }
    }

    /// The values of a tensor.
    ///
    /// # Errors
    /// [`NetworkError::NotFinite`]; [`NetworkError::Tensors`] if the tensor was not among the expected ones.
    pub fn floats(&self, tensor: &str) -> Result<Vec<f32>, NetworkError> {
        let Ok(view) = self.tensors.tensor(tensor) else {
            let problems = TensorProblems { missing: vec![tensor.into()], ..TensorProblems::default() };
            return Err(NetworkError::Tensors { file: self.file.into(), problems });
        };
        let (words, _) = view.data().as_chunks::<4>();
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

fn differences(tensors: &SafeTensors<'_>, expected: &[Expected]) -> TensorProblems {
    let found: BTreeMap<&str, _> = tensors.iter().collect();
    let mut problems = TensorProblems::default();
    for (name, shape) in expected {
        let Some(view) = found.get(name.as_str()) else {
            problems.missing.push(name.clone());
            continue;
        };
        if view.dtype() != Dtype::F32 || view.shape() != shape {
            problems.misshapen.push(Misshapen {
                tensor: name.clone(),
                found: format!("{:?} {:?}", view.dtype(), view.shape()),
                expected: format!("{:?} {shape:?}", Dtype::F32),
            });
        }
    }
    let known: BTreeSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    problems.unexpected =
        found.keys().filter(|name| !known.contains(*name)).map(ToString::to_string).collect();
    problems
}
