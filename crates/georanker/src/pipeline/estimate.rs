//! From a ranking to what is answered.

use contract::{
    Confidence, Decide, ErrorKind, Estimate, Failure, LocateOptions, Origin, QueryEmbedding, RankedCandidate,
};
use geo::{ReverseGeocoder, geodesic_km, haversine_km};
use rank::{Decision, decide};

use super::{Locator, Ranked};

impl Locator {
    /// Decides a ranked photo. `None` only for an empty set, which [`Locator::rank`] never returns.
    pub fn decision(&self, ranked: &Ranked, rule: Decide) -> Option<Decision> {
        decide(&ranked.set, &ranked.ranking, self.temperature, rule)
    }

    pub(super) fn estimate(&self, ranked: &Ranked, options: &LocateOptions) -> Result<Estimate, Failure> {
        let rule = options.decide.unwrap_or(self.rule);
        let empty = || Failure::new(ErrorKind::NoCandidates, format!("{}: no candidates", ranked.set.query));
        let decision = self.decision(ranked, rule).ok_or_else(empty)?;
        let answer = ranked.set.candidates.get(decision.chosen).ok_or_else(empty)?;
        let chosen = answer.location;
        let confidence: Confidence = self.calibration.confidence(&decision.raw_confidence);
        let abstained = self.calibration.abstains(&confidence);
        let geocoder = ReverseGeocoder::embedded();
        let listed = distinct(ranked, &decision.probabilities, options);
        let candidates = listed.into_iter().filter_map(|Listed { index, probability, origins }| {
            let mut candidate = ranked.set.candidates.get(index)?.clone();
            candidate.also.extend(origins);
            candidate.embedding = QueryEmbedding::default();
            if candidate.place.is_empty() {
                candidate.place = geocoder.place(candidate.location);
            }
            Some(RankedCandidate {
                distance_to_estimate_km: geodesic_km(candidate.location, chosen),
                score: *ranked.ranking.scores.get(index)?,
                probability,
                candidate,
            })
        });
        Ok(Estimate {
            location: chosen,
            place: geocoder.place(chosen),
            origins: answer.origins().cloned().collect(),
            confidence,
            abstained,
            coverage_note: abstained.then(|| self.coverage_note().to_owned()),
            candidates: candidates.collect(),
        })
    }
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
