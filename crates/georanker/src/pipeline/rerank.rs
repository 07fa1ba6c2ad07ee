//! The paper's ranker behind a locator: an LVLM ranks the best candidates again, pair by pair.

use std::sync::Arc;

use contract::{Candidate, CandidateSet, Decide, ErrorKind, Failure, Negative, PhotoId, Search};
use formats::ranking_data::NEGATIVES;
use geo::ReverseGeocoder;
use photo::{DecodeOptions, Image, Limits, decode};
use rank::Calibration;
use rank::vlm::{PairScorer, PhotoSource, rank_pairs};

use super::{EncodedPhoto, Locator, Ranked, Rerank};

/// An LVLM and how many candidates it looks at.
#[derive(Debug)]
pub struct Reranker {
    /// The LVLM.
    pub scorer: PairScorer,
    /// Candidates that were found, the best first. The paper takes 12.
    pub retrieved: usize,
    /// Candidates that only a model generated, the best first. The paper takes 3.
    pub generated: usize,
    /// How photos of candidates are decoded.
    pub decode: DecodeOptions,
}

impl Locator {
    /// The same with an LVLM that ranks the best candidates of the pack's ranker; the others are dropped. Its scores are
    /// those of a Plackett-Luce model, so that a softmax at temperature 1 gives the probabilities. The pack's model of
    /// confidence, if it has one, judges the answer as any other; its calibration does not hold and is left out. The answer is the candidate with the highest score unless a request says otherwise.
    #[must_use]
    pub fn reranked_by(mut self, reranker: Reranker) -> Self {
        self.label = format!("{} with {}", self.label, reranker.scorer.name());
        self.temperature = 1.0;
        self.rule = Decide::Argmax;
        self.calibration = Calibration::none();
        self.reranker = Some(Arc::new(reranker));
        self
    }
}

impl Rerank for Reranker {
    fn rerank(
        &self,
        photo: &EncodedPhoto,
        searches: &[Arc<dyn Search>],
        ranked: Ranked,
    ) -> Result<Ranked, Failure> {
        // The confidence is stated from all of them.
        let searched = Some(ranked.set.clone());
        let set = self.shortlist(ranked);
        let photos = Photos { query: photo, searches, decode: self.decode };
        let ranking = rank_pairs(&self.scorer, &photos, &set)?;
        Ok(Ranked { set, ranking, searched })
    }
}

impl Reranker {
    /// The candidates that are ranked, in the order of the first ranking, and the last of those found as negatives.
    fn shortlist(&self, ranked: Ranked) -> CandidateSet {
        let order = ranked.ranking.order();
        let CandidateSet { candidates, .. } = &ranked.set;
        let is_found = |index: &usize| candidates[*index].origins().any(|origin| !origin.is_generated());
        let (found, generated): (Vec<usize>, Vec<usize>) = order.into_iter().partition(is_found);
        let kept = found.iter().take(self.retrieved).chain(generated.iter().take(self.generated));
        let rest = &found[self.retrieved.min(found.len())..];
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
    query: &'a EncodedPhoto,
    searches: &'a [Arc<dyn Search>],
    decode: DecodeOptions,
}

impl PhotoSource for Photos<'_> {
    fn photo(&self, id: &PhotoId) -> Result<Arc<Image>, Failure> {
        for search in self.searches {
            if let Some(bytes) = search.photo_bytes(id)? {
                let image = decode(&bytes, &Limits::default(), self.decode);
                return image.map(Arc::new).map_err(|error| error.named(&id.0));
            }
        }
        let message = format!("{id}: the photo of this candidate is not at hand, and the model looks at it");
        Err(Failure::new(ErrorKind::BrokenGallery, message)
            .with_hint("see the gallery's info for where its photos should be"))
    }

    fn query(&self, id: &PhotoId) -> Result<Arc<Image>, Failure> {
        let missing = || Failure::new(ErrorKind::Internal, format!("{id}: the pixels were not kept"));
        self.query.image.clone().ok_or_else(missing)
    }
}
