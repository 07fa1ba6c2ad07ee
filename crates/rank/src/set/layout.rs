//! The tensors of a set ranker: the one list that inference, training and files go by.

use super::SetConfig;

/// How a tensor starts in a fresh run.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// Every value the same.
    Constant(f32),
    /// Evenly between `-bound` and `bound`.
    Uniform(f32),
    /// A table over these knots (km) and the heads that falls with `ln(1 + km)`, the faster the later the head: heads
    /// begin by looking near and far.
    Slopes(Vec<f64>),
}

/// A tensor of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorSpec {
    /// Its name in `model.safetensors`.
    pub name: String,
    /// Its extents, row-major.
    pub shape: Vec<usize>,
    /// How it starts.
    pub start: Start,
    /// Whether weight decay pulls at it: matrices, not biases, gains and tables.
    pub decays: bool,
}

impl TensorSpec {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Tensors before those of the channels.
const HEAD: usize = 4;
/// Tensors a channel.
pub(super) const OF_CHANNEL: usize = 3;
/// Tensors a layer.
pub(super) const OF_LAYER: usize = 13;

/// Places of tensors in the list.
pub(super) mod place {
    pub(in crate::set) const FEATURES: usize = 0;
    pub(in crate::set) const FEATURES_BIAS: usize = 1;
    pub(in crate::set) const MIX: usize = 2;
    pub(in crate::set) const BASE_SCALE: usize = 3;

    pub(in crate::set) const fn channel(number: usize) -> usize {
        super::HEAD + number * super::OF_CHANNEL
    }

    pub(in crate::set) const fn layer(channels: usize, number: usize) -> usize {
        super::HEAD + channels * super::OF_CHANNEL + number * super::OF_LAYER
    }
}

/// Every tensor, in the order in which parameters are held.
pub fn layout(config: &SetConfig) -> Vec<TensorSpec> {
    let (width, hidden) = (config.width, config.hidden);
    let mixed = 3 * config.directions * config.channels.len();
    let mut list = Vec::new();
    let mut add = |name: String, shape: Vec<usize>, start: Start| {
        let decays = shape.len() > 1 && !matches!(start, Start::Slopes(_));
        list.push(TensorSpec { name, shape, start, decays });
    };
    let fan = |inputs: usize| Start::Uniform((inputs.max(1) as f32).sqrt().recip());
    let (zero, one) = (|| Start::Constant(0.0), || Start::Constant(1.0));
    add("features.weight".into(), vec![config.features(), width], fan(config.features()));
    add("features.bias".into(), vec![width], zero());
    add("vectors.mix".into(), vec![mixed, width], fan(mixed));
    add("base.scale".into(), vec![1], one());
    for channel in &config.channels {
        let (name, dimension) = (&channel.name, channel.dimension);
        // Unit vectors: their projections then have about unit size.
        add(format!("channels.{name}.candidate"), vec![dimension, config.directions], Start::Uniform(1.7));
        add(format!("channels.{name}.query"), vec![dimension, config.directions], Start::Uniform(1.7));
        add(format!("channels.{name}.products"), vec![dimension], zero());
    }
    for layer in 0..config.layers {
        let mut inner = |name: &str, shape: Vec<usize>, start: Start| {
            add(format!("layers.{layer}.{name}"), shape, start);
        };
        inner("attention_norm.weight", vec![width], one());
        inner("attention_norm.bias", vec![width], zero());
        inner("attention.weight", vec![width, 3 * width], fan(width));
        inner("attention.bias", vec![3 * width], zero());
        inner(
            "attention.distance",
            vec![config.knots_km.len(), config.heads],
            Start::Slopes(config.knots_km.clone()),
        );
        inner("attention.out_weight", vec![width, width], fan(width));
        inner("attention.out_bias", vec![width], zero());
        inner("hidden_norm.weight", vec![width], one());
        inner("hidden_norm.bias", vec![width], zero());
        inner("hidden.first_weight", vec![width, hidden], fan(width));
        inner("hidden.first_bias", vec![hidden], zero());
        inner("hidden.second_weight", vec![hidden, width], fan(hidden));
        inner("hidden.second_bias", vec![width], zero());
    }
    if config.layers > 0 {
        add("norm.weight".into(), vec![width], one());
        add("norm.bias".into(), vec![width], zero());
    }
    // Zero: an untrained network says what its base ranker says.
    add("score.weight".into(), vec![width], zero());
    list
}

/// The values a tensor starts with; `uniform` draws numbers from 0 to 1.
pub fn start(spec: &TensorSpec, mut uniform: impl FnMut() -> f32) -> Vec<f32> {
    match spec.start {
        Start::Constant(value) => vec![value; spec.len()],
        Start::Uniform(bound) => (0..spec.len()).map(|_| bound * (2.0 * uniform() - 1.0)).collect(),
        Start::Slopes(ref knots_km) => {
            let heads = spec.len() / knots_km.len().max(1);
            let slope = |head: usize| head as f64 / heads as f64 * 1.6;
            knots_km
                .iter()
                .flat_map(|km| (0..heads).map(move |head| (-slope(head) * km.ln_1p()) as f32))
                .collect()
        }
    }
}
