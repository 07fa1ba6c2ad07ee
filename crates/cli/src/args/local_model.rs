//! Arguments of a model on this machine that writes.

use nets::ComputeType;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use contract::{ErrorKind, Failure};
use generate::LocalSettings;

use super::WeightStorage;
use super::load::Typed;

/// A model on this machine.
#[derive(Debug, Args)]
pub struct LocalArguments {
    /// Run the vision-language model in this directory (config.json, tokenizer.json, *.safetensors) instead of asking a server.
    #[arg(
        long, value_name = "DIR",
        conflicts_with_all = [
            "api", "model", "api_key_env", "detail", "max_side", "structured", "requests_per_minute", "timeout",
            "retries", "retry_delay", "concurrency",
        ]
    )]
    pub local: Option<PathBuf>,
    /// With --local: hold the weights as stored, or quantised to 8 or 4 bits.
    #[arg(long, value_enum, default_value_t = WeightStorage::Stored, value_name = "stored|q8|q4", conflicts_with = "api")]
    pub weights: WeightStorage,
    /// With --local: cache quantised weights in this directory, so that only the first start takes minutes.
    #[arg(long, value_name = "DIR", conflicts_with = "api")]
    pub weights_cache: Option<PathBuf>,
    /// With --local: number format of the computation.
    #[arg(long, value_enum, default_value_t = ComputeType::F32, value_name = "f32|bf16|f16", conflicts_with = "api")]
    pub dtype: ComputeType,
    /// With --local: sample from the K likeliest tokens only (top-k); 0: all.
    #[arg(long, value_name = "K", default_value_t = 0, conflicts_with = "api")]
    pub top_k: usize,
    /// With --local: sample from the likeliest tokens up to this total probability (top-p).
    #[arg(long, value_name = "P", default_value_t = 1.0, conflicts_with = "api")]
    pub top_p: f64,
    /// With --local: scale photos up to at least this many pixels [default: the model's limit].
    #[arg(long, value_name = "PIXELS", conflicts_with = "api")]
    pub min_pixels: Option<u32>,
    /// With --local: scale photos down to at most this many pixels (784 pixels per token).
    #[arg(long, value_name = "PIXELS", default_value_t = 1280 * 784, conflicts_with = "api")]
    pub max_pixels: u32,
    /// With --local: device to run on: cpu, or cuda in a build with `--features cuda`.
    #[arg(long, value_name = "cpu|cuda|cuda:N", default_value = "cpu", conflicts_with = "api")]
    pub device: String,
    /// With --local: number of threads [default: one per core].
    #[arg(long, value_name = "N", conflicts_with = "api")]
    pub threads: Option<NonZeroUsize>,
}

/// What was asked of a model on this machine.
#[derive(Debug)]
pub struct LocalRequest {
    /// Directory of the model.
    pub model: PathBuf,
    /// How it is held and asked.
    pub settings: LocalSettings,
    /// Threads, if not one a core.
    pub threads: Option<NonZeroUsize>,
}

impl LocalArguments {
    /// Checks what belongs together; `None` if no model on this machine was named.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option; [`ErrorKind::BrokenModel`] if the directory is not there.
    pub fn resolve(
        &self,
        temperature: f64,
        max_tokens: u32,
        seed: Option<u64>,
    ) -> Result<Option<LocalRequest>, Failure> {
        let Some(model) = &self.local else { return Ok(None) };
        let usage = |message: String| Failure::new(ErrorKind::Usage, message);
        if !model.is_dir() {
            let message = format!("--local {}: no such directory", model.display());
            return Err(Failure::new(ErrorKind::BrokenModel, message)
                .with_hint("check the path; `georanker pull ORGANISATION/NAME` fetches a model"));
        }
        if self.min_pixels.is_some_and(|least| least > self.max_pixels) {
            return Err(usage("--min-pixels is more than --max-pixels".into()));
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(usage(format!("--top-p {}: give a number above 0 and up to 1", self.top_p)));
        }
        let load = Typed {
            prefix: "",
            device: &self.device,
            dtype: self.dtype,
            weights: self.weights,
            weights_cache: self.weights_cache.as_deref(),
        };
        let settings = LocalSettings {
            load: load.resolve()?,
            min_pixels: self.min_pixels,
            max_pixels: Some(self.max_pixels),
            max_tokens: max_tokens as usize,
            temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            repetition_penalty: None,
            seed: seed.unwrap_or(0),
        };
        Ok(Some(LocalRequest { model: model.clone(), settings, threads: self.threads }))
    }
}
