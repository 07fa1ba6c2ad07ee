//! A model on this machine.
//!
//! The photo goes through the vision tower once and the prompt through the language model once, however many samples are
//! asked for; a call writes them side by side. The turn is the one that [`crate::ApiGenerator`] sends, text before photo,
//! so that the same model behind a server would be asked the same.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::{ErrorKind, Failure, Photo};
use files::hexadecimal;
use nets::LoadOptions;
use nets::qwen2_vl::chat_template::PromptPart;
use nets::qwen2_vl::generation::{GenerationDefaults, GenerationSettings, Sampling, TextEnd};
use nets::qwen2_vl::{Parts, Qwen2Vl};
use rank::vlm::{InputOptions, PairInputs};

use crate::generator::{Answer, Finish, Generation, Generator, Usage};

/// Samples of one call: their keys and values are held side by side.
const AT_ONCE: usize = 64;
/// Photo features that are kept, for a call that asks for the rest of a photo's samples.
const FEATURE_MEMORY: usize = 64 << 20;

/// How a model on this machine is held and asked.
#[derive(Clone, Debug)]
pub struct LocalSettings {
    /// How the network is loaded.
    pub load: LoadOptions,
    /// Least pixels of a photo after resizing; `None`: as the network was trained.
    pub min_pixels: Option<u32>,
    /// Most pixels of a photo after resizing; `None`: as the network was trained.
    pub max_pixels: Option<u32>,
    /// Most tokens of an answer.
    pub max_tokens: usize,
    /// 0 writes the likeliest text, in every sample.
    pub temperature: f64,
    /// How many of the likeliest tokens may be chosen; 0: all.
    pub top_k: usize,
    /// The share of probability that the likeliest tokens which may be chosen hold together; 1: all.
    pub top_p: f64,
    /// `None`: as the checkpoint's `generation_config.json` says.
    pub repetition_penalty: Option<f64>,
    /// The same seed gives the same texts.
    pub seed: u64,
}

impl Default for LocalSettings {
    fn default() -> Self {
        Self {
            load: LoadOptions::default(),
            min_pixels: None,
            max_pixels: None,
            max_tokens: 300,
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            repetition_penalty: None,
            seed: 0,
        }
    }
}

/// Qwen2-VL on this machine.
#[derive(Debug)]
pub struct LocalGenerator {
    name: String,
    settings: String,
    network: Qwen2Vl,
    inputs: PairInputs,
    generation: GenerationSettings,
    most_photo_tokens: u64,
    stop: Arc<AtomicBool>,
}

impl LocalGenerator {
    /// Opens a checkpoint directory as the hub has them. Once `stop` is set, a text that is being written is given up.
    ///
    /// # Errors
    /// A [`Failure`] that names the file or setting.
    pub fn open(model: &Path, settings: &LocalSettings, stop: Arc<AtomicBool>) -> Result<Self, Failure> {
        let inputs = PairInputs::open(
            model,
            &InputOptions {
                min_pixels: settings.min_pixels,
                max_pixels: settings.max_pixels,
                feature_memory: FEATURE_MEMORY,
                ..InputOptions::default()
            },
        )?;
        let config = inputs.config();
        let defaults = GenerationDefaults::from_directory(model, config.language.vocabulary)?;
        let generation = GenerationSettings {
            max_tokens: settings.max_tokens,
            end_tokens: defaults.end_tokens,
            sampling: Sampling {
                temperature: settings.temperature,
                top_k: settings.top_k,
                top_p: settings.top_p,
                repetition_penalty: settings.repetition_penalty.unwrap_or(defaults.repetition_penalty),
                seed: settings.seed,
            },
        };
        generation.sampling.check()?;
        let parts = Parts { output_layer: true, ..Parts::default() };
        let network = Qwen2Vl::open_with(model, parts, &settings.load)?;
        let merged = config.vision.patch_size * config.vision.spatial_merge_size;
        // Without a limit of ours the published one holds: 16,384 tokens.
        let most_pixels = settings.max_pixels.unwrap_or(16_384 * 784) as usize;
        Ok(Self {
            name: name_of(model),
            settings: settings_line(settings, &generation, &network),
            inputs: inputs.for_network(&network),
            network,
            generation,
            most_photo_tokens: (most_pixels / (merged * merged)) as u64,
            stop,
        })
    }
}

