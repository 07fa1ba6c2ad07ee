//! Writing: the reference's greedy text, and samples that do not depend on each other.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

mod qwen2_vl_support;

use std::path::Path;

use nets::qwen2_vl::generation::{
    GenerationDefaults, GenerationSettings, Sampling, TextEnd, Written, WrittenText,
};
use nets::qwen2_vl::{Parts, PhotoFeatures, Prompt, Qwen2Vl};
use nets::{ComputeType, LoadOptions, Operators, WeightStorage};
use qwen2_vl_support::{Case, cases, cases_file, golden};

const WRITING: Parts<'_> = Parts { adapter: None, merge_adapter: false, output_layer: true };

fn open(options: &LoadOptions) -> Qwen2Vl {
    Qwen2Vl::open_with(&golden("tiny-qwen2vl"), WRITING, options).unwrap()
}

/// The operators and weight kinds that write.
fn kinds() -> Vec<(&'static str, LoadOptions)> {
    let computed = |dtype| LoadOptions { dtype, ..LoadOptions::default() };
    let stored = |weights| LoadOptions { weights, ..LoadOptions::default() };
    vec![
        ("file", LoadOptions::default()),
        ("composed", LoadOptions { operators: Some(Operators::Composed), ..LoadOptions::default() }),
        ("bf16", computed(ComputeType::Bf16)),
        ("f16", computed(ComputeType::F16)),
        ("q8", stored(WeightStorage::Q8)),
        ("q4", stored(WeightStorage::Q4)),
    ]
}

fn settings(max_tokens: usize, sampling: Sampling) -> GenerationSettings {
    GenerationSettings { max_tokens, end_tokens: vec![4062, 4060], sampling }
}

fn prompt_of(network: &Qwen2Vl, cases: &[Case], id: &str) -> (Prompt, Vec<PhotoFeatures>) {
    let case = cases.iter().find(|case| case.id == id).unwrap();
    (case.prompt(0), network.encode_photos(&case.photos).unwrap())
}

fn write(
    network: &Qwen2Vl,
    prompt: &(Prompt, Vec<PhotoFeatures>),
    settings: &GenerationSettings,
    samples: std::ops::Range<usize>,
) -> Written {
    network.generate(&prompt.0, &prompt.1, settings, samples, &|| true).unwrap().unwrap()
}

#[test]
fn greedy_text_is_the_references() {
    let (file, cases) = (cases_file(), cases());
    for operators in [Operators::Fused, Operators::Composed] {
        let network = open(&LoadOptions { operators: Some(operators), ..LoadOptions::default() });
        for entry in file["greedy_base"].as_array().unwrap() {
            let expected: Vec<u32> = entry["greedy"]
                .as_array()
                .unwrap()
                .iter()
                .map(|token| u32::try_from(token["id"].as_u64().unwrap()).unwrap())
                .collect();
            let id = entry["case"].as_str().unwrap();
            let prompt = prompt_of(&network, &cases, id);
            let settings = settings(expected.len(), Sampling::greedy());
            let written = write(&network, &prompt, &settings, 0..1);
            assert_eq!(written.texts[0].ids, expected, "{operators:?} {id}");
            assert_eq!(written.prompt_tokens, prompt.0.ids.len());
            // Several at once are that text several times.
            for text in write(&network, &prompt, &settings, 0..10).texts {
                assert_eq!(text.ids, expected, "{operators:?} {id}, ten at once");
            }
        }
    }
}

#[test]
fn a_sample_is_the_same_alone_and_among_others() {
    let cases = cases();
    for (kind, options) in kinds() {
        let network = open(&options);
        let prompt = prompt_of(&network, &cases, "c04_tiny_query");
        // Longer than a new cache has room for.
        let sampling = Sampling { temperature: 1.2, top_p: 0.9, top_k: 50, seed: 11, ..Sampling::default() };
        let settings = settings(40, sampling);
        let together = write(&network, &prompt, &settings, 0..6);
        let mut different = together.texts.clone();
        different.sort_by(|one, other| one.ids.cmp(&other.ids));
        different.dedup();
        assert!(different.len() > 3, "{kind}: samples that are all alike");
        for sample in 0..6 {
            let alone = write(&network, &prompt, &settings, sample..sample + 1);
            assert_eq!(alone.texts[0], together.texts[sample], "{kind}, sample {sample}");
        }
        assert_eq!(write(&network, &prompt, &settings, 2..5).texts, together.texts[2..5], "{kind}");
        let other =
            GenerationSettings { sampling: Sampling { seed: 12, ..settings.sampling }, ..settings.clone() };
        assert_ne!(write(&network, &prompt, &other, 0..6).texts, together.texts, "{kind}: another seed");
    }
}

