//! Which queries a step looks at.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The order of the training data: one shuffle after the other, drawn from the seed and the epoch's number alone. Steps
/// run over it as over one endless list; a step may end one epoch and begin the next.
#[derive(Clone, Debug)]
pub struct DataOrder {
    queries: usize,
    seed: u64,
    /// The shuffle in memory and its epoch.
    shuffle: Option<(u64, Vec<usize>)>,
}

impl DataOrder {
    /// The order of `queries` queries.
    pub fn new(queries: usize, seed: u64) -> Self {
        Self { queries, seed, shuffle: None }
    }

    /// The queries at `start..start + count` of the endless list; none if there are no queries at all.
    pub fn slice(&mut self, start: u64, count: usize) -> Vec<usize> {
        if self.queries == 0 {
            return Vec::new();
        }
        let length = self.queries as u64;
        (start..start + count as u64)
            .map(|place| self.shuffled(place / length)[(place % length) as usize])
            .collect()
    }

    fn shuffled(&mut self, epoch: u64) -> &[usize] {
        if !matches!(&self.shuffle, Some((ready, _)) if *ready == epoch) {
            let mut order: Vec<usize> = (0..self.queries).collect();
            order.shuffle(&mut ChaCha8Rng::seed_from_u64(mixed(&[self.seed, epoch])));
            self.shuffle = Some((epoch, order));
        }
        self.shuffle.as_ref().map_or(&[], |(_, order)| order)
    }
}

/// The seed of what is random in one batch of one step of one process.
pub(super) fn batch_seed(seed: u64, step: u64, batch: usize, rank: usize) -> u64 {
    // The word keeps these seeds away from those of the shuffles.
    mixed(&[seed, 0x6261_7463_6800_0000, step, batch as u64, rank as u64])
}

/// Numbers hashed into one (`SplitMix64`, chained): neighbouring numbers give unrelated seeds.
fn mixed(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0x9e37_79b9_7f4a_7c15, |state, number| {
        let mut mixed = (state ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_epoch_has_every_query_once_and_the_next_is_another() {
        let mut order = DataOrder::new(50, 7);
        let (first, second) = (order.slice(0, 50), order.slice(50, 50));
        for epoch in [&first, &second] {
            assert_eq!(epoch.iter().collect::<HashSet<_>>().len(), 50);
        }
        assert_ne!(first, second);
        assert_ne!(first, (0..50).collect::<Vec<_>>());
        assert_ne!(first, DataOrder::new(50, 8).slice(0, 50));
    }

    #[test]
    fn any_piece_can_be_asked_for_at_any_time() {
        let whole = DataOrder::new(7, 1).slice(0, 40);
        for start in 0..30 {
            assert_eq!(DataOrder::new(7, 1).slice(start, 10), whole[start as usize..start as usize + 10]);
        }
        assert!(DataOrder::new(0, 1).slice(0, 4).is_empty());
    }

    #[test]
    fn every_batch_has_a_seed_of_its_own() {
        let mut seeds = HashSet::new();
        for (seed, step) in [(0, 1), (0, 2), (1, 1), (1, 2)] {
            for (batch, rank) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                seeds.insert(batch_seed(seed, step, batch, rank));
            }
        }
        assert_eq!(seeds.len(), 16);
    }
}
