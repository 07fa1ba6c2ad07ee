//! Attention and MLP, layer after layer.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::config::LayersConfig;
use super::fused::{self, BufferPool, FusedLayer};
use super::{biased, computing};
use crate::checkpoint::Expected;
use crate::error::NetworkError;
use crate::holding::LayerReader;
use crate::operators::{AttentionShape, Linear, Norm, Operators, Rotation, attention, host_floats, rotate};
use kernels::attention::{Heads, Segment};

/// The layers of a tower.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    config: LayersConfig,
    form: Form,
}

/// How they run.
#[derive(Clone, Debug)]
enum Form {
    Composed(Vec<Layer>),
    Fused(Vec<FusedLayer>, Arc<BufferPool>),
}

/// One layer, before its form is chosen.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) norm1: Norm,
    pub(crate) projections: Projections,
    pub(crate) output: Linear,
    pub(crate) norm2: Norm,
    pub(crate) expand: Linear,
    pub(crate) contract: Linear,
}

/// What makes queries, keys and values of a token.
#[derive(Clone, Debug)]
pub(crate) enum Projections {
    /// One matrix each: CLIP and `SigLIP`.
    Apart(Box<[Linear; 3]>),
    /// One matrix with the outputs of all three, in that order: Qwen2-VL.
    #[cfg_attr(not(feature = "lvlm"), allow(dead_code, reason = "no other network has it"))]
    Joint(Linear),
}

impl Layers {
    /// The tensors of layers whose names begin with `prefix`, as in `vision_model.encoder.`.
    pub(crate) fn tensors(config: &LayersConfig, prefix: &str, list: &mut Vec<Expected>) {
        let (width, mlp) = (config.width, config.mlp);
        for layer in 0..config.layers {
            let mut add = |part: &str, shape: &[usize]| {
                biased(list, &format!("{prefix}layers.{layer}.{part}"), shape);
            };
            add("layer_norm1", &[width]);
            for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                add(&format!("self_attn.{part}"), &[width, width]);
            }
            add("layer_norm2", &[width]);
            add("mlp.fc1", &[mlp, width]);
            add("mlp.fc2", &[width, mlp]);
        }
    }

    pub(crate) fn read(
        reader: LayerReader<'_>,
        config: &LayersConfig,
        prefix: &str,
    ) -> std::result::Result<Self, NetworkError> {
        let layers = (0..config.layers).map(|layer| {
            let name = |part: &str| format!("{prefix}layers.{layer}.{part}");
            let linear = |part: &str| reader.linear(&name(part), true);
            Ok(Layer {
                norm1: reader.norm(&name("layer_norm1"))?,
                projections: Projections::Apart(Box::new([
                    linear("self_attn.q_proj")?,
                    linear("self_attn.k_proj")?,
                    linear("self_attn.v_proj")?,
                ])),
                output: linear("self_attn.out_proj")?,
                norm2: reader.norm(&name("layer_norm2"))?,
                expand: linear("mlp.fc1")?,
                contract: linear("mlp.fc2")?,
            })
        });
        let layers = layers.collect::<std::result::Result<_, NetworkError>>()?;
        Self::new(config.clone(), layers, reader.holding.operators)
    }

    /// Layers that were read one by one. Those that are to run fused have stored weights, biases and no adapter.
    pub(crate) fn new(
        config: LayersConfig,
        layers: Vec<Layer>,
        operators: Operators,
    ) -> std::result::Result<Self, NetworkError> {
        let form = match operators {
            Operators::Composed => Form::Composed(layers),
            Operators::Fused => {
                let fused = layers.into_iter().map(FusedLayer::new).collect::<Result<_>>();
                Form::Fused(fused.map_err(computing("the layers"))?, Arc::default())
            }
        };
        Ok(Self { config, form })
    }

    /// `[rows, width]` to the same. `groups` are lengths of runs of rows that do not see each other; with `causal`, a
    /// token sees only itself and what precedes it in its group. `rotation` turns the heads of queries and keys.
    pub(crate) fn forward(
        &self,
        input: &Tensor,
        groups: &[usize],
        causal: bool,
        rotation: Option<&Rotation>,
    ) -> Result<Tensor> {
        let shape = self.shape(groups, causal);
        match &self.form {
            Form::Composed(layers) => layers.iter().try_fold(input.clone(), |hidden, layer| {
                layer.forward(&self.config, &shape, rotation, &hidden)
            }),
            Form::Fused(layers, pool) => {
                let mut hidden = host_floats(input)?;
                let angles = rotation.map(Rotation::on_host).transpose()?;
                fused::forward(layers, &self.config, &shape, angles.as_ref(), pool, &mut hidden);
                Tensor::from_vec(hidden, input.shape(), input.device())
            }
        }
    }

    fn shape(&self, groups: &[usize], causal: bool) -> AttentionShape {
        let mut start = 0;
        let segments = groups.iter().map(|&length| {
            let range = start..start + length;
            start = range.end;
            Segment { queries: range.clone(), keys: range }
        });
        attention_shape(&self.config, segments.collect(), causal)
    }
}

