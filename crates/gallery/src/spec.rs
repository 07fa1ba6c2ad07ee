//! What a gallery is made of, as its maker says.

use std::path::{Component, Path};

use contract::{ChannelSpec, PhotoRecord, QueryEmbedding};
use kernels::int8::MAX_DIMENSION;

use crate::error::GalleryError;
use crate::matrix::VectorPrecision;

/// The kind of place photos are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A folder of photo files.
    Folder,
    /// An uncompressed tar file.
    Tar,
}

impl SourceKind {
    /// The name in files and outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Tar => "tar",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Folder, Self::Tar].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where photos of a gallery are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// Folder or tar.
    pub kind: SourceKind,
    /// A path: absolute, or relative to the gallery directory (`../../data/geophotos/photos.tar`), so that a
    /// gallery and its photos may move together. `/` separates on every system.
    pub location: String,
}

impl SourceSpec {
    /// A folder of photo files.
    pub fn folder(location: impl Into<String>) -> Self {
        Self { kind: SourceKind::Folder, location: location.into() }
    }

    /// A tar file.
    pub fn tar(location: impl Into<String>) -> Self {
        Self { kind: SourceKind::Tar, location: location.into() }
    }
}

/// What a new gallery will hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GallerySpec {
    /// For people.
    pub name: String,
    /// Of the encoder that makes the vectors.
    pub encoder_fingerprint: String,
    /// The encoder's channels; every photo has a vector in each.
    pub channels: Vec<ChannelSpec>,
    /// How vectors are stored.
    pub precision: VectorPrecision,
    /// Where photos are; may grow later. [`PhotoReference::InSource`] counts from 0 in this order.
    pub sources: Vec<SourceSpec>,
}

impl GallerySpec {
    pub(crate) fn check(&self) -> Result<(), GalleryError> {
        let wrong = |field, why: &str| Err(GalleryError::InvalidSpec { field, why: why.to_owned() });
        if self.encoder_fingerprint.is_empty() {
            return wrong("encoder_fingerprint", "it is empty");
        }
        if self.channels.is_empty() {
            return wrong("channels", "there are none");
        }
        for (index, spec) in self.channels.iter().enumerate() {
            let name = spec.channel.as_str();
            let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
            if name.is_empty() || !name.chars().all(plain) {
                let why = format!("`{name}` is not a file name of letters, digits, - and _");
                return wrong("channels", &why);
            }
            if spec.dimension == 0 || spec.dimension > MAX_DIMENSION {
                return wrong("channels", &format!("`{name}` has dimension {}", spec.dimension));
            }
            if self.channels.iter().take(index).any(|other| other.channel == spec.channel) {
                return wrong("channels", &format!("`{name}` is there twice"));
            }
        }
        Ok(())
    }
}

/// Where a photo's bytes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PhotoReference {
    /// Nowhere: the photo can be found, but not shown.
    #[default]
    None,
    /// In one of the gallery's sources.
    InSource {
        /// Number of the source, from 0.
        source: u32,
        /// Name within the source: a relative path with `/`.
        path: String,
    },
    /// In the gallery itself.
    Inline(Vec<u8>),
}

/// A photo to add.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPhoto {
    /// Id, location, place, credit, hash.
    pub record: PhotoRecord,
    /// One unit vector for each of the gallery's channels.
    pub vectors: QueryEmbedding,
    /// The photo itself.
    pub reference: PhotoReference,
    /// The file it was made of, where there is one: so that a photo that was put in its place is noticed.
    pub file: Option<FileStamp>,
}

/// What tells a photo file from another one of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStamp {
    /// Its length.
    pub bytes: u64,
    /// Time of change, seconds since 1970; 0 where it is not known.
    pub modified: i64,
    /// CRC-32 of its content.
    pub crc: u32,
}

impl FileStamp {
    /// The stamp of a file with this content; `modified` in seconds since 1970.
    pub fn of(content: &[u8], modified: i64) -> Self {
        Self { bytes: content.len() as u64, modified, crc: crc32fast::hash(content) }
    }
}

/// Whether a name stays inside the folder it is resolved from: relative, not empty, no `..`.
pub(crate) fn is_safe_relative(path: &str) -> bool {
    let mut components = Path::new(path).components().peekable();
    components.peek().is_some()
        && !path.contains('\0')
        && components.all(|component| matches!(component, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_not_safe() {
        for name in ["", ".", "..", "../a.jpg", "a/../../b.jpg", "/etc/a.jpg", "a\0b"] {
            assert!(!is_safe_relative(name), "{name}");
        }
        for name in ["a.jpg", "a/b.jpg", "a..b/c...jpg", "photo 1.jpg"] {
            assert!(is_safe_relative(name), "{name}");
        }
    }
}
