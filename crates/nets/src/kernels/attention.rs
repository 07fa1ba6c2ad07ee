//! Scaled dot-product attention over packed groups with a shared prefix.

use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

use super::exponential::exp;
use super::gemm::{View, ViewMut, multiply_views};

/// Rows of a tile of scores: queries times the heads that share keys.
const TILE_ROWS: usize = 96;

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
/// Scores exist a tile at a time: a few queries by all keys they see. The query heads that share a key head stand in
/// one tile, so keys are read once for all of them.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn attention(inputs: &Attention<'_>, output: &mut [f32]) {
    let Heads { query, key_value, dimension } = inputs.heads;
    assert!(key_value > 0 && query.is_multiple_of(key_value), "query heads are no multiple of key heads");
    let width = query * dimension;
    let total: usize = inputs.segments.iter().map(|segment| segment.queries.len()).sum();
    assert_eq!(output.len(), total * width, "output of another shape");
    let step = (TILE_ROWS * key_value / query.max(1)).max(1);
    let mut tiles = Vec::new();
    let mut rest = output;
    for segment in inputs.segments {
        let count = segment.queries.len();
        assert!(!inputs.causal || count <= segment.keys.len(), "more queries than keys");
        for first in (0..count).step_by(step) {
            let rows = first..count.min(first + step);
            let (own, others) = rest.split_at_mut(rows.len() * width);
            rest = others;
            tiles.push((segment, rows, own));
        }
    }
    tiles.into_par_iter().for_each_init(Buffers::default, |buffers, (segment, rows, output)| {
        tile(inputs, segment, rows, buffers, output);
    });
}

/// Memory of a thread, used again for every tile.
#[derive(Default)]
struct Buffers {
    queries: Vec<f32>,
    scores: Vec<f32>,
    mixed: Vec<f32>,
}

/// Some queries of a segment, `rows` counted within it, into `[rows, query heads * dimension]`.
fn tile(
    inputs: &Attention<'_>,
    segment: &Segment,
    rows: Range<usize>,
    buffers: &mut Buffers,
    output: &mut [f32],
) {
    let Heads { query, key_value, dimension } = inputs.heads;
    let group = query / key_value;
    // The last row sees `own` keys of the segment, each row before it one less.
    let own = if inputs.causal {
        segment.keys.len() - segment.queries.len() + rows.end
    } else {
        segment.keys.len()
    };
    let shared = inputs.prefix.map_or(0, |(_, _, count)| count);
    let seen = shared + own;
    if seen == 0 {
        output.fill(0.0);
        return;
    }
    let height = rows.len() * group;
    buffers.queries.resize(height * dimension, 0.0);
    buffers.scores.resize(height * seen, 0.0);
    buffers.mixed.resize(height * dimension, 0.0);
    for head in 0..key_value {
        let (stride, first) = (inputs.queries.stride, head * group * dimension);
        for (row, target) in rows.clone().zip(buffers.queries.chunks_exact_mut(group * dimension)) {
            let start = (segment.queries.start + row) * stride + first;
            let source = &inputs.queries.values[start..start + group * dimension];
            for (target, value) in target.iter_mut().zip(source) {
                *target = value * inputs.scale;
            }
        }
        let queries =
            View { values: &buffers.queries, rows: height, columns: dimension, strides: [dimension, 1] };
        // Keys and values of one head, from a row on: `[count, dimension]`.
        let part = |from: Strided<'_>, start: usize| start * from.stride + head * dimension;
        let mut scores = ViewMut { values: &mut buffers.scores, rows: height, columns: shared, stride: seen };
        if let Some((keys, _, count)) = inputs.prefix {
            let keys = View {
                values: from(keys.values, part(keys, 0)),
                rows: dimension,
                columns: count,
                strides: [1, keys.stride],
            };
            multiply_views(queries, keys, false, &mut scores);
        }
        let keys = inputs.keys;
        let own_keys = View {
            values: from(keys.values, part(keys, segment.keys.start)),
            rows: dimension,
            columns: own,
            strides: [1, keys.stride],
        };
        let mut own_scores =
            ViewMut { values: &mut buffers.scores[shared..], rows: height, columns: own, stride: seen };
        multiply_views(queries, own_keys, false, &mut own_scores);
        let hidden = |row: usize| if inputs.causal { (rows.len() - 1 - row / group).min(own) } else { 0 };
        Arch::new().dispatch(Softmax { scores: &mut buffers.scores, seen, hidden });
        let mut mixed =
            ViewMut { values: &mut buffers.mixed, rows: height, columns: dimension, stride: dimension };
        if let Some((_, values, count)) = inputs.prefix {
            let weights = View { values: &buffers.scores, rows: height, columns: count, strides: [seen, 1] };
            let values = View {
                values: from(values.values, part(values, 0)),
                rows: count,
                columns: dimension,
                strides: [values.stride, 1],
            };
            multiply_views(weights, values, false, &mut mixed);
        }
        let values = inputs.values;
        let weights =
            View { values: &buffers.scores[shared..], rows: height, columns: own, strides: [seen, 1] };
        let own_values = View {
            values: from(values.values, part(values, segment.keys.start)),
            rows: own,
            columns: dimension,
            strides: [values.stride, 1],
        };
        multiply_views(weights, own_values, shared > 0, &mut mixed);
        let width = query * dimension;
        for (row, source) in buffers.mixed.chunks_exact(group * dimension).enumerate() {
            output[row * width + first..][..group * dimension].copy_from_slice(source);
        }
    }
}

/// The rest of a slice; empty past its end, where there are no rows.
fn from(values: &[f32], start: usize) -> &[f32] {
    values.get(start..).unwrap_or_default()
}

