//! PNG, WebP, GIF and BMP.

use std::io::Cursor;

use image::ImageDecoder;
use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::error::ImageError;

use contract::Image;

use super::decode::Decoded;
use super::orientation::Orientation;
use super::samples::{narrow, to_rgb};
use super::{DecodeOptions, Format, Limits, PhotoError, bmp_header, png_rows};

/// What a decoder may allocate beside its output: palettes, profiles, dictionaries.
const OVERHEAD_BYTES: u64 = 64 << 20;
/// The widest sample format: four channels of f32.
const MAX_BYTES_PER_PIXEL: u64 = 16;

pub(super) fn decode(
    bytes: &[u8],
    format: Format,
    limits: &Limits,
    options: DecodeOptions,
) -> Result<Decoded, PhotoError> {
    let explain = |error| explain(format, error);
    let input = Cursor::new(bytes);
    match format {
        Format::Png => {
            check_png_size(bytes, limits)?;
            let decoder = PngDecoder::with_limits(input, decoder_limits(limits)).map_err(explain)?;
            decode_with(decoder, format, limits, options).or_else(|error| match error {
                PhotoError::Truncated { .. } => png_rows::rows_there(bytes, limits, options, error),
                other => Err(other),
            })
        }
        Format::WebP => decode_with(WebPDecoder::new(input).map_err(explain)?, format, limits, options),
        Format::Gif => decode_with(GifDecoder::new(input).map_err(explain)?, format, limits, options),
        Format::Bmp => {
            let input = Cursor::new(bmp_header::mended(bytes));
            decode_with(BmpDecoder::new(input).map_err(explain)?, format, limits, options)
        }
        Format::Jpeg | Format::Tiff | Format::Heic | Format::Avif | Format::Jxl => {
            Err(PhotoError::UnsupportedFormat { format })
        }
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
    options: DecodeOptions,
) -> Result<Decoded, PhotoError> {
    let (width, height) = decoder.dimensions();
    limits.check_pixels(width, height)?;
    if width == 0 || height == 0 {
        return Err(PhotoError::Damaged { format, why: format!("its size is {width} x {height}") });
    }
    decoder.set_limits(decoder_limits(limits)).map_err(|error| explain(format, error))?;
    // A damaged EXIF block must not cost the photo.
    let exif = decoder.exif_metadata().ok().flatten();
    let orientation = exif.map_or_else(Orientation::default, |block| Orientation::from_exif_block(&block));
    let rgb = read_rgb(decoder, format, options).map_err(|error| explain(format, error))?;
    let image = Image::new(width, height, rgb)
        .map_err(|_| PhotoError::Damaged { format, why: "its pixels do not fit its size".into() })?;
    Ok(Decoded { orientation, ..Decoded::upright(image) })
}

fn decoder_limits(limits: &Limits) -> image::Limits {
    let mut converted = image::Limits::no_limits();
    converted.max_alloc =
        Some(limits.max_pixels.saturating_mul(MAX_BYTES_PER_PIXEL).saturating_add(OVERHEAD_BYTES));
    converted
}

fn read_rgb(
    decoder: impl ImageDecoder,
    format: Format,
    options: DecodeOptions,
) -> Result<Vec<u8>, ImageError> {
    let colours = decoder.color_type();
    // Fits: at most MAX_BYTES_PER_PIXEL for each of the pixels that were checked against the limit.
    let mut samples = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut samples)?;
    let channels = usize::from(colours.channel_count());
    if usize::from(colours.bytes_per_pixel()) == 2 * channels {
        let pairs = samples.chunks_exact(2);
        let wide: Vec<u16> = pairs.map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect();
        samples = narrow(&wide, channels, options.scale_narrow_samples);
    }
    // Bitmaps have a place for opacity that many writers leave empty.
    if format == Format::Bmp && channels == 4 && samples.chunks_exact(4).all(|pixel| pixel[3] == 0) {
        for pixel in samples.chunks_exact_mut(4) {
            pixel[3] = u8::MAX;
        }
    }
    Ok(match channels {
        1 => to_rgb::<1>(&samples, options.alpha),
        2 => to_rgb::<2>(&samples, options.alpha),
        3 => samples,
        _ => to_rgb::<4>(&samples, options.alpha),
    })
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
