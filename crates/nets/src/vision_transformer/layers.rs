//! Attention and perceptron, layer after layer.

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::config::LayersConfig;
use super::fused::{self, BufferPool, FusedLayer};
use super::{biased, computing};
use crate::checkpoint::Expected;
use crate::error::NetworkError;
use crate::holding::LayerReader;
use crate::operators::{AttentionShape, Linear, Norm, Operators, attention, host_floats};
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

#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) norm1: Norm,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) output: Linear,
    pub(super) norm2: Norm,
    pub(super) expand: Linear,
    pub(super) contract: Linear,
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
        let layers = layers.collect::<std::result::Result<Vec<_>, NetworkError>>()?;
        let form = match reader.holding.operators() {
            Operators::Composed => Form::Composed(layers),
            Operators::Fused => {
                let fused = layers.iter().map(FusedLayer::new).collect::<Result<_>>();
                Form::Fused(fused.map_err(computing("the layers"))?, Arc::default())
            }
        };
        Ok(Self { config: config.clone(), form })
    }

    /// `[rows, width]` to the same. `groups` are lengths of runs of rows that do not see each other; with `causal`, a
    /// token sees only itself and what precedes it in its group.
    pub(crate) fn forward(&self, input: &Tensor, groups: &[usize], causal: bool) -> Result<Tensor> {
        let shape = self.shape(groups, causal);
        match &self.form {
            Form::Composed(layers) => layers
                .iter()
                .try_fold(input.clone(), |hidden, layer| layer.forward(&self.config, &shape, &hidden)),
            Form::Fused(layers, pool) => {
                let mut hidden = host_floats(input)?;
                fused::forward(layers, &self.config, &shape, pool, &mut hidden);
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
    fn forward(&self, config: &LayersConfig, shape: &AttentionShape, hidden: &Tensor) -> Result<Tensor> {
        let operators = Operators::Composed;
        let normal = self.norm1.forward(operators, hidden, config.epsilon)?;
        let queries = self.query.forward(&normal)?;
        let keys = self.key.forward(&normal)?;
        let values = self.value.forward(&normal)?;
        let mixed = attention(operators, &queries, &keys, &values, shape)?;
        let hidden = (hidden + self.output.forward(&mixed)?)?;
        let normal = self.norm2.forward(operators, &hidden, config.epsilon)?;
        let wide = config.activation.forward(operators, &self.expand.forward(&normal)?)?;
        hidden + self.contract.forward(&wide)?
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
