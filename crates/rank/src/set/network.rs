//! The network: one definition, run forwards to rank and backwards to learn.

use contract::Failure;

use super::attention::{Head, Sizes, attend, attend_backward};
use super::layout::{OF_LAYER, TensorSpec, layout, place};
use super::maths::{
    Normalised, add, gelu, gelu_slope, linear, linear_backward, masked, normalise, normalise_backward,
};
use super::{SetConfig, SetFeatures};

/// Products of unit vectors' entries are small: their weights would have to grow large.
const PRODUCT_GAIN: f32 = 10.0;

/// Where values are dropped while training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// Features of candidates.
    Features,
    /// Vectors of query and candidates.
    Vectors,
    /// What a layer adds to the tokens.
    Layer,
}

/// Randomness of training.
pub trait Dropout {
    /// A factor for each of so many values (0, or what makes up for those dropped); `None` to leave them alone.
    fn mask(&mut self, site: Site, values: usize) -> Option<Vec<f32>>;
}

/// The shape of a set ranker; weights come in with every call, in the order of [`SetNetwork::layout`].
#[derive(Clone, Debug)]
pub struct SetNetwork {
    config: SetConfig,
    layout: Vec<TensorSpec>,
}

/// What a forward pass leaves for the backward pass.
pub struct Trace {
    /// One a kept candidate.
    pub scores: Vec<f32>,
    inputs: Vec<f32>,
    channels: Vec<ChannelTrace>,
    mixed: Vec<f32>,
    layers: Vec<LayerTrace>,
    last: Last,
}

/// What the scores are read from.
enum Last {
    /// Tokens after the layers.
    Normalised(Normalised),
    /// Without layers: the hidden layer.
    Activated { before: Vec<f32>, after: Vec<f32>, mask: Option<Vec<f32>> },
}

struct ChannelTrace {
    query: Vec<f32>,
    candidates: Vec<f32>,
    of_query: Vec<f32>,
    of_candidates: Vec<f32>,
}

struct LayerTrace {
    before_attention: Normalised,
    heads: Vec<Head>,
    attended: Vec<f32>,
    attention_mask: Option<Vec<f32>>,
    before_hidden: Normalised,
    hidden: Vec<f32>,
    activated: Vec<f32>,
    hidden_mask: Option<Vec<f32>>,
}

impl SetNetwork {
    /// A network of this shape.
    ///
    /// # Errors
    /// As [`SetConfig::check`].
    pub fn new(config: SetConfig) -> Result<Self, Failure> {
        config.check()?;
        let layout = layout(&config);
        Ok(Self { config, layout })
    }

    /// Its configuration.
    pub const fn config(&self) -> &SetConfig {
        &self.config
    }

    /// Its tensors, in the order in which weights are passed.
    pub fn layout(&self) -> &[TensorSpec] {
        &self.layout
    }

    /// Scores of the kept candidates, `[kept]`.
    pub fn scores(&self, weights: &[&[f32]], features: &SetFeatures) -> Vec<f32> {
        self.forward(weights, features, None).scores
    }

    const fn sizes(&self, count: usize) -> Sizes {
        Sizes { count, width: self.config.width, heads: self.config.heads }
    }

