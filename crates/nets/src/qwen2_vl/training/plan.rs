//! Which numbers are trained, and in what order they lie.

use std::collections::BTreeMap;

use super::random::Sequence;
use crate::NetworkError;
use crate::lora::{Adapter, LowRankPair};
use crate::qwen2_vl::config::LanguageConfig;
use crate::qwen2_vl::tensor_names::{PROJECTIONS, projection_shape};

/// Settings of a fresh adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraSettings {
    /// Inner width of every pair.
    pub rank: usize,
    /// Numerator of the scale: what a pair adds is multiplied by `alpha / rank`.
    pub alpha: f64,
    /// Probability that a number of a pair's input is dropped in training.
    pub dropout: f64,
    /// Last parts of the adapted modules' names.
    pub target_modules: Vec<String>,
}

impl Default for LoraSettings {
    /// As published (arXiv 2505.13731): rank 16, alpha 32, dropout 0.05, on queries, keys and values.
    fn default() -> Self {
        let target_modules = ["q_proj", "k_proj", "v_proj"].map(str::to_owned).to_vec();
        Self { rank: 16, alpha: 32.0, dropout: 0.05, target_modules }
    }
}

/// A trained tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainedTensor {
    /// As `model.layers.0.self_attn.q_proj.lora_A.weight`.
    pub name: String,
    /// `[rank, inputs]`, `[outputs, rank]` or, for the value head, `[1, hidden]`.
    pub shape: Vec<usize>,
}

/// The trained tensors of an adapter: the pairs layer by layer, each its A before its B, then the value head.
#[derive(Clone, Debug)]
pub struct LoraPlan {
    /// The adapter without its values.
    empty: Adapter,
    /// Of the network.
    hidden: usize,
    layers: usize,
    /// Index into [`PROJECTIONS`] and shape of the targeted modules.
    modules: Vec<(usize, [usize; 2])>,
}

/// A pair of a pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    /// `[rank, inputs]`.
    pub(super) a: &'a [f32],
    /// `[outputs, rank]`.
    pub(super) b: &'a [f32],
    /// Place of `a` among the trained tensors; `b` is the next.
    pub(super) place: usize,
}

impl LoraPlan {
    /// The plan of a fresh adapter.
    ///
    /// # Errors
    /// [`NetworkError::UnsupportedAdapter`] for settings that make no sense or modules that are not known.
    pub fn new(config: &LanguageConfig, settings: &LoraSettings) -> Result<Self, NetworkError> {
        let targets: Vec<&str> = settings.target_modules.iter().map(String::as_str).collect();
        // With a value head: it is always trained.
        let head = Some(vec![0.0; config.hidden_size]);
        let LoraSettings { rank, alpha, dropout, .. } = *settings;
        let empty = Adapter::new(rank, alpha, dropout, &targets, BTreeMap::new(), head)?;
        Ok(Self::of(empty, config))
    }

    /// The plan of an adapter that is trained further. A value head it lacks is added.
    ///
    /// # Errors
    /// What [`Adapter::check`] finds.
    pub fn of_adapter(config: &LanguageConfig, adapter: &Adapter) -> Result<Self, NetworkError> {
        adapter.check(config)?;
        let mut empty = adapter.clone();
        empty.pairs.clear();
        empty.value_head = Some(vec![0.0; config.hidden_size]);
        Ok(Self::of(empty, config))
    }

    fn of(empty: Adapter, config: &LanguageConfig) -> Self {
        let modules = PROJECTIONS
            .iter()
            .enumerate()
            .filter(|(_, (_, name))| empty.target_modules.iter().any(|target| target == name))
            .map(|(index, (module, _))| (index, projection_shape(config, module)))
            .collect();
        Self { empty, hidden: config.hidden_size, layers: config.layers, modules }
    }

    /// Inner width of every pair.
    pub const fn rank(&self) -> usize {
        self.empty.rank
    }

    /// What each pair's product is multiplied by.
    pub fn scale(&self) -> f32 {
        self.empty.scale()
    }

    /// Probability that a number of a pair's input is dropped in training.
    pub const fn dropout(&self) -> f64 {
        self.empty.dropout
    }

    /// The tensors in order.
    pub fn tensors(&self) -> Vec<TrainedTensor> {
        let rank = self.rank();
        let mut tensors = Vec::with_capacity(2 * self.layers * self.modules.len() + 1);
        for (path, [outputs, inputs]) in self.paths() {
            tensors.push(TrainedTensor { name: format!("{path}.lora_A.weight"), shape: vec![rank, inputs] });
            tensors.push(TrainedTensor { name: format!("{path}.lora_B.weight"), shape: vec![outputs, rank] });
        }
        tensors.push(TrainedTensor { name: "value_head.weight".into(), shape: vec![1, self.hidden] });
        tensors
    }

