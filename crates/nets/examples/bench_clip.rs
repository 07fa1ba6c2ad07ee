//! Times CLIP's photo side, pixels in memory to embeddings: the other side of `benches/clip/compare.py`.
//!
//! `bench_clip MODEL_DIR [--dtype f32|bf16] [--threads N]`
//!
//! Answers each line `{"batch": N}` of standard input with one line of JSON.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::time::Instant;

use nets::clip::ClipVision;
use nets::{ComputeType, LoadOptions};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    rayon::ThreadPoolBuilder::new().num_threads(value("--threads").unwrap_or("2").parse()?).build_global()?;
    let options = match value("--dtype").unwrap_or("f32") {
        "f32" => LoadOptions::default(),
        "bf16" => LoadOptions { dtype: ComputeType::Bf16, ..LoadOptions::default() },
        other => return Err(format!("unknown --dtype: {other}").into()),
    };
    let directory = arguments.first().ok_or("usage: bench_clip MODEL_DIR")?;
    let started = Instant::now();
    let network = ClipVision::open(Path::new(directory), &options)?;
    answer(&json!({ "open_seconds": started.elapsed().as_secs_f64() }))?;
    let side = network.config().image_size();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let batch = request["batch"].as_u64().ok_or("no batch")? as usize;
        let pixels = pixels(batch * 3 * side * side);
        let (started, before) = (Instant::now(), processor_seconds());
        let embeddings = network.encode(&pixels)?;
        answer(&json!({
            "seconds": started.elapsed().as_secs_f64(),
            "cpu_seconds": processor_seconds().zip(before).map(|(after, before)| after - before),
            "peak_rss_mb": peak_memory_mb(),
            "embeddings": embeddings,
        }))?;
    }
    Ok(())
}

/// The same numbers as on the other side: there is nothing to learn from photos here.
fn pixels(count: usize) -> Vec<f32> {
    (0..count).map(|index| (index * 7919 % 255) as f32 / 127.5 - 1.0).collect()
}

fn answer(value: &Value) -> std::io::Result<()> {
    println!("{value}");
    std::io::stdout().flush()
}

/// What all threads have computed so far, to a hundredth of a second, where the system tells.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // After the name in parentheses: user and system time are the 12th and 13th word.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || words.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}

/// The largest resident size so far, where the system tells.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
