//! Attention among candidates, biased by how far they are from each other.

use super::SetFeatures;
use super::maths::{linear, softmax_backward, softmax_rows, times_transposed, transposed_times};

/// What [`attend`] leaves for [`attend_backward`], a head.
pub(super) struct Head {
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    weights: Vec<f32>,
}

/// Sizes of the attention.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub(super) count: usize,
    pub(super) width: usize,
    pub(super) heads: usize,
}

impl Sizes {
    const fn of_head(self) -> usize {
        self.width / self.heads
    }

    fn scale(self) -> f32 {
        (self.of_head() as f32).sqrt().recip()
    }

    /// One head's part of query (0), key (1) or value (2): `[count, width / heads]`.
    fn part(self, projected: &[f32], which: usize, head: usize) -> Vec<f32> {
        let (start, length) = (which * self.width + head * self.of_head(), self.of_head());
        projected.chunks_exact(3 * self.width).flat_map(|row| &row[start..start + length]).copied().collect()
    }
}

/// `projected` is `[count, 3 * width]` (query, key, value), `table` `[knots, heads]`; to `[count, width]`.
pub(super) fn attend(
    projected: &[f32],
    table: &[f32],
    features: &SetFeatures,
    sizes: Sizes,
) -> (Vec<f32>, Vec<Head>) {
    let length = sizes.of_head();
    let mut output = vec![0.0; sizes.count * sizes.width];
    let mut kept = Vec::with_capacity(sizes.heads);
    for head in 0..sizes.heads {
        let [query, key, value] = [0, 1, 2].map(|which| sizes.part(projected, which, head));
        let mut weights = times_transposed(&query, &key, length);
        for (weight, (knot, share)) in weights.iter_mut().zip(&features.knots) {
            let (near, far) = (table[knot * sizes.heads + head], table[(knot + 1) * sizes.heads + head]);
            *weight = *weight * sizes.scale() + near * (1.0 - share) + far * share;
        }
        softmax_rows(&mut weights, sizes.count);
        let mixed = linear(&weights, &value, None, sizes.count, length);
        for (row, mixed) in output.chunks_exact_mut(sizes.width).zip(mixed.chunks_exact(length)) {
            row[head * length..(head + 1) * length].copy_from_slice(mixed);
        }
        kept.push(Head { query, key, value, weights });
    }
    (output, kept)
}

/// Derivative with respect to `projected`; adds that of the table.
pub(super) fn attend_backward(
    kept: &[Head],
    gradient: &[f32],
    features: &SetFeatures,
    sizes: Sizes,
    of_table: &mut [f32],
) -> Vec<f32> {
    let (length, count) = (sizes.of_head(), sizes.count);
    let mut of_projected = vec![0.0; count * 3 * sizes.width];
    for (head, kept) in kept.iter().enumerate() {
        let of_mixed: Vec<f32> = gradient
            .chunks_exact(sizes.width)
            .flat_map(|row| &row[head * length..(head + 1) * length])
            .copied()
            .collect();
        let of_value = transposed_times(&kept.weights, &of_mixed, count, length);
        let of_weights = times_transposed(&of_mixed, &kept.value, length);
        let mut of_logits = softmax_backward(&kept.weights, &of_weights, count);
        for (slope, (knot, share)) in of_logits.iter_mut().zip(&features.knots) {
            of_table[knot * sizes.heads + head] += *slope * (1.0 - share);
            of_table[(knot + 1) * sizes.heads + head] += *slope * share;
            *slope *= sizes.scale();
        }
        let of_query = linear(&of_logits, &kept.key, None, count, length);
        let of_key = transposed_times(&of_logits, &kept.query, count, length);
        for (which, part) in [of_query, of_key, of_value].iter().enumerate() {
            let start = which * sizes.width + head * length;
            let rows = of_projected.chunks_exact_mut(3 * sizes.width).zip(part.chunks_exact(length));
            rows.for_each(|(row, part)| row[start..start + length].copy_from_slice(part));
        }
    }
    of_projected
}
