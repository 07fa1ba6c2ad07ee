//! The way output fails.

use std::io;

use contract::{Diagnose, ErrorKind};
use formats::table::TableError;

/// Results that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The destination did not take what was written. Says what the system said; the caller, who opened the
    /// destination, knows its name.
    #[error("{source}")]
    Write {
        /// What the system said.
        #[from]
        source: io::Error,
    },
    /// A result that the format cannot express: a defect of this program.
    #[error("a result cannot be written in this format: {reason}")]
    Encode {
        /// Why, in the encoder's words.
        reason: String,
    },
}

impl OutputError {
    /// True when the reader of a pipe went away (`georanker locate ... | head`): a reason to stop, not to
    /// complain.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Write { source } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<serde_json::Error> for OutputError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() {
            Self::Write { source: error.into() }
        } else {
            Self::Encode { reason: error.to_string() }
        }
    }
}

impl From<TableError> for OutputError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Write { cause, .. } => Self::Write { source: cause },
            other => Self::Encode { reason: other.to_string() },
        }
    }
}

impl Diagnose for OutputError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Write { .. } => ErrorKind::Output,
            Self::Encode { .. } => ErrorKind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Write { source } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space, or write to another disk"
            }
            Self::Write { source } if source.kind() == io::ErrorKind::PermissionDenied => {
                "choose a place where you may write"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
