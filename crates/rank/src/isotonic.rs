//! Isotonic regression: the best non-decreasing curve through (prediction, outcome) pairs.

use serde::{Deserialize, Serialize};

/// A non-decreasing, piecewise-linear map from a raw score to a probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(f64, f64)>", into = "Vec<(f64, f64)>")]
pub struct IsotonicMap {
    /// `(raw, probability)`, raw strictly rising, probability never falling.
    knots: Vec<(f64, f64)>,
}

/// Knots that are not a non-decreasing map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an isotonic map needs at least one knot, finite numbers, rising inputs and non-falling outputs")]
pub struct InvalidKnots;

impl TryFrom<Vec<(f64, f64)>> for IsotonicMap {
    type Error = InvalidKnots;

    fn try_from(knots: Vec<(f64, f64)>) -> Result<Self, InvalidKnots> {
        let finite = knots.iter().all(|(raw, probability)| raw.is_finite() && probability.is_finite());
        let rising = knots.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        if knots.is_empty() || !finite || !rising { Err(InvalidKnots) } else { Ok(Self { knots }) }
    }
}

impl From<IsotonicMap> for Vec<(f64, f64)> {
    fn from(map: IsotonicMap) -> Self {
        map.knots
    }
}

impl IsotonicMap {
    /// The map that changes nothing on 0..1.
    pub fn identity() -> Self {
        Self { knots: vec![(0.0, 0.0), (1.0, 1.0)] }
    }

    /// Fits by pool-adjacent-violators.
    ///
    /// Each block becomes one knot at its mean input; `prior` pseudo-observations of the overall rate are
    /// added to each block, so that a small block never claims certainty. Returns the identity for no data.
    pub fn fit(samples: &[(f64, bool)], prior: f64) -> Self {
        let mut sorted: Vec<(f64, f64)> = samples
            .iter()
            .filter(|(raw, _)| raw.is_finite())
            .map(|&(raw, hit)| (raw, f64::from(u8::from(hit))))
            .collect();
        if sorted.is_empty() {
            return Self::identity();
        }
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let base_rate = sorted.iter().map(|(_, hit)| hit).sum::<f64>() / sorted.len() as f64;
        let mut blocks: Vec<Block> = Vec::with_capacity(sorted.len());
        for equal in sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let hits = equal.iter().map(|(_, hit)| hit).sum();
            let count = equal.len() as f64;
            let mut block = Block { raw_sum: equal[0].0 * count, hits, count };
            while let Some(last) = blocks.last() {
                if last.rate() < block.rate() {
                    break;
                }
                block = block.join(last);
                blocks.pop();
            }
            blocks.push(block);
        }
        let mut knots: Vec<(f64, f64)> = Vec::with_capacity(blocks.len());
        for block in blocks {
            let raw = block.raw_sum / block.count;
            let shrunk = (block.hits + prior * base_rate) / (block.count + prior);
            // Shrinking blocks of unequal size can break the order by a little; keep the larger.
            let probability = knots.last().map_or(shrunk, |(_, last)| last.max(shrunk));
            match knots.last_mut() {
                Some(last) if last.0 >= raw => last.1 = probability,
                _ => knots.push((raw, probability)),
            }
        }
        Self { knots }
    }

    /// The probability of a raw score: linear between knots, constant outside.
    pub fn at(&self, raw: f64) -> f64 {
        let after = self.knots.partition_point(|(knot, _)| *knot <= raw);
        let (Some(&right), Some(&left)) =
            (self.knots.get(after), after.checked_sub(1).and_then(|before| self.knots.get(before)))
        else {
            let edge = if after == 0 { self.knots.first() } else { self.knots.last() };
            return edge.map_or(0.0, |knot| knot.1);
        };
        left.1 + (right.1 - left.1) * (raw - left.0) / (right.0 - left.0)
    }
}

#[derive(Clone, Copy)]
struct Block {
    raw_sum: f64,
    hits: f64,
    count: f64,
}

impl Block {
    fn rate(&self) -> f64 {
        self.hits / self.count
    }

    fn join(&self, other: &Self) -> Self {
        Self {
            raw_sum: self.raw_sum + other.raw_sum,
            hits: self.hits + other.hits,
            count: self.count + other.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pools_violators() {
        let samples = [(0.1, false), (0.2, true), (0.3, false), (0.9, true)];
        let map = IsotonicMap::fit(&samples, 0.0);
        assert!((map.at(0.0) - 0.0).abs() < 1e-12);
        assert!((map.at(0.25) - 0.5).abs() < 1e-12, "the two middle samples are pooled");
        assert!((map.at(1.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn refuses_falling_knots() {
        assert_eq!(IsotonicMap::try_from(vec![(0.0, 0.5), (1.0, 0.4)]), Err(InvalidKnots));
        assert_eq!(IsotonicMap::try_from(vec![]), Err(InvalidKnots));
    }

    proptest! {
        #[test]
        fn never_falls_and_keeps_the_mean(
            samples in prop::collection::vec((0.0..1.0f64, any::<bool>()), 1..200)
        ) {
            let map = IsotonicMap::fit(&samples, 0.0);
            let knots: Vec<(f64, f64)> = map.clone().into();
            prop_assert!(IsotonicMap::try_from(knots).is_ok());
            for step in 0..20 {
                let (low, high) = (f64::from(step) / 20.0, f64::from(step + 1) / 20.0);
                prop_assert!(map.at(low) <= map.at(high) + 1e-12);
                prop_assert!((0.0..=1.0).contains(&map.at(low)));
            }
        }
    }
}
