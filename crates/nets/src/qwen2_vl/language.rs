//! The language model: tokens in, the hidden state of the last token of each prompt out.
//!
//! It runs in two steps. [`LanguageModel::prefix`] computes keys and values of the tokens that all prompts of a group
//! share; [`LanguageModel::last_hidden`] runs the rest of every prompt, packed one after another, each seeing the
//! prefix and itself. Without a prefix the second step alone is the ordinary forward pass.
//!
//! Writing goes on from a prefix: [`LanguageModel::step`] runs one more token of each text, whose keys and values so far
//! lie in a [`Cache`].

use candle_core::{DType, Device, IndexOp, Result, Tensor};

use super::config::LanguageConfig;
use super::generation::cache::Cache;
use super::positions::Positions;
use crate::operators::{
    AttentionShape, Linear, Operators, Rotation, attention, attention_beside, rms_norm, rotate, swiglu,
};
use kernels::attention::{Heads, Segment};

/// Rows that go through the MLP at once: its inner activations are six times as wide as the rest.
const MLP_ROWS: usize = 1024;

/// A transformer layer.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) input_norm: Tensor,
    pub(super) query: Linear,
    pub(super) key: Linear,
    pub(super) value: Linear,
    pub(super) output: Linear,
    pub(super) mlp_norm: Tensor,
    pub(super) gate: Linear,
    pub(super) up: Linear,
    pub(super) down: Linear,
}

/// All layers and the final norm.
#[derive(Clone, Debug)]
pub(super) struct LanguageModel {
    pub(super) config: LanguageConfig,
    pub(super) operators: Operators,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Tensor,
}

/// Keys and values of a shared prefix, `[tokens, key-value heads * dimension]` a layer.
#[derive(Clone, Debug)]
pub(super) struct Prefix {
    layers: Vec<(Tensor, Tensor)>,
    tokens: usize,
}

impl LanguageModel {
    /// A prefix of no tokens.
    pub(super) fn no_prefix(&self, kind: DType, device: &Device) -> Result<Prefix> {
        let none = Tensor::zeros((0, self.config.key_value_heads * self.config.head_dim), kind, device)?;
        Ok(Prefix { layers: vec![(none.clone(), none); self.layers.len()], tokens: 0 })
    }

    /// Runs the shared prefix, `[tokens, hidden]`.
    pub(super) fn prefix(&self, embedded: &Tensor, positions: &Positions) -> Result<Prefix> {
        let tokens = embedded.dim(0)?;
        let rotation = self.rotation(positions, embedded)?;
        let whole = [Segment { queries: 0..tokens, keys: 0..tokens }];
        let mut hidden = embedded.clone();
        let mut layers = Vec::with_capacity(self.layers.len());
        for (index, layer) in self.layers.iter().enumerate() {
            let normal = self.normalise(&hidden, &layer.input_norm)?;
            let (keys, values) = self.keys_and_values(layer, &normal, &rotation)?;
            // Nothing reads what the last layer makes of the prefix, only its keys and values.
            if index + 1 < self.layers.len() {
                let queries =
                    rotate(self.operators, &layer.query.forward(&normal)?, &rotation, self.config.heads)?;
                hidden = self.mix(layer, &hidden, &queries, (&keys, &values), &self.shape(0, &whole))?;
                hidden = self.mlp(layer, &hidden)?;
            }
            layers.push((keys, values));
        }
        Ok(Prefix { layers, tokens })
    }

    /// Runs packed prompts, `[tokens, hidden]`, of the given lengths; returns the normalised hidden state of the
    /// last token of each, `[prompts, hidden]`.
    pub(super) fn last_hidden(
        &self,
        embedded: &Tensor,
        positions: &Positions,
        lengths: &[usize],
        prefix: Option<&Prefix>,
    ) -> Result<Tensor> {
        let rotation = self.rotation(positions, embedded)?;
        let segments = packed(lengths);
        let lasts: Vec<u32> = segments.iter().map(|segment| segment.keys.end as u32 - 1).collect();
        let lasts = Tensor::new(lasts, embedded.device())?;
        let mut hidden = embedded.clone();
        for (index, layer) in self.layers.iter().enumerate() {
            let normal = self.normalise(&hidden, &layer.input_norm)?;
            let (mut keys, mut values) = self.keys_and_values(layer, &normal, &rotation)?;
            if let Some((prefix_keys, prefix_values)) = prefix.and_then(|prefix| prefix.layers.get(index)) {
                keys = Tensor::cat(&[prefix_keys, &keys], 0)?;
                values = Tensor::cat(&[prefix_values, &values], 0)?;
            }
            let shared = prefix.map_or(0, |prefix| prefix.tokens);
            // The score reads one token a prompt: in the last layer no other needs more than keys and values.
            let (normal, turned, groups) = if index + 1 == self.layers.len() {
                hidden = hidden.index_select(&lasts, 0)?;
                (normal.index_select(&lasts, 0)?, rotation.select(&lasts)?, last_queries(&segments))
            } else {
                (normal, rotation.clone(), segments.clone())
            };
            let queries = rotate(self.operators, &layer.query.forward(&normal)?, &turned, self.config.heads)?;
            drop(normal);
            hidden = self.mix(layer, &hidden, &queries, (&keys, &values), &self.shape(shared, &groups))?;
            hidden = self.mlp(layer, &hidden)?;
        }
        if self.layers.is_empty() {
            hidden = hidden.index_select(&lasts, 0)?;
        }
        self.normalise(&hidden, &self.norm)
    }

