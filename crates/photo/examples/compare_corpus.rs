//! Decodes every file below a folder, reads its location, and prints one JSON line for each, to compare with other
//! programs.
//!
//! `cargo run --release -p georanker-photo --example compare_corpus -- FOLDER > ours.jsonl`, then
//! `python benches/compare_decoding.py FOLDER ours.jsonl` and `python benches/compare_metadata.py FOLDER ours.jsonl`.
#![allow(clippy::print_stdout, reason = "the lines are the result")]

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use photo::{
    Content, DecodeOptions, Format, Image, Limits, content, decode_and_measure, has_photo_extension, sniff,
    stated_location,
};
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or_else(|| io::Error::other("give a folder"))?);
    let allow_truncated = arguments.any(|argument| argument == "--allow-truncated");
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    let options = DecodeOptions { allow_truncated, ..DecodeOptions::default() };
    for path in files {
        let bytes = fs::read(&path)?;
        if !has_photo_extension(&path) && sniff(&bytes).is_none() {
            continue;
        }
        let name = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
        println!("{}", line(&name, &bytes, options));
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn line(name: &str, bytes: &[u8], options: DecodeOptions) -> Value {
    let mut line = picture(name, bytes, options);
    match stated_location(bytes) {
        Ok(stated) => {
            line["location"] = json!([stated.location.latitude(), stated.location.longitude()]);
            line["location_source"] = json!(stated.source.to_string());
            if let Some(other) = &stated.contradiction {
                line["other_location"] = json!([other.location.latitude(), other.location.longitude()]);
            }
        }
        Err(none) => line["no_location"] = json!(none.to_string()),
    }
    line
}

/// What the decoder says. The orientation is applied: size and quarters tell it.
fn picture(name: &str, bytes: &[u8], options: DecodeOptions) -> Value {
    let format = sniff(bytes).map(Format::name);
    match decode_and_measure(bytes, &Limits::default(), options) {
        Ok((image, completeness)) => {
            let shown = content(&image);
            json!({
                "name": name,
                "format": format,
                "width": image.width(),
                "height": image.height(),
                "mean": mean(&image, 0..image.width(), 0..image.height()),
                "quarters": quarters(&image),
                "percent": completeness.percent(),
                "content": (shown != Content::Something).then(|| shown.to_string()),
            })
        }
        Err(error) => json!({ "name": name, "format": format, "error": error.to_string() }),
    }
}

/// The mean colours of the four quarters, which tell orientations apart.
fn quarters(image: &Image) -> Vec<[f64; 3]> {
    let (width, height) = (image.width(), image.height());
    let halves = |side: u32| [0..side.div_ceil(2), side / 2..side];
    let pairs =
        halves(height).into_iter().flat_map(|rows| halves(width).map(|columns| (columns, rows.clone())));
    pairs.map(|(columns, rows)| mean(image, columns, rows)).collect()
}

fn mean(image: &Image, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> [f64; 3] {
    let count = f64::from(columns.len() as u32) * f64::from(rows.len() as u32);
    let mut sum = [0.0; 3];
    for row in rows {
        for pixel in columns.clone().filter_map(|column| image.pixel(column, row)) {
            for (total, sample) in sum.iter_mut().zip(pixel) {
                *total += f64::from(sample);
            }
        }
    }
    sum.map(|total| (total / count * 100.0).round() / 100.0)
}
