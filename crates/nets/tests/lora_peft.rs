//! Adapters of PEFT: read in every form its writers gave them, written so that it reads them, refused by name.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod tensor_files;

use contract::Diagnose as _;
use std::collections::BTreeMap;
use std::path::Path;

use nets::NetworkError;
use nets::error::TensorProblems;
use nets::lora::{Adapter, LowRankPair, Naming};
use nets::qwen2_vl::config::{Config, LanguageConfig};
use proptest::prelude::*;
use safetensors::Dtype;
use serde_json::{Value, json};
use tempfile::TempDir;
use tensor_files::{Tensor, Tensors, encode, golden, json, metadata, read, write};

const CURRENT: &str = "tiny-qwen2vl-adapter";
const OLD: &str = "tiny-qwen2vl-adapter-oldnames";
const WEIGHTS: &str = "adapter_model.safetensors";
const CONFIG: &str = "adapter_config.json";
const HEAD: &str = "base_model.model.value_head.weight";
const PREFIX: &str = "base_model.model.model.language_model.layers.";

fn language() -> LanguageConfig {
    Config::from_directory(&golden("tiny-qwen2vl")).unwrap().language
}

fn tensors() -> Tensors {
    read(&golden(CURRENT).join(WEIGHTS))
}

fn directory(config: &Value, tensors: &Tensors) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(CONFIG), config.to_string()).unwrap();
    write(&directory.path().join(WEIGHTS), tensors);
    directory
}

/// The golden adapter with other settings or tensors.
fn open(config: &Value, tensors: &Tensors) -> Result<Adapter, NetworkError> {
    Adapter::open(directory(config, tensors).path())
}

fn open_tensors(tensors: &Tensors) -> Result<Adapter, NetworkError> {
    open(&json(&golden(CURRENT).join(CONFIG)), tensors)
}

fn with(field: &str, value: Value) -> Value {
    let mut config = json(&golden(CURRENT).join(CONFIG));
    config[field] = value;
    config
}

fn problems(result: Result<impl std::fmt::Debug, NetworkError>) -> TensorProblems {
    match result {
        Err(NetworkError::Tensors { problems, .. }) => problems,
        other => panic!("{other:?}"),
    }
}

fn same(first: &Adapter, second: &Adapter) {
    assert_eq!((first.rank, first.alpha, first.dropout), (second.rank, second.alpha, second.dropout));
    assert_eq!(first.rank_stabilised, second.rank_stabilised);
    assert_eq!(first.target_modules, second.target_modules);
    assert_eq!(first.base_model_name, second.base_model_name);
    assert_eq!(first.pairs, second.pairs);
    assert_eq!(first.value_head, second.value_head);
}

#[test]
fn reads_what_peft_wrote() {
    let adapter = Adapter::open(&golden(CURRENT)).unwrap();
    assert_eq!((adapter.rank, adapter.alpha, adapter.scale(), adapter.dropout), (16, 32.0, 2.0, 0.05));
    assert_eq!(adapter.target_modules, ["k_proj", "q_proj", "v_proj"]);
    assert_eq!(adapter.base_model_name.as_deref(), Some("tiny-qwen2vl"));
    assert_eq!(adapter.label(), golden(CURRENT).display().to_string());
    let tensors = tensors();
    assert_eq!(adapter.value_head.as_ref().unwrap(), &tensors[HEAD].values());
    assert_eq!(adapter.pairs.len(), 9);
    for layer in 0..3 {
        for (module, outputs) in [("q_proj", 128), ("k_proj", 64), ("v_proj", 64)] {
            let pair = &adapter.pairs[&format!("model.layers.{layer}.self_attn.{module}")];
            assert_eq!((pair.rank, pair.inputs, pair.outputs, pair.scale), (16, 128, outputs, 2.0));
            let stored =
                |half| tensors[&format!("{PREFIX}{layer}.self_attn.{module}.{half}.weight")].values();
            assert_eq!((&pair.a, &pair.b), (&stored("lora_A"), &stored("lora_B")));
        }
    }
    adapter.check(&language()).unwrap();
}

#[test]
fn both_namings_are_the_same_adapter() {
    same(&Adapter::open(&golden(CURRENT)).unwrap(), &Adapter::open(&golden(OLD)).unwrap());
}

