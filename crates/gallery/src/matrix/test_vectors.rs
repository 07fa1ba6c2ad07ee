//! Vectors for the tests of both searches.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Random unit vectors, the same for the same seed.
pub(super) fn unit_vectors(seed: u64, count: usize, dimension: usize) -> Vec<Vec<f32>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let vector: Vec<f32> = (0..dimension).map(|_| random.random_range(-1.0..1.0)).collect();
            let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-6);
            vector.into_iter().map(|value| value / norm).collect()
        })
        .collect()
}
