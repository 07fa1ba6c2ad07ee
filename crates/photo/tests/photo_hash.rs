//! Fingerprints and thumbnails.

mod photo_support;

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use photo::{Filter, Image, PerceptualHash, encode_thumbnail, perceptual_hash, resize};
use photo_support::{default, official, scene};

fn photos() -> Vec<Image> {
    let mut photos: Vec<Image> = (0..12).map(|seed| scene(320, 240, seed)).collect();
    photos.extend(["images/photo_b.jpg", "images/photo_d.jpg", "images/kauai.png"].map(official));
    photos
}

fn jpeg(image: &Image, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode(image.rgb(), image.width(), image.height(), ExtendedColorType::Rgb8)
        .expect("an encoder");
    bytes
}

#[test]
fn copies_of_a_photo_are_close() {
    for (index, photo) in photos().iter().enumerate() {
        let hash = perceptual_hash(photo);
        let reencoded = default(&jpeg(photo, 40)).unwrap();
        let halved = resize(photo, photo.width() / 2, photo.height() / 2, Filter::Bicubic).unwrap();
        let brighter = photo.rgb().iter().map(|&sample| sample.saturating_add(10)).collect();
        let brighter = Image::new(photo.width(), photo.height(), brighter).unwrap();
        for (what, copy) in [("reencoded", reencoded), ("halved", halved), ("brighter", brighter)] {
            let distance = hash.distance(perceptual_hash(&copy));
            assert!(distance <= 8, "photo {index} {what}: {distance}");
        }
    }
}

#[test]
fn different_photos_are_far_apart() {
    let hashes: Vec<PerceptualHash> = photos().iter().map(perceptual_hash).collect();
    let pairs = hashes
        .iter()
        .enumerate()
        .flat_map(|(index, &first)| hashes[index + 1..].iter().map(move |&second| first.distance(second)));
    let (far, all) = pairs.fold((0, 0), |(far, all), distance| (far + u32::from(distance > 16), all + 1));
    assert!(far * 10 >= all * 9, "{far} of {all} pairs are more than 16 bits apart");
}

#[test]
fn a_flat_image_has_no_fingerprint() {
    for colour in [[0; 3], [128; 3], [255, 0, 3]] {
        assert_eq!(perceptual_hash(&Image::filled(50, 70, colour).unwrap()).0, 0);
    }
}

#[test]
fn thumbnails_keep_the_aspect_and_no_metadata() {
    let photo = default(&photo_support::bytes("images/exif6.jpg")).unwrap();
    for (side, expected) in [(50, (31, 50)), (1, (1, 1)), (1000, (100, 160))] {
        let bytes = encode_thumbnail(&photo, side, 85).unwrap();
        let small = default(&bytes).unwrap();
        assert_eq!((small.width(), small.height()), expected);
        assert!(!bytes.windows(4).any(|window| window == b"Exif"));
    }
    assert!(encode_thumbnail(&photo, 0, 85).is_err());
    let sliver = Image::filled(4000, 3, [9; 3]).unwrap();
    let small = default(&encode_thumbnail(&sliver, 100, 85).unwrap()).unwrap();
    assert_eq!((small.width(), small.height()), (100, 1));
}
