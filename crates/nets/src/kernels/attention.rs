//! Scaled dot-product attention over packed groups with a shared prefix.

use std::ops::Range;

/// How many heads, and how wide. Grouped-query: `query % key_value == 0`, and query head `h` reads key head
/// `h / (query / key_value)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// Heads of the queries.
    pub query: usize,
    /// Heads of the keys and values.
    pub key_value: usize,
    /// Numbers in one head.
    pub dimension: usize,
}

/// Rows within a wider matrix: row `r` starts at `r * stride` and is `heads * dimension` wide.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a> {
    /// From the first number of the first row on.
    pub values: &'a [f32],
    /// Floats from one row to the next.
    pub stride: usize,
}

/// Queries that see the same keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Rows of the queries.
    pub queries: Range<usize>,
    /// Rows of the keys and values.
    pub keys: Range<usize>,
}

/// What attends to what.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// Shape of a row.
    pub heads: Heads,
    /// `[rows, query heads * dimension]`.
    pub queries: Strided<'a>,
    /// `[rows, key_value heads * dimension]`.
    pub keys: Strided<'a>,
    /// `[rows, key_value heads * dimension]`.
    pub values: Strided<'a>,
    /// Keys, values and their rows: seen whole by every query of every segment.
    pub prefix: Option<(Strided<'a>, Strided<'a>, usize)>,
    /// Which queries see which keys.
    pub segments: &'a [Segment],
    /// The last query of a segment is aligned with its last key: query `i` of `n` sees the keys
    /// `0..=keys.len() - n + i` of the segment. Without it every key.
    pub causal: bool,
    /// Factor of the inner products.
    pub scale: f32,
}

/// `softmax(scale * queries * keys^T) * values` for each head, into `[queries, query heads * dimension]`: the rows
/// of the segments' queries one after another. A query that sees no key gets zeros. By the current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn attention(inputs: &Attention<'_>, output: &mut [f32]) {
    let Heads { query, key_value, dimension } = inputs.heads;
    let group = query / key_value;
    let rows = inputs.segments.iter().flat_map(|segment| {
        let (queries, keys) = (segment.queries.clone(), segment.keys.clone());
        queries.clone().enumerate().map(move |(index, row)| {
            let hidden = if inputs.causal { queries.len() - 1 - index } else { 0 };
            (row, keys.start..keys.end.saturating_sub(hidden).max(keys.start))
        })
    });
    for ((row, visible), output) in rows.zip(output.chunks_exact_mut(query * dimension)) {
        for (head, output) in output.chunks_exact_mut(dimension).enumerate() {
            let part = |from: Strided<'_>, row: usize, head: usize| {
                from.values[row * from.stride + head * dimension..][..dimension].to_vec()
            };
            let asked = part(inputs.queries, row, head);
            let mut pairs = Vec::new();
            if let Some((keys, values, rows)) = inputs.prefix {
                pairs.extend(
                    (0..rows).map(|row| (part(keys, row, head / group), part(values, row, head / group))),
                );
            }
            pairs.extend(
                visible.clone().map(|row| {
                    (part(inputs.keys, row, head / group), part(inputs.values, row, head / group))
                }),
            );
            let scores: Vec<f32> =
                pairs.iter().map(|(key, _)| inputs.scale * super::vectors::dot_f32(&asked, key)).collect();
            let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let weights: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
            let sum: f32 = weights.iter().sum();
            output.fill(0.0);
            for (weight, (_, value)) in weights.iter().zip(&pairs) {
                for (output, value) in output.iter_mut().zip(value) {
                    *output += weight / sum * value;
                }
            }
        }
    }
}
