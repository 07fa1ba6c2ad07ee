//! The LVLM as a [`Ranker`] among others.

use std::sync::Arc;

use contract::{CandidateSet, ErrorKind, Failure, PhotoId, Ranker, Ranking};
use formats::pairs::PairCandidate;
use geo::{LatLon, Place};
use photo::Image;

use super::group::PairGroup;
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
    let prepared = |id: &PhotoId, image: &Image| {
        let named = |error| Failure::new(ErrorKind::InvalidPhoto, format!("{id}: {error}"));
        scorer.prepare(image).map_err(named)
    };
    let candidates = set.candidates.iter().map(|candidate| {
        // A candidate that only a model named may have no place, and its prompt has none then.
        let place = candidate.photo.is_some() || !candidate.place.is_empty();
        let place = place_text(candidate.location, place.then_some(&candidate.place));
        PairCandidate { place, photo: candidate.photo.clone() }
    });
    let negatives =
        set.negatives.iter().map(|one| place_text(one.location, Some(&one.place))).collect::<Vec<_>>();
    let negatives = (!negatives.is_empty()).then_some(negatives);
    let query = prepared(&set.query, photos.query(&set.query)?.as_ref())?;
    let group =
        PairGroup::build(query, candidates, negatives, |id| prepared(id, photos.photo(id)?.as_ref()))?;
    Ok(Ranking { scores: scorer.score(&group)?.scores })
}

/// Coordinates and place as evaluation prints them: city, state, country.
fn place_text(location: LatLon, place: Option<&Place>) -> PlaceText {
    let text = place.map(|place| {
        let fields = [&place.city, &place.state, &place.country];
        evaluation_place(&fields.map(|field| field.as_deref().unwrap_or_default()))
    });
    PlaceText { location, text }
}
