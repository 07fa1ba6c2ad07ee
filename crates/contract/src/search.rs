//! Finding gallery items near a photo. Reading only: writing a gallery is the backend's own affair.

use geo::{LatLon, Place, Region};

use crate::{Attribution, Channel, ChannelSpec, Failure, PerceptualHash, PhotoId, QueryEmbedding};

/// What a search finds: a photo or a bare coordinate. The number is unique within one backend and belongs to the item as
/// long as it is there, whatever else is added or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u64);

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

/// One search result. What else is known of the item is fetched afterwards, for the few that are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The item.
    pub item: ItemId,
    /// Its location.
    pub location: LatLon,
    /// Cosine similarity to the query vector; over several channels the weighted sum of similarities, divided by the sum
    /// of the weights' sizes.
    pub similarity: f32,
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

/// The parts of a [`Filter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterPart {
    /// [`Filter::region`].
    Region,
    /// [`Filter::exclude_authors`].
    Authors,
    /// [`Filter::exclude_ids`].
    Ids,
    /// [`Filter::exclude_near`].
    NearDuplicates,
}

impl FilterPart {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Region, Self::Authors, Self::Ids, Self::NearDuplicates];
}

/// How a backend keeps a part of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filtering {
    /// Inside the search: `top` results come back if that many items are admitted.
    Exact,
    /// After the search, of more results than were asked for: fewer than `top` may come back, but at least the admitted ones
    /// among the `top` nearest.
    OverFetched,
    /// The backend's items have no such property: the part has no effect.
    Immaterial,
}

/// One query of a batch.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// A unit vector for each channel of the request, of that channel's dimension; other channels are not looked at.
    pub embedding: &'a QueryEmbedding,
    /// What to leave out for this query.
    pub filter: &'a Filter,
}

/// A batch of queries.
#[derive(Clone, Debug)]
pub struct SearchRequest<'a> {
    /// Where to search: channels and the weights of their similarities. One channel of weight 1 is a plain search.
    pub channels: &'a [(Channel, f32)],
    /// How many results per query, at most.
    pub top: usize,
    /// The queries.
    pub queries: Vec<Query<'a>>,
}

/// How much a backend holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// What it is called in outputs.
    pub name: String,
    /// Photos.
    pub photos: usize,
    /// Bare coordinates.
    pub coordinates: usize,
}

/// Anything that can be searched: a gallery of photos, a list of coordinates, a remote engine.
///
/// Synchronous and object-safe: a remote engine owns its runtime, and a caller that wants two searches at once has two
/// threads. The tests of an implementation run `contract::search_suite` (feature `search-suite`).
pub trait Search: Send + Sync {
    /// The fingerprint of the encoder whose vectors are stored.
    fn encoder_fingerprint(&self) -> &str;

    /// The channels that can be searched.
    fn channels(&self) -> &[ChannelSpec];

    /// Name and size.
    fn holdings(&self) -> Holdings;

    /// Number of searchable items in a channel; 0 if it has no such channel.
    fn len(&self, channel: &Channel) -> usize;

    /// Whether a channel holds nothing.
    fn is_empty(&self, channel: &Channel) -> bool {
        self.len(channel) == 0
    }

    /// How a part of a filter is kept.
    fn filtering(&self, part: FilterPart) -> Filtering;

    /// Searches a batch: for each query its neighbours, most similar first. `batch[i]` belongs to `queries[i]` and equals
    /// what a single search would give. Items without a vector in one of the channels are not found.
    ///
    /// # Errors
    /// No channel, a channel that the backend or a query does not have, a vector of another length or with a number that
    /// is not finite, a weight that is not finite, a filter that makes no sense here.
    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, Failure>;

    /// The stored vectors of items in all channels, one embedding each, in order; empty for an item that is not here.
    ///
    /// # Errors
    /// The backend's own.
    fn vectors(&self, items: &[ItemId]) -> Result<Vec<QueryEmbedding>, Failure>;

    /// What is known of photos, in order; `None` for bare coordinates and for items that are not here.
    ///
    /// # Errors
    /// The backend's own.
    fn records(&self, items: &[ItemId]) -> Result<Vec<Option<PhotoRecord>>, Failure>;

    /// The bytes of a photo's file, as evidence; `None` where they are not at hand.
    ///
    /// # Errors
    /// Bytes that should be there and cannot be read.
    fn photo_bytes(&self, photo: &PhotoId) -> Result<Option<Vec<u8>>, Failure>;

    /// What part of the world the items cover, in words.
    fn coverage(&self) -> String;
}
