//! Why a training cannot start or continue.

use std::path::PathBuf;

use contract::{Diagnose, ErrorKind, Failure};

/// A run that cannot start or continue.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The model could not do what it was asked.
    #[error("{0}")]
    Ranker(Failure),
    /// The output directory holds a run, and resuming was not asked for.
    #[error("out: {} already holds a training run", directory.display())]
    HoldsRun {
        /// The directory.
        directory: PathBuf,
    },
    /// The output directory holds something else.
    #[error("out: {} is not empty, and what is in it is not a training run", directory.display())]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
    },
    /// The run to resume does not exist.
    #[error("{} does not hold a training run to resume", directory.display())]
    NoRun {
        /// The directory.
        directory: PathBuf,
    },
    /// The run to resume was started with other settings or data.
    #[error("{field}: the run in {} was started with {was}, now it is {now}", directory.display())]
    Changed {
        /// The directory.
        directory: PathBuf,
        /// What is different.
        field: String,
        /// Then.
        was: String,
        /// Now.
        now: String,
    },
    /// Another process trains there.
    #[error("another process is training in {}", directory.display())]
    Busy {
        /// The directory.
        directory: PathBuf,
    },
    /// There is nothing to train on.
    #[error("there are no training queries")]
    NoQueries,
    /// A file of the run that cannot be what the engine wrote.
    #[error("{}: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {}: {source}{}", path.display(), match kept {
        Some(step) => format!("; the checkpoint of step {step} is whole"),
        None => String::new(),
    })]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
        /// The newest checkpoint that is whole.
        kept: Option<u64>,
    },
    /// A loss or gradient is not a number.
    #[error("{what} of step {step} is not a finite number; the batch is in {}", saved.display())]
    NotFinite {
        /// Loss or gradient.
        what: &'static str,
        /// The step.
        step: u64,
        /// Where the batch was saved.
        saved: PathBuf,
    },
}

impl EngineError {
    /// A mapping for reads of `path`.
    pub(super) fn reading(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }

    /// A mapping for writes of `path`.
    pub(super) fn writing(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Write { path, source, kept: None }
    }

    /// The same error, saying which checkpoint is whole.
    pub(super) fn with_kept(mut self, step: Option<u64>) -> Self {
        if let Self::Write { kept, .. } = &mut self {
            *kept = step;
        }
        self
    }
}

impl From<Failure> for EngineError {
    fn from(failure: Failure) -> Self {
        Self::Ranker(failure)
    }
}

impl Diagnose for EngineError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Ranker(failure) => failure.kind,
            Self::HoldsRun { .. }
            | Self::NotEmpty { .. }
            | Self::NoRun { .. }
            | Self::Changed { .. }
            | Self::Busy { .. } => ErrorKind::Usage,
            Self::NoQueries => ErrorKind::NoCandidates,
            Self::Damaged { .. } => ErrorKind::BrokenModel,
            Self::Read { .. } => ErrorKind::Unreadable,
            Self::Write { .. } => ErrorKind::Output,
            Self::NotFinite { .. } => ErrorKind::Diverged,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Ranker(failure) => return failure.hint.clone(),
            Self::HoldsRun { directory } => {
                format!("continue it with `resume` {}, or name another directory as out", directory.display())
            }
            Self::NotEmpty { .. } => "name a directory that is empty or not there yet as out".into(),
            Self::NoRun { .. } => "leave `resume` out to start one".into(),
            Self::Changed { field, was, .. } if field == "steps" => format!(
                "write steps = {was} again: with this schedule the learning rate of every step hangs on it \
                 (with schedule = \"constant\" it may grow)"
            ),
            Self::Changed { .. } => "a resumed run must be the same run: put it back, or start a new one".into(),
            Self::Busy { .. } => "wait for it, or name another directory as out".into(),
            Self::NoQueries => "look at data and queries in the configuration".into(),
            Self::Damaged { .. } => "restore the file, or remove it to continue from an earlier checkpoint".into(),
            Self::Read { .. } => "look at the file's permissions".into(),
            Self::Write { kept: Some(_), .. } => "free disk space, then continue with `resume`".into(),
            Self::Write { .. } => "free disk space, or check the permissions of the directory".into(),
            Self::NotFinite { .. } => {
                "look at the batch for broken inputs; otherwise start again with a lower learning_rate or clip".into()
            }
        })
    }
}
