//! The paper's ranker behind a locator: an LVLM judges the best candidates again, pair by pair.

use std::sync::Arc;

use contract::{Candidate, CandidateSet, Decide, ErrorKind, Failure, Negative, Photo, PhotoId};
use gallery::Gallery;
use geo::ReverseGeocoder;
use photo::{DecodeOptions, Image, Limits, decode};
use rank::Calibration;
use rank::vlm::{PairScorer, PhotoSource, rank_pairs};

use super::{Locator, Ranked};

/// Places that the prompt names as far away: the last of the list, as in the paper.
const NEGATIVES: usize = 5;

/// An LVLM and how many candidates it looks at.
#[derive(Debug)]
pub struct Judge {
    /// The LVLM.
    pub scorer: PairScorer,
    /// Candidates that were found, the best first. The paper takes 12.
    pub found: usize,
    /// Candidates that only a model wrote, the best first. The paper takes 3.
    pub written: usize,
}

impl Locator {
    /// The same with an LVLM that ranks the best candidates of the pack's ranker; the others are dropped. Its scores are
    /// those of a Plackett-Luce model, so that a softmax at temperature 1 gives the probabilities; confidence is not
    /// calibrated for it, and the answer is the candidate with the highest score unless a request says otherwise.
    #[must_use]
    pub fn judged_by(mut self, judge: Judge) -> Self {
        self.label = format!("{} with {}", self.label, judge.scorer.name());
        self.temperature = 1.0;
        self.rule = Decide::Argmax;
        self.calibration = Calibration::none();
        self.judge = Some(Arc::new(judge));
        self
    }

    /// Whether ranking looks at the pixels of the photo.
    pub(crate) fn looks_at_pixels(&self) -> bool {
        self.judge.is_some()
    }

    /// What the LVLM makes of a ranking, if there is one.
    pub(super) fn judged(&self, photo: &Photo, ranked: Ranked) -> Result<Ranked, Failure> {
        let Some(judge) = &self.judge else { return Ok(ranked) };
        let set = judge.shortlist(ranked);
        let photos = Photos { query: photo, gallery: &self.parts.gallery };
        let ranking = rank_pairs(&judge.scorer, &photos, &set)?;
        Ok(Ranked { set, ranking })
    }
}

impl Judge {
    /// The candidates that are judged, in the order of the first ranking, and the last of those found as negatives.
    fn shortlist(&self, ranked: Ranked) -> CandidateSet {
        let order = ranked.ranking.order();
        let CandidateSet { candidates, .. } = &ranked.set;
        let is_found = |index: &usize| candidates[*index].origins().any(|origin| !origin.is_generated());
        let (found, written): (Vec<usize>, Vec<usize>) = order.into_iter().partition(is_found);
        let kept = found.iter().take(self.found).chain(written.iter().take(self.written));
        let rest = &found[self.found.min(found.len())..];
        let negatives = &rest[rest.len().saturating_sub(NEGATIVES)..];
        CandidateSet {
            negatives: negatives.iter().map(|&index| negative(named(&candidates[index]))).collect(),
            candidates: kept.map(|&index| named(&candidates[index])).collect(),
            ..ranked.set
        }
    }
}

/// With the name of its place: the model was trained with names.
fn named(candidate: &Candidate) -> Candidate {
    let mut candidate = candidate.clone();
    if candidate.place.is_empty() {
        candidate.place = ReverseGeocoder::embedded().place(candidate.location);
    }
    candidate
}

fn negative(candidate: Candidate) -> Negative {
    Negative { location: candidate.location, place: candidate.place }
}

/// The pixels of a query and of gallery photos.
struct Photos<'a> {
    query: &'a Photo,
    gallery: &'a Gallery,
}

impl PhotoSource for Photos<'_> {
    fn photo(&self, id: &PhotoId) -> Result<Image, Failure> {
        let bytes = self.gallery.photo_bytes(id)?;
        let missing = || {
            let message =
                format!("{id}: the photo of this candidate is not at hand, and the model looks at it");
            Failure::new(ErrorKind::BrokenGallery, message)
                .with_hint("`georanker gallery info` says where the gallery's photos should be")
        };
        decode(&bytes.ok_or_else(missing)?, &Limits::default(), DecodeOptions::default())
            .map_err(|error| error.named(&id.0))
    }

    fn query(&self, _: &PhotoId) -> Result<Image, Failure> {
        image_of(self.query)
    }
}
