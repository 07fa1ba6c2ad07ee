//! Times decoding and resizing on one thread:
//! `cargo run --release -p georanker-photo --example photo_speed -- PHOTO...`
//!
//! Without arguments it makes a 12-megapixel photo of its own.
#![expect(clippy::print_stdout, reason = "the table is the point")]

use std::time::Instant;

use photo::{
    DecodeOptions, Filter, Image, Layout, Limits, Normalisation, PhotoError, ShortSideCrop, decode,
    encode_thumbnail, normalise, perceptual_hash, resize, resize_short_side_and_crop,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for path in std::env::args().skip(1) {
        files.push((path.clone(), std::fs::read(path)?));
    }
    if files.is_empty() {
        files.push(("4000 x 3000, made here".into(), encode_thumbnail(&pattern(4000, 3000)?, 4000, 90)?));
    }
    let lite2 = ShortSideCrop::efficientnet_lite(260);
    for (name, bytes) in files {
        let image = decode(&bytes, &Limits::default(), DecodeOptions::default())?;
        println!("{name}: {} x {}, {} KB", image.width(), image.height(), bytes.len() / 1000);
        time("decode", || decode(&bytes, &Limits::default(), DecodeOptions::default()))?;
        time("short side 297, crop 260", || resize_short_side_and_crop(&image, &lite2))?;
        time("short side 297, whole", || {
            let long = |side: u32| side * 297 / image.width().min(image.height());
            resize(&image, long(image.width()), long(image.height()), Filter::Bicubic)
        })?;
        time("short side 224, crop 224", || resize_short_side_and_crop(&image, &ShortSideCrop::clip(224)))?;
        let small = resize_short_side_and_crop(&image, &lite2)?;
        time("normalise 260 x 260", || {
            Ok(normalise(&small, &Normalisation::EFFICIENTNET_LITE, Layout::Nchw))
        })?;
        time("perceptual hash", || Ok(perceptual_hash(&image)))?;
        time("thumbnail of 320", || encode_thumbnail(&image, 320, 80))?;
    }
    Ok(())
}

/// Prints the least time of nine runs.
fn time<T>(what: &str, mut work: impl FnMut() -> Result<T, PhotoError>) -> Result<(), PhotoError> {
    let mut least = f64::INFINITY;
    for _ in 0..9 {
        let start = Instant::now();
        std::hint::black_box(work()?);
        least = least.min(start.elapsed().as_secs_f64());
    }
    println!("  {what:<26} {:9.3} ms", least * 1e3);
    Ok(())
}

fn pattern(width: u32, height: u32) -> Result<Image, PhotoError> {
    let mut state = 1_u32;
    let rgb = (0..width * height)
        .flat_map(|index| {
            let (x, y) = (index % width, index / width);
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = state >> 27;
            [x / 16 + noise, y / 12 + noise, (x ^ y) / 32 + noise].map(|value| value as u8)
        })
        .collect();
    Ok(Image::new(width, height, rgb)?)
}
