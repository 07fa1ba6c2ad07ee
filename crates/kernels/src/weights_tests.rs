use std::io::Write;

use proptest::prelude::*;

use super::super::Instructions;
use super::super::weights_linear::{linear_input_gradient_with, linear_with};
use super::*;
use crate::test_blocks::encode_blocks;
use crate::test_products::numbers;

const ALL: [StoredType; 5] =
    [StoredType::F32, StoredType::Bf16, StoredType::F16, StoredType::Q8, StoredType::Q4];

fn widened(weights: &WeightMatrix) -> Vec<f32> {
    let mut values = vec![f32::NAN; weights.outputs() * weights.inputs()];
    weights.widen_rows(0..weights.outputs(), &mut values);
    values
}

/// The matrix in a file, after `offset` other bytes and before one more.
fn mapped(
    bytes: &[u8],
    offset: usize,
    stored: StoredType,
    outputs: usize,
    inputs: usize,
) -> Option<WeightMatrix> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&vec![0xff; offset]).unwrap();
    file.write_all(bytes).unwrap();
    file.write_all(&[0xff]).unwrap();
    let map = Arc::new(MappedFile::open(file.path()).unwrap());
    WeightMatrix::from_file(map, offset..offset + bytes.len(), stored, outputs, inputs)
}

fn little_endian(values: &[f32], stored: StoredType) -> Vec<u8> {
    let bytes = |value: f32| match stored {
        StoredType::F32 => value.to_le_bytes().to_vec(),
        StoredType::Bf16 => half::bf16::from_f32(value).to_le_bytes().to_vec(),
        _ => half::f16::from_f32(value).to_le_bytes().to_vec(),
    };
    values.iter().copied().flat_map(bytes).collect()
}

#[test]
fn blocks_in_a_file_equal_blocks_in_memory() {
    for (stored, inputs) in [(StoredType::Q8, 96), (StoredType::Q4, 96), (StoredType::Q4, 512)] {
        let memory = WeightMatrix::from_f32(numbers(3 * inputs, 1), 3, inputs).convert(stored, encode_blocks);
        let bytes = memory.blocks().unwrap();
        assert_eq!(Some(bytes.len()), block_bytes(stored, 3, inputs));
        let file = mapped(bytes, 1, stored, 3, inputs).unwrap();
        assert_eq!(file.blocks(), memory.blocks());
        assert_eq!(widened(&file), widened(&memory));
        assert_eq!(file.bytes(), memory.bytes());
        assert!(mapped(&bytes[1..], 0, stored, 3, inputs).is_none());
    }
    assert_eq!(block_bytes(StoredType::Q4, 3, 48), None);
    assert_eq!(block_bytes(StoredType::Bf16, 3, 96), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_file_equals_memory(
        outputs in 1_usize..7,
        inputs in 1_usize..700,
        offset in 0_usize..5,
        stored in prop::sample::select(&ALL[..3]),
    ) {
        let values = numbers(outputs * inputs, 1);
        let memory = WeightMatrix::from_f32(values.clone(), outputs, inputs).convert(stored, encode_blocks);
        let file = mapped(&little_endian(&values, stored), offset, stored, outputs, inputs).unwrap();
        prop_assert_eq!(widened(&file), widened(&memory));
        prop_assert_eq!(file.bytes(), memory.bytes());
        let mut middle = vec![0.0; inputs];
        file.widen_rows(outputs - 1..outputs, &mut middle);
        prop_assert_eq!(&middle[..], &widened(&memory)[(outputs - 1) * inputs..]);
    }

    #[test]
    fn linear_layers_of_every_storage_equal_the_twin(
        rows in 1_usize..9,
        outputs in 1_usize..70,
        blocks in 1_usize..18,
        extra in prop_oneof![Just(0_usize), 1_usize..32],
        stored in prop::sample::select(&ALL[..]),
    ) {
        let inputs = blocks * 32 + extra;
        let weights = WeightMatrix::from_f32(numbers(outputs * inputs, 1), outputs, inputs).convert(stored, encode_blocks);
        let (input, bias) = (numbers(rows * inputs, 2), numbers(outputs, 3));
        let gradient = numbers(rows * outputs, 4);
        let values = widened(&weights);
        let noise = 1e-6 * (inputs + 20) as f64;
        for &instructions in Instructions::available() {
            let mut output = vec![f32::NAN; rows * outputs];
            linear_with(instructions, &input, rows, &weights, Some(&bias), &mut output);
            for (index, &found) in output.iter().enumerate() {
                let (row, column) = (index / outputs, index % outputs);
                let products = (0..inputs).map(|inner| {
                    f64::from(input[row * inputs + inner]) * f64::from(values[column * inputs + inner])
                });
                let expected = products.sum::<f64>() + f64::from(bias[column]);
                prop_assert!((f64::from(found) - expected).abs() < noise, "{} {}", found, expected);
            }
            let mut output = vec![f32::NAN; rows * inputs];
            linear_input_gradient_with(instructions, &gradient, rows, &weights, &mut output);
            for (index, &found) in output.iter().enumerate() {
                let (row, column) = (index / inputs, index % inputs);
                let products = (0..outputs).map(|inner| {
                    f64::from(gradient[row * outputs + inner]) * f64::from(values[inner * inputs + column])
                });
                let expected = products.sum::<f64>();
                prop_assert!((f64::from(found) - expected).abs() < noise, "{} {}", found, expected);
            }
        }
    }

    #[test]
    fn the_first_wrong_number_is_found(
        count in 1_usize..200_000,
        at in 0_usize..200_000,
        value in prop::sample::select(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY][..]),
        stored in prop::sample::select(&ALL[..3]),
    ) {
        let at = at % count;
        let mut values = numbers(count, 1);
        values[at] = 60_000.0;
        values[count - 1] = value;
        let weights = WeightMatrix::from_f32(values.clone(), 1, count).convert(stored, encode_blocks);
        prop_assert_eq!(weights.first_non_finite(), Some(count - 1));
        values[at] = value;
        let weights = WeightMatrix::from_f32(values.clone(), count, 1).convert(stored, encode_blocks);
        prop_assert_eq!(weights.first_non_finite(), Some(at));
        let file = mapped(&little_endian(&values, stored), 1, stored, count, 1).unwrap();
        prop_assert_eq!(file.first_non_finite(), Some(at));
    }
}