    /// The values of a fresh start, as PEFT makes them: A uniform within `1 / sqrt(inputs)` (He et al. 2015 with slope
    /// `sqrt(5)`), B zero, the value head normal with deviation `1 / (hidden + 1)` unless one is given.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] for a value head of another width.
    pub fn fresh(&self, seed: u64, value_head: Option<&[f32]>) -> Result<Vec<Vec<f32>>, NetworkError> {
        let mut values: Vec<Vec<f32>> = Vec::new();
        for (place, tensor) in self.tensors().into_iter().enumerate() {
            let count = tensor.shape.iter().product::<usize>();
            let sequence = Sequence::new(seed, &[place as u64]);
            let draw = |number: &dyn Fn(u64) -> f64| (0..count as u64).map(|at| number(at) as f32).collect();
            values.push(if tensor.name.ends_with("lora_B.weight") {
                vec![0.0; count]
            } else if tensor.name.ends_with("lora_A.weight") {
                let bound = 1.0 / (count as f64 / self.rank() as f64).sqrt();
                draw(&|at| bound * (2.0 * sequence.uniform(at) - 1.0))
            } else if let Some(head) = value_head {
                head.to_vec()
            } else {
                draw(&|at| sequence.normal(at) / (self.hidden + 1) as f64)
            });
        }
        self.checked(&values.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        Ok(values)
    }

    /// The values of an adapter that fits the plan; a value head it lacks starts as in [`LoraPlan::fresh`].
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] if it does not fit.
    pub fn values_of(&self, adapter: &Adapter, seed: u64) -> Result<Vec<Vec<f32>>, NetworkError> {
        let mut values = self.fresh(seed, adapter.value_head.as_deref())?;
        for (index, (path, _)) in self.paths().enumerate() {
            let pair = adapter.pairs.get(&path).ok_or(NetworkError::InputLength {
                what: "pairs of an adapter",
                found: adapter.pairs.len(),
                expected: format!("one for {path}"),
            })?;
            values[2 * index].clone_from(&pair.a);
            values[2 * index + 1].clone_from(&pair.b);
        }
        self.checked(&values.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        Ok(values)
    }

    /// The adapter with these values, to be saved.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] if they are not those of the plan.
    pub fn adapter(&self, values: &[&[f32]]) -> Result<Adapter, NetworkError> {
        self.checked(values)?;
        let mut adapter = self.empty.clone();
        for (index, (path, [outputs, inputs])) in self.paths().enumerate() {
            let (a, b) = (values[2 * index].to_vec(), values[2 * index + 1].to_vec());
            let pair = LowRankPair { a, b, rank: self.rank(), inputs, outputs, scale: self.scale() };
            adapter.pairs.insert(path, pair);
        }
        adapter.value_head = values.last().map(|head| head.to_vec());
        Ok(adapter)
    }

    /// Refuses values of other counts.
    pub(super) fn checked(&self, values: &[&[f32]]) -> Result<(), NetworkError> {
        let tensors = self.tensors();
        if values.len() != tensors.len() {
            let expected = tensors.len().to_string();
            return Err(NetworkError::InputLength { what: "trained tensors", found: values.len(), expected });
        }
        for (tensor, values) in tensors.iter().zip(values) {
            let count = tensor.shape.iter().product::<usize>();
            if values.len() != count {
                let expected = format!("{count} for {}", tensor.name);
                return Err(NetworkError::InputLength { what: "values", found: values.len(), expected });
            }
        }
        Ok(())
    }

    /// The pair of a module, by its index in [`PROJECTIONS`].
    pub(super) fn pair<'a>(&self, values: &[&'a [f32]], layer: usize, module: usize) -> Option<Pair<'a>> {
        let within = self.modules.iter().position(|(index, _)| *index == module)?;
        let place = 2 * (layer * self.modules.len() + within);
        Some(Pair { a: values[place], b: values[place + 1], place })
    }

    /// Canonical path and shape of every adapted module, in order.
    fn paths(&self) -> impl Iterator<Item = (String, [usize; 2])> + '_ {
        (0..self.layers).flat_map(move |layer| {
            self.modules
                .iter()
                .map(move |&(index, shape)| (format!("model.layers.{layer}.{}", PROJECTIONS[index].0), shape))
        })
    }
}
