//! Texts that the network writes about photos.
//!
//! The idea: all samples of a prompt begin alike, so the prompt runs once and leaves its keys and values; then every
//! sample goes on from there, all of them one token at a time, together in each product, so that reading and
//! widening the weights is shared. A sample's text depends on the seed and its own number, never on
//! which others are written beside it: samples 3 to 5 are the same whether or not 0 to 2 were asked for.
//!
//! Main items: [`Qwen2Vl::generate`] under [`GenerationSettings`] with a [`Sampling`]; [`GenerationDefaults`] reads what the
//! checkpoint says about ends; a network for it is opened with
//! [`Parts::output_layer`](super::Parts::output_layer).
//!
//! ```
//! use nets::qwen2_vl::generation::{GenerationDefaults, GenerationSettings, Sampling};
//! use nets::LoadOptions;
//! use nets::qwen2_vl::{Parts, Prompt, Qwen2Vl};
//! use std::path::Path;
//!
//! let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/tiny-qwen2vl");
//! let parts = Parts { output_layer: true, ..Parts::default() };
//! let network = Qwen2Vl::open_with(&model, parts, &LoadOptions::default())?;
//! let defaults = GenerationDefaults::from_directory(&model, network.config().language.vocabulary)?;
//! let settings = GenerationSettings {
//!     max_tokens: 4,
//!     end_tokens: defaults.end_tokens,
//!     sampling: Sampling { temperature: 0.8, seed: 1, ..Sampling::default() },
//! };
//! let prompt = Prompt { ids: vec![10, 20, 30], photos: Vec::new() };
//! let write = |samples| network.generate(&prompt, &[], &settings, samples, &|| true);
//! // Nothing stops them, so both are there.
//! if let (Some(written), Some(again)) = (write(0..3)?, write(1..2)?) {
//!     assert_eq!(written.texts[1], again.texts[0]);
//! }
//! # Ok::<(), nets::NetworkError>(())
//! ```
//!
//! Alternative considered: beams and speculative decoding. Candidates want variety, which beams lack, and a second, smaller
//! network would have to be downloaded, loaded and kept in step for texts of thirty tokens.

pub(super) mod cache;
mod defaults;
mod sampling;

use std::ops::Range;
use std::time::{Duration, Instant};

use candle_core::Tensor;

use self::cache::Cache;
pub use self::defaults::GenerationDefaults;
pub use self::sampling::Sampling;

use self::sampling::Chooser;
use super::network::{Qwen2Vl, compute};
use super::positions::Positions;
use super::prompt_tokens::{Laid, PhotoFeatures, Prompt, Source};
use crate::NetworkError;
use crate::operators::host_floats;

/// Most samples that are written side by side; beyond that their keys and values weigh more than they save.
const MOST_SAMPLES: usize = 256;

/// Texts that run in one product: in more rows than that the last bits of a row depend on how many there are.
const AT_ONCE: usize = kernels::weights_linear::FEW;

/// When a text ends and how its tokens are chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerationSettings {
    /// Most tokens of a text, at least 1.
    pub max_tokens: usize,
    /// Tokens that end a text; they are not part of it.
    pub end_tokens: Vec<u32>,
    /// How the next token is chosen.
    pub sampling: Sampling,
}

/// Why a text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextEnd {
    /// The network wrote an end token.
    Stop,
    /// [`GenerationSettings::max_tokens`] were written.
    Length,
}

/// One text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenText {
    /// Its tokens, without the one that ended it.
    pub ids: Vec<u32>,
    /// Why it ends.
    pub end: TextEnd,
}

/// The texts of a prompt and what they cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// One a sample.
    pub texts: Vec<WrittenText>,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Times that the network ran for one more token of every text that had not ended.
    pub steps: usize,
    /// Time for the prompt.
    pub prompt_time: Duration,
    /// Time for the steps.
    pub step_time: Duration,
}

impl Qwen2Vl {
    /// Whether the network can write: it was opened with its output layer.
    pub const fn has_output_layer(&self) -> bool {
        self.output.is_some()
    }

    /// Tells networks that write apart: texts of one must not be taken for another's. `None` without an output layer.
    pub fn text_fingerprint(&self) -> Option<&[u8; 32]> {
        self.output.as_ref().map(|output| &output.fingerprint)
    }

