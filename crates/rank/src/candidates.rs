//! From search results to a candidate set.

use std::collections::HashMap;

use contract::{Candidate, CandidateSet, Channel, Neighbour, Origin, PhotoId, QueryEmbedding};

/// Merges the results of several channels into one set: a photo found by two channels is one candidate with
/// two similarities. Channels keep their order; within a channel, the most similar comes first.
pub fn assemble(
    query: impl Into<PhotoId>,
    embedding: QueryEmbedding,
    results: Vec<(Channel, Vec<Neighbour>)>,
) -> CandidateSet {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut known: HashMap<PhotoId, usize> = HashMap::new();
    for (channel, neighbours) in results {
        for (rank, neighbour) in neighbours.into_iter().enumerate() {
            let similarity = neighbour.similarity;
            if let Some(&index) = neighbour.photo.as_ref().and_then(|photo| known.get(&photo.id)) {
                candidates[index].similarities.push((channel.clone(), similarity));
                continue;
            }
            let origin = Origin::Retrieved { channel: channel.clone(), rank, similarity };
            let mut candidate = Candidate::at(neighbour.location, origin);
            if let Some(photo) = neighbour.photo {
                known.insert(photo.id.clone(), candidates.len());
                candidate.place = photo.place;
                candidate.attribution = photo.attribution;
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
    use contract::{Attribution, PhotoRecord};
    use geo::{LatLon, Place};

    fn photo(id: &str, similarity: f32) -> Neighbour {
        let location = LatLon::new(1.0, 2.0).unwrap();
        let record = PhotoRecord {
            id: id.into(),
            location,
            place: Place::default(),
            attribution: Attribution::default(),
            hash: None,
        };
        Neighbour { location, similarity, photo: Some(record) }
    }

    #[test]
    fn a_photo_found_twice_is_one_candidate() {
        let bare = Neighbour { location: LatLon::new(5.0, 6.0).unwrap(), similarity: 0.1, photo: None };
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
