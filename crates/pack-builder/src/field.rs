//! All photos' vectors in one space, and exact search among them.
//!
//! A search of our own where `gallery` has one: here every query has a gallery of its own (without its author, without its
//! region, a tenth of it), and nothing is worth an index that is asked once.

use std::cmp::Ordering;

use contract::{Attribution, CandidateSet, Channel, ChannelSpec, Found, ItemId, PhotoRecord, QueryEmbedding};
use geo::{Place, haversine_km};
use kernels::vectors::dot_f32;
use rank::{FoundItem, assemble};
use rayon::prelude::*;

use crate::BuildError;
use crate::config::RetrievalConfig;
use crate::corpus::Corpus;
use crate::folds::Folds;
use crate::space::{Space, mixed};

/// What gives the vectors under the heads of a fold; `None` for those of all gallery photos.
pub(crate) type FieldOf<'a, 'f> = &'a dyn Fn(&Folds, Option<usize>) -> Result<Field<'f>, BuildError>;

/// Photos and places under one set of heads.
pub(crate) struct Field<'a> {
    corpus: &'a Corpus,
    space: Space,
    channels: Vec<ChannelSpec>,
    tops: RetrievalConfig,
    /// Stored vectors of the gallery photos, by channel, `[gallery, dimension]`.
    stored: Vec<Vec<f32>>,
    /// Vectors of the world's coordinates in the channel `location`, `[world, dimension]`.
    world: Vec<f32>,
    /// The photos that may be found.
    gallery: Vec<usize>,
}

/// What a query must not find.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Without {
    /// Nothing within this of the query's place, km.
    pub(crate) within_km: f64,
    /// Only this share of the gallery, chosen for each query anew; 1 is all of it.
    pub(crate) share: Option<f64>,
}

impl<'a> Field<'a> {
    /// Computes the vectors of the gallery photos given.
    pub(crate) fn new(corpus: &'a Corpus, space: Space, gallery: Vec<usize>, tops: RetrievalConfig) -> Self {
        let channels = space.channels();
        let embeddings: Vec<QueryEmbedding> =
            gallery.par_iter().map(|&photo| stored(corpus, &space, photo)).collect();
        let of = |spec: &ChannelSpec| -> Vec<f32> {
            embeddings.iter().flat_map(|one| one.get(&spec.channel).unwrap_or_default()).copied().collect()
        };
        let all = channels.iter().map(of).collect();
        let world = match &corpus.world_encoded {
            Some(encoded) if channels.iter().any(|spec| spec.channel == Channel::location()) => {
                let blocks = encoded.all().par_chunks(encoded.width * 1024);
                let block = |rows: &[f32]| -> Vec<f32> {
                    rows.chunks_exact(encoded.width).flat_map(|row| space.place(row)).collect()
                };
                blocks.map(block).collect::<Vec<_>>().concat()
            }
            _ => Vec::new(),
        };
        Self { corpus, space, channels, tops, stored: all, world, gallery }
    }

    /// The candidates of a photo, as retrieval would find them: every channel's most similar, one candidate a photo.
    pub(crate) fn candidates(&self, photo: usize, without: Without) -> CandidateSet {
        let embedding = self.space.query(self.corpus.features.row(photo));
        let id = self.corpus.list.ids[self.corpus.row(photo)].clone();
        let leader = self.corpus.leader[photo];
        let here = self.corpus.places[photo];
        let share = without.share.unwrap_or(1.0);
        let allowed: Vec<bool> = self
            .gallery
            .iter()
            .map(|&other| {
                let drawn =
                    share >= 1.0 || (mixed(other as u64, photo as u64) as f64 / u64::MAX as f64) < share;
                other != photo
                    && self.corpus.leader[other] != leader
                    && drawn
                    && (without.within_km <= 0.0
                        || haversine_km(self.corpus.places[other], here) >= without.within_km)
            })
            .collect();
        self.assembled(id.0, embedding, &allowed)
    }

    /// The candidates of a picture that is in no table.
    pub(crate) fn candidates_of(&self, name: &str, features: &[f32]) -> CandidateSet {
        let allowed = vec![true; self.gallery.len()];
        self.assembled(name.to_owned(), self.space.query(features), &allowed)
    }

    fn assembled(&self, name: String, embedding: QueryEmbedding, allowed: &[bool]) -> CandidateSet {
        let results = self
            .channels
            .iter()
            .zip(&self.stored)
            .map(|(spec, stored)| {
                let query = embedding.get(&spec.channel).unwrap_or_default();
                let is_location = spec.channel == Channel::location();
                let top = if is_location { self.tops.location } else { self.tops.photo };
                let mut found: Vec<(f32, usize)> = stored
                    .chunks_exact(spec.dimension)
                    .zip(allowed)
                    .enumerate()
                    .filter(|(_, (_, allowed))| **allowed)
                    .map(|(index, (vector, _))| (dot_f32(query, vector), index))
                    .collect();
                if is_location {
                    let places = self.world.chunks_exact(spec.dimension).enumerate();
                    found.extend(
                        places.map(|(index, vector)| (dot_f32(query, vector), self.gallery.len() + index)),
                    );
                }
                let items = most_similar(found, top)
                    .into_iter()
                    .map(|(similarity, index)| self.item(similarity, index));
                (spec.channel.clone(), items.collect())
            })
            .collect();
        assemble(name, embedding, results)
    }

    /// The item of a number: gallery photos first, then the world's coordinates.
    fn item(&self, similarity: f32, index: usize) -> FoundItem {
        let Some(&photo) = self.gallery.get(index) else {
            let place = index - self.gallery.len();
            return FoundItem {
                found: Found { search: 1, item: ItemId(place as u64) },
                location: self.corpus.world[place],
                similarity,
                photo: None,
            };
        };
        let row = self.corpus.row(photo);
        let record = PhotoRecord {
            id: self.corpus.list.ids[row].clone(),
            location: self.corpus.places[photo],
            place: Place::default(),
            attribution: Attribution {
                author: self.corpus.list.author(row).map(str::to_owned),
                ..Attribution::default()
            },
            hash: None,
        };
        FoundItem {
            found: Found { search: 0, item: ItemId(index as u64) },
            location: record.location,
            similarity,
            photo: Some(record),
        }
    }

    /// The photos that may be found.
    pub(crate) fn gallery(&self) -> &[usize] {
        &self.gallery
    }
}

/// What a gallery stores of a photo: its vectors, and in the channel `location` those of its true place.
pub(crate) fn stored(corpus: &Corpus, space: &Space, photo: usize) -> QueryEmbedding {
    let mut embedding = space.query(corpus.features.row(photo));
    if let Some(encoded) = corpus.encoded_place(photo) {
        let slot = embedding.vectors.iter_mut().find(|(channel, _)| *channel == Channel::location());
        if let Some((_, slot)) = slot {
            *slot = space.place(encoded);
        }
    }
    embedding
}

/// The `top` most similar, in order; of equals the first.
fn most_similar(mut found: Vec<(f32, usize)>, top: usize) -> Vec<(f32, usize)> {
    let order = |a: &(f32, usize), b: &(f32, usize)| -> Ordering { b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)) };
    if found.len() > top && top > 0 {
        found.select_nth_unstable_by(top - 1, order);
        found.truncate(top);
    }
    found.sort_unstable_by(order);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_come_first() {
        let found = vec![(0.1, 0), (0.9, 1), (0.5, 2), (0.9, 3), (0.2, 4)];
        assert_eq!(most_similar(found.clone(), 3), [(0.9, 1), (0.9, 3), (0.5, 2)]);
        assert_eq!(most_similar(found, 9).len(), 5);
    }
}
