//! Random numbers by position: the same position always gives the same number.
//!
//! Dropout needs that: a layer that is computed again must drop the same numbers again, whatever the threads.

use rayon::prelude::*;

/// Numbers of one task.
const CHUNK: usize = 1 << 14;

/// A sequence of random numbers that can be entered anywhere (the counter form of `SplitMix64`, Steele et al. 2014).
#[derive(Clone, Copy, Debug)]
pub(in crate::qwen2_vl) struct Sequence(u64);

impl Sequence {
    /// The sequence of a seed and of what it is for.
    pub(in crate::qwen2_vl) fn new(seed: u64, purpose: &[u64]) -> Self {
        Self(purpose.iter().fold(mixed(seed), |key, &word| mixed(key ^ mixed(word.wrapping_add(1)))))
    }

    /// The number at a place: 64 random bits.
    pub(in crate::qwen2_vl) fn bits(self, place: u64) -> u64 {
        mixed(self.0.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// In `0..1`.
    pub(in crate::qwen2_vl) fn uniform(self, place: u64) -> f64 {
        (self.bits(place) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// With mean 0 and variance 1 (Box and Muller 1958).
    pub(in crate::qwen2_vl) fn normal(self, place: u64) -> f64 {
        let (radius, angle) = (1.0 - self.uniform(2 * place), self.uniform(2 * place + 1));
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

fn mixed(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Which numbers of a module's input are dropped, and what makes up for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask {
    sequence: Sequence,
    /// Places whose upper 32 bits are below are dropped.
    below: u64,
    factor: f32,
}

impl Mask {
    /// Drops with this probability, below 1.
    pub(super) fn new(probability: f64, sequence: Sequence) -> Self {
        let below = (probability * 4_294_967_296.0) as u64;
        Self { sequence, below, factor: (1.0 / (1.0 - probability)) as f32 }
    }

    /// 0 or the factor.
    fn at(&self, place: usize) -> f32 {
        if self.sequence.bits(place as u64) >> 32 < self.below { 0.0 } else { self.factor }
    }

    /// `into = mask * from`; `first` is the place of the first number.
    pub(super) fn apply(&self, first: usize, from: &[f32], into: &mut [f32]) {
        let chunks = into.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK));
        chunks.enumerate().for_each(|(chunk, (into, from))| {
            for (place, (into, from)) in (first + chunk * CHUNK..).zip(into.iter_mut().zip(from)) {
                *into = from * self.at(place);
            }
        });
    }

    /// `into += mask * from`.
    pub(super) fn add(&self, first: usize, from: &[f32], into: &mut [f32]) {
        let chunks = into.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK));
        chunks.enumerate().for_each(|(chunk, (into, from))| {
            for (place, (into, from)) in (first + chunk * CHUNK..).zip(into.iter_mut().zip(from)) {
                *into += from * self.at(place);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_of_other_seeds_and_purposes_differ() {
        let first = |seed, purpose: &[u64]| Sequence::new(seed, purpose).bits(0);
        let all = [
            first(1, &[]),
            first(2, &[]),
            first(1, &[0]),
            first(1, &[1]),
            first(1, &[0, 1]),
            first(1, &[1, 0]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(all[..index].iter().all(|other| other != one));
        }
        assert_eq!(first(1, &[1, 0]), all[5]);
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let sequence = Sequence::new(7, &[]);
        let moments = |number: &dyn Fn(u64) -> f64| {
            let count = 200_000;
            let mean = (0..count).map(number).sum::<f64>() / count as f64;
            (mean, (0..count).map(|place| (number(place) - mean).powi(2)).sum::<f64>() / count as f64)
        };
        let (mean, variance) = moments(&|place| sequence.uniform(place));
        assert!((mean - 0.5).abs() < 3e-3 && (variance - 1.0 / 12.0).abs() < 1e-3);
        let (mean, variance) = moments(&|place| sequence.normal(place));
        assert!(mean.abs() < 1e-2 && (variance - 1.0).abs() < 2e-2);
    }

    #[test]
    fn a_mask_drops_its_share_wherever_it_is_entered() {
        let mask = Mask::new(0.25, Sequence::new(3, &[1, 2]));
        let ones = vec![1.0; 100_000];
        let mut whole = vec![f32::NAN; ones.len()];
        mask.apply(0, &ones, &mut whole);
        let dropped = whole.iter().filter(|value| **value == 0.0).count();
        assert!((24_000..26_000).contains(&dropped), "{dropped}");
        assert!(whole.iter().all(|value| *value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6));
        let mut part = vec![1.0; 500];
        mask.add(70_123, &ones[..500], &mut part);
        assert!(part.iter().zip(&whole[70_123..]).all(|(part, whole)| (part - 1.0 - whole).abs() < 1e-6));
        let mut all = vec![0.0; 10];
        Mask::new(0.0, Sequence::new(3, &[])).apply(0, &ones[..10], &mut all);
        assert_eq!(all, [1.0; 10]);
    }
}
