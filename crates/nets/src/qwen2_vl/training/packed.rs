//! The prompts of a group as one sequence of rows: what they share, then the rest of each.

use crate::NetworkError;
use crate::qwen2_vl::config::LanguageConfig;
use crate::qwen2_vl::network::Sharing;
use crate::qwen2_vl::positions::Positions;
use crate::qwen2_vl::prompt_tokens::{Laid, PhotoFeatures, Prompt, Source, shared_prefix};
use kernels::attention::{Attention, Heads, Segment, Strided, attention};
use kernels::attention_gradient::{AttentionGradients, attention_gradient};

/// A packed group: `prefix` rows, then those of each prompt after it.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) sources: Vec<Source>,
    /// `[rows, dimension / 2]`.
    pub(super) cosines: Vec<f32>,
    pub(super) sines: Vec<f32>,
    /// Rows that all prompts see.
    pub(super) prefix: usize,
    /// Row of each prompt's last token.
    pub(super) lasts: Vec<usize>,
    /// Each prompt's own rows, counted after the prefix.
    segments: Vec<Segment>,
    heads: Heads,
}

impl Packed {
    /// Lays out a group.
    pub(super) fn new(
        prompts: &[Prompt],
        photos: &[PhotoFeatures],
        image_token: u32,
        config: &LanguageConfig,
        sharing: Sharing,
    ) -> Result<Self, NetworkError> {
        let laid: Vec<Laid> =
            prompts.iter().map(|prompt| Laid::new(prompt, image_token, photos)).collect::<Result<_, _>>()?;
        if laid.is_empty() || laid.iter().any(|prompt| prompt.sources.is_empty()) {
            return Err(NetworkError::InputLength {
                what: if laid.is_empty() { "prompts of a group" } else { "tokens of a prompt" },
                found: 0,
                expected: "at least one".into(),
            });
        }
        let prefix = match sharing {
            Sharing::SharedPrefix => shared_prefix(&laid),
            Sharing::Alone => 0,
        };
        let (mut sources, mut tokens) = (Vec::new(), Vec::new());
        sources.extend_from_slice(&laid[0].sources[..prefix]);
        tokens.extend_from_slice(&laid[0].positions.tokens[..prefix]);
        let (mut segments, mut lasts) = (Vec::new(), Vec::new());
        for prompt in &laid {
            let start = sources.len() - prefix;
            sources.extend_from_slice(&prompt.sources[prefix..]);
            tokens.extend_from_slice(&prompt.positions.tokens[prefix..]);
            let rows = start..sources.len() - prefix;
            lasts.push(sources.len() - 1);
            segments.push(Segment { queries: rows.clone(), keys: rows });
        }
        let angles = Positions { tokens }.angles(config);
        Ok(Self {
            sources,
            cosines: angles.iter().map(|angle| angle.cos()).collect(),
            sines: angles.iter().map(|angle| angle.sin()).collect(),
            prefix,
            lasts,
            segments,
            heads: Heads {
                query: config.heads,
                key_value: config.key_value_heads,
                dimension: config.head_dim,
            },
        })
    }

    /// Rows of the sequence.
    pub(super) fn rows(&self) -> usize {
        self.sources.len()
    }

    /// Cosines and sines of some rows; of the inverse rotation if `back`.
    pub(super) fn angles(&self, asked: Option<&[usize]>, back: bool) -> (Vec<f32>, Vec<f32>) {
        let half = self.heads.dimension / 2;
        let pick = |values: &[f32]| match asked {
            None => values.to_vec(),
            Some(rows) => {
                rows.iter().flat_map(|row| &values[row * half..(row + 1) * half]).copied().collect()
            }
        };
        let mut sines = pick(&self.sines);
        if back {
            for sine in &mut sines {
                *sine = -*sine;
            }
        }
        (pick(&self.cosines), sines)
    }

