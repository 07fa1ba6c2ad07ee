//! From a ranking to what is answered.

use contract::{
    Abstention, Candidate, CandidateSet, Channel, Confidence, Decide, ErrorKind, Estimate, Failure,
    LocateOptions, Origin, QueryEmbedding, RankedCandidate,
};
use geo::{ReverseGeocoder, geodesic_km, haversine_km};
use rank::{Decision, decide, near_identical, promote};

use super::album::Bonus;
use super::{EncodedPhoto, Locator, Ranked};
use crate::pack::LeastSimilarity;

impl Locator {
    /// Decides a ranked photo. `None` only for an empty set, which [`Locator::rank`] never returns.
    pub fn decision(&self, ranked: &Ranked, rule: Decide) -> Option<Decision> {
        decide(&ranked.set, &ranked.ranking, self.temperature, rule)
    }

    pub(super) fn estimate(
        &self,
        photo: &EncodedPhoto,
        ranked: Ranked,
        options: &LocateOptions,
    ) -> Result<Estimate, Failure> {
        self.estimate_with(photo, ranked, options, None)
    }

    /// [`Locator::estimate`], with what other photos say about each candidate. They can change which candidate is chosen
    /// and how the candidates are listed; the confidence in it stays that of the photo's own evidence.
    pub(super) fn estimate_with(
        &self,
        photo: &EncodedPhoto,
        ranked: Ranked,
        options: &LocateOptions,
        album: Option<&Bonus>,
    ) -> Result<Estimate, Failure> {
        let rule = options.decide.unwrap_or(self.rule);
        // Copies that are left out of the search must not decide.
        let same = if options.exclude.near_duplicate || photo.no_content.is_some() {
            Vec::new()
        } else {
            near_identical(&ranked.set, photo.hash)
        };
        // The scores that are shown stay the ranker's own.
        let scores = ranked.ranking.scores.clone();
        let ranked = &if same.is_empty() {
            ranked
        } else {
            Ranked { ranking: promote(&ranked.ranking, &same, self.temperature), ..ranked }
        };
        let empty = || Failure::new(ErrorKind::NoCandidates, format!("{}: no candidates", ranked.set.query));
        let own = self.decision(ranked, rule).ok_or_else(empty)?;
        // The same picture outweighs other photos as it outweighs look-alikes.
        let swayed = album.filter(|_| same.is_empty() && photo.no_content.is_none());
        let swayed = swayed.map(|bonus| self.swayed(ranked, &own, bonus, rule)).transpose()?;
        let group = swayed.as_ref().map(|swayed| swayed.group.clone());
        let (ranked, decision, shares) = match &swayed {
            Some(swayed) => (&swayed.ranked, &swayed.own, &swayed.shares),
            None => (ranked, &own, &own.probabilities),
        };
        let answer = ranked.set.candidates.get(decision.chosen).ok_or_else(empty)?;
        let chosen = answer.location;
        let set = ranked.searched.as_ref().unwrap_or(&ranked.set);
        let evidence = Evidence { photo, set, answer, options, same: !same.is_empty() };
        let (confidence, abstention) = self.judge(&evidence, decision);
        let geocoder = ReverseGeocoder::embedded();
        let listed = distinct(ranked, shares, options);
        let candidates = listed.into_iter().filter_map(|Listed { index, probability, origins }| {
            let mut candidate = ranked.set.candidates.get(index)?.clone();
            candidate.also.extend(origins);
            candidate.embedding = QueryEmbedding::default();
            if candidate.place.is_empty() {
                candidate.place = geocoder.place(candidate.location);
            }
            Some(RankedCandidate {
                distance_to_estimate_km: geodesic_km(candidate.location, chosen),
                score: *scores.get(index)?,
                probability,
                candidate,
            })
        });
        Ok(Estimate {
            location: chosen,
            place: geocoder.place(chosen),
            origins: answer.origins().cloned().collect(),
            confidence: Some(confidence),
            coverage_note: abstention.is_some().then(|| self.coverage_note().to_owned()),
            abstention,
            stated: photo.stated.clone(),
            incomplete: photo.incomplete.clone(),
            group,
            candidates: candidates.collect(),
        })
    }
}

