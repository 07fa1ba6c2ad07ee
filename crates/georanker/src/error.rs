//! What can go wrong between a pack on disk and an answer.

use std::path::PathBuf;

use contract::{Diagnose, ErrorKind, Failure};
use nets::NetworkError;

/// A model pack that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// No pack was named and none is in the usual places.
    #[error("no model pack found in {}", list(.places))]
    NotFound {
        /// The places looked at.
        places: Vec<PathBuf>,
    },
    /// The named directory has no `pack.toml`.
    #[error("{} is not a model pack: pack.toml is missing", directory.display())]
    Missing {
        /// The directory.
        directory: PathBuf,
    },
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A manifest that cannot be understood.
    #[error("{}: {why}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file that the manifest does not list.
    #[error("the manifest of {} does not list `{file}`", directory.display())]
    Unlisted {
        /// The pack.
        directory: PathBuf,
        /// The file.
        file: String,
    },
    /// A file that is not what the manifest says.
    #[error("{} is damaged: expected {expected}, found {found}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// As listed.
        expected: String,
        /// As found.
        found: String,
    },
    /// Weights that do not fit together.
    #[error("{}: {why}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// An encoder that this build leaves out.
    #[error("the encoder of the pack {} is not part of this build", directory.display())]
    NotBuilt {
        /// The pack.
        directory: PathBuf,
    },
    /// Nothing to search: neither the pack nor the caller brings photos, and the pack has no coordinates.
    #[error("the pack {} has no gallery of its own", directory.display())]
    NoGallery {
        /// The pack.
        directory: PathBuf,
    },
    /// A network that cannot be made of its files; the message names them.
    #[error("{0}")]
    Network(#[from] NetworkError),
    /// The ranker's settings, or another part with its own diagnosis.
    #[error("{0}")]
    Part(#[from] Failure),
}

fn list(places: &[PathBuf]) -> String {
    places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl Diagnose for PackError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Part(failure) => failure.kind,
            Self::Network(error) => error.kind(),
            Self::NoGallery { .. } | Self::NotBuilt { .. } => ErrorKind::Usage,
            _ => ErrorKind::BrokenModel,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } | Self::Missing { .. } => {
                Some("give the directory of a model pack with `pack`, for example packs/starter, or set GEORANKER_PACK".to_owned())
            }
            Self::Damaged { .. } | Self::Unlisted { .. } | Self::Weights { .. } => {
                Some("get a fresh copy of the pack; `git checkout packs/starter` restores the one of the repository".to_owned())
            }
            Self::Manifest { .. } => Some("the pack may belong to another version of georanker".to_owned()),
            Self::NoGallery { .. } => {
                Some("build a gallery of your own photos with this pack, and give it as `gallery`".to_owned())
            }
            Self::NotBuilt { .. } => Some("build with the cargo feature lvlm, which is on by default".to_owned()),
            Self::Read { .. } => None,
            Self::Network(error) => error.hint(),
            Self::Part(failure) => failure.hint.clone(),
        }
    }
}
