//! Small copies for reports and maps.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use contract::Image;

use super::{Filter, PhotoError, resize};

/// A JPEG of the image, its long side at most `max_side` pixels, never enlarged. `quality` is 1..=100.
///
/// It carries no metadata: no EXIF, hence no position.
///
/// # Errors
/// [`PhotoError::WrongTarget`] if `max_side` is 0; [`PhotoError::Encoding`] if a side exceeds JPEG's 65,535.
pub fn encode_thumbnail(image: &Image, max_side: u32, quality: u8) -> Result<Vec<u8>, PhotoError> {
    let long = image.width().max(image.height());
    let mut jpeg = Vec::new();
    if long <= max_side {
        encode(image, quality, &mut jpeg)?;
    } else {
        // Rounded to nearest; a sliver keeps at least one pixel.
        let shrink = |side: u32| {
            let exact = u64::from(side) * u64::from(max_side);
            ((exact + u64::from(long) / 2) / u64::from(long)).max(u64::from(max_side.min(1))) as u32
        };
        let small = resize(image, shrink(image.width()), shrink(image.height()), Filter::Bicubic)?;
        encode(&small, quality, &mut jpeg)?;
    }
    Ok(jpeg)
}

fn encode(image: &Image, quality: u8, jpeg: &mut Vec<u8>) -> Result<(), PhotoError> {
    JpegEncoder::new_with_quality(jpeg, quality.clamp(1, 100))
        .encode(image.rgb(), image.width(), image.height(), ExtendedColorType::Rgb8)
        .map_err(|error| PhotoError::Encoding { why: error.to_string() })
}
