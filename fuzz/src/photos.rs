//! Photos: pixels and metadata.

use contract::Diagnose;
use photo::{
    DecodeOptions, Format, Limits, Sidecars, content, decode, decode_and_measure, perceptual_hash, sniff,
    stated_location_with,
};

/// Small, so that most of the time goes into reading and not into filling pixels.
const LIMITS: Limits = Limits { max_file_bytes: 1 << 20, max_pixels: 1 << 18 };

/// JPEG, PNG, GIF, BMP, TIFF, WebP and what is none of them.
pub fn photo(data: &[u8]) {
    if !matches!(sniff(data), Some(Format::Heic | Format::Avif | Format::Jxl)) {
        decode_in_all_ways(data);
    }
}

/// HEIC and AVIF.
pub fn photo_heif(data: &[u8]) {
    if matches!(sniff(data), Some(Format::Heic | Format::Avif)) {
        decode_in_all_ways(data);
    }
}

/// JPEG XL.
pub fn photo_jxl(data: &[u8]) {
    if matches!(sniff(data), Some(Format::Jxl)) {
        decode_in_all_ways(data);
    }
}

fn decode_in_all_ways(data: &[u8]) {
    let truncated = DecodeOptions { allow_truncated: true, ..DecodeOptions::default() };
    for options in [DecodeOptions::default(), truncated] {
        match decode_and_measure(data, &LIMITS, options) {
            Ok((image, completeness)) => {
                let pixels = u64::from(image.width()) * u64::from(image.height());
                assert!(pixels > 0 && pixels <= LIMITS.max_pixels, "{pixels} pixels");
                assert_eq!(image.rgb().len() as u64, 3 * pixels);
                assert!((0.0..=100.0).contains(&f64::from(completeness.percent())));
                let _ = (content(&image), perceptual_hash(&image));
            }
            Err(error) => {
                let _ = (error.to_string(), error.hint(), error.kind());
            }
        }
    }
    let _ = decode(data, &LIMITS, DecodeOptions::official());
}

/// EXIF and XMP in a photo, and the files beside it: before the first byte of value 255 that two zeros follow comes the
/// photo, after it a sidecar.
pub fn location(data: &[u8]) {
    let marker = data.windows(3).position(|window| window == [255, 0, 0]);
    let (bytes, sidecar) = match marker {
        Some(at) => (data.get(..at).unwrap_or_default(), data.get(at + 3..)),
        None => (data, None),
    };
    for name in ["a.jpg", "b.png"] {
        let mut read = |asked: &str| {
            // Of the many names that sidecars may have, one per kind is enough.
            let is_first = [format!("{name}.xmp"), format!("{name}.json")].iter().any(|ours| ours == asked);
            sidecar.filter(|_| is_first).map(<[u8]>::to_vec)
        };
        match stated_location_with(name, bytes, Sidecars::XmpAndTakeout, &mut read) {
            Ok(stated) => {
                assert!(stated.location.latitude().abs() <= 90.0);
                assert!(stated.location.longitude().abs() <= 180.0);
                assert!(stated.altitude.is_none_or(f64::is_finite));
                let _ = stated.contradiction_note(name);
            }
            Err(none) => {
                let _ = none.named(name).to_string();
            }
        }
    }
}
