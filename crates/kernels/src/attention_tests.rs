use proptest::prelude::*;

use super::*;

fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|index| {
            let bits =
                (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_mul(seed as u64 * 2 + 1);
            (bits >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// The definition in f64, a query at a time.
fn plain(inputs: &Attention<'_>) -> Vec<f64> {
    let Heads { query, dimension, .. } = inputs.heads;
    let mut output = Vec::new();
    for segment in inputs.segments {
        for (index, row) in segment.queries.clone().enumerate() {
            let end = if inputs.causal {
                (segment.keys.len() + index + 1).saturating_sub(segment.queries.len())
            } else {
                segment.keys.len()
            };
            for head in 0..query {
                let shared = head / inputs.group() * dimension;
                let asked = inputs.queries.row(row, head * dimension, dimension);
                let prefix = inputs.prefix.into_iter().flat_map(|(keys, values, rows)| {
                    (0..rows).map(move |row| {
                        (keys.row(row, shared, dimension), values.row(row, shared, dimension))
                    })
                });
                let own = segment.keys.clone().take(end).map(|row| {
                    (inputs.keys.row(row, shared, dimension), inputs.values.row(row, shared, dimension))
                });
                let mut sums = vec![0.0; dimension];
                let mut total = 0.0;
                for (key, value) in prefix.chain(own) {
                    let products =
                        asked.iter().zip(key).map(|(&left, &right)| f64::from(left) * f64::from(right));
                    let weight = (products.sum::<f64>() * f64::from(inputs.scale)).exp();
                    total += weight;
                    for (sum, &value) in sums.iter_mut().zip(value) {
                        *sum += weight * f64::from(value);
                    }
                }
                output.extend(sums.iter().map(|sum| if total > 0.0 { sum / total } else { 0.0 }));
            }
        }
    }
    output
}

/// Tensors of a random shape, in one wide matrix as a layer's product leaves them.
#[derive(Debug, Clone)]
struct Case {
    heads: Heads,
    /// Queries and keys of each segment.
    lengths: Vec<(usize, usize)>,
    prefix: Option<usize>,
    causal: bool,
    gap: usize,
}

fn cases() -> impl Strategy<Value = Case> {
    let heads = (1_usize..4, 1_usize..8, prop_oneof![1_usize..20, 31_usize..34, Just(80)]);
    let lengths = prop::collection::vec((0_usize..70, 0_usize..70), 0..4);
    (heads, lengths, prop::option::of(0_usize..40), any::<bool>(), 0_usize..3).prop_map(
        |((key_value, group, dimension), lengths, prefix, causal, gap)| Case {
            heads: Heads { query: key_value * group, key_value, dimension },
            lengths,
            prefix,
            causal,
            gap,
        },
    )
}

fn check(case: &Case, instructions: Instructions) -> Result<(), TestCaseError> {
    let Heads { query, key_value, dimension } = case.heads;
    let stride = (query + 2 * key_value) * dimension + case.gap;
    let mut segments = Vec::new();
    let mut rows = case.gap;
    for &(queries, keys) in &case.lengths {
        segments.push(Segment { queries: rows..rows + queries, keys: rows + 1..rows + 1 + keys });
        rows += queries.max(keys + 1);
    }
    let all = numbers(rows * stride, 1);
    let part = |first: usize| Strided { values: all.get(first * dimension..).unwrap_or_default(), stride };
    let (keys, values) = (numbers(50 * stride, 2), numbers(50 * stride, 3));
    let inputs = Attention {
        heads: case.heads,
        queries: part(0),
        keys: part(query),
        values: part(query + key_value),
        prefix: case
            .prefix
            .map(|rows| (Strided { values: &keys, stride }, Strided { values: &values, stride }, rows)),
        segments: &segments,
        causal: case.causal,
        scale: 4.0 / (dimension as f32).sqrt(),
    };
    let expected = plain(&inputs);
    let mut output = vec![f32::NAN; expected.len()];
    attention_with(instructions, &inputs, &mut output);
    for (index, (&found, &expected)) in output.iter().zip(&expected).enumerate() {
        prop_assert!(
            (f64::from(found) - expected).abs() < 4e-6,
            "{} at {}: {} {}",
            dimension,
            index,
            found,
            expected
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn equals_the_plain_twin(case in cases()) {
        for &instructions in Instructions::available() {
            check(&case, instructions)?;
        }
    }
}

fn inputs<'a>(values: &'a [f32], segments: &'a [Segment], causal: bool) -> Attention<'a> {
    let all = Strided { values, stride: 48 };
    Attention {
        heads: Heads { query: 3, key_value: 1, dimension: 16 },
        queries: all,
        keys: all,
        values: all,
        prefix: None,
        segments,
        causal,
        scale: 1.0,
    }
}

#[test]
fn segments_do_not_see_each_other_and_company_changes_no_bit() {
    let mut values = numbers(300 * 48, 1);
    let segments = [Segment { queries: 0..200, keys: 0..200 }, Segment { queries: 200..300, keys: 200..300 }];
    let mut both = vec![0.0; 300 * 48];
    attention(&inputs(&values, &segments, true), &mut both);
    values[..200 * 48].fill(f32::NAN);
    let mut alone = vec![0.0; 100 * 48];
    attention(&inputs(&values, &segments[1..], true), &mut alone);
    assert!(alone.iter().zip(&both[200 * 48..]).all(|(left, right)| left.to_bits() == right.to_bits()));
    // The last queries alone: cut into other tiles.
    let last = [Segment { queries: 289..300, keys: 200..300 }];
    let mut few = vec![0.0; 11 * 48];
    attention(&inputs(&values, &last, true), &mut few);
    assert!(few.iter().zip(&both[289 * 48..]).all(|(left, right)| left.to_bits() == right.to_bits()));
}

#[test]
fn large_scores_do_not_overflow_and_nan_does_not_hide() {
    let mut values = numbers(40 * 48, 1);
    for value in &mut values {
        *value *= 100.0;
    }
    let segments = [Segment { queries: 0..40, keys: 0..40 }];
    let mut output = vec![0.0; 40 * 48];
    attention(&inputs(&values, &segments, false), &mut output);
    assert!(output.iter().all(|value| value.abs() <= 100.1));
    values[39 * 48] = f32::NAN;
    attention(&inputs(&values, &segments, false), &mut output);
    assert!(output.iter().step_by(16).all(|value| value.is_nan()));
}

#[test]
#[should_panic(expected = "keys or values of a segment")]
fn refuses_keys_beyond_the_matrix() {
    let values = numbers(40 * 48, 1);
    let segments = [Segment { queries: 0..40, keys: 0..41 }];
    attention(&inputs(&values, &segments, false), &mut vec![0.0; 40 * 48]);
}
