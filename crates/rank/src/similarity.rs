//! The similarity ranker: no training beyond a handful of numbers.

use contract::{Candidate, CandidateSet, Channel, ErrorKind, Failure, Ranker, Ranking};
use serde::{Deserialize, Serialize};

use crate::{DistanceMatrix, SpatialKernel, spatial_support};

/// How one channel votes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelVote {
    /// The channel.
    pub channel: Channel,
    /// Total weight of the channel's votes.
    pub weight: f64,
    /// Softmax temperature over the channel's similarities; small trusts the most similar alone.
    pub temperature: f64,
}

/// Settings of the [`SimilarityRanker`], as stored in a model pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimilaritySettings {
    /// The channels that vote.
    pub votes: Vec<ChannelVote>,
    /// How far a vote reaches.
    pub kernel: SpatialKernel,
}

/// Ranks by a kernel vote: every candidate spreads its similarity-weighted vote over its surroundings, and a
/// candidate's score is the logarithm of the votes that reach it.
///
/// `score_i = ln sum_c w_c sum_j softmax_j(s_jc / t_c) K(d_ij)`. With a narrow kernel this is the nearest
/// photo; with a wide one it is the region most of the similar photos come from.
#[derive(Clone, Debug)]
pub struct SimilarityRanker {
    settings: SimilaritySettings,
}

impl SimilarityRanker {
    /// Wraps checked settings.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenModel`] when a number is not positive and finite, or nothing votes.
    pub fn new(settings: SimilaritySettings) -> Result<Self, Failure> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let votes_are_sound =
            settings.votes.iter().all(|vote| positive(vote.weight) && positive(vote.temperature));
        if settings.votes.is_empty() || !votes_are_sound || !settings.kernel.is_valid() {
            return Err(Failure::new(
                ErrorKind::BrokenModel,
                "similarity ranker: weights, temperatures and kernel scales must be positive numbers",
            ));
        }
        Ok(Self { settings })
    }

    /// The vote of each candidate, summing to 1; all alike where no channel knows any of them. `[candidates]`.
    pub fn votes(&self, candidates: &[Candidate]) -> Vec<f64> {
        let mut total = vec![0.0; candidates.len()];
        for vote in &self.settings.votes {
            let similarities: Vec<Option<f32>> =
                candidates.iter().map(|candidate| candidate.similarity(&vote.channel)).collect();
            let Some(best) = similarities.iter().flatten().copied().reduce(f32::max) else { continue };
            let raised: Vec<f64> = similarities
                .iter()
                .map(|known| known.map_or(0.0, |value| (f64::from(value - best) / vote.temperature).exp()))
                .collect();
            let sum: f64 = raised.iter().sum();
            for (slot, value) in total.iter_mut().zip(raised) {
                *slot += vote.weight * value / sum;
            }
        }
        let sum: f64 = total.iter().sum();
        if sum > 0.0 {
            for value in &mut total {
                *value /= sum;
            }
        } else {
            total.fill(1.0 / candidates.len().max(1) as f64);
        }
        total
    }
}

impl Ranker for SimilarityRanker {
    fn name(&self) -> &'static str {
        "similarity"
    }

    fn rank(&self, set: &CandidateSet) -> Result<Ranking, Failure> {
        let votes = self.votes(&set.candidates);
        let support = spatial_support(&DistanceMatrix::of(&set.candidates), &votes, &self.settings.kernel);
        let floor = f64::from(f32::MIN_POSITIVE);
        Ok(Ranking { scores: support.into_iter().map(|value| value.max(floor).ln() as f32).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Origin;
    use geo::LatLon;

    fn seen(latitude: f64, longitude: f64, rank: usize, similarity: f32) -> Candidate {
        let origin = Origin::Retrieved { channel: Channel::photo(), rank, similarity };
        Candidate::at(LatLon::new(latitude, longitude).unwrap(), origin)
    }

    fn ranker(temperature: f64, scale: f64) -> SimilarityRanker {
        SimilarityRanker::new(SimilaritySettings {
            votes: vec![ChannelVote { channel: Channel::photo(), weight: 1.0, temperature }],
            kernel: SpatialKernel { scales: vec![(scale, 1.0)] },
        })
        .unwrap()
    }

    #[test]
    fn a_cluster_outvotes_a_lone_best() {
        let set = CandidateSet::new(
            "q",
            vec![seen(50.0, 0.0, 0, 0.80), seen(-30.0, 20.0, 1, 0.79), seen(-30.1, 20.0, 2, 0.78)],
        );
        assert_eq!(ranker(1.0, 200.0).rank(&set).unwrap().best(), Some(1));
        assert_eq!(
            ranker(0.001, 200.0).rank(&set).unwrap().best(),
            Some(0),
            "a cold vote is the nearest photo"
        );
    }

    #[test]
    fn candidates_unknown_to_every_channel_still_get_finite_scores() {
        let origin = Origin::generated("m", 0);
        let set = CandidateSet::new("q", vec![Candidate::at(LatLon::new(0.0, 0.0).unwrap(), origin)]);
        assert!(ranker(0.1, 25.0).rank(&set).unwrap().scores[0].is_finite());
        assert!(ranker(0.1, 25.0).rank(&CandidateSet::new("q", vec![])).unwrap().scores.is_empty());
    }

    #[test]
    fn refuses_broken_settings() {
        let settings =
            SimilaritySettings { votes: vec![], kernel: SpatialKernel { scales: vec![(1.0, 1.0)] } };
        assert_eq!(SimilarityRanker::new(settings).unwrap_err().kind, ErrorKind::BrokenModel);
    }
}
