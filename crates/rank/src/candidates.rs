//! From search results to a candidate set.

use std::collections::HashMap;

use contract::{Candidate, CandidateSet, Channel, Found, Origin, PhotoId, PhotoRecord, QueryEmbedding};
use geo::LatLon;

/// A search result with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundItem {
    /// Which search found it, and as what.
    pub found: Found,
    /// Its location.
    pub location: LatLon,
    /// Cosine similarity to the query vector.
    pub similarity: f32,
    /// The photo; nothing for a bare coordinate.
    pub photo: Option<PhotoRecord>,
}

/// Merges the results of several channels into one set: a photo found by two channels is one candidate with
/// two similarities. Channels keep their order; within a channel, the most similar comes first.
pub fn assemble(
    query: impl Into<PhotoId>,
    embedding: QueryEmbedding,
    results: Vec<(Channel, Vec<FoundItem>)>,
) -> CandidateSet {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut known: HashMap<PhotoId, usize> = HashMap::new();
    for (channel, items) in results {
        for (rank, item) in items.into_iter().enumerate() {
            // Vectors of one byte per number may give a little more than the largest cosine.
            let similarity = if item.similarity > 1.0 { 1.0 } else { item.similarity };
            if let Some(&index) = item.photo.as_ref().and_then(|photo| known.get(&photo.id)) {
                candidates[index].similarities.push((channel.clone(), similarity));
                continue;
            }
            let origin = Origin::Retrieved { channel: channel.clone(), rank, similarity };
            let mut candidate = Candidate::at(item.location, origin);
            candidate.found = Some(item.found);
            if let Some(photo) = item.photo {
                known.insert(photo.id.clone(), candidates.len());
                candidate.place = photo.place;
                candidate.attribution = photo.attribution;
                candidate.hash = photo.hash;
                candidate.photo = Some(photo.id);
            }
            candidates.push(candidate);
        }
    }
    CandidateSet { query: query.into(), embedding, candidates, negatives: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::{Attribution, ItemId};
    use geo::Place;

    fn found(item: u64) -> Found {
        Found { search: 0, item: ItemId(item) }
    }

    fn photo(id: &str, similarity: f32) -> FoundItem {
        let location = LatLon::new(1.0, 2.0).unwrap();
        let record = PhotoRecord {
            id: id.into(),
            location,
            place: Place::default(),
            attribution: Attribution::default(),
            hash: None,
        };
        FoundItem { found: found(u64::from(id.as_bytes()[0])), location, similarity, photo: Some(record) }
    }

    #[test]
    fn a_photo_found_twice_is_one_candidate() {
        let bare = FoundItem {
            found: found(1),
            location: LatLon::new(5.0, 6.0).unwrap(),
            similarity: 0.1,
            photo: None,
        };
        let set = assemble(
            "q",
            QueryEmbedding::default(),
            vec![
                (Channel::photo(), vec![photo("a", 0.9), photo("b", 0.8)]),
                (Channel::location(), vec![bare.clone(), photo("b", 0.3), bare]),
            ],
        );
        assert_eq!(set.candidates.len(), 4);
        assert_eq!(set.candidates[1].similarity(&Channel::location()), Some(0.3));
        assert!(matches!(&set.candidates[2].origin, Origin::Retrieved { rank: 0, .. }));
    }
}
