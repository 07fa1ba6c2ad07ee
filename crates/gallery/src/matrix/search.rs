//! Exact search: scan all codes, keep four times too many, order those by f32.

use std::ops::Range;

use kernels::int8::{Hit, Kernel, PANEL, QueryPanel, Rows};
use rayon::prelude::*;

use super::file::{RowView, check_vector};
use super::top::{Scored, TopRows, better_first};
use super::{MatrixError, RowMask, VectorMatrix};

/// Rows that a kernel goes over with every panel while they are in the second-level cache.
pub(super) const BLOCK_ROWS: usize = 192;
/// Rows a thread takes at a time.
pub(super) const CHUNK_ROWS: usize = BLOCK_ROWS * 32;
/// The scan keeps this many times the results asked for; f32 scores choose among them.
pub(super) const RESCORED: usize = 4;
/// At least this many are re-scored: among hundreds of near-equals the codes alone do not find the best one.
pub(super) const LEAST_RESCORED: usize = 128;
/// Queries scanned in one pass over the matrix.
pub(super) const PASS: usize = 16 * PANEL;
/// A mask that admits less than one row in this many is answered from those rows alone, in f32.
pub(super) const SPARSE: usize = 32;

/// One query.
#[derive(Clone, Copy, Debug)]
pub struct MatrixQuery<'a> {
    /// `[dimension]`.
    pub vector: &'a [f32],
    /// The rows that may be returned; all by default.
    pub mask: Option<&'a RowMask>,
}

/// One result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// The row.
    pub row: usize,
    /// Inner product of the query with the stored vector, in f32.
    pub similarity: f32,
}

