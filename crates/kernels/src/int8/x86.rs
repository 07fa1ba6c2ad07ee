//! The x86-64 kernels.
#![allow(clippy::cast_ptr_alignment)] // Vector loads here are the unaligned ones.

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _CMP_GT_OQ, _mm_add_epi32, _mm_cvtsi128_si32, _mm_shuffle_epi32,
    _mm256_abs_epi8, _mm256_add_epi32, _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_setzero_si256, _mm256_sign_epi8,
    _mm512_add_epi32, _mm512_cmp_ps_mask, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_mul_ps, _mm512_reduce_add_epi32, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_si512, _mm512_storeu_ps, _mm512_sub_epi32,
};

use super::{Hit, PANEL, QueryPanel, Rows, push_if_above};

/// Rows whose sums are held in registers at once; enough to hide the latency of `vpdpbusd`.
const ROWS_AT_ONCE: usize = 12;

/// Up to this many queries, reading whole rows for each query beats the 16 lanes of a half-empty panel.
const FEW_QUERIES: usize = 2;

/// Scans with AVX-512 VNNI. The caller has made sure that the processor has it.
pub(super) fn scan_avx512_vnni(
    rows: Rows<'_>,
    panel: &QueryPanel,
    thresholds: &[f32; PANEL],
    hits: &mut Vec<Hit>,
) {
    debug_assert!(is_x86_feature_detected!("avx512vnni"));
    // SAFETY: `Kernel::scan` calls this only after run-time detection of avx512f, avx512bw and avx512vnni.
    unsafe {
        if panel.count <= FEW_QUERIES {
            few_queries(rows, panel, thresholds, hits);
        } else {
            whole_panel(rows, panel, thresholds, hits);
        }
    }
}

/// One query at a time, one row after the other: as fast as memory.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn few_queries(rows: Rows<'_>, panel: &QueryPanel, thresholds: &[f32; PANEL], hits: &mut Vec<Hit>) {
    let rows_of_codes = rows.codes.chunks_exact(rows.stride);
    for (row, ((codes, &scale), &row_sum)) in rows_of_codes.zip(rows.scales).zip(rows.sums).enumerate() {
        for (query, shifted) in panel.shifted.chunks_exact(panel.stride).enumerate() {
            let mut even = _mm512_setzero_si512();
            let mut odd = _mm512_setzero_si512();
            let mut pairs = codes.chunks_exact(128).zip(shifted.chunks_exact(128));
            for (codes, shifted) in &mut pairs {
                // SAFETY: both slices hold 128 bytes.
                unsafe {
                    even = dot_64(even, shifted.as_ptr(), codes.as_ptr());
                    odd = dot_64(odd, shifted.as_ptr().add(64), codes.as_ptr().add(64));
                }
            }
            if !codes.len().is_multiple_of(128) {
                let tail = codes.len() - 64;
                // SAFETY: the stride is a multiple of 64 and at least 64, so 64 bytes start at `tail` in
                // both slices, which have the length of a stride.
                even = unsafe { dot_64(even, shifted.as_ptr().add(tail), codes.as_ptr().add(tail)) };
            }
            let shifted_sum = _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
            // Wrapping: row sums come from a file, and a damaged one must not stop the program.
            let sum = shifted_sum.wrapping_sub(row_sum.wrapping_mul(128));
            push_if_above(hits, row, query, sum as f32 * scale, thresholds);
        }
    }
}

/// Adds 64 products to 16 sums.
///
/// # Safety
/// 64 bytes can be read from both pointers.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn dot_64(sums: __m512i, unsigned: *const u8, signed: *const i8) -> __m512i {
    // SAFETY: the caller's promise; unaligned loads.
    unsafe {
        _mm512_dpbusd_epi32(
            sums,
            _mm512_loadu_si512(unsigned.cast::<__m512i>()),
            _mm512_loadu_si512(signed.cast::<__m512i>()),
        )
    }
}

/// All 16 queries of a panel in the lanes of a register, [`ROWS_AT_ONCE`] rows at a time.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn whole_panel(rows: Rows<'_>, panel: &QueryPanel, thresholds: &[f32; PANEL], hits: &mut Vec<Hit>) {
    let mut first = 0;
    while first + ROWS_AT_ONCE <= rows.len() {
        let sums = panel_sums::<ROWS_AT_ONCE>(rows.slice(first, first + ROWS_AT_ONCE), panel);
        compare(&sums, rows, first, panel.count, thresholds, hits);
        first += ROWS_AT_ONCE;
    }
    while first < rows.len() {
        let sums = panel_sums::<1>(rows.slice(first, first + 1), panel);
        compare(&sums, rows, first, panel.count, thresholds, hits);
        first += 1;
    }
}

