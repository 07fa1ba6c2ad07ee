//! Attention and perceptron, layer after layer.

use candle_core::{Result, Tensor};

use super::biased;
use super::config::LayersConfig;
use crate::checkpoint::Expected;
use crate::error::NetworkError;
use crate::holding::LayerReader;
use crate::kernels::attention::{Heads, Segment};
use crate::operators::{AttentionShape, Linear, Norm, Operators, attention};

/// The layers of a tower.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    config: LayersConfig,
    operators: Operators,
    layers: Vec<Layer>,
}

#[derive(Clone, Debug)]
struct Layer {
    norm1: Norm,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    norm2: Norm,
    expand: Linear,
    contract: Linear,
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
                query: linear("self_attn.q_proj")?,
                key: linear("self_attn.k_proj")?,
                value: linear("self_attn.v_proj")?,
                output: linear("self_attn.out_proj")?,
                norm2: reader.norm(&name("layer_norm2"))?,
                expand: linear("mlp.fc1")?,
                contract: linear("mlp.fc2")?,
            })
        });
        Ok(Self {
            config: config.clone(),
            operators: reader.holding.operators(),
            layers: layers.collect::<std::result::Result<_, NetworkError>>()?,
        })
    }

    /// `[rows, width]` to the same. `groups` are lengths of runs of rows that do not see each other; with `causal`, a
    /// token sees only itself and what precedes it in its group.
    pub(crate) fn forward(&self, input: &Tensor, groups: &[usize], causal: bool) -> Result<Tensor> {
        let LayersConfig { epsilon, activation, .. } = self.config;
        let shape = self.shape(groups, causal);
        let operators = self.operators;
        let mut hidden = input.clone();
        for layer in &self.layers {
            let normal = layer.norm1.forward(operators, &hidden, epsilon)?;
            let queries = layer.query.forward(&normal)?;
            let keys = layer.key.forward(&normal)?;
            let values = layer.value.forward(&normal)?;
            let mixed = attention(operators, &queries, &keys, &values, &shape)?;
            hidden = (hidden + layer.output.forward(&mixed)?)?;
            let normal = layer.norm2.forward(operators, &hidden, epsilon)?;
            let wide = activation.forward(operators, &layer.expand.forward(&normal)?)?;
            hidden = (hidden + layer.contract.forward(&wide)?)?;
        }
        Ok(hidden)
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
