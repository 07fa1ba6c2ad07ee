//! What can go wrong between a name and a pack on disk.

use std::io;
use std::path::PathBuf;

use contract::{Diagnose, ErrorKind};

/// A pack that could not be pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// A name that no recipe has.
    #[error("there is no pack `{name}` to pull; known are {known}, and any ORGANISATION/NAME of the hub")]
    UnknownPack {
        /// As asked.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A repository for a part that the pack does not have, or none where there are several.
    #[error("the repository {given}: {why}")]
    Override {
        /// As given.
        given: String,
        /// What is wrong with it.
        why: String,
    },
    /// The repository, revision or file does not exist.
    #[error("{what} does not exist ({url} says 404)")]
    NotFound {
        /// Which.
        what: String,
        /// Where it was looked for.
        url: String,
    },
    /// The server wants to know who asks.
    #[error(
        "{what} is not open to everybody{} ({url} says {status}{remark})",
        if *.perhaps_missing { ", or it does not exist" } else { "" }
    )]
    Denied {
        /// Which.
        what: String,
        /// Where it was looked for.
        url: String,
        /// 401 or 403.
        status: u16,
        /// More, if the server said more; starts with `: `.
        remark: String,
        /// Whether a token went along.
        with_token: bool,
        /// Whether the server says that it may just as well not exist.
        perhaps_missing: bool,
    },
    /// The configuration of a release that does not fit the pack.
    #[error("{}: {why}", path.display())]
    Release {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A wheel that does not hold what it should.
    #[error("{}: {why}", file.display())]
    Wheel {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A server that fails, again and again.
    #[error("{url}: {why} (tried {tries} times; what was fetched is kept)")]
    Transfer {
        /// The address.
        url: String,
        /// The last failure.
        why: String,
        /// How often.
        tries: u32,
    },
    /// An answer that makes no sense.
    #[error("{url} gave no sensible answer: {why}")]
    Answer {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A repository without the files that the pack consists of.
    #[error("{repository} has no file like {}", .patterns.join(", "))]
    NoSuchFiles {
        /// The repository, with its revision.
        repository: String,
        /// What was looked for.
        patterns: Vec<String>,
    },
    /// A file that was fetched, twice, and is not what the publisher says.
    #[error("{file} arrived damaged: expected {expected}, found {found}")]
    Damaged {
        /// The file.
        file: String,
        /// The publisher's checksum.
        expected: String,
        /// What arrived.
        found: String,
    },
    /// A file of the hub's cache that is not what its name says.
    #[error("{file} is damaged: expected {expected}, found {found}")]
    DamagedBlob {
        /// The file, as the pack names it.
        file: String,
        /// The file that holds its content.
        blob: PathBuf,
        /// What its name says.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// Another pack has this name, and its directory.
    #[error("{} holds another pack: {holds}", directory.display())]
    Taken {
        /// The directory.
        directory: PathBuf,
        /// What it holds.
        holds: String,
    },
    /// Something of the user's lies where a part's link belongs.
    #[error("{} holds what no pull has put there, and a link to the part belongs there", path.display())]
    InTheWay {
        /// The file or directory.
        path: PathBuf,
    },
    /// Offline, and not everything is there.
    #[error("{what}: not in {} and offline ({variable}): {}", place.display(), .missing.join(", "))]
    Offline {
        /// The repository.
        what: String,
        /// Where it was looked for.
        place: PathBuf,
        /// What is missing.
        missing: Vec<String>,
        /// Which variable or option says so.
        variable: &'static str,
    },
    /// A file or directory that cannot be written or read.
    #[error("{}: {source}", path.display())]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A `recipe.toml` that cannot be understood.
    #[error("{}: {why}", path.display())]
    Recipe {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A `pack.toml` that cannot be understood, so that its settings cannot be kept.
    #[error("{}: {why}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Stopped by the user.
    #[error("stopped; downloaded files are kept, and the same command continues from there")]
    Stopped,
}

impl Diagnose for PullError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownPack { .. } | Self::Override { .. } | Self::Taken { .. } | Self::Wheel { .. } => {
                ErrorKind::Usage
            }
            Self::NotFound { .. } | Self::NoSuchFiles { .. } | Self::Offline { .. } => ErrorKind::NotFound,
            Self::Denied { .. } | Self::Transfer { .. } | Self::Answer { .. } | Self::Damaged { .. } => {
                ErrorKind::Service
            }
            Self::Disk { .. } | Self::InTheWay { .. } => ErrorKind::Output,
            Self::Recipe { .. } | Self::Manifest { .. } | Self::Release { .. } | Self::DamagedBlob { .. } => {
                ErrorKind::BrokenModel
            }
            Self::Stopped => ErrorKind::Interrupted,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::UnknownPack { .. } => "`list` describes the known packs",
            Self::Override { .. } => "write `repo` PART=ORGANISATION/NAME, with @REVISION if need be",
            Self::NotFound { .. } | Self::NoSuchFiles { .. } => {
                "it may have been moved: name another repository with `repo` PART=ORGANISATION/NAME"
            }
            Self::Release { .. } => {
                "name a release of GeoCLIP with `repo` weights=ORGANISATION/NAME, and its CLIP with `repo` clip=..."
            }
            Self::Wheel { .. } => "download the wheel that the pack names, geoclip 1.3.0, with pip",
            Self::Denied { with_token: false, perhaps_missing: true, .. } => {
                "check its name; if it is private or has terms, accept them on its page, make a token there, and set HF_TOKEN"
            }
            Self::Denied { with_token: false, .. } => {
                "accept the repository's terms on its page, make a token there, and set HF_TOKEN"
            }
            Self::Denied { .. } => {
                "accept the repository's terms on its page with the account of HF_TOKEN, or use another token"
            }
            Self::Transfer { .. } => {
                "run the same command again to continue; behind a mirror set HF_ENDPOINT, behind a proxy HTTPS_PROXY"
            }
            Self::Answer { .. } => "check HF_ENDPOINT, and whether a proxy answers in the server's place",
            Self::Damaged { .. } => {
                "run the same command again; if it stays so, the mirror or a proxy is broken"
            }
            Self::DamagedBlob { blob, .. } => {
                return Some(format!("remove {} and pull again while online", blob.display()));
            }
            Self::Taken { directory, .. } => {
                return Some(format!(
                    "give this one another place with `into` DIR, or remove {} if it is not needed",
                    directory.display()
                ));
            }
            Self::InTheWay { path } => {
                return Some(format!("move or remove {}, then run the same command again", path.display()));
            }
            Self::Manifest { path, .. } => {
                return Some(format!(
                    "mend {}, or remove it: the next pull writes a new one, without your settings",
                    path.display()
                ));
            }
            Self::Offline { .. } => {
                "unset the variable to fetch it, or copy the cache directory from a machine that has it"
            }
            Self::Disk { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "the disk is full: free disk space, or set HF_HOME to another directory; downloaded files are kept"
            }
            Self::Disk { .. } => "HF_HOME and GEORANKER_PACKS say where things are put",
            Self::Recipe { .. } => "pull the pack again: files that are there already are not fetched twice",
            Self::Stopped => return None,
        };
        Some(text.to_owned())
    }
}

/// A disk's error with its path.
pub(super) fn disk(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> PullError {
    let path = path.into();
    move |source| PullError::Disk { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_called_that() {
        let full = disk("/x/blobs/y")(io::Error::from(io::ErrorKind::StorageFull));
        assert!(full.hint().unwrap().starts_with("the disk is full"), "{:?}", full.hint());
        assert!(full.to_string().starts_with("/x/blobs/y: "));
        assert_eq!(full.kind(), ErrorKind::Output);
    }
}
