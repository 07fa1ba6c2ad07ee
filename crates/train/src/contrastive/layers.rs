//! Linear layers as candle variables.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor, Var};
use nets::g3::{TrainedLayer, TrainedTensor};

/// Variables by the names that their checkpoint has for them.
#[derive(Debug)]
pub(super) struct Variables {
    pub(super) by_name: BTreeMap<String, Var>,
    pub(super) device: Device,
}

impl Variables {
    /// None yet.
    pub(super) fn new(device: &Device) -> Self {
        Self { by_name: BTreeMap::new(), device: device.clone() }
    }

    /// A new variable.
    pub(super) fn add(&mut self, tensor: TrainedTensor) -> Result<Var> {
        let TrainedTensor { name, shape, values } = tensor;
        let variable = Var::from_tensor(&Tensor::from_vec(values, shape, &self.device)?)?;
        self.by_name.insert(name, variable.clone());
        Ok(variable)
    }

    /// The variables of layers that follow each other.
    pub(super) fn layers(&mut self, layers: Vec<TrainedLayer>) -> Result<Layers> {
        let layer = |TrainedLayer { weight, bias, rectified }| {
            Ok(Layer { weight: self.add(weight)?, bias: self.add(bias)?, rectified })
        };
        Ok(Layers(layers.into_iter().map(layer).collect::<Result<_>>()?))
    }
}

/// Layers that follow each other.
#[derive(Debug)]
pub(super) struct Layers(Vec<Layer>);

#[derive(Debug)]
struct Layer {
    /// `[outputs, inputs]`.
    weight: Var,
    /// `[outputs]`.
    bias: Var,
    rectified: bool,
}

impl Layers {
    /// From `[rows, inputs]` to `[rows, outputs]`.
    pub(super) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        self.0.iter().try_fold(rows.clone(), |rows, layer| {
            let sums = rows.matmul(&layer.weight.t()?)?.broadcast_add(&layer.bias)?;
            if layer.rectified { sums.relu() } else { Ok(sums) }
        })
    }
}
