//! HEIC, the photo format of iPhones, behind the cargo feature `heic`.
//!
//! Rotation is part of the format's item properties and always applied; its EXIF orientation only repeats it.

#[cfg(feature = "heic")]
use contract::Image;

use super::decode::Decoded;
#[cfg(feature = "heic")]
use super::orientation::Orientation;
#[cfg(feature = "heic")]
use super::raster;
use super::{Alpha, Format, Limits, PhotoError};

const FORMAT: Format = Format::Heic;

#[cfg(feature = "heic")]
pub(super) fn decode(bytes: &[u8], limits: &Limits, alpha: Alpha) -> Result<Decoded, PhotoError> {
    let file = heifer::heifer_isobmff::HeifFile::parse(bytes).map_err(|error| damaged(error.to_string()))?;
    if let Ok(Some((width, height))) = file.image_size(file.primary_id) {
        limits.check_pixels(width, height)?;
    }
    // One thread: photos are decoded in parallel by the callers.
    let options = heifer::Options { max_threads: 1, max_pixels: limits.max_pixels };
    let picture = heifer::decode_rgba8(bytes, &options).map_err(|error| match error {
        heifer::Error::Unsupported(what) => PhotoError::UnsupportedVariant { format: FORMAT, what },
        other => damaged(other.to_string()),
    })?;
    let rgb = raster::to_rgb::<4>(&picture.data, alpha);
    let image = Image::new(picture.width, picture.height, rgb)
        .map_err(|_| damaged("its pixels do not fit its size".into()))?;
    Ok(Decoded { image, orientation: Orientation::default(), orientation_is_binding: false })
}

#[cfg(feature = "heic")]
fn damaged(why: String) -> PhotoError {
    PhotoError::Damaged { format: FORMAT, why }
}

#[cfg(not(feature = "heic"))]
pub(super) fn decode(_: &[u8], _: &Limits, _: Alpha) -> Result<Decoded, PhotoError> {
    Err(PhotoError::UnsupportedFormat { format: FORMAT })
}
