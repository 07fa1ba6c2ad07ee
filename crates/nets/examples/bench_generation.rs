//! Tokens a second of a checkpoint that writes:
//! `bench_generation MODEL [f32|bf16|q8|q4] [TOKENS] [PROMPT TOKENS] [SAMPLES...]`.
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use std::path::PathBuf;

use nets::qwen2_vl::generation::{GenerationSettings, Sampling};
use nets::qwen2_vl::{Parts, Prompt, Qwen2Vl};
use nets::{ComputeType, LoadOptions, WeightStorage};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let model = PathBuf::from(words.next().ok_or("name the directory of a checkpoint")?);
    let kind = words.next().unwrap_or_else(|| "f32".into());
    let tokens: usize = words.next().map_or(Ok(64), |word| word.parse())?;
    let prompt: u32 = words.next().map_or(Ok(300), |word| word.parse())?;
    let mut counts = words.map(|word| word.parse()).collect::<Result<Vec<usize>, _>>()?;
    if counts.is_empty() {
        counts = vec![1, 4, 8, 10, 16];
    }
    let mut options = LoadOptions::default();
    match kind.as_str() {
        "f32" => {}
        "bf16" => options.dtype = ComputeType::Bf16,
        "q8" => options.weights = WeightStorage::Q8,
        "q4" => options.weights = WeightStorage::Q4,
        other => return Err(format!("{other} is none of f32, bf16, q8, q4").into()),
    }
    let parts = Parts { output_layer: true, ..Parts::default() };
    let network = Qwen2Vl::open_with(&model, parts, &options)?;
    let prompt = Prompt { ids: (1..=prompt).map(|id| 10 + id % 3000).collect(), photos: Vec::new() };
    for samples in counts {
        let settings = GenerationSettings {
            max_tokens: tokens,
            end_tokens: Vec::new(),
            sampling: Sampling { temperature: 1.2, ..Sampling::default() },
        };
        let mut best: Option<(f64, f64)> = None;
        for _ in 0..3 {
            let Some(written) = network.generate(&prompt, &[], &settings, 0..samples, &|| true)? else {
                continue;
            };
            let step = written.step_time.as_secs_f64() / written.steps as f64;
            let prompt = written.prompt_time.as_secs_f64();
            best = Some(best.map_or((prompt, step), |(a, b)| (a.min(prompt), b.min(step))));
        }
        let (prompt_time, step) = best.ok_or("nothing was written")?;
        println!(
            "{kind} {samples:>2} samples: prompt {:.1} ms, step {:.2} ms, {:.0} tokens/s",
            prompt_time * 1e3,
            step * 1e3,
            samples as f64 / step
        );
    }
    Ok(())
}