#[test]
fn every_step_sees_what_was_written_as_a_prompt_would() {
    // Each token of a greedy text is the first that a prompt with all tokens before it gives: the cache changes nothing.
    let cases = cases();
    let network = open(&LoadOptions::default());
    let (prompt, photos) = prompt_of(&network, &cases, "c00_retrieved_full");
    let whole = write(&network, &(prompt.clone(), photos.clone()), &settings(36, Sampling::greedy()), 0..1);
    let one = settings(1, Sampling::greedy());
    for written in [1, 7, 20, 34, 35] {
        let mut longer = prompt.clone();
        longer.ids.extend_from_slice(&whole.texts[0].ids[..written]);
        let next = write(&network, &(longer, photos.clone()), &one, 0..1);
        assert_eq!(next.texts[0].ids[0], whole.texts[0].ids[written], "after {written} tokens");
    }
}

#[test]
fn texts_end_at_end_tokens_and_at_the_limit() {
    let cases = cases();
    let network = open(&LoadOptions::default());
    let prompt = prompt_of(&network, &cases, "c01_generated_no_image");
    // The reference's text is 1508, 3988, 348, 2964, ...
    let mut until = settings(12, Sampling::greedy());
    until.end_tokens = vec![2964, 5];
    let written = write(&network, &prompt, &until, 0..2);
    let expected = WrittenText { ids: vec![1508, 3988, 348], end: TextEnd::Stop };
    assert_eq!(written.texts, [expected.clone(), expected]);
    assert_eq!(written.steps, 4);
    let written = write(&network, &prompt, &settings(2, Sampling::greedy()), 0..1);
    assert_eq!(written.texts, [WrittenText { ids: vec![1508, 3988], end: TextEnd::Length }]);
    // Samples that end apart: those that are left go on as they would alone.
    let sampling = Sampling { temperature: 1.5, seed: 3, ..Sampling::default() };
    let mut early = settings(30, sampling);
    early.end_tokens = (0..400).collect();
    let together = write(&network, &prompt, &early, 0..8);
    let lengths: Vec<usize> = together.texts.iter().map(|text| text.ids.len()).collect();
    assert!(lengths.iter().any(|length| *length != lengths[0]), "{lengths:?}");
    for sample in 0..8 {
        let alone = write(&network, &prompt, &early, sample..sample + 1);
        assert_eq!(alone.texts[0], together.texts[sample]);
    }
}

#[test]
fn repetition_is_penalised() {
    let cases = cases();
    let network = open(&LoadOptions::default());
    let prompt = prompt_of(&network, &cases, "c04_tiny_query");
    let plain = write(&network, &prompt, &settings(12, Sampling::greedy()), 0..1);
    let strong = Sampling { repetition_penalty: 50.0, ..Sampling::greedy() };
    let written = write(&network, &prompt, &settings(30, strong), 0..1).texts.remove(0);
    assert!(written.ids.iter().all(|id| !prompt.0.ids.contains(id)));
    let mut distinct = written.ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), written.ids.len());
    assert_eq!(plain.texts[0].ids.len(), 12);
}

#[test]
fn a_prompt_of_one_token_and_no_photo_is_enough() {
    for operators in [Operators::Fused, Operators::Composed] {
        let network = open(&LoadOptions { operators: Some(operators), ..LoadOptions::default() });
        let prompt = (Prompt { ids: vec![77], photos: Vec::new() }, Vec::new());
        let written = write(&network, &prompt, &settings(5, Sampling::greedy()), 0..2);
        let longer = (Prompt { ids: vec![77, written.texts[0].ids[0]], photos: Vec::new() }, Vec::new());
        let next = write(&network, &longer, &settings(4, Sampling::greedy()), 0..1);
        assert_eq!(next.texts[0].ids[..], written.texts[0].ids[1..]);
    }
}

#[test]
fn it_stops_when_told_to() {
    let network = open(&LoadOptions::default());
    let left = std::cell::Cell::new(3);
    let go_on = || {
        left.set(left.get() - 1);
        left.get() > 0
    };
    let prompt = Prompt { ids: vec![1, 2], photos: Vec::new() };
    let written = network.generate(&prompt, &[], &settings(50, Sampling::greedy()), 0..1, &go_on).unwrap();
    assert_eq!(written, None);
    assert_eq!(left.get(), 0);
}

