//! What the photo tests share.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::PathBuf;

use photo::{DecodeOptions, Image, Limits, PhotoError, decode};
use serde_json::Value;

pub(crate) fn golden(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", path].iter().collect()
}

pub(crate) fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(golden(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn json(path: &str) -> Value {
    serde_json::from_slice(&bytes(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of a fixture list.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list {key}"))
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text {key}"))
}

pub(crate) fn default(bytes: &[u8]) -> Result<Image, PhotoError> {
    decode(bytes, &Limits::default(), DecodeOptions::default())
}

/// A golden image with the pixels of the reference.
pub(crate) fn official(path: &str) -> Image {
    decode(&bytes(path), &Limits::default(), DecodeOptions::official())
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Greatest and mean absolute difference of two images of one size.
pub(crate) fn difference(first: &Image, second: &Image) -> (u8, f64) {
    assert_eq!((first.width(), first.height()), (second.width(), second.height()));
    let differences = first.rgb().iter().zip(second.rgb()).map(|(&a, &b)| a.abs_diff(b));
    let greatest = differences.clone().max().unwrap_or(0);
    (greatest, differences.map(f64::from).sum::<f64>() / first.rgb().len() as f64)
}

/// A photo-like test picture: smooth shading, edges, some texture; another one for each seed.
pub(crate) fn scene(width: u32, height: u32, seed: u32) -> Image {
    let phase = f64::from(seed) * 1.7;
    let mut rgb = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let (u, v) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
            let hill = 0.5 + 0.2 * (u * (3.0 + phase % 5.0) + phase).sin();
            let house = (u - (phase * 0.37).fract()).abs() < 0.12 && (v - (phase * 0.61).fract()).abs() < 0.2;
            let texture = 12.0 * ((u * 90.0 + phase).sin() * (v * 70.0 - phase).cos());
            let base = if house {
                [180.0, 120.0, 90.0 + 20.0 * phase.sin()]
            } else if v > hill {
                [70.0 + 50.0 * u, 110.0 + 30.0 * v, 50.0]
            } else {
                [120.0 + 60.0 * v, 160.0 + 40.0 * v, 225.0]
            };
            rgb.extend(base.map(|channel| (channel + texture).clamp(0.0, 255.0) as u8));
        }
    }
    Image::new(width, height, rgb).expect("as many bytes as the size wants")
}
