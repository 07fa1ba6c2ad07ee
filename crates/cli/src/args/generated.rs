//! Arguments of `georanker locate` about candidates that a model writes.

use std::path::PathBuf;

use clap::Args;
use contract::Failure;
use generate::{ApiAddress, ApiConduct, ApiKey, ApiSettings, Detail, Hint, Prices};

use super::generate::{parse_amount, parse_hint, parse_rate, parse_temperature};
use super::{ApiRequest, DetailWord, PromptKind};

/// Candidates that a model writes.
#[allow(clippy::doc_markdown, reason = "these lines are the help that is shown")]
#[derive(Debug, Args)]
pub struct GeneratedArguments {
    /// Also ask a vision-language model for candidates; photos are sent to this OpenAI-compatible chat API.
    #[arg(long, value_name = "URL", requires = "generate_model", conflicts_with = "generated")]
    pub generate: Option<String>,
    /// Name of that model on the server.
    #[arg(long, value_name = "NAME", requires = "generate")]
    pub generate_model: Option<String>,
    /// Read the API key from this environment variable [default: no key is sent].
    #[arg(long, alias = "generate-key-env", value_name = "VARIABLE", requires = "generate")]
    pub generate_api_key_env: Option<String>,
    /// Ask the model this many times per photo.
    #[arg(long, value_name = "N", requires = "generate", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub generate_samples: u16,
    /// Image detail to request from the model; none sends no image.
    #[arg(long, value_enum, requires = "generate", default_value_t = DetailWord::Low)]
    pub generate_detail: DetailWord,
    /// Prompt: the paper's zero-shot prompt, or G3's with coordinates of similar and dissimilar gallery photos.
    #[arg(long, value_enum, requires = "generate", default_value_t = PromptKind::ZeroShot)]
    pub generate_prompt: PromptKind,
    /// Tell the model what you know about the photos, such as "a trip to Chile in 2019"; at most 500 characters.
    #[arg(long, value_name = "TEXT", requires = "generate", value_parser = parse_hint)]
    pub hint: Option<Hint>,
    /// Sampling temperature.
    #[arg(long, value_name = "T", requires = "generate", default_value_t = 1.2, value_parser = parse_temperature)]
    pub generate_temperature: f64,
    /// Maximum requests per minute, evenly spaced.
    #[arg(long, value_name = "N", requires = "generate", value_parser = parse_rate)]
    pub generate_requests_per_minute: Option<f64>,
    /// Stop asking before the run costs more than this, in the currency of the prices; remaining photos are located by
    /// the gallery alone.
    #[arg(long, value_name = "COST", requires_all = ["generate", "generate_price_in", "generate_price_out"], value_parser = parse_amount)]
    pub generate_budget: Option<f64>,
    /// Price per million input tokens (prompts and photos).
    #[arg(long, value_name = "PRICE", requires = "generate_price_out", value_parser = parse_amount)]
    pub generate_price_in: Option<f64>,
    /// Price per million output tokens (answers).
    #[arg(long, value_name = "PRICE", requires = "generate_price_in", value_parser = parse_amount)]
    pub generate_price_out: Option<f64>,
    /// Cache answers in this directory [default: GEORANKER_CACHE/answers, or
    /// georanker/answers in the user's cache directory].
    #[arg(long, value_name = "DIR", requires = "generate")]
    pub generate_cache: Option<PathBuf>,
    /// Read generated candidates from a file written by `georanker generate`.
    #[arg(long, value_name = "FILE")]
    pub generated: Option<PathBuf>,
    /// Merge a generated candidate with another candidate within this distance.
    #[arg(long, value_name = "METRES", default_value_t = 50.0, value_parser = parse_metres)]
    pub merge_within_m: f64,
}

/// Where generated candidates come from.
#[derive(Debug)]
pub enum GeneratedRequest {
    /// A file of `georanker generate`.
    File(PathBuf),
    /// A model.
    Api {
        /// The model.
        api: Box<ApiRequest>,
        /// What it is asked.
        prompt: PromptKind,
        /// What the user knows about the photos.
        hint: Option<Hint>,
        /// Answers per photo.
        samples: usize,
        /// Prices, where known.
        prices: Option<Prices>,
        /// What the run may cost.
        budget: Option<f64>,
        /// Where answers are kept.
        cache: Option<PathBuf>,
    },
}

impl GeneratedArguments {
    /// What was asked for, if anything was.
    ///
    /// # Errors
    /// [`contract::ErrorKind::Usage`] naming address or key.
    pub fn resolve(&self) -> Result<Option<GeneratedRequest>, Failure> {
        if let Some(file) = &self.generated {
            return Ok(Some(GeneratedRequest::File(file.clone())));
        }
        let Some((address, model)) = self.generate.as_ref().zip(self.generate_model.as_ref()) else {
            return Ok(None);
        };
        let detail = match self.generate_detail {
            DetailWord::None => Detail::None,
            DetailWord::Low => Detail::Low,
            DetailWord::High => Detail::High,
            DetailWord::Auto => Detail::Auto,
        };
        Ok(Some(GeneratedRequest::Api {
            api: Box::new(ApiRequest {
                address: ApiAddress::new(address)?,
                key: self.generate_api_key_env.as_deref().map(ApiKey::from_environment).transpose()?,
                settings: ApiSettings {
                    detail,
                    temperature: Some(self.generate_temperature),
                    ..ApiSettings::new(model)
                },
                conduct: ApiConduct {
                    requests_per_minute: self.generate_requests_per_minute,
                    ..ApiConduct::default()
                },
            }),
            prompt: self.generate_prompt,
            hint: self.hint.clone(),
            samples: usize::from(self.generate_samples),
            prices: (self.generate_price_in.zip(self.generate_price_out))
                .map(|(input, output)| Prices { input, output }),
            budget: self.generate_budget,
            cache: self.generate_cache.clone().or_else(super::default_cache),
        }))
    }
}

fn parse_metres(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(metres) if (0.0..=1e6).contains(&metres) => Ok(metres),
        _ => Err("give a number of metres, from 0 to 1000000".to_owned()),
    }
}