#[test]
fn writes_what_peft_wrote() {
    for (naming, original) in [(Naming::Current, CURRENT), (Naming::Old, OLD)] {
        let original = golden(original);
        let adapter = Adapter::open(&original).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let written = parent.path().join("new/folder");
        adapter.save(&written, naming).unwrap();
        assert_eq!(read(&written.join(WEIGHTS)), read(&original.join(WEIGHTS)), "{naming:?}");
        assert_eq!(metadata(&written.join(WEIGHTS)), metadata(&original.join(WEIGHTS)));
        let (mut ours, mut theirs) = (json(&written.join(CONFIG)), json(&original.join(CONFIG)));
        // Where the writer's own class lies, and the order of a set: nothing that the adapter is made of.
        theirs["auto_mapping"] = Value::Null;
        theirs["target_modules"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
        ours["target_modules"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
        assert_eq!(ours, theirs);
        assert!(ours["lora_alpha"].is_i64(), "PEFT writes an integer");
        same(&Adapter::open(&written).unwrap(), &adapter);

        // Over an older one, leaving nothing else behind.
        adapter.save(&written, naming).unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(&written).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [CONFIG, WEIGHTS]);
    }
}

#[test]
fn an_adapter_can_be_made_of_parts() {
    let pair = LowRankPair { a: vec![0.5; 8], b: vec![0.25; 6], rank: 2, inputs: 4, outputs: 3, scale: 9.0 };
    let pairs = |path: &str, pair: &LowRankPair| BTreeMap::from([(path.to_owned(), pair.clone())]);
    let path = "model.layers.0.self_attn.q_proj";
    let mut adapter = Adapter::new(2, 3.0, 0.0, &["q_proj"], pairs(path, &pair), None).unwrap();
    assert_eq!((adapter.scale(), adapter.pairs[path].scale), (1.5, 1.5));
    adapter.base_model_name = Some("base".into());
    let directory = tempfile::tempdir().unwrap();
    adapter.save(directory.path(), Naming::Current).unwrap();
    same(&Adapter::open(directory.path()).unwrap(), &adapter);

    for wrong in
        ["model.layers.0.self_attn.k_proj", "model.layers.x.self_attn.q_proj", "visual.blocks.0.attn.qkv"]
    {
        let made = Adapter::new(2, 3.0, 0.0, &["q_proj"], pairs(wrong, &pair), None);
        assert_eq!(problems(made).unexpected, [wrong]);
    }
    let short = LowRankPair { b: vec![0.25; 5], ..pair.clone() };
    assert_eq!(
        problems(Adapter::new(2, 3.0, 0.0, &["q_proj"], pairs(path, &short), None)).misshapen.len(),
        1
    );
    for (rank, alpha, dropout, modules) in [
        (0, 3.0, 0.0, ["q_proj"]),
        (2, f64::NAN, 0.0, ["q_proj"]),
        (2, 3.0, 1.0, ["q_proj"]),
        (2, 3.0, 0.0, ["qkv"]),
    ] {
        let made = Adapter::new(rank, alpha, dropout, &modules, pairs(path, &pair), None);
        assert!(matches!(made, Err(NetworkError::UnsupportedAdapter { .. })), "{made:?}");
    }
}

#[test]
fn what_should_not_be_kept_is_not_written() {
    let mut adapter = Adapter::open(&golden(CURRENT)).unwrap();
    adapter.pairs.get_mut("model.layers.1.self_attn.k_proj").unwrap().b[7] = f32::NAN;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("out");
    let error = adapter.save(&folder, Naming::Old).unwrap_err();
    let NetworkError::NotFinite { file, tensor, index, .. } = &error else { panic!("{error}") };
    assert!(file.ends_with(WEIGHTS), "{file}");
    assert_eq!(
        (tensor.as_str(), *index),
        ("base_model.model.model.layers.1.self_attn.k_proj.lora_B.weight", 7)
    );
    assert!(!folder.exists());

    let blocked = parent.path().join("file");
    std::fs::write(&blocked, b"").unwrap();
    let error = Adapter::open(&golden(OLD)).unwrap().save(&blocked, Naming::Old).unwrap_err();
    assert!(matches!(error, NetworkError::Write { .. }) && !error.is_broken_model(), "{error}");
}

#[test]
fn the_scale_may_be_rank_stabilised() {
    let adapter = open(&with("use_rslora", json!(true)), &tensors()).unwrap();
    // 32 / sqrt(16)
    assert_eq!(adapter.scale().to_bits(), 8.0_f32.to_bits());
    assert!(adapter.pairs.values().all(|pair| pair.scale.to_bits() == 8.0_f32.to_bits()));
    let directory = tempfile::tempdir().unwrap();
    adapter.save(directory.path(), Naming::Old).unwrap();
    same(&Adapter::open(directory.path()).unwrap(), &adapter);
}

#[test]
fn shorter_floats_are_widened() {
    let exact = Adapter::open(&golden(CURRENT)).unwrap();
    for (dtype, precision) in [(Dtype::BF16, 1.0 / 256.0), (Dtype::F16, 1.0 / 1024.0)] {
        let rounded = tensors().into_iter().map(|(name, tensor)| (name, tensor.rounded(dtype))).collect();
        let adapter = open_tensors(&rounded).unwrap();
        for (path, pair) in &exact.pairs {
            for (wide, short) in pair.b.iter().zip(&adapter.pairs[path].b) {
                assert!((wide - short).abs() <= wide.abs() * precision + 1e-7, "{dtype:?} {wide} {short}");
            }
        }
        assert_ne!(adapter.pairs, exact.pairs);
    }
}

#[test]
fn older_forms_of_names_are_read() {
    let exact = Adapter::open(&golden(CURRENT)).unwrap();
    for head in ["modules_to_save.default.weight", "modules_to_save.weight"] {
        let mut renamed: Tensors = tensors()
            .into_iter()
            .map(|(name, tensor)| (name.replace("lora_A.weight", "lora_A.default.weight"), tensor))
            .collect();
        let trained = renamed.remove(HEAD).unwrap();
        renamed.insert(format!("base_model.model.value_head.{head}"), trained);
        let untrained = Tensor::zeros(Dtype::F32, &[1, 128]);
        renamed.insert("base_model.model.value_head.original_module.weight".into(), untrained);
        same(&open_tensors(&renamed).unwrap(), &exact);
    }
    let mut twice = tensors();
    twice.insert("base_model.model.value_head.modules_to_save.default.weight".into(), twice[HEAD].clone());
    assert_eq!(problems(open_tensors(&twice)).repeated.len(), 1);
    let mut twice = tensors();
    let name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
    twice.insert(name.into(), Tensor::zeros(Dtype::F32, &[16, 128]));
    assert!(problems(open_tensors(&twice)).repeated[0].contains(name));
}

#[test]
fn settings_that_change_nothing_pass() {
    let exact = Adapter::open(&golden(CURRENT)).unwrap();
    for (field, value) in [
        ("init_lora_weights", json!("gaussian")),
        ("peft_version", json!("0.18.0")),
        ("qalora_group_size", json!(16)),
        ("rank_pattern", json!({"q_proj": 16})),
        ("alpha_pattern", json!({"q_proj": 32})),
        ("some_future_setting", json!(false)),
        ("some_future_table", json!({})),
        ("task_type", json!("CAUSAL_LM")),
        ("trainable_token_indices", json!([])),
    ] {
        same(&open(&with(field, value), &tensors()).unwrap(), &exact);
    }
}

#[test]
fn what_is_not_plain_lora_is_named() {
    for (field, value) in [
        ("peft_type", json!("IA3")),
        ("peft_type", Value::Null),
        ("use_dora", json!(true)),
        ("use_qalora", json!(true)),
        ("bias", json!("all")),
        ("bias", json!("lora_only")),
        ("lora_bias", json!(true)),
        ("fan_in_fan_out", json!(true)),
        ("layer_replication", json!([[0, 2], [1, 3]])),
        ("layers_to_transform", json!([0, 1])),
        ("layers_to_transform", json!(0)),
        ("layers_pattern", json!("layers")),
        ("exclude_modules", json!(["k_proj"])),
        ("target_parameters", json!(["experts"])),
        ("trainable_token_indices", json!([4072])),
        ("megatron_config", json!({"tensor_parallel": 2})),
        ("alora_invocation_tokens", json!([1])),
        ("rank_pattern", json!({"q_proj": 8})),
        ("alpha_pattern", json!({"q_proj": 16})),
        ("modules_to_save", json!(["value_head", "lm_head"])),
        ("modules_to_save", json!(["embed_tokens"])),
        ("target_modules", json!(["q_proj", "qkv"])),
        ("target_modules", json!("all-linear")),
        ("target_modules", json!(".*self_attn.(q|k)_proj$")),
        ("init_lora_weights", json!("pissa_niter_16")),
        ("init_lora_weights", json!("olora")),
        ("init_lora_weights", json!("loftq")),
        ("some_future_setting", json!(true)),
        ("r", json!(0)),
        ("r", json!(1_000_000)),
        ("lora_dropout", json!(1.5)),
    ] {
        let error = open(&with(field, value.clone()), &tensors()).expect_err(&format!("{field} {value}"));
        let NetworkError::UnsupportedAdapter { file, field: named, .. } = &error else {
            panic!("{field} {value}: {error}");
        };
        assert!(file.ends_with(CONFIG), "{file}");
        assert_eq!(named, field, "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("Merge")));
    }
}

#[test]
fn settings_that_make_no_sense_are_named() {
    for (field, value) in [
        ("r", json!(1.5)),
        ("r", json!("16")),
        ("r", Value::Null),
        ("lora_alpha", json!([])),
        ("lora_alpha", Value::Null),
        ("target_modules", Value::Null),
        ("target_modules", json!([1])),
        ("modules_to_save", json!("value_head")),
        ("use_rslora", json!("yes")),
        ("rank_pattern", json!([1])),
    ] {
        let error = open(&with(field, value.clone()), &tensors()).expect_err(&format!("{field} {value}"));
        assert!(matches!(&error, NetworkError::Config { field: named, .. } if named == field), "{error}");
    }
    let broken = directory(&json!({}), &tensors());
    std::fs::write(broken.path().join(CONFIG), "{\"r\": 16").unwrap();
    assert!(matches!(Adapter::open(broken.path()), Err(NetworkError::Config { .. })));
    std::fs::remove_file(broken.path().join(CONFIG)).unwrap();
    let error = Adapter::open(broken.path()).unwrap_err();
    assert!(matches!(&error, NetworkError::Read { file, .. } if file.ends_with(CONFIG)), "{error}");
    let bare = tempfile::tempdir().unwrap();
    std::fs::copy(golden(CURRENT).join(CONFIG), bare.path().join(CONFIG)).unwrap();
    let error = Adapter::open(bare.path()).unwrap_err();
    assert!(matches!(&error, NetworkError::Read { file, .. } if file.ends_with(WEIGHTS)), "{error}");
}

#[test]
fn tensors_that_do_not_pair_up_are_listed() {
    let mut broken = tensors();
    broken.remove(&format!("{PREFIX}0.self_attn.q_proj.lora_B.weight"));
    broken.remove(HEAD);
    broken.insert("base_model.model.lm_head.weight".into(), Tensor::zeros(Dtype::F32, &[4, 128]));
    broken.insert("model.norm.weight".into(), Tensor::zeros(Dtype::F32, &[128]));
    let (rank, flat) = (
        format!("{PREFIX}1.self_attn.k_proj.lora_A.weight"),
        format!("{PREFIX}2.self_attn.v_proj.lora_B.weight"),
    );
    broken.insert(rank.clone(), Tensor::zeros(Dtype::F32, &[8, 128]));
    broken.insert(flat.clone(), Tensor::zeros(Dtype::F32, &[1024]));
    let problems = problems(open_tensors(&broken));
    assert_eq!(problems.missing, ["model.layers.0.self_attn.q_proj.lora_B.weight", HEAD]);
    assert_eq!(problems.unexpected, ["base_model.model.lm_head.weight", "model.norm.weight"]);
    let named: Vec<_> = problems.misshapen.iter().map(|one| one.tensor.as_str()).collect();
    assert_eq!(named, [rank, flat]);
}

#[test]
fn values_that_are_no_numbers_are_named() {
    for name in [format!("{PREFIX}2.self_attn.q_proj.lora_A.weight"), HEAD.to_owned()] {
        let mut broken = tensors();
        let tensor = broken.remove(&name).unwrap().with(100, f32::NAN);
        broken.insert(name.clone(), tensor);
        match open_tensors(&broken) {
            Err(NetworkError::NotFinite { file, tensor, index, .. }) => {
                assert!(file.ends_with(WEIGHTS), "{file}");
                assert_eq!((tensor, index), (name, 100));
            }
            other => panic!("{other:?}"),
        }
    }
}

fn mismatch(adapter: &Adapter, language: &LanguageConfig) -> String {
    match adapter.check(language) {
        Err(error @ NetworkError::AdapterMismatch { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_adapter_of_another_model_is_told_so() {
    let adapter = Adapter::open(&golden(CURRENT)).unwrap();
    let other = LanguageConfig { hidden_size: 3584, ..language() };
    let text = mismatch(&adapter, &other);
    assert!(text.contains("128 (trained on tiny-qwen2vl)") && text.contains("3584"), "{text}");
    let mut headless = adapter.clone();
    headless.value_head = None;
    assert!(mismatch(&headless, &other).contains("3584"));
    for layers in [2, 4] {
        let text = mismatch(&adapter, &LanguageConfig { layers, ..language() });
        assert!(text.contains("3 layers") && text.contains(&format!("has {layers}")), "{text}");
    }
}

#[test]
fn pairs_that_do_not_fit_the_model_are_listed() {
    let adapter = Adapter::open(&golden(CURRENT)).unwrap();
    let problems_of = |adapter: &Adapter| problems(adapter.check(&language()));

    let mut fewer = adapter.clone();
    fewer.pairs.remove("model.layers.1.self_attn.v_proj");
    assert_eq!(problems_of(&fewer).missing, ["model.layers.1.self_attn.v_proj"]);

    let mut more = adapter.clone();
    more.target_modules.push("o_proj".into());
    assert_eq!(problems_of(&more).missing.len(), 3);

    let mut left_over = adapter.clone();
    left_over.target_modules.retain(|module| module != "k_proj");
    assert_eq!(problems_of(&left_over).unexpected.len(), 3);

    let grouped = LanguageConfig { key_value_heads: 4, ..language() };
    let found = problems(adapter.check(&grouped));
    assert_eq!(found.misshapen.len(), 6);
    assert!(
        found.to_string().contains("model.layers.0.self_attn.k_proj is [64, 128], expected [128, 128]"),
        "{found}"
    );

    // A vision module is in no layer of the language model.
    let mut vision = tensors();
    for (half, shape) in [("A", [16, 64]), ("B", [192, 16])] {
        let name = format!("base_model.model.model.visual.blocks.0.attn.qkv.lora_{half}.weight");
        vision.insert(name, Tensor::zeros(Dtype::F32, &shape));
    }
    let opened = open_tensors(&vision).unwrap();
    assert_eq!(problems_of(&opened).unexpected, ["visual.blocks.0.attn.qkv"]);
}

#[test]
fn merging_is_the_product_in_double_precision() {
    let adapter = Adapter::open(&golden(CURRENT)).unwrap();
    let base = read(&golden("tiny-qwen2vl/model.safetensors"));
    for (path, pair) in &adapter.pairs {
        let before = base[&format!("{path}.weight")].values();
        let mut merged = before.clone();
        pair.merge_into(&mut merged);
        for (position, (&merged, &before)) in merged.iter().zip(&before).enumerate() {
            let (row, column) = (position / pair.inputs, position % pair.inputs);
            let product: f64 = (0..pair.rank)
                .map(|inner| {
                    f64::from(pair.b[row * pair.rank + inner])
                        * f64::from(pair.a[inner * pair.inputs + column])
                })
                .sum();
            let exact = f64::from(before) + 2.0 * product;
            assert!((f64::from(merged) - exact).abs() < 1e-6, "{path} {row} {column}: {merged} {exact}");
        }
        assert_ne!(merged, before);
    }
}

fn truncated(bytes: &[u8], folder: &Path) -> bool {
    std::fs::copy(golden(CURRENT).join(CONFIG), folder.join(CONFIG)).unwrap();
    std::fs::write(folder.join(WEIGHTS), bytes).unwrap();
    matches!(Adapter::open(folder), Err(NetworkError::NotSafetensors { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_truncation_is_taken_for_whole(part in 0.0..1.0_f64) {
        let bytes = encode(&tensors());
        let folder = tempfile::tempdir().unwrap();
        let length = (part * bytes.len() as f64) as usize;
        prop_assert!(truncated(&bytes[..length], folder.path()));
    }
}
