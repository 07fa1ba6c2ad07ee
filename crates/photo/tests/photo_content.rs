//! Which pictures show nothing that could be located.

mod photo_support;

use std::fs;
use std::path::Path;
use std::time::Instant;

use photo::{Content, Image, Limits, content, decode, encode_thumbnail};
use photo_support::{default, scene};

/// The colour at a place.
type Paint = fn(f64, f64) -> [f64; 3];

/// A picture from a function of the place, 0..=1 each way.
fn painted(width: u32, height: u32, colour: impl Fn(f64, f64) -> [f64; 3]) -> Image {
    let mut rgb = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
            rgb.extend(colour(u, v).map(|channel| channel.clamp(0.0, 255.0) as u8));
        }
    }
    Image::new(width, height, rgb).expect("as many bytes as the size wants")
}

/// Pseudo-random noise of about this standard deviation.
fn noise(u: f64, v: f64, deviation: f64) -> f64 {
    let hash = ((u * 12_989.8 + v * 78_233.7).sin() * 43_758.545_3).fract();
    hash * 2.0 * 3.0_f64.sqrt() * deviation
}

#[test]
fn icons_strips_and_crumbs_are_told_by_their_size() {
    for (width, height) in [(1, 400), (2000, 9), (222, 1), (30, 601), (4, 100)] {
        assert_eq!(content(&scene(width, height, 1)), Content::Strip { width, height });
    }
    for (width, height) in [(1, 1), (16, 16), (31, 400), (8, 6), (31, 31)] {
        assert_eq!(content(&scene(width, height, 1)), Content::TooSmall { width, height });
    }
    for (width, height) in [(32, 32), (640, 32), (75, 75), (2000, 150)] {
        assert_eq!(content(&scene(width, height, 1)), Content::Something, "{width} x {height}");
    }
    let strip = content(&scene(1, 400, 1));
    assert_eq!(strip.to_string(), "the picture is 1 x 400 pixels");
    assert!(!strip.is_something());
}

#[test]
fn one_colour_and_smooth_gradients_show_nothing() {
    for colour in [[0; 3], [255; 3], [128; 3], [20, 90, 230]] {
        assert_eq!(content(&Image::filled(640, 480, colour).unwrap()), Content::OneColour, "{colour:?}");
        let grainy = painted(640, 480, |u, v| colour.map(|channel| f64::from(channel) + noise(u, v, 4.0)));
        assert_eq!(content(&grainy), Content::OneColour, "{colour:?}");
    }
    let gradients: [(&str, Paint); 7] = [
        ("linear", |u, _| [255.0 * u; 3]),
        ("diagonal", |u, v| [255.0 * (1.0 - 0.5 * (u + v)), 0.0, 127.0 * (u + v)]),
        ("radial", |u, v| [255.0 - 350.0 * (u - 0.5).hypot(v - 0.5); 3]),
        ("sky", |_, v| [60.0 + 170.0 * v * v, 120.0 + 115.0 * v * v, 220.0 + 20.0 * v]),
        ("sun", |u, v| [30.0 + 225.0 * (-40.0 * ((u - 0.5).powi(2) + (v - 0.5).powi(2))).exp(); 3]),
        ("three colours", |u, _| [255.0 - 510.0 * (u - 0.5).abs(), 510.0 * (u - 0.5), 255.0 - 510.0 * u]),
        ("wave", |u, _| [127.0 + 127.0 * (u * std::f64::consts::TAU).sin(); 3]),
    ];
    for (name, paint) in gradients {
        // In few cells the bend between two colours is sharp.
        let small = if name == "three colours" { (320, 320) } else { (48, 48) };
        for (width, height) in [(640, 480), (300, 900), small] {
            let image = painted(width, height, paint);
            assert_eq!(content(&image), Content::SmoothGradient, "{name} {width} x {height}");
        }
        let image = painted(640, 480, paint);
        let compressed = default(&encode_thumbnail(&image, 640, 60).unwrap()).unwrap();
        assert_eq!(content(&compressed), Content::SmoothGradient, "{name}, compressed");
        let grainy = painted(640, 480, |u, v| paint(u, v).map(|channel| channel + noise(u, v, 5.0)));
        assert_eq!(content(&grainy), Content::SmoothGradient, "{name}, grainy");
    }
}

#[test]
fn a_small_thing_in_an_empty_picture_counts() {
    // A lamp in the night; a bird in the sky; a horizon in fog.
    let lamp = painted(640, 480, |u, v| [if (u - 0.7).hypot(v - 0.4) < 0.01 { 255.0 } else { 4.0 }; 3]);
    let bird = painted(640, 480, |u, v| {
        let dark = (u - 0.3).abs() < 0.015 && (v - 0.3).abs() < 0.008;
        [if dark { 40.0 } else { 150.0 + 60.0 * v }; 3]
    });
    let fog = painted(640, 480, |_, v| [if v > 0.61 { 180.0 } else { 200.0 }; 3]);
    for (name, image) in [("lamp", lamp), ("bird", bird), ("fog", fog)] {
        assert_eq!(content(&image), Content::Something, "{name}");
    }
}

/// Fog, night, snow, sky and desert are among them.
#[test]
fn no_real_photo_is_taken_for_an_empty_picture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let archive = fs::read(root.join("data/geophotos/photos.tar")).expect("the open photos");
    let mut files = jpegs(&archive);
    assert!(files.len() > 4700, "{} photos", files.len());
    let samples = fs::read_dir(root.join("samples")).unwrap().map(|entry| entry.unwrap().path());
    let samples = samples.filter(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    let samples: Vec<Vec<u8>> = samples.map(|path| fs::read(path).unwrap()).collect();
    files.extend(samples.iter().map(|sample| ("sample", sample.as_slice())));
    for (name, file) in files {
        let image = decode(file, &Limits::default(), photo::DecodeOptions::default()).unwrap();
        assert_eq!(content(&image), Content::Something, "{name}");
        // Half of the contrast, as in fog.
        let faded = image.rgb().iter().map(|&sample| 96 + sample / 2).collect();
        let faded = Image::new(image.width(), image.height(), faded).unwrap();
        assert_eq!(content(&faded), Content::Something, "{name}, faded");
    }
}

/// The JPEG files of an uncompressed tar archive.
fn jpegs(archive: &[u8]) -> Vec<(&str, &[u8])> {
    let mut files = Vec::new();
    let mut rest = archive;
    while let Some(header) = rest.get(..512) {
        let text = |range: std::ops::Range<usize>| {
            std::str::from_utf8(&header[range]).expect("a tar header").trim_matches(['\0', ' '])
        };
        let Ok(size) = usize::from_str_radix(text(124..136), 8) else { break };
        let body = &rest[512..512 + size];
        if body.starts_with(&[0xff, 0xd8]) {
            files.push((text(0..100), body));
        }
        rest = &rest[512 + size.next_multiple_of(512)..];
    }
    files
}

#[test]
fn the_look_costs_little_at_any_size() {
    let large = scene(4000, 3000, 2);
    let start = Instant::now();
    assert_eq!(content(&large), Content::Something);
    let elapsed = start.elapsed();
    assert!(elapsed.as_millis() < 50, "{elapsed:?}");
}