impl VectorMatrix {
    /// For each query the `top` rows with the largest inner product, largest first, lower rows first among
    /// equals. Fewer only if fewer rows are admitted. A batch gives exactly what single queries give.
    ///
    /// # Errors
    /// A query of another length or with a number that is not finite.
    pub fn search(&self, queries: &[MatrixQuery<'_>], top: usize) -> Result<Vec<Vec<Match>>, MatrixError> {
        self.search_with(Kernel::best(), queries, top)
    }

    pub(super) fn search_with(
        &self,
        kernel: Kernel,
        queries: &[MatrixQuery<'_>],
        top: usize,
    ) -> Result<Vec<Vec<Match>>, MatrixError> {
        for (index, query) in queries.iter().enumerate() {
            check_vector(query.vector, self.dimension(), || format!("query {index}"))?;
        }
        let kept = top.saturating_mul(RESCORED).max(LEAST_RESCORED).min(self.len());
        let few = (self.len() / SPARSE).max(kept);
        let is_sparse = |query: &MatrixQuery<'_>| query.mask.is_some_and(|mask| mask.count() <= few);

        let dense: Vec<usize> =
            (0..queries.len()).filter(|&index| kept > 0 && !is_sparse(&queries[index])).collect();
        let mut candidates: Vec<Option<Vec<u32>>> = vec![None; queries.len()];
        for pass in dense.chunks(PASS) {
            let chosen: Vec<MatrixQuery<'_>> = pass.iter().map(|&index| queries[index]).collect();
            for (&index, rows) in pass.iter().zip(self.scan(kernel, &chosen, kept)) {
                candidates[index] = Some(rows.into_iter().map(|(_, row)| row).collect());
            }
        }
        Ok(queries
            .par_iter()
            .zip(candidates)
            .map(|(query, candidates)| {
                let scored = |row: u32| Some((similarity(query.vector, self.view(row as usize)?), row));
                let scored: Vec<Scored> = match (candidates, query.mask) {
                    (Some(rows), _) => rows.into_iter().filter_map(scored).collect(),
                    (None, Some(mask)) => mask.iter().filter_map(|row| scored(row as u32)).collect(),
                    (None, None) => Vec::new(),
                };
                best(scored, top)
            })
            .collect())
    }

    /// The `kept` best rows of each query by int8 scores.
    fn scan(&self, kernel: Kernel, queries: &[MatrixQuery<'_>], kept: usize) -> Vec<Vec<Scored>> {
        let panels: Vec<QueryPanel> = queries
            .chunks(PANEL)
            .filter_map(|group| QueryPanel::new(&group.iter().map(|query| query.vector).collect::<Vec<_>>()))
            .collect();
        let Some(rows) = self.rows() else { return vec![Vec::new(); queries.len()] };
        let new = || -> Vec<TopRows> { queries.iter().map(|_| TopRows::new(kept)).collect() };
        let merged = (0..rows.len().div_ceil(CHUNK_ROWS))
            .into_par_iter()
            .fold(
                || (new(), Vec::new()),
                |(mut tops, mut hits), chunk| {
                    let range = chunk * CHUNK_ROWS..((chunk + 1) * CHUNK_ROWS).min(rows.len());
                    scan_chunk(kernel, rows, range, &panels, queries, &mut tops, &mut hits);
                    (tops, hits)
                },
            )
            .map(|(tops, _)| tops)
            .reduce(new, |mut left, right| {
                left.iter_mut().zip(right).for_each(|(left, right)| left.merge(right));
                left
            });
        merged.into_iter().map(TopRows::into_entries).collect()
    }
}

/// Scans a range of rows; it must come after all ranges that `tops` has seen.
fn scan_chunk(
    kernel: Kernel,
    rows: Rows<'_>,
    range: Range<usize>,
    panels: &[QueryPanel],
    queries: &[MatrixQuery<'_>],
    tops: &mut [TopRows],
    hits: &mut Vec<Hit>,
) {
    for first in range.clone().step_by(BLOCK_ROWS) {
        let block = rows.slice(first, (first + BLOCK_ROWS).min(range.end));
        let lanes = queries.chunks(PANEL).zip(tops.chunks_mut(PANEL));
        for (panel, (queries, tops)) in panels.iter().zip(lanes) {
            let mut thresholds = [f32::INFINITY; PANEL];
            for (threshold, top) in thresholds.iter_mut().zip(tops.iter()) {
                *threshold = top.threshold();
            }
            hits.clear();
            kernel.scan(block, panel, &thresholds, hits);
            for hit in hits.iter() {
                let row = first + hit.row as usize;
                let lane = hit.query as usize;
                let (Some(query), Some(top)) = (queries.get(lane), tops.get_mut(lane)) else { continue };
                // The threshold may have risen within the block.
                if hit.score > top.threshold() && query.mask.is_none_or(|mask| mask.contains(row)) {
                    top.push((hit.score, row as u32));
                }
            }
        }
    }
}

pub(super) fn best(mut scored: Vec<Scored>, top: usize) -> Vec<Match> {
    if scored.len() > top && top > 0 {
        scored.select_nth_unstable_by(top - 1, better_first);
    }
    scored.truncate(top);
    scored.sort_unstable_by(better_first);
    scored.into_iter().map(|(similarity, row)| Match { row: row as usize, similarity }).collect()
}

/// Inner product in f32, in an order of summation that does not depend on where it runs.
pub(super) fn similarity(query: &[f32], row: RowView<'_>) -> f32 {
    match row {
        RowView::Exact(values) => lanes_dot(query, values, |value| value),
        RowView::Codes(codes, scale) => scale * lanes_dot(query, codes, f32::from),
    }
}

/// 16 running sums, which the compiler keeps in vector registers.
#[inline]
fn lanes_dot<T: Copy>(query: &[f32], values: &[T], to_f32: impl Fn(T) -> f32) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let (mut left, mut right) = (query.chunks_exact(LANES), values.chunks_exact(LANES));
    for (left, right) in (&mut left).zip(&mut right) {
        for ((sum, &a), &b) in sums.iter_mut().zip(left).zip(right) {
            *sum += a * to_f32(b);
        }
    }
    for ((sum, &a), &b) in sums.iter_mut().zip(left.remainder()).zip(right.remainder()) {
        *sum += a * to_f32(b);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::super::VectorPrecision;
    use super::super::test_vectors::unit_vectors;
    use super::*;

    fn matrix(vectors: &[Vec<f32>], dimension: usize, precision: VectorPrecision) -> VectorMatrix {
        VectorMatrix::build(dimension, vectors.iter().map(Vec::as_slice), precision).unwrap()
    }

    fn brute_force(
        vectors: &[Vec<f32>],
        query: &[f32],
        mask: Option<&RowMask>,
        top: usize,
    ) -> Vec<(f64, usize)> {
        let mut all: Vec<(f64, usize)> = vectors
            .iter()
            .enumerate()
            .filter(|(row, _)| mask.is_none_or(|mask| mask.contains(*row)))
            .map(|(row, vector)| {
                (vector.iter().zip(query).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum(), row)
            })
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.truncate(top);
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn finds_what_brute_force_finds(
            seed in any::<u64>(),
            rows in 0_usize..700,
            dimension in 1_usize..90,
            top in 1_usize..30,
            keep_one_in in 1_usize..60,
        ) {
            let vectors = unit_vectors(seed, rows, dimension);
            let queries = unit_vectors(seed ^ 1, 3, dimension);
            let mask = RowMask::from_fn(rows, |row| row % keep_one_in == 0);
            for precision in [VectorPrecision::F32, VectorPrecision::Int8] {
                let matrix = matrix(&vectors, dimension, precision);
                for mask in [None, Some(&mask)] {
                    let wanted: Vec<_> =
                        queries.iter().map(|vector| MatrixQuery { vector, mask }).collect();
                    for (query, found) in queries.iter().zip(matrix.search(&wanted, top).unwrap()) {
                        let expected = brute_force(&vectors, query, mask, top);
                        prop_assert_eq!(found.len(), expected.len());
                        prop_assert!(found.is_sorted_by(|a, b| a.similarity >= b.similarity));
                        // Where codes replace the originals, near-equals may change places.
                        let tolerance = if precision == VectorPrecision::F32 { 1e-5 } else { 0.02 };
                        for (one, (similarity, _)) in found.iter().zip(&expected) {
                            prop_assert!(mask.is_none_or(|mask| mask.contains(one.row)));
                            prop_assert!((f64::from(one.similarity) - similarity).abs() < tolerance);
                        }
                    }
                }
            }
        }

        #[test]
        fn a_batch_equals_single_queries_on_every_kernel(
            seed in any::<u64>(), rows in 1_usize..500, count in 1_usize..40, masked in any::<bool>(),
        ) {
            let dimension = 48;
            let matrix = matrix(&unit_vectors(seed, rows, dimension), dimension, VectorPrecision::Int8);
            let vectors = unit_vectors(seed ^ 1, count, dimension);
            let mask = RowMask::from_fn(rows, |row| row % 3 != 1);
            let queries: Vec<MatrixQuery<'_>> = vectors
                .iter()
                .enumerate()
                .map(|(index, vector)| MatrixQuery { vector, mask: (masked && index % 2 == 0).then_some(&mask) })
                .collect();
            let together = matrix.search(&queries, 5).unwrap();
            for (query, found) in queries.iter().zip(&together) {
                prop_assert_eq!(&matrix.search(&[*query], 5).unwrap()[0], found);
            }
            for kernel in Kernel::available() {
                prop_assert_eq!(&matrix.search_with(*kernel, &queries, 5).unwrap(), &together);
            }
        }
    }

    #[test]
    fn equal_rows_come_in_order_across_chunks() {
        let vectors = vec![vec![0.6_f32, 0.8]; 3 * CHUNK_ROWS];
        let matrix = matrix(&vectors, 2, VectorPrecision::Int8);
        let found = matrix.search(&[MatrixQuery { vector: &[0.6, 0.8], mask: None }], 10).unwrap();
        assert_eq!(found[0].iter().map(|one| one.row).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn recall_is_near_one_on_clusters() {
        let dimension = 128;
        let centres = unit_vectors(1, 200, dimension);
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let mut near = |index: usize| -> Vec<f32> {
            let noisy: Vec<f32> =
                centres[index % 200].iter().map(|value| value + random.random_range(-0.08..0.08)).collect();
            let norm = noisy.iter().map(|value| value * value).sum::<f32>().sqrt();
            noisy.into_iter().map(|value| value / norm).collect()
        };
        let vectors: Vec<Vec<f32>> = (0..20_000).map(&mut near).collect();
        let queries: Vec<Vec<f32>> = (0..50).map(&mut near).collect();
        let asked: Vec<_> = queries.iter().map(|vector| MatrixQuery { vector, mask: None }).collect();
        for (precision, least) in [(VectorPrecision::F32, 0.999), (VectorPrecision::Int8, 0.95)] {
            let found = matrix(&vectors, dimension, precision).search(&asked, 20).unwrap();
            let hits: usize = queries
                .iter()
                .zip(&found)
                .map(|(query, found)| {
                    let expected = brute_force(&vectors, query, None, 20);
                    found.iter().filter(|one| expected.iter().any(|(_, row)| *row == one.row)).count()
                })
                .sum();
            let recall = hits as f64 / (20.0 * queries.len() as f64);
            assert!(recall >= least, "{precision}: recall@20 = {recall}");
        }
    }

    #[test]
    fn bad_queries_are_refused_and_empty_ones_answered() {
        let matrix = matrix(&unit_vectors(1, 4, 3), 3, VectorPrecision::F32);
        let search = |vector: &[f32], top| matrix.search(&[MatrixQuery { vector, mask: None }], top);
        assert!(matches!(search(&[1.0], 2), Err(MatrixError::WrongDimension { .. })));
        assert!(matches!(search(&[1.0, f32::NAN, 0.0], 2), Err(MatrixError::NotFinite { .. })));
        assert_eq!(search(&[1.0, 0.0, 0.0], 0).unwrap(), [[]]);
        assert_eq!(search(&[1.0, 0.0, 0.0], 9).unwrap()[0].len(), 4);
        assert_eq!(search(&[0.0, 0.0, 0.0], 9).unwrap()[0].len(), 4);
        assert!(matrix.search(&[], 5).unwrap().is_empty());
    }
}
