//! Files that are cut, corrupted, too large or no photos at all.

mod photo_support;

use std::io::Cursor;
use std::sync::LazyLock;
use std::time::Instant;

use contract::Diagnose as _;
use image::{DynamicImage, ImageBuffer, ImageFormat};
use photo::{DecodeOptions, Image, Limits, PhotoError, decode, encode_thumbnail, resize, sniff};
use photo_support::{bytes, default, scene};
use proptest::prelude::*;

/// A small file of each format.
static FILES: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let image = scene(40, 30, 3);
    let dynamic =
        DynamicImage::ImageRgb8(ImageBuffer::from_raw(40, 30, image.rgb().to_vec()).expect("a test file"));
    let encoded = |format| {
        let mut out = Cursor::new(Vec::new());
        dynamic.write_to(&mut out, format).expect("a test file");
        out.into_inner()
    };
    let mut files = vec![
        ("jpeg", encode_thumbnail(&image, 100, 80).expect("a test file")),
        ("progressive jpeg", bytes("images/tall.jpg")),
        ("cmyk jpeg", bytes("images/cmyk.jpg")),
        ("exif jpeg", bytes("images/exif6.jpg")),
        ("png", encoded(ImageFormat::Png)),
        ("palette png", bytes("images/palette.png")),
        ("webp", encoded(ImageFormat::WebP)),
        ("tiff", encoded(ImageFormat::Tiff)),
        ("gif", encoded(ImageFormat::Gif)),
        ("bmp", encoded(ImageFormat::Bmp)),
    ];
    if cfg!(feature = "heic") {
        files.push(("heic", bytes("heic/photo_d_crop.heic")));
    }
    let fixture = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decoding").join(name);
        std::fs::read(path).expect("a test file")
    };
    if cfg!(feature = "avif") {
        files.push(("avif", fixture("grid.avif")));
    }
    if cfg!(feature = "jxl") {
        files.push(("jxl", fixture("lossy.jxl")));
    }
    files
});

#[test]
fn files_that_are_no_photos_have_their_own_errors() {
    assert_eq!(default(b""), Err(PhotoError::Empty));
    for text in
        [b"hello, I am called photo.jpg".as_slice(), b"\xff\xd8", b"\0", b"BM", b"GIF", b"RIFF....WAVE"]
    {
        assert_eq!(default(text), Err(PhotoError::UnknownFormat));
    }
    let error = PhotoError::UnknownFormat;
    assert!(error.hint().unwrap().contains("JPEG") && !error.is_too_large());
}

#[test]
fn every_cut_of_every_format_is_an_error_or_loses_nothing() {
    for (name, file) in FILES.iter() {
        let whole = default(file).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut refused = 0;
        let step = (file.len() / 150).max(1);
        let cuts = (1..file.len()).step_by(step).chain(file.len().saturating_sub(16)..file.len());
        let cuts: Vec<usize> = cuts.collect();
        for &length in &cuts {
            match default(&file[..length]) {
                // Only trailers (of GIF, PNG, TIFF) may be missing, and the last bits of JPEG.
                Ok(image) => {
                    let last_bits = name.contains("jpeg") && length + 16 >= file.len();
                    assert!(
                        image == whole || last_bits,
                        "{name} cut at {length} of {} gave other pixels",
                        file.len()
                    );
                }
                Err(
                    PhotoError::Truncated { .. } | PhotoError::Incomplete { .. } | PhotoError::Damaged { .. },
                ) => refused += 1,
                Err(PhotoError::UnknownFormat) if length < 20 => refused += 1,
                Err(other) => panic!("{name} cut at {length}: {other:?}"),
            }
        }
        assert!(refused * 10 >= cuts.len() * 8, "{name}: {refused} of {} cuts refused", cuts.len());
    }
}

