//! A decoded photo and what identifies it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The stable name of a photo: a file name, a path relative to a source, or a data set's `IMG_ID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhotoId(pub String);

impl fmt::Display for PhotoId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<T: Into<String>> From<T> for PhotoId {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// Pixels of a photo as a person sees it: RGB, EXIF orientation applied, transparency on white.
#[derive(Clone, PartialEq, Eq)]
pub struct Photo {
    /// The photo's name in every output.
    pub id: PhotoId,
    /// Who took it, where known: for author-aware exclusion.
    pub author: Option<String>,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `[height, width, 3]`, row-major, 8 bits a channel, sRGB.
    pub rgb: Vec<u8>,
}

impl fmt::Debug for Photo {
    /// Without the pixels.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Photo")
            .field("id", &self.id)
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

/// A 64-bit perceptual hash; near-duplicates differ in few bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PerceptualHash(pub u64);

impl PerceptualHash {
    /// Two photos within this many bits are taken for near-duplicates.
    pub const NEAR_DUPLICATE_BITS: u32 = 8;

    /// Number of differing bits, 0..=64.
    pub const fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }

    /// Whether the two photos are near-duplicates.
    pub const fn is_near(self, other: Self) -> bool {
        self.distance(other) <= Self::NEAR_DUPLICATE_BITS
    }
}
