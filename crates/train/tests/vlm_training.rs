//! Training of the LVLM ranker against the official Python stack: `tests/golden/training`.
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use contract::{ErrorKind, Failure, PhotoId};
use gallery::PhotoFiles;
use geo::LatLon;
use nets::lora::Adapter;
use nets::qwen2_vl::Sharing;
use nets::qwen2_vl::training::{Checkpointing, LoraSettings};
use nets::{DeviceChoice, LoadOptions};
use photo::{DecodeOptions, Image, Limits, decode};
use rank::MultiOrderLoss;
use rank::vlm::prompt::{PlaceText, Protocol};
use rank::vlm::{InputOptions, PairCandidate, PairGroup, PairScorer, PhotoSource, ScorerOptions};
use safetensors::SafeTensors;
use serde_json::Value;
use train::PhotoPixels;
use train::engine::{
    AdamW, Gradients, GroupReport, Parameter, StepContext, TrainableRanker, clip_to_norm, global_norm,
};
use train::vlm::{Start, VlmCandidate, VlmExample, VlmTrainer, VlmTrainerOptions};

fn golden(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", path].iter().collect()
}

fn file() -> Value {
    serde_json::from_slice(&std::fs::read(golden("training/training.json")).unwrap()).unwrap()
}

/// The golden photos, after re-encoding and resizing.
struct Fetched;

