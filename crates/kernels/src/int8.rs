//! Scanning int8 vectors: which rows of a matrix score above a threshold for which queries.
//!
//! A row is stored as symmetric codes with one scale, `value = scale * code`, a query likewise. Their inner
//! product is then `scale_query * scale_row * sum(code_query * code_row)`, and the sum is exact in 32-bit
//! integers: every kernel gives the same numbers, so a batch gives what single queries give.
//!
//! Most rows are not results. A kernel therefore compares while the sums are still in registers and hands back
//! only [`Hit`]s; the `[rows, queries]` matrix of scores never exists.
//!
//! `vpdpbusd` multiplies unsigned by signed bytes. The query is shifted by 128 to be unsigned, and
//! `128 * sum(row)` is taken off again: hence the row sums.
#![allow(unsafe_code)] // SIMD; each block states its invariant, and tests hold it to the scalar twin.

#[cfg(target_arch = "x86_64")]
mod x86;

/// Queries in a [`QueryPanel`], the width of a 512-bit register in 32-bit sums.
pub const PANEL: usize = 16;

/// Rows are padded with zeros to a multiple of this many codes.
pub const ALIGNMENT: usize = 64;

/// Longest vector whose sums cannot overflow: 255 * 128 * 32768 < 2^31.
pub const MAX_DIMENSION: usize = 32_768;

/// The padded length of a row of `dimension` codes.
pub const fn padded(dimension: usize) -> usize {
    dimension.next_multiple_of(ALIGNMENT)
}

/// Writes the codes of `values` to `codes`, the rest of `codes` becomes 0, and returns the scale.
///
/// Symmetric, one scale a vector: the largest magnitude becomes 127. All-zero values get scale 0.
pub fn quantise(values: &[f32], codes: &mut [i8]) -> f32 {
    let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    codes.fill(0);
    if largest == 0.0 || !largest.is_finite() {
        return 0.0;
    }
    let inverse = 127.0 / largest;
    for (code, value) in codes.iter_mut().zip(values) {
        *code = (value * inverse).round().clamp(-127.0, 127.0) as i8;
    }
    largest / 127.0
}

/// Consecutive rows of a matrix.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    codes: &'a [i8],
    scales: &'a [f32],
    sums: &'a [i32],
    stride: usize,
}

impl<'a> Rows<'a> {
    /// `codes` is `[rows, stride]`, `scales` and `sums` (of each row's codes) are `[rows]`. `None` if the
    /// lengths disagree, or the stride is not a multiple of [`ALIGNMENT`] or above [`MAX_DIMENSION`].
    pub fn new(codes: &'a [i8], scales: &'a [f32], sums: &'a [i32], stride: usize) -> Option<Self> {
        let fits = stride > 0 && stride.is_multiple_of(ALIGNMENT) && stride <= MAX_DIMENSION;
        let length = scales.len().checked_mul(stride)?;
        (fits && sums.len() == scales.len() && codes.len() == length).then_some(Self {
            codes,
            scales,
            sums,
            stride,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The rows `start..end`; empty where that is out of range.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.len());
        let start = start.min(end);
        Self {
            codes: self.codes.get(start * self.stride..end * self.stride).unwrap_or_default(),
            scales: self.scales.get(start..end).unwrap_or_default(),
            sums: self.sums.get(start..end).unwrap_or_default(),
            stride: self.stride,
        }
    }
}

/// Up to [`PANEL`] quantised queries, laid out for the kernels.
#[derive(Clone, Debug)]
pub struct QueryPanel {
    count: usize,
    stride: usize,
    /// `[count, stride]`, -127..=127.
    codes: Vec<i8>,
    /// `[count, stride]`, code + 128.
    shifted: Vec<u8>,
    /// `[stride / 4, PANEL, 4]`, code + 128: four consecutive codes of each query side by side.
    packed: Vec<u8>,
}

impl QueryPanel {
    /// Quantises and packs queries of one length; `None` if there are none or more than [`PANEL`], or their
    /// length is 0 or above [`MAX_DIMENSION`].
    pub fn new(queries: &[&[f32]]) -> Option<Self> {
        let dimension = queries.first()?.len();
        let same = queries.iter().all(|query| query.len() == dimension);
        if queries.len() > PANEL || !same || dimension == 0 || dimension > MAX_DIMENSION {
            return None;
        }
        let (count, stride) = (queries.len(), padded(dimension));
        let mut codes = vec![0_i8; count * stride];
        for (query, codes) in queries.iter().zip(codes.chunks_exact_mut(stride)) {
            quantise(query, codes);
        }
        let shifted: Vec<u8> = codes.iter().map(|&code| (i16::from(code) + 128) as u8).collect();
        let mut packed = vec![128_u8; stride * PANEL];
        for (lane, query) in shifted.chunks_exact(stride).enumerate() {
            for (group, four) in packed.chunks_exact_mut(4 * PANEL).zip(query.chunks_exact(4)) {
                group[4 * lane..4 * lane + 4].copy_from_slice(four);
            }
        }
        Some(Self { count, stride, codes, shifted, packed })
    }

