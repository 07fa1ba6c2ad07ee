//! A decoded photo and what identifies it.

use std::fmt;
use std::sync::Arc;

use geo::LatLon;
use serde::{Deserialize, Serialize};

use crate::Image;

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

/// What a file says beside the pixels, and about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// Where it was taken, if the file states that.
    pub location: Option<LatLon>,
    /// What is missing of the picture, where a file that was cut short is used all the same: "only 62 % of the picture is
    /// there".
    pub incomplete: Option<String>,
}

/// A photo as a person sees it, and what identifies it. Cheap to clone: the pixels are shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Photo {
    /// The photo's name in every output.
    pub id: PhotoId,
    /// Who took it, where known: for author-aware exclusion.
    pub author: Option<String>,
    /// What the file says of itself.
    pub metadata: Metadata,
    /// The pixels: RGB, EXIF orientation applied, transparency on white.
    pub image: Arc<Image>,
}

impl Photo {
    /// A photo without author and metadata.
    pub fn new(id: impl Into<PhotoId>, image: impl Into<Arc<Image>>) -> Self {
        Self { id: id.into(), author: None, metadata: Metadata::default(), image: image.into() }
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
