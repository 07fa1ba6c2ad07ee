//! From photos and places to scores: prompt, features, network.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contract::{ErrorKind, Failure};
use nets::LoadOptions;
use nets::NetworkError;
use nets::checkpoint::ShardedCheckpoint;
use nets::lora::Adapter;
use nets::qwen2_vl::patches::PixelError;
use nets::qwen2_vl::tensor_names::VALUE_HEAD;
use nets::qwen2_vl::{Parts, Qwen2Vl, Sharing};
use photo::Image;

use super::group::PairGroup;
use super::inputs::{InputOptions, PairInputs, PreparedPhoto};

/// How a scorer is opened.
#[derive(Debug, Default)]
pub struct ScorerOptions {
    /// A PEFT adapter directory.
    pub adapter: Option<PathBuf>,
    /// How prompts and photos are made.
    pub inputs: InputOptions,
    /// How the network is loaded.
    pub load: LoadOptions,
    /// Whether the adapter is added to the weights once, instead of to every output.
    pub merge_adapter: bool,
    /// Whether the common start of a query's prompts is computed once.
    pub sharing: Sharing,
}

/// Scores and what they cost.
#[derive(Clone, Debug, Default)]
pub struct ScoredGroup {
    /// One a candidate, larger is closer.
    pub scores: Vec<f32>,
    /// Tokens that all prompts share, computed once.
    pub prefix_tokens: usize,
    /// Tokens of all prompts after those.
    pub suffix_tokens: usize,
    /// Photos that went through the vision tower; the others were remembered.
    pub photos_encoded: usize,
    /// Time in the vision tower.
    pub vision_time: Duration,
    /// Time for the shared tokens.
    pub prefix_time: Duration,
    /// Time for the others.
    pub suffix_time: Duration,
}

/// The LVLM pair scorer: Qwen2-VL, adapter, value head, with everything that comes before them.
#[derive(Debug)]
pub struct PairScorer {
    name: String,
    network: Qwen2Vl,
    inputs: PairInputs,
    sharing: Sharing,
}

impl PairScorer {
    /// Opens a checkpoint directory as the hub has them.
    ///
    /// # Errors
    /// A [`Failure`] of kind [`ErrorKind::BrokenModel`] that names the file.
    pub fn open(model: &Path, options: &ScorerOptions) -> Result<Self, Failure> {
        let broken = |error: NetworkError| Failure::from(error);
        // What is read in no time first: a wrong option or file must not cost minutes of loading.
        let inputs = PairInputs::open(model, &options.inputs)?;
        let adapter = options.adapter.as_deref().map(Adapter::open).transpose().map_err(broken)?;
        let checkpoint = ShardedCheckpoint::open(model).map_err(broken)?;
        let in_adapter = adapter.as_ref().is_some_and(|adapter| adapter.value_head.is_some());
        if !in_adapter && checkpoint.tensor(VALUE_HEAD).is_none() {
            let with = match &options.adapter {
                Some(adapter) => format!("neither {} nor {} has", model.display(), adapter.display()),
                None => format!("{} does not have", model.display()),
            };
            let message =
                format!("{with} a value head (`value_head.weight`), without which nothing can be scored");
            return Err(Failure::new(ErrorKind::BrokenModel, message)
                .with_hint("give the `adapter` that was trained for this model"));
        }
        drop(checkpoint);
        let parts =
            Parts { adapter: adapter.as_ref(), merge_adapter: options.merge_adapter, ..Parts::default() };
        let network = Qwen2Vl::open_with(model, parts, &options.load).map_err(broken)?;
        Ok(Self {
            name: model.file_name().map_or_else(|| "vlm".into(), |name| name.to_string_lossy().into_owned()),
            inputs: inputs.for_network(&network),
            network,
            sharing: options.sharing,
        })
    }

    /// The name of the checkpoint's directory.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Brings a photo to the size that the network looks at.
    ///
    /// # Errors
    /// [`PixelError`]: a photo more than 200 times as long as wide.
    pub fn prepare(&self, photo: &Image) -> Result<PreparedPhoto, PixelError> {
        self.inputs.prepare(photo)
    }

    /// Scores all candidates of a query.
    ///
    /// # Errors
    /// A [`Failure`] if the prompt cannot be rendered or the network fails.
    pub fn score(&self, group: &PairGroup) -> Result<ScoredGroup, Failure> {
        if group.candidates.is_empty() {
            return Err(Failure::new(ErrorKind::NoCandidates, "there is no candidate to score"));
        }
        let started = Instant::now();
        let (photos, photos_encoded) = self.inputs.photo_features(&self.network, &group.photos)?;
        let vision_time = started.elapsed();
        let prompts = self.inputs.prompts(group, &photos)?;
        let scored = self.network.score(&prompts, &photos, self.sharing)?;
        Ok(ScoredGroup {
            scores: scored.scores,
            prefix_tokens: scored.prefix_tokens,
            suffix_tokens: scored.suffix_tokens,
            photos_encoded,
            vision_time,
            prefix_time: scored.prefix_time,
            suffix_time: scored.suffix_time,
        })
    }
}
