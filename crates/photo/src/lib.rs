//! Photos: decoding, resizing, cropping, metadata, fingerprints.
//!
//! # What it does
//! Every network sees exactly the pixels its reference implementation would. So [`resize`] reproduces Pillow byte for
//! byte, and decoding differs only where JPEG itself leaves freedom. All functions are pure and may run on many threads
//! at once.
//!
//! # Main types
//! [`read_photo_bytes`] and [`decode_photo`] turn a file into a [`contract::Photo`]; [`decode`] turns its bytes into
//! an [`Image`], under [`Limits`] and [`DecodeOptions`]; [`content`] says whether it shows anything; [`stated_location`] reads where it was taken. [`resize`] and
//! [`resize_short_side_and_crop`] change an image's size; [`normalise`] turns it into floats; [`perceptual_hash`]
//! finds near-duplicates; [`encode_thumbnail`] writes small copies; [`reencode_jpeg`] adds the JPEG artefacts of the
//! reference; [`smart_resize`] computes the sizes that Qwen2-VL uses. [`sniff`] and [`has_photo_extension`] tell
//! photos from other files.
//!
//! ```
//! use photo::{Filter, Image, resize};
//!
//! let grey = Image::filled(100, 80, [128; 3])?;
//! let small = resize(&grey, 50, 40, Filter::Bicubic)?;
//! assert_eq!(small.pixel(49, 39), Some([128; 3]));
//! # Ok::<(), photo::PhotoError>(())
//! ```
//!
//! # Alternatives considered
//! libjpeg-turbo would give Pillow's JPEG pixels to the bit, but needs a C toolchain. The pure Rust decoder is within a
//! few levels of it.
#![forbid(unsafe_code)]

#[cfg(feature = "avif")]
mod av1;
mod bmp_header;
mod completeness;
mod content;
mod crop;
mod decode;
mod error;
mod file;
mod filter;
mod format;
mod heif;
#[cfg(any(feature = "avif", feature = "heic"))]
mod heif_guard;
mod jpeg;
mod jpeg_bits;
mod jpeg_scans;
mod jpeg_structure;
mod jxl;
mod location;
mod normalise;
mod options;
mod orientation;
mod other_files;
mod perceptual_hash;
mod png_rows;
mod raster;
mod reencode;
mod resize;
mod row_pass;
mod samples;
mod smart_resize;
mod thumbnail;
mod tiff_colours;
mod tiff_directory;
mod tiff_image;
mod tiff_samples;

pub use self::completeness::Completeness;
pub use self::content::{Content, content};
pub use self::crop::{LongSide, ShortSideCrop, resize_short_side_and_crop};
pub use self::decode::{decode, decode_and_measure};
pub use self::error::PhotoError;
pub use self::file::{decode_photo, read_photo_bytes};
pub use self::filter::Filter;
pub use self::format::{Format, SNIFF_BYTES, has_photo_extension, sniff};
pub use self::location::{
    Axis, CaptureTime, Contradiction, HemisphereDoubt, LocationSource, NoLocation, NoLocationReason, Refusal,
    Sidecars, StatedLocation, Unit, capture_time, gps_tag, sidecar_names, stated_location,
    stated_location_with,
};
pub use self::normalise::{Layout, Normalisation, normalise};
pub use self::options::{Alpha, DecodeOptions, Limits};
pub use self::perceptual_hash::perceptual_hash;
pub use self::reencode::reencode_jpeg;
pub use self::resize::resize;
pub use self::smart_resize::{SmartResize, SmartResizeError, smart_resize};
pub use self::thumbnail::encode_thumbnail;
pub use contract::{Image, PerceptualHash};
