//! A model of confidence as a ranker.

use std::sync::Arc;

use contract::{CandidateSet, ErrorKind, Failure, Ranker, Ranking};

use super::{ConfidenceModel, Evidence};
use crate::SimilarityRanker;

/// Judges the best candidates of a kernel vote as if they were the answer; their score is the logit of the mean
/// probability that the truth is within 25, 200 and 750 km. The others follow in the order of the vote.
#[derive(Clone, Debug)]
pub struct EvidenceRanker {
    vote: SimilarityRanker,
    models: Vec<Arc<ConfidenceModel>>,
    judged: usize,
}

/// The radii whose probabilities are averaged, as indices into [`contract::RADII_KM`]: 25, 200 and 750 km.
const JUDGED_RADII: [usize; 3] = [1, 2, 3];
/// Logits are cut off here.
const CUT: f64 = 9.0;

impl EvidenceRanker {
    /// Judges so many of the vote's best candidates by the models' mean.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenModel`] without a model, or for models that look at different channels.
    pub fn new(
        vote: SimilarityRanker,
        models: Vec<Arc<ConfidenceModel>>,
        judged: usize,
    ) -> Result<Self, Failure> {
        let alike = models.windows(2).all(|pair| pair[0].channels() == pair[1].channels());
        if models.is_empty() || !alike || judged == 0 {
            let why =
                "evidence ranker: it needs models that look at the same channels, and candidates to judge";
            return Err(Failure::new(ErrorKind::BrokenModel, why));
        }
        Ok(Self { vote, models, judged })
    }
}

impl Ranker for EvidenceRanker {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn rank(&self, set: &CandidateSet) -> Result<Ranking, Failure> {
        let vote = self.vote.rank(set)?;
        let order = vote.order();
        let Some(first) = self.models.first() else { return Ok(vote) };
        let evidence = Evidence::of(first.channels(), set);
        let highest = vote.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        // Below everything that was judged.
        let mut scores: Vec<f32> =
            vote.scores.iter().map(|score| (score - highest).max(-50.0) - 2.0 * CUT as f32).collect();
        for &index in order.iter().take(self.judged) {
            let Some(candidate) = set.candidates.get(index) else { continue };
            let features = evidence.at(candidate.location).values;
            let of_model = |model: &Arc<ConfidenceModel>| {
                let stated = model.of_features(&features);
                JUDGED_RADII.iter().map(|&radius| stated.0[radius]).sum::<f64>() / JUDGED_RADII.len() as f64
            };
            let mean = self.models.iter().map(of_model).sum::<f64>() / self.models.len() as f64;
            let logit = (mean / (1.0 - mean).max(1e-9)).ln().clamp(-CUT, CUT);
            // Equal evidence is decided by the vote.
            scores[index] = logit as f32 + 1e-4 * (vote.scores[index] - highest).max(-50.0);
        }
        Ok(Ranking { scores })
    }
}

#[cfg(test)]
mod tests {
    use contract::{Candidate, Channel, Origin};
    use geo::LatLon;

    use super::super::model::tests::model;
    use super::*;
    use crate::{ChannelVote, SimilaritySettings, SpatialKernel};

    fn vote() -> SimilarityRanker {
        SimilarityRanker::new(SimilaritySettings {
            votes: vec![ChannelVote { channel: Channel::photo(), weight: 1.0, temperature: 0.05 }],
            kernel: SpatialKernel { scales: vec![(25.0, 1.0)] },
        })
        .unwrap()
    }

    #[test]
    fn the_likeliest_answer_wins_and_the_rest_follows_the_vote() {
        let at = |latitude: f64, similarity| {
            let origin = Origin::Retrieved { channel: Channel::photo(), rank: 0, similarity };
            Candidate::at(LatLon::new(latitude, 20.0).unwrap(), origin)
        };
        let set = CandidateSet::new("q", vec![at(1.0, 0.9), at(2.0, 0.8), at(50.0, 0.7), at(-50.0, 0.6)]);
        let model = Arc::new(model(2));
        let ranker = EvidenceRanker::new(vote(), vec![model.clone()], 2).unwrap();
        let ranking = ranker.rank(&set).unwrap();
        let likely = |index: usize| {
            let stated = model.confidence(&set, set.candidates[index].location).0.0;
            stated[1] + stated[2] + stated[3]
        };
        let best = usize::from(likely(1) > likely(0));
        assert_eq!(ranking.order(), [best, 1 - best, 2, 3]);
        assert!(ranking.scores.iter().all(|score| score.is_finite()));
        assert!(EvidenceRanker::new(vote(), vec![], 2).is_err());
        assert!(ranker.rank(&CandidateSet::new("q", vec![])).unwrap().scores.is_empty());
    }
}
