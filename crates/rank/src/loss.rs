//! The multi-order distance loss (arXiv 2505.13731, section 3.3).

/// How many positions, or pairs, a listwise likelihood keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The first so many; more than there are means all.
    First(usize),
    /// All of them.
    All,
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
