//! Answers from a server that speaks the chat API of `OpenAI`, as most do.
//!
//! # What it does
//! One blocking request a call, in plain sight: pace, request, response, and what to do about each kind of failure.
//! Concurrency is threads of the caller. What can pass is tried again with growing waits (429, 5xx, timeouts, cut
//! connections, responses that are not JSON); what cannot is said at once (a wrong key, an unknown model, a web page). A
//! field that a server refuses is left out alone, remembered, and said once.
//!
//! # Main types
//! [`ApiGenerator`] is the [`Generator`]; [`ApiSettings`] what it asks for; [`ApiAddress`] and [`ApiKey`] where and as
//! whom; [`ApiConduct`] how patient it is.

mod abilities;
mod address;
mod complaint;
#[cfg(test)]
mod complaint_tests;
mod key;
mod pace;
mod send;
mod stream;
mod tokens;
mod wire;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contract::{Failure, Photo};
use photo::encode_thumbnail;

use crate::{GenerateError, Generation, Generator, Requests, Usage};

pub use address::ApiAddress;
pub use key::ApiKey;

use abilities::{Abilities, Field};
use pace::Pace;
use tokens::Counts;

/// JPEG quality of the pictures that are sent.
const JPEG_QUALITY: u8 = 90;

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
    /// Whether the request is to stay as it is: a field that the server refuses is an error, and is not left out.
    pub exact: bool,
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
            exact: false,
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
    /// What the server counted so far.
    counts: Mutex<Counts>,
    /// Requests that were sent.
    sent: AtomicUsize,
    /// Those of them that were answered as they should be.
    answered: AtomicUsize,
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
        let config = ureq::Agent::config_builder();
        // A proxy that the environment names would get what is meant for this machine alone.
        let config = if address.is_local() { config.proxy(None) } else { config };
        let agent = config
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
            counts: Mutex::default(),
            sent: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            address,
            settings,
            conduct,
            notes,
        }
    }

    fn abilities(&self) -> Abilities {
        *self.abilities.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what the server takes, and tells each part of it once.
    fn learn(&self, lesson: Abilities, reasons: &[(Field, String)]) {
        let mut abilities = self.abilities.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *abilities;
        *abilities = before.and(lesson);
        let after = *abilities;
        drop(abilities);
        for field in before.lost(after) {
            let what = match field {
                Field::Limit => "`max_completion_tokens` is sent in its place from now on",
                Field::Several => "answers are asked for one at a time from now on",
                _ => "it is left out from now on",
            };
            let name = field.name();
            let reason = reasons.iter().find(|(of, _)| *of == field).map_or("", |(_, reason)| reason);
            (self.notes)(&format!("{} does not take `{name}`: {what} (it says: {reason})", self.address));
        }
    }

    fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The picture to send: re-encoded, so that no metadata goes along, and no larger than asked for.
    fn jpeg(&self, photo: &Photo) -> Result<Option<Vec<u8>>, GenerateError> {
        if self.settings.detail == Detail::None {
            return Ok(None);
        }
        let failed = |error: photo::PhotoError| GenerateError::Photo {
            photo: photo.id.0.clone(),
            why: error.to_string(),
        };
        encode_thumbnail(&photo.image, self.settings.max_side, JPEG_QUALITY).map(Some).map_err(failed)
    }
}

impl Generator for ApiGenerator {
    fn name(&self) -> &str {
        &self.settings.model
    }

    fn settings(&self) -> String {
        let ApiSettings { model: _, temperature, max_tokens, detail, max_side, structured, seed, exact: _ } =
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
        let usage = match understood.usage {
            Some(usage) => {
                let seen = tokens::pixels(photo.image.width(), photo.image.height(), self.settings.max_side);
                let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
                counts.add(&self.settings, usage.prompt_tokens, prompt, seen);
                usage
            }
            None => tokens::of_answers(&answers, self.expected_usage(prompt, answers.len())),
        };
        Ok(Generation { answers, usage })
    }

    fn expected_usage(&self, prompt: &str, samples: usize) -> Usage {
        tokens::expected(&self.settings, self.counts(), prompt, samples)
    }

    fn requests(&self) -> Option<Requests> {
        let answered = self.answered.load(Ordering::Relaxed);
        let sent = self.sent.load(Ordering::Relaxed);
        Some(Requests { sent, failed: sent.saturating_sub(answered) })
    }

    fn shows_photos(&self) -> bool {
        self.settings.detail != Detail::None
    }

    fn most_usage(&self, prompt: &str, samples: usize) -> Usage {
        tokens::most(&self.settings, self.abilities(), self.counts(), prompt, samples)
    }
}
