//! The same picture in the gallery: evidence that no vote outweighs.
//!
//! A gallery photo that is the query itself (a copy, another size, another compression) says where it was taken, while
//! photos that only look alike say where such photos are taken. A vote that sums over many of the latter can outweigh the
//! former, so the scores are put right afterwards, where all rankers' scores meet.

use contract::{Candidate, CandidateSet, Channel, PerceptualHash, Ranking};

/// Cosine similarity in the `photo` channel from which two photos are the same whatever their hashes say.
const SAME: f32 = 0.98;
/// Least similarity of two photos whose perceptual hashes agree: smooth pictures share hashes by chance.
const ALIKE: f32 = 0.5;
/// Share of the probability that the same pictures have together.
pub const NEAR_IDENTICAL_SHARE: f64 = 0.95;

/// The candidates whose photo is the query's picture, the most similar first. `hash` is the query's, where it is known.
pub fn near_identical(set: &CandidateSet, hash: Option<PerceptualHash>) -> Vec<usize> {
    let photo = Channel::photo();
    let is_same = |candidate: &Candidate| {
        let similarity = candidate.similarity(&photo);
        let same_hash = hash.zip(candidate.hash).is_some_and(|(query, known)| query.is_near(known));
        let alike = similarity.is_none_or(|value| value >= ALIKE);
        candidate.photo.is_some() && (similarity.is_some_and(|value| value >= SAME) || same_hash && alike)
    };
    let mut same: Vec<usize> = (0..set.candidates.len()).filter(|&at| is_same(&set.candidates[at])).collect();
    let similarity = |at: usize| set.candidates[at].similarity(&photo).unwrap_or(0.0);
    same.sort_by(|&a, &b| similarity(b).total_cmp(&similarity(a)));
    same
}

/// Raises the scores of the candidates in `same`, best first, so that their softmax at `temperature` is
/// [`NEAR_IDENTICAL_SHARE`] in equal parts; their order is kept by a share of a thousandth.
pub fn promote(ranking: &Ranking, same: &[usize], temperature: f64) -> Ranking {
    let others = ranking.scores.iter().enumerate().filter(|(index, _)| !same.contains(index));
    let others: Vec<f64> = others.map(|(_, &score)| f64::from(score) / temperature).collect();
    let highest = others.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // ln of the sum of exp, without overflow; a set of nothing else has any level.
    let level = if highest.is_finite() {
        highest + others.iter().map(|score| (score - highest).exp()).sum::<f64>().ln()
    } else {
        0.0
    };
    let count = same.len().max(1) as f64;
    let each = level + (NEAR_IDENTICAL_SHARE / (1.0 - NEAR_IDENTICAL_SHARE) / count).ln();
    let mut scores = ranking.scores.clone();
    for (place, &index) in same.iter().enumerate() {
        if let Some(score) = scores.get_mut(index) {
            *score = ((each - 0.001 * place as f64 / count) * temperature) as f32;
        }
    }
    Ranking { scores }
}

#[cfg(test)]
mod tests {
    use contract::Origin;
    use geo::LatLon;

    use super::*;
    use crate::probabilities;

    fn seen(similarity: f32, hash: Option<u64>) -> Candidate {
        let origin = Origin::Retrieved { channel: Channel::photo(), rank: 0, similarity };
        let mut candidate = Candidate::at(LatLon::new(1.0, 2.0).unwrap(), origin);
        candidate.photo = Some("p".into());
        candidate.hash = hash.map(PerceptualHash);
        candidate
    }

    #[test]
    fn the_same_picture_is_known_by_vectors_or_by_hash() {
        let mut bare = seen(0.99, Some(0));
        bare.photo = None;
        let set = CandidateSet::new(
            "q",
            vec![
                seen(0.6, Some(0b1111)),
                seen(0.985, None),
                seen(0.97, None),
                seen(0.3, Some(0)),
                seen(0.9, Some(u64::MAX)),
                bare,
            ],
        );
        assert_eq!(near_identical(&set, Some(PerceptualHash(0))), [1, 0]);
        assert_eq!(near_identical(&set, None), [1]);
    }

    #[test]
    fn it_outweighs_any_vote() {
        for temperature in [0.05, 1.0, 7.0] {
            let ranking = Ranking { scores: vec![3.0, -8.0, 2.9, 2.8, -9.0] };
            let raised = promote(&ranking, &[4, 1], temperature);
            let shares = probabilities(&raised, temperature);
            assert!((shares[1] + shares[4] - NEAR_IDENTICAL_SHARE).abs() < 1e-3, "{shares:?}");
            assert_eq!(raised.order()[..2], [4, 1]);
            assert!((raised.scores[0] - 3.0).abs() < f32::EPSILON);
        }
        let alone = promote(&Ranking { scores: vec![-5.0] }, &[0], 1.0);
        assert!(alone.scores[0].is_finite());
    }
}
