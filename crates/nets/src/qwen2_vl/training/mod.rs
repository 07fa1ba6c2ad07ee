//! Training of the language model's low-rank adapters and of the value head.
//!
//! # What it does
//! The loss of a query needs the scores of all its candidates at once, and their prompts begin alike. So the group is one
//! packed sequence: what the prompts share, once, then the rest of each, which sees the shared rows and itself at the
//! positions it has in its whole prompt. Unlike in scoring, the shared rows are not computed beforehand: gradients flow
//! into them from every prompt. The vision tower and the base weights are frozen, so that nothing is needed of a weight
//! matrix but the gradient of its input.
//!
//! The pass is written out by hand over slices of f32, forwards and backwards, without a tape of tensors. Going
//! forward, a layer keeps its input and, as far as [`Checkpointing`] allows, what it computed on the way; going back, it
//! computes again what it did not keep, but never the perceptron's last product, of which nothing is needed. The
//! perceptron's wide inner activations exist for some rows at a time only.
//!
//! # Main types
//! [`LoraPlan`] says which tensors are trained and where they lie, and turns an [`Adapter`](crate::lora::Adapter) into values
//! and back. [`TrainingNetwork`] gives scores and, from the gradients of the scores, those of the values.
//!
//! # Dropout
//! Each pair's input is dropped as PEFT does it, number by number. As the shared rows exist once, one mask holds for the
//! whole group there: two candidates of a query see the same damaged query photo. In single prompts each would have had
//! a mask of its own; the expectation is the same, and differences between candidates carry less noise. A mask follows
//! from the seed, the module and the place alone.
//!
//! # Alternatives considered
//! Candle's automatic differentiation: its matrix product computes the gradients of frozen weights too, keeps every
//! intermediate result, and has no bf16 on the CPU.

mod frozen;
mod layer;
mod packed;
mod pass;
mod plan;
pub(super) mod random;

use std::time::{Duration, Instant};

use self::frozen::FrozenLayer;
use self::layer::Tape;
use self::packed::Packed;
use self::pass::{Pass, Pool};
pub use self::plan::{LoraPlan, LoraSettings, TrainedTensor};
use super::network::{Qwen2Vl, Sharing};
use super::prompt_tokens::{PhotoFeatures, Prompt};
use crate::NetworkError;
use kernels::norms::{rms_norm, rms_norm_input_gradient};

/// What layers keep from the way forward for the way back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Checkpointing {
    /// Their inputs: least memory, about a third more time.
    #[default]
    EveryLayer,
    /// As much as fits into so many bytes, from the last layer down.
    Within(usize),
    /// Everything.
    Off,
}

/// How a group is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct PassOptions {
    /// Whether what prompts share is computed once.
    pub sharing: Sharing,
    /// The seed of dropout; `None`: nothing is dropped.
    pub dropout: Option<u64>,
}

/// What a pass found and what it cost.
#[derive(Clone, Debug, Default)]
pub struct GroupPass {
    /// `[prompts]`, larger is closer. Not checked: what overflowed is not a number.
    pub scores: Vec<f32>,
    /// Tokens that all prompts share.
    pub prefix_tokens: usize,
    /// Tokens of all prompts after those.
    pub suffix_tokens: usize,
    /// Time up to the scores.
    pub forward_time: Duration,
    /// Time from there on.
    pub backward_time: Duration,
}

/// Qwen2-VL with a value head, whose low-rank pairs and value head are trained. The values come in with every call.
#[derive(Debug)]
pub struct TrainingNetwork {
    network: Qwen2Vl,
    plan: LoraPlan,
    checkpointing: Checkpointing,
    layers: Vec<FrozenLayer>,
    norm: Vec<f32>,
}

impl TrainingNetwork {
    /// Makes a network trainable. It must have been opened without an adapter, on the CPU, with the fused operators.
    ///
    /// # Errors
    /// [`NetworkError::Setting`] if it was not.
    pub fn new(network: Qwen2Vl, plan: LoraPlan, checkpointing: Checkpointing) -> Result<Self, NetworkError> {
        let (layers, norm) = frozen::frozen(&network.language)?;
        Ok(Self { network, plan, checkpointing, layers, norm })
    }

    /// The network, which encodes photos.
    pub const fn network(&self) -> &Qwen2Vl {
        &self.network
    }

    /// What is trained.
    pub const fn plan(&self) -> &LoraPlan {
        &self.plan
    }

    /// The scores of a group under some values, as [`LoraPlan::tensors`] orders them.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] where values, prompts and photos do not fit; [`NetworkError::Compute`].
    pub fn scores(
        &self,
        values: &[&[f32]],
        prompts: &[Prompt],
        photos: &[PhotoFeatures],
        options: PassOptions,
    ) -> Result<GroupPass, NetworkError> {
        self.network.workers.run(|| self.run(values, prompts, photos, options, None))
    }

