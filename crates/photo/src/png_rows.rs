//! The rows that are there of a PNG file that ends too early.

use std::io::Cursor;

use png::{ColorType, Decoder, Transformations};

use contract::Image;

use super::decode::Decoded;
use super::orientation::Orientation;
use super::samples::to_rgb;
use super::{Completeness, DecodeOptions, Format, Limits, PhotoError};

/// Decodes row by row up to the end of the file. Interlaced files, whose rows come in passes, stay refused with
/// `refusal`.
pub(super) fn rows_there(
    bytes: &[u8],
    limits: &Limits,
    options: DecodeOptions,
    refusal: PhotoError,
) -> Result<Decoded, PhotoError> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let Ok(mut reader) = decoder.read_info() else { return Err(refusal) };
    let (width, height, interlaced) = (reader.info().width, reader.info().height, reader.info().interlaced);
    limits.check_pixels(width, height)?;
    let exif = reader.info().exif_metadata.as_deref();
    let orientation = exif.map_or_else(Orientation::default, Orientation::from_exif_block);
    let (colours, _) = reader.output_color_type();
    let mut samples = Vec::new();
    let mut rows = 0;
    while let Ok(Some(row)) = reader.next_row() {
        if interlaced {
            return Err(refusal);
        }
        samples.extend_from_slice(row.data());
        rows += 1;
    }
    if rows == 0 {
        return Err(refusal);
    }
    let completeness = Completeness::of_rows(rows, height);
    if !options.allow_truncated && !completeness.is_complete() {
        return Err(PhotoError::Incomplete { format: Format::Png, completeness });
    }
    let rgb = match colours {
        ColorType::Grayscale => to_rgb::<1>(&samples, options.alpha),
        ColorType::GrayscaleAlpha => to_rgb::<2>(&samples, options.alpha),
        ColorType::Rgba => to_rgb::<4>(&samples, options.alpha),
        ColorType::Rgb | ColorType::Indexed => samples,
    };
    Ok(Decoded { orientation, completeness, ..Decoded::upright(Image::new(width, rows, rgb)?) })
}