    /// Number of queries.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Never: a panel has at least one query.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// A row that scored above its query's threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Index into the scanned rows.
    pub row: u32,
    /// Index into the panel's queries.
    pub query: u32,
    /// Inner product divided by the query's (positive) scale: comparable between rows of one query.
    pub score: f32,
}

/// An implementation of the scan. All give identical hits, in the order of rows; within a row, of queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// AVX-512 with VNNI (Ice Lake, Zen 4 and later).
    Avx512Vnni,
    /// AVX2 (Haswell, Zen and later).
    Avx2,
    /// Plain Rust: every other processor, and the twin the others are tested against.
    Scalar,
}

impl Kernel {
    /// The fastest kernel that this processor runs.
    pub fn best() -> Self {
        Self::available().first().copied().unwrap_or(Self::Scalar)
    }

    /// The kernels that this processor runs, fastest first.
    pub fn available() -> &'static [Self] {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2");
            let vnni = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vnni");
            if vnni && avx2 {
                return &[Self::Avx512Vnni, Self::Avx2, Self::Scalar];
            }
            if avx2 {
                return &[Self::Avx2, Self::Scalar];
            }
        }
        &[Self::Scalar]
    }

    /// Appends to `hits` every row and query whose score is above (not equal to) that query's threshold.
    ///
    /// A kernel that this processor lacks falls back to the scalar one. Rows and panel of different strides
    /// have no hits.
    pub fn scan(self, rows: Rows<'_>, panel: &QueryPanel, thresholds: &[f32; PANEL], hits: &mut Vec<Hit>) {
        if rows.stride != panel.stride {
            return;
        }
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni if Self::available().contains(&self) => {
                x86::scan_avx512_vnni(rows, panel, thresholds, hits);
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 if Self::available().contains(&self) => {
                x86::scan_avx2(rows, panel, thresholds, hits);
            }
            _ => scan_scalar(rows, panel, thresholds, hits),
        }
    }
}

/// The plain twin.
fn scan_scalar(rows: Rows<'_>, panel: &QueryPanel, thresholds: &[f32; PANEL], hits: &mut Vec<Hit>) {
    let rows_of_codes = rows.codes.chunks_exact(rows.stride);
    for (row, (codes, &scale)) in rows_of_codes.zip(rows.scales).enumerate() {
        for (query, query_codes) in panel.codes.chunks_exact(panel.stride).enumerate() {
            let sum: i32 = codes.iter().zip(query_codes).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
            push_if_above(hits, row, query, sum as f32 * scale, thresholds);
        }
    }
}

