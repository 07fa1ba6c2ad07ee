//! What a weight file holds, whichever format it has.

use std::ops::Range;

use safetensors::{Dtype, SafeTensors};

use super::torch_file::is_torch_file;
use crate::error::NetworkError;

/// A tensor and where in the file its values lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Row-major, little-endian; checked to lie within the file and to be as long as the shape says.
    pub(super) bytes: Range<usize>,
}

/// The tensors of a file, safetensors or `.pth`: its first bytes tell.
///
/// # Errors
/// [`NetworkError::NotSafetensors`], [`NetworkError::NotStateDict`], [`NetworkError::DamagedStateDict`];
/// [`NetworkError::NotBuilt`] for a `.pth` file without the feature `transformers`, which `lvlm` brings.
pub(super) fn entries(file: &str, bytes: &[u8]) -> Result<Vec<Entry>, NetworkError> {
    if is_torch_file(bytes) {
        return torch_entries(file, bytes);
    }
    // The header is checked against the file's length: every range lies inside.
    let (header, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(|error| NetworkError::NotSafetensors { file: file.into(), why: error.to_string() })?;
    // The data start after eight bytes of length and the header.
    let start = header + size_of::<u64>();
    let tensors = metadata.tensors().into_iter().map(|(name, info)| Entry {
        name,
        bytes: start + info.data_offsets.0..start + info.data_offsets.1,
        dtype: info.dtype,
        shape: info.shape.clone(),
    });
    Ok(tensors.collect())
}

#[cfg(feature = "transformers")]
fn torch_entries(file: &str, bytes: &[u8]) -> Result<Vec<Entry>, NetworkError> {
    use super::pickle::{Refusal, entries};
    entries(bytes).map_err(|refusal| match refusal {
        Refusal::Damaged(why) => NetworkError::DamagedStateDict { file: file.into(), why },
        Refusal::NoStateDict(why) => NetworkError::NotStateDict { file: file.into(), why },
    })
}

#[cfg(not(feature = "transformers"))]
fn torch_entries(file: &str, _: &[u8]) -> Result<Vec<Entry>, NetworkError> {
    // The name of the feature in every crate from here to the command line.
    Err(NetworkError::NotBuilt { what: format!("{file}, a PyTorch file,"), feature: "lvlm" })
}

/// What training on several devices (`DistributedDataParallel`) puts before the name of every tensor.
const PARALLEL: &str = "module.";

/// The tensors by the names that the network gives them: a prefix of parallel training is taken off where all have it.
pub(super) fn without_parallel(mut entries: Vec<Entry>) -> Vec<Entry> {
    if entries.iter().all(|entry| entry.name.len() > PARALLEL.len() && entry.name.starts_with(PARALLEL)) {
        for entry in &mut entries {
            entry.name.drain(..PARALLEL.len());
        }
    }
    entries
}
