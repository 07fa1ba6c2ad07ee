//! [`PackedLinear`] against a plain loop in f64, at odd sizes and places.

use proptest::prelude::*;

use super::super::panels::{from_panels, to_panels};
use super::*;
use crate::test_products::{numbers, plain_transposed};

/// All outputs, row-major, of the rows `first..first + count`.
fn run(
    linear: &PackedLinear,
    instructions: Instructions,
    input: PanelRows<'_>,
    residual: Option<&[f32]>,
    activation: Activation,
) -> Vec<f32> {
    let mut panels = AlignedBuffer::zeros(input.count * padded_channels(linear.outputs()));
    panels.fill(f32::NAN);
    for (panel, floats) in panels.chunks_mut(input.count * PANEL).enumerate() {
        let residual = residual.map(|residual| &residual[panel * input.count * PANEL..][..floats.len()]);
        linear.panel(instructions, panel, input, PanelOutput::dense(floats), residual, activation);
    }
    assert!(panels.iter().all(|value| !value.is_nan()));
    let mut output = vec![0.0; input.count * linear.outputs()];
    from_panels(&panels, input.count, linear.outputs(), &mut output);
    output
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn kernels_equal_the_plain_loop(
        rows in 1_usize..40,
        first in 0_usize..20,
        inputs in 1_usize..150,
        outputs in 1_usize..150,
        with_residual in any::<bool>(),
    ) {
        let first = first.min(rows - 1);
        let count = rows - first;
        let (input, weights, bias) = (numbers(rows * inputs, 1), numbers(inputs * outputs, 2), numbers(outputs, 3));
        let added = numbers(count * outputs, 4);
        let linear = PackedLinear::new(&weights, &bias, inputs, outputs).unwrap();
        let mut panels = AlignedBuffer::zeros(rows * padded_channels(inputs));
        to_panels(&input, rows, inputs, &mut panels);
        let mut residual = AlignedBuffer::zeros(count * padded_channels(outputs));
        to_panels(&added, count, outputs, &mut residual);
        let expected = plain_transposed(&input[first * inputs..], &weights, &bias, inputs);
        for &instructions in Instructions::available() {
            for activation in [Activation::Identity, Activation::Relu, Activation::Relu6] {
                let rows = PanelRows { panels: &panels, rows, first, count };
                let residual = with_residual.then_some(&residual[..]);
                let output = run(&linear, instructions, rows, residual, activation);
                for ((value, expected), added) in output.iter().zip(&expected).zip(&added) {
                    let sum = if with_residual { expected + f64::from(*added) } else { *expected };
                    let expected = activation.of(sum as f32);
                    prop_assert!((value - expected).abs() < 1e-4, "{:?}: {} {}", instructions, value, expected);
                }
            }
        }
    }

    #[test]
    fn gaps_are_left_alone_and_rows_do_not_change_a_bit(
        rows in 1_usize..60,
        columns in 1_usize..20,
        gap in 0_usize..40,
        outputs in 1_usize..49,
    ) {
        let inputs = 61;
        let input = numbers(rows * inputs, 5);
        let linear =
            PackedLinear::new(&numbers(inputs * outputs, 6), &numbers(outputs, 7), inputs, outputs).unwrap();
        let width = linear.width(0);
        let mut panels = AlignedBuffer::zeros(rows * padded_channels(inputs));
        to_panels(&input, rows, inputs, &mut panels);
        let all = PanelRows::all(&panels, rows);
        for &instructions in Instructions::available() {
            let mut spread = vec![f32::NAN; rows * width + rows.div_ceil(columns) * gap];
            let output = PanelOutput { floats: &mut spread, columns, gap };
            linear.panel(instructions, 0, all, output, None, Activation::Identity);
            for (run, line) in spread.chunks(columns * width + gap).enumerate() {
                let held = columns.min(rows.saturating_sub(run * columns));
                prop_assert!(line[held * width..].iter().all(|value| value.is_nan()));
                for (row, values) in (run * columns..).zip(line[..held * width].chunks(width)) {
                    let alone = PanelRows { first: row, count: 1, ..all };
                    let mut single = vec![0.0; width];
                    let output = PanelOutput::dense(&mut single);
                    linear.panel(instructions, 0, alone, output, None, Activation::Identity);
                    prop_assert_eq!(&single[..], values);
                }
            }
        }
    }
}

#[test]
fn lengths_that_disagree_are_refused() {
    assert!(PackedLinear::new(&[1.0; 6], &[1.0; 2], 3, 2).is_some());
    assert!(PackedLinear::new(&[1.0; 5], &[1.0; 2], 3, 2).is_none());
    assert!(PackedLinear::new(&[1.0; 6], &[1.0; 3], 3, 2).is_none());
    assert!(PackedLinear::new(&[], &[], 0, 0).is_none());
}

#[test]
#[should_panic(expected = "output too short")]
fn short_outputs_are_refused() {
    let linear = PackedLinear::new(&[1.0; 6], &[1.0; 2], 3, 2).unwrap();
    let input = PanelRows::all(&[0.0; 32], 2);
    let mut short = [0.0; 31];
    linear.panel(Instructions::best(), 0, input, PanelOutput::dense(&mut short), None, Activation::Identity);
}

#[test]
#[should_panic(expected = "input too short")]
fn short_inputs_are_refused() {
    let linear = PackedLinear::new(&[1.0; 6], &[1.0; 2], 3, 2).unwrap();
    let input = PanelRows::all(&[0.0; 31], 2);
    let mut output = [0.0; 32];
    linear.panel(Instructions::best(), 0, input, PanelOutput::dense(&mut output), None, Activation::Identity);
}
