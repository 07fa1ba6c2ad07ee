//! What can be wrong with a configuration.

use std::path::PathBuf;

use contract::{Diagnose, ErrorKind};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}, line {line}: {problem}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        problem: String,
    },
    /// A field is missing, unknown, of the wrong kind or out of range.
    #[error("{}{}: {field}: {problem}", file.display(), line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Field {
        /// The file.
        file: PathBuf,
        /// Line, from 1, where the field stands in the file.
        line: Option<usize>,
        /// The field.
        field: String,
        /// What is wrong with it.
        problem: String,
        /// The way out.
        hint: Option<String>,
    },
    /// A path that is not UTF-8, because of the folder that it starts in. A run is resumed by its paths as texts.
    #[error("{}: {field}: the path {path:?} is not UTF-8", file.display())]
    NotUtf8 {
        /// The file.
        file: PathBuf,
        /// The field.
        field: String,
        /// The whole path.
        path: PathBuf,
    },
}

impl Diagnose for ConfigurationError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Usage
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => Some("name the TOML file of the training".into()),
            Self::Syntax { .. } => Some("write one field per line: name = value, texts in quotes".into()),
            Self::Field { hint, .. } => hint.clone(),
            Self::NotUtf8 { .. } => {
                Some("rename the folder, or write the whole path in the configuration".into())
            }
        }
    }
}
