//! Photos that are nearly the same, among many.
//!
//! Two hashes within `d` bits agree exactly in one of `d + 1` parts of their bits (the pigeonhole principle), so only
//! photos that share a part are compared.

use std::collections::HashMap;

use contract::PerceptualHash;

/// Parts of a hash: one more than the bits that may differ.
const PARTS: u32 = PerceptualHash::NEAR_DUPLICATE_BITS + 1;

/// Hashes that can be asked for near-duplicates.
#[derive(Default)]
pub(crate) struct NearDuplicates {
    /// By part and its bits, the numbers of the photos.
    buckets: HashMap<(u32, u64), Vec<u32>>,
    hashes: Vec<PerceptualHash>,
}

fn part(hash: PerceptualHash, part: u32) -> u64 {
    let (first, end) = (64 * part / PARTS, 64 * (part + 1) / PARTS);
    (hash.0 >> first) & ((1 << (end - first)) - 1)
}

impl NearDuplicates {
    /// Adds a photo; its number is that of the photos before it.
    pub(crate) fn add(&mut self, hash: PerceptualHash) {
        let number = self.hashes.len() as u32;
        self.hashes.push(hash);
        for index in 0..PARTS {
            self.buckets.entry((index, part(hash, index))).or_default().push(number);
        }
    }

    /// The first photo that is nearly the same.
    pub(crate) fn first(&self, hash: PerceptualHash) -> Option<usize> {
        let of_part = |index: u32| {
            let bucket = self.buckets.get(&(index, part(hash, index)))?;
            bucket.iter().find(|&&number| self.hashes[number as usize].is_near(hash)).copied()
        };
        (0..PARTS).filter_map(of_part).min().map(|number| number as usize)
    }
}

/// For each photo the first one that it is nearly the same as, directly or over others: itself for one that leads.
pub(crate) fn leaders(hashes: &[PerceptualHash]) -> Vec<usize> {
    let mut known = NearDuplicates::default();
    let mut leaders: Vec<usize> = Vec::with_capacity(hashes.len());
    for (index, hash) in hashes.iter().enumerate() {
        let earlier = known.first(*hash);
        leaders.push(earlier.map_or(index, |other| leaders[other]));
        known.add(*hash);
    }
    leaders
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn finds_what_comparing_all_finds() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut hashes: Vec<PerceptualHash> = Vec::new();
        for index in 0..600 {
            let fresh = random.random::<u64>();
            let hash = match hashes.get(index / 2) {
                // Up to ten bits other than a known one: on both sides of the limit.
                Some(known) if index % 3 == 0 => (0..random.random_range(0..11))
                    .fold(known.0, |hash, _| hash ^ (1 << random.random_range(0..64))),
                _ => fresh,
            };
            hashes.push(PerceptualHash(hash));
        }
        let mut slow: Vec<usize> = Vec::new();
        for (index, hash) in hashes.iter().enumerate() {
            let earlier = (0..index).find(|&other| hashes[other].is_near(*hash));
            slow.push(earlier.map_or(index, |other| slow[other]));
        }
        assert_eq!(leaders(&hashes), slow);
        assert!(slow.iter().enumerate().any(|(index, leader)| index != *leader));
    }
}
