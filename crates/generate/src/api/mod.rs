//! Answers from a server that speaks the chat API of `OpenAI`, as most do.
//!
//! # Idea
//! One blocking request a call, in plain sight: pace, request, response, and what to do about each kind of failure.
//! Concurrency is threads of the caller. What can pass is tried again with growing waits (429, 5xx, timeouts, cut
//! connections, responses that are no JSON); what cannot is said at once (a wrong key, an unknown model). A server that
//! refuses `response_format` or several answers at once is asked for less, and remembered.
//!
//! # Cast
//! [`ApiGenerator`] is the [`Generator`]; [`ApiSettings`] what it asks for; [`ApiAddress`] and [`ApiKey`] where and as
//! whom; [`ApiConduct`] how patient it is.

mod address;
mod key;
mod pace;
mod send;
mod wire;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::{Failure, Photo};
use nets::photo::{Image, encode_thumbnail};

use crate::{GenerateError, Generation, Generator, Usage};

pub use address::ApiAddress;
pub use key::ApiKey;

use pace::Pace;
use wire::Abilities;

/// JPEG quality of the pictures that are sent.
const JPEG_QUALITY: u8 = 90;
/// Bytes of text a token, at least, in the languages of prompts: for estimates.
const BYTES_PER_TOKEN: usize = 3;
/// Answers are taken to be this long where no limit is set: for estimates.
const ANSWER_TOKENS: u64 = 512;

/// How closely the model looks, in the API's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// No picture is sent at all, only the prompt: for models without eyes.
    None,
    /// A small version, at a fixed price.
    #[default]
    Low,
    /// In tiles, at a price by size.
    High,
    /// As the server thinks best.
    Auto,
}

/// Whether the server is asked to keep to a JSON schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Structured {
    /// Yes, unless it refuses.
    #[default]
    Auto,
    /// Yes, and a refusal is an error.
    On,
    /// No.
    Off,
}

/// What is asked for. All of it is part of the cache's key.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiSettings {
    /// Name of the model.
    pub model: String,
    /// Sampling temperature; `None` leaves it to the server.
    pub temperature: Option<f64>,
    /// Most tokens of an answer; `None` leaves it to the server.
    pub max_tokens: Option<u32>,
    /// How closely the model looks.
    pub detail: Detail,
    /// Longest side, in pixels, of the picture that is sent.
    pub max_side: u32,
    /// Whether a JSON schema goes along.
    pub structured: Structured,
    /// Seed of the sampling, where the server knows such a thing.
    pub seed: Option<u64>,
}

impl ApiSettings {
    /// The reference's settings (temperature 1.2, 200 tokens, low detail), a picture of at most 1024 pixels, and a
    /// schema where the server takes one.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            temperature: Some(1.2),
            max_tokens: Some(200),
            detail: Detail::Low,
            max_side: 1024,
            structured: Structured::Auto,
            seed: None,
        }
    }
}

/// How patient a client is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ApiConduct {
    /// Longest wait for a whole response.
    pub timeout: Duration,
    /// How often a failed request is sent again.
    pub retries: u32,
    /// Wait before the first of these; it doubles each time, up to a minute.
    pub first_delay: Duration,
    /// Most requests a minute, evenly spaced; `None` sends them as they come.
    pub requests_per_minute: Option<f64>,
}

impl Default for ApiConduct {
    /// Two minutes, five times, one second, as they come.
    fn default() -> Self {
        Self {
            timeout: Duration::from_mins(2),
            retries: 5,
            first_delay: Duration::from_secs(1),
            requests_per_minute: None,
        }
    }
}

/// What is told to a person while requests are tried again.
pub type Notes = Box<dyn Fn(&str) + Send + Sync>;

/// A model behind an API.
pub struct ApiGenerator {
    address: ApiAddress,
    key: Option<ApiKey>,
    settings: ApiSettings,
    conduct: ApiConduct,
    agent: ureq::Agent,
    pace: Pace,
    abilities: Mutex<Abilities>,
    /// Most tokens that the server counted for a prompt so far.
    most_prompt_tokens: AtomicU64,
    notes: Notes,
}

