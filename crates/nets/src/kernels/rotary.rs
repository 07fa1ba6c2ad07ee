//! Rotary position embedding (Su et al. 2021) in the "rotate half" pairing: number `i` of a head turns together
//! with number `i + dimension / 2`.

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
    for ((row, cosines), sines) in
        values.chunks_mut(stride).zip(cosines.chunks_exact(half)).zip(sines.chunks_exact(half))
    {
        for head in row[..heads * dimension].chunks_exact_mut(dimension) {
            let (first, second) = head.split_at_mut(half);
            for (((first, second), cosine), sine) in first.iter_mut().zip(second).zip(cosines).zip(sines) {
                let (a, b) = (*first, *second);
                *first = a * cosine - b * sine;
                *second = b * cosine + a * sine;
            }
        }
    }
}