    /// Runs forwards. `weights` are in the order and of the sizes of [`SetNetwork::layout`].
    pub fn forward(
        &self,
        weights: &[&[f32]],
        features: &SetFeatures,
        mut dropout: Option<&mut dyn Dropout>,
    ) -> Trace {
        let config = &self.config;
        let (count, width, channels) = (features.count(), config.width, config.channels.len());
        let mut mask = |site: Site, values: usize| dropout.as_mut().and_then(|one| one.mask(site, values));
        let inputs = masked(&features.features, mask(Site::Features, features.features.len()).as_ref());
        let bias = Some(weights[place::FEATURES_BIAS]);
        let mut tokens = linear(&inputs, weights[place::FEATURES], bias, config.features(), width);

        let mut traces = Vec::with_capacity(channels);
        for (number, (channel, vectors)) in config.channels.iter().zip(&features.vectors).enumerate() {
            let at = place::channel(number);
            let query = masked(&vectors.query, mask(Site::Vectors, vectors.query.len()).as_ref());
            let candidates =
                masked(&vectors.candidates, mask(Site::Vectors, vectors.candidates.len()).as_ref());
            let of_candidates = linear(&candidates, weights[at], None, channel.dimension, config.directions);
            let of_query = linear(&query, weights[at + 1], None, channel.dimension, config.directions);
            traces.push(ChannelTrace { query, candidates, of_query, of_candidates });
        }
        let mut mixed = Vec::with_capacity(count * 3 * config.directions * channels);
        for index in 0..count {
            for trace in &traces {
                let own = &trace.of_candidates[index * config.directions..(index + 1) * config.directions];
                mixed.extend_from_slice(own);
                mixed.extend_from_slice(&trace.of_query);
                mixed.extend(own.iter().zip(&trace.of_query).map(|(a, b)| a * b));
            }
        }
        let mixed_width = 3 * config.directions * channels;
        if mixed_width > 0 {
            add(&mut tokens, &linear(&mixed, weights[place::MIX], None, mixed_width, width));
        }

        let mut layers = Vec::with_capacity(config.layers);
        for number in 0..config.layers {
            let at = place::layer(channels, number);
            let before_attention = normalise(&tokens, weights[at], weights[at + 1]);
            let projected =
                linear(&before_attention.output, weights[at + 2], Some(weights[at + 3]), width, 3 * width);
            let (attended, heads) = attend(&projected, weights[at + 4], features, self.sizes(count));
            let moved = linear(&attended, weights[at + 5], Some(weights[at + 6]), width, width);
            let attention_mask = mask(Site::Layer, moved.len());
            add(&mut tokens, &masked(&moved, attention_mask.as_ref()));
            let before_hidden = normalise(&tokens, weights[at + 7], weights[at + 8]);
            let hidden =
                linear(&before_hidden.output, weights[at + 9], Some(weights[at + 10]), width, config.hidden);
            let activated: Vec<f32> = hidden.iter().map(|value| gelu(*value)).collect();
            let moved = linear(&activated, weights[at + 11], Some(weights[at + 12]), config.hidden, width);
            let hidden_mask = mask(Site::Layer, moved.len());
            add(&mut tokens, &masked(&moved, hidden_mask.as_ref()));
            layers.push(LayerTrace {
                before_attention,
                heads,
                attended,
                attention_mask,
                before_hidden,
                hidden,
                activated,
                hidden_mask,
            });
        }
        let at = place::layer(channels, config.layers);
        let (mut scores, last) = if config.layers > 0 {
            let last = normalise(&tokens, weights[at], weights[at + 1]);
            (linear(&last.output, weights[at + 2], None, width, 1), Last::Normalised(last))
        } else {
            let activated: Vec<f32> = tokens.iter().map(|value| gelu(*value)).collect();
            let mask = mask(Site::Layer, activated.len());
            let after = masked(&activated, mask.as_ref());
            (linear(&after, weights[at], None, width, 1), Last::Activated { before: tokens, after, mask })
        };
        for (score, base) in scores.iter_mut().zip(&features.base) {
            *score += weights[place::BASE_SCALE][0] * base;
        }
        let looked_at = if config.directions > 0 { features.vectors.as_slice() } else { &[] };
        for (number, vectors) in looked_at.iter().enumerate() {
            let products = weights[place::channel(number) + 2];
            for (score, candidate) in scores.iter_mut().zip(vectors.candidates.chunks_exact(products.len())) {
                let each = candidate.iter().zip(&vectors.query).zip(products);
                *score += PRODUCT_GAIN * each.map(|((a, b), weight)| a * b * weight).sum::<f32>();
            }
        }
        Trace { scores, inputs, channels: traces, mixed, layers, last }
    }

    /// Runs backwards: **adds** to `gradients` (one list a tensor, in the order of [`SetNetwork::layout`]) the derivative
    /// of whatever has derivative `of_scores` with respect to the scores.
    pub fn backward(
        &self,
        weights: &[&[f32]],
        features: &SetFeatures,
        trace: &Trace,
        of_scores: &[f32],
        gradients: &mut [Vec<f32>],
    ) {
        let config = &self.config;
        let (width, channels) = (config.width, config.channels.len());
        let looked_at = if config.directions > 0 { features.vectors.as_slice() } else { &[] };
        for (number, vectors) in looked_at.iter().enumerate() {
            let of_products = &mut gradients[place::channel(number) + 2];
            for (slope, candidate) in
                of_scores.iter().zip(vectors.candidates.chunks_exact(vectors.query.len()))
            {
                for ((slot, a), b) in of_products.iter_mut().zip(candidate).zip(&vectors.query) {
                    *slot += PRODUCT_GAIN * slope * a * b;
                }
            }
        }
        gradients[place::BASE_SCALE][0] +=
            of_scores.iter().zip(&features.base).map(|(a, b)| a * b).sum::<f32>();
        let at = place::layer(channels, config.layers);
        let mut slope = match &trace.last {
            Last::Normalised(last) => {
                let of_score = &mut gradients[at + 2];
                let of_last =
                    linear_backward(&last.output, weights[at + 2], of_scores, (width, 1), of_score, None);
                let (gain, bias) = pair(gradients, at);
                normalise_backward(last, weights[at], &of_last, gain, bias)
            }
            Last::Activated { before, after, mask } => {
                let of_score = &mut gradients[at];
                let of_after = linear_backward(after, weights[at], of_scores, (width, 1), of_score, None);
                let of_activated = masked(&of_after, mask.as_ref());
                of_activated.iter().zip(before).map(|(slope, before)| slope * gelu_slope(*before)).collect()
            }
        };
        for (number, layer) in trace.layers.iter().enumerate().rev() {
            let place = place::layer(channels, number);
            self.layer_backward(
                &weights[place..place + OF_LAYER],
                features,
                layer,
                &mut slope,
                &mut gradients[place..place + OF_LAYER],
            );
        }
        let (of_weight, of_bias) = pair(gradients, place::FEATURES);
        linear_backward(
            &trace.inputs,
            weights[place::FEATURES],
            &slope,
            (config.features(), width),
            of_weight,
            Some(of_bias),
        );
        if config.directions > 0 {
            self.vectors_backward(weights, trace, &slope, gradients);
        }
    }