    /// What queries of all rows - or, if `lasts_only`, of each prompt's last - see of keys and values of all rows.
    pub(super) fn attend(&self, [queries, keys, values]: [&[f32]; 3], lasts_only: bool, output: &mut [f32]) {
        let before = self.split(lasts_only);
        let (first, rest) = output.split_at_mut(before);
        let (own, shared) = (self.segments(lasts_only), self.shared());
        if before > 0 {
            attention(&self.of_prefix([queries, keys, values], &shared), first);
        }
        attention(&self.of_prompts([&queries[before..], keys, values], &own), rest);
    }

    /// The gradients of [`Packed::attend`]'s queries (overwritten), keys and values (added to).
    pub(super) fn attend_gradient(
        &self,
        [queries, keys, values]: [&[f32]; 3],
        lasts_only: bool,
        output_gradient: &[f32],
        [queries_gradient, keys_gradient, values_gradient]: [&mut [f32]; 3],
    ) {
        let before = self.split(lasts_only);
        let (own, shared) = (self.segments(lasts_only), self.shared());
        let (first_slopes, slopes) = output_gradient.split_at(before);
        let (first_queries, queries_gradient) = queries_gradient.split_at_mut(before);
        let width = self.prefix * self.heads.key_value * self.heads.dimension;
        if before > 0 {
            let into = AttentionGradients {
                queries: first_queries,
                keys: &mut keys_gradient[..width],
                values: &mut values_gradient[..width],
                prefix: None,
            };
            attention_gradient(&self.of_prefix([queries, keys, values], &shared), first_slopes, into);
        }
        let (prefix_keys, keys_gradient) = keys_gradient.split_at_mut(width);
        let (prefix_values, values_gradient) = values_gradient.split_at_mut(width);
        let into = AttentionGradients {
            queries: queries_gradient,
            keys: keys_gradient,
            values: values_gradient,
            prefix: (self.prefix > 0).then_some((prefix_keys, prefix_values)),
        };
        attention_gradient(&self.of_prompts([&queries[before..], keys, values], &own), slopes, into);
    }

    /// Where in the queries the prompts' own begin.
    fn split(&self, lasts_only: bool) -> usize {
        if lasts_only { 0 } else { self.prefix * self.heads.query * self.heads.dimension }
    }

    fn segments(&self, lasts_only: bool) -> Vec<Segment> {
        let one = |(index, segment): (usize, &Segment)| Segment {
            queries: if lasts_only { index..index + 1 } else { segment.queries.clone() },
            keys: segment.keys.clone(),
        };
        self.segments.iter().enumerate().map(one).collect()
    }

    fn shared(&self) -> [Segment; 1] {
        [Segment { queries: 0..self.prefix, keys: 0..self.prefix }]
    }

    /// The prefix among itself.
    fn of_prefix<'a>(
        &self,
        [queries, keys, values]: [&'a [f32]; 3],
        segments: &'a [Segment],
    ) -> Attention<'a> {
        let Heads { query, key_value, dimension } = self.heads;
        let dense = |values: &'a [f32], heads: usize| Strided { values, stride: heads * dimension };
        Attention {
            heads: self.heads,
            queries: dense(queries, query),
            keys: dense(keys, key_value),
            values: dense(values, key_value),
            prefix: None,
            segments,
            causal: true,
            scale: 1.0 / (dimension as f32).sqrt(),
        }
    }

    /// The prompts' own rows, which see the prefix too; `queries` begins with them.
    fn of_prompts<'a>(
        &self,
        [queries, keys, values]: [&'a [f32]; 3],
        segments: &'a [Segment],
    ) -> Attention<'a> {
        let stride = self.heads.key_value * self.heads.dimension;
        let (prefix_keys, keys) = keys.split_at(self.prefix * stride);
        let (prefix_values, values) = values.split_at(self.prefix * stride);
        let dense = |values: &'a [f32]| Strided { values, stride };
        Attention {
            prefix: (self.prefix > 0).then(|| (dense(prefix_keys), dense(prefix_values), self.prefix)),
            ..self.of_prefix([queries, keys, values], segments)
        }
    }
}
