//! One tensor of a file: where its bytes lie, and their values.

use std::ops::Range;
use std::sync::Arc;

use half::{bf16, f16};
use safetensors::Dtype;

use crate::error::NetworkError;
use files::MappedFile;

/// The types that are read as numbers.
pub(crate) const FLOAT_TYPES: &str = "F32, BF16 or F16";

/// A tensor where it lies in a mapped file. Holding it keeps the file mapped, not the checkpoint.
#[derive(Clone, Debug)]
pub struct StoredTensor<'a> {
    /// The name the file has for it.
    pub name: &'a str,
    /// The whole file.
    pub file: Arc<MappedFile>,
    /// Where in the file its values lie: row-major, little-endian, not necessarily aligned.
    pub bytes: Range<usize>,
    /// The type of a value.
    pub dtype: Dtype,
    /// The extents, as in `[outputs, inputs]`.
    pub shape: Vec<usize>,
    /// The path of the file, for messages.
    pub path: String,
}

impl StoredTensor<'_> {
    /// The bytes of the values; nothing is copied.
    pub fn data(&self) -> &[u8] {
        self.file.get(self.bytes.clone()).unwrap_or_default()
    }

    /// The values, widened to f32.
    ///
    /// # Errors
    /// [`NetworkError::BadValue`] if they are neither f32, bf16 nor f16; [`NetworkError::NotFinite`].
    pub fn floats(&self) -> Result<Vec<f32>, NetworkError> {
        let data = self.data();
        let values: Vec<f32> = match self.dtype {
            Dtype::F32 => data.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect(),
            Dtype::BF16 => {
                data.as_chunks::<2>().0.iter().map(|&word| bf16::from_le_bytes(word).to_f32()).collect()
            }
            Dtype::F16 => {
                data.as_chunks::<2>().0.iter().map(|&word| f16::from_le_bytes(word).to_f32()).collect()
            }
            other => {
                let why = format!("its values are {other:?}, expected {FLOAT_TYPES}");
                return Err(NetworkError::BadValue {
                    file: self.path.clone(),
                    tensor: self.name.into(),
                    why,
                });
            }
        };
        match first_not_finite(&self.path, self.name, &values) {
            Some(error) => Err(error),
            None => Ok(values),
        }
    }
}

/// [`StoredTensor`] as it is kept: with its own name.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) file: Arc<MappedFile>,
    pub(crate) bytes: Range<usize>,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) path: Arc<str>,
}

impl Stored {
    pub(crate) fn view(&self) -> StoredTensor<'_> {
        StoredTensor {
            name: &self.name,
            file: Arc::clone(&self.file),
            bytes: self.bytes.clone(),
            dtype: self.dtype,
            shape: self.shape.clone(),
            path: self.path.to_string(),
        }
    }

    /// Whether [`StoredTensor::floats`] knows the type.
    #[cfg(feature = "transformers")]
    pub(crate) fn is_float(&self) -> bool {
        matches!(self.dtype, Dtype::F32 | Dtype::BF16 | Dtype::F16)
    }
}

/// The error for the first value that is NaN or infinite, if there is one.
pub(crate) fn first_not_finite(file: &str, tensor: &str, values: &[f32]) -> Option<NetworkError> {
    let (index, &value) = values.iter().enumerate().find(|(_, value)| !value.is_finite())?;
    Some(NetworkError::NotFinite { file: file.into(), tensor: tensor.into(), index, value })
}
