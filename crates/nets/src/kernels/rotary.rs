//! Rotary position embedding (Su et al. 2021) in the "rotate half" pairing: number `i` of a head turns together
//! with number `i + dimension / 2`.

use rayon::prelude::*;

/// Turns every head of every row in place. Row `t` starts at `t * stride` and has `heads` heads of `dimension`
/// numbers; `cosines` and `sines` are `[tokens, dimension / 2]`. By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn rotate(
    values: &mut [f32],
    stride: usize,
    heads: usize,
    dimension: usize,
    cosines: &[f32],
    sines: &[f32],
) {
    let half = dimension / 2;
    assert!(half > 0 && heads * dimension <= stride, "heads wider than rows");
    let tokens = cosines.len() / half;
    assert_eq!(cosines.len(), tokens * half, "cosines of another shape");
    assert_eq!(cosines.len(), sines.len(), "sines of another shape");
    assert_eq!(values.len().div_ceil(stride), tokens, "rows and angles differ");
    let angles = cosines.par_chunks_exact(half).zip(sines.par_chunks_exact(half));
    values.par_chunks_mut(stride).zip(angles).with_min_len(16).for_each(|(row, (cosines, sines))| {
        for head in row[..heads * dimension].chunks_exact_mut(dimension) {
            let (first, second) = head.split_at_mut(half);
            let pairs = first.iter_mut().zip(&mut second[..half]);
            for ((first, second), (cosine, sine)) in pairs.zip(cosines.iter().zip(sines)) {
                let (x, y) = (*first, *second);
                *first = x * cosine - y * sine;
                *second = y * cosine + x * sine;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_pairs_and_nothing_else() {
        let (tokens, heads, dimension, stride) = (3, 2, 4, 10);
        let angles: Vec<f32> = (0..tokens * dimension / 2).map(|index| index as f32 * 0.7).collect();
        let cosines: Vec<f32> = angles.iter().map(|angle| angle.cos()).collect();
        let sines: Vec<f32> = angles.iter().map(|angle| angle.sin()).collect();
        let before: Vec<f32> = (0..tokens * stride).map(|index| index as f32 - 12.0).collect();
        let mut after = before.clone();
        rotate(&mut after, stride, heads, dimension, &cosines, &sines);
        for token in 0..tokens {
            let row = |values: &[f32], column: usize| values[token * stride + column];
            for head in 0..heads {
                for index in 0..dimension / 2 {
                    let angle = angles[token * dimension / 2 + index];
                    let (one, two) = (head * dimension + index, head * dimension + index + dimension / 2);
                    let (x, y) = (row(&before, one), row(&before, two));
                    assert!((row(&after, one) - (x * angle.cos() - y * angle.sin())).abs() < 1e-5);
                    assert!((row(&after, two) - (y * angle.cos() + x * angle.sin())).abs() < 1e-5);
                }
            }
            for column in heads * dimension..stride {
                assert_eq!(row(&after, column), row(&before, column));
            }
        }
    }
}
