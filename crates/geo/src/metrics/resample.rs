//! Resamples of few photos, drawn one by one, and what every resampling ends with.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Bootstrap;

/// Up to this many photos, draws one by one are as fast as anything.
const SMALL: usize = 4096;

pub(super) fn is_small(photos: usize) -> bool {
    photos <= SMALL
}

/// Calls `visit` once a resample with how often each photo was drawn.
pub(super) fn each_resample(photos: usize, bootstrap: &Bootstrap, mut visit: impl FnMut(&[u32])) {
    let Ok(bound @ 1..) = u32::try_from(photos) else { return };
    let mut random = ChaCha8Rng::seed_from_u64(bootstrap.seed);
    let mut counts = vec![0_u32; photos];
    for _ in 0..bootstrap.resamples {
        counts.fill(0);
        for _ in 0..bound {
            if let Some(count) = counts.get_mut(random.random_range(0..bound) as usize) {
                *count += 1;
            }
        }
        visit(&counts);
    }
}

/// The ends of the middle 95 %, by nearest rank (an interpolation would meet infinities); NaN left out.
pub(super) fn middle(values: &mut Vec<f64>) -> Option<(f64, f64)> {
    values.retain(|value| !value.is_nan());
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let low = (0.025 * last as f64).floor() as usize;
    Some((*values.get(low)?, *values.get(last - low)?))
}
