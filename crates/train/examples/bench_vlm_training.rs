//! Steps of LVLM training on the first query of a pairs file: a JSON line a step, one for each line of input
//! `{"checkpointing": true | false}`, after a first one that says it is ready (see `benches/README.md`).
//!
//! `bench_vlm_training --model DIR --adapter DIR --pairs FILE --distances KM... [--dtype f32|bf16] [--threads N]`
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use contract::{Failure, PhotoId};
use formats::pairs::PairsReader;
use nets::lora::{Adapter, Naming};
use nets::qwen2_vl::training::Checkpointing;
use nets::{ComputeType, LoadOptions};
use photo::{DecodeOptions, Image, Limits, decode};
use rank::MultiOrderLoss;
use rank::vlm::{InputOptions, PhotoSource};
use serde_json::{Value, json};
use train::engine::{AdamW, Parameter, StepContext, TrainableRanker, clip_to_norm, global_norm};
use train::vlm::{Start, VlmCandidate, VlmExample, VlmTrainer, VlmTrainerOptions};

type AnyError = Box<dyn std::error::Error>;

/// Photos whose names are paths.
struct Files;

impl PhotoSource for Files {
    fn photo(&self, id: &PhotoId) -> Result<Arc<Image>, Failure> {
        let invalid = |why: String| Failure::new(contract::ErrorKind::InvalidPhoto, format!("{id}: {why}"));
        let bytes = std::fs::read(&id.0).map_err(|error| invalid(error.to_string()))?;
        decode(&bytes, &Limits::default(), DecodeOptions::default())
            .map(Arc::new)
            .map_err(|error| invalid(error.to_string()))
    }
}

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let distances: Vec<f64> = arguments
        .iter()
        .skip_while(|argument| *argument != "--distances")
        .skip(1)
        .map_while(|argument| argument.parse().ok())
        .collect();
    let threads = value("--threads").unwrap_or("2").parse()?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let dtype = match value("--dtype").unwrap_or("f32") {
        "f32" => ComputeType::F32,
        "bf16" => ComputeType::Bf16,
        other => return Err(format!("unknown --dtype: {other:?}").into()),
    };
    // The peer's dropout is off too: losses are to be compared.
    let mut adapter = Adapter::open(Path::new(value("--adapter").ok_or("--adapter is missing")?))?;
    adapter.dropout = 0.0;
    let folder = std::env::temp_dir().join(format!("bench-vlm-training-{}", std::process::id()));
    adapter.save(&folder, Naming::Current)?;
    let example = example(Path::new(value("--pairs").ok_or("--pairs is missing")?), &distances)?;
    let model = PathBuf::from(value("--model").ok_or("--model is missing")?);
    let open = |checkpointing| {
        let options = VlmTrainerOptions {
            start: Start::Adapter(folder.clone()),
            // Every step is to do all the work.
            inputs: InputOptions { feature_memory: 0, ..InputOptions::default() },
            load: LoadOptions { dtype, ..LoadOptions::default() },
            checkpointing,
            ..VlmTrainerOptions::default()
        };
        VlmTrainer::open(&model, &options, vec![example.clone()], Vec::new(), Arc::new(Files))
    };
    println!("{}", json!({ "ready": true }));
    let mut trainer: Option<VlmTrainer> = None;
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut optimiser = AdamW::new(&parameters);
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        if trainer.is_none() {
            let kept =
                if request["checkpointing"] == true { Checkpointing::EveryLayer } else { Checkpointing::Off };
            let opened = open(kept)?;
            parameters = opened.initial_parameters()?;
            optimiser = AdamW::new(&parameters);
            trainer = Some(opened);
        }
        let Some(trainer) = &trainer else { continue };
        let (started, before) = (Instant::now(), trainer.times());
        let loss = MultiOrderLoss::default();
        let context = StepContext { loss: &loss, weight: 1.0, seed: 0 };
        let mut gradients = parameters.iter().map(|parameter| vec![0.0; parameter.values.len()]).collect();
        let reports = trainer.accumulate(&parameters, &[0], &context, &mut gradients)?;
        let grad_norm = global_norm(&gradients);
        clip_to_norm(&mut gradients, grad_norm, 1.0);
        optimiser.step(&mut parameters, &gradients, 1e-4, 0.01);
        let seconds = started.elapsed().as_secs_f64();
        let times = trainer.times() - before;
        let page = json!({
            "seconds": seconds,
            "preprocess": times.photos.as_secs_f64(),
            "vision": times.vision.as_secs_f64(),
            "forward": times.forward.as_secs_f64(),
            "backward": times.backward.as_secs_f64(),
            "peak_rss_mb": peak_memory_mb(),
            "loss": reports[0].loss,
            "grad_norm": grad_norm,
            "scores": reports[0].scores,
            "tokens": reports[0].tokens,
        });
        println!("{page}");
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// The first row of a pairs file, with as many candidates as there are distances.
fn example(pairs: &Path, distances: &[f64]) -> Result<VlmExample, AnyError> {
    let row = PairsReader::open(pairs)?.next().ok_or("the pairs file is empty")?.row?;
    let id = |path: &Path| PhotoId(path.display().to_string());
    let candidates = row.candidates.iter().zip(distances).map(|(candidate, &distance_km)| VlmCandidate {
        place: candidate.place.clone(),
        photo: candidate.photo.as_deref().map(id),
        distance_km,
    });
    Ok(VlmExample {
        name: row.id.clone(),
        query: id(&row.query),
        candidates: candidates.collect(),
        negatives: row.negatives.clone(),
    })
}

/// The largest resident size so far, where the system tells.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
