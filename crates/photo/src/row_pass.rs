//! The row pass of a resize, where nearly all its time goes.
//!
//! Along a row neighbouring samples of a channel are added up, so the channels are first split into planes of i16.
//! A 22-bit weight is split as `high * 2^11 + low`: two products of 16-bit factors, summed in pairs by one
//! instruction, are faster than one of 32 bits. All arithmetic is exact, hence the same on every machine.
#![allow(
    clippy::inline_always,
    reason = "loops must be inlined to be compiled for the chosen instruction set"
)]

use pulp::{Arch, NullaryFnOnce};

use super::filter::Taps;
use super::resize::{HALF, to_sample};

/// Taps that are multiplied at once.
const LANES: usize = 16;
/// Bits of the low part of a weight.
const LOW_BITS: u32 = 11;
/// Rows that share one reading of the weights.
const ROW_BLOCK: usize = 4;

/// Fills the rows of `out`, `[rows, taps.len(), 3]`, from those of `source`, of `stride` bytes each.
pub(super) fn run(source: &[u8], stride: usize, taps: &[Taps], out: &mut [u8]) {
    let plan = Plan::new(taps);
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return pulp::Simd::vectorize(
            simd,
            RowPass { source, stride, plan: &plan, out, multiplier: Avx2(simd) },
        );
    }
    run_portable(source, stride, &plan, out);
}

fn run_portable(source: &[u8], stride: usize, plan: &Plan, out: &mut [u8]) {
    Arch::new().dispatch(RowPass { source, stride, plan, out, multiplier: Portable });
}

struct RowPass<'a, M> {
    source: &'a [u8],
    stride: usize,
    plan: &'a Plan,
    out: &'a mut [u8],
    multiplier: M,
}

impl<M: Multiplier> NullaryFnOnce for RowPass<'_, M> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let out_stride = self.plan.spans.len() * 3;
        // The last chunk of lanes may reach beyond the row: there its weights are 0.
        let padded = self.stride / 3 + LANES;
        let mut planes = vec![0_i16; padded * 3 * ROW_BLOCK];
        let in_blocks = self.source.chunks(self.stride * ROW_BLOCK);
        for (out_rows, in_rows) in self.out.chunks_mut(out_stride * ROW_BLOCK).zip(in_blocks) {
            for (row, planes) in in_rows.chunks_exact(self.stride).zip(planes.chunks_exact_mut(padded * 3)) {
                split_channels(row, planes, padded);
            }
            for (column, (first, weights)) in self.plan.columns().enumerate() {
                let span = first..first + weights.len() * LANES;
                let out_pixels = out_rows.chunks_exact_mut(out_stride).map(|row| &mut row[column * 3..][..3]);
                for (pixel, planes) in out_pixels.zip(planes.chunks_exact(padded * 3)) {
                    let (reds, rest) = planes.split_at(padded);
                    let (greens, blues) = rest.split_at(padded);
                    let samples = [reds, greens, blues].map(|plane| plane[span.clone()].as_chunks().0);
                    let sums = self.multiplier.weigh(samples, weights);
                    pixel.copy_from_slice(&sums.map(|sum| to_sample(HALF.wrapping_add(sum))));
                }
            }
        }
    }
}

#[inline(always)]
fn split_channels(row: &[u8], planes: &mut [i16], padded: usize) {
    let (reds, rest) = planes.split_at_mut(padded);
    let (greens, blues) = rest.split_at_mut(padded);
    for (((pixel, red), green), blue) in row.as_chunks::<3>().0.iter().zip(reds).zip(greens).zip(blues) {
        *red = i16::from(pixel[0]);
        *green = i16::from(pixel[1]);
        *blue = i16::from(pixel[2]);
    }
}

/// [`LANES`] weights, split.
#[derive(Clone, Copy)]
struct Weights {
    high: [i16; LANES],
    low: [i16; LANES],
}

/// The weights of all target columns.
struct Plan {
    weights: Vec<Weights>,
    /// First source column and number of chunks, per target column.
    spans: Vec<(usize, usize)>,
}

impl Plan {
    fn new(taps: &[Taps]) -> Self {
        let mut plan = Self { weights: Vec::new(), spans: Vec::with_capacity(taps.len()) };
        for tap in taps {
            let before = plan.weights.len();
            for chunk in tap.weights.chunks(LANES) {
                let mut split = Weights { high: [0; LANES], low: [0; LANES] };
                for ((high, low), &weight) in split.high.iter_mut().zip(&mut split.low).zip(chunk) {
                    *high = (weight >> LOW_BITS) as i16;
                    *low = (weight & ((1 << LOW_BITS) - 1)) as i16;
                }
                plan.weights.push(split);
            }
            plan.spans.push((tap.first, plan.weights.len() - before));
        }
        plan
    }