/// The sums of `COUNT` rows with 16 shifted queries. `rows` has exactly `COUNT` rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn panel_sums<const COUNT: usize>(rows: Rows<'_>, panel: &QueryPanel) -> [__m512i; COUNT] {
    assert!(rows.codes.len() == COUNT * rows.stride && panel.packed.len() == rows.stride * PANEL);
    let mut sums = [_mm512_setzero_si512(); COUNT];
    let (codes, packed) = (rows.codes.as_ptr(), panel.packed.as_ptr());
    for group in 0..rows.stride / 4 {
        // SAFETY: `packed` has `stride / 4` groups of 64 bytes (asserted above).
        let queries = unsafe { _mm512_loadu_si512(packed.add(64 * group).cast::<__m512i>()) };
        for (row, sum) in sums.iter_mut().enumerate() {
            // SAFETY: row < COUNT and 4 * group + 4 <= stride, and `codes` has COUNT * stride bytes
            // (asserted above); the read is unaligned.
            let four = unsafe { codes.add(row * rows.stride + 4 * group).cast::<i32>().read_unaligned() };
            *sum = _mm512_dpbusd_epi32(*sum, queries, _mm512_set1_epi32(four));
        }
    }
    sums
}

/// Takes off the shift, scales, and keeps what is above the thresholds. `sums[i]` belongs to row `first + i`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn compare(
    sums: &[__m512i],
    rows: Rows<'_>,
    first: usize,
    count: usize,
    thresholds: &[f32; PANEL],
    hits: &mut Vec<Hit>,
) {
    // SAFETY: `thresholds` holds 16 floats.
    let limits = unsafe { _mm512_loadu_ps(thresholds.as_ptr()) };
    let lanes = ((1_u32 << count) - 1) as u16;
    let known = rows.scales.iter().zip(rows.sums).skip(first);
    for ((row, &sum), (&scale, &row_sum)) in (first..).zip(sums).zip(known) {
        let exact = _mm512_sub_epi32(sum, _mm512_set1_epi32(row_sum.wrapping_mul(128)));
        let scores = _mm512_mul_ps(_mm512_cvtepi32_ps(exact), _mm512_set1_ps(scale));
        let mut above = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(scores, limits) & lanes;
        if above != 0 {
            let mut values = [0.0_f32; PANEL];
            // SAFETY: `values` holds 16 floats.
            unsafe { _mm512_storeu_ps(values.as_mut_ptr(), scores) };
            while above != 0 {
                let query = above.trailing_zeros();
                hits.push(Hit { row: row as u32, query, score: values[query as usize & (PANEL - 1)] });
                above &= above - 1;
            }
        }
    }
}

/// Scans with AVX2. The caller has made sure that the processor has it.
pub(super) fn scan_avx2(rows: Rows<'_>, panel: &QueryPanel, thresholds: &[f32; PANEL], hits: &mut Vec<Hit>) {
    debug_assert!(is_x86_feature_detected!("avx2"));
    let rows_of_codes = rows.codes.chunks_exact(rows.stride);
    for (row, (codes, &scale)) in rows_of_codes.zip(rows.scales).enumerate() {
        for (query, query_codes) in panel.codes.chunks_exact(panel.stride).enumerate() {
            // SAFETY: `Kernel::scan` calls this only after run-time detection of avx2.
            let sum = unsafe { dot_avx2(codes, query_codes) };
            push_if_above(hits, row, query, sum as f32 * scale, thresholds);
        }
    }
}

/// Inner product. |code| * (query with the code's sign) keeps `vpmaddubsw` exact: query codes are within
/// +-127, so a pair sums to at most 2 * 128 * 127 < 2^15.
#[target_feature(enable = "avx2")]
fn dot_avx2(codes: &[i8], query: &[i8]) -> i32 {
    let mut sums = _mm256_setzero_si256();
    for (codes, query) in codes.chunks_exact(32).zip(query.chunks_exact(32)) {
        // SAFETY: both slices hold 32 bytes; unaligned loads.
        let (codes, query) = unsafe {
            (
                _mm256_loadu_si256(codes.as_ptr().cast::<__m256i>()),
                _mm256_loadu_si256(query.as_ptr().cast::<__m256i>()),
            )
        };
        let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(query, codes));
        sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }
    let four: __m128i = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two)))
}