/// What a decision rests on.
struct Evidence<'a> {
    photo: &'a EncodedPhoto,
    /// All that was found.
    set: &'a CandidateSet,
    answer: &'a Candidate,
    options: &'a LocateOptions,
    /// Whether the gallery has the same picture.
    same: bool,
}

impl Locator {
    /// How sure the answer is. What was never seen in calibration must not borrow its confidence: pictures without
    /// content, galleries without anything similar.
    fn judge(&self, evidence: &Evidence<'_>, decision: &Decision) -> (Confidence, Option<Abstention>) {
        if evidence.same {
            // The calibration knows votes only. Here the mass is that of the same pictures at one place.
            return (Confidence(decision.raw_confidence), None);
        }
        if let Some(reason) = self.without_evidence(evidence) {
            let lowest = match &self.confidence {
                Some(learned) => learned.judge(evidence.set, evidence.answer.location).0,
                None => self.calibration.lowest(),
            };
            return (uninformed(lowest), Some(reason));
        }
        if let Some(learned) = &self.confidence {
            return learned.judge(evidence.set, evidence.answer.location);
        }
        let confidence = self.calibration.confidence(&decision.raw_confidence);
        let abstention = self.calibration.abstention(&confidence);
        (confidence, abstention)
    }

    fn without_evidence(&self, evidence: &Evidence<'_>) -> Option<Abstention> {
        if let Some(what) = &evidence.photo.no_content {
            return Some(Abstention::NoContent { what: what.clone() });
        }
        // A model's own answer does not rest on the gallery.
        if evidence.answer.origins().all(Origin::is_generated) {
            return None;
        }
        let is_empty = |channel: &Channel| self.searches.iter().all(|search| search.is_empty(channel));
        let fused = &evidence.options.retrieval.fuse;
        let asked: Vec<&Channel> = match fused.as_slice() {
            [] => self.retrieval.iter().map(|search| &search.channel).collect(),
            fused => fused.iter().map(|(channel, _)| channel).collect(),
        };
        if asked.into_iter().any(is_empty) {
            return Some(Abstention::EmptyGallery);
        }
        let LeastSimilarity { channel, similarity: least } = self.least_similarity.as_ref()?;
        let known = evidence.set.candidates.iter().filter_map(|candidate| candidate.similarity(channel));
        let best = known.reduce(f32::max)?;
        (best < *least).then_some(Abstention::NothingSimilar { best, least: *least })
    }
}

/// Confidence where nothing speaks for the answer: the lowest of the calibration, which was made on photos like the
/// gallery's, and never more than what a guess in a populated part of the world reaches.
fn uninformed(lowest: Confidence) -> Confidence {
    const GUESS: [f64; 5] = [0.0, 0.01, 0.03, 0.1, 0.25];
    Confidence(std::array::from_fn(|radius| lowest.0[radius].min(GUESS[radius])))
}

/// A candidate that is shown.
struct Listed {
    index: usize,
    /// With that of the candidates it stands for.
    probability: f64,
    /// Models that wrote one of those, and the first search that found one where none found this: who named a place
    /// should not be lost with it.
    origins: Vec<Origin>,
}

/// The best candidates, none within `distinct_km` of a better one, each with the probability of those it stands
/// for.
fn distinct(ranked: &Ranked, probabilities: &[f64], options: &LocateOptions) -> Vec<Listed> {
    let place = |index: usize| ranked.set.candidates[index].location;
    let mut listed: Vec<Listed> = Vec::new();
    for index in ranked.ranking.order() {
        let better = listed
            .iter()
            .position(|known| haversine_km(place(known.index), place(index)) < options.distinct_km);
        match better {
            Some(known) => {
                let known = &mut listed[known];
                known.probability += probabilities[index];
                for origin in ranked.set.candidates[index].origins() {
                    let found = ranked.set.candidates[known.index].origins().any(|one| !one.is_generated())
                        || known.origins.iter().any(|one| !one.is_generated());
                    if origin.is_generated() || !found {
                        known.origins.push(origin.clone());
                    }
                }
            }
            None if listed.len() < options.top => {
                listed.push(Listed { index, probability: probabilities[index], origins: Vec::new() });
            }
            None => {}
        }
    }
    listed
}
