//! Exact search over several channels at once: the rows with the largest weighted sum of similarities.
//!
//! score = sum over channels of weight x similarity. With equal weights that is the inner product of the concatenated
//! vectors, which is how G3 searches its three spaces. It is one search and not a merge of lists: a row that is second in
//! every channel may well be the first. Weights are applied to the scores of the scan, never to vectors, so that they may
//! change from query to query. Apart from [`VectorMatrix::search`], because a plain search drops rows in the kernel.

use std::ops::Range;

use kernels::int8::{Hit, Kernel, PANEL, QueryPanel, Rows};
use rayon::prelude::*;

use super::file::check_vector;
use super::search::{BLOCK_ROWS, CHUNK_ROWS, LEAST_RESCORED, PASS, RESCORED, SPARSE, best, similarity};
use super::top::{Scored, TopRows};
use super::{Match, MatrixError, RowMask, VectorMatrix};

/// One query of a fused search.
#[derive(Clone, Debug)]
pub(crate) struct FusedQuery<'a> {
    /// A vector and its weight for each channel.
    pub(crate) parts: Vec<(&'a [f32], f32)>,
    /// The rows that may be returned; all by default.
    pub(crate) mask: Option<&'a RowMask>,
}

/// For each query the `top` rows with the largest score, largest first, lower rows first among equals. A batch gives
/// exactly what single queries give.
///
/// # Errors
/// Matrices of unequal length, a query without a vector for each matrix, a vector of another length or with a number that is
/// not finite.
pub(crate) fn search_fused(
    parts: &[&VectorMatrix],
    queries: &[FusedQuery<'_>],
    top: usize,
) -> Result<Vec<Vec<Match>>, MatrixError> {
    search_fused_with(Kernel::best(), parts, queries, top)
}

pub(super) fn search_fused_with(
    kernel: Kernel,
    parts: &[&VectorMatrix],
    queries: &[FusedQuery<'_>],
    top: usize,
) -> Result<Vec<Vec<Match>>, MatrixError> {
    let length = parts.first().map_or(0, |part| part.len());
    check(parts, queries, length)?;
    let kept = top.saturating_mul(RESCORED).max(LEAST_RESCORED).min(length);
    let few = (length / SPARSE).max(kept);
    let is_sparse = |query: &FusedQuery<'_>| query.mask.is_some_and(|mask| mask.count() <= few);
    let dense: Vec<usize> =
        (0..queries.len()).filter(|&index| kept > 0 && !is_sparse(&queries[index])).collect();
    let mut candidates: Vec<Option<Vec<u32>>> = vec![None; queries.len()];
    for pass in dense.chunks(PASS) {
        let chosen: Vec<&FusedQuery<'_>> = pass.iter().map(|&index| &queries[index]).collect();
        for (&index, rows) in pass.iter().zip(scan(kernel, parts, &chosen, kept)) {
            candidates[index] = Some(rows.into_iter().map(|(_, row)| row).collect());
        }
    }
    Ok(queries
        .par_iter()
        .zip(candidates)
        .map(|(query, candidates)| {
            let scored = |row: u32| score(parts, query, row);
            let scored: Vec<Scored> = match (candidates, query.mask) {
                (Some(rows), _) => rows.into_iter().filter_map(scored).collect(),
                (None, Some(mask)) => mask.iter().filter_map(|row| scored(row as u32)).collect(),
                (None, None) => Vec::new(),
            };
            best(scored, top)
        })
        .collect())
}

fn check(parts: &[&VectorMatrix], queries: &[FusedQuery<'_>], length: usize) -> Result<(), MatrixError> {
    for (index, part) in parts.iter().enumerate() {
        if part.len() != length {
            let what = format!("channel {index} of a fused search");
            return Err(MatrixError::UnequalRows { what, expected: length, found: part.len() });
        }
    }
    for (index, query) in queries.iter().enumerate() {
        if query.parts.len() != parts.len() {
            let what = format!("query {index}, counted by channels,");
            return Err(MatrixError::WrongDimension {
                what,
                expected: parts.len(),
                found: query.parts.len(),
            });
        }
        for (channel, (part, &(vector, weight))) in parts.iter().zip(&query.parts).enumerate() {
            let what = || format!("query {index}, channel {channel}");
            check_vector(vector, part.dimension(), what)?;
            if !weight.is_finite() {
                return Err(MatrixError::NotFinite { what: format!("the weight of {}", what()) });
            }
        }
    }
    Ok(())
}

/// The score by f32, with the row.
fn score(parts: &[&VectorMatrix], query: &FusedQuery<'_>, row: u32) -> Option<Scored> {
    let mut score = 0.0;
    for (part, &(vector, weight)) in parts.iter().zip(&query.parts) {
        score += weight * similarity(vector, part.view(row as usize)?);
    }
    Some((score, row))
}

/// A channel as the scan sees it.
struct ScannedPart<'a> {
    rows: Rows<'a>,
    panels: Vec<QueryPanel>,
    /// `[queries]`.
    weights: Vec<f32>,
}

/// The `kept` best rows of each query by int8 scores.
fn scan(
    kernel: Kernel,
    parts: &[&VectorMatrix],
    queries: &[&FusedQuery<'_>],
    kept: usize,
) -> Vec<Vec<Scored>> {
    let scanned = parts.iter().enumerate().map(|(index, part)| {
        let vectors: Vec<&[f32]> = queries.iter().map(|query| query.parts[index].0).collect();
        Some(ScannedPart {
            rows: part.rows()?,
            panels: vectors.chunks(PANEL).filter_map(QueryPanel::new).collect(),
            weights: queries.iter().map(|query| query.parts[index].1).collect(),
        })
    });
    let scanned: Option<Vec<ScannedPart<'_>>> = scanned.collect();
    let Some(scanned) = scanned.filter(|parts| !parts.is_empty()) else {
        return vec![Vec::new(); queries.len()];
    };
    let rows = scanned[0].rows.len();
    let new = || -> Vec<TopRows> { queries.iter().map(|_| TopRows::new(kept)).collect() };
    let merged = (0..rows.div_ceil(CHUNK_ROWS))
        .into_par_iter()
        .fold(
            || (new(), Vec::new(), vec![0.0; BLOCK_ROWS * PANEL]),
            |(mut tops, mut hits, mut sums), chunk| {
                let range = chunk * CHUNK_ROWS..((chunk + 1) * CHUNK_ROWS).min(rows);
                scan_chunk(kernel, &scanned, range, queries, &mut tops, (&mut hits, &mut sums));
                (tops, hits, sums)
            },
        )
        .map(|(tops, ..)| tops)
        .reduce(new, |mut left, right| {
            left.iter_mut().zip(right).for_each(|(left, right)| left.merge(right));
            left
        });
    merged.into_iter().map(TopRows::into_entries).collect()
}

/// Scans a range of rows; it must come after all ranges that `tops` has seen. `sums` is `[BLOCK_ROWS, PANEL]`.
fn scan_chunk(
    kernel: Kernel,
    parts: &[ScannedPart<'_>],
    range: Range<usize>,
    queries: &[&FusedQuery<'_>],
    tops: &mut [TopRows],
    (hits, sums): (&mut Vec<Hit>, &mut [f32]),
) {
    // Every score is wanted: what is low in one channel may be made up for in another.
    let all = [f32::NEG_INFINITY; PANEL];
    for first in range.clone().step_by(BLOCK_ROWS) {
        let last = (first + BLOCK_ROWS).min(range.end);
        for (group, lanes) in queries.chunks(PANEL).enumerate() {
            sums.fill(0.0);
            for part in parts {
                let Some(panel) = part.panels.get(group) else { continue };
                hits.clear();
                kernel.scan(part.rows.slice(first, last), panel, &all, hits);
                for hit in hits.iter() {
                    let (row, lane) = (hit.row as usize, hit.query as usize);
                    let Some(&weight) = part.weights.get(group * PANEL + lane) else { continue };
                    if let Some(sum) = sums.get_mut(row * PANEL + lane) {
                        *sum += weight * hit.score;
                    }
                }
            }
            for row in 0..last - first {
                for (lane, query) in lanes.iter().enumerate() {
                    let (sum, row) = (sums[row * PANEL + lane], first + row);
                    let Some(top) = tops.get_mut(group * PANEL + lane) else { continue };
                    if sum > top.threshold() && query.mask.is_none_or(|mask| mask.contains(row)) {
                        top.push((sum, row as u32));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::test_vectors::unit_vectors;
    use super::super::{MatrixQuery, VectorPrecision};
    use super::*;

    fn matrix(vectors: &[Vec<f32>], precision: VectorPrecision) -> VectorMatrix {
        let dimension = vectors.first().map_or(1, Vec::len);
        VectorMatrix::build(dimension, vectors.iter().map(Vec::as_slice), precision).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn finds_what_brute_force_finds(
            seed in any::<u64>(), rows in 1_usize..600, top in 1_usize..20,
            weights in prop::collection::vec(0.0_f32..2.0, 3), keep_one_in in 1_usize..40,
        ) {
            let spaces: Vec<_> = (0..3).map(|one| unit_vectors(seed ^ one, rows, 24 + 8 * one as usize)).collect();
            let wanted: Vec<_> = (0..3).map(|one| unit_vectors(!seed ^ one, 1, 24 + 8 * one as usize).remove(0)).collect();
            let matrices: Vec<_> = spaces.iter().map(|space| matrix(space, VectorPrecision::F32)).collect();
            let parts: Vec<&VectorMatrix> = matrices.iter().collect();
            let mask = RowMask::from_fn(rows, |row| row % keep_one_in == 0);
            for mask in [None, Some(&mask)] {
                let pairs = wanted.iter().zip(&weights).map(|(vector, weight)| (vector.as_slice(), *weight));
                let query = FusedQuery { parts: pairs.collect(), mask };
                let found = search_fused(&parts, &[query], top).unwrap().remove(0);
                let exact = |row: usize| -> f64 {
                    (0..3).map(|one| {
                        let dot: f64 = spaces[one][row].iter().zip(&wanted[one]).map(|(a, b)| f64::from(a * b)).sum();
                        f64::from(weights[one]) * dot
                    }).sum()
                };
                let mut expected: Vec<f64> =
                    (0..rows).filter(|row| mask.is_none_or(|mask| mask.contains(*row))).map(exact).collect();
                expected.sort_by(|a, b| b.total_cmp(a));
                prop_assert_eq!(found.len(), expected.len().min(top));
                for (one, expected) in found.iter().zip(&expected) {
                    prop_assert!((exact(one.row) - expected).abs() < 1e-4);
                }
            }
        }

        #[test]
        fn one_channel_of_weight_one_is_the_plain_search_and_a_batch_is_its_queries(
            seed in any::<u64>(), rows in 1_usize..500, count in 1_usize..40,
        ) {
            let vectors = unit_vectors(seed, rows, 40);
            let queries = unit_vectors(!seed, count, 40);
            let matrix = matrix(&vectors, VectorPrecision::Int8);
            let plain: Vec<_> = queries.iter().map(|vector| MatrixQuery { vector, mask: None }).collect();
            let fused: Vec<_> =
                queries.iter().map(|vector| FusedQuery { parts: vec![(vector, 1.0)], mask: None }).collect();
            let parts = [&matrix];
            let together = search_fused(&parts, &fused, 6).unwrap();
            prop_assert_eq!(&together, &matrix.search(&plain, 6).unwrap());
            for (query, found) in fused.iter().zip(&together) {
                prop_assert_eq!(&search_fused(&parts, std::slice::from_ref(query), 6).unwrap()[0], found);
            }
            for kernel in Kernel::available() {
                prop_assert_eq!(&search_fused_with(*kernel, &parts, &fused, 6).unwrap(), &together);
            }
        }
    }

    #[test]
    fn equal_weights_are_the_concatenation_and_no_merge_of_lists() {
        // Row 1 is second in both channels and first in the sum.
        let left = matrix(&[vec![1.0, 0.0], vec![0.8, 0.6], vec![-1.0, 0.0]], VectorPrecision::F32);
        let right = matrix(&[vec![-1.0, 0.0], vec![0.8, 0.6], vec![1.0, 0.0]], VectorPrecision::F32);
        let parts = [&left, &right];
        let query = FusedQuery { parts: vec![(&[1.0, 0.0], 1.0), (&[1.0, 0.0], 1.0)], mask: None };
        let found = search_fused(&parts, &[query], 1).unwrap();
        assert_eq!(found[0][0].row, 1);
        assert!((found[0][0].similarity - 1.6).abs() < 1e-6);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (one, two) = (
            matrix(&[vec![1.0, 0.0]], VectorPrecision::F32),
            matrix(&[vec![1.0], vec![1.0]], VectorPrecision::F32),
        );
        let parts = [&one, &two];
        let error = search_fused(&parts, &[], 1).unwrap_err().to_string();
        assert!(error.contains("channel 1") && error.contains('2'), "{error}");
        let alone = [&one];
        let query = |vector, weight| FusedQuery { parts: vec![(vector, weight)], mask: None };
        assert!(search_fused(&alone, &[query(&[1.0][..], 1.0)], 1).is_err());
        assert!(search_fused(&alone, &[query(&[1.0, 0.0][..], f32::NAN)], 1).is_err());
        assert!(search_fused(&alone, &[FusedQuery { parts: vec![], mask: None }], 1).is_err());
        assert_eq!(search_fused(&[], &[], 3).unwrap(), Vec::<Vec<Match>>::new());
    }
}
