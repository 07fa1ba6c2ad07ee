//! The LVLM as a [`Ranker`] among others.

use std::sync::Arc;

use contract::{CandidateSet, ErrorKind, Failure, PhotoId, Ranker, Ranking};
use geo::{LatLon, Place};
use photo::Image;

use super::inputs::{PairCandidate, PairGroup};
use super::prompt::{PlaceText, evaluation_place};
use super::scorer::PairScorer;

/// Where a ranker that looks at pixels gets them.
pub trait PhotoSource: Send + Sync {
    /// The pixels of a photo.
    ///
    /// # Errors
    /// A [`Failure`] that names the photo.
    fn photo(&self, id: &PhotoId) -> Result<Arc<Image>, Failure>;

    /// The pixels of the photo that is looked for; a candidate may have the same name.
    ///
    /// # Errors
    /// As [`PhotoSource::photo`].
    fn query(&self, id: &PhotoId) -> Result<Arc<Image>, Failure> {
        self.photo(id)
    }
}

/// Ranks candidates by the LVLM's score of each pair.
pub struct VlmRanker {
    scorer: PairScorer,
    photos: Arc<dyn PhotoSource>,
}

impl VlmRanker {
    /// A ranker that takes the pixels of queries and candidates from `photos`.
    pub fn new(scorer: PairScorer, photos: Arc<dyn PhotoSource>) -> Self {
        Self { scorer, photos }
    }
}

impl Ranker for VlmRanker {
    fn name(&self) -> &str {
        self.scorer.name()
    }

    fn rank(&self, set: &CandidateSet) -> Result<Ranking, Failure> {
        rank_pairs(&self.scorer, self.photos.as_ref(), set)
    }
}

/// The scores of a query's candidates, each judged as a pair with the query; the pixels come from `photos`.
///
/// # Errors
/// A photo that is missing or has an impossible shape; a [`Failure`] of the network.
pub fn rank_pairs(
    scorer: &PairScorer,
    photos: &dyn PhotoSource,
    set: &CandidateSet,
) -> Result<Ranking, Failure> {
    if set.candidates.is_empty() {
        return Ok(Ranking { scores: Vec::new() });
    }
    let mut ids: Vec<&PhotoId> = vec![&set.query];
    let candidates = set
        .candidates
        .iter()
        .map(|candidate| {
            let photo = candidate.photo.as_ref().map(|photo| {
                ids.push(photo);
                ids.len() - 1
            });
            // A candidate that only a model named may have no place, and its prompt has none then.
            let place = candidate.photo.is_some() || !candidate.place.is_empty();
            PairCandidate { place: place_text(candidate.location, place.then_some(&candidate.place)), photo }
        })
        .collect();
    let photos = (0..)
        .zip(ids)
        .map(|(index, id)| {
            let image = if index == 0 { photos.query(id)? } else { photos.photo(id)? };
            scorer
                .prepare(&image)
                .map_err(|error| Failure::new(ErrorKind::InvalidPhoto, format!("{id}: {error}")))
        })
        .collect::<Result<_, _>>()?;
    let negatives =
        set.negatives.iter().map(|one| place_text(one.location, Some(&one.place))).collect::<Vec<_>>();
    let negatives = (!negatives.is_empty()).then_some(negatives);
    Ok(Ranking { scores: scorer.score(&PairGroup { photos, negatives, candidates })?.scores })
}

/// Coordinates and place as evaluation prints them: city, state, country.
fn place_text(location: LatLon, place: Option<&Place>) -> PlaceText {
    let text = place.map(|place| {
        let fields = [&place.city, &place.state, &place.country];
        evaluation_place(&fields.map(|field| field.as_deref().unwrap_or_default()))
    });
    PlaceText { latitude: location.latitude(), longitude: location.longitude(), place: text }
}
