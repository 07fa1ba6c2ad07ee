//! Resamples of many photos: first how many draws fall into each block, then the draws within each.
//!
//! A resample of n photos is n independent draws. How many of them fall into each of several blocks is multinomial,
//! and given that number, the draws within a block are independent and uniform again. So drawing in these two steps
//! has exactly the distribution of drawing one by one, while a block fits into the fastest cache. Blocks hold a power
//! of two photos, so that a few random bits are an index without a rejection or a bias.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;

use super::Bootstrap;
use super::sorted::Sorted;

/// Photos in the largest block: two numbers each fill the first-level cache.
const LARGEST: usize = 2048;
/// Resamples that walk over the photos together.
const TOGETHER: usize = 16;
/// Random bits per index; enough for the largest block.
const BITS: usize = 16;
const LANES: usize = 64 / BITS;

/// A run of photos.
#[derive(Clone, Copy)]
struct Block {
    start: usize,
    /// A power of two.
    length: usize,
}

/// Blocks that no cut divides; `cuts` ascends from 0 to the number of photos.
fn blocks(cuts: &[usize]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for pair in cuts.windows(2) {
        let mut start = pair[0];
        while let Some(power) = pair[1].saturating_sub(start).checked_ilog2() {
            let length = (1_usize << power).min(LARGEST);
            blocks.push(Block { start, length });
            start += length;
        }
    }
    blocks
}

/// The generator of one resample: a stream of its own, so that no thread waits for another's draws.
pub(super) fn generator(bootstrap: &Bootstrap, resample: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(bootstrap.seed);
    random.set_stream(resample as u64 + 1);
    random
}

/// How many of `draws` draws fall into each group, when all members of all groups are equally likely.
pub(super) fn split(
    random: &mut ChaCha8Rng,
    sizes: impl Iterator<Item = usize> + Clone,
    draws: usize,
) -> Vec<u32> {
    let (mut members, mut left) = (sizes.clone().sum::<usize>(), draws as u64);
    let mut counts = Vec::with_capacity(sizes.size_hint().0);
    for size in sizes {
        let drawn = if size >= members {
            left
        } else {
            // The share lies within 0..1, so there is always a distribution.
            Binomial::new(left, size as f64 / members as f64).map_or(0, |binomial| binomial.sample(random))
        };
        counts.push(drawn as u32);
        (members, left) = (members - size, left - drawn);
    }
    counts
}

/// Calls `visit` with the lane and the index of `count` uniform draws from a block of `length` photos.
fn draw(random: &mut ChaCha8Rng, length: usize, count: u32, mut visit: impl FnMut(usize, usize)) {
    let mask = length - 1;
    let mut left = count as usize;
    while left > 0 {
        let word = random.next_u64();
        for lane in 0..LANES.min(left) {
            visit(lane, (word >> (BITS * lane)) as usize & mask);
        }
        left = left.saturating_sub(LANES);
    }
}

/// The sums of `count` uniform draws from a block. Several running sums, because one would wait for itself.
fn draw_sums<const N: usize>(random: &mut ChaCha8Rng, block: &[[f64; N]], count: u32) -> [f64; N] {
    let mut sums = [[0.0; N]; LANES];
    match block {
        [] => {}
        [only] => sums[0] = only.map(|value| value * f64::from(count)),
        _ => draw(random, block.len(), count, |lane, index| {
            for (sum, value) in sums[lane].iter_mut().zip(block[index]) {
                *sum += value;
            }
        }),
    }
    std::array::from_fn(|at| (sums[0][at] + sums[1][at]) + (sums[2][at] + sums[3][at]))
}

/// Runs `work` on groups of resamples, in parallel; the results are in the order of the resamples.
fn in_groups<T: Send>(bootstrap: &Bootstrap, work: impl Fn(Vec<ChaCha8Rng>) -> Vec<T> + Sync) -> Vec<T> {
    let starts: Vec<usize> = (0..bootstrap.resamples).step_by(TOGETHER).collect();
    let group = |start: &usize| {
        let end = (start + TOGETHER).min(bootstrap.resamples);
        work((*start..end).map(|resample| generator(bootstrap, resample)).collect())
    };
    starts.par_iter().map(group).collect::<Vec<_>>().into_iter().flatten().collect()
}

/// The sums of each resample of all values.
pub(super) fn sums(values: &[f64], bootstrap: &Bootstrap) -> Vec<f64> {
    let values: Vec<[f64; 1]> = values.iter().map(|value| [*value]).collect();
    let blocks = blocks(&[0, values.len()]);
    in_groups(bootstrap, |mut randoms| {
        let sizes = blocks.iter().map(|block| block.length);
        let counts: Vec<Vec<u32>> =
            randoms.iter_mut().map(|random| split(random, sizes.clone(), values.len())).collect();
        let mut sums = vec![0.0; randoms.len()];
        for (number, block) in blocks.iter().enumerate() {
            let members = values.get(block.start..block.start + block.length).unwrap_or_default();
            for ((random, counts), sum) in randoms.iter_mut().zip(&counts).zip(&mut sums) {
                let [drawn] = draw_sums(random, members, counts.get(number).copied().unwrap_or(0));
                *sum += drawn;
            }
        }
        sums
    })
}

