//! The gradients of packed attention's queries, keys and values.
//!
//! Nothing of the forward pass is needed but its inputs: the softmax of a tile of queries is computed again, and so is
//! what it mixed (as in `FlashAttention`, Dao et al. 2022, section 3, without its running sums: a row of scores fits in a
//! core's cache). With weights `P = softmax(S)`, values `V` and the result's gradient `dO`:
//! `dV = P^T dO`, `dP = dO V^T`, `dS = P * (dP - rowsum(P * dP))`.
//!
//! A task is one key head of one segment. What several segments do to the prefix is added in the segments' order, so
//! that the bits of a result do not depend on the threads.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to differences in f64.
#![allow(clippy::inline_always)] // Generic code must land inside the function that enables the instructions.

use rayon::prelude::*;

use super::attention::{Attention, Heads, Segment, Strided};
use super::functions::{Task, dispatch, exp, map, most, sum, zip};
use super::gemm::{View, Workers, multiply};
use super::instructions::Instructions;
use super::vector::Vector;
use super::vectors::dot;

/// Where the gradients go; rows are dense.
#[derive(Debug)]
pub struct AttentionGradients<'a> {
    /// `[queries of all segments, query heads * dimension]`, one segment after another; overwritten.
    pub queries: &'a mut [f32],
    /// `[rows, key_value heads * dimension]`, counted as [`Attention::keys`]; **added** to.
    pub keys: &'a mut [f32],
    /// As the keys.
    pub values: &'a mut [f32],
    /// The same for the keys and values of the prefix, if there is one.
    pub prefix: Option<(&'a mut [f32], &'a mut [f32])>,
}

/// The gradients of [`attention`](super::attention::attention) for `output_gradient`, the gradient of its output. By the
/// current rayon pool.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn attention_gradient(
    inputs: &Attention<'_>,
    output_gradient: &[f32],
    gradients: AttentionGradients<'_>,
) {
    attention_gradient_with(Instructions::best(), inputs, output_gradient, gradients);
}

/// As [`attention_gradient`], with given instructions.
///
/// # Panics
/// If lengths and shapes disagree: a mistake in the calling code.
pub fn attention_gradient_with(
    instructions: Instructions,
    inputs: &Attention<'_>,
    output_gradient: &[f32],
    gradients: AttentionGradients<'_>,
) {
    let AttentionGradients { queries, keys, values, mut prefix } = gradients;
    inputs.check(output_gradient.len());
    assert_eq!(queries.len(), output_gradient.len(), "gradient of the queries of another shape");
    assert_eq!(prefix.is_some(), inputs.prefix.is_some(), "gradients of a prefix");
    let Heads { query, key_value, dimension } = inputs.heads;
    let mut jobs = Vec::with_capacity(inputs.segments.len() * key_value);
    let mut start = 0;
    for segment in inputs.segments {
        jobs.extend((0..key_value).map(|head| Job { inputs, segment, start, head }));
        start += segment.queries.len();
    }
    let done: Vec<HeadGradients> =
        jobs.par_iter().map(|job| job.gradients(instructions, output_gradient)).collect();
    let (width, group) = (query * dimension, inputs.group() * dimension);
    for (job, done) in jobs.iter().zip(done) {
        let rows = queries[job.start * width..].chunks_exact_mut(width);
        for (row, own) in rows.zip(done.queries.chunks_exact(group)) {
            row[job.head * group..(job.head + 1) * group].copy_from_slice(own);
        }
        let before = inputs.prefix.map_or(0, |(_, _, rows)| rows) * dimension;
        let own = job.segment.keys.start;
        for (all, part, of_prefix) in [(&mut *keys, &done.keys, true), (&mut *values, &done.values, false)] {
            let (shared, rest) = part.split_at(before);
            if let Some((prefix_keys, prefix_values)) = &mut prefix {
                let all = if of_prefix { &mut **prefix_keys } else { &mut **prefix_values };
                add_head(all, 0, shared, job.head, inputs.heads);
            }
            add_head(all, own, rest, job.head, inputs.heads);
        }
    }
}

