//! From tensors in files to layers in memory.

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use safetensors::Dtype;

use crate::NetworkError;
use crate::block_encoding::encode_blocks;
use crate::checkpoint::{Resolved, StoredTensor};
use crate::load_options::{ComputeType, LoadOptions, Operators, Workers};
use crate::operators::{Linear, Norm, Weight};
use kernels::weights::{StoredType, WeightMatrix};

/// [`LoadOptions`] once the device is open and the threads are there.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    /// Where the network runs.
    pub(crate) device: Device,
    /// The type of the weights; `None` leaves them as they are in the files, memory-mapped.
    pub(crate) stored: Option<StoredType>,
    /// Whether the inputs of products may be rounded to bf16.
    pub(crate) rounded_inputs: bool,
    pub(crate) operators: Operators,
    /// The type of activations.
    pub(crate) kind: DType,
    pub(crate) workers: Workers,
}

impl Holding {
    /// # Errors
    /// Those of [`LoadOptions::check`] and [`DeviceChoice::open`](crate::DeviceChoice::open).
    pub(crate) fn new(options: &LoadOptions) -> Result<Self, NetworkError> {
        options.check()?;
        let device = options.device.open()?;
        let kind = match options.dtype {
            _ if device.is_cpu() => DType::F32,
            ComputeType::F32 => DType::F32,
            ComputeType::Bf16 => DType::BF16,
            ComputeType::F16 => DType::F16,
        };
        Ok(Self {
            device,
            stored: options.stored(),
            rounded_inputs: options.dtype == ComputeType::Bf16,
            operators: options.operators(),
            kind,
            workers: Workers::new(options)?,
        })
    }
}

/// Makes layers of a checkpoint's tensors.
#[derive(Clone, Copy)]
pub(crate) struct LayerReader<'a> {
    pub(crate) tensors: &'a Resolved,
    pub(crate) holding: &'a Holding,
}

