//! [`PackedDepthwise`] against a plain loop in f64, at odd sizes and in strips.

use proptest::prelude::*;

use super::*;
use crate::test_products::numbers;

/// `[size, size, channels]` to `[output, output, channels]`.
fn plain(image: &[f32], weights: &[f32], bias: &[f32], geometry: &SamePadding) -> Vec<f64> {
    let (channels, kernel) = (bias.len(), geometry.kernel);
    let mut output = Vec::new();
    for row in 0..geometry.output {
        for column in 0..geometry.output {
            for channel in 0..channels {
                let mut sum = f64::from(bias[channel]);
                for tap in 0..kernel * kernel {
                    let y = (row * geometry.stride + tap / kernel).wrapping_sub(geometry.before);
                    let x = (column * geometry.stride + tap % kernel).wrapping_sub(geometry.before);
                    if y < geometry.input && x < geometry.input {
                        let value = image[(y * geometry.input + x) * channels + channel];
                        sum += f64::from(value) * f64::from(weights[channel * kernel * kernel + tap]);
                    }
                }
                output.push(sum);
            }
        }
    }
    output
}

/// One panel of the image's rows, columns padded with zeros.
fn strip(
    image: &[f32],
    channels: usize,
    geometry: &SamePadding,
    panel: usize,
    rows: std::ops::Range<usize>,
) -> Vec<f32> {
    let width = panel_width(channels, panel);
    let real = width.min(channels - panel * PANEL);
    let mut strip = vec![0.0; rows.len() * geometry.padded_columns() * width];
    for (line, y) in strip.chunks_exact_mut(geometry.padded_columns() * width).zip(rows) {
        for x in 0..geometry.input {
            let from = (y * geometry.input + x) * channels + panel * PANEL;
            let to = (geometry.before + x) * width;
            line[to..to + real].copy_from_slice(&image[from..from + real]);
        }
    }
    strip
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn kernels_equal_the_plain_loop(
        size in 1_usize..30,
        channels in 1_usize..100,
        kernel in prop_oneof![Just(3_usize), Just(5)],
        stride in 1_usize..3,
        height in 1_usize..12,
    ) {
        let image = numbers(size * size * channels, 1);
        let (weights, bias) = (numbers(channels * kernel * kernel, 2), numbers(channels, 3));
        let depthwise = PackedDepthwise::new(&weights, &bias, kernel, stride).unwrap();
        let geometry = depthwise.geometry(size);
        let expected = plain(&image, &weights, &bias, &geometry);
        for &instructions in Instructions::available() {
            for activation in [Activation::Identity, Activation::Relu6] {
                for panel in 0..depthwise.panels() {
                    let width = depthwise.width(panel);
                    for first in (0..geometry.output).step_by(height) {
                        let rows = first..(first + height).min(geometry.output);
                        let needed = geometry.input_rows(rows.start, rows.end);
                        let strip = strip(&image, channels, &geometry, panel, needed.clone());
                        let mut output = vec![f32::NAN; rows.len() * geometry.output * width];
                        depthwise.panel(
                            instructions, panel, &geometry, &strip, needed.start, rows, &mut output, activation,
                        );
                        for (pixel, values) in (first * geometry.output..).zip(output.chunks(width)) {
                            for (channel, value) in (panel * PANEL..channels).zip(values) {
                                let expected = activation.of(expected[pixel * channels + channel] as f32);
                                prop_assert!((value - expected).abs() < 1e-4, "{:?}", instructions);
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_padding_is_tensorflows(input in 1_usize..300, kernel in 1_usize..6, stride in 1_usize..3) {
        let padding = SamePadding::new(input, kernel, stride);
        prop_assert_eq!(padding.output, input.div_ceil(stride));
        prop_assert!(padding.before <= padding.total - padding.before && padding.total < kernel.max(2) + stride);
        let rows = padding.input_rows(0, padding.output);
        prop_assert!(rows.start == 0 && rows.end <= input);
    }
}

#[test]
fn the_extra_row_comes_after() {
    assert_eq!(
        SamePadding::new(260, 3, 2),
        SamePadding { input: 260, output: 130, kernel: 3, stride: 2, before: 0, total: 1 }
    );
    assert_eq!(
        SamePadding::new(65, 5, 2),
        SamePadding { input: 65, output: 33, kernel: 5, stride: 2, before: 2, total: 4 }
    );
}

#[test]
fn other_kernels_and_lengths_are_refused() {
    assert!(PackedDepthwise::new(&[0.0; 9], &[0.0], 3, 1).is_some());
    assert!(PackedDepthwise::new(&[0.0; 49], &[0.0], 7, 1).is_none());
    assert!(PackedDepthwise::new(&[0.0; 9], &[0.0], 3, 3).is_none());
    assert!(PackedDepthwise::new(&[0.0; 10], &[0.0], 3, 1).is_none());
    assert!(PackedDepthwise::new(&[], &[], 3, 1).is_none());
}

#[test]
#[should_panic(expected = "the strip is too short")]
fn short_strips_are_refused() {
    let depthwise = PackedDepthwise::new(&[0.0; 9], &[0.0], 3, 1).unwrap();
    let geometry = depthwise.geometry(4);
    let (strip, mut output) = ([0.0; 4 * 6 * 16 - 1], [0.0; 4 * 4 * 16]);
    depthwise.panel(Instructions::best(), 0, &geometry, &strip, 0, 0..4, &mut output, Activation::Identity);
}
