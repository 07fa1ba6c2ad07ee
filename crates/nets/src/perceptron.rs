//! Linear layers one after the other, over blocks of rows.

use crate::checkpoint::{Expected, TensorSource};
use crate::error::NetworkError;
use kernels::Instructions;
use kernels::linear::{Activation, PackedLinear, PanelOutput, PanelRows};
use kernels::panels::{AlignedBuffer, PANEL, from_panels, padded_channels, to_panels};

/// One layer as it is named in a checkpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerShape<'a> {
    pub(crate) name: &'a str,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) activation: Activation,
}

impl LayerShape<'_> {
    /// Its tensors, under a prefix.
    pub(crate) fn tensors(&self, prefix: &str) -> [Expected; 2] {
        [
            (format!("{prefix}{}.weight", self.name), vec![self.outputs, self.inputs]),
            (format!("{prefix}{}.bias", self.name), vec![self.outputs]),
        ]
    }
}

/// Layers with their activations.
#[derive(Debug)]
pub(crate) struct Perceptron {
    layers: Vec<(PackedLinear, Activation)>,
    instructions: Instructions,
}

impl Perceptron {
    /// Reads layers whose names begin with `prefix`.
    pub(crate) fn read(
        checkpoint: &impl TensorSource,
        prefix: &str,
        shapes: &[LayerShape<'_>],
    ) -> Result<Self, NetworkError> {
        let mut layers = Vec::with_capacity(shapes.len());
        for shape in shapes {
            let name = format!("{prefix}{}", shape.name);
            let weights = checkpoint.floats(&format!("{name}.weight"))?;
            let bias = checkpoint.floats(&format!("{name}.bias"))?;
            let layer = PackedLinear::new(&weights, &bias, shape.inputs, shape.outputs)
                .ok_or_else(|| checkpoint.bad_value(&name, "its shape does not fit"))?;
            layers.push((layer, shape.activation));
        }
        Ok(Self { layers, instructions: Instructions::best() })
    }

    /// From row-major `[rows, inputs]` to row-major `[rows, outputs]`, on the calling thread.
    pub(crate) fn apply(&self, values: &[f32], rows: usize) -> Vec<f32> {
        let Some(((first, _), (last, _))) = self.layers.first().zip(self.layers.last()) else {
            return values.to_vec();
        };
        let widest = self.layers.iter().map(|(layer, _)| layer.inputs().max(layer.outputs())).max();
        let floats = rows * padded_channels(widest.unwrap_or_default());
        let (mut input, mut output) = (AlignedBuffer::zeros(floats), AlignedBuffer::zeros(floats));
        to_panels(values, rows, first.inputs(), &mut input);
        for (layer, activation) in &self.layers {
            let panels = output.chunks_mut((rows * PANEL).max(1)).enumerate().take(layer.panels());
            for (panel, floats) in panels {
                let (input, output) = (PanelRows::all(&input, rows), PanelOutput::dense(floats));
                layer.panel(self.instructions, panel, input, output, None, *activation);
            }
            std::mem::swap(&mut input, &mut output);
        }
        let mut result = vec![0.0; rows * last.outputs()];
        from_panels(&input, rows, last.outputs(), &mut result);
        result
    }
}