impl Generator for LocalGenerator {
    fn name(&self) -> &str {
        &self.name
    }

    fn settings(&self) -> String {
        self.settings.clone()
    }

    fn generate(&self, photo: &Photo, prompt: &str, samples: Range<usize>) -> Result<Generation, Failure> {
        let named = |why: String| Failure::new(ErrorKind::InvalidPhoto, format!("{}: {why}", photo.id));
        if samples.is_empty() {
            return Ok(Generation::default());
        }
        let prepared = self.inputs.prepare(&photo.image).map_err(|error| named(error.to_string()))?;
        let (photos, _) = self.inputs.photo_features(&self.network, std::slice::from_ref(&prepared))?;
        let turn = self.inputs.turn(&[PromptPart::Text(prompt), PromptPart::Image], &photos)?;
        let last = samples.end.min(samples.start.saturating_add(AT_ONCE));
        let go_on = || !self.stop.load(Ordering::Relaxed);
        let written = self
            .network
            .generate(&turn, &photos, &self.generation, samples.start..last, &go_on)?
            .ok_or_else(|| {
            Failure::new(ErrorKind::Interrupted, "stopped while a text was being written")
        })?;
        let mut generation = Generation::default();
        generation.usage.prompt_tokens = written.prompt_tokens as u64;
        for text in &written.texts {
            // The token that ended it was written too.
            let end = u64::from(text.end == TextEnd::Stop);
            generation.usage.completion_tokens += text.ids.len() as u64 + end;
            generation.answers.push(Answer {
                text: self.inputs.text(&text.ids)?,
                finish: match text.end {
                    TextEnd::Stop => Finish::Stop,
                    TextEnd::Length => Finish::Length,
                },
            });
        }
        Ok(generation)
    }

    fn expected_usage(&self, prompt: &str, samples: usize) -> Usage {
        // No token is shorter than a byte; the template adds some.
        let text = prompt.len() as u64 + 32;
        let completion_tokens = (self.generation.max_tokens * samples) as u64;
        Usage { prompt_tokens: text + self.most_photo_tokens, completion_tokens, estimated: true }
    }
}

/// The name of a checkpoint: of its repository, where it lies in the hub's cache (`models--ORGANISATION--NAME`), else of
/// its directory.
fn name_of(model: &Path) -> String {
    let real = model.canonicalize().unwrap_or_else(|_| model.to_owned());
    let named = |part: &std::ffi::OsStr| {
        let text = part.to_str()?.strip_prefix("models--")?;
        Some(text.rsplit("--").next().unwrap_or(text).to_owned())
    };
    real.iter().find_map(named).unwrap_or_else(|| {
        real.file_name().map_or_else(|| "local".into(), |name| name.to_string_lossy().into_owned())
    })
}

/// Everything that decides what is written, but the model's name.
fn settings_line(settings: &LocalSettings, generation: &GenerationSettings, network: &Qwen2Vl) -> String {
    let GenerationSettings { max_tokens, end_tokens, sampling } = generation;
    let Sampling { temperature, top_k, top_p, repetition_penalty, seed } = sampling;
    let mut line = format!(
        "local temperature={temperature} top_k={top_k} top_p={top_p} repetition_penalty={repetition_penalty} \
         seed={seed} max_tokens={max_tokens} end={end_tokens:?} pixels={:?}..{:?}",
        settings.min_pixels, settings.max_pixels
    );
    line.push_str(" network=");
    if let Some(fingerprint) = network.text_fingerprint() {
        line.push_str(&hexadecimal(&fingerprint[..16]));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_checkpoint_is_called_as_its_repository() {
        let snapshot = "/c/hub/models--Qwen--Qwen2-VL-2B-Instruct/snapshots/0123";
        assert_eq!(name_of(Path::new(snapshot)), "Qwen2-VL-2B-Instruct");
        assert_eq!(name_of(Path::new("/models/mine")), "mine");
    }
}