#[test]
fn conversions_are_as_close_as_their_bits() {
    let (outputs, inputs) = (5, 512);
    let values = numbers(outputs * inputs, 1);
    let weights = WeightMatrix::from_f32(values.clone(), outputs, inputs);
    let limits = [0.0, 0.002, 0.00025, 0.004, 0.07];
    let bytes_of_32 = [128, 64, 64, 34, 18];
    for ((stored, limit), bytes) in ALL.into_iter().zip(limits).zip(bytes_of_32) {
        let converted = weights.convert(stored, encode_blocks);
        assert_eq!(converted.stored(), stored);
        assert_eq!(converted.bytes(), outputs * inputs / 32 * bytes);
        let worst = widened(&converted)
            .iter()
            .zip(&values)
            .fold(0.0, |worst: f32, (left, right)| worst.max((left - right).abs()));
        assert!(worst <= limit, "{stored:?}: {worst}");
        assert_eq!(converted.first_non_finite(), None);
        assert_eq!(format!("{converted:?}"), format!("WeightMatrix([5, 512], {stored:?})"));
    }
}

#[test]
fn blocks_that_do_not_fit_become_smaller_or_bf16() {
    for (inputs, stored, bytes) in [(64, StoredType::Q4, 36), (48, StoredType::Bf16, 96)] {
        let weights =
            WeightMatrix::from_f32(numbers(inputs, 1), 1, inputs).convert(StoredType::Q4, encode_blocks);
        assert_eq!((weights.stored(), weights.bytes()), (stored, bytes));
    }
    let weights = WeightMatrix::from_f32(numbers(48, 1), 1, 48).convert(StoredType::Q8, encode_blocks);
    assert_eq!(weights.stored(), StoredType::Bf16);
}

#[test]
fn what_does_not_fit_a_file_is_refused() {
    assert!(mapped(&[0; 24], 0, StoredType::F32, 2, 3).is_some());
    assert!(mapped(&[0; 23], 0, StoredType::F32, 2, 3).is_none());
    assert!(mapped(&[0; 24], 0, StoredType::Bf16, 2, 3).is_none());
    assert!(mapped(&[0; 24], 0, StoredType::Q8, 2, 3).is_none());
    assert!(mapped(&[0; 24], 0, StoredType::F32, usize::MAX, 3).is_none());
    let empty = Arc::new(MappedFile::open(tempfile::NamedTempFile::new().unwrap().path()).unwrap());
    assert!(WeightMatrix::from_file(empty, 0..24, StoredType::F32, 2, 3).is_none());
}

#[test]
fn inputs_are_rounded_only_when_asked() {
    let weights = WeightMatrix::from_f32(numbers(64, 1), 2, 32);
    assert!(!weights.convert(StoredType::Bf16, encode_blocks).rounds_inputs());
    let asked = weights.with_rounded_inputs();
    assert!(!asked.rounds_inputs(), "f32 weights are not");
    assert!(!asked.convert(StoredType::F16, encode_blocks).rounds_inputs(), "nor are f16");
    assert!(asked.convert(StoredType::Bf16, encode_blocks).rounds_inputs());
    assert!(asked.convert(StoredType::Q4, encode_blocks).rounds_inputs());
}
