//! From the tensors of a checkpoint to packed layers: batch normalisation is folded into the convolutions.

use super::config::Config;
use crate::checkpoint::Checkpoint;
use crate::error::NetworkError;
use kernels::depthwise::PackedDepthwise;
use kernels::linear::PackedLinear;

/// A convolution's weights `[outputs, ...]` and bias, with batch normalisation folded in:
/// `w' = w * gamma / sqrt(variance + eps)`, `b' = beta - mean * gamma / sqrt(variance + eps)`.
struct Folded {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Folded {
    fn read(
        checkpoint: &Checkpoint<'_>,
        convolution: &str,
        normalisation: &str,
        eps: f64,
    ) -> Result<Self, NetworkError> {
        let part = |part: &str| checkpoint.floats(&format!("{normalisation}.{part}"));
        let mut weights = checkpoint.floats(&format!("{convolution}.weight"))?;
        let (gamma, beta, mean, variance) =
            (part("weight")?, part("bias")?, part("running_mean")?, part("running_var")?);
        let per_output = weights.len() / gamma.len().max(1);
        let mut bias = Vec::with_capacity(gamma.len());
        for (index, row) in weights.chunks_exact_mut(per_output.max(1)).enumerate() {
            let (Some(gamma), Some(beta), Some(mean), Some(variance)) =
                (gamma.get(index), beta.get(index), mean.get(index), variance.get(index))
            else {
                break;
            };
            let variance = f64::from(*variance) + eps;
            if variance <= 0.0 {
                let name = format!("{normalisation}.running_var");
                return Err(checkpoint.bad_value(&name, format!("value {index} is negative")));
            }
            let scale = f64::from(*gamma) / variance.sqrt();
            for weight in row {
                *weight = (f64::from(*weight) * scale) as f32;
            }
            bias.push((f64::from(*beta) - f64::from(*mean) * scale) as f32);
        }
        Ok(Self { weights, bias })
    }

    fn linear(&self, checkpoint: &Checkpoint<'_>, name: &str) -> Result<PackedLinear, NetworkError> {
        let outputs = self.bias.len();
        let inputs = self.weights.len() / outputs.max(1);
        PackedLinear::new(&self.weights, &self.bias, inputs, outputs)
            .ok_or_else(|| checkpoint.bad_value(name, "its shape does not fit"))
    }
}

/// The layers of one inverted-residual block.
#[derive(Debug)]
pub(super) struct Block {
    /// 1x1 convolution to the inner channels; in the first block the stem, over 3x3x3 patches of the image.
    pub(super) expand: PackedLinear,
    pub(super) depthwise: PackedDepthwise,
    pub(super) project: PackedLinear,
    pub(super) residual: bool,
}

/// All layers.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) blocks: Vec<Block>,
    pub(super) head: PackedLinear,
    pub(super) classifier: PackedLinear,
}

impl Layers {
    pub(super) fn read(config: &Config, checkpoint: &Checkpoint<'_>) -> Result<Self, NetworkError> {
        let fold = |convolution: &str, normalisation: &str| {
            Folded::read(checkpoint, convolution, normalisation, config.bn_eps)
        };
        let mut blocks = Vec::with_capacity(config.blocks.len());
        for (index, block) in config.blocks.iter().enumerate() {
            let name = |part: &str| format!("_blocks.{index}.{part}");
            let expand = if index == 0 {
                let mut stem = fold("_conv_stem", "_bn0")?;
                stem.weights = channels_last(&stem.weights);
                stem.linear(checkpoint, "_conv_stem")?
            } else {
                fold(&name("_expand_conv"), &name("_bn0"))?.linear(checkpoint, &name("_expand_conv"))?
            };
            let depthwise = fold(&name("_depthwise_conv"), &name("_bn1"))?;
            let depthwise =
                PackedDepthwise::new(&depthwise.weights, &depthwise.bias, block.kernel, block.stride)
                    .ok_or_else(|| {
                        checkpoint.bad_value(&name("_depthwise_conv"), "its shape does not fit")
                    })?;
            let project =
                fold(&name("_project_conv"), &name("_bn2"))?.linear(checkpoint, &name("_project_conv"))?;
            blocks.push(Block { expand, depthwise, project, residual: block.residual() });
        }
        let head = fold("_conv_head", "_bn1")?.linear(checkpoint, "_conv_head")?;
        let classifier =
            Folded { weights: checkpoint.floats("_fc.weight")?, bias: checkpoint.floats("_fc.bias")? };
        let classifier = classifier.linear(checkpoint, "_fc")?;
        Ok(Self { blocks, head, classifier })
    }
}

/// Stem weights `[outputs, 3 channels, 3, 3]` in the order of image memory, `[outputs, 3, 3, 3 channels]`.
fn channels_last(weights: &[f32]) -> Vec<f32> {
    let (kernels, _) = weights.as_chunks::<27>();
    kernels.iter().flat_map(|kernel| (0..27).map(|to| kernel[to % 3 * 9 + to / 3])).collect()
}
