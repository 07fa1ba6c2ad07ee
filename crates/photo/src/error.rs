//! Why a photo could not be read.

use contract::{Diagnose, ErrorKind, Failure, ImageError};

use super::{Completeness, Format};

/// A photo that could not be decoded, or an image operation that makes no sense.
///
/// The messages do not name the file, which this module never sees: the caller adds it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// A file of zero bytes.
    #[error("the file is empty")]
    Empty,
    /// The first bytes belong to no photo format.
    #[error("the file is not a photo in a known format")]
    UnknownFormat,
    /// A file of another kind than a photo, or a photo that only other programs read.
    #[error("the file is {what}")]
    OtherFile {
        /// What it is, with its article.
        what: &'static str,
        /// What to do about it.
        way_out: &'static str,
    },
    /// A photo format that this build cannot decode.
    #[error("{format} photos cannot be decoded")]
    UnsupportedFormat {
        /// The format.
        format: Format,
    },
    /// A known format in a variant that the decoder does not have.
    #[error("this kind of {format} file is not supported: {what}")]
    UnsupportedVariant {
        /// The format.
        format: Format,
        /// What is missing.
        what: String,
    },
    /// The file ends before the photo does; what is there can be used.
    #[error("the {format} file ends too early: {completeness}")]
    Incomplete {
        /// The format.
        format: Format,
        /// What is there.
        completeness: Completeness,
    },
    /// The file ends before the photo does, and nothing of it can be used.
    #[error("the {format} file ends too early: {why}")]
    Truncated {
        /// The format.
        format: Format,
        /// What is missing.
        why: String,
    },
    /// Bytes that contradict the format.
    #[error("the {format} file is damaged: {why}")]
    Damaged {
        /// The format.
        format: Format,
        /// What was found.
        why: String,
    },
    /// More pixels than [`Limits::max_pixels`](super::Limits::max_pixels); found in the header, nothing was allocated.
    #[error("the photo has {width} x {height} pixels, the limit is {limit} pixels")]
    TooManyPixels {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The limit.
        limit: u64,
    },
    /// More bytes than [`Limits::max_file_bytes`](super::Limits::max_file_bytes).
    #[error("the file has {bytes} bytes, the limit is {limit} bytes")]
    FileTooLarge {
        /// Bytes of the file.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Sides that are zero or do not fit the bytes.
    #[error(transparent)]
    WrongSize(#[from] ImageError),
    /// A target size with a side of zero, or beyond what fits in memory.
    #[error("an image cannot be resized to {width} x {height} pixels")]
    WrongTarget {
        /// Columns asked for.
        width: u32,
        /// Rows asked for.
        height: u32,
    },
    /// The JPEG encoder refused the image.
    #[error("the image cannot be encoded as JPEG: {why}")]
    Encoding {
        /// What the encoder says.
        why: String,
    },
}

impl PhotoError {
    /// Whether a limit was exceeded, rather than the photo being unreadable.
    pub const fn is_too_large(&self) -> bool {
        matches!(self, Self::TooManyPixels { .. } | Self::FileTooLarge { .. })
    }

    /// The failure of the photo of this name.
    pub fn named(&self, name: &str) -> Failure {
        Failure { message: format!("{name}: {self}"), ..Failure::from_error(self) }
    }

    const fn way_out(&self) -> Option<&'static str> {
        match self {
            Self::UnknownFormat => Some("give a JPEG, PNG, WebP, TIFF, GIF, BMP, HEIC, AVIF or JPEG XL file"),
            Self::OtherFile { way_out, .. } => Some(way_out),
            Self::UnsupportedFormat { format: Format::Heic } => {
                Some("convert it to JPEG, or build with the cargo feature `heic`")
            }
            Self::UnsupportedFormat { format: Format::Avif } => {
                Some("convert it to JPEG, or build with the cargo feature `avif`")
            }
            Self::UnsupportedFormat { format: Format::Jxl } => {
                Some("convert it to JPEG, or build with the cargo feature `jxl`")
            }
            Self::UnsupportedFormat { .. } | Self::UnsupportedVariant { .. } => {
                Some("convert it to JPEG or PNG")
            }
            Self::Incomplete { .. } => {
                Some("copy or download the file again, or set `allow_truncated` to use what is there")
            }
            Self::Empty | Self::Truncated { .. } | Self::Damaged { .. } => {
                Some("copy or download the file again, or save it again with an image editor")
            }
            Self::TooManyPixels { .. } => Some("make the photo smaller, or raise the pixel limit"),
            Self::FileTooLarge { .. } => Some("make the file smaller, or raise the file limit"),
            Self::WrongSize(_) | Self::WrongTarget { .. } | Self::Encoding { .. } => None,
        }
    }
}

impl Diagnose for PhotoError {
    fn kind(&self) -> ErrorKind {
        if self.is_too_large() { ErrorKind::PhotoTooLarge } else { ErrorKind::InvalidPhoto }
    }

    fn hint(&self) -> Option<String> {
        self.way_out().map(str::to_owned)
    }
}
