//! A photo as it looks after being saved as JPEG once more.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, EncodingError, SamplingFactor};

use contract::Image;

use super::{DecodeOptions, Limits, PhotoError, decode};

/// Pillow's default.
const QUALITY: u8 = 75;

/// Encodes the image as JPEG (quality 75, the tables of the standard's annex K, chroma halved both ways) and
/// decodes it again.
///
/// The reference implementation of `GeoRanker` does this to candidate photos, so its scores carry the artefacts.
/// The pixels are close to Pillow's (libjpeg-turbo), on average within 0.6 levels, not equal: the decoder differs by
/// a few levels, the encoder not at all for some photos and by a fifth of a level, on average, for others. CMYK
/// files, which the reference writes with four inks again, come out as any other photo here.
///
/// # Errors
/// [`PhotoError::Encoding`] if a side exceeds JPEG's 65,535 pixels.
pub fn reencode_jpeg(image: &Image) -> Result<Image, PhotoError> {
    let too_long = |side: u32| {
        u16::try_from(side)
            .map_err(|_| PhotoError::Encoding { why: format!("a side of {side} pixels exceeds 65535") })
    };
    let (width, height) = (too_long(image.width())?, too_long(image.height())?);
    let mut bytes = Vec::with_capacity(image.rgb().len() / 8);
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    // As libjpeg: the mean of four samples, not the first of them.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder
        .encode(image.rgb(), width, height, ColorType::Rgb)
        .map_err(|error: EncodingError| PhotoError::Encoding { why: error.to_string() })?;
    // The pixels are in memory already, so no limit applies to them.
    let limits = Limits { max_file_bytes: u64::MAX, max_pixels: u64::MAX };
    decode(&bytes, &limits, DecodeOptions::official())
}
