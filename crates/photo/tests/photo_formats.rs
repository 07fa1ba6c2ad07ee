//! What decoding makes of each format: orientation, alpha, 16 bits, the first frame.

mod photo_support;

use std::io::Cursor;

use contract::Diagnose as _;
use image::{DynamicImage, ImageBuffer, ImageFormat, Rgba};
use photo::{Alpha, DecodeOptions, Format, Image, Limits, PhotoError, decode, sniff};
use photo_support::{bytes, default, difference, official, scene};

fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).expect("an encoder");
    out.into_inner()
}

fn dynamic(image: &Image) -> DynamicImage {
    let buffer = ImageBuffer::from_raw(image.width(), image.height(), image.rgb().to_vec());
    DynamicImage::ImageRgb8(buffer.expect("as many bytes as the size wants"))
}

#[test]
fn lossless_formats_give_the_pixels_back() {
    let image = scene(61, 43, 1);
    for (format, expected) in [
        (ImageFormat::Png, Format::Png),
        (ImageFormat::WebP, Format::WebP),
        (ImageFormat::Tiff, Format::Tiff),
        (ImageFormat::Bmp, Format::Bmp),
    ] {
        let file = encode(&dynamic(&image), format);
        assert_eq!(sniff(&file), Some(expected));
        assert_eq!(default(&file).unwrap(), image, "{format:?}");
    }
    let gif = encode(&dynamic(&image), ImageFormat::Gif);
    let (_, mean) = difference(&default(&gif).unwrap(), &image);
    assert!(mean < 6.0, "{mean}");
}

#[test]
fn orientation_is_applied_by_default_and_ignored_by_the_official_mode() {
    let file = bytes("images/exif6.jpg");
    let upright = default(&file).unwrap();
    let stored = official("images/exif6.jpg");
    assert_eq!((stored.width(), stored.height()), (160, 100));
    assert_eq!((upright.width(), upright.height()), (100, 160));
    for (x, y) in [(0, 0), (99, 0), (31, 77), (99, 159)] {
        assert_eq!(upright.pixel(x, y), stored.pixel(y, 99 - x));
    }
    // The value sits in the file once, after the tag 0x0112, type 3, count 1.
    let tag = [[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6].as_slice(), &[0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0]];
    let (at, big) = tag
        .iter()
        .enumerate()
        .find_map(|(order, tag)| Some((file.windows(10).position(|window| window == *tag)?, order == 0)))
        .expect("an orientation");
    for value in 0..=9 {
        let mut changed = file.clone();
        changed[at + if big { 9 } else { 8 }] = value;
        let image = default(&changed).unwrap();
        let turned = (5..=8).contains(&value);
        assert_eq!(image.width(), if turned { 100 } else { 160 }, "{value}");
    }
}

#[test]
fn alpha_is_on_white_by_default_and_dropped_in_the_official_mode() {
    let pixels = vec![200, 100, 0, 0, 200, 100, 0, 255, 200, 100, 0, 51];
    let image = DynamicImage::ImageRgba8(ImageBuffer::<Rgba<u8>, _>::from_raw(3, 1, pixels).unwrap());
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        let file = encode(&image, format);
        let white = default(&file).unwrap();
        assert_eq!(white.rgb(), [255, 255, 255, 200, 100, 0, 244, 224, 204], "{format:?}");
        let dropped = decode(&file, &Limits::default(), DecodeOptions::official()).unwrap();
        assert_eq!(dropped.pixel(1, 0), Some([200, 100, 0]));
        if format == ImageFormat::Png {
            assert_eq!(dropped.rgb(), [200, 100, 0].repeat(3));
        }
    }
    let grey = DynamicImage::ImageLumaA8(ImageBuffer::from_raw(2, 1, vec![10, 0, 10, 255]).unwrap());
    let file = encode(&grey, ImageFormat::Png);
    assert_eq!(default(&file).unwrap().rgb(), [255, 255, 255, 10, 10, 10]);
    let options = DecodeOptions { alpha: Alpha::Drop, ..DecodeOptions::default() };
    assert_eq!(decode(&file, &Limits::default(), options).unwrap().rgb(), [10; 6]);
}

#[test]
fn sixteen_bits_keep_the_high_byte() {
    let colour =
        ImageBuffer::from_raw(2, 1, vec![0x12ff_u16, 0x00ff, 0xffff, 0x8000, 0x7fff, 0x0100]).unwrap();
    let grey = ImageBuffer::from_raw(2, 1, vec![0x34ff_u16, 0xff00]).unwrap();
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let file = encode(&DynamicImage::ImageRgb16(colour.clone()), format);
        assert_eq!(default(&file).unwrap().rgb(), [0x12, 0, 0xff, 0x80, 0x7f, 1]);
        let file = encode(&DynamicImage::ImageLuma16(grey.clone()), format);
        assert_eq!(default(&file).unwrap().rgb(), [0x34, 0x34, 0x34, 0xff, 0xff, 0xff]);
    }
}

#[test]
fn the_first_frame_of_a_gif_is_taken() {
    use image::codecs::gif::GifEncoder;
    let mut file = Vec::new();
    {
        let mut encoder = GifEncoder::new(&mut file);
        for colour in [[255, 0, 0, 255], [0, 255, 0, 255]] {
            let frame = ImageBuffer::from_pixel(8, 6, Rgba(colour));
            encoder.encode_frame(image::Frame::new(frame)).unwrap();
        }
    }
    let image = default(&file).unwrap();
    assert_eq!((image.width(), image.height(), image.pixel(3, 3)), (8, 6, Some([255, 0, 0])));
}

#[test]
fn formats_that_were_left_out_are_refused_with_a_way_out() {
    for (format, feature) in [(Format::Avif, "avif"), (Format::Heic, "heic"), (Format::Jxl, "jxl")] {
        let error = PhotoError::UnsupportedFormat { format };
        assert!(error.to_string().contains(format.name()), "{error}");
        assert!(error.hint().unwrap().contains(&format!("`{feature}`")));
    }
}

#[test]
fn heic_is_decoded_or_refused_with_a_way_out() {
    let file = bytes("heic/photo_d_crop.heic");
    assert_eq!(sniff(&file), Some(Format::Heic));
    if cfg!(feature = "heic") {
        // The reference (libheif) interpolates the halved chroma, our decoder repeats it: brightness must agree.
        let (image, expected) = (default(&file).unwrap(), official("heic/photo_d_crop_heic.png"));
        let (_, mean) = difference(&image, &expected);
        let brightness = mean_brightness_difference(&image, &expected);
        assert!(mean < 2.5 && brightness < 0.3, "{mean}, {brightness}");
        let limits = Limits { max_pixels: 100, ..Limits::default() };
        let error = decode(&file, &limits, DecodeOptions::default()).unwrap_err();
        assert!(matches!(error, PhotoError::TooManyPixels { .. }), "{error}");
    } else {
        let error = default(&file).unwrap_err();
        assert_eq!(error, PhotoError::UnsupportedFormat { format: Format::Heic });
        assert!(error.hint().unwrap().contains("heic"));
    }
}

fn mean_brightness_difference(first: &Image, second: &Image) -> f64 {
    let luma = |pixel: &[u8]| {
        0.299 * f64::from(pixel[0]) + 0.587 * f64::from(pixel[1]) + 0.114 * f64::from(pixel[2])
    };
    let pairs = first.rgb().chunks_exact(3).zip(second.rgb().chunks_exact(3));
    let count = pairs.len() as f64;
    pairs.map(|(a, b)| (luma(a) - luma(b)).abs()).sum::<f64>() / count
}
