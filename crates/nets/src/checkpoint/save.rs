//! Writing a checkpoint again, with some of its tensors changed.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use files::AtomicFile;
use safetensors::tensor::{TensorView, serialize_to_file};
use safetensors::{Dtype, SafeTensorError};

use super::{ShardedCheckpoint, Stored, first_not_finite};
use crate::error::{Misshapen, NetworkError, TensorProblems};

impl ShardedCheckpoint {
    /// Writes all tensors into one safetensors file: those named in `changed` with the values given there, as f32, all
    /// others byte for byte as they are. The file appears whole under its name or not at all, so it may be one that this
    /// checkpoint was read from.
    ///
    /// # Errors
    /// [`NetworkError::Tensors`] for a name that the checkpoint has not, or a wrong number of values;
    /// [`NetworkError::NotFinite`] for values that should not be kept; [`NetworkError::Write`].
    pub fn save_with(&self, changed: &BTreeMap<String, Vec<f32>>, path: &Path) -> Result<(), NetworkError> {
        let file = path.display().to_string();
        let problems = problems(self, changed);
        if !problems.is_empty() {
            return Err(NetworkError::Tensors { file: self.label().into(), problems });
        }
        if let Some(error) = changed.iter().find_map(|(name, values)| first_not_finite(&file, name, values)) {
            return Err(error);
        }
        let bytes: BTreeMap<&str, Vec<u8>> = changed
            .iter()
            .map(|(name, values)| (name.as_str(), values.iter().flat_map(|x| x.to_le_bytes()).collect()))
            .collect();
        let views = self.stored().map(|tensor| view(tensor, &bytes)).collect::<Result<Vec<_>, _>>();
        let format = Some(HashMap::from([("format".into(), "pt".into())]));
        let write = || -> io::Result<()> {
            let out = AtomicFile::create(path)?;
            serialize_to_file(views.map_err(io::Error::other)?, format, out.temporary_path())
                .map_err(io::Error::other)?;
            out.commit()
        };
        write().map_err(|source| NetworkError::Write { file, source })
    }
}

fn view<'a>(
    tensor: &'a Stored,
    changed: &'a BTreeMap<&str, Vec<u8>>,
) -> Result<(&'a str, TensorView<'a>), SafeTensorError> {
    let (dtype, bytes) = match changed.get(tensor.name.as_str()) {
        Some(bytes) => (Dtype::F32, bytes.as_slice()),
        None => (tensor.dtype, tensor.file.get(tensor.bytes.clone()).unwrap_or_default()),
    };
    Ok((&tensor.name, TensorView::new(dtype, tensor.shape.clone(), bytes)?))
}

fn problems(checkpoint: &ShardedCheckpoint, changed: &BTreeMap<String, Vec<f32>>) -> TensorProblems {
    let mut problems = TensorProblems::default();
    for (name, values) in changed {
        match checkpoint.tensor(name) {
            None => problems.missing.push(name.clone()),
            Some(tensor) if tensor.shape.iter().product::<usize>() != values.len() => {
                problems.misshapen.push(Misshapen {
                    tensor: name.clone(),
                    found: format!("{} values", values.len()),
                    expected: format!("{:?}", tensor.shape),
                });
            }
            Some(_) => {}
        }
    }
    problems
}
