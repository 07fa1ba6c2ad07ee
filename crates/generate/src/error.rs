//! What can go wrong between a photo and an answer.

use std::path::PathBuf;

use contract::{Diagnose, ErrorKind};

/// A failure of this crate. No variant ever holds the key: texts of the server are cleaned of it before.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The environment variable that should hold the key does not.
    #[error("the environment variable {name} {why}")]
    Key {
        /// Name of the variable.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An address that cannot be used.
    #[error("{address:?} is not an address of an API: {why}")]
    Address {
        /// As typed, without anything that may be a secret.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server does not accept the key.
    #[error("{server} refuses the key (HTTP {status}): {message}")]
    Denied {
        /// The address.
        server: String,
        /// HTTP status.
        status: u16,
        /// What the server says.
        message: String,
        /// Name of the variable that the key came from, if there was one.
        key_from: Option<String>,
    },
    /// The account has no money left.
    #[error("{server}: the account's quota is used up: {message}")]
    QuotaUsedUp {
        /// The address.
        server: String,
        /// What the server says.
        message: String,
    },
    /// The server knows no such path or model.
    #[error("{server} does not know this path or the model {model:?} (HTTP {status}): {message}")]
    Unknown {
        /// The address.
        server: String,
        /// The model.
        model: String,
        /// HTTP status.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// The server refuses the request itself; asking again would not help.
    #[error("{server} refuses the request (HTTP {status}): {message}")]
    Refused {
        /// The address.
        server: String,
        /// HTTP status.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// The server answers with another address.
    #[error("{server} sends elsewhere (HTTP {status})")]
    Redirect {
        /// The address.
        server: String,
        /// HTTP status.
        status: u16,
    },
    /// All attempts failed.
    #[error("{server}: no answer after {attempts} attempts; the last one: {last}")]
    GaveUp {
        /// The address.
        server: String,
        /// How often it was asked.
        attempts: u32,
        /// What happened the last time.
        last: String,
    },
    /// The server asks for a longer wait than a run should sit through.
    #[error("{server} asks to wait {seconds} s before the next request")]
    LongWait {
        /// The address.
        server: String,
        /// What it asks for.
        seconds: u64,
    },
    /// Structured output was demanded and is not to be had.
    #[error("{server} takes no response_format json_schema (HTTP {status}): {message}")]
    NoSchema {
        /// The address.
        server: String,
        /// HTTP status.
        status: u16,
        /// What the server says.
        message: String,
    },
    /// The server refuses a part of the request that the official protocol has.
    #[error("{server} refuses `{field}`, which the official protocol sends (HTTP {status}): {message}")]
    Protocol {
        /// The address.
        server: String,
        /// HTTP status.
        status: u16,
        /// Name of the part, as the API has it.
        field: &'static str,
        /// What the server says.
        message: String,
    },
    /// The address answers as web sites do.
    #[error("{server} answers with a web page")]
    WebPage {
        /// The address.
        server: String,
    },
    /// A hint that cannot be put into a prompt.
    #[error("the hint {why}")]
    Hint {
        /// What is wrong with it.
        why: String,
    },
    /// The next request could cost more than is left.
    #[error("the budget of {cap} is reached: {spent:.4} are spent, and the next request may cost {next:.4}")]
    Budget {
        /// The cap.
        cap: f64,
        /// Spent by this run.
        spent: f64,
        /// What the next request may cost.
        next: f64,
    },
    /// A photo that cannot be made into a JPEG to send.
    #[error("{photo}: {why}")]
    Photo {
        /// Its name.
        photo: String,
        /// Why.
        why: String,
    },
    /// The cache cannot be read or written.
    #[error("cannot use the cache of answers, {}: {source}", path.display())]
    Cache {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of a file of generated candidates.
    #[error("{}, line {line}: {why}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A file of generated candidates that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Stopped by the user.
    #[error("interrupted")]
    Interrupted,
}

impl Diagnose for GenerateError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Key { .. }
            | Self::Address { .. }
            | Self::Hint { .. }
            | Self::Denied { .. }
            | Self::QuotaUsedUp { .. }
            | Self::Unknown { .. }
            | Self::Redirect { .. }
            | Self::NoSchema { .. }
            | Self::Protocol { .. }
            | Self::WebPage { .. } => ErrorKind::Usage,
            Self::Refused { .. } => ErrorKind::Refused,
            Self::GaveUp { .. } | Self::LongWait { .. } => ErrorKind::Service,
            Self::Budget { .. } => ErrorKind::BudgetReached,
            Self::Photo { .. } => ErrorKind::InvalidPhoto,
            Self::Cache { .. } => ErrorKind::Output,
            Self::Line { .. } => ErrorKind::InvalidTable,
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Read { .. } => ErrorKind::Unreadable,
            Self::Interrupted => ErrorKind::Interrupted,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Key { name, .. } => {
                format!("put the key there (`export {name}=...`), or name another variable with `api_key_env`")
            }
            Self::Address { .. } => {
                "give the base address, such as https://api.example.com/v1 or http://127.0.0.1:8080/v1; a key belongs in an environment variable, named with `api_key_env`"
                    .to_owned()
            }
            Self::Denied { key_from: Some(name), .. } => {
                format!("check the key in the environment variable {name}, and that it may use this model")
            }
            Self::Denied { key_from: None, .. } => {
                "no key was sent: name the environment variable that holds it with `api_key_env`".to_owned()
            }
            Self::QuotaUsedUp { .. } => {
                "add credit to the account and run the same command again: answers in the cache are not asked for again"
                    .to_owned()
            }
            Self::Unknown { .. } => {
                "check the model's name, and the address: it usually ends in /v1".to_owned()
            }
            Self::Refused { status: 413, .. } => "send smaller pictures with `max_side`".to_owned(),
            Self::Refused { message, .. } if message.contains("max_tokens") || message.contains("max_completion_tokens") => {
                "lower `max_tokens`, or use a model that writes as much".to_owned()
            }
            Self::Refused { .. } => {
                "if the server reads no pictures, `detail` none sends the text alone".to_owned()
            }
            Self::Redirect { .. } => {
                "redirects are not followed, since the key would travel along: give the final address".to_owned()
            }
            Self::GaveUp { .. } | Self::LongWait { .. } => {
                "run the same command again later: answers in the cache are not asked for again".to_owned()
            }
            Self::NoSchema { .. } => "use `structured` auto or off".to_owned(),
            Self::Protocol { field: "n", .. } => {
                "leave out `protocol` official: then this model is asked for one answer at a time".to_owned()
            }
            Self::Protocol { .. } => {
                "use a model that takes it, or leave out `protocol` official: then what the server refuses is left out"
                    .to_owned()
            }
            Self::WebPage { .. } => "does the base URL end in /v1?".to_owned(),
            Self::Budget { .. } => {
                "run the same command again, with a new or a higher `budget`: it continues here, and cached answers cost nothing"
                    .to_owned()
            }
            Self::Cache { .. } => {
                "check that the folder may be written and that the disk is not full, or name another with `cache`".to_owned()
            }
            Self::Line { .. } => "the file should hold what `georanker generate` wrote".to_owned(),
            Self::Hint { .. } => "say in a sentence what is known about where the photos were taken".to_owned(),
            Self::Photo { .. } | Self::Read { .. } | Self::Interrupted => return None,
        };
        Some(text)
    }
}