impl LayerReader<'_> {
    /// Weight and bias of a layer norm.
    pub(crate) fn norm(&self, module: &str) -> Result<Norm, NetworkError> {
        Ok(Norm {
            weight: self.vector(&format!("{module}.weight"))?,
            bias: self.vector(&format!("{module}.bias"))?,
        })
    }

    /// `MODULE.weight` and, where there is one, `MODULE.bias`.
    pub(crate) fn linear(&self, module: &str, has_bias: bool) -> Result<Linear, NetworkError> {
        let name = format!("{module}.weight");
        let bias = has_bias.then(|| self.vector(&format!("{module}.bias"))).transpose()?;
        Ok(Linear { weight: self.weight(self.checked_matrix(&name)?, &name)?, bias, low_rank: None })
    }

    /// Some outputs of a matrix and its bias that are named apart, as those of a fused projection.
    pub(crate) fn linear_part(
        &self,
        (weight, bias): (&str, &str),
        outputs: std::ops::Range<usize>,
    ) -> Result<Linear, NetworkError> {
        let whole = self.tensors.get(weight)?;
        let rows = whole.shape.first().copied().unwrap_or(1).max(1);
        let row = whole.bytes.len() / rows;
        let bytes = whole.bytes.start + outputs.start * row..whole.bytes.start + outputs.end * row;
        let shape = std::iter::once(outputs.len()).chain(whole.shape.iter().skip(1).copied()).collect();
        let inputs: usize = whole.shape.iter().skip(1).product();
        let matrix = checked(&StoredTensor { bytes, shape, ..whole }, outputs.start * inputs)?;
        let bias = self.vector(bias)?.narrow(0, outputs.start, outputs.len());
        let bias = bias.and_then(|bias| bias.contiguous()).map_err(|error| moving(weight, &error))?;
        Ok(Linear { weight: self.weight(matrix, weight)?, bias: Some(bias), low_rank: None })
    }

    /// The matrix in the type that was asked for. Where that makes a copy, the file's pages are given back: a model
    /// that is quantised must not count twice.
    pub(crate) fn weight(&self, matrix: WeightMatrix, name: &str) -> Result<Weight, NetworkError> {
        let fused = self.holding.operators == Operators::Fused;
        let weight = match self.holding.stored {
            Some(stored) if fused => Weight::Stored(self.rounding(matrix.convert(stored, encode_blocks))),
            None if fused => return Ok(Weight::Stored(matrix)),
            Some(stored) => self.dense(&matrix.convert(stored, encode_blocks))?,
            None => self.dense(&matrix)?,
        };
        if self.holding.stored != Some(matrix.stored()) {
            let tensor = self.tensors.get(name)?;
            tensor.file.release(tensor.bytes.clone());
        }
        Ok(weight)
    }

    /// The matrix, allowed to round its inputs where that was asked for.
    pub(crate) fn rounding(&self, matrix: WeightMatrix) -> WeightMatrix {
        if self.holding.rounded_inputs { matrix.with_rounded_inputs() } else { matrix }
    }

    /// The matrix as a tensor on the device.
    pub(crate) fn dense(&self, matrix: &WeightMatrix) -> Result<Weight, NetworkError> {
        let mut values = vec![0.0; matrix.outputs() * matrix.inputs()];
        matrix.widen_rows(0..matrix.outputs(), &mut values);
        let tensor = self.tensor(values, &[matrix.outputs(), matrix.inputs()])?;
        Ok(Weight::Dense(tensor))
    }

    /// A small tensor on the device, with one axis.
    pub(crate) fn vector(&self, name: &str) -> Result<Tensor, NetworkError> {
        let values = self.tensors.get(name)?.floats()?;
        let count = values.len();
        self.tensor(values, &[count])
    }

    /// A small tensor on the device, with the axes of the file.
    pub(crate) fn table(&self, name: &str) -> Result<Tensor, NetworkError> {
        let stored = self.tensors.get(name)?;
        self.tensor(stored.floats()?, &stored.shape)
    }

    fn tensor(&self, values: Vec<f32>, shape: &[usize]) -> Result<Tensor, NetworkError> {
        Tensor::from_vec(values, shape, &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(self.holding.kind)?.to_device(&self.holding.device))
            .map_err(|error| moving("weights", &error))
    }

    /// A weight matrix of finite numbers, where it lies; dimensions after the first are one.
    pub(crate) fn checked_matrix(&self, name: &str) -> Result<WeightMatrix, NetworkError> {
        checked(&self.tensors.get(name)?, 0)
    }

    /// A weight matrix where it lies, not looked at yet.
    #[cfg(feature = "lvlm")]
    pub(crate) fn matrix(&self, name: &str) -> Result<WeightMatrix, NetworkError> {
        unchecked(&self.tensors.get(name)?)
    }
}

fn moving(what: &str, error: &candle_core::Error) -> NetworkError {
    NetworkError::Compute { what: format!("moving {what}"), why: error.to_string() }
}

fn unchecked(tensor: &StoredTensor<'_>) -> Result<WeightMatrix, NetworkError> {
    let bad =
        |why: String| NetworkError::BadValue { file: tensor.path.clone(), tensor: tensor.name.into(), why };
    let stored = match tensor.dtype {
        Dtype::F32 => StoredType::F32,
        Dtype::BF16 => StoredType::Bf16,
        Dtype::F16 => StoredType::F16,
        other => return Err(bad(format!("type {other:?} is none of F32, BF16, F16"))),
    };
    let outputs = tensor.shape.first().copied().unwrap_or(1);
    let inputs = tensor.shape.iter().skip(1).product();
    WeightMatrix::from_file(Arc::clone(&tensor.file), tensor.bytes.clone(), stored, outputs, inputs)
        .ok_or_else(|| bad(format!("{} bytes for {:?}", tensor.bytes.len(), tensor.shape)))
}

/// A matrix of finite numbers; `before` of them precede it in the tensor of this name.
fn checked(tensor: &StoredTensor<'_>, before: usize) -> Result<WeightMatrix, NetworkError> {
    let matrix = unchecked(tensor)?;
    match matrix.first_non_finite() {
        None => Ok(matrix),
        Some(index) => {
            let inputs = matrix.inputs().max(1);
            let mut row = vec![0.0; inputs];
            matrix.widen_rows(index / inputs..index / inputs + 1, &mut row);
            Err(NetworkError::NotFinite {
                file: tensor.path.clone(),
                tensor: tensor.name.into(),
                index: before + index,
                value: row[index % inputs],
            })
        }
    }
}
