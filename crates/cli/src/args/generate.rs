//! Arguments of `georanker generate`, and those of the model behind an API, which `locate` shares.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use contract::{ErrorKind, Failure};
use generate::{
    ApiAddress, ApiConduct, ApiKey, ApiSettings, Detail, Hint, Prices, Reading, Structured, Wording,
};

use super::{ForceArguments, LocalArguments, LocalRequest, PackArguments};
use crate::outputs::Outputs;

/// `georanker generate`.
#[allow(clippy::doc_markdown, reason = "these lines are the help that is shown")]
#[derive(Debug, Args)]
#[command(after_long_help = "\
Photos are sent to the address given by --api, for example http://127.0.0.1:8080/v1, as JPEGs without metadata and at \
most --max-side pixels long. With --dry-run nothing is sent: it reports what a run would ask and cost. With --local \
nothing is sent either: a Qwen2-VL runs on this machine.

The output is one JSON line per photo: {\"photo\", \"sha256\", \"candidates\": [{\"lat\", \"lon\", \"model\", \"sample\"}], \
\"answers\", \"dropped\", ...}, or {\"photo\", \"error\"}. `georanker locate --generated FILE` reads it.

Answers are cached by photo, prompt, model and settings as soon as they arrive. Running the same command again asks only \
for missing answers.")]
pub struct GenerateArguments {
    /// Photos, or directories that hold photos (searched recursively); - is a photo on stdin.
    #[arg(required = true, value_name = "PHOTO|DIR")]
    pub inputs: Vec<PathBuf>,
    /// The model behind an API.
    #[command(flatten)]
    pub api: ApiArguments,
    /// A model on this machine.
    #[command(flatten)]
    pub local: LocalArguments,
    /// Prompt: the paper's zero-shot prompt, or G3's with coordinates of similar and dissimilar gallery photos.
    #[arg(long, value_enum, default_value_t = PromptKind::ZeroShot)]
    pub prompt: PromptKind,
    /// Number of similar, and of dissimilar, photos in the retrieval prompt.
    #[arg(long, value_name = "N", default_value_t = generate::REFERENCES as u16, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub references: u16,
    /// Tell the model what you know about the photos, such as "a trip to Chile in 2019"; at most 500 characters.
    #[arg(long, value_name = "TEXT", value_parser = parse_hint)]
    pub hint: Option<Hint>,
    /// Answers per photo.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub samples: u16,
    /// Rules for prompts, pixels and reading: ours, or exactly those of the official code (unreadable answers become
    /// 0, 0).
    #[arg(long, value_enum, default_value_t = GenerateProtocol::Default, value_name = "official|default")]
    pub protocol: GenerateProtocol,
    /// Send requests for this many photos at a time.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// Stop before the run costs more than this, in the currency of the prices.
    #[arg(long, value_name = "COST", requires = "price_in", requires = "price_out", value_parser = parse_amount)]
    pub budget: Option<f64>,
    /// Price per million input tokens (prompts and photos).
    #[arg(long, value_name = "PRICE", requires = "price_out", value_parser = parse_amount)]
    pub price_in: Option<f64>,
    /// Price per million output tokens (answers).
    #[arg(long, value_name = "PRICE", requires = "price_in", value_parser = parse_amount)]
    pub price_out: Option<f64>,
    /// Cache answers in this directory [default: GEORANKER_CACHE/answers, or
    /// georanker/answers in the user's cache directory].
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Write to this file instead of stdout.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Whether other files are replaced.
    #[command(flatten)]
    pub force: ForceArguments,
    /// Send nothing; print what a run would ask and cost, as JSON.
    #[arg(long)]
    pub dry_run: bool,
    /// The model pack, for the retrieval prompt.
    #[command(flatten)]
    pub pack: PackArguments,
    /// Reject photos above this size.
    #[arg(long, value_name = "MEGAPIXELS", default_value_t = 134, value_parser = clap::value_parser!(u32).range(1..=4000))]
    pub max_megapixels: u32,
}

/// The model behind an API.
#[allow(clippy::doc_markdown, reason = "these lines are the help that is shown")]
#[derive(Debug, Args)]
pub struct ApiArguments {
    /// Base URL of an OpenAI-compatible chat API; usually it ends in /v1.
    #[arg(long, value_name = "URL", required_unless_present = "local")]
    pub api: Option<String>,
    /// Name of the model on the server.
    #[arg(long, value_name = "NAME", required_unless_present = "local")]
    pub model: Option<String>,
    /// Read the API key from this environment variable [default: no key is sent].
    #[arg(long, value_name = "VARIABLE")]
    pub api_key_env: Option<String>,
    /// Sampling temperature.
    #[arg(long, value_name = "T", default_value_t = 1.2, value_parser = parse_temperature)]
    pub temperature: f64,
    /// Maximum number of tokens per answer.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_tokens: u32,
    /// Image detail to request from the model; none sends no image.
    #[arg(long, value_enum, default_value_t = DetailWord::Low)]
    pub detail: DetailWord,
    /// Longest side of the image that is sent.
    #[arg(long, value_name = "PIXELS", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(16..=8192))]
    pub max_side: u32,
    /// Require answers in a JSON schema; auto does unless the server refuses it or the protocol is official.
    #[arg(long, value_enum, default_value_t = StructuredWord::Auto)]
    pub structured: StructuredWord,
    /// Sampling seed, if the server supports one; 0 for a local model.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Maximum requests per minute, evenly spaced.
    #[arg(long, value_name = "N", value_parser = parse_rate)]
    pub requests_per_minute: Option<f64>,
    /// Time limit per response.
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, value_parser = parse_seconds)]
    pub timeout: f64,
    /// Retry a failed request this many times.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(..=100))]
    pub retries: u32,
    /// Wait before the first retry; it doubles each time.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = parse_seconds)]
    pub retry_delay: f64,
}