/// Each row of scores to weights that add up to 1; the last `hidden(row)` of a row get none.
struct Softmax<'a, F> {
    scores: &'a mut [f32],
    seen: usize,
    hidden: F,
}

impl<F: Fn(usize) -> usize> NullaryFnOnce for Softmax<'_, F> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        const CHAINS: usize = 16;
        for (index, row) in self.scores.chunks_exact_mut(self.seen).enumerate() {
            let (row, masked) = row.split_at_mut(self.seen - (self.hidden)(index));
            masked.fill(0.0);
            let mut largest = [f32::NEG_INFINITY; CHAINS];
            for chunk in row.chunks(CHAINS) {
                for (largest, &score) in largest.iter_mut().zip(chunk) {
                    *largest = if score > *largest { score } else { *largest };
                }
            }
            let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
            let mut sums = [0.0_f32; CHAINS];
            let (whole, rest) = row.as_chunks_mut::<CHAINS>();
            for chunk in whole {
                for (score, sum) in chunk.iter_mut().zip(&mut sums) {
                    *score = exp(*score - largest);
                    *sum += *score;
                }
            }
            for (score, sum) in rest.iter_mut().zip(&mut sums) {
                *score = exp(*score - largest);
                *sum += *score;
            }
            let factor = 1.0 / sums.iter().sum::<f32>();
            for score in row {
                *score *= factor;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 252.0 - 2.0).collect()
    }

    /// The definition, in f64.
    fn plain(inputs: &Attention<'_>) -> Vec<f32> {
        let Heads { query, key_value, dimension } = inputs.heads;
        let mut output = Vec::new();
        let at = |from: Strided<'_>, row: usize, head: usize| -> Vec<f64> {
            let start = row * from.stride + head * dimension;
            from.values[start..start + dimension].iter().copied().map(f64::from).collect()
        };
        for segment in inputs.segments {
            for (index, row) in segment.queries.clone().enumerate() {
                for head in 0..query {
                    let shared = head / (query / key_value);
                    let own = if inputs.causal {
                        segment.keys.len() - segment.queries.len() + index + 1
                    } else {
                        segment.keys.len()
                    };
                    let mut pairs = Vec::new();
                    if let Some((keys, values, count)) = inputs.prefix {
                        pairs.extend((0..count).map(|row| (at(keys, row, shared), at(values, row, shared))));
                    }
                    let rows = segment.keys.start..segment.keys.start + own;
                    pairs.extend(
                        rows.map(|row| (at(inputs.keys, row, shared), at(inputs.values, row, shared))),
                    );
                    let one = at(inputs.queries, row, head);
                    let powers: Vec<f64> = pairs
                        .iter()
                        .map(|(key, _)| {
                            let product: f64 = key.iter().zip(&one).map(|(key, one)| key * one).sum();
                            (product * f64::from(inputs.scale)).exp()
                        })
                        .collect();
                    let sum: f64 = powers.iter().sum();
                    for column in 0..dimension {
                        let mixed: f64 =
                            pairs.iter().zip(&powers).map(|((_, value), power)| value[column] * power).sum();
                        output.push(if sum > 0.0 { (mixed / sum) as f32 } else { 0.0 });
                    }
                }
            }
        }
        output
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn equals_its_definition(
            key_value in 1_usize..4,
            group in 1_usize..4,
            dimension in 1_usize..20,
            lengths in prop::collection::vec((0_usize..40, 0_usize..9), 1..4),
            prefix in 0_usize..30,
            causal in any::<bool>(),
            gap in 0_usize..3,
        ) {
            let heads = Heads { query: key_value * group, key_value, dimension };
            let (wide, narrow) = (heads.query * dimension + gap, key_value * dimension + gap);
            let (mut queries, mut keys) = (0, 0);
            let mut segments = Vec::new();
            for (count, more) in lengths {
                segments.push(Segment { queries: queries..queries + count, keys: keys..keys + count + more });
                queries += count;
                keys += count + more;
            }
            let (q, k, v) = (numbers(queries * wide, 1), numbers(keys * narrow, 2), numbers(keys * narrow, 3));
            let (pk, pv) = (numbers(prefix * narrow, 4), numbers(prefix * narrow, 5));
            let strided = |values, stride| Strided { values, stride };
            let inputs = Attention {
                heads,
                queries: strided(&q, wide),
                keys: strided(&k, narrow),
                values: strided(&v, narrow),
                prefix: (prefix > 0).then(|| (strided(&pk, narrow), strided(&pv, narrow), prefix)),
                segments: &segments,
                causal,
                scale: 0.4,
            };
            let mut output = vec![f32::NAN; queries * heads.query * dimension];
            attention(&inputs, &mut output);
            for (found, expected) in output.iter().zip(plain(&inputs)) {
                prop_assert!((found - expected).abs() < 2e-5, "{found} {expected}");
            }
        }
    }

    #[test]
    fn large_scores_do_not_overflow() {
        let heads = Heads { query: 1, key_value: 1, dimension: 1 };
        let (queries, keys, values) = ([100.0], [100.0, 99.0], [1.0, 0.0]);
        let inputs = Attention {
            heads,
            queries: Strided { values: &queries, stride: 1 },
            keys: Strided { values: &keys, stride: 1 },
            values: Strided { values: &values, stride: 1 },
            prefix: None,
            segments: &[Segment { queries: 0..1, keys: 0..2 }],
            causal: false,
            scale: 1.0,
        };
        let mut output = [f32::NAN];
        attention(&inputs, &mut output);
        assert_eq!(output, [1.0]);
    }
}
