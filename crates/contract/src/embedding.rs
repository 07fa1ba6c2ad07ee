//! What an encoder makes of a photo.

use std::fmt;

use serde::{Deserialize, Serialize};

use geo::LatLon;

use crate::{ErrorKind, Failure, Photo};

/// A space in which photos are compared with gallery items. A retrieval system has one or several; each has
/// its own vectors, and similarities of different channels are not comparable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Channel(String);

impl Channel {
    /// A channel by name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Photo against photo.
    pub fn photo() -> Self {
        Self::new("photo")
    }

    /// Photo against encoded coordinates (the GPS channel, as in GeoCLIP).
    pub fn location() -> Self {
        Self::new("location")
    }

    /// The name, as written in packs and outputs.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A channel and the length of its vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelSpec {
    /// The channel.
    pub channel: Channel,
    /// Vector length.
    pub dimension: usize,
}

/// One unit vector (L2 norm 1) a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryEmbedding {
    /// `[dimension]` each, in the encoder's channel order.
    pub vectors: Vec<(Channel, Vec<f32>)>,
}

impl QueryEmbedding {
    /// The vector of a channel, if the encoder has that channel.
    pub fn get(&self, channel: &Channel) -> Option<&[f32]> {
        self.vectors.iter().find(|(name, _)| name == channel).map(|(_, vector)| vector.as_slice())
    }
}

/// Turns photos into vectors. Implementations are deterministic, and a batch gives what single photos give.
pub trait Encoder: Send + Sync {
    /// Identifies weights and preprocessing: galleries store it and refuse vectors of another encoder.
    fn fingerprint(&self) -> &str;

    /// The channels, in the order of [`QueryEmbedding::vectors`].
    fn channels(&self) -> &[ChannelSpec];

    /// Encodes photos, one embedding per photo, in order; one photo's failure is not another's. Batches are the usual
    /// case: an implementation cuts them to what its device likes.
    fn encode(&self, photos: &[&Photo]) -> Vec<Result<QueryEmbedding, Failure>>;

    /// [`Encoder::encode`] of one photo.
    ///
    /// # Errors
    /// Its failure.
    fn encode_one(&self, photo: &Photo) -> Result<QueryEmbedding, Failure> {
        let lost = || Failure::new(ErrorKind::Internal, format!("{}: the vectors were lost", photo.id));
        self.encode(&[photo]).pop().unwrap_or_else(|| Err(lost()))
    }

    /// Unit vectors of coordinates in the channel [`Channel::location`], in order; `None` for an encoder that has no such
    /// channel, or nothing that makes its vectors.
    ///
    /// # Errors
    /// A [`Failure`] of all of them: broken weights.
    fn encode_places(&self, places: &[LatLon]) -> Result<Option<Vec<Vec<f32>>>, Failure> {
        let _ = places;
        Ok(None)
    }
}