/// What `--prompt` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PromptKind {
    /// Send the photo alone.
    ZeroShot,
    /// Add coordinates of similar and dissimilar photos.
    Retrieval,
}

/// What `--protocol` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GenerateProtocol {
    /// Drop and count unreadable answers.
    Default,
    /// Read answers as the official code does: 0, 0 if unreadable.
    Official,
}

/// What `--detail` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DetailWord {
    /// Send no image.
    None,
    /// Small image at a fixed price.
    Low,
    /// Tiled image; the price depends on its size.
    High,
    /// Let the server choose.
    Auto,
}

/// What `--structured` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StructuredWord {
    /// Use a schema unless the server refuses it.
    Auto,
    /// Always use a schema.
    On,
    /// Never use a schema.
    Off,
}

/// What was asked of an API.
#[derive(Debug)]
pub struct ApiRequest {
    /// Where.
    pub address: ApiAddress,
    /// As whom.
    pub key: Option<ApiKey>,
    /// For what.
    pub settings: ApiSettings,
    /// How patiently.
    pub conduct: ApiConduct,
}

/// The model that writes.
#[derive(Debug)]
pub enum WriterRequest {
    /// Behind an API.
    Api(ApiRequest),
    /// On this machine.
    Local(Box<LocalRequest>),
}

/// What was asked for.
#[derive(Debug)]
pub struct GenerateRequest {
    /// The model.
    pub writer: WriterRequest,
    /// How prompts are laid out.
    pub wording: Wording,
    /// How answers are read.
    pub reading: Reading,
    /// Prices, where known.
    pub prices: Option<Prices>,
    /// Where answers are kept.
    pub cache: Option<PathBuf>,
}

impl ApiArguments {
    /// Checks the address, and reads the key; `official` leaves the schema out unless it is demanded.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option.
    pub fn resolve(&self, official: bool) -> Result<ApiRequest, Failure> {
        let model = self.model.clone().unwrap_or_default();
        if model.trim().is_empty() {
            let failure = Failure::new(ErrorKind::Usage, "--model is empty");
            return Err(failure.with_hint("give the name that the server has for the model"));
        }
        let address = ApiAddress::new(self.api.as_deref().unwrap_or_default())?;
        let key = self.api_key_env.as_deref().map(ApiKey::from_environment).transpose()?;
        let settings = ApiSettings {
            model,
            temperature: Some(self.temperature),
            max_tokens: Some(self.max_tokens),
            detail: match self.detail {
                DetailWord::None => Detail::None,
                DetailWord::Low => Detail::Low,
                DetailWord::High => Detail::High,
                DetailWord::Auto => Detail::Auto,
            },
            max_side: self.max_side,
            structured: match self.structured {
                StructuredWord::Auto if official => Structured::Off,
                StructuredWord::Auto => Structured::Auto,
                StructuredWord::On => Structured::On,
                StructuredWord::Off => Structured::Off,
            },
            seed: self.seed,
            exact: official,
        };
        let conduct = ApiConduct {
            timeout: Duration::from_secs_f64(self.timeout),
            retries: self.retries,
            first_delay: Duration::from_secs_f64(self.retry_delay),
            requests_per_minute: self.requests_per_minute,
        };
        Ok(ApiRequest { address, key, settings, conduct })
    }
}

impl GenerateArguments {
    /// Checks what belongs together.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option.
    pub fn resolve(&self) -> Result<GenerateRequest, Failure> {
        let outputs = Outputs::default().inputs(&self.inputs).output("--out", self.out.as_deref());
        outputs.check(self.force.force)?;
        let official = self.protocol == GenerateProtocol::Official;
        if official && self.hint.is_some() {
            let failure = Failure::new(ErrorKind::Usage, "the official protocol has no place for a hint");
            return Err(failure.with_hint("leave out `hint`, or `protocol`"));
        }
        let prices = self.price_in.zip(self.price_out).map(|(input, output)| Prices { input, output });
        let ApiArguments { temperature, max_tokens, seed, .. } = self.api;
        let writer = match self.local.resolve(temperature, max_tokens, seed)? {
            Some(local) => WriterRequest::Local(Box::new(local)),
            None => WriterRequest::Api(self.api.resolve(official)?),
        };
        Ok(GenerateRequest {
            writer,
            wording: if official { Wording::Official } else { Wording::Default },
            reading: if official { Reading::Official } else { Reading::Default },
            prices,
            cache: self.cache.clone().or_else(default_cache),
        })
    }
}

/// `answers` in the user's cache directory.
pub(crate) fn default_cache() -> Option<PathBuf> {
    files::user_cache_directory().map(|directory| directory.join("answers"))
}

fn number_between(text: &str, least: f64, most: f64, words: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(format!("give {words}")),
    }
}

pub(super) fn parse_temperature(text: &str) -> Result<f64, String> {
    number_between(text, 0.0, 10.0, "a number from 0 to 10")
}

pub(super) fn parse_hint(text: &str) -> Result<Hint, String> {
    Hint::new(text).map_err(|error| error.to_string())
}

pub(super) fn parse_amount(text: &str) -> Result<f64, String> {
    number_between(text, 0.0, 1e9, "an amount of money, 0 or more")
}

pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    number_between(text, 0.01, 1e6, "a number of requests a minute, from 0.01 to 1000000")
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    number_between(text, 0.001, 86_400.0, "a number of seconds, from 0.001 to 86400")
}
