//! Writes made-up results in every format, to look at:
//! `cargo run -p georanker-present --example sample_outputs -- OUT [COPIES [PRECISION]]`.
//! `COPIES` repeats the photos, to see a long list.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;

use present::{Format, PhotoResult, Precision, Settings, Terminal, writer};

#[path = "../tests/samples/mod.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod samples;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: sample_outputs OUT [COPIES [PRECISION]]")?);
    let copies: usize = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let precision: Precision = arguments.next().map_or(Ok(Precision::Exact), |text| text.parse())?;
    fs::create_dir_all(&folder)?;
    let mut results: Vec<PhotoResult> = samples::all();
    results.push(samples::generated("holiday/written.jpg"));
    for copy in 1..copies {
        for mut result in samples::all() {
            result.photo = format!("copy {copy}/{}", result.photo);
            results.push(result);
        }
    }
    for format in Format::ALL {
        let terminal = Terminal { width: Some(100), colour: false };
        let settings =
            Settings { precision, terminal, origins: true, ..Settings::new(&samples::DrawnThumbnails) };
        let file = BufWriter::new(File::create(folder.join(format!("sample.{format}")))?);
        let mut out = writer(format, settings, file);
        out.begin()?;
        for result in &results {
            out.photo(result)?;
        }
        out.finish()?;
    }
    Ok(())
}