/// The one comparison of the per-query kernels.
#[inline]
fn push_if_above(hits: &mut Vec<Hit>, row: usize, query: usize, score: f32, thresholds: &[f32; PANEL]) {
    if thresholds.get(query).is_some_and(|threshold| score > *threshold) {
        hits.push(Hit { row: row as u32, query: query as u32, score });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A little generator, so that failures reproduce.
    fn numbers(seed: u64, count: usize) -> Vec<f32> {
        let mut state = seed | 1;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 40) as f32 / (1_u64 << 24) as f32) - 0.5
            })
            .collect()
    }

    struct Matrix {
        codes: Vec<i8>,
        scales: Vec<f32>,
        sums: Vec<i32>,
        stride: usize,
    }

    impl Matrix {
        fn random(seed: u64, rows: usize, dimension: usize) -> Self {
            let stride = padded(dimension);
            let mut codes = vec![0; rows * stride];
            let values = numbers(seed, rows * dimension);
            let scales: Vec<f32> = values
                .chunks_exact(dimension)
                .zip(codes.chunks_exact_mut(stride))
                .map(|(values, codes)| quantise(values, codes))
                .collect();
            Self::with(codes, scales, stride)
        }

        fn with(codes: Vec<i8>, scales: Vec<f32>, stride: usize) -> Self {
            let sums = codes.chunks_exact(stride).map(|row| row.iter().map(|&code| i32::from(code)).sum());
            Self { sums: sums.collect(), codes, scales, stride }
        }

        fn rows(&self) -> Rows<'_> {
            Rows::new(&self.codes, &self.scales, &self.sums, self.stride).unwrap()
        }
    }

    fn panel(seed: u64, count: usize, dimension: usize) -> QueryPanel {
        let values = numbers(seed, count * dimension);
        let queries: Vec<&[f32]> = values.chunks_exact(dimension).collect();
        QueryPanel::new(&queries).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn kernels_equal_the_scalar_twin(
            seed in any::<u64>(),
            row_count in 0_usize..40,
            dimension in 1_usize..300,
            count in 1_usize..=PANEL,
            threshold in prop_oneof![Just(f32::NEG_INFINITY), -1.0_f32..1.0],
        ) {
            let matrix = Matrix::random(seed, row_count, dimension);
            let panel = panel(seed ^ 0x55, count, dimension);
            let mut thresholds = [threshold; PANEL];
            thresholds[0] = 0.0;
            let mut expected = Vec::new();
            scan_scalar(matrix.rows(), &panel, &thresholds, &mut expected);
            for kernel in Kernel::available() {
                let mut hits = Vec::new();
                kernel.scan(matrix.rows(), &panel, &thresholds, &mut hits);
                prop_assert_eq!(&hits, &expected, "{:?}", kernel);
            }
        }

        #[test]
        fn a_panel_gives_what_single_queries_give(seed in any::<u64>(), count in 2_usize..=PANEL) {
            let matrix = Matrix::random(seed, 21, 70);
            let values = numbers(seed ^ 0x77, count * 70);
            let queries: Vec<&[f32]> = values.chunks_exact(70).collect();
            let thresholds = [f32::NEG_INFINITY; PANEL];
            let mut together = Vec::new();
            Kernel::best().scan(matrix.rows(), &QueryPanel::new(&queries).unwrap(), &thresholds, &mut together);
            for (index, query) in queries.iter().enumerate() {
                let mut alone = Vec::new();
                Kernel::best().scan(matrix.rows(), &QueryPanel::new(&[query]).unwrap(), &thresholds, &mut alone);
                let column: Vec<f32> =
                    together.iter().filter(|hit| hit.query as usize == index).map(|hit| hit.score).collect();
                prop_assert_eq!(alone.iter().map(|hit| hit.score).collect::<Vec<_>>(), column);
            }
        }
    }

    #[test]
    fn extreme_codes_do_not_saturate() {
        let stride = 128;
        for code in [-128_i8, -127, 127] {
            let matrix = Matrix::with(vec![code; 9 * stride], vec![1.0; 9], stride);
            let (high, low) = (vec![1.0_f32; stride], vec![-1.0_f32; stride]);
            let panel = QueryPanel::new(&[&high, &low, &high]).unwrap();
            for kernel in Kernel::available() {
                let mut hits = Vec::new();
                kernel.scan(matrix.rows(), &panel, &[f32::NEG_INFINITY; PANEL], &mut hits);
                let expected = f32::from(code) * 127.0 * stride as f32;
                assert_eq!(hits.len(), 27);
                for hit in hits {
                    let sign = if hit.query == 1 { -1.0 } else { 1.0 };
                    assert_eq!(hit.score.to_bits(), (sign * expected).to_bits(), "{kernel:?}");
                }
            }
        }
    }

    #[test]
    fn quantising_is_symmetric_and_within_half_a_step() {
        let values = numbers(3, 100);
        let mut codes = [1_i8; 128];
        let scale = quantise(&values, &mut codes);
        for (value, code) in values.iter().zip(codes) {
            assert!((value - scale * f32::from(code)).abs() <= scale * 0.5001);
        }
        assert!(codes[100..].iter().all(|&code| code == 0));
        assert_eq!(codes.iter().map(|code| code.unsigned_abs()).max(), Some(127));
        assert_eq!(quantise(&[0.0, 0.0], &mut codes).to_bits(), 0.0_f32.to_bits());
    }

    #[test]
    fn lengths_that_disagree_are_refused() {
        assert!(Rows::new(&[0; 64], &[1.0], &[0], 64).is_some());
        assert!(Rows::new(&[0; 63], &[1.0], &[0], 64).is_none());
        assert!(Rows::new(&[0; 64], &[1.0, 1.0], &[0, 0], 32).is_none());
        assert!(Rows::new(&[0; 64], &[1.0], &[], 64).is_none());
        assert!(QueryPanel::new(&[]).is_none());
        assert!(QueryPanel::new(&[&[1.0], &[1.0, 2.0]]).is_none());
    }
}
