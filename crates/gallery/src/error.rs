//! What can go wrong with a gallery.

use std::path::{Path, PathBuf};

use contract::{Channel, Diagnose, ErrorKind, PhotoId};
use formats::table::TableError;
use rusqlite::ErrorCode;

use crate::matrix::MatrixError;

/// Why a gallery operation failed.
#[derive(Debug, thiserror::Error)]
pub enum GalleryError {
    /// The directory does not exist.
    #[error("gallery `{}` does not exist", .directory.display())]
    Missing {
        /// The gallery directory.
        directory: PathBuf,
    },
    /// The directory holds no gallery, or the file in it is something else.
    #[error("`{}` is not a gallery: {why}", .directory.display())]
    NotAGallery {
        /// The gallery directory.
        directory: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Written by a later release.
    #[error(
        "gallery `{}` has format version {found}, this program reads up to {supported}",
        .directory.display()
    )]
    NewerFormat {
        /// The gallery directory.
        directory: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version this program reads.
        supported: i64,
    },
    /// Vectors of different encoders cannot be compared.
    #[error(
        "gallery `{}` holds vectors of encoder `{stored}`, but the encoder in use is `{expected}`",
        .directory.display()
    )]
    OtherEncoder {
        /// The gallery directory.
        directory: PathBuf,
        /// Fingerprint in the gallery.
        stored: String,
        /// Fingerprint asked for.
        expected: String,
    },
    /// `create` where a gallery is already.
    #[error("`{}` already holds a gallery", .directory.display())]
    AlreadyExists {
        /// The gallery directory.
        directory: PathBuf,
    },
    /// Somebody else is writing.
    #[error("gallery `{}` is busy: another process is writing to it", .directory.display())]
    Busy {
        /// The gallery directory.
        directory: PathBuf,
    },
    /// A writer was killed in the middle of a change or is still making it: without locks the two look alike.
    #[error("gallery `{}` has an unfinished change", .directory.display())]
    Unfinished {
        /// The gallery directory.
        directory: PathBuf,
    },
    /// The database is damaged.
    #[error("gallery file `{}` is damaged: {why}", .path.display())]
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// What was noticed.
        why: String,
    },
    /// Any other database failure.
    #[error("database `{}` failed", .path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: rusqlite::Error,
    },
    /// A file could not be read or written.
    #[error("cannot {action} `{}`", .path.display())]
    Io {
        /// What was tried: `read`, `write`, ...
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A photo with an unusable vector.
    #[error("photo `{photo}`, channel `{channel}`: {why}")]
    InvalidVector {
        /// The photo.
        photo: PhotoId,
        /// The channel.
        channel: Channel,
        /// What is wrong with the vector.
        why: String,
    },
    /// A photo that cannot be stored as it is.
    #[error("photo `{photo}`: {why}")]
    InvalidPhoto {
        /// The photo.
        photo: PhotoId,
        /// What is wrong.
        why: String,
    },
    /// A specification that makes no gallery.
    #[error("field `{field}` of the gallery specification: {why}")]
    InvalidSpec {
        /// The field.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A vector matrix or a query for it.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// An exported table.
    #[error(transparent)]
    Table(TableError),
}

impl GalleryError {
    /// Sorts database errors into damaged, busy and others.
    pub(crate) fn database(path: &Path, error: rusqlite::Error) -> Self {
        let directory = || path.parent().unwrap_or(path).to_path_buf();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                Self::NotAGallery { directory: directory(), why: format!("{} is not a database", name(path)) }
            }
            Some(ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { path: path.to_path_buf(), why: error.to_string() }
            }
            // A file shorter than its header says (SQLITE_IOERR_SHORT_READ).
            Some(ErrorCode::SystemIoFailure)
                if error.sqlite_error().is_some_and(|e| e.extended_code == 522) =>
            {
                Self::Damaged { path: path.to_path_buf(), why: "the file is cut short".into() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Busy { directory: directory() }
            }
            _ => Self::Database { path: path.to_path_buf(), source: error },
        }
    }

    /// For `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

impl Diagnose for GalleryError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. }
            | Self::NotAGallery { .. }
            | Self::NewerFormat { .. }
            | Self::OtherEncoder { .. }
            | Self::Damaged { .. }
            | Self::Database { .. } => ErrorKind::BrokenGallery,
            Self::AlreadyExists { .. }
            | Self::Busy { .. }
            | Self::Unfinished { .. }
            | Self::InvalidSpec { .. } => ErrorKind::Usage,
            Self::InvalidVector { .. } => ErrorKind::BrokenModel,
            Self::InvalidPhoto { .. } => ErrorKind::InvalidTable,
            Self::Io { action: "write", .. } | Self::Table(_) => ErrorKind::Output,
            Self::Io { .. } => ErrorKind::Unreadable,
            Self::Matrix(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing { .. } | Self::NotAGallery { .. } => {
                "make one with `georanker gallery build`, or check the path".to_owned()
            }
            Self::NewerFormat { .. } => "update georanker, or build the gallery again".to_owned(),
            Self::OtherEncoder { .. } => {
                "open the gallery with the model pack it was built with, or build it \
                                          again from its photos with `georanker gallery build`"
                    .to_owned()
            }
            Self::AlreadyExists { .. } => {
                "add to it with `georanker gallery add`, or choose another directory".to_owned()
            }
            Self::Busy { .. } => "wait for the other process to finish, then run again".to_owned(),
            Self::Unfinished { .. } => {
                "wait for the process that writes to it; if there is none, `georanker gallery verify` with \
                 `repair` undoes the change"
                    .to_owned()
            }
            Self::Damaged { .. } => {
                "run `georanker gallery verify`; restore the file from a copy, or build the \
                                     gallery again"
                    .to_owned()
            }
            Self::Matrix(error) => return error.hint(),
            _ => return None,
        };
        Some(hint)
    }
}
