//! Candidates that a model generated, among those that were found.
//!
//! A generated coordinate within some metres of a candidate that is there already is that candidate: it keeps its photo
//! and its similarities, and the model becomes another of its origins. Any other is a candidate of its own. No search
//! found it, so it has no similarity yet; the encoder's location space gives it one: the cosine between the query's
//! vector there and the coordinate's own, the same number that a search of that channel would have reported. So every
//! ranker compares found and generated candidates by the same measure, and a coordinate that the photo does not look
//! like gains nothing from having been generated.

use std::sync::Arc;

use contract::{Candidate, CandidateSet, Channel, Failure, LocateOptions, QueryEmbedding};
use geo::{LatLon, ReverseGeocoder, haversine_km};

use super::{Locator, QueryPhoto};

/// Where candidates come from besides the searches: a model that is asked, or a file of its answers.
pub trait CandidateSource: Send + Sync {
    /// Candidates of each photo, in order. A failure becomes the photo's outcome; a source that would rather go without
    /// gives an empty list.
    fn candidates(&self, photos: &[&QueryPhoto]) -> Vec<Result<Vec<Candidate>, Failure>>;
}

/// A source of a locator.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) candidates: Arc<dyn CandidateSource>,
    /// Its candidates within so many metres of another candidate are merged with it.
    pub(super) merge_within_m: f64,
}

/// A photo's generated candidates, each with the distance, metres, within which it is merged with another.
pub(super) type Generated = Vec<(Candidate, f64)>;

/// What all sources give for each photo, in the order of the sources. Nothing is asked about a cancelled photo.
pub(super) fn candidates(sources: &[Source], photos: &[&QueryPhoto]) -> Vec<Result<Generated, Failure>> {
    let mut all: Vec<Result<Generated, Failure>> = photos.iter().map(|_| Ok(Vec::new())).collect();
    for Source { candidates, merge_within_m } in sources {
        for (known, photo) in all.iter_mut().zip(photos) {
            if let Err(failure) = photo.cancel.check(&photo.id().0) {
                *known = Err(failure);
            }
        }
        let wanted: Vec<usize> = (0..photos.len()).filter(|&at| all[at].is_ok()).collect();
        let photos: Vec<&QueryPhoto> = wanted.iter().map(|&at| photos[at]).collect();
        for (at, more) in wanted.into_iter().zip(candidates.candidates(&photos)) {
            match (all[at].as_mut(), more) {
                (Ok(known), Ok(more)) => {
                    known.extend(more.into_iter().map(|candidate| (candidate, *merge_within_m)));
                }
                (Ok(_), Err(failure)) => all[at] = Err(failure),
                (Err(_), _) => {}
            }
        }
    }
    all
}

impl Locator {
    /// Adds generated candidates to a set.
    ///
    /// # Errors
    /// A [`Failure`] of the encoder's location space.
    pub(super) fn add_generated(
        &self,
        set: &mut CandidateSet,
        generated: &Generated,
        options: &LocateOptions,
    ) -> Result<(), Failure> {
        let found = set.candidates.len();
        for (candidate, merge_within_m) in generated {
            let place = ReverseGeocoder::embedded().place(candidate.location);
            let wanted =
                options.region.as_ref().is_none_or(|region| region.contains(candidate.location, &place));
            if wanted {
                join(set, &Candidate { place, ..candidate.clone() }, *merge_within_m);
            }
        }
        let new = &mut set.candidates[found..];
        let places: Vec<LatLon> = new.iter().map(|candidate| candidate.location).collect();
        if places.is_empty() {
            return Ok(());
        }
        let vectors = self.encoder.encode_places(&places)?.unwrap_or_default();
        let query = set.embedding.get(&Channel::location());
        for (candidate, vector) in new.iter_mut().zip(vectors) {
            if let Some(query) = query.filter(|query| query.len() == vector.len()) {
                let similarity: f64 = query.iter().zip(&vector).map(|(a, b)| f64::from(a * b)).sum();
                candidate.similarities = vec![(Channel::location(), similarity as f32)];
            }
            if self.ranker.needs_vectors() {
                candidate.embedding = QueryEmbedding { vectors: vec![(Channel::location(), vector)] };
            }
        }
        Ok(())
    }
}

/// Adds a candidate, or its origin to the nearest one within `within_m` metres.
fn join(set: &mut CandidateSet, candidate: &Candidate, within_m: f64) {
    let near = set
        .candidates
        .iter_mut()
        .map(|known| (haversine_km(known.location, candidate.location) * 1000.0, known))
        .filter(|(metres, _)| *metres <= within_m)
        .min_by(|(one, _), (other, _)| one.total_cmp(other));
    match near {
        Some((_, known)) => known.also.push(candidate.origin.clone()),
        None => set.candidates.push(candidate.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Origin;

    fn written(latitude: f64, longitude: f64, sample: usize) -> Candidate {
        let origin = Origin::generated("m", sample);
        Candidate::at(LatLon::new(latitude, longitude).unwrap(), origin)
    }

    #[test]
    fn near_ones_become_origins_of_the_nearest() {
        let found = |longitude: f64, rank: usize| {
            let origin = Origin::Retrieved { channel: Channel::photo(), rank, similarity: 0.5 };
            Candidate::at(LatLon::new(10.0, longitude).unwrap(), origin)
        };
        // 0.001 degrees are some 108 m here.
        let mut set = CandidateSet::new("q", vec![found(20.0, 0), found(20.001, 1)]);
        for (sample, longitude) in [20.0008, 20.01, 20.0102, 20.2].into_iter().enumerate() {
            join(&mut set, &written(10.0, longitude, sample), 50.0);
        }
        let also: Vec<usize> = set.candidates.iter().map(|candidate| candidate.also.len()).collect();
        assert_eq!(also, [0, 1, 1, 0]);
        assert_eq!(set.candidates[1].also, [Origin::generated("m", 0)]);
        join(&mut set, &written(10.0, 20.0, 4), 0.0);
        assert_eq!((set.candidates.len(), set.candidates[0].also.len()), (4, 1), "equal coordinates at 0 m");
    }
}