    fn columns(&self) -> impl Iterator<Item = (usize, &[Weights])> {
        let mut rest = self.weights.as_slice();
        self.spans.iter().map(move |&(first, chunks)| {
            let (weights, after) = rest.split_at(chunks);
            rest = after;
            (first, weights)
        })
    }
}

/// Sums of products for one target pixel.
trait Multiplier: Copy {
    /// The weighted sum of each channel, modulo 2^32. The parts are as long as `weights`.
    fn weigh(self, samples: [&[[i16; LANES]]; 3], weights: &[Weights]) -> [i32; 3];
}

#[derive(Clone, Copy)]
struct Portable;

impl Multiplier for Portable {
    #[inline(always)]
    fn weigh(self, samples: [&[[i16; LANES]]; 3], weights: &[Weights]) -> [i32; 3] {
        samples.map(|samples| {
            let (mut high, mut low) = (0_i32, 0_i32);
            for (samples, weights) in samples.iter().zip(weights) {
                for ((&sample, &upper), &lower) in samples.iter().zip(&weights.high).zip(&weights.low) {
                    high = high.wrapping_add(i32::from(sample) * i32::from(upper));
                    low = low.wrapping_add(i32::from(sample) * i32::from(lower));
                }
            }
            (high << LOW_BITS).wrapping_add(low)
        })
    }
}

#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Avx2(pulp::x86::V3);

#[cfg(target_arch = "x86_64")]
impl Multiplier for Avx2 {
    #[inline(always)]
    fn weigh(self, [reds, greens, blues]: [&[[i16; LANES]]; 3], weights: &[Weights]) -> [i32; 3] {
        let (avx, avx2) = (self.0.avx, self.0.avx2);
        let mut high = [avx._mm256_setzero_si256(); 3];
        let mut low = high;
        for (((weights, red), green), blue) in weights.iter().zip(reds).zip(greens).zip(blues) {
            for (channel, samples) in [red, green, blue].into_iter().enumerate() {
                let samples = pulp::cast(*samples);
                let products = avx2._mm256_madd_epi16(samples, pulp::cast(weights.high));
                high[channel] = avx2._mm256_add_epi32(high[channel], products);
                let products = avx2._mm256_madd_epi16(samples, pulp::cast(weights.low));
                low[channel] = avx2._mm256_add_epi32(low[channel], products);
            }
        }
        let sum = |channel: usize| {
            let shifted = avx2._mm256_slli_epi32::<{ LOW_BITS as i32 }>(high[channel]);
            avx2._mm256_add_epi32(shifted, low[channel])
        };
        let [red, green, blue] = [sum(0), sum(1), sum(2)];
        // Pairs, then pairs of pairs: each half holds the half sums of red, green, blue, blue.
        let red_green = avx2._mm256_hadd_epi32(red, green);
        let blue = avx2._mm256_hadd_epi32(blue, blue);
        let halves: [i32; 8] = pulp::cast(avx2._mm256_hadd_epi32(red_green, blue));
        [0, 1, 2].map(|channel| halves[channel].wrapping_add(halves[4 + channel]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Filter;
    use super::super::filter::{PRECISION_BITS, taps};
    use super::*;

    /// The definition: 64-bit sums of whole weights.
    fn by_definition(source: &[u8], stride: usize, taps: &[Taps]) -> Vec<u8> {
        let mut out = Vec::new();
        for row in source.chunks_exact(stride) {
            for tap in taps {
                for channel in 0..3 {
                    let samples = row.iter().skip(tap.first * 3 + channel).step_by(3);
                    let products = samples
                        .zip(&tap.weights)
                        .map(|(&sample, &weight)| i64::from(sample) * i64::from(weight));
                    let sum = products.sum::<i64>() + i64::from(HALF);
                    out.push((sum >> PRECISION_BITS).clamp(0, 255) as u8);
                }
            }
        }
        out
    }

    proptest! {
        #[test]
        fn every_instruction_set_follows_the_definition(
            (width, rows) in (1_usize..200, 1_usize..10),
            target in 1_u32..250,
            which in 0_usize..3,
            seed in any::<u8>(),
            extreme in any::<bool>(),
        ) {
            let filter = [Filter::Bilinear, Filter::Bicubic, Filter::Lanczos][which];
            let sample = |index: usize| {
                let value = (index * 7919 + usize::from(seed) * 31) >> 3;
                if extreme { (value as u8 & 1) * 255 } else { value as u8 }
            };
            let source: Vec<u8> = (0..width * rows * 3).map(sample).collect();
            let taps = taps(filter, width as u32, target, 0..target);
            let expected = by_definition(&source, width * 3, &taps);
            let mut chosen = vec![0; expected.len()];
            run(&source, width * 3, &taps, &mut chosen);
            prop_assert!(chosen == expected);
            let mut portable = vec![0; expected.len()];
            run_portable(&source, width * 3, &Plan::new(&taps), &mut portable);
            prop_assert!(portable == expected);
        }
    }
}