    /// Writes sample number `samples.start` to `samples.end - 1` of a prompt. `go_on` is asked before every token; once it
    /// says no, `None` takes the place of the texts.
    ///
    /// # Errors
    /// [`NetworkError::Setting`] for senseless settings, and for a network that was opened without its output layer;
    /// [`NetworkError::InputLength`] where prompt and photos do not agree, or the prompt is empty;
    /// [`NetworkError::Compute`] if the device fails or a logit is not a number.
    pub fn generate(
        &self,
        prompt: &Prompt,
        photos: &[PhotoFeatures],
        settings: &GenerationSettings,
        samples: Range<usize>,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Option<Written>, NetworkError> {
        settings.check(samples.len())?;
        if self.output.is_none() {
            let why = "the network was opened without it, and cannot write".into();
            return Err(NetworkError::Setting { option: "output_layer", why });
        }
        let laid = Laid::new(prompt, self.config.tokens.image, photos)?;
        let Some((last, _)) = laid.sources.split_last() else {
            return Err(NetworkError::InputLength {
                what: "tokens of a prompt",
                found: 0,
                expected: "at least one".into(),
            });
        };
        let started = Instant::now();
        // The last token of the prompt is the first that every text runs: what it makes is read for each of them.
        let before = laid.sources.len() - 1;
        let prefix = if before == 0 {
            self.language.no_prefix(self.kind, &self.device).map_err(compute)?
        } else {
            self.workers.run(|| self.run_prefix(&laid, before, photos))?
        };
        let prompt_time = started.elapsed();
        let started = Instant::now();
        let language = &self.config.language;
        let width = language.key_value_heads * language.head_dim;
        let mut cache =
            Cache::new(samples.len(), language.layers, width, (self.kind, &self.device)).map_err(compute)?;
        let mut texts = samples
            .map(|sample| Text {
                chooser: Chooser::new(settings.sampling, sample, &prompt.ids),
                next: *last,
                written: WrittenText { ids: Vec::new(), end: TextEnd::Length },
            })
            .collect::<Vec<_>>();
        let mut open: Vec<usize> = (0..texts.len()).collect();
        let mut position = laid.positions.tokens[before];
        let mut steps = 0;
        while !open.is_empty() {
            if !go_on() {
                return Ok(None);
            }
            cache.reserve_one().map_err(compute)?;
            for rows in open.chunks(AT_ONCE) {
                let embedded = self.embed(rows.iter().map(|&text| &texts[text].next), photos)?;
                let positions = Positions { tokens: vec![position; rows.len()] };
                let logits = self.workers.run(|| {
                    let step = self.language.step(&embedded, &positions, &prefix, &mut cache, rows);
                    self.logits(&step.map_err(compute)?)
                })?;
                for (&text, logits) in rows.iter().zip(logits.chunks_exact(language.vocabulary)) {
                    texts[text].read(logits, settings)?;
                }
            }
            cache.next_token();
            open.retain(|&text| texts[text].is_open(settings));
            // A photo spans more positions than its tokens' number; text goes on past the largest.
            let largest = if steps == 0 {
                laid.positions.tokens.iter().flatten().copied().max().unwrap_or(0)
            } else {
                position[0]
            };
            position = [largest + 1; 3];
            steps += 1;
        }
        Ok(Some(Written {
            texts: texts.into_iter().map(|text| text.written).collect(),
            prompt_tokens: laid.sources.len(),
            steps,
            prompt_time,
            step_time: started.elapsed(),
        }))
    }

    /// `[texts * vocabulary]`.
    fn logits(&self, hidden: &Tensor) -> Result<Vec<f32>, NetworkError> {
        match &self.output {
            Some(output) => {
                output.linear.forward(hidden).and_then(|logits| host_floats(&logits)).map_err(compute)
            }
            None => Ok(Vec::new()),
        }
    }
}

impl GenerationSettings {
    fn check(&self, samples: usize) -> Result<(), NetworkError> {
        self.sampling.check()?;
        if self.max_tokens == 0 {
            return Err(NetworkError::Setting { option: "max_tokens", why: "0 writes nothing".into() });
        }
        if !(1..=MOST_SAMPLES).contains(&samples) {
            return Err(NetworkError::Setting {
                option: "samples",
                why: format!("{samples} is not within 1 and {MOST_SAMPLES}"),
            });
        }
        Ok(())
    }
}

/// A text that is being written.
struct Text {
    chooser: Chooser,
    /// What runs next.
    next: Source,
    written: WrittenText,
}

impl Text {
    /// Chooses the next token.
    fn read(&mut self, logits: &[f32], settings: &GenerationSettings) -> Result<(), NetworkError> {
        let Some(token) = self.chooser.choose(logits) else {
            return Err(NetworkError::Compute {
                what: "the next token".into(),
                why: "a logit is not a number: the computation went beyond the numbers of its type".into(),
            });
        };
        if settings.end_tokens.contains(&token) {
            self.written.end = TextEnd::Stop;
        } else {
            self.written.ids.push(token);
            self.next = Source::Token(token);
        }
        Ok(())
    }

    fn is_open(&self, settings: &GenerationSettings) -> bool {
        self.written.end != TextEnd::Stop && self.written.ids.len() < settings.max_tokens
    }
}
