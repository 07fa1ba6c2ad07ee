//! PNG, WebP, TIFF, GIF and BMP.

use std::io::Cursor;

use image::codecs::{
    bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, tiff::TiffDecoder, webp::WebPDecoder,
};
use image::error::ImageError;
use image::{ColorType, DynamicImage, ImageDecoder};

use contract::Image;

use super::decode::Decoded;
use super::orientation::Orientation;
use super::{Alpha, Format, Limits, PhotoError};

/// What a decoder may allocate beside its output: palettes, profiles, dictionaries.
const OVERHEAD_BYTES: u64 = 64 << 20;
/// The widest sample format: four channels of f32.
const MAX_BYTES_PER_PIXEL: u64 = 16;

pub(super) fn decode(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
    alpha: Alpha,
) -> Result<Decoded, PhotoError> {
    let explain = |error| explain(format, error);
    let input = Cursor::new(bytes);
    match format {
        Format::Png => {
            check_png_size(bytes, limits)?;
            let decoder = PngDecoder::with_limits(input, decoder_limits(limits)).map_err(explain)?;
            decode_with(decoder, format, limits, alpha)
        }
        Format::WebP => decode_with(WebPDecoder::new(input).map_err(explain)?, format, limits, alpha),
        Format::Tiff => decode_with(TiffDecoder::new(input).map_err(explain)?, format, limits, alpha),
        Format::Gif => decode_with(GifDecoder::new(input).map_err(explain)?, format, limits, alpha),
        Format::Bmp => decode_with(BmpDecoder::new(input).map_err(explain)?, format, limits, alpha),
        Format::Jpeg | Format::Heic | Format::Avif => Err(PhotoError::UnsupportedFormat { format }),
    }
}

/// The decoder refuses sizes whose bytes overflow as malformed; they are too large.
fn check_png_size(bytes: &[u8], limits: &Limits) -> Result<(), PhotoError> {
    // After the signature come the length and name of the header chunk, then width and height.
    let side = |offset: usize| {
        let field = bytes.get(offset..offset + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(field))
    };
    match (side(16), side(20)) {
        (Some(width), Some(height)) => limits.check_pixels(width, height),
        _ => Ok(()),
    }
}

fn decode_with(
    mut decoder: impl ImageDecoder,
    format: Format,
    limits: &Limits,
    alpha: Alpha,
) -> Result<Decoded, PhotoError> {
    let (width, height) = decoder.dimensions();
    limits.check_pixels(width, height)?;
    if width == 0 || height == 0 {
        return Err(PhotoError::Damaged { format, why: format!("its size is {width} x {height}") });
    }
    decoder.set_limits(decoder_limits(limits)).map_err(|error| explain(format, error))?;
    // A damaged EXIF block must not cost the photo.
    let orientation = decoder
        .orientation()
        .map_or_else(|_| Orientation::default(), |orientation| Orientation::from_exif(orientation.to_exif()));
    let rgb = read_rgb(decoder, alpha).map_err(|error| explain(format, error))?;
    let image = Image::new(width, height, rgb)
        .map_err(|_| PhotoError::Damaged { format, why: "its pixels do not fit its size".into() })?;
    Ok(Decoded { image, orientation, orientation_is_binding: format == Format::Tiff })
}

fn decoder_limits(limits: &Limits) -> image::Limits {
    let mut converted = image::Limits::no_limits();
    converted.max_alloc =
        Some(limits.max_pixels.saturating_mul(MAX_BYTES_PER_PIXEL).saturating_add(OVERHEAD_BYTES));
    converted
}

fn read_rgb(decoder: impl ImageDecoder, alpha: Alpha) -> Result<Vec<u8>, ImageError> {
    let colours = decoder.color_type();
    if matches!(colours, ColorType::Rgb32F | ColorType::Rgba32F) {
        let narrowed = DynamicImage::ImageRgba8(DynamicImage::from_decoder(decoder)?.into_rgba8());
        return Ok(to_rgb::<4>(narrowed.as_bytes(), alpha));
    }
    // Fits: at most MAX_BYTES_PER_PIXEL for each of the pixels that were checked against the limit.
    let mut samples = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut samples)?;
    if colours.bytes_per_pixel() / colours.channel_count() == 2 {
        samples =
            samples.chunks_exact(2).map(|pair| (u16::from_ne_bytes([pair[0], pair[1]]) >> 8) as u8).collect();
    }
    Ok(match colours.channel_count() {
        1 => to_rgb::<1>(&samples, alpha),
        2 => to_rgb::<2>(&samples, alpha),
        3 => samples,
        _ => to_rgb::<4>(&samples, alpha),
    })
}

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
fn on_white(channel: u8, opacity: u8) -> u8 {
    let (channel, opacity) = (u32::from(channel), u32::from(opacity));
    ((channel * opacity + 255 * (255 - opacity) + 127) / 255) as u8
}

fn explain(format: Format, error: ImageError) -> PhotoError {
    match error {
        ImageError::Unsupported(unsupported) => {
            PhotoError::UnsupportedVariant { format, what: unsupported.to_string() }
        }
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PhotoError::Truncated { format, why: "pixel data is missing".into() }
        }
        other => {
            let why = innermost(&other);
            let ended_early = ["eof", "end of file", "end of input", "end of image", "fill whole buffer"];
            if ended_early.iter().any(|words| why.to_ascii_lowercase().contains(words)) {
                PhotoError::Truncated { format, why }
            } else {
                PhotoError::Damaged { format, why }
            }
        }
    }
}

/// The message at the bottom of the chain: the layers above only repeat the format's name.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

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