/// Adds rows of one head to rows of all heads, from row `first` on.
fn add_head(all: &mut [f32], first: usize, part: &[f32], head: usize, heads: Heads) {
    let Heads { key_value, dimension, .. } = heads;
    let width = key_value * dimension;
    for (row, part) in all[first * width..].chunks_exact_mut(width).zip(part.chunks_exact(dimension)) {
        for (into, value) in row[head * dimension..(head + 1) * dimension].iter_mut().zip(part) {
            *into += value;
        }
    }
}

/// One key head and its query heads in one segment.
struct Job<'a> {
    inputs: &'a Attention<'a>,
    segment: &'a Segment,
    /// Row of the output where the segment starts.
    start: usize,
    /// Of the keys.
    head: usize,
}

/// What a job finds.
struct HeadGradients {
    /// `[queries, group * dimension]`.
    queries: Vec<f32>,
    /// `[prefix + keys, dimension]`.
    keys: Vec<f32>,
    /// As the keys.
    values: Vec<f32>,
}

/// Rows of a tile, a query and a head each: enough for the products, few enough for a core's cache.
const ROWS: usize = 128;

impl Job<'_> {
    fn gradients(&self, instructions: Instructions, output_gradient: &[f32]) -> HeadGradients {
        let inputs = self.inputs;
        let (width, group) = (inputs.heads.dimension, inputs.group());
        let row_width = inputs.heads.query * width;
        let before = inputs.prefix.map_or(0, |(_, _, rows)| rows);
        let count = before + self.segment.keys.len();
        let gather = |prefix: Option<(Strided<'_>, usize)>, own: Strided<'_>| {
            let mut rows = Vec::with_capacity(count * width);
            if let Some((prefix, count)) = prefix {
                (0..count).for_each(|row| rows.extend_from_slice(prefix.row(row, self.head * width, width)));
            }
            for row in self.segment.keys.clone() {
                rows.extend_from_slice(own.row(row, self.head * width, width));
            }
            rows
        };
        let keys = gather(inputs.prefix.map(|(keys, _, rows)| (keys, rows)), inputs.keys);
        let values = gather(inputs.prefix.map(|(_, values, rows)| (values, rows)), inputs.values);
        let total = self.segment.queries.len();
        let mut found = HeadGradients {
            queries: vec![0.0; total * group * width],
            keys: vec![0.0; count * width],
            values: vec![0.0; count * width],
        };
        let (mut queries, mut slopes) = (Vec::new(), Vec::new());
        let (mut scores, mut gradients) = (Vec::new(), Vec::new());
        let step = (ROWS / group).max(1);
        for first in (0..total).step_by(step) {
            let tile = first..total.min(first + step);
            let rows = tile.len() * group;
            queries.clear();
            slopes.clear();
            for query in tile.clone() {
                let (column, length) = (self.head * group * width, group * width);
                let asked = inputs.queries.row(self.segment.queries.start + query, column, length);
                queries.extend(asked.iter().map(|value| value * inputs.scale));
                let row = (self.start + query) * row_width + column;
                slopes.extend_from_slice(&output_gradient[row..row + length]);
            }
            let seen = before + inputs.visible(self.segment, tile.end - 1);
            if seen == 0 {
                continue;
            }
            scores.resize(rows * seen, 0.0);
            gradients.resize(rows * seen, 0.0);
            let (seen_keys, seen_values) = (View::new(&keys, seen, width), View::new(&values, seen, width));
            let (queries, slopes) = (View::new(&queries, rows, width), View::new(&slopes, rows, width));
            multiply(Workers::One, queries, seen_keys.transposed(), 1.0, false, &mut scores);
            multiply(Workers::One, slopes, seen_values.transposed(), 1.0, false, &mut gradients);
            let pairs = scores.chunks_exact_mut(seen).zip(gradients.chunks_exact_mut(seen));
            for (row, (scores, gradient)) in pairs.enumerate() {
                let visible = before + inputs.visible(self.segment, first + row / group);
                scores[visible..].fill(0.0);
                gradient[visible..].fill(0.0);
                let (scores, gradient) = (&mut scores[..visible], &mut gradient[..visible]);
                dispatch(instructions, SoftmaxGradient { scores, gradient });
            }
            let (weights, gradients) = (View::new(&scores, rows, seen), View::new(&gradients, rows, seen));
            let into = &mut found.values[..seen * width];
            multiply(Workers::One, weights.transposed(), slopes, 1.0, true, into);
            let into = &mut found.keys[..seen * width];
            multiply(Workers::One, gradients.transposed(), queries, 1.0, true, into);
            let into = &mut found.queries[first * group * width..][..rows * width];
            multiply(Workers::One, gradients, seen_keys, inputs.scale, false, into);
        }
        found
    }
}

