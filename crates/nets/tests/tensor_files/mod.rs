//! Safetensors files for tests: read whole, changed, written again.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of this")]

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use safetensors::tensor::{TensorView, serialize};
use safetensors::{Dtype, SafeTensors};

/// A tensor as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl Tensor {
    pub fn new(shape: &[usize], values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dtype: Dtype::F32, shape: shape.to_vec(), bytes }
    }

    /// Zeros, of another type perhaps.
    pub fn zeros(dtype: Dtype, shape: &[usize]) -> Self {
        let count: usize = shape.iter().product();
        Self { dtype, shape: shape.to_vec(), bytes: vec![0; count * dtype.bitsize() / 8] }
    }

    /// Of a tensor of f32.
    pub fn values(&self) -> Vec<f32> {
        assert_eq!(self.dtype, Dtype::F32);
        self.bytes.as_chunks::<4>().0.iter().map(|&word| f32::from_le_bytes(word)).collect()
    }

    /// A tensor of f32, rounded to a shorter type.
    pub fn rounded(&self, dtype: Dtype) -> Self {
        let words = self.values().into_iter().flat_map(|value| match dtype {
            Dtype::BF16 => bf16::from_f32(value).to_le_bytes(),
            _ => f16::from_f32(value).to_le_bytes(),
        });
        Self { dtype, shape: self.shape.clone(), bytes: words.collect() }
    }

    /// With one value replaced.
    pub fn with(mut self, index: usize, value: f32) -> Self {
        self.bytes[4 * index..4 * index + 4].copy_from_slice(&value.to_le_bytes());
        self
    }
}

pub type Tensors = BTreeMap<String, Tensor>;

/// A folder of fixtures.
pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

/// All tensors of a file.
pub fn read(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    file.iter()
        .map(|(name, view)| {
            let (dtype, shape) = (view.dtype(), view.shape().to_vec());
            (name.to_owned(), Tensor { dtype, shape, bytes: view.data().to_vec() })
        })
        .collect()
}

/// What the header says beside the tensors.
pub fn metadata(path: &Path) -> HashMap<String, String> {
    let bytes = std::fs::read(path).unwrap();
    SafeTensors::read_metadata(&bytes).unwrap().1.metadata().clone().unwrap_or_default()
}

pub fn encode(tensors: &Tensors) -> Vec<u8> {
    let views = tensors.iter().map(|(name, tensor)| {
        (name.as_str(), TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes).unwrap())
    });
    serialize(views, None).unwrap()
}

pub fn write(path: &Path, tensors: &Tensors) {
    std::fs::write(path, encode(tensors)).unwrap();
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