impl ApiGenerator {
    /// A client; nothing is sent yet. `stop` ends its waits, `notes` hears of failed attempts.
    pub fn new(
        address: ApiAddress,
        key: Option<ApiKey>,
        settings: ApiSettings,
        conduct: ApiConduct,
        stop: Arc<AtomicBool>,
        notes: Notes,
    ) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(conduct.timeout))
            .http_status_as_error(false)
            // The key would travel along.
            .max_redirects(0)
            .user_agent(concat!("georanker/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self {
            agent,
            key,
            pace: Pace::new(conduct.requests_per_minute, stop),
            abilities: Mutex::new(Abilities::first_guess(&settings)),
            most_prompt_tokens: AtomicU64::new(0),
            address,
            settings,
            conduct,
            notes,
        }
    }

    fn abilities(&self) -> Abilities {
        *self.abilities.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, abilities: Abilities) {
        *self.abilities.lock().unwrap_or_else(PoisonError::into_inner) = abilities;
    }

    /// The picture to send: re-encoded, so that no metadata goes along, and no larger than asked for.
    fn jpeg(&self, photo: &Photo) -> Result<Option<Vec<u8>>, GenerateError> {
        if self.settings.detail == Detail::None {
            return Ok(None);
        }
        let failed = |error: nets::photo::PhotoError| GenerateError::Photo {
            photo: photo.id.0.clone(),
            why: error.to_string(),
        };
        let image = Image::new(photo.width, photo.height, photo.rgb.clone()).map_err(failed)?;
        encode_thumbnail(&image, self.settings.max_side, JPEG_QUALITY).map(Some).map_err(failed)
    }

    /// Tokens of a picture as `OpenAI` counts them; others differ, so what a server reports takes its place.
    fn picture_tokens(&self) -> u64 {
        let tiles = u64::from(self.settings.max_side.div_ceil(512)).pow(2);
        match self.settings.detail {
            Detail::None => 0,
            Detail::Low => 85,
            Detail::High | Detail::Auto => 85 + 170 * tiles,
        }
    }
}

impl Generator for ApiGenerator {
    fn name(&self) -> &str {
        &self.settings.model
    }

    fn settings(&self) -> String {
        let ApiSettings { model: _, temperature, max_tokens, detail, max_side, structured, seed } =
            &self.settings;
        let address = &self.address;
        let number = |value: Option<String>| value.unwrap_or_else(|| "default".to_owned());
        format!(
            "api {address} temperature {} max_tokens {} detail {} side {max_side} structured {structured:?} seed {}",
            number(temperature.map(|value| format!("{value:?}"))),
            number(max_tokens.map(|value| value.to_string())),
            detail.word().unwrap_or("none"),
            number(seed.map(|value| value.to_string())),
        )
    }

    fn generate(&self, photo: &Photo, prompt: &str, samples: Range<usize>) -> Result<Generation, Failure> {
        let jpeg = self.jpeg(photo)?;
        let understood = self.ask(prompt, jpeg.as_deref(), &samples)?;
        let answers = understood.answers;
        let usage = understood.usage.unwrap_or_else(|| {
            let written: usize = answers.iter().map(|answer| answer.text.len() / BYTES_PER_TOKEN + 1).sum();
            let expected = self.expected_usage(prompt, answers.len());
            Usage { completion_tokens: written as u64, estimated: true, ..expected }
        });
        self.most_prompt_tokens.fetch_max(usage.prompt_tokens, Ordering::Relaxed);
        Ok(Generation { answers, usage })
    }

    fn expected_usage(&self, prompt: &str, samples: usize) -> Usage {
        let text = (prompt.len() / BYTES_PER_TOKEN) as u64 + 16;
        let seen = self.most_prompt_tokens.load(Ordering::Relaxed);
        let each = self.settings.max_tokens.map_or(ANSWER_TOKENS, u64::from);
        Usage {
            prompt_tokens: seen.max(text + self.picture_tokens()),
            completion_tokens: each * samples as u64,
            estimated: true,
        }
    }
}