/// Replaces scores by their softmax, and the softmax's gradient by that of the scores.
struct SoftmaxGradient<'a> {
    scores: &'a mut [f32],
    gradient: &'a mut [f32],
}

impl Task for SoftmaxGradient<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector>(self) {
        // SAFETY: the caller's promise.
        unsafe {
            let greatest = most::<V>(self.scores);
            map!(V, self.scores, |value| exp(value.add(V::splat(-greatest))));
            let factor = 1.0 / sum::<V>(self.scores);
            map!(V, self.scores, |value| value.mul(V::splat(factor)));
            let along = dot::<V>(self.scores, self.gradient);
            zip!(V, self.gradient, self.scores, |slope, weight| slope.add(V::splat(-along)).mul(weight));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::attention::attention;
    use super::*;
    use crate::test_products::numbers;

    /// The sum of the output times its slopes, in f64, from the definition.
    fn value(
        heads: Heads,
        [queries, keys, values]: [&[f64]; 3],
        before: usize,
        segments: &[Segment],
        causal: bool,
        slopes: &[f32],
    ) -> f64 {
        let Heads { query, key_value, dimension } = heads;
        let (width, key_width) = (query * dimension, key_value * dimension);
        let (mut total, mut at) = (0.0, 0);
        for segment in segments {
            for (index, row) in segment.queries.clone().enumerate() {
                let end = if causal {
                    (segment.keys.len() + index + 1).saturating_sub(segment.queries.len())
                } else {
                    segment.keys.len()
                };
                let seen: Vec<usize> =
                    (0..before).chain(segment.keys.clone().take(end).map(|key| before + key)).collect();
                for head in 0..query {
                    let shared = head / (query / key_value) * dimension;
                    let asked = &queries[row * width + head * dimension..][..dimension];
                    let slopes = &slopes[at * width + head * dimension..][..dimension];
                    let (mut sum, mut mixed) = (0.0, 0.0);
                    for &key in &seen {
                        let place = key * key_width + shared;
                        let product: f64 =
                            asked.iter().zip(&keys[place..]).map(|(left, right)| left * right).sum();
                        let weight = (product * 0.3).exp();
                        sum += weight;
                        let slope: f64 =
                            slopes.iter().zip(&values[place..]).map(|(s, v)| f64::from(*s) * v).sum();
                        mixed += weight * slope;
                    }
                    total += if seen.is_empty() { 0.0 } else { mixed / sum };
                }
                at += 1;
            }
        }
        total
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn equals_the_difference_in_f64(
            group in 1_usize..4,
            key_value in 1_usize..3,
            dimension in prop::sample::select(&[2_usize, 5, 16, 20][..]),
            before in 0_usize..9,
            lengths in prop::collection::vec((1_usize..7, 0_usize..7), 1..4),
            causal in any::<bool>(),
        ) {
            let heads = Heads { query: group * key_value, key_value, dimension };
            let (mut rows, mut key_rows, mut segments) = (0, 0, Vec::new());
            for (asked, more) in lengths {
                segments.push(Segment {
                    queries: rows..rows + asked,
                    keys: key_rows..key_rows + asked + more,
                });
                (rows, key_rows) = (rows + asked, key_rows + asked + more);
            }
            let (width, key_width) = (heads.query * dimension, key_value * dimension);
            let queries = numbers(rows * width, 1);
            let keys = numbers((before + key_rows) * key_width, 2);
            let values = numbers((before + key_rows) * key_width, 3);
            let slopes = numbers(rows * width, 4);
            let dense = |values| Strided { values, stride: key_width };
            let (prefix_keys, own_keys) = keys.split_at(before * key_width);
            let (prefix_values, own_values) = values.split_at(before * key_width);
            let inputs = Attention {
                heads,
                queries: Strided { values: &queries, stride: width },
                keys: dense(own_keys),
                values: dense(own_values),
                prefix: (before > 0).then(|| (dense(prefix_keys), dense(prefix_values), before)),
                segments: &segments,
                causal,
                scale: 0.3,
            };
            let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<f64>>();
            let all = [wide(&queries), wide(&keys), wide(&values)];
            let value = |all: &[Vec<f64>; 3]| {
                value(heads, [&all[0], &all[1], &all[2]], before, &segments, causal, &slopes)
            };
            // The definition above is that of the forward pass.
            let mut output = vec![0.0; slopes.len()];
            attention(&inputs, &mut output);
            let forward: f64 = output.iter().zip(&slopes).map(|(o, s)| f64::from(*o) * f64::from(*s)).sum();
            prop_assert!((forward - value(&all)).abs() < 1e-3);
            for &instructions in Instructions::available() {
                let mut found = [vec![f32::NAN; queries.len()], vec![0.0; keys.len()], vec![0.0; keys.len()]];
                let [found_queries, found_keys, found_values] = &mut found;
                let (prefix_keys, own_keys) = found_keys.split_at_mut(before * key_width);
                let (prefix_values, own_values) = found_values.split_at_mut(before * key_width);
                attention_gradient_with(instructions, &inputs, &slopes, AttentionGradients {
                    queries: found_queries,
                    keys: own_keys,
                    values: own_values,
                    prefix: (before > 0).then_some((prefix_keys, prefix_values)),
                });
                for (which, found) in found.iter().enumerate() {
                    // Every third number: a difference needs two passes.
                    for (index, found) in found.iter().enumerate().step_by(3) {
                        let moved = |step: f64| {
                            let mut all = all.clone();
                            all[which][index] += step;
                            value(&all)
                        };
                        let expected = (moved(1e-4) - moved(-1e-4)) / 2e-4;
                        prop_assert!((f64::from(*found) - expected).abs() < 2e-4, "{which} {index}");
                    }
                }
            }
        }
    }

    #[test]
    fn threads_change_no_bit() {
        let heads = Heads { query: 4, key_value: 2, dimension: 16 };
        let (before, own) = (30, 200);
        let segments =
            [Segment { queries: 0..120, keys: 0..120 }, Segment { queries: 120..200, keys: 120..200 }];
        let (queries, slopes) = (numbers(own * 64, 1), numbers(own * 64, 2));
        let (keys, values) = (numbers((before + own) * 32, 3), numbers((before + own) * 32, 4));
        let dense = |values| Strided { values, stride: 32 };
        let inputs = Attention {
            heads,
            queries: Strided { values: &queries, stride: 64 },
            keys: dense(&keys[before * 32..]),
            values: dense(&values[before * 32..]),
            prefix: Some((dense(&keys), dense(&values), before)),
            segments: &segments,
            causal: true,
            scale: 0.25,
        };
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut found = [
                vec![0.0; own * 64],
                vec![0.0; own * 32],
                vec![0.0; own * 32],
                vec![0.0; before * 32],
                vec![0.0; before * 32],
            ];
            let [queries, keys, values, prefix_keys, prefix_values] = &mut found;
            let prefix = Some((&mut prefix_keys[..], &mut prefix_values[..]));
            let gradients = AttentionGradients { queries, keys, values, prefix };
            pool.install(|| attention_gradient(&inputs, &slopes, gradients));
            found.map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
        };
        assert_eq!(run(1), run(3));
    }
}
