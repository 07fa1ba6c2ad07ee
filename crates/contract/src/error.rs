//! Kinds of failure: the CLI turns each into one exit code, the server into one HTTP status.

use serde::{Deserialize, Serialize};
use std::path::Path;

/// Whose fault it is and what can be done, coarse enough to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// A wrong argument, option or configuration value.
    Usage,
    /// A file or directory that does not exist.
    NotFound,
    /// A file that exists but cannot be read (permissions, device errors).
    Unreadable,
    /// The bytes are not a photo, or the photo is damaged.
    InvalidPhoto,
    /// A photo beyond the size or pixel limits.
    PhotoTooLarge,
    /// A table (CSV, Parquet) with a missing column or a bad field.
    InvalidTable,
    /// A model, head or pack that is missing, incomplete or damaged.
    BrokenModel,
    /// A gallery that is missing, damaged, or made by another encoder.
    BrokenGallery,
    /// Nothing to search or rank: an empty gallery, or a filter that excludes everything.
    NoCandidates,
    /// Output could not be written (disk full, permissions).
    Output,
    /// A training whose loss or gradient is not a finite number any more.
    Diverged,
    /// A server that fails or cannot be reached.
    Service,
    /// A server that answers, and refuses this one request for good.
    Refused,
    /// The next step could cost more than the user allowed.
    BudgetReached,
    /// Stopped by the user; state is saved.
    Interrupted,
    /// A defect of this program.
    Internal,
}

impl ErrorKind {
    /// The name used in JSON outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::NotFound => "not_found",
            Self::Unreadable => "unreadable",
            Self::InvalidPhoto => "invalid_photo",
            Self::PhotoTooLarge => "photo_too_large",
            Self::InvalidTable => "invalid_table",
            Self::BrokenModel => "broken_model",
            Self::BrokenGallery => "broken_gallery",
            Self::NoCandidates => "no_candidates",
            Self::Output => "output",
            Self::Diverged => "diverged",
            Self::Service => "service",
            Self::Refused => "refused",
            Self::BudgetReached => "budget_reached",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
        }
    }
}

/// An error that knows its kind and, where there is one, the way out.
pub trait Diagnose: std::error::Error {
    /// The kind.
    fn kind(&self) -> ErrorKind;

    /// One sentence on what to do next, in the imperative, that every face can show. It speaks of no command line:
    /// settings are named in backticks, by the name they have everywhere (`region`), and a face may write them in its own
    /// way (`--region`, `region=`).
    fn hint(&self) -> Option<String> {
        None
    }
}

/// A failure as it crosses a trait boundary or appears in JSON: `{kind, message, hint}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The kind.
    pub kind: ErrorKind,
    /// What happened, naming file and field.
    pub message: String,
    /// The way out, if there is one.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// A file that cannot be written: [`ErrorKind::Output`], naming it.
    pub fn cannot_write(path: &Path, error: &std::io::Error) -> Self {
        Self::new(ErrorKind::Output, format!("cannot write {}: {error}", path.display()))
            .with_hint("check that the folder exists, that it may be written, and that the disk is not full")
    }

    /// The same failure with a way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Flattens any diagnosed error, its causes joined by `: `.
    pub fn from_error(error: &impl Diagnose) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        Self { kind: error.kind(), message, hint: error.hint() }
    }
}

/// So that `?` turns any diagnosed error into a failure. [`Failure`] itself is not [`Diagnose`]: it would be its own
/// source.
impl<E: Diagnose> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::from_error(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_equal_as_str() {
        for kind in
            [ErrorKind::Usage, ErrorKind::InvalidPhoto, ErrorKind::BrokenGallery, ErrorKind::BudgetReached]
        {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
