//! Resampling filters and their fixed-point tables.

use std::f64::consts::PI;
use std::ops::Range;

/// Fraction bits of a weight: 32 less 8 of the samples and 2 of head room, as in Pillow.
pub(super) const PRECISION_BITS: u32 = 32 - 8 - 2;

/// A resampling filter. When shrinking it is widened by the factor, so every source pixel counts (antialiasing).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Triangle, support 1.
    Bilinear,
    /// Cubic convolution with a = -0.5, support 2.
    Bicubic,
    /// Sinc windowed by a sinc, support 3.
    Lanczos,
}

impl Filter {
    /// Half the width, in target pixels.
    const fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic => bicubic(x),
            Self::Lanczos if x < 3.0 => sinc(x) * sinc(x / 3.0),
            Self::Lanczos => 0.0,
        }
    }
}

/// Keys' cubic convolution kernel for `x >= 0`. The order of operations decides the last bit of a weight.
fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
}

/// The source samples of one target sample and their weights.
pub(super) struct Taps {
    /// Index of the first source sample.
    pub(super) first: usize,
    /// Weights times 2^[`PRECISION_BITS`]; they sum to about that.
    pub(super) weights: Vec<i32>,
}

/// The taps of the targets in `window`, where `source` samples become `target`.
pub(super) fn taps(filter: Filter, source: u32, target: u32, window: Range<u32>) -> Vec<Taps> {
    let scale = f64::from(source) / f64::from(target);
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let inverse = 1.0 / stretch;
    window
        .map(|index| {
            let center = (f64::from(index) + 0.5) * scale;
            // `as` truncates towards zero and saturates below at 0, like the cast and clamp in C.
            let first = (center - support + 0.5) as u32;
            let end = ((center + support + 0.5) as u32).min(source);
            let mut weights: Vec<f64> = (first..end)
                .map(|position| filter.weight((f64::from(position) - center + 0.5) * inverse))
                .collect();
            let total: f64 = weights.iter().sum();
            if total != 0.0 {
                for weight in &mut weights {
                    *weight /= total;
                }
            }
            Taps { first: first as usize, weights: weights.into_iter().map(to_fixed).collect() }
        })
        .collect()
}

/// Rounds half away from zero.
fn to_fixed(weight: f64) -> i32 {
    (weight * f64::from(1_u32 << PRECISION_BITS) + 0.5_f64.copysign(weight)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn taps_stay_inside_and_sum_to_one(source in 1_u32..3000, target in 1_u32..3000, which in 0..3) {
            let filter = [Filter::Bilinear, Filter::Bicubic, Filter::Lanczos][which as usize];
            let all = taps(filter, source, target, 0..target);
            prop_assert_eq!(all.len(), target as usize);
            for tap in &all {
                prop_assert!(!tap.weights.is_empty());
                prop_assert!(tap.first + tap.weights.len() <= source as usize);
                let sum: i64 = tap.weights.iter().map(|&weight| i64::from(weight)).sum();
                let one = 1_i64 << PRECISION_BITS;
                prop_assert!((sum - one).abs() <= tap.weights.len() as i64, "{}", sum);
                // The accumulator of a resampling pass cannot overflow.
                let magnitude: i64 = tap.weights.iter().map(|&weight| i64::from(weight).abs()).sum();
                prop_assert!(magnitude * 255 + one / 2 < i64::from(i32::MAX));
            }
        }
    }
}
