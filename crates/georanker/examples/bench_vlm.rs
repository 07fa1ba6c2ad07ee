//! Times the LVLM scorer on a pairs file: one JSON line a round (see `benches/README.md`).
//!
//! `bench_vlm --model DIR [--adapter DIR] --pairs FILE [--dtype f32|bf16|f16] [--weights stored|q8|q4]
//! [--weights-cache DIR] [--naive] [--composed] [--rounds N] [--threads N]`
//!
//! `--naive` runs every prompt by itself, `--composed` uses candle's operators instead of ours: what was there before.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use formats::pairs::PairsReader;
use georanker::{PairFileScorer, Reencode};
use nets::qwen2_vl::Sharing;
use nets::{ComputeType, LoadOptions, Operators, WeightStorage};
use rank::vlm::{InputOptions, ScorerOptions};
use serde_json::json;

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let threads = value("--threads").unwrap_or("2").parse()?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let dtype = match value("--dtype").unwrap_or("f32") {
        "f32" => ComputeType::F32,
        "bf16" => ComputeType::Bf16,
        "f16" => ComputeType::F16,
        other => return Err(format!("unknown --dtype {other}").into()),
    };
    let weights = match value("--weights").unwrap_or("stored") {
        "stored" => WeightStorage::AsInFile,
        "q8" => WeightStorage::Q8,
        "q4" => WeightStorage::Q4,
        other => return Err(format!("unknown --weights {other}").into()),
    };
    let sharing = if arguments.iter().any(|argument| argument == "--naive") {
        Sharing::Alone
    } else {
        Sharing::SharedPrefix
    };
    let composed = arguments.iter().any(|argument| argument == "--composed");
    let options = ScorerOptions {
        adapter: value("--adapter").map(PathBuf::from),
        load: LoadOptions {
            dtype,
            weights,
            weights_cache: value("--weights-cache").map(PathBuf::from),
            operators: composed.then_some(Operators::Composed),
            ..LoadOptions::default()
        },
        merge_adapter: false,
        sharing,
        // Every round is to do all the work.
        inputs: InputOptions { feature_memory: 0, ..InputOptions::default() },
    };
    let started = Instant::now();
    let scorer = PairFileScorer::open(
        Path::new(value("--model").ok_or("--model is missing")?),
        &options,
        Reencode::None,
    )?;
    let open_seconds = started.elapsed().as_secs_f64();
    let pairs = Path::new(value("--pairs").ok_or("--pairs is missing")?);
    for _ in 0..value("--rounds").unwrap_or("1").parse::<usize>()? {
        for line in PairsReader::open(pairs)? {
            let row = line.row?;
            let started = Instant::now();
            let group = scorer.prepare(&row)?;
            let preprocess = started.elapsed();
            let scored = scorer.score_group(&group)?;
            let seconds = started.elapsed();
            let parts = preprocess + scored.vision_time + scored.prefix_time + scored.suffix_time;
            let rest = seconds.saturating_sub(parts);
            let page = json!({
                "seconds": seconds.as_secs_f64(),
                "preprocess": preprocess.as_secs_f64(),
                "vision": scored.vision_time.as_secs_f64(),
                "prefix": scored.prefix_time.as_secs_f64(),
                "suffixes": scored.suffix_time.as_secs_f64(),
                "rest": rest.as_secs_f64(),
                "tokens_prefix": scored.prefix_tokens,
                "tokens_suffixes": scored.suffix_tokens,
                "photos": scored.photos_encoded,
                "open_seconds": open_seconds,
                "peak_rss_mb": peak_memory_mb(),
                "scores": scored.scores,
            });
            println!("{page}");
        }
    }
    Ok(())
}

/// The largest resident size so far, where the system tells.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
