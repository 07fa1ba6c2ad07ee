//! Measures `evaluate` on many rows: wall time and peak memory of one run with default options.
//!
//! Usage: `cargo run --release -p georanker-evaluate --example bench_million -- FOLDER [ROWS]`. The tables are
//! written to the folder on the first call, so that the memory of a second call is that of the evaluation alone.
#![allow(clippy::print_stdout, reason = "a bench that prints its result")]

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use evaluate::{EvaluateRequest, Format, render, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("give a folder for the tables")?);
    let rows: u64 = arguments.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let by: Vec<String> = arguments.collect();
    let (truth, predictions) =
        (folder.join(format!("truth-{rows}.csv")), folder.join(format!("pred-{rows}.csv")));
    if !truth.exists() || !predictions.exists() {
        write_tables(&truth, &predictions, rows)?;
        println!("tables written: call again to measure");
        return Ok(());
    }
    let start = Instant::now();
    let mut request = EvaluateRequest::new(truth, vec![predictions]);
    request.options.by = by;
    let outcome = run(&request)?;
    let seconds = start.elapsed().as_secs_f64();
    print(&render(&outcome, Format::Table))?;
    print(&format!("{rows} rows: {seconds:.2} s, {}\n", peak_memory().unwrap_or_default()))?;
    Ok(())
}

fn print(text: &str) -> std::io::Result<()> {
    std::io::stdout().write_all(text.as_bytes())
}

/// The peak as Linux counts it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(status.lines().find(|line| line.starts_with("VmHWM"))?.to_owned())
}

/// Rows with the columns of a typical photo table; the errors of the predictions are spread over all radii.
fn write_tables(truth: &Path, predictions: &Path, rows: u64) -> std::io::Result<()> {
    let mut truth = BufWriter::new(File::create(truth)?);
    let mut predictions = BufWriter::new(File::create(predictions)?);
    writeln!(truth, "IMG_ID,LAT,LON,city,state,country,AUTHOR,licence,source,split")?;
    writeln!(predictions, "IMG_ID,LAT_pred,LON_pred,score,confidence_1km")?;
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut line = String::new();
    for row in 0..rows {
        let (latitude, longitude) = (uniform() * 120.0 - 60.0, uniform() * 300.0 - 150.0);
        line.clear();
        let (city, country, author) = (row % 5003, row % 97, row % 20_011);
        let _ = writeln!(
            line,
            "photos/{:03}/{row:09}.jpg,{latitude:.6},{longitude:.6},City {city},State {city},Country {country},\
             Author {author},CC BY 4.0,source,test",
            row % 1000,
        );
        truth.write_all(line.as_bytes())?;
        if uniform() < 0.97 {
            let error = 10_f64.powf(uniform() * 5.0 - 3.5);
            let confidence = uniform();
            line.clear();
            let _ = writeln!(
                line,
                "photos/{:03}/{row:09}.jpg,{:.6},{:.6},0.5,{confidence:.4}",
                row % 1000,
                latitude + error.min(25.0),
                longitude - error.min(25.0),
            );
            predictions.write_all(line.as_bytes())?;
        }
    }
    truth.flush()?;
    predictions.flush()
}