    /// The scores of a group, and the gradients of the values: `slopes_of` is given the scores and returns the derivative
    /// of the loss for each; the gradients are **added** to `gradients`, as [`LoraPlan::tensors`] orders and shapes them.
    /// The same call gives the same bits on one machine with as many threads.
    ///
    /// # Errors
    /// As [`TrainingNetwork::scores`].
    pub fn forward_backward(
        &self,
        values: &[&[f32]],
        prompts: &[Prompt],
        photos: &[PhotoFeatures],
        options: PassOptions,
        slopes_of: &mut (dyn FnMut(&[f32]) -> Vec<f32> + Send),
        gradients: &mut [Vec<f32>],
    ) -> Result<GroupPass, NetworkError> {
        self.plan.checked(&gradients.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
        let back = Some((slopes_of, gradients));
        self.network.workers.run(|| self.run(values, prompts, photos, options, back))
    }

    #[allow(clippy::type_complexity, reason = "one place")]
    fn run(
        &self,
        values: &[&[f32]],
        prompts: &[Prompt],
        photos: &[PhotoFeatures],
        options: PassOptions,
        back: Option<(&mut (dyn FnMut(&[f32]) -> Vec<f32> + Send), &mut [Vec<f32>])>,
    ) -> Result<GroupPass, NetworkError> {
        let started = Instant::now();
        self.plan.checked(values)?;
        let config = &self.network.config.language;
        let packed = Packed::new(prompts, photos, self.network.config.tokens.image, config, options.sharing)?;
        let pass = Pass {
            config,
            layers: &self.layers,
            plan: &self.plan,
            values,
            dropout: options.dropout,
            packed: &packed,
            pool: Pool::default(),
        };
        let kept = if back.is_some() { self.kept_layers(&pass) } else { 0 };
        let mut hidden = self.network.embed_rows(packed.sources.iter(), photos)?;
        let mut passed: Vec<(Vec<f32>, Option<Tape>)> = Vec::new();
        for layer in 0..self.layers.len() {
            let (output, tape) = pass.forward(layer, &hidden, layer + kept >= self.layers.len());
            let input = std::mem::replace(&mut hidden, output);
            if back.is_some() {
                passed.push((input, tape));
            } else {
                pass.pool.give(input);
            }
        }
        // The head is the last of the values, which were checked.
        let (epsilon, head) = (config.rms_norm_epsilon as f32, values.last().copied().unwrap_or_default());
        let mut normal = vec![0.0; hidden.len()];
        rms_norm(&hidden, &self.norm, epsilon, &mut normal);
        let rows = || normal.chunks_exact(config.hidden_size);
        let mut group = GroupPass {
            scores: rows().map(|row| super::network::dot(row, head)).collect(),
            prefix_tokens: packed.prefix,
            suffix_tokens: packed.rows() - packed.prefix,
            forward_time: started.elapsed(),
            backward_time: Duration::ZERO,
        };
        let Some((slopes_of, gradients)) = back else { return Ok(group) };
        let slopes = slopes_of(&group.scores);
        if slopes.len() != group.scores.len() {
            let expected = group.scores.len().to_string();
            return Err(NetworkError::InputLength { what: "slopes", found: slopes.len(), expected });
        }
        // A group of one candidate, or one whose scores are all as they should be, teaches nothing.
        if slopes.iter().all(|slope| *slope == 0.0) {
            return Ok(group);
        }
        let started = Instant::now();
        if let Some(of_head) = gradients.last_mut() {
            for (row, slope) in rows().zip(&slopes) {
                of_head.iter_mut().zip(row).for_each(|(into, value)| *into += slope * value);
            }
        }
        let mut of_normal: Vec<f32> =
            slopes.iter().flat_map(|slope| head.iter().map(move |weight| slope * weight)).collect();
        let mut of_hidden = vec![0.0; hidden.len()];
        rms_norm_input_gradient(&hidden, &self.norm, epsilon, &mut of_normal, &mut of_hidden);
        let mut slopes = Some(of_hidden);
        while let (Some(of_output), Some((input, tape))) = (slopes.take(), passed.pop()) {
            slopes = pass.backward(passed.len(), &input, tape, of_output, gradients);
            pass.pool.give(input);
        }
        group.backward_time = started.elapsed();
        Ok(group)
    }

    /// Layers that keep everything, counted from the last.
    fn kept_layers(&self, pass: &Pass<'_>) -> usize {
        match self.checkpointing {
            Checkpointing::EveryLayer => 0,
            Checkpointing::Within(bytes) => bytes / (Tape::floats(pass) * size_of::<f32>()).max(1),
            Checkpointing::Off => self.layers.len(),
        }
    }
}
