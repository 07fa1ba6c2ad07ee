//! Scores for candidates.

use crate::{CandidateSet, Failure};

/// One score a candidate, in the set's order; larger means closer to the query's true location.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// `[candidates]`, finite.
    pub scores: Vec<f32>,
}

impl Ranking {
    /// Candidate indices, best first; ties keep the set's order.
    pub fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.scores.len()).collect();
        order.sort_by(|&a, &b| self.scores[b].total_cmp(&self.scores[a]));
        order
    }

    /// The first maximum; `None` for an empty ranking.
    pub fn best(&self) -> Option<usize> {
        self.order().first().copied()
    }
}

/// Scores the candidates of a query.
pub trait Ranker: Send + Sync {
    /// Name for outputs and logs.
    fn name(&self) -> &str;

    /// Whether it looks at the candidates' own vectors ([`crate::Candidate::embedding`]), which are then looked up.
    fn needs_vectors(&self) -> bool {
        false
    }

    /// One score a candidate, in order.
    ///
    /// # Errors
    /// A [`Failure`] if the set lacks what this ranker needs or its weights are broken.
    fn rank(&self, set: &CandidateSet) -> Result<Ranking, Failure>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_keep_the_first() {
        let ranking = Ranking { scores: vec![0.5, 2.0, 2.0, -1.0] };
        assert_eq!(ranking.best(), Some(1));
        assert_eq!(ranking.order(), [1, 2, 0, 3]);
        assert_eq!(Ranking { scores: vec![] }.best(), None);
    }
}