impl Layer {
    /// `[rows, width]` to the same, by operators of the device.
    fn forward(
        &self,
        config: &LayersConfig,
        shape: &AttentionShape,
        rotation: Option<&Rotation>,
        hidden: &Tensor,
    ) -> Result<Tensor> {
        let operators = Operators::Composed;
        let normal = self.norm1.forward(operators, hidden, config.epsilon)?;
        let [mut queries, mut keys, values] = self.projections.forward(&normal, config.width)?;
        if let Some(rotation) = rotation {
            queries = rotate(operators, &queries, rotation, config.heads)?;
            keys = rotate(operators, &keys, rotation, config.heads)?;
        }
        let mixed = attention(operators, &queries, &keys, &values, shape)?;
        let hidden = (hidden + self.output.forward(&mixed)?)?;
        let normal = self.norm2.forward(operators, &hidden, config.epsilon)?;
        let wide = config.activation.forward(operators, &self.expand.forward(&normal)?)?;
        hidden + self.contract.forward(&wide)?
    }
}

impl Projections {
    /// Queries, keys and values, `[rows, width]` each.
    fn forward(&self, input: &Tensor, width: usize) -> Result<[Tensor; 3]> {
        match self {
            Self::Apart(linears) => {
                let [query, key, value] = linears.as_ref();
                Ok([query.forward(input)?, key.forward(input)?, value.forward(input)?])
            }
            Self::Joint(linear) => {
                let joint = linear.forward(input)?;
                let part = |index: usize| joint.narrow(1, index * width, width)?.contiguous();
                Ok([part(0)?, part(1)?, part(2)?])
            }
        }
    }
}

