//! JPEG.
//!
//! The decoder is asked to be forgiving in the headers (cameras write odd ones) and strict in the pixel data,
//! where forgiveness means grey areas.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use contract::Image;

use super::decode::Decoded;
use super::orientation::Orientation;
use super::{Format, Limits, PhotoError};

/// Real progressive files have about ten scans; thousands of them over a large image cost minutes.
const MAX_SCANS: usize = 100;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, PhotoError> {
    check_structure(bytes)?;
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(MAX_SCANS)
        .set_strict_mode(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
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
    decoder.set_options(options.set_strict_mode(true).jpeg_set_out_colorspace(colours));
    let mut samples = decoder.decode().map_err(|error| explain(&error))?;
    if colours == ColorSpace::Luma {
        samples = samples.iter().flat_map(|&grey| [grey; 3]).collect();
    }
    let image = Image::new(width, height, samples)
        .map_err(|_| damaged("the pixel data does not fit the size in the header"))?;
    Ok(Decoded { image, orientation, orientation_is_binding: false })
}

/// Walks the markers up to the end-of-image one. Decoders fill what is missing with grey and say nothing.
fn check_structure(bytes: &[u8]) -> Result<(), PhotoError> {
    const END_OF_IMAGE: u8 = 0xd9;
    const START_OF_SCAN: u8 = 0xda;
    let cut = |why: &str| PhotoError::Truncated { format: Format::Jpeg, why: why.into() };
    let mut rest = bytes.get(2..).unwrap_or_default();
    let mut in_scan = false;
    loop {
        let missing = if in_scan { "the end of the image is missing" } else { "it has no pixel data" };
        let marker_at = rest.iter().position(|&byte| byte == 0xff).ok_or_else(|| cut(missing))?;
        rest = &rest[marker_at + 1..];
        match *rest.first().ok_or_else(|| cut(missing))? {
            END_OF_IMAGE if in_scan => return Ok(()),
            END_OF_IMAGE => return Err(damaged("it has no pixel data")),
            // Fill bytes; a stuffed zero, a restart or another marker without a segment.
            0xff => {}
            0x00 | 0x01 | 0xd0..=0xd8 => rest = &rest[1..],
            marker => {
                let length = rest.get(1..3).and_then(|field| field.try_into().ok());
                let length = usize::from(u16::from_be_bytes(length.ok_or_else(|| cut(missing))?));
                rest = rest.get(1 + length..).ok_or_else(|| cut("a segment is cut off"))?;
                in_scan |= marker == START_OF_SCAN;
            }
        }
    }
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
        DecodeErrors::ExhaustedData => {
            PhotoError::Truncated { format: Format::Jpeg, why: "pixel data is missing".into() }
        }
        other => damaged(format!("{other:?}").trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_ends_at_the_end_marker_and_ignores_what_follows() {
        let whole = b"\xff\xd8\xff\xfe\x00\x05abc\xff\xda\x00\x04xx123\xff\x00456\xff\xd0789\xff\xd9";
        assert_eq!(check_structure(whole), Ok(()));
        assert_eq!(check_structure(&[whole.as_slice(), b"motion photo trailer \xff\xda"].concat()), Ok(()));
        for length in 2..whole.len() {
            let error = check_structure(&whole[..length]).unwrap_err();
            assert!(matches!(error, PhotoError::Truncated { .. }), "{length}: {error}");
        }
        let error = check_structure(b"\xff\xd8\xff\xd9").unwrap_err();
        assert!(matches!(error, PhotoError::Damaged { .. }), "{error}");
    }
}