impl PhotoSource for Fetched {
    fn photo(&self, id: &PhotoId) -> Result<Arc<Image>, Failure> {
        let bytes = std::fs::read(golden(&id.0))
            .map_err(|error| Failure::new(ErrorKind::NotFound, format!("{id}: {error}")))?;
        Ok(Arc::new(decode(&bytes, &Limits::default(), DecodeOptions::official()).unwrap()))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn place(gps: [&Value; 2], texts: &Value, keep_empty: bool) -> PlaceText {
    let texts: Vec<String> = texts.as_array().unwrap().iter().map(text).collect();
    let texts: Vec<String> = texts.into_iter().filter(|text| keep_empty || !text.is_empty()).collect();
    let [latitude, longitude] = gps.map(|degrees| degrees.as_f64().unwrap());
    PlaceText { location: LatLon::new(latitude, longitude).unwrap(), text: Some(texts.join(" ")) }
}

/// The two groups of four.
fn examples() -> Vec<VlmExample> {
    let file = file();
    let cases = file["cases"].as_array().unwrap();
    let distances = file["distances_km"].as_array().unwrap();
    let photo = |case: &Value, index: usize| PhotoId(text(&case["images_after_fetch"][index]));
    cases
        .chunks(4)
        .zip(distances)
        .enumerate()
        .map(|(number, (cases, distances))| VlmExample {
            name: format!("group {number}"),
            query: photo(&cases[0], 0),
            candidates: cases
                .iter()
                .enumerate()
                .map(|(index, case)| VlmCandidate {
                    place: place([&case["gps"][0], &case["gps"][1]], &case["texts"], true),
                    photo: Some(photo(case, 1)),
                    distance_km: distances[index].as_f64().unwrap(),
                })
                .collect(),
            negatives: Some(
                cases[0]["negatives"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|negative| place([&negative[0], &negative[1]], &negative[2], false))
                    .collect(),
            ),
        })
        .collect()
}

fn options(start: Start) -> VlmTrainerOptions {
    VlmTrainerOptions {
        start,
        inputs: InputOptions { protocol: Protocol::Official, ..InputOptions::default() },
        ..VlmTrainerOptions::default()
    }
}

/// The golden adapter without its dropout, which the golden run did not use.
fn without_dropout(folder: &Path) -> Start {
    let mut adapter = Adapter::open(&golden("tiny-qwen2vl-adapter")).unwrap();
    adapter.dropout = 0.0;
    adapter.save(folder, nets::lora::Naming::Current).unwrap();
    Start::Adapter(folder.to_path_buf())
}

fn trainer(options: &VlmTrainerOptions) -> VlmTrainer {
    let (training, validation) = (examples(), examples());
    VlmTrainer::open(&golden("tiny-qwen2vl"), options, training, validation, Arc::new(Fetched)).unwrap()
}

fn step(
    trainer: &VlmTrainer,
    parameters: &[Parameter],
    queries: &[usize],
    seed: u64,
) -> (Vec<GroupReport>, Gradients) {
    let mut gradients = parameters.iter().map(|parameter| vec![0.0; parameter.values.len()]).collect();
    let loss = MultiOrderLoss::default();
    let context = StepContext { loss: &loss, weight: 1.0 / queries.len() as f64, seed };
    let reports = trainer.accumulate(parameters, queries, &context, &mut gradients).unwrap();
    (reports, gradients)
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn five_steps_are_the_references() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = trainer(&options(without_dropout(folder.path())));
    let mut parameters = trainer.initial_parameters().unwrap();
    let mut optimiser = AdamW::new(&parameters);
    let file = file();
    for (number, expected) in file["steps"].as_array().unwrap().iter().enumerate() {
        let (reports, mut gradients) = step(&trainer, &parameters, &[0, 1], 0);
        let mean = |part: fn(&GroupReport) -> f64| reports.iter().map(part).sum::<f64>() / 2.0;
        let loss = mean(|report| report.loss);
        let of = |field: &str| expected[field].as_f64().unwrap();
        let all = global_norm(&gradients);
        println!(
            "step {}: loss {:.1e}, norm {:.1e}",
            number + 1,
            loss - of("loss"),
            all / of("grad_norm_before_clip") - 1.0
        );
        assert!((loss - of("loss")).abs() < 1e-4, "{loss} {}", of("loss"));
        assert!((mean(|report| report.first_order) - of("first")).abs() < 1e-4);
        assert!((mean(|report| report.second_order) - of("second")).abs() < 1e-4);
        assert!((all / of("grad_norm_before_clip") - 1.0).abs() < 1e-3);
        for (report, expected) in reports.iter().zip(expected["rewards"].as_array().unwrap()) {
            for (score, expected) in report.scores.iter().zip(expected.as_array().unwrap()) {
                assert!((f64::from(*score) - expected.as_f64().unwrap()).abs() < 3e-4);
            }
        }
        for (name, expected) in expected["grad_norm_per_tensor"].as_object().into_iter().flatten() {
            let name = name.replace("base_model.model.", "").replace("model.language_model.", "model.");
            let name = name.replace(".default", "").replace("modules_to_save.", "");
            let place = parameters.iter().position(|parameter| parameter.name == name).unwrap();
            let expected = expected.as_f64().unwrap();
            let found = norm(&gradients[place]);
            assert!((found / expected - 1.0).abs() < 1e-3, "{name}: {found} {expected}");
        }
        clip_to_norm(&mut gradients, all, 1.0);
        optimiser.step(&mut parameters, &gradients, of("lr"), 0.01);
    }
    let bytes = std::fs::read(golden("training/training.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut worst = 0.0_f32;
    for parameter in &parameters {
        let name = parameter.name.replacen("model.", "model.language_model.", 1);
        let view = tensors.tensor(&format!("after5.{name}")).unwrap();
        assert_eq!(view.shape(), parameter.shape);
        for (value, &word) in parameter.values.iter().zip(view.data().as_chunks::<4>().0) {
            worst = worst.max((value - f32::from_le_bytes(word)).abs());
        }
    }
    println!("parameters after step 5: {worst:.1e}");
    assert!(worst < 2e-5, "{worst}");
    let validated = trainer.validate(&parameters, &[0, 1]).unwrap();
    for (group, expected) in validated.iter().zip(file["final_rewards"].as_array().unwrap()) {
        for (score, expected) in group.scores.iter().zip(expected.as_array().unwrap()) {
            assert!((f64::from(*score) - expected.as_f64().unwrap()).abs() < 1e-3);
        }
    }
}

#[test]
fn gradients_are_the_references_number_by_number() {
    let folder = tempfile::tempdir().unwrap();
    let trainer = trainer(&options(without_dropout(folder.path())));
    let parameters = trainer.initial_parameters().unwrap();
    let (_, gradients) = step(&trainer, &parameters, &[0, 1], 0);
    let bytes = std::fs::read(golden("training/training.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut compared = 0;
    for (parameter, gradient) in parameters.iter().zip(&gradients) {
        let name = parameter.name.replacen("model.", "model.language_model.", 1);
        let Ok(view) = tensors.tensor(&format!("grad_step1.{name}")) else { continue };
        let size = gradient.iter().fold(0.0_f32, |size, value| size.max(value.abs()));
        for (value, &word) in gradient.iter().zip(view.data().as_chunks::<4>().0) {
            assert!((value - f32::from_le_bytes(word)).abs() < 1e-4 * size, "{name}");
        }
        compared += 1;
    }
    assert_eq!(compared, 2);
}

#[test]
fn sharing_and_checkpointing_change_no_step() {
    let folder = tempfile::tempdir().unwrap();
    let shared = options(without_dropout(folder.path()));
    let alone = VlmTrainerOptions { sharing: Sharing::Alone, ..shared.clone() };
    let kept = VlmTrainerOptions { checkpointing: Checkpointing::Off, ..shared.clone() };
    let runs = [shared, alone, kept].map(|options| {
        let trainer = trainer(&options);
        step(&trainer, &trainer.initial_parameters().unwrap(), &[0, 1], 0)
    });
    assert_eq!(runs[0], runs[2]);
    assert!(runs[0].0[0].tokens < runs[1].0[0].tokens);
    for (one, other) in runs[0].1.iter().zip(&runs[1].1) {
        let size = one.iter().fold(0.0_f32, |size, value| size.max(value.abs()));
        assert!(one.iter().zip(other).all(|(one, other)| (one - other).abs() < 2e-4 * size));
    }
}

#[test]
fn a_saved_adapter_scores_as_in_training() {
    let settings = LoraSettings { rank: 4, alpha: 16.0, dropout: 0.1, ..LoraSettings::default() };
    let trainer = trainer(&options(Start::Fresh(settings)));
    let mut parameters = trainer.initial_parameters().unwrap();
    // A step without an optimiser, so that B is no longer zero.
    for _ in 0..2 {
        let (_, gradients) = step(&trainer, &parameters, &[1, 0], 11);
        for (parameter, gradient) in parameters.iter_mut().zip(&gradients) {
            let length = norm(gradient).max(1e-12);
            for (value, slope) in parameter.values.iter_mut().zip(gradient) {
                *value -= (0.3 * f64::from(*slope) / length) as f32;
            }
        }
    }
    let expected = trainer.validate(&parameters, &[0]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    trainer.save(&parameters, folder.path()).unwrap();
    let saved = Adapter::open(folder.path()).unwrap();
    assert_eq!((saved.rank, saved.dropout, saved.base_model_name.as_deref()), (4, 0.1, Some("tiny-qwen2vl")));
    let options = ScorerOptions {
        adapter: Some(folder.path().to_path_buf()),
        inputs: InputOptions { protocol: Protocol::Official, ..InputOptions::default() },
        ..ScorerOptions::default()
    };
    let scorer = PairScorer::open(&golden("tiny-qwen2vl"), &options).unwrap();
    let example = &examples()[0];
    let photo = |id: &PhotoId| scorer.prepare(&Fetched.photo(id).unwrap()).unwrap();
    let candidates = example
        .candidates
        .iter()
        .map(|candidate| PairCandidate { place: candidate.place.clone(), photo: candidate.photo.clone() });
    let query = photo(&example.query);
    let group = PairGroup::build(query, candidates, example.negatives.clone(), |id| Ok(photo(id))).unwrap();
    let scored = scorer.score(&group).unwrap();
    for (score, expected) in scored.scores.iter().zip(&expected[0].scores) {
        assert!((score - expected).abs() < 1e-5, "{score} {expected}");
    }
    // And can be trained further from there.
    let further = self::trainer(&self::options(Start::Adapter(folder.path().to_path_buf())));
    assert_eq!(further.initial_parameters().unwrap(), parameters);
}

#[test]
fn the_same_call_gives_the_same_bits_and_other_seeds_other_masks() {
    let trainer = trainer(&options(Start::Adapter(golden("tiny-qwen2vl-adapter"))));
    let parameters = trainer.initial_parameters().unwrap();
    let first = step(&trainer, &parameters, &[0, 1], 3);
    assert_eq!(first, step(&trainer, &parameters, &[0, 1], 3));
    assert_ne!(first.0[0].loss.to_bits(), step(&trainer, &parameters, &[0, 1], 4).0[0].loss.to_bits());
    // Two queries of a call do not share their masks.
    let twice = step(&trainer, &parameters, &[0, 0], 3).0;
    assert_ne!(twice[0].scores, twice[1].scores);
}

#[test]
fn a_photo_that_is_missing_is_named_with_its_row() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(golden("images/gray.jpg"), folder.path().join("there.jpg")).unwrap();
    let mut example = examples().remove(0);
    example.name = "train.parquet, row 17 (there.jpg)".into();
    example.query = PhotoId("there.jpg".into());
    example.candidates[2].photo = Some(PhotoId("gone.jpg".into()));
    example.candidates.iter_mut().take(2).for_each(|candidate| candidate.photo = None);
    let photos = Arc::new(PhotoPixels::new(PhotoFiles::open(folder.path()).unwrap()));
    let options = VlmTrainerOptions::default();
    let trainer =
        VlmTrainer::open(&golden("tiny-qwen2vl"), &options, vec![example], Vec::new(), photos).unwrap();
    let parameters = trainer.initial_parameters().unwrap();
    let loss = MultiOrderLoss::default();
    let context = StepContext { loss: &loss, weight: 1.0, seed: 0 };
    let mut gradients = parameters.iter().map(|parameter| vec![0.0; parameter.values.len()]).collect();
    let failure = trainer.accumulate(&parameters, &[0], &context, &mut gradients).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::NotFound);
    assert!(failure.message.contains("row 17") && failure.message.contains("gone.jpg"), "{failure}");
    assert!(failure.hint.unwrap().contains("photo"));
}

#[test]
fn what_cannot_be_trained_on_is_refused_by_name() {
    let refused = |change: &dyn Fn(&mut VlmExample), options: &VlmTrainerOptions| {
        let mut example = examples().remove(0);
        change(&mut example);
        let (model, photos) = (golden("tiny-qwen2vl"), Arc::new(Fetched));
        VlmTrainer::open(&model, options, vec![example], Vec::new(), photos).unwrap_err().to_string()
    };
    let fresh = VlmTrainerOptions::default();
    let message = refused(&|example| example.candidates.clear(), &fresh);
    assert!(message.contains("group 0") && message.contains("no candidate"), "{message}");
    let message = refused(&|example| example.candidates[1].distance_km = f64::NAN, &fresh);
    assert!(message.contains("distance"), "{message}");
    let settings = LoraSettings { target_modules: vec!["qkv".into()], ..LoraSettings::default() };
    let message = refused(&|_| {}, &options(Start::Fresh(settings)));
    assert!(message.contains("target_modules") && message.contains("qkv"), "{message}");
    let on_gpu = LoadOptions { device: DeviceChoice::Cuda(0), ..LoadOptions::default() };
    let message = refused(&|_| {}, &VlmTrainerOptions { load: on_gpu, ..VlmTrainerOptions::default() });
    assert!(message.contains("training runs on the CPU only, not on cuda:0"), "{message}");
    let message = refused(&|_| {}, &options(Start::Adapter(golden("nowhere"))));
    assert!(message.contains("nowhere"), "{message}");
}
