//! Low-rank adapters (LoRA) in PEFT's format.
//!
//! A linear module `W [outputs, inputs]` becomes `W + scale * B A` with `A [rank, inputs]` and
//! `B [outputs, rank]` (Hu et al. 2021, equation 3); `scale` is `alpha / rank`, or `alpha / sqrt(rank)` if
//! rank-stabilised (Kalajdzievski 2023). Beside the pairs an adapter may bring the value head.
//!
//! On disk: a directory with `adapter_config.json` and `adapter_model.safetensors`. The names of its tensors
//! differ between two generations of writers ([`Naming`]); both are read and both can be written. Whatever the
//! configuration asks for beyond plain LoRA is refused by name rather than passed over.

mod check;
mod pair;
mod read;
mod save;
mod settings;

use std::collections::BTreeMap;

use crate::error::NetworkError;

pub use pair::LowRankPair;

/// The file of settings.
const CONFIG: &str = "adapter_config.json";

/// The file of tensors.
const WEIGHTS: &str = "adapter_model.safetensors";

/// An adapter: the pairs by canonical module path, and how they came to be.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Inner width of every pair.
    pub rank: usize,
    /// Numerator of the scale.
    pub alpha: f64,
    /// Whether the scale is rank-stabilised.
    pub rank_stabilised: bool,
    /// Dropout at training; scoring uses none.
    pub dropout: f64,
    /// Last parts of the adapted modules' names, as `q_proj`, sorted.
    pub target_modules: Vec<String>,
    /// The base model, as the writer knew it.
    pub base_model_name: Option<String>,
    /// The pairs, by paths as `model.layers.0.self_attn.q_proj`.
    pub pairs: BTreeMap<String, LowRankPair>,
    /// Weights of the value head, `[hidden]`.
    pub value_head: Option<Vec<f32>>,
    /// Where it was read, for messages.
    label: String,
}

/// Generation of tensor names on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `base_model.model.model.language_model.layers.*`: transformers 4.52 and later.
    Current,
    /// `base_model.model.model.layers.*`: before.
    Old,
}

impl Adapter {
    /// An adapter from its parts. Each pair's scale is set to [`Adapter::scale`].
    ///
    /// # Errors
    /// [`NetworkError::UnsupportedAdapter`] for a rank of 0, an alpha that is not a number, a dropout outside 0..1;
    /// [`NetworkError::Tensors`] if a pair's path is not that of a target module or its rank is another.
    pub fn new(
        rank: usize,
        alpha: f64,
        dropout: f64,
        target_modules: &[&str],
        pairs: BTreeMap<String, LowRankPair>,
        value_head: Option<Vec<f32>>,
    ) -> Result<Self, NetworkError> {
        let settings = settings::Settings {
            rank,
            alpha,
            rank_stabilised: false,
            dropout,
            target_modules: target_modules.iter().map(ToString::to_string).collect(),
            base_model_name: None,
            value_head: value_head.is_some(),
        };
        let label = "the adapter".to_owned();
        let adapter = Self::assemble(label, settings.checked("the adapter")?, pairs, value_head);
        adapter.check_paths()?;
        Ok(adapter)
    }

    fn assemble(
        label: String,
        settings: settings::Settings,
        pairs: BTreeMap<String, LowRankPair>,
        value_head: Option<Vec<f32>>,
    ) -> Self {
        let settings::Settings {
            rank, alpha, rank_stabilised, dropout, target_modules, base_model_name, ..
        } = settings;
        let mut adapter = Self {
            rank,
            alpha,
            rank_stabilised,
            dropout,
            target_modules,
            base_model_name,
            pairs,
            value_head,
            label,
        };
        let scale = adapter.scale();
        adapter.pairs.values_mut().for_each(|pair| pair.scale = scale);
        adapter
    }

    /// What `B A` is multiplied by: `alpha / rank`, or `alpha / sqrt(rank)` if rank-stabilised.
    pub fn scale(&self) -> f32 {
        let rank = self.rank as f64;
        (self.alpha / if self.rank_stabilised { rank.sqrt() } else { rank }) as f32
    }

    /// The directory it was read from, for messages.
    pub fn label(&self) -> &str {
        &self.label
    }
}