    /// Runs one more token of several texts, `[texts, hidden]`, that all follow the prefix; returns their normalised
    /// hidden states, `[texts, hidden]`. `slots` are the texts' places in the cache, where their keys and values are
    /// added to those of their tokens before; the caller has reserved room for one, and counts the token when all texts
    /// have run.
    pub(super) fn step(
        &self,
        embedded: &Tensor,
        positions: &Positions,
        prefix: &Prefix,
        cache: &mut Cache,
        slots: &[usize],
    ) -> Result<Tensor> {
        let rotation = self.rotation(positions, embedded)?;
        let segments: Vec<Segment> = slots
            .iter()
            .enumerate()
            .map(|(row, &slot)| Segment { queries: row..row + 1, keys: cache.rows_with_next(slot) })
            .collect();
        let shape = self.shape(prefix.tokens, &segments);
        let mut hidden = embedded.clone();
        for (index, (layer, before)) in self.layers.iter().zip(&prefix.layers).enumerate() {
            let normal = self.normalise(&hidden, &layer.input_norm)?;
            let (keys, values) = self.keys_and_values(layer, &normal, &rotation)?;
            let (keys, values) = cache.write(index, slots, &keys, &values)?;
            let queries =
                rotate(self.operators, &layer.query.forward(&normal)?, &rotation, self.config.heads)?;
            let mixed =
                attention_beside(self.operators, &queries, (&before.0, &before.1), (keys, values), &shape)?;
            hidden = (hidden + layer.output.forward(&mixed)?)?;
            hidden = self.mlp(layer, &hidden)?;
        }
        self.normalise(&hidden, &self.norm)
    }

    fn normalise(&self, hidden: &Tensor, weight: &Tensor) -> Result<Tensor> {
        rms_norm(self.operators, hidden, weight, self.config.rms_norm_epsilon)
    }

    fn keys_and_values(
        &self,
        layer: &Layer,
        normal: &Tensor,
        rotation: &Rotation,
    ) -> Result<(Tensor, Tensor)> {
        let keys = layer.key.forward(normal)?;
        let keys = rotate(self.operators, &keys, rotation, self.config.key_value_heads)?;
        Ok((keys, layer.value.forward(normal)?))
    }

    fn mix(
        &self,
        layer: &Layer,
        hidden: &Tensor,
        queries: &Tensor,
        (keys, values): (&Tensor, &Tensor),
        shape: &AttentionShape,
    ) -> Result<Tensor> {
        let mixed = attention(self.operators, queries, keys, values, shape)?;
        hidden + layer.output.forward(&mixed)?
    }

    fn mlp(&self, layer: &Layer, hidden: &Tensor) -> Result<Tensor> {
        let rows = hidden.dim(0)?;
        let mut pieces = Vec::with_capacity(rows.div_ceil(MLP_ROWS));
        for start in (0..rows).step_by(MLP_ROWS) {
            let piece = hidden.i(start..rows.min(start + MLP_ROWS))?;
            let normal = self.normalise(&piece, &layer.mlp_norm)?;
            let inner = swiglu(self.operators, &layer.gate.forward(&normal)?, &layer.up.forward(&normal)?)?;
            pieces.push((piece + layer.down.forward(&inner)?)?);
        }
        match pieces.as_slice() {
            [only] => Ok(only.clone()),
            _ => Tensor::cat(&pieces, 0),
        }
    }

    fn rotation(&self, positions: &Positions, embedded: &Tensor) -> Result<Rotation> {
        Rotation::new(&positions.angles(&self.config), self.config.head_dim / 2, embedded.device())
    }

    fn shape(&self, prefix: usize, segments: &[Segment]) -> AttentionShape {
        let LanguageConfig { heads, key_value_heads, head_dim, .. } = self.config;
        AttentionShape {
            heads: Heads { query: heads, key_value: key_value_heads, dimension: head_dim },
            prefix,
            segments: segments.to_vec(),
            causal: true,
            scale: 1.0 / (head_dim as f32).sqrt(),
        }
    }
}

/// Prompts one after another.
fn packed(lengths: &[usize]) -> Vec<Segment> {
    let mut start = 0;
    lengths
        .iter()
        .map(|length| {
            let range = start..start + length;
            start = range.end;
            Segment { queries: range.clone(), keys: range }
        })
        .collect()
}

/// The same groups with one query each: the last.
fn last_queries(segments: &[Segment]) -> Vec<Segment> {
    let one = |(index, segment): (usize, &Segment)| Segment {
        queries: index..index + 1,
        keys: segment.keys.clone(),
    };
    segments.iter().enumerate().map(one).collect()
}
