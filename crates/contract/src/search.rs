//! Finding gallery items near a vector. Reading only: writing a gallery is the backend's own affair.

use std::future::Future;
use std::pin::Pin;

use geo::{LatLon, Place, Region};

use crate::{Attribution, Channel, Failure, PerceptualHash, PhotoId};

/// What a gallery knows about a photo.
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoRecord {
    /// The photo's stable id.
    pub id: PhotoId,
    /// Where it was taken.
    pub location: LatLon,
    /// What is there.
    pub place: Place,
    /// Whom to credit.
    pub attribution: Attribution,
    /// For near-duplicate exclusion.
    pub hash: Option<PerceptualHash>,
}

/// One search result.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// Its location.
    pub location: LatLon,
    /// Cosine similarity to the query vector.
    pub similarity: f32,
    /// The photo, unless the index holds bare coordinates.
    pub photo: Option<PhotoRecord>,
}

/// What a search leaves out; pushed down into the backend so that `top` results remain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Only items in this region.
    pub region: Option<Region>,
    /// No photos by these authors (exact text).
    pub exclude_authors: Vec<String>,
    /// No photos with these ids.
    pub exclude_ids: Vec<PhotoId>,
    /// No near-duplicates of a photo with this hash.
    pub exclude_near: Option<PerceptualHash>,
}

/// One query of a batch.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// Unit vector of the channel's dimension.
    pub vector: &'a [f32],
    /// What to leave out for this query.
    pub filter: &'a Filter,
}

/// A batch of queries in one channel.
#[derive(Clone, Debug)]
pub struct SearchRequest<'a> {
    /// Where to search.
    pub channel: &'a Channel,
    /// How many results a query, at most.
    pub top: usize,
    /// The queries.
    pub queries: Vec<Query<'a>>,
}

/// What a search returns: for each query its neighbours, most similar first.
pub type SearchFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<Vec<Neighbour>>, Failure>> + Send + 'a>>;

/// Anything that can be searched. Asynchronous so that a remote engine fits behind it; an embedded backend
/// returns a future that is ready at once.
pub trait Search: Send + Sync {
    /// The fingerprint of the encoder whose vectors are stored.
    fn encoder_fingerprint(&self) -> &str;

    /// Number of searchable items in a channel; 0 if it has no such channel.
    fn len(&self, channel: &Channel) -> usize;

    /// Whether a channel holds nothing.
    fn is_empty(&self, channel: &Channel) -> bool {
        self.len(channel) == 0
    }

    /// Searches a batch; `batch[i]` belongs to `queries[i]` and equals what a single search would give.
    fn search<'a>(&'a self, request: SearchRequest<'a>) -> SearchFuture<'a>;
}
