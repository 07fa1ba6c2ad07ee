//! HEIC, AVIF and JPEG XL files as phones and encoders write them.
#![cfg(all(feature = "avif", feature = "heic", feature = "jxl"))]

mod photo_support;

use std::fs;
use std::path::Path;

use photo::{Alpha, DecodeOptions, Image, Limits, PhotoError, decode};
use photo_support::{default, difference, scene};

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decoding").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The picture that was encoded.
fn original() -> Image {
    scene(112, 96, 1)
}

/// A picture made of another one, pixel by pixel.
fn map(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Image {
    let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    Image::new(width, height, rows.flat_map(|(x, y)| pixel(x, y)).collect())
        .expect("as many bytes as the size wants")
}

fn check(name: &str, expected: &Image) {
    let image = default(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((image.width(), image.height()), (expected.width(), expected.height()), "{name}");
    let (_, mean) = difference(&image, expected);
    assert!(mean < 6.0, "{name}: {mean}");
}

#[test]
fn depths_samplings_and_containers_decode() {
    let names = [
        "plain.avif",
        "bits10.avif",
        "bits12.avif",
        "sub444.avif",
        "limited.avif",
        "mif1-nobrand.avif",
        "anim.avif",
        "plain.heic",
        "ten.heic",
        "lossy.jxl",
    ];
    for name in names {
        check(name, &original());
    }
    // Odd sides: the last column and row share their colour with none.
    for name in ["odd420.avif", "odd422.avif"] {
        check(name, &scene(111, 95, 1));
    }
    for name in ["sub400.avif", "grey.jxl"] {
        let image = default(&file(name)).unwrap();
        assert!(
            image.rgb().chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]),
            "{name}"
        );
    }
}

#[test]
fn grey_of_the_limited_range_is_as_bright_as_that_of_the_full_one() {
    let full = default(&file("sub400.avif")).unwrap();
    let limited = default(&file("limited400.avif")).unwrap();
    let (_, mean) = difference(&full, &limited);
    assert!(mean < 1.5, "{mean}");
}

#[test]
fn rotation_is_applied_once_whatever_exif_says() {
    let image = original();
    // Three quarters against the clock is one with it: what EXIF orientation 6 says too.
    let turned = map(96, 112, |x, y| image.pixel(y, 95 - x).unwrap());
    for name in ["irot3-exif6.avif", "irot3-exif6.heic"] {
        check(name, &turned);
    }
    check("exif6-no-irot.heic", &image);
    // It is part of the format: the mode that ignores EXIF applies it as well.
    let official = decode(&file("irot3-exif6.heic"), &Limits::default(), DecodeOptions::official()).unwrap();
    assert_eq!((official.width(), official.height()), (96, 112));
    let mirrored = map(112, 96, |x, y| image.pixel(111 - x, y).unwrap());
    check("imir1.avif", &mirrored);
    // JPEG XL rotates in its header; an EXIF orientation beside it counts for nothing.
    check("orient6.jxl", &image);
}

#[test]
fn grids_and_crops_decode() {
    let image = original();
    check("grid.avif", &image);
    check("grid.heic", &image);
    check("clap.avif", &map(56, 48, |x, y| image.pixel(x + 24, y + 26).unwrap()));
}

#[test]
fn alpha_of_another_size_is_stretched() {
    let image = original();
    let vertical = |y: u32| f64::from(y) / 95.0;
    let blended = map(112, 96, |x, y| {
        image
            .pixel(x, y)
            .unwrap()
            .map(|channel| (f64::from(channel) * vertical(y) + 255.0 * (1.0 - vertical(y))) as u8)
    });
    for name in ["alpha-half.avif", "alpha-half.heic", "grid-alpha-odd.heic", "alpha.jxl"] {
        check(name, &blended);
        let options = DecodeOptions { alpha: Alpha::Drop, ..DecodeOptions::default() };
        let dropped = decode(&file(name), &Limits::default(), options).unwrap();
        let (_, mean) = difference(&dropped, &image);
        // Where nothing shows, encoders write what they like.
        assert!(mean < 20.0, "{name}: {mean}");
    }
}

#[test]
fn odd_auxiliary_pictures_never_cost_the_photo() {
    for name in ["gainmap-broken.heic", "alpha-broken.heic", "alpha-othercodec.heic", "alpha-broken.avif"] {
        check(name, &original());
    }
}

#[test]
fn cut_files_are_refused_and_limits_hold() {
    for name in ["plain.avif", "grid.avif", "plain.heic", "grid.heic", "lossy.jxl"] {
        let whole = file(name);
        for percent in [10, 50, 95] {
            let error = default(&whole[..whole.len() * percent / 100]).unwrap_err();
            assert!(matches!(error, PhotoError::Truncated { .. }), "{name} at {percent} %: {error:?}");
        }
        let limits = Limits { max_pixels: 112 * 96 - 1, ..Limits::default() };
        let error = decode(&whole, &limits, DecodeOptions::default()).unwrap_err();
        assert!(error.is_too_large(), "{name}: {error:?}");
    }
}
