//! A large checkpoint whose tensors are all as expected.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::stored::{FLOAT_TYPES, Stored, StoredTensor};
use super::{Expected, ShardedCheckpoint, TensorSource};
use crate::error::{Misshapen, NetworkError, TensorProblems};

/// A checkpoint that holds what its configuration asks for, by canonical name.
#[derive(Clone, Debug)]
pub struct Resolved {
    label: String,
    tensors: BTreeMap<String, Stored>,
}

impl Resolved {
    /// A tensor, by its canonical name.
    ///
    /// # Errors
    /// [`NetworkError::Tensors`] if it is not there, which for the names that were expected never happens.
    pub fn get(&self, canonical: &str) -> Result<StoredTensor<'_>, NetworkError> {
        self.tensors.get(canonical).map(Stored::view).ok_or_else(|| {
            let problems = TensorProblems { missing: vec![canonical.into()], ..TensorProblems::default() };
            NetworkError::Tensors { file: self.label.clone(), problems }
        })
    }

    /// Whether a tensor is there; the question is open for the optional ones only.
    pub fn has(&self, canonical: &str) -> bool {
        self.tensors.contains_key(canonical)
    }

    /// The file or index, for messages.
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl TensorSource for Resolved {
    fn floats(&self, tensor: &str) -> Result<Vec<f32>, NetworkError> {
        self.get(tensor)?.floats()
    }

    fn bad_value(&self, tensor: &str, why: &str) -> NetworkError {
        NetworkError::BadValue { file: self.label.clone(), tensor: tensor.into(), why: why.into() }
    }
}

/// Compares a checkpoint as a whole with the tensors that must and may be there, by canonical names. `canonical` gives
/// that of a stored name, or `None` for a tensor that is to be passed over.
///
/// # Errors
/// [`NetworkError::Tensors`] with every tensor that is missing, left over, misshapen, not of floats, or there under
/// two names.
pub(crate) fn resolve(
    checkpoint: &ShardedCheckpoint,
    expected: &[Expected],
    optional: &[Expected],
    canonical: impl Fn(&str) -> Option<Cow<'_, str>>,
) -> Result<Resolved, NetworkError> {
    let mut problems = TensorProblems::default();
    let mut found: BTreeMap<String, Stored> = BTreeMap::new();
    for tensor in checkpoint.stored() {
        let Some(name) = canonical(&tensor.name) else { continue };
        match found.entry(name.into_owned()) {
            Entry::Vacant(entry) => {
                entry.insert(tensor.clone());
            }
            Entry::Occupied(entry) => {
                problems.repeated.push(format!("{} and {}", entry.get().name, tensor.name));
            }
        }
    }
    for (name, shape) in expected {
        match found.get(name) {
            None => problems.missing.push(name.clone()),
            Some(tensor) => problems.misshapen.extend(misshapen(tensor, shape)),
        }
    }
    for (name, shape) in optional {
        problems.misshapen.extend(found.get(name).and_then(|tensor| misshapen(tensor, shape)));
    }
    let known: BTreeSet<&str> = expected.iter().chain(optional).map(|(name, _)| name.as_str()).collect();
    let left_over = found.iter().filter(|(name, _)| !known.contains(name.as_str()));
    problems.unexpected = left_over.map(|(_, tensor)| tensor.name.clone()).collect();
    if problems.is_empty() {
        Ok(Resolved { label: checkpoint.label().into(), tensors: found })
    } else {
        Err(NetworkError::Tensors { file: checkpoint.label().into(), problems })
    }
}

fn misshapen(tensor: &Stored, shape: &[usize]) -> Option<Misshapen> {
    (tensor.shape != shape || !tensor.is_float()).then(|| Misshapen {
        tensor: tensor.name.clone(),
        found: format!("{:?} {:?}", tensor.dtype, tensor.shape),
        expected: format!("{FLOAT_TYPES} {shape:?}"),
    })
}
