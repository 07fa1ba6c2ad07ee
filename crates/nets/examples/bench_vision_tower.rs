//! Times Qwen2-VL's vision tower with random weights in the widths of the 2B network:
//! `bench_vision_tower [--blocks N] [--rounds N] [--threads N] [--weights f32|bf16] [--composed] [--photo ROWSxCOLUMNS]`
//!
//! Prints the time of every round and the least, in milliseconds per photo. `--photo` counts patches of 14 x 14 pixels;
//! both numbers are even. Run two builds in turn to compare them.
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use half::bf16;
use nets::qwen2_vl::Qwen2Vl;
use nets::qwen2_vl::config::Config;
use nets::qwen2_vl::patches::{PATCH_VALUES, Patches};
use nets::qwen2_vl::tensor_names::expected;
use nets::{LoadOptions, Operators, WeightStorage};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

type AnyError = Box<dyn std::error::Error>;

/// The 2B network's widths, with a language model that is as small as it gets.
fn config(blocks: usize) -> String {
    format!(
        r#"{{"model_type": "qwen2_vl", "hidden_size": 1536, "intermediate_size": 64, "num_attention_heads": 12,
        "num_hidden_layers": 1, "num_key_value_heads": 2, "rms_norm_eps": 1e-6, "rope_theta": 1e6, "vocab_size": 16,
        "rope_scaling": {{"type": "mrope", "mrope_section": [16, 24, 24]}}, "tie_word_embeddings": true,
        "vision_start_token_id": 1, "vision_end_token_id": 2, "image_token_id": 3, "video_token_id": 4,
        "vision_config": {{"depth": {blocks}, "embed_dim": 1280, "mlp_ratio": 4, "num_heads": 16, "in_chans": 3,
        "hidden_size": 1536, "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2}}}}"#
    )
}

/// Numbers around 0 that look random; small enough that nothing overflows.
fn numbers(count: usize, seed: usize) -> impl Iterator<Item = f32> {
    (0..count).map(move |index| ((index * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0)
}

fn write(directory: &Path, blocks: usize) -> Result<(), AnyError> {
    std::fs::write(directory.join("config.json"), config(blocks))?;
    let mut tensors = BTreeMap::new();
    for (seed, (name, shape)) in expected(&Config::from_directory(directory)?).into_iter().enumerate() {
        let inputs: usize = shape.iter().skip(1).product();
        let scale = if shape.len() > 1 { 1.0 / (inputs as f32).sqrt() } else { 0.1 };
        let values = numbers(shape.iter().product(), seed);
        let bytes: Vec<u8> = values.flat_map(|value| bf16::from_f32(value * scale).to_le_bytes()).collect();
        tensors.insert(name, (shape, bytes));
    }
    let views = tensors
        .iter()
        .map(|(name, (shape, bytes))| Ok((name, TensorView::new(Dtype::BF16, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, AnyError>>()?;
    safetensors::serialize_to_file(views, None, &directory.join("model.safetensors"))?;
    Ok(())
}

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let blocks = value("--blocks").unwrap_or("4").parse()?;
    let rounds: usize = value("--rounds").unwrap_or("5").parse()?;
    let threads = value("--threads").unwrap_or("2").parse()?;
    let (rows, columns) =
        value("--photo").unwrap_or("26x34").split_once('x').ok_or("--photo is ROWSxCOLUMNS")?;
    let (rows, columns): (usize, usize) = (rows.parse()?, columns.parse()?);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let directory = tempfile::tempdir()?;
    write(directory.path(), blocks)?;
    let composed = arguments.iter().any(|argument| argument == "--composed");
    let options = LoadOptions {
        weights: match value("--weights").unwrap_or("bf16") {
            "f32" => WeightStorage::F32,
            "bf16" => WeightStorage::AsInFile,
            other => return Err(format!("{other} is neither f32 nor bf16").into()),
        },
        operators: composed.then_some(Operators::Composed),
        ..LoadOptions::default()
    };
    let network = Qwen2Vl::open(directory.path(), None, &options)?;
    let values = numbers(rows * columns * PATCH_VALUES, 99).collect();
    let photo = [Patches { values, rows, columns }];
    let mut least = f64::INFINITY;
    for _ in 0..rounds {
        let started = Instant::now();
        let features = network.encode_photos(&photo)?;
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        least = least.min(milliseconds);
        let sum: f32 = features.iter().flat_map(|photo| &photo.values).sum();
        println!("{milliseconds:.1} ms (sum of the features {sum:.4})");
    }
    println!("least {least:.1} ms");
    Ok(())
}
