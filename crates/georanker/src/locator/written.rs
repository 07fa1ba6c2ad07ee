//! Candidates that a model wrote, among those that were found.
//!
//! A written coordinate within some metres of a candidate that is there already is that candidate: it keeps its photo
//! and its similarities, and the model becomes another of its origins. Any other is a candidate of its own. Nobody
//! searched for it, so it has no similarity yet; the pack's location space gives it one: the cosine between the query's
//! vector there and the coordinate's own, the same number that a search of that channel would have reported. So every
//! ranker judges found and written candidates by the same measure, and a coordinate that the photo does not look like
//! gains nothing from having been written.

use std::sync::Arc;

use contract::{Candidate, CandidateSet, Channel, LocateOptions, QueryEmbedding};
use geo::{LatLon, ReverseGeocoder, haversine_km};
use nets::geoclip::LocationEncoder;

use super::Locator;
use crate::pack::Pack;
use crate::{PackError, PhotoEncoder, open_location_encoder};

/// How written candidates join the others.
pub(super) struct Joining {
    space: LocationSpace,
    within_m: f64,
}

/// Vectors of any coordinate in a pack's location space.
pub struct LocationSpace {
    locations: Option<LocationEncoder>,
    photos: Arc<PhotoEncoder>,
}

impl LocationSpace {
    /// Loads a pack's location encoder, to go with its heads.
    ///
    /// # Errors
    /// [`PackError`] when its file is missing or damaged.
    pub fn open(pack: &Pack, photos: Arc<PhotoEncoder>) -> Result<Self, PackError> {
        Ok(Self { locations: open_location_encoder(pack)?, photos })
    }

    /// A unit vector of the [`Channel::location`] channel for each coordinate; `None` where the pack has no such channel.
    pub fn vectors(&self, places: &[LatLon]) -> Option<Vec<Vec<f32>>> {
        self.photos.place_vectors(places, self.locations.as_ref())
    }
}

impl Locator {
    /// Readies it for written candidates: those within `within_m` metres of another candidate are merged with it.
    ///
    /// # Errors
    /// [`PackError`] when the pack's location encoder is missing or damaged.
    pub fn joining_written(mut self, pack: &Pack, within_m: f64) -> Result<Self, PackError> {
        let space = LocationSpace::open(pack, Arc::clone(&self.parts.encoder))?;
        self.joining = Some(Joining { space, within_m });
        Ok(self)
    }

    /// Adds written candidates to a set. Without [`Locator::joining_written`] they come without similarities, and only
    /// equal coordinates are merged.
    pub(super) fn add_written(&self, set: &mut CandidateSet, written: &[Candidate], options: &LocateOptions) {
        let within_m = self.joining.as_ref().map_or(0.0, |joining| joining.within_m);
        let found = set.candidates.len();
        for candidate in written {
            let place = ReverseGeocoder::embedded().place(candidate.location);
            let wanted =
                options.region.as_ref().is_none_or(|region| region.contains(candidate.location, &place));
            if wanted {
                join(set, &Candidate { place, ..candidate.clone() }, within_m);
            }
        }
        let Some(joining) = &self.joining else { return };
        let new = &mut set.candidates[found..];
        let places: Vec<LatLon> = new.iter().map(|candidate| candidate.location).collect();
        if places.is_empty() {
            return;
        }
        let query = set.embedding.get(&Channel::location());
        for (candidate, vector) in new.iter_mut().zip(joining.space.vectors(&places).unwrap_or_default()) {
            if let Some(query) = query.filter(|query| query.len() == vector.len()) {
                let similarity: f64 = query.iter().zip(&vector).map(|(a, b)| f64::from(a * b)).sum();
                candidate.similarities = vec![(Channel::location(), similarity as f32)];
            }
            if self.ranker.needs_vectors() {
                candidate.embedding = QueryEmbedding { vectors: vec![(Channel::location(), vector)] };
            }
        }
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
        let origin = Origin::Generated { model: "m".into(), sample };
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
        assert_eq!(set.candidates[1].also, [Origin::Generated { model: "m".into(), sample: 0 }]);
        join(&mut set, &written(10.0, 20.0, 4), 0.0);
        assert_eq!((set.candidates.len(), set.candidates[0].also.len()), (4, 1), "equal coordinates at 0 m");
    }
}
