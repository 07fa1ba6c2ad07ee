//! JPEG.
//!
//! The decoder is asked to be forgiving in the headers (cameras write odd ones) and strict in the pixel data,
//! where forgiveness means grey areas. It fills what is missing with zeros as soon as it meets the end marker, and says
//! nothing. So baseline data is given to it without that marker: then it reports that data ran out, whether the
//! marker was there or not, and data that is all there decodes with a missing marker. Progressive data without the
//! marker gets one that no data may hold, so that an early end is an error.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use contract::Image;

use super::decode::Decoded;
use super::jpeg_structure::{Coding, Structure};
use super::orientation::Orientation;
use super::{Completeness, Format, Limits, PhotoError, jpeg_scans};

/// Real progressive files have about ten scans; thousands of them over a large image cost minutes.
const MAX_SCANS: usize = 100;
/// The decoder looks up to 63 bits ahead. With these behind the data it ends no sooner than the data does.
const PADDING: [u8; 8] = [0; 8];
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
/// Padding, a marker that is an error within data and passed over behind it, and the end marker.
const PROBE: [u8; 14] = [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x02, 0, 2, 0xff, 0xd9];
/// What the decoder puts where data is missing.
const FILLER: u8 = 128;

pub(super) fn decode(bytes: &[u8], limits: &Limits, allow_truncated: bool) -> Result<Decoded, PhotoError> {
    let structure = Structure::of(bytes)?;
    let data = bytes.get(..structure.end).unwrap_or(bytes);
    let attempt = |tail: &[u8]| run(&[data, tail].concat(), limits, true);
    let marked = structure.has_end_marker;
    if structure.coding == Coding::Separate {
        // What the decoder itself would make of it is wrong where colours are shared, or filled where data is missing.
        return match jpeg_scans::joined(data, limits)? {
            Some(whole) => run(&whole, limits, true),
            None => Err(match attempt(&END_OF_IMAGE) {
                Err(error) if marked => error,
                _ => truncated("its colours come one after the other, and not all are there"),
            }),
        };
    }
    if structure.coding == Coding::Progressive && marked {
        return attempt(&END_OF_IMAGE);
    }
    match attempt(if structure.coding == Coding::Progressive { &PROBE } else { &PADDING }) {
        Ok(whole) if structure.passes_are_complete || structure.coding == Coding::Whole => {
            return Ok(whole);
        }
        Err(error @ (PhotoError::TooManyPixels { .. } | PhotoError::UnsupportedVariant { .. })) => {
            return Err(error);
        }
        // Data that is damaged, not cut.
        Err(error) if marked && !matches!(error, PhotoError::Truncated { .. }) => {
            return attempt(&END_OF_IMAGE).map_err(|_| error);
        }
        Ok(_) | Err(_) => {}
    }
    let (cut, rows) = rows_there(data, limits, &structure)?;
    if rows == cut.image.height() && marked {
        return attempt(&END_OF_IMAGE);
    }
    keep_rows(&cut, rows, structure.coding == Coding::Progressive, allow_truncated)
}

/// The rows that are there, of a photo whose data ends early.
fn keep_rows(cut: &Decoded, rows: u32, coarse: bool, allow_truncated: bool) -> Result<Decoded, PhotoError> {
    let (width, height) = (cut.image.width(), cut.image.height());
    let completeness = if coarse && rows == height {
        Completeness::without_detail()
    } else {
        Completeness::of_rows(rows, height)
    };
    if rows == 0 {
        return Err(truncated("not one row of the picture is there"));
    }
    if !allow_truncated {
        return Err(PhotoError::Incomplete { format: Format::Jpeg, completeness });
    }
    let kept = width as usize * rows as usize * 3;
    let rgb = cut.image.rgb().get(..kept).unwrap_or_default().to_vec();
    Ok(Decoded {
        orientation: cut.orientation,
        completeness,
        ..Decoded::upright(Image::new(width, rows, rgb)?)
    })
}

/// Decodes what is there, and counts the rows above the filler. The last row of blocks may be half there, so it
/// does not count.
fn rows_there(data: &[u8], limits: &Limits, structure: &Structure) -> Result<(Decoded, u32), PhotoError> {
    let cut = run(data, limits, false)
        .or_else(|_| run(&[data, &END_OF_IMAGE].concat(), limits, false))
        .map_err(|_| truncated("pixel data is missing"))?;
    let (width, height) = (cut.image.width(), cut.image.height());
    let row_bytes = width as usize * 3;
    let filled = cut.image.rgb().rchunks_exact(row_bytes).take_while(|row| row.iter().all(|&x| x == FILLER));
    let filled = filled.count() as u32;
    // The first pass of a progressive photo may be whole.
    if structure.coding == Coding::Progressive && filled == 0 && structure.passes > 1 {
        return Ok((cut, height));
    }
    let block_rows = structure.block_rows.max(1);
    let rows = (height - filled).div_ceil(block_rows).saturating_sub(1) * block_rows;
    Ok((cut, rows))
}

/// One run of the decoder; a forgiving one fills what is missing.
fn run(data: &[u8], limits: &Limits, strict: bool) -> Result<Decoded, PhotoError> {
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(MAX_SCANS)
        .set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data), options);
    decoder.decode_headers().map_err(|error| explain(&error))?;
    let info = decoder.info().ok_or_else(|| damaged("it has no frame header"))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    limits.check_pixels(width, height)?;
    let colours = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => ColorSpace::Luma,
        Some(ColorSpace::YCbCr | ColorSpace::RGB | ColorSpace::CMYK | ColorSpace::YCCK) => ColorSpace::RGB,
        other => return Err(unsupported(format!("colour space {other:?}"))),
    };
    let orientation =
        decoder.exif().map_or_else(Orientation::default, |block| Orientation::from_exif_block(block));
    decoder.set_options(options.set_strict_mode(strict).jpeg_set_out_colorspace(colours));
    let mut samples = decoder.decode().map_err(|error| explain(&error))?;
    if colours == ColorSpace::Luma {
        samples = samples.iter().flat_map(|&grey| [grey; 3]).collect();
    }
    let image = Image::new(width, height, samples)
        .map_err(|_| damaged("the pixel data does not fit the size in the header"))?;
    Ok(Decoded { orientation, ..Decoded::upright(image) })
}

fn truncated(why: &str) -> PhotoError {
    PhotoError::Truncated { format: Format::Jpeg, why: why.into() }
}

fn damaged(why: &str) -> PhotoError {
    PhotoError::Damaged { format: Format::Jpeg, why: why.into() }
}

fn unsupported(what: String) -> PhotoError {
    PhotoError::UnsupportedVariant { format: Format::Jpeg, what }
}

fn explain(error: &DecodeErrors) -> PhotoError {
    match error {
        DecodeErrors::Unsupported(scheme) => unsupported(format!("{scheme:?}")),
        DecodeErrors::ExhaustedData | DecodeErrors::FormatStatic("Premature end of buffer") => {
            truncated("pixel data is missing")
        }
        other => damaged(format!("{other:?}").trim()),
    }
}