/// Attention with as many heads for keys as for queries and nothing shared.
pub(super) fn attention_shape(config: &LayersConfig, segments: Vec<Segment>, causal: bool) -> AttentionShape {
    let dimension = config.head();
    AttentionShape {
        heads: Heads { query: config.heads, key_value: config.heads, dimension },
        prefix: 0,
        segments,
        causal,
        scale: 1.0 / (dimension as f32).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::operators::{Activation, Weight};
    use kernels::weights::WeightMatrix;

    const CONFIG: LayersConfig = LayersConfig {
        width: 48,
        mlp: 80,
        layers: 2,
        heads: 3,
        activation: Activation::QuickGelu,
        epsilon: 1e-6,
    };

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0).collect()
    }

    fn tensor(values: Vec<f32>, shape: &[usize]) -> Tensor {
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    /// Of some rows of a matrix that the seed stands for.
    fn linear(
        operators: Operators,
        [outputs, inputs]: [usize; 2],
        seed: usize,
        rows: std::ops::Range<usize>,
    ) -> Linear {
        let scale = 2.0 / (inputs as f32).sqrt();
        let values: Vec<f32> = numbers(outputs * inputs, seed)[rows.start * inputs..rows.end * inputs]
            .iter()
            .map(|value| value * scale)
            .collect();
        let bias = tensor(numbers(outputs, seed + 1)[rows.clone()].to_vec(), &[rows.len()]);
        let weight = match operators {
            Operators::Fused => Weight::Stored(WeightMatrix::from_f32(values, rows.len(), inputs)),
            Operators::Composed => Weight::Dense(tensor(values, &[rows.len(), inputs])),
        };
        Linear { weight, bias: Some(bias), low_rank: None }
    }

    fn layers(operators: Operators, joint: bool) -> Layers {
        let (width, mlp) = (CONFIG.width, CONFIG.mlp);
        let layer = |index: usize| {
            let seed = 100 * index;
            let norm = |seed| Norm {
                weight: tensor(numbers(width, seed), &[width]),
                bias: tensor(numbers(width, seed + 1), &[width]),
            };
            let part = |rows| linear(operators, [3 * width, width], seed, rows);
            let whole = |shape: [usize; 2], seed| linear(operators, shape, seed, 0..shape[0]);
            Layer {
                norm1: norm(seed + 10),
                projections: if joint {
                    Projections::Joint(part(0..3 * width))
                } else {
                    let third = |index: usize| part(index * width..(index + 1) * width);
                    Projections::Apart(Box::new([third(0), third(1), third(2)]))
                },
                output: whole([width, width], seed + 20),
                norm2: norm(seed + 30),
                expand: whole([mlp, width], seed + 40),
                contract: whole([width, mlp], seed + 50),
            }
        };
        Layers::new(CONFIG, (0..CONFIG.layers).map(layer).collect(), operators).unwrap()
    }

    #[test]
    fn fused_layers_equal_composed_ones() {
        let groups = [7, 1, 20];
        let rows = groups.iter().sum::<usize>();
        let input = tensor(numbers(rows * CONFIG.width, 7), &[rows, CONFIG.width]);
        let half = CONFIG.head() / 2;
        let angles: Vec<f32> = (0..rows * half).map(|index| index as f32 * 0.37).collect();
        let rotation = Rotation::new(&angles, half, &Device::Cpu).unwrap();
        for (rotation, causal) in
            [(None, false), (None, true), (Some(&rotation), false), (Some(&rotation), true)]
        {
            let run = |operators, joint| {
                let output = layers(operators, joint).forward(&input, &groups, causal, rotation);
                host_floats(&output.unwrap()).unwrap()
            };
            let fused = run(Operators::Fused, true);
            let size = fused.iter().fold(0.0, |size: f32, value| size.max(value.abs()));
            assert!(size > 1.0, "the layers do nothing");
            for other in [
                run(Operators::Composed, true),
                run(Operators::Composed, false),
                run(Operators::Fused, false),
            ] {
                let error = fused.iter().zip(&other).fold(0.0, |error: f32, (a, b)| error.max((a - b).abs()));
                assert!(error < 1e-5 * size, "rotation {}, causal {causal}: {error}", rotation.is_some());
            }
        }
    }

    #[test]
    fn rotation_and_groups_change_the_result() {
        let input = tensor(numbers(8 * CONFIG.width, 7), &[8, CONFIG.width]);
        let half = CONFIG.head() / 2;
        let rotation = Rotation::new(&numbers(8 * half, 3), half, &Device::Cpu).unwrap();
        let layers = layers(Operators::Fused, true);
        let run = |groups: &[usize], rotation| {
            host_floats(&layers.forward(&input, groups, false, rotation).unwrap()).unwrap()
        };
        assert_ne!(run(&[8], None), run(&[8], Some(&rotation)));
        assert_ne!(run(&[8], None), run(&[4, 4], None));
    }
}
