//! Times EfficientNet-Lite, photos in memory to logits, and writes a line of JSON for each request.
//!
//! `bench_efficientnet MODEL_DIR [--threads N] [--instructions avx2|portable] [--once BATCH COUNT]`
//!
//! Without `--once`, requests `run BATCH COUNT` are read from standard input line by line, so that
//! `benches/efficientnet/compare.py` can let us and our peers take turns.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use kernels::Instructions;
use nets::LoadOptions;
use nets::efficientnet_lite::{EfficientNetLite, Request, Threads};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let directory = Path::new(arguments.first().ok_or("usage: bench_efficientnet MODEL_DIR")?);
    let after =
        |flag: &str| arguments.iter().position(|argument| argument == flag).map(|at| &arguments[at + 1..]);
    let threads: usize =
        after("--threads").and_then(|rest| rest.first()).map_or(Ok(2), |count| count.parse())?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let mut network = EfficientNetLite::from_files(
        &directory.join("config.json"),
        &directory.join("model.safetensors"),
        &LoadOptions::default(),
    )?;
    network = match after("--instructions").and_then(|rest| rest.first()).map(String::as_str) {
        None => network,
        Some("avx2") => network.with_instructions(Instructions::Avx2),
        Some("portable") => network.with_instructions(Instructions::Portable),
        Some(other) => return Err(format!("unknown instructions: {other}").into()),
    };
    let threads = if threads == 1 { Threads::One } else { Threads::Pool };
    if let Some([batch, count, ..]) = after("--once") {
        return report(&network, batch.parse()?, count.parse()?, threads);
    }
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["run", batch, count] => report(&network, batch.parse()?, count.parse()?, threads)?,
            _ => return Err(format!("unknown command: {line}").into()),
        }
    }
    Ok(())
}

/// Runs `count` times and writes the milliseconds of each as one line of JSON.
fn report(
    network: &EfficientNetLite,
    batch: usize,
    count: usize,
    threads: Threads,
) -> Result<(), Box<dyn std::error::Error>> {
    let size = network.config().input_size;
    let images: Vec<f32> =
        (0..batch * size * size * 3).map(|index| (index * 7919 % 255) as f32 / 127.5 - 1.0).collect();
    let request = Request { logits: true, threads, ..Request::default() };
    let mut milliseconds = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        network.forward(&images, &request)?;
        milliseconds.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", serde_json::json!({ "batch": batch, "milliseconds": milliseconds }))?;
    Ok(output.flush()?)
}