/// The statistics of each resample, in the order of [`super::sorted::Statistics::list`].
pub(super) fn resample(sorted: &Sorted, bootstrap: &Bootstrap) -> Vec<[f64; 8]> {
    let photos = Photos::new(sorted);
    in_groups(bootstrap, |randoms| {
        let mut resamples: Vec<Resample> =
            randoms.into_iter().map(|random| Resample::new(random, &photos)).collect();
        for (number, block) in photos.blocks.iter().enumerate() {
            for resample in &mut resamples {
                resample.draw_block(number, *block, &photos);
            }
        }
        resamples.iter().map(|resample| resample.statistics(&photos)).collect()
    })
}

/// The photos in ascending order of their errors, cut at the radii and where the predictions end.
struct Photos<'a> {
    sorted: &'a Sorted,
    blocks: Vec<Block>,
    /// Error in km and score of the photos with a prediction.
    values: Vec<[f64; 2]>,
    total: usize,
}

impl<'a> Photos<'a> {
    fn new(sorted: &'a Sorted) -> Self {
        let total = sorted.errors.len();
        let mut cuts = vec![0];
        cuts.extend(sorted.below);
        cuts.extend([sorted.predicted, total]);
        let known = sorted.errors.iter().zip(&sorted.scores).take(sorted.predicted);
        Self {
            sorted,
            blocks: blocks(&cuts),
            values: known.map(|(km, score)| [*km, *score]).collect(),
            total,
        }
    }
}

/// One resample while its blocks are drawn.
struct Resample {
    random: ChaCha8Rng,
    counts: Vec<u32>,
    /// Draws in the blocks so far.
    seen: usize,
    below: [usize; 5],
    predicted: usize,
    sums: [f64; 2],
    /// The two values in the middle; the same one when the number of photos is odd.
    middle: [f64; 2],
}

impl Resample {
    fn new(mut random: ChaCha8Rng, photos: &Photos<'_>) -> Self {
        let counts = split(&mut random, photos.blocks.iter().map(|block| block.length), photos.total);
        let (seen, predicted) = (0, 0);
        Self { random, counts, seen, below: [0; 5], predicted, sums: [0.0; 2], middle: [f64::INFINITY; 2] }
    }

    fn draw_block(&mut self, number: usize, block: Block, photos: &Photos<'_>) {
        let count = self.counts.get(number).copied().unwrap_or(0);
        for (below, end) in self.below.iter_mut().zip(photos.sorted.below) {
            if block.start < end {
                *below += count as usize;
            }
        }
        // Photos without a prediction add nothing, and infinity is already the middle.
        let Some(members) = photos.values.get(block.start..block.start + block.length) else { return };
        self.predicted += count as usize;
        let ranks = [(photos.total - 1) / 2, photos.total / 2];
        let here = self.seen..self.seen + count as usize;
        let drawn = if ranks.iter().any(|rank| here.contains(rank)) {
            self.draw_middle(members, count, ranks)
        } else {
            draw_sums(&mut self.random, members, count)
        };
        self.seen = here.end;
        for (sum, drawn) in self.sums.iter_mut().zip(drawn) {
            *sum += drawn;
        }
    }

    /// Draws the block that holds a rank in the middle, counting how often each photo comes.
    fn draw_middle(&mut self, members: &[[f64; 2]], count: u32, ranks: [usize; 2]) -> [f64; 2] {
        let mut times = [0_u32; LARGEST];
        draw(&mut self.random, members.len(), count, |_, index| times[index] += 1);
        let mut sums = [0.0; 2];
        let mut seen = self.seen;
        for (value, times) in members.iter().zip(times) {
            let here = seen..seen + times as usize;
            for (middle, rank) in self.middle.iter_mut().zip(ranks) {
                if here.contains(&rank) {
                    *middle = value[0];
                }
            }
            for (sum, value) in sums.iter_mut().zip(value) {
                *sum += value * f64::from(times);
            }
            seen = here.end;
        }
        sums
    }

    fn statistics(&self, photos: &Photos<'_>) -> [f64; 8] {
        let total = photos.total as f64;
        let [a, b, c, d, e] = self.below.map(|below| 100.0 * below as f64 / total);
        let [kilometres, score] = self.sums;
        let median = f64::midpoint(self.middle[0], self.middle[1]);
        [a, b, c, d, e, median, kilometres / self.predicted as f64, score / total]
    }
}
