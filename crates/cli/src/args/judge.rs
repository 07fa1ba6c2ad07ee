//! Arguments of `georanker locate` about an LVLM that ranks.

use std::path::PathBuf;

use clap::Args;
use contract::Failure;
use nets::ComputeType;
use rank::vlm::{InputOptions, ScorerOptions};

use super::load::Typed;
use super::{WeightStorage, check_directory};

/// An LVLM that ranks the best candidates again, as in the paper.
#[derive(Debug, Args)]
pub struct JudgeArguments {
    /// Rerank the best candidates with the vision-language model in this directory (as `score --model`): one prompt per
    /// candidate, minutes per photo.
    #[arg(long, value_name = "DIR")]
    pub judge: Option<PathBuf>,
    /// Adapter of that model, as saved by `train vlm` or PEFT.
    #[arg(long, value_name = "DIR", requires = "judge")]
    pub judge_adapter: Option<PathBuf>,
    /// Rerank this many retrieved candidates, the best of the pack's ranker.
    #[arg(long, alias = "judge-found", value_name = "N", requires = "judge", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub judge_retrieved: u16,
    /// Rerank this many candidates that were only generated.
    #[arg(long, alias = "judge-written", value_name = "N", requires = "judge", default_value_t = 3, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub judge_generated: u16,
    /// Number format of the computation.
    #[arg(long, value_enum, requires = "judge", default_value_t = ComputeType::F32, value_name = "f32|bf16|f16")]
    pub judge_dtype: ComputeType,
    /// Device to run on: cpu, or cuda in a build with `--features cuda`.
    #[arg(long, requires = "judge", default_value = "cpu", value_name = "cpu|cuda|cuda:N")]
    pub judge_device: String,
    /// Scale photos down to at most this many pixels, which saves most of the time [default: the model's limit].
    #[arg(long, requires = "judge", value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(784..))]
    pub judge_max_pixels: Option<u32>,
    /// Hold the weights as stored, or quantised to 8 or 4 bits.
    #[arg(long, value_enum, requires = "judge", default_value_t = WeightStorage::Stored, value_name = "stored|q8|q4")]
    pub judge_weights: WeightStorage,
    /// Cache quantised weights in this directory, so that only the first start takes minutes.
    #[arg(long, value_name = "DIR", requires = "judge")]
    pub judge_weights_cache: Option<PathBuf>,
    /// Cache the vision features of gallery photos in this directory.
    #[arg(long, value_name = "DIR", requires = "judge")]
    pub judge_vision_cache: Option<PathBuf>,
}

/// What was asked of an LVLM that ranks.
#[derive(Debug)]
pub struct JudgeRequest {
    /// Directory of the model.
    pub model: PathBuf,
    /// How it is opened.
    pub options: ScorerOptions,
    /// Retrieved candidates that it looks at.
    pub retrieved: usize,
    /// Generated ones.
    pub generated: usize,
}

impl JudgeArguments {
    /// Checks what belongs together; `None` if no model was named.
    ///
    /// # Errors
    /// [`contract::ErrorKind::Usage`] naming the option; [`contract::ErrorKind::BrokenModel`] for directories that are not there.
    pub fn resolve(&self) -> Result<Option<JudgeRequest>, Failure> {
        let Some(model) = &self.judge else { return Ok(None) };
        let (retrieved, generated) = (usize::from(self.judge_retrieved), usize::from(self.judge_generated));
        check_directory("--judge", Some(model))?;
        check_directory("--judge-adapter", self.judge_adapter.as_deref())?;
        let load = Typed {
            prefix: "judge-",
            device: &self.judge_device,
            dtype: self.judge_dtype,
            weights: self.judge_weights,
            weights_cache: self.judge_weights_cache.as_deref(),
        };
        let load = load.resolve()?;
        let options = ScorerOptions {
            adapter: self.judge_adapter.clone(),
            inputs: InputOptions {
                feature_directory: self.judge_vision_cache.clone(),
                max_pixels: self.judge_max_pixels,
                ..InputOptions::default()
            },
            load,
            ..ScorerOptions::default()
        };
        Ok(Some(JudgeRequest { model: model.clone(), options, retrieved, generated }))
    }
}