#[test]
fn every_cut_of_a_jpeg_is_named_truncated() {
    for (name, file) in FILES.iter().filter(|(name, _)| name.contains("jpeg")) {
        for length in (4..file.len() - 16).step_by(7) {
            let error = default(&file[..length]).unwrap_err();
            let named = matches!(error, PhotoError::Truncated { .. } | PhotoError::Incomplete { .. });
            assert!(named, "{name} cut at {length}: {error:?}");
        }
        // A download that was never finished: the right length, zeros at the end.
        let mut zeroed = file.clone();
        zeroed[file.len() / 2..].fill(0);
        let error = default(&zeroed).unwrap_err();
        assert!(
            matches!(error, PhotoError::Truncated { .. } | PhotoError::Incomplete { .. }),
            "{name}: {error:?}"
        );
        // What cameras append is not damage.
        let trailer = [file.as_slice(), b"\0\0\0\x18ftypmp42 a film"].concat();
        assert_eq!(default(&trailer), default(file));
    }
}

/// A PNG that announces `width` x `height` pixels and compresses them well.
fn png_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    file.extend(13_u32.to_be_bytes());
    file.extend(&header);
    file.extend(crc(&header).to_be_bytes());
    file.extend([0, 0, 0, 0]);
    file.extend(b"IDAT");
    file.extend(crc(b"IDAT").to_be_bytes());
    file
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn bombs_are_refused_by_their_header() {
    let start = Instant::now();
    let error = default(&png_bomb(30_000, 30_000)).unwrap_err();
    let limit = Limits::default().max_pixels;
    assert_eq!(error, PhotoError::TooManyPixels { width: 30_000, height: 30_000, limit });
    assert!(error.is_too_large() && error.to_string().contains("30000 x 30000"));
    assert!(start.elapsed().as_millis() < 1000);
    // The largest that formats can announce does not overflow.
    assert!(default(&png_bomb(0x7fff_ffff, 0x7fff_ffff)).unwrap_err().is_too_large());

    // The height and width of a JPEG follow its frame marker.
    let (_, mut jpeg) = FILES[0].clone();
    let frame = jpeg.windows(2).position(|window| window == [0xff, 0xc0]).expect("a baseline frame");
    jpeg[frame + 5..frame + 9].fill(0xff);
    assert!(default(&jpeg).unwrap_err().is_too_large());
}

#[test]
fn limits_hold_for_every_format() {
    for (name, file) in FILES.iter() {
        let refusal = |limits| decode(file, &limits, DecodeOptions::default()).unwrap_err();
        let pixels = refusal(Limits { max_pixels: 1199, ..Limits::default() });
        assert!(matches!(pixels, PhotoError::TooManyPixels { limit: 1199, .. }), "{name}: {pixels:?}");
        let bytes = refusal(Limits { max_file_bytes: 60, ..Limits::default() });
        assert_eq!(bytes, PhotoError::FileTooLarge { bytes: file.len() as u64, limit: 60 }, "{name}");
    }
}

#[test]
fn impossible_sizes_are_errors() {
    assert!(Image::new(0, 4, Vec::new()).is_err());
    assert!(Image::new(2, 2, vec![0; 11]).is_err());
    assert!(Image::new(u32::MAX, u32::MAX, vec![0; 3]).is_err());
    assert!(Image::filled(0, 3, [1; 3]).is_err());
    let image = scene(4, 4, 0);
    for (width, height) in [(0, 4), (4, 0), (u32::MAX, u32::MAX), (1 << 20, 1 << 20)] {
        assert!(resize(&image, width, height, photo::Filter::Bicubic).is_err(), "{width} x {height}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Corrupted files decode or are refused. A panic inside a decoder would be reported as damage; that none
    /// happens either is worth knowing, so the message is looked for.
    #[test]
    fn corrupted_files_never_panic(
        which in 0..FILES.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let (name, mut file) = FILES[which].clone();
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()) + 1);
        }
        let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
        match decode(&file, &limits, DecodeOptions::default()) {
            Ok(image) => prop_assert!(u64::from(image.width()) * u64::from(image.height()) <= 1 << 20),
            Err(error) => prop_assert!(!error.to_string().contains("gave up"), "{}: {}", name, error),
        }
    }

    #[test]
    fn random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), which in 0..FILES.len()) {
        let head = &FILES[which].1[..16];
        bytes.splice(0..0, head.iter().copied());
        let _ = sniff(&bytes);
        prop_assert!(default(&bytes).is_err());
    }
}
