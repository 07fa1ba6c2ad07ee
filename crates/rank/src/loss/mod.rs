//! The multi-order distance loss (arXiv 2505.13731, section 3.3).
//!
//! # What it does
//! The candidates of a query, sorted by distance, nearest first, are an order that the scores should make likely. First
//! order: the likelihood of the order of the candidates. Second order: the likelihood of the order of their pairs,
//! where the pair with the largest gap in distance should have the largest gap in score.
//!
//! ```
//! use rank::MultiOrderLoss;
//!
//! let right = MultiOrderLoss::default().evaluate(&[3.0, 1.0, -2.0], &[0.4, 80.0, 9000.0]);
//! let wrong = MultiOrderLoss::default().evaluate(&[-2.0, 1.0, 3.0], &[0.4, 80.0, 9000.0]);
//! assert!(right.loss < wrong.loss);
//! assert!(wrong.gradient[0] < 0.0, "descending the gradient raises the nearest candidate's score");
//! ```
//!
//! # Alternatives considered
//! Automatic differentiation. The gradient of a Plackett-Luce likelihood is a sum of shares; written down, it is exact
//! in f64 whatever the network computes in, and every ranker gets it from here.

mod likelihood;

use likelihood::{OrderLoss, order_loss, saturated};

/// How many positions, or pairs, a listwise likelihood keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The first so many; more than there are means all, 0 means 1.
    First(usize),
    /// All of them.
    All,
}

impl Keep {
    /// How many of `count` are kept.
    fn of(self, count: usize) -> usize {
        match self {
            Self::First(first) => first.clamp(1, count.max(1)).min(count),
            Self::All => count,
        }
    }
}

/// Which pairs the second order looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairRule {
    /// Those whose nearer member is among the K nearest; the likelihood then runs over all of them (the official
    /// code).
    Anchors,
    /// All pairs; the likelihood keeps its first terms (the paper).
    Terms(Keep),
}

/// Settings of the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultiOrderLoss {
    /// Share of the first order; the second has the rest.
    pub lambda: f64,
    /// K of the first order, and of [`PairRule::Anchors`].
    pub keep: Keep,
    /// Pairs of the second order.
    pub pairs: PairRule,
}

impl Default for MultiOrderLoss {
    /// As published: lambda 0.7, K = 1, pairs as in the official code.
    fn default() -> Self {
        Self { lambda: 0.7, keep: Keep::First(1), pairs: PairRule::Anchors }
    }
}

impl MultiOrderLoss {
    /// The loss of one query's `scores` (larger is closer) and its gradient, from each candidate's distance to the
    /// truth in km.
    ///
    /// Finite for any finite scores: gaps beyond the largest f64 are taken for it. Equal distances and equal gaps stay
    /// in the order in which they came. Fewer than two candidates give 0 everywhere. A score or distance that is no
    /// finite number makes everything NaN, for the caller to see.
    ///
    /// # Panics
    /// If there are not as many distances as scores.
    pub fn evaluate(&self, scores: &[f64], distances_km: &[f64]) -> LossValue {
        assert_eq!(scores.len(), distances_km.len(), "one distance a score");
        let count = scores.len();
        if scores.iter().chain(distances_km).any(|value| !value.is_finite()) {
            let nan = f64::NAN;
            return LossValue { loss: nan, first_order: nan, second_order: nan, gradient: vec![nan; count] };
        }
        if count < 2 {
            return LossValue { loss: 0.0, first_order: 0.0, second_order: 0.0, gradient: vec![0.0; count] };
        }
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| ascending(distances_km[a], distances_km[b]));
        let sorted: Vec<f64> = order.iter().map(|&index| scores[index]).collect();
        let distances: Vec<f64> = order.iter().map(|&index| distances_km[index]).collect();

        let first = order_loss(&sorted, self.keep.of(count));
        let second = self.second_order(&sorted, &distances);
        let rest = 1.0 - self.lambda;
        let mut gradient = vec![0.0; count];
        for (position, &index) in order.iter().enumerate() {
            gradient[index] = self.lambda * first.gradient[position] + rest * second.gradient[position];
        }
        LossValue {
            loss: saturated(self.lambda * first.loss + rest * second.loss),
            first_order: first.loss,
            second_order: second.loss,
            gradient,
        }
    }

    /// The likelihood of the order of the pairs, differentiated to the scores; both inputs nearest first.
    fn second_order(&self, scores: &[f64], distances: &[f64]) -> OrderLoss {
        let count = scores.len();
        let anchors = match self.pairs {
            PairRule::Anchors => self.keep.of(count),
            PairRule::Terms(_) => count,
        };
        let mut pairs: Vec<(usize, usize)> = (0..anchors)
            .flat_map(|nearer| (nearer + 1..count).map(move |farther| (nearer, farther)))
            .collect();
        let gap = |&(nearer, farther): &(usize, usize)| distances[nearer] - distances[farther];
        pairs.sort_by(|a, b| ascending(gap(a), gap(b)));
        let gaps: Vec<f64> =
            pairs.iter().map(|&(nearer, farther)| saturated(scores[nearer] - scores[farther])).collect();
        let keep = match self.pairs {
            PairRule::Anchors => gaps.len(),
            PairRule::Terms(keep) => keep.of(gaps.len()),
        };
        let OrderLoss { loss, gradient: of_pairs } = order_loss(&gaps, keep);
        let mut gradient = vec![0.0; count];
        for (&(nearer, farther), &slope) in pairs.iter().zip(&of_pairs) {
            gradient[nearer] += slope;
            gradient[farther] -= slope;
        }
        OrderLoss { loss, gradient }
    }
}

/// The order of two numbers that are not NaN; both zeros are equal.
fn ascending(a: f64, b: f64) -> std::cmp::Ordering {
    (a + 0.0).total_cmp(&(b + 0.0))
}

/// A loss and its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct LossValue {
    /// `lambda * first_order + (1 - lambda) * second_order`.
    pub loss: f64,
    /// The first-order part.
    pub first_order: f64,
    /// The second-order part.
    pub second_order: f64,
    /// Derivative of `loss` with respect to each score, in the order of the scores.
    pub gradient: Vec<f64>,
}
