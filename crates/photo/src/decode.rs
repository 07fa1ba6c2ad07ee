//! From the bytes of a photo file to upright RGB pixels.

use contract::{Image, catch_panic};

use super::orientation::Orientation;
use super::{
    Completeness, DecodeOptions, Format, Limits, PhotoError, heif, jpeg, jxl, raster, sniff, tiff_image,
};

/// Decodes a photo; the format is told by the bytes, whatever the file was called.
///
/// The limits are checked against the header, before anything is allocated for the pixels. A file that ends
/// early is an error and never a half-grey image, unless [`DecodeOptions::allow_truncated`] is set. Samples of 16 bits
/// keep their high byte (see [`DecodeOptions::scale_narrow_samples`]); colour profiles are ignored, as the networks
/// were trained.
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
    decode_and_measure(bytes, limits, options).map(|(image, _)| image)
}

/// Like [`decode`]; says in addition how much of the photo the file holds. That is all of it, unless
/// [`DecodeOptions::allow_truncated`] is set.
///
/// # Errors
/// As [`decode`].
pub fn decode_and_measure(
    bytes: &[u8],
    limits: &Limits,
    options: DecodeOptions,
) -> Result<(Image, Completeness), PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    limits.check_file_bytes(bytes.len() as u64)?;
    let format = sniff(bytes).ok_or_else(|| PhotoError::of_unknown(bytes))?;
    let decoded = catch_panic(|| match format {
        Format::Jpeg => jpeg::decode(bytes, limits, options.allow_truncated),
        Format::Heic | Format::Avif => heif::decode(bytes, format, limits, options),
        Format::Jxl => jxl::decode(bytes, limits, options.alpha),
        Format::Tiff => tiff_image::decode(bytes, limits, options),
        Format::Png | Format::WebP | Format::Gif | Format::Bmp => {
            raster::decode(bytes, format, limits, options)
        }
    })
    .unwrap_or_else(|_| Err(PhotoError::Damaged { format, why: "its decoder gave up".into() }))?;
    let image = if options.apply_orientation || decoded.orientation_is_binding {
        decoded.orientation.apply(decoded.image)?
    } else {
        decoded.image
    };
    Ok((image, decoded.completeness))
}

/// What the decoder of one format hands over.
pub(super) struct Decoded {
    /// Pixels as stored.
    pub(super) image: Image,
    /// How to turn them.
    pub(super) orientation: Orientation,
    /// Whether the orientation belongs to the format itself and holds in every mode (TIFF).
    pub(super) orientation_is_binding: bool,
    /// How much of the photo was there.
    pub(super) completeness: Completeness,
}

impl Decoded {
    /// A complete image that stands upright as it is stored.
    pub(super) fn upright(image: Image) -> Self {
        Self {
            image,
            orientation: Orientation::default(),
            orientation_is_binding: false,
            completeness: Completeness::COMPLETE,
        }
    }
}
