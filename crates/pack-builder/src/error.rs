//! Why a pack could not be built.

use std::path::PathBuf;

use contract::{Diagnose, ErrorKind, Failure};
use georanker::{HeadsError, PackError};
use train::TrainError;

/// A build that cannot start or continue. What earlier steps made is kept.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A configuration that cannot be read or makes no sense.
    #[error("{}: {why}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the field.
        why: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the work directory that is not what the program wrote.
    #[error("{} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was noticed.
        why: String,
    },
    /// A step whose inputs have not been made.
    #[error(
        "the step `{step}` needs what the step `{needs}` makes, and that has not been made with these settings"
    )]
    Needs {
        /// The step that was asked for.
        step: &'static str,
        /// The one before it.
        needs: &'static str,
    },
    /// Shards that other machines, or a run that was stopped, have not made yet.
    #[error("features: {missing} of {of} parts are missing, the first is part {first}")]
    MissingParts {
        /// How many.
        missing: usize,
        /// Of how many.
        of: usize,
        /// Number of the first, from 0.
        first: usize,
    },
    /// More photos failed than the configuration allows.
    #[error("features: {failed} of {of} photos failed, the first: {first}")]
    TooManyFailed {
        /// How many.
        failed: usize,
        /// Of how many.
        of: usize,
        /// What the first was told.
        first: String,
    },
    /// A split without photos, or one that is too small to work with.
    #[error("the {split} split has {found} photos, and {least} are needed")]
    TooFewPhotos {
        /// Which.
        split: &'static str,
        /// How many it has.
        found: usize,
        /// How many it must have.
        least: usize,
    },
    /// Folds that cannot be made.
    #[error("folds by {by}: {why}")]
    Folds {
        /// What photos are grouped by.
        by: &'static str,
        /// Why not.
        why: String,
    },
    /// Features that are not numbers.
    #[error("{photo}: its features are not finite numbers")]
    NotFinite {
        /// The photo.
        photo: String,
    },
    /// Heads that do not fit the encoder.
    #[error("heads: {0}")]
    Heads(#[from] HeadsError),
    /// A fit that failed.
    #[error("{step}: {source}")]
    Training {
        /// The step.
        step: &'static str,
        /// Why.
        source: Box<TrainError>,
    },
    /// The encoder, or the pack just written.
    #[error(transparent)]
    Pack(Box<PackError>),
    /// Stopped by the user; what was made is kept.
    #[error("stopped; run the same command again to continue")]
    Interrupted,
    /// A part with a diagnosis of its own.
    #[error("{0}")]
    Part(#[from] Failure),
}

impl From<PackError> for BuildError {
    fn from(error: PackError) -> Self {
        Self::Pack(Box::new(error))
    }
}

impl BuildError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn training(step: &'static str) -> impl FnOnce(TrainError) -> Self {
        move |source| Self::Training { step, source: Box::new(source) }
    }

    pub(crate) fn part(error: impl Into<Failure>) -> Self {
        Self::Part(error.into())
    }
}

impl Diagnose for BuildError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Config { .. } | Self::Needs { .. } | Self::MissingParts { .. } | Self::Folds { .. } => {
                ErrorKind::Usage
            }
            Self::TooFewPhotos { .. } => ErrorKind::NoCandidates,
            Self::TooManyFailed { .. } => ErrorKind::InvalidPhoto,
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Io { .. } => ErrorKind::Output,
            Self::Damaged { .. } => ErrorKind::Unreadable,
            Self::NotFinite { .. } | Self::Heads(_) => ErrorKind::BrokenModel,
            Self::Training { source, .. } if matches!(**source, TrainError::NonFiniteLoss { .. }) => {
                ErrorKind::Diverged
            }
            Self::Training { .. } => ErrorKind::Usage,
            Self::Pack(error) => error.kind(),
            Self::Interrupted => ErrorKind::Interrupted,
            Self::Part(failure) => failure.kind,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Config { .. } => Some("the manual's page on building packs explains every setting".to_owned()),
            Self::Needs { needs, .. } => Some(format!("run the step `{needs}` first, or all steps")),
            Self::MissingParts { .. } => Some(
                "run the step `features` for every shard, in work directories that are copied together, and then all steps"
                    .to_owned(),
            ),
            Self::TooManyFailed { .. } => {
                Some("mend or remove these photos, or raise `photos.failures_allowed`".to_owned())
            }
            Self::TooFewPhotos { .. } => Some(
                "the column `split` of the table says gallery, val or test; without it, `photos.validation_share` and \
                 `photos.test_share` decide"
                    .to_owned(),
            ),
            Self::Folds { by: "author", .. } => Some(
                "confidence away from home cannot be learned from one photographer: add photos of others, or set \
                 `confidence.fit` to false"
                    .to_owned(),
            ),
            Self::Folds { .. } => {
                Some("the photos must come from several places; or set `confidence.fit` to false".to_owned())
            }
            Self::NotFinite { .. } => Some("the encoder's weights may be damaged".to_owned()),
            Self::Damaged { .. } => Some("remove it, and run the same command again".to_owned()),
            Self::Heads(_) | Self::Io { .. } | Self::Training { .. } | Self::Interrupted => None,
            Self::Pack(error) => error.hint(),
            Self::Part(failure) => failure.hint.clone(),
        }
    }
}
