use half::bf16;
use proptest::prelude::*;

use super::super::weights::{StoredType, WeightMatrix};
use super::kernel::{Plain, PlainPairs};
use super::pack::{Straight, Transposed};
use super::*;
use crate::test_blocks::encode_blocks;
use crate::test_products::{numbers, plain_transposed};

fn rounded(values: &[f32]) -> Vec<f32> {
    values.iter().map(|&value| bf16::from_f32(value).to_f32()).collect()
}

/// The product by a kernel.
///
/// # Safety
/// As [`Blocked::run`].
unsafe fn product<K: Kernel>(
    left: &[f32],
    rows: usize,
    weights: &WeightMatrix,
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let mut output = vec![f32::NAN; rows * weights.outputs()];
    let right = Transposed(&[weights]);
    let plan = Blocked {
        left,
        rows,
        inner: weights.inputs(),
        right: &right,
        columns: weights.outputs(),
        bias,
        granule: 1,
        finish: Finish::Store,
    };
    // SAFETY: the caller's promise.
    unsafe { plan.run::<K>(&mut output) };
    output
}

/// The largest difference, in units of the noise of that many terms up to 1.
fn worst(found: &[f32], expected: &[f64], inner: usize) -> f64 {
    assert_eq!(found.len(), expected.len());
    let noise = 1e-6 * (inner as f64 + 10.0);
    found.iter().zip(expected).fold(0.0, |worst: f64, (&found, &expected)| {
        let difference = (f64::from(found) - expected).abs() / noise;
        if difference.is_nan() { f64::INFINITY } else { worst.max(difference) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_kernel_equals_the_plain_twin(
        rows in 1_usize..40,
        inner in prop_oneof![1_usize..40, 250_usize..530],
        columns in prop_oneof![1_usize..70, 250_usize..270],
        with_bias in any::<bool>(),
    ) {
        let (left, right) = (numbers(rows * inner, 1), numbers(columns * inner, 2));
        let bias = if with_bias { numbers(columns, 3) } else { vec![0.0; columns] };
        let weights = WeightMatrix::from_f32(right.clone(), columns, inner);
        let given = with_bias.then_some(&bias[..]);
        let expected = plain_transposed(&left, &right, &bias, inner);
        // SAFETY: plain Rust, and the processor is asked before the others.
        unsafe {
            prop_assert!(worst(&product::<Plain>(&left, rows, &weights, given), &expected, inner) < 1.0);
            #[cfg(target_arch = "x86_64")]
            for &instructions in super::super::Instructions::available() {
                let found = match instructions {
                    super::super::Instructions::Avx512 => product::<kernel::Avx512>(&left, rows, &weights, given),
                    super::super::Instructions::Avx2 => product::<kernel::Avx2>(&left, rows, &weights, given),
                    super::super::Instructions::Portable => continue,
                };
                prop_assert!(worst(&found, &expected, inner) < 1.0, "{:?}", instructions);
            }
        }
    }

    /// Packing and blocking of pairs are the same code for the instruction and its twin.
    #[test]
    fn pairs_equal_the_plain_twin_of_rounded_inputs(
        rows in 1_usize..20,
        inner in prop_oneof![1_usize..40, 500_usize..530],
        columns in 1_usize..70,
    ) {
        let (left, right) = (numbers(rows * inner, 1), numbers(columns * inner, 2));
        let weights = WeightMatrix::from_f32(right.clone(), columns, inner).convert(StoredType::Bf16, encode_blocks);
        let expected = plain_transposed(&rounded(&left), &rounded(&right), &vec![0.0; columns], inner);
        // SAFETY: plain Rust, and the processor is asked before the other.
        unsafe {
            prop_assert!(worst(&product::<PlainPairs>(&left, rows, &weights, None), &expected, inner) < 1.0);
            #[cfg(target_arch = "x86_64")]
            if super::super::weights_linear::has_bf16_products() {
                let found = product::<kernel::Avx512Pairs>(&left, rows, &weights, None);
                prop_assert!(worst(&found, &expected, inner) < 1.0);
            }
        }
    }

    #[test]
    fn straight_weights_equal_the_plain_twin(
        rows in 1_usize..20,
        inner in prop_oneof![1_usize..40, 250_usize..270],
        columns in prop_oneof![1_usize..70, 250_usize..270],
    ) {
        let (left, right) = (numbers(rows * inner, 1), numbers(columns * inner, 2));
        let mut straight = vec![0.0; inner * columns];
        for (index, &value) in right.iter().enumerate() {
            straight[index % inner * columns + index / inner] = value;
        }
        let weights = WeightMatrix::from_f32(straight, inner, columns);
        let side = Straight(&weights);
        let plan = Blocked { left: &left, rows, inner, right: &side, columns, bias: None, granule: 1, finish: Finish::Store };
        let mut found = vec![f32::NAN; rows * columns];
        // SAFETY: plain Rust.
        unsafe { plan.run::<Plain>(&mut found) };
        prop_assert!(worst(&found, &plain_transposed(&left, &right, &vec![0.0; columns], inner), inner) < 1.0);
        let weights = weights.convert(StoredType::Bf16, encode_blocks);
        let side = Straight(&weights);
        let plan = Blocked { left: &left, rows, inner, right: &side, columns, bias: None, granule: 1, finish: Finish::Store };
        let expected = plain_transposed(&rounded(&left), &rounded(&right), &vec![0.0; columns], inner);
        // SAFETY: plain Rust, and the processor is asked before the other.
        unsafe {
            plan.run::<PlainPairs>(&mut found);
            prop_assert!(worst(&found, &expected, inner) < 1.0);
            #[cfg(target_arch = "x86_64")]
            if super::super::weights_linear::has_bf16_products() {
                plan.run::<kernel::Avx512Pairs>(&mut found);
                prop_assert!(worst(&found, &expected, inner) < 1.0);
            }
        }
    }
}

#[test]
fn threads_and_rows_change_no_bit() {
    let (rows, inner, columns) = (130, 300, 200);
    let weights = WeightMatrix::from_f32(numbers(columns * inner, 1), columns, inner);
    let left = numbers(rows * inner, 2);
    // SAFETY: plain Rust.
    let whole = unsafe { product::<Plain>(&left, rows, &weights, None) };
    for threads in [1, 3, 16] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        // SAFETY: plain Rust.
        let again = pool.install(|| unsafe { product::<Plain>(&left, rows, &weights, None) });
        assert!(again.iter().zip(&whole).all(|(left, right)| left.to_bits() == right.to_bits()));
    }
    // SAFETY: plain Rust.
    let last = unsafe { product::<Plain>(&left[(rows - 1) * inner..], 1, &weights, None) };
    let whole = &whole[(rows - 1) * columns..];
    assert!(last.iter().zip(whole).all(|(left, right)| left.to_bits() == right.to_bits()));
}

#[test]
fn no_inputs_leave_the_bias() {
    let weights = WeightMatrix::from_f32(Vec::new(), 3, 0);
    // SAFETY: plain Rust.
    let output = unsafe { product::<Plain>(&[], 2, &weights, Some(&[1.0, 2.0, 3.0])) };
    assert_eq!(output, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
}

/// Lines of any length, odd ones too; the instruction makes zeros of numbers below the least normal one.
#[cfg(target_arch = "x86_64")]
#[test]
fn words_by_the_processor_equal_the_plain_twin() {
    if !super::super::weights_linear::has_bf16_products() {
        return;
    }
    let special = [0.0, -0.0, 1e38, -3.5e-38, 1.003_906_3, 1.011_718_8, f32::INFINITY, f32::MAX];
    for length in [1, 2, 31, 32, 33, 64, 511, 512, 1000] {
        let line: Vec<f32> =
            special.into_iter().chain(numbers(1000, length)).cycle().skip(3).take(length).collect();
        let mut words = [vec![f32::NAN; length.div_ceil(2)], vec![f32::NAN; length.div_ceil(2)]];
        // SAFETY: plain Rust; the processor was asked.
        unsafe {
            PlainPairs::words(&line, &mut words[0]);
            kernel::Avx512Pairs::words(&line, &mut words[1]);
        }
        let bits = words.map(|words| words.into_iter().map(f32::to_bits).collect::<Vec<_>>());
        assert_eq!(bits[0], bits[1], "{length}");
    }
}

/// Several matrices side by side, added to what is there or mapped, in chunks of rows or not.
#[test]
fn matrices_side_by_side_and_what_becomes_of_the_product() {
    let (rows, inner) = (30, 300);
    let counts = [40, 7, 64];
    let parts: Vec<WeightMatrix> = (1..)
        .zip(counts)
        .map(|(seed, columns)| WeightMatrix::from_f32(numbers(columns * inner, seed), columns, inner))
        .collect();
    let columns: usize = counts.iter().sum();
    let whole: Vec<f32> =
        (1..).zip(counts).flat_map(|(seed, columns)| numbers(columns * inner, seed)).collect();
    let (left, bias) = (numbers(rows * inner, 9), numbers(columns, 8));
    let before = numbers(rows * columns, 7);
    let product = plain_transposed(&left, &whole, &bias, inner);
    let parts: Vec<&WeightMatrix> = parts.iter().collect();
    let right = Transposed(&parts);
    let halve: fn(&mut [f32]) = |values| values.iter_mut().for_each(|value| *value *= 0.5);
    for (finish, expected) in [
        (Finish::Store, product.clone()),
        (Finish::Add, product.iter().zip(&before).map(|(sum, &before)| sum + f64::from(before)).collect()),
        (Finish::Map(halve), product.iter().map(|sum| sum / 2.0).collect::<Vec<_>>()),
    ] {
        let plan = Blocked {
            left: &left,
            rows,
            inner,
            right: &right,
            columns,
            bias: Some(&bias),
            granule: 1,
            finish,
        };
        let mut found = before.clone();
        // SAFETY: plain Rust, and the processor is asked before the other.
        unsafe {
            plan.run::<Plain>(&mut found);
            assert!(worst(&found, &expected, inner) < 1.0, "{finish:?}");
            #[cfg(target_arch = "x86_64")]
            if super::super::Instructions::best() == super::super::Instructions::Avx512 {
                found.copy_from_slice(&before);
                plan.run::<kernel::Avx512>(&mut found);
                assert!(worst(&found, &expected, inner) < 1.0, "{finish:?}");
            }
        }
    }
}

/// More rows than are packed at once: each as it would be alone.
#[test]
fn rows_in_chunks_change_no_bit() {
    let most = 4 * TILES * Plain::ROWS;
    let (rows, inner, columns) = (2 * most + 5, 1 << 14, 3);
    assert!(PACKED / inner < most, "two chunks");
    let weights = WeightMatrix::from_f32(numbers(columns * inner, 1), columns, inner);
    let left = numbers(rows * inner, 2);
    // SAFETY: plain Rust.
    let whole = unsafe { product::<Plain>(&left, rows, &weights, None) };
    for row in [0, rows / 2, rows / 2 + 3, rows / 2 + 4, rows / 2 + 7, rows - 1] {
        // SAFETY: plain Rust.
        let alone = unsafe { product::<Plain>(&left[row * inner..(row + 1) * inner], 1, &weights, None) };
        let found = &whole[row * columns..(row + 1) * columns];
        assert!(found.iter().zip(&alone).all(|(found, alone)| found.to_bits() == alone.to_bits()));
    }
}
