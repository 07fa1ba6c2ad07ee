//! What can be wrong with a configuration.

use std::path::PathBuf;

use contract::{Diagnose, ErrorKind};

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
        }
    }
}
