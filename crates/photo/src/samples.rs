//! From the samples that decoders give to RGB bytes.

use super::Alpha;

/// Grey, grey + alpha or RGBA samples (1, 2 or 4 `CHANNELS`) as RGB.
pub(super) fn to_rgb<const CHANNELS: usize>(samples: &[u8], alpha: Alpha) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(samples.len() / CHANNELS * 3);
    for pixel in samples.chunks_exact(CHANNELS) {
        let colour = if CHANNELS >= 3 { [pixel[0], pixel[1], pixel[2]] } else { [pixel[0]; 3] };
        let opacity = if CHANNELS.is_multiple_of(2) { pixel[CHANNELS - 1] } else { u8::MAX };
        rgb.extend(match alpha {
            Alpha::OnWhite => colour.map(|channel| on_white(channel, opacity)),
            Alpha::Drop => colour,
        });
    }
    rgb
}

/// `(c a + 255 (255 - a)) / 255`, rounded to nearest.
pub(super) fn on_white(channel: u8, opacity: u8) -> u8 {
    let (channel, opacity) = (u32::from(channel), u32::from(opacity));
    ((channel * opacity + 255 * (255 - opacity) + 127) / 255) as u8
}

/// Samples of 16 bits as bytes, `channels` for each pixel. `scale`: see
/// [`DecodeOptions::scale_narrow_samples`](super::DecodeOptions::scale_narrow_samples); else the high byte.
///
/// With 2 or 4 channels the last one is alpha. It is often full where the colours hold few bits, so it is scaled with
/// them only if it is as narrow.
pub(super) fn narrow(samples: &[u16], channels: usize, scale: bool) -> Vec<u8> {
    let colours = channels - usize::from(channels.is_multiple_of(2));
    let (mut largest, mut largest_alpha) = (0, 0);
    for (colour, alpha) in samples.chunks_exact(channels).map(|pixel| pixel.split_at(colours)) {
        largest = colour.iter().copied().fold(largest, u16::max);
        largest_alpha = alpha.iter().copied().fold(largest_alpha, u16::max);
    }
    let high_byte = 8;
    let (mut shift, mut alpha_shift) = (high_byte, high_byte);
    if scale {
        shift = bits_in_use(largest) - 8;
        if u32::from(largest_alpha) < 256 << shift {
            alpha_shift = shift;
        }
    }
    let mut narrowed = Vec::with_capacity(samples.len());
    for (colour, alpha) in samples.chunks_exact(channels).map(|pixel| pixel.split_at(colours)) {
        narrowed.extend(colour.iter().map(|&sample| (sample >> shift) as u8));
        narrowed.extend(alpha.iter().map(|&sample| (sample >> alpha_shift) as u8));
    }
    narrowed
}

/// How many bits a camera or scanner used whose largest sample is this one. A picture without any light tells
/// nothing.
pub(super) fn bits_in_use(largest: u16) -> u32 {
    match largest {
        1..=0xff => 8,
        0x100..=0x3ff => 10,
        0x400..=0xfff => 12,
        0x1000..=0x3fff => 14,
        0 | 0x4000.. => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_samples_are_scaled_by_the_bits_in_use() {
        for (bits, shift) in [(8, 0), (10, 2), (12, 4), (14, 6), (16, 8)] {
            let full = ((1_u32 << bits) - 1) as u16;
            let samples = [full, full / 2, full / 3];
            let expected = samples.map(|sample| (sample >> shift) as u8);
            assert_eq!(narrow(&samples, 3, true), expected, "{bits} bits");
            assert_eq!(narrow(&samples, 1, true), expected, "{bits} bits");
            assert_eq!(narrow(&samples, 3, false), samples.map(|sample| (sample >> 8) as u8), "{bits} bits");
        }
        // A dark photo whose brightest lamp reaches a quarter of the scale stays as it is.
        assert_eq!(narrow(&[0x4000, 300, 20], 3, true), [0x40, 1, 0]);
        assert_eq!(narrow(&[0; 3], 3, true), [0; 3]);
        // Alpha beside 8 bits: full in 16 bits, or in 8.
        assert_eq!(narrow(&[200, 0xffff, 100, 0], 2, true), [200, 255, 100, 0]);
        assert_eq!(narrow(&[200, 100, 50, 255], 4, true), [200, 100, 50, 255]);
    }

    #[test]
    fn alpha_blends_with_white_and_rounds_to_nearest() {
        assert_eq!(on_white(0, 0), 255);
        assert_eq!(on_white(77, 255), 77);
        for channel in 0..=255_u8 {
            for opacity in 0..=255_u8 {
                let share = f64::from(opacity) / 255.0;
                let exact = f64::from(channel) * share + 255.0 * (1.0 - share);
                assert!((f64::from(on_white(channel, opacity)) - exact).abs() <= 0.5 + 1e-9);
            }
        }
        assert_eq!(to_rgb::<4>(&[1, 2, 3, 0, 4, 5, 6, 255], Alpha::OnWhite), [255, 255, 255, 4, 5, 6]);
        assert_eq!(to_rgb::<4>(&[1, 2, 3, 0], Alpha::Drop), [1, 2, 3]);
        assert_eq!(to_rgb::<2>(&[9, 255, 8, 0], Alpha::OnWhite), [9, 9, 9, 255, 255, 255]);
        assert_eq!(to_rgb::<1>(&[9, 8], Alpha::OnWhite), [9, 9, 9, 8, 8, 8]);
    }
}
