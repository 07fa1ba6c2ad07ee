//! Where photos are read from: one trait, a folder and a tar file behind it.

mod archive_kind;
mod folder;
mod names;
mod photo_files;
mod tar_file;
mod tar_header;
mod tar_index;
mod walk;

use std::path::{Path, PathBuf};

use contract::{Diagnose, ErrorKind, PhotoId};

pub use folder::FolderSource;
pub use photo_files::PhotoFiles;
pub use tar_file::TarSource;
pub use walk::{Skipped, Walk, is_system_name, walk_photos};

use crate::spec::SourceKind;

/// Largest photo file that is read, bytes: a name may be wrong, and memory is finite.
pub const MAX_PHOTO_BYTES: u64 = 512 << 20;

/// What a source holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// The photos, in the order of names.
    pub ids: Vec<PhotoId>,
    /// What was passed over.
    pub skipped: Skipped,
    /// Folders that cannot be read.
    pub failures: Vec<SourceError>,
}

/// Photos by name. Names are relative paths with `/`, whatever the system.
pub trait PhotoSource: Send + Sync {
    /// All photos, in the order of names, and what was not taken.
    ///
    /// # Errors
    /// A source that cannot be read at all.
    fn list(&self) -> Result<Listing, SourceError>;

    /// The photos of [`PhotoSource::list`].
    ///
    /// # Errors
    /// A source that cannot be read.
    fn ids(&self) -> Result<Vec<PhotoId>, SourceError> {
        self.list().map(|listing| listing.ids)
    }

    /// A photo file's bytes.
    ///
    /// # Errors
    /// A name that is not there or leaves the source, a file that cannot be read.
    fn read(&self, id: &PhotoId) -> Result<Vec<u8>, SourceError>;

    /// A file of this name that is not a photo, beside the photos: XMP and JSON files, which may state where a photo was
    /// taken. Names are as for photos; `None` for anything else, and in archives.
    fn sidecar(&self, _: &str) -> Option<Vec<u8>> {
        None
    }

    /// Time of change (seconds since 1970, 0 where unknown) of a file that [`PhotoSource::sidecar`] would read.
    fn sidecar_time(&self, _: &str) -> Option<i64> {
        None
    }

    /// Length and time of change (seconds since 1970, 0 where unknown) of a photo file; `None` where that is not known.
    fn file_state(&self, _: &PhotoId) -> Option<(u64, i64)> {
        None
    }

    /// The name that a photo has in the source; another one than its id only for [`PhotoFiles`].
    fn name_of(&self, id: &PhotoId) -> PhotoId {
        id.clone()
    }
}

/// Opens a source of a known kind.
///
/// # Errors
/// A source that is missing or cannot be read.
pub fn open_source(kind: SourceKind, path: &Path) -> Result<Box<dyn PhotoSource>, SourceError> {
    Ok(match kind {
        SourceKind::Folder => Box::new(FolderSource::open(path)?),
        SourceKind::Tar => Box::new(TarSource::open(path)?),
    })
}

/// Why photos could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The folder or file does not exist.
    #[error("photo source `{}` does not exist", .path.display())]
    Missing {
        /// The folder or file.
        path: PathBuf,
    },
    /// No photo of that name.
    #[error("there is no photo `{id}` in `{}`", .path.display())]
    NotFound {
        /// The source.
        path: PathBuf,
        /// The name.
        id: PhotoId,
    },
    /// A name that several photos might be meant by.
    #[error("several photos in `{}` may be `{id}`: {why}", .path.display())]
    Ambiguous {
        /// The source.
        path: PathBuf,
        /// The name.
        id: PhotoId,
        /// Which photos.
        why: String,
    },
    /// A name that leads out of the source.
    #[error("photo name `{id}` leads out of `{}`", .path.display())]
    UnsafeName {
        /// The source.
        path: PathBuf,
        /// The name.
        id: PhotoId,
    },
    /// A file beyond [`MAX_PHOTO_BYTES`].
    #[error("photo `{id}` in `{}` has {bytes} bytes", .path.display())]
    TooLarge {
        /// The source.
        path: PathBuf,
        /// The name.
        id: PhotoId,
        /// Its size.
        bytes: u64,
    },
    /// An archive of another kind.
    #[error("`{}` is {what}, not an uncompressed tar file", .path.display())]
    OtherArchive {
        /// The file.
        path: PathBuf,
        /// What it is: "a ZIP archive".
        what: &'static str,
        /// Whether it is a picture itself.
        picture: bool,
    },
    /// An archive or index whose content makes no sense.
    #[error("`{}` is damaged: {why}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was noticed.
        why: String,
    },
    /// A failed read or write.
    #[error("cannot access `{}`", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl SourceError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            std::io::ErrorKind::NotFound => Self::Missing { path },
            std::io::ErrorKind::InvalidData => Self::Damaged { path, why: source.to_string() },
            _ => Self::Io { path, source },
        }
    }

    /// Whether the photo or its source is simply not there.
    pub const fn is_absence(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::NotFound { .. } | Self::Ambiguous { .. })
    }
}

impl Diagnose for SourceError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } | Self::NotFound { .. } => ErrorKind::NotFound,
            Self::UnsafeName { .. } | Self::OtherArchive { .. } | Self::Ambiguous { .. } => ErrorKind::Usage,
            Self::TooLarge { .. } => ErrorKind::PhotoTooLarge,
            Self::Damaged { .. } | Self::Io { .. } => ErrorKind::Unreadable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Damaged { .. } => {
                Some("make the archive again, and remove its `.index` file if it has one".into())
            }
            Self::OtherArchive { picture: true, .. } => Some("give the folder that holds it".into()),
            Self::OtherArchive { .. } => {
                Some("unpack it, and give the folder or an uncompressed tar file".into())
            }
            Self::UnsafeName { .. } => Some("names must be relative paths without `..`".into()),
            _ => None,
        }
    }
}
