//! From the bytes of a photo file to upright RGB pixels.

use contract::{Image, catch_panic};

use super::orientation::Orientation;
use super::{DecodeOptions, Format, Limits, PhotoError, heic, jpeg, raster, sniff};

/// Decodes a photo; the format is told by the bytes, whatever the file was called.
///
/// The limits are checked against the header, before anything is allocated for the pixels. A file that ends
/// early is an error and never a half-grey image. Samples of 16 bits keep their high byte; colour profiles are
/// ignored, as the networks were trained.
///
/// ```
/// use photo::{DecodeOptions, Image, Limits, PhotoError, decode, encode_thumbnail};
///
/// let sky = Image::filled(64, 48, [90, 160, 230])?;
/// let jpeg = encode_thumbnail(&sky, 32, 80)?;
/// let small = decode(&jpeg, &Limits::default(), DecodeOptions::default())?;
/// assert_eq!((small.width(), small.height()), (32, 24));
///
/// let half = decode(&jpeg[..jpeg.len() / 2], &Limits::default(), DecodeOptions::default());
/// assert!(matches!(half, Err(PhotoError::Truncated { .. })));
/// # Ok::<(), PhotoError>(())
/// ```
///
/// # Errors
/// [`PhotoError`], one variant a cause. It never panics: should a decoder do so, the photo counts as damaged.
pub fn decode(bytes: &[u8], limits: &Limits, options: DecodeOptions) -> Result<Image, PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    limits.check_file_bytes(bytes.len() as u64)?;
    let format = sniff(bytes).ok_or(PhotoError::UnknownFormat)?;
    let decoded = catch_panic(|| match format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        Format::Heic => heic::decode(bytes, limits, options.alpha),
        Format::Avif => Err(PhotoError::UnsupportedFormat { format }),
        _ => raster::decode(bytes, format, limits, options.alpha),
    })
    .unwrap_or_else(|_| Err(PhotoError::Damaged { format, why: "its decoder gave up".into() }))?;
    Ok(if options.apply_orientation || decoded.orientation_is_binding {
        decoded.orientation.apply(decoded.image)?
    } else {
        decoded.image
    })
}

/// What the decoder of one format hands over.
pub(super) struct Decoded {
    /// Pixels as stored.
    pub(super) image: Image,
    /// How to turn them.
    pub(super) orientation: Orientation,
    /// Whether the orientation belongs to the format itself and holds in every mode (TIFF).
    pub(super) orientation_is_binding: bool,
}
