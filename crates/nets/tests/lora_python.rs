//! Adapters that are saved here, read by PEFT itself. Needs a Python with torch, transformers and peft, named in
//! `GEORANKER_PEFT_PYTHON`; `cargo xtask peft` makes one and runs this.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod qwen2_vl_support;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use nets::LoadOptions;
use nets::lora::{Adapter, Naming};
use nets::qwen2_vl::training::{Checkpointing, LoraPlan, LoraSettings, PassOptions, TrainingNetwork};
use nets::qwen2_vl::{Qwen2Vl, Sharing};
use qwen2_vl_support::{cases, cases_file, golden};

fn python() -> OsString {
    std::env::var_os("GEORANKER_PEFT_PYTHON").expect("GEORANKER_PEFT_PYTHON is not set")
}

/// Whether PEFT reads an adapter, and the original network gives the rewards of `cases`.
fn agrees(python: OsString, adapter: &Path, cases: &Path) -> bool {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/peft_round_trip.py");
    let mut command = Command::new(python);
    command.arg(script).arg("--model").arg(golden("tiny-qwen2vl"));
    command.arg("--adapter").arg(adapter).arg("--cases").arg(cases).status().unwrap().success()
}

#[test]
#[ignore = "needs PyTorch and PEFT: cargo xtask peft sets them up"]
fn peft_reads_what_is_saved_and_gives_the_golden_rewards() {
    let python = python();
    let saved = tempfile::tempdir().unwrap();
    // Read from the old names, saved under the current ones.
    let adapter = Adapter::open(&golden("tiny-qwen2vl-adapter-oldnames")).unwrap();
    adapter.save(saved.path(), Naming::Current).unwrap();
    assert!(agrees(python, saved.path(), &golden("ranker")));
}

#[test]
#[ignore = "needs PyTorch and PEFT: cargo xtask peft sets them up"]
fn peft_reads_what_was_trained_and_gives_our_rewards() {
    let python = python();
    let network = Qwen2Vl::open(&golden("tiny-qwen2vl"), None, &LoadOptions::default()).unwrap();
    let modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
    let settings = LoraSettings {
        rank: 4,
        target_modules: modules.map(str::to_owned).to_vec(),
        ..LoraSettings::default()
    };
    let plan = LoraPlan::new(&network.config().language, &settings).unwrap();
    let training = TrainingNetwork::new(network, plan, Checkpointing::EveryLayer).unwrap();
    let mut values = training.plan().fresh(1, None).unwrap();
    values.last_mut().unwrap().iter_mut().for_each(|weight| *weight *= 100.0);
    // A few steps that raise the score of one case: pairs that were trained, not drawn.
    let cases = cases();
    let photos = training.network().encode_photos(&cases[0].photos).unwrap();
    for seed in 0..3 {
        let mut gradients: Vec<Vec<f32>> = values.iter().map(|values| vec![0.0; values.len()]).collect();
        let options = PassOptions { dropout: Some(seed), ..PassOptions::default() };
        let slices: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
        let prompts = [cases[0].prompt(0)];
        let mut slopes_of = |_: &[f32]| vec![1.0];
        training
            .forward_backward(&slices, &prompts, &photos, options, &mut slopes_of, &mut gradients)
            .unwrap();
        for (values, gradient) in values.iter_mut().zip(&gradients) {
            let length = gradient.iter().map(|slope| slope * slope).sum::<f32>().sqrt().max(1e-12);
            values.iter_mut().zip(gradient).for_each(|(value, slope)| *value += 0.5 * slope / length);
        }
    }
    let slices: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
    let adapter = training.plan().adapter(&slices).unwrap();
    let folder = tempfile::tempdir().unwrap();
    adapter.save(&folder.path().join("adapter"), Naming::Current).unwrap();
    // The golden cases with the rewards that we give.
    let scorer = Qwen2Vl::open(&golden("tiny-qwen2vl"), Some(&adapter), &LoadOptions::default()).unwrap();
    let mut file = cases_file();
    for (case, json) in cases.iter().zip(file["cases"].as_array_mut().unwrap()) {
        let photos = scorer.encode_photos(&case.photos).unwrap();
        let scored = scorer.score(&[case.prompt(0)], &photos, Sharing::Alone).unwrap();
        assert!((scored.scores[0] - case.reward).abs() > 1e-3, "another adapter");
        json["reward"] = scored.scores[0].into();
        let absolute = |name: &str| golden(name).canonicalize().unwrap().display().to_string();
        json["tensors"] = absolute(case.json["tensors"].as_str().unwrap()).into();
        let images = case.json["images_after_fetch"].as_array().unwrap();
        json["images_after_fetch"] = images.iter().map(|name| absolute(name.as_str().unwrap())).collect();
    }
    std::fs::write(folder.path().join("cases.json"), file.to_string()).unwrap();
    assert!(agrees(python, &folder.path().join("adapter"), folder.path()));
}