    /// Through one layer: `slope` is the derivative with respect to its tokens, after and then before.
    fn layer_backward(
        &self,
        weights: &[&[f32]],
        features: &SetFeatures,
        layer: &LayerTrace,
        slope: &mut [f32],
        gradients: &mut [Vec<f32>],
    ) {
        let (width, hidden) = (self.config.width, self.config.hidden);
        let moved = masked(slope, layer.hidden_mask.as_ref());
        let (of_weight, of_bias) = pair(gradients, 11);
        let mut inner =
            linear_backward(&layer.activated, weights[11], &moved, (hidden, width), of_weight, Some(of_bias));
        for (value, before) in inner.iter_mut().zip(&layer.hidden) {
            *value *= gelu_slope(*before);
        }
        let (of_weight, of_bias) = pair(gradients, 9);
        let inner = linear_backward(
            &layer.before_hidden.output,
            weights[9],
            &inner,
            (width, hidden),
            of_weight,
            Some(of_bias),
        );
        let (gain, bias) = pair(gradients, 7);
        add(slope, &normalise_backward(&layer.before_hidden, weights[7], &inner, gain, bias));

        let moved = masked(slope, layer.attention_mask.as_ref());
        let (of_weight, of_bias) = pair(gradients, 5);
        let inner =
            linear_backward(&layer.attended, weights[5], &moved, (width, width), of_weight, Some(of_bias));
        let inner =
            attend_backward(&layer.heads, &inner, features, self.sizes(features.count()), &mut gradients[4]);
        let (of_weight, of_bias) = pair(gradients, 2);
        let inner = linear_backward(
            &layer.before_attention.output,
            weights[2],
            &inner,
            (width, 3 * width),
            of_weight,
            Some(of_bias),
        );
        let (gain, bias) = pair(gradients, 0);
        add(slope, &normalise_backward(&layer.before_attention, weights[0], &inner, gain, bias));
    }

    /// Through the projections of vectors.
    fn vectors_backward(&self, weights: &[&[f32]], trace: &Trace, slope: &[f32], gradients: &mut [Vec<f32>]) {
        let config = &self.config;
        let (width, directions, channels) = (config.width, config.directions, config.channels.len());
        let mixed_width = 3 * directions * channels;
        let of_mixed = linear_backward(
            &trace.mixed,
            weights[place::MIX],
            slope,
            (mixed_width, width),
            &mut gradients[place::MIX],
            None,
        );
        for (number, (channel, kept)) in config.channels.iter().zip(&trace.channels).enumerate() {
            let mut of_query = vec![0.0; directions];
            let mut of_candidates = Vec::with_capacity(kept.of_candidates.len());
            let rows = of_mixed.chunks_exact(mixed_width).zip(kept.of_candidates.chunks_exact(directions));
            for (row, own) in rows {
                let start = number * 3 * directions;
                let (direct, rest) = row[start..start + 3 * directions].split_at(directions);
                let (query, product) = rest.split_at(directions);
                for index in 0..directions {
                    of_candidates.push(direct[index] + product[index] * kept.of_query[index]);
                    of_query[index] += query[index] + product[index] * own[index];
                }
            }
            let (of_candidate, of_query_weight) = pair(gradients, place::channel(number));
            let shape = (channel.dimension, directions);
            let at = place::channel(number);
            linear_backward(&kept.candidates, weights[at], &of_candidates, shape, of_candidate, None);
            linear_backward(&kept.query, weights[at + 1], &of_query, shape, of_query_weight, None);
        }
    }
}

/// Two neighbouring gradients.
fn pair(gradients: &mut [Vec<f32>], first: usize) -> (&mut [f32], &mut [f32]) {
    let (before, after) = gradients.split_at_mut(first + 1);
    (&mut before[first], &mut after[0])
}
