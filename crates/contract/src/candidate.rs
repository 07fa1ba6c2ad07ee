//! Candidate locations of one query.

use geo::{LatLon, Place};
use serde::{Deserialize, Serialize};

use crate::{Channel, ItemId, PerceptualHash, PhotoId, QueryEmbedding};

/// Where a candidate comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Origin {
    /// Found by a search.
    Retrieved {
        /// The channel that found it (the first one, if several did).
        channel: Channel,
        /// Position in that channel's result, from 0.
        rank: usize,
        /// Cosine similarity in that channel.
        similarity: f32,
    },
    /// Written by a model.
    Generated {
        /// Name of the model.
        model: String,
        /// Number of the sample, from 0.
        sample: usize,
        /// The place that the model named, where it gave no coordinates and the location is that of the name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        geocoded: Option<Geocoded>,
    },
}

/// A place that was named, and whose coordinates a gazetteer has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Geocoded {
    /// Its name: city, state, country, as far as they are known.
    pub place: String,
    /// How far it reaches from the location, km.
    pub radius_km: f64,
}

impl Origin {
    /// What a model wrote as coordinates.
    pub fn generated(model: impl Into<String>, sample: usize) -> Self {
        Self::Generated { model: model.into(), sample, geocoded: None }
    }

    /// Whether a model wrote it.
    pub const fn is_generated(&self) -> bool {
        matches!(self, Self::Generated { .. })
    }
}

/// Whom to credit for a candidate's photo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// Photographer or project.
    pub author: Option<String>,
    /// Licence as stated by the source.
    pub licence: Option<String>,
    /// Repository or collection.
    pub source: Option<String>,
}

/// Where to find what a candidate was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The number of the [`crate::Search`], in the order in which the pipeline asks them.
    pub search: usize,
    /// Its item.
    pub item: ItemId,
}

/// One possible answer for a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Where it is.
    pub location: LatLon,
    /// What is there.
    pub place: Place,
    /// The gallery photo taken there, if the candidate is a photo.
    pub photo: Option<PhotoId>,
    /// The item that a search found; `None` for candidates from elsewhere.
    pub found: Option<Found>,
    /// Where the candidate comes from.
    pub origin: Origin,
    /// Where else: others that named this place, within a few metres.
    pub also: Vec<Origin>,
    /// Cosine similarity to the query in every channel that knows it.
    pub similarities: Vec<(Channel, f32)>,
    /// Its own vectors, for rankers that look at them; empty unless somebody filled them in.
    pub embedding: QueryEmbedding,
    /// Credit for the photo.
    pub attribution: Attribution,
    /// Perceptual hash of the photo, where known.
    pub hash: Option<PerceptualHash>,
}

impl Candidate {
    /// All who named it, the first one first.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        std::iter::once(&self.origin).chain(&self.also)
    }

    /// A bare coordinate.
    pub fn at(location: LatLon, origin: Origin) -> Self {
        let similarities = match &origin {
            Origin::Retrieved { channel, similarity, .. } => vec![(channel.clone(), *similarity)],
            Origin::Generated { .. } => Vec::new(),
        };
        Self {
            location,
            place: Place::default(),
            photo: None,
            found: None,
            origin,
            also: Vec::new(),
            similarities,
            embedding: QueryEmbedding::default(),
            attribution: Attribution::default(),
            hash: None,
        }
    }

    /// Similarity in a channel, if known.
    pub fn similarity(&self, channel: &Channel) -> Option<f32> {
        self.similarities.iter().find(|(name, _)| name == channel).map(|(_, value)| *value)
    }
}

/// A location the query is *not* at; part of the LVLM ranker's prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Negative {
    /// Where it is.
    pub location: LatLon,
    /// What is there.
    pub place: Place,
}

/// Everything a ranker may look at for one query.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateSet {
    /// The query photo's name.
    pub query: PhotoId,
    /// The query's vectors; empty for rankers that look at pixels only.
    pub embedding: QueryEmbedding,
    /// The candidates, in retrieval order.
    pub candidates: Vec<Candidate>,
    /// Negatives for the prompt.
    pub negatives: Vec<Negative>,
}

impl CandidateSet {
    /// A set without embedding and negatives.
    pub fn new(query: impl Into<PhotoId>, candidates: Vec<Candidate>) -> Self {
        Self { query: query.into(), embedding: QueryEmbedding::default(), candidates, negatives: Vec::new() }
    }
}
