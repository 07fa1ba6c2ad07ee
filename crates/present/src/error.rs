//! The way output fails.

use std::io;

use contract::{Diagnose, ErrorKind};

/// The destination did not take what was written. Says what the system said; the caller, who opened the
/// destination, knows its name.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct OutputError {
    #[from]
    source: io::Error,
}

impl OutputError {
    /// True when the reader of a pipe went away (`georanker locate ... | head`): a reason to stop, not to
    /// complain.
    pub fn is_closed_pipe(&self) -> bool {
        self.source.kind() == io::ErrorKind::BrokenPipe
    }
}

impl From<serde_json::Error> for OutputError {
    fn from(error: serde_json::Error) -> Self {
        Self { source: error.into() }
    }
}

impl From<csv::Error> for OutputError {
    fn from(error: csv::Error) -> Self {
        Self { source: error.into() }
    }
}

impl Diagnose for OutputError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Output
    }

    fn hint(&self) -> Option<String> {
        let hint = match self.source.kind() {
            io::ErrorKind::StorageFull => "free some space, or write to another disk",
            io::ErrorKind::PermissionDenied => "choose a place you may write to",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