#[test]
fn what_cannot_be_written_is_said() {
    let network = open(&LoadOptions::default());
    let prompt = Prompt { ids: vec![1, 2], photos: Vec::new() };
    let fine = settings(5, Sampling::greedy());
    let error = |network: &Qwen2Vl, prompt: &Prompt, settings: &GenerationSettings, samples| {
        network.generate(prompt, &[], settings, samples, &|| true).unwrap_err().to_string()
    };
    assert!(error(&network, &Prompt::default(), &fine, 0..1).contains("tokens of a prompt"));
    assert!(error(&network, &Prompt { ids: vec![9999], photos: vec![] }, &fine, 0..1).contains("token 9999"));
    assert!(error(&network, &prompt, &fine, 3..3).contains("samples"));
    assert!(error(&network, &prompt, &settings(0, Sampling::greedy()), 0..1).contains("max_tokens"));
    let scorer = Qwen2Vl::open(&golden("tiny-qwen2vl"), None, &LoadOptions::default()).unwrap();
    assert!(!scorer.has_output_layer() && network.has_output_layer());
    assert!(error(&scorer, &prompt, &fine, 0..1).contains("output_layer"));
}

/// A copy of the tiny checkpoint with another configuration, and without some tensors.
fn variant(directory: &Path, tied: bool, without: &[&str]) {
    let model = golden("tiny-qwen2vl");
    let config = std::fs::read_to_string(model.join("config.json")).unwrap();
    let config =
        config.replace("\"tie_word_embeddings\": false", &format!("\"tie_word_embeddings\": {tied}"));
    std::fs::write(directory.join("config.json"), config).unwrap();
    let bytes = std::fs::read(model.join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let kept: Vec<_> = tensors.iter().filter(|(name, _)| !without.contains(name)).collect();
    safetensors::serialize_to_file(kept, None, &directory.join("model.safetensors")).unwrap();
}

#[test]
fn tied_embeddings_give_the_logits() {
    let directory = tempfile::tempdir().unwrap();
    variant(directory.path(), true, &["lm_head.weight"]);
    let options = LoadOptions::default();
    let network = Qwen2Vl::open_with(directory.path(), WRITING, &options).unwrap();
    let prompt = (Prompt { ids: vec![5, 6, 7], photos: Vec::new() }, Vec::new());
    let written = write(&network, &prompt, &settings(8, Sampling::greedy()), 0..1);
    assert_eq!(written.texts[0].ids.len(), 8);
    // A matrix of its own beside a tied embedding is not what counts, as in transformers.
    let other = tempfile::tempdir().unwrap();
    variant(other.path(), true, &[]);
    let both = Qwen2Vl::open_with(other.path(), WRITING, &options).unwrap();
    assert_eq!(write(&both, &prompt, &settings(8, Sampling::greedy()), 0..1).texts, written.texts);
    // Neither tied nor there: that is said, to those who want to write only.
    let none = tempfile::tempdir().unwrap();
    variant(none.path(), false, &["lm_head.weight"]);
    let error = Qwen2Vl::open_with(none.path(), WRITING, &options).unwrap_err().to_string();
    assert!(error.contains("lm_head.weight"), "{error}");
    assert!(Qwen2Vl::open(none.path(), None, &LoadOptions::default()).is_ok());
}

#[test]
fn kept_weights_write_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let cases = cases();
    for stored in [WeightStorage::Q8, WeightStorage::Q4] {
        let fresh = open(&LoadOptions { weights: stored, ..LoadOptions::default() });
        let options = LoadOptions {
            weights: stored,
            weights_cache: Some(directory.path().to_owned()),
            ..LoadOptions::default()
        };
        let prompt = prompt_of(&fresh, &cases, "c04_tiny_query");
        let expected = write(&fresh, &prompt, &settings(10, Sampling::greedy()), 0..2);
        for _ in 0..2 {
            let kept = open(&options);
            let written = write(&kept, &prompt, &settings(10, Sampling::greedy()), 0..2);
            assert_eq!(written.texts, expected.texts, "{stored:?}");
        }
    }
    // The layers of a scorer and the output layer are kept apart: a scorer's file serves a writer too. The output
    // layer has 8 bits either way.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
}

#[test]
fn the_tiny_checkpoint_says_where_texts_end() {
    let defaults = GenerationDefaults::from_directory(&golden("tiny-qwen2vl"), 4096).unwrap();
    assert_eq!(defaults.end_tokens, [4062, 4060]);
    assert!((defaults.repetition_penalty - 1.0).abs() < 1e-12);
}
