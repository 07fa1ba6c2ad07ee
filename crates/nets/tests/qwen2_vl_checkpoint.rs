//! Checkpoints of Qwen2-VL: one file or shards, both layouts of names, and everything that can be wrong with them.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

mod tensor_files;

use contract::Diagnose as _;
use std::collections::BTreeMap;
use std::path::Path;

use nets::NetworkError;
use nets::checkpoint::ShardedCheckpoint;
use nets::qwen2_vl::config::Config;
use nets::qwen2_vl::tensor_names::{LM_HEAD, VALUE_HEAD, canonical, expected, optional, resolve};
use proptest::prelude::*;
use safetensors::Dtype;
use serde_json::json;
use tempfile::TempDir;
use tensor_files::{Tensor, Tensors, encode, golden, json, read, write};

fn tiny() -> (Config, Tensors) {
    let directory = golden("tiny-qwen2vl");
    (Config::from_directory(&directory).unwrap(), read(&directory.join("model.safetensors")))
}

/// A model in one file.
fn single(tensors: &Tensors) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("model.safetensors"), tensors);
    directory
}

/// A model in shards, with the index given as text.
fn sharded(index: &str, shards: &[(&str, &Tensors)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("model.safetensors.index.json"), index).unwrap();
    for (name, tensors) in shards {
        write(&directory.path().join(name), tensors);
    }
    directory
}

fn index(entries: &[(&str, &str)]) -> String {
    let map: BTreeMap<&str, &str> = entries.iter().copied().collect();
    json!({"metadata": {"total_size": 8}, "weight_map": map}).to_string()
}

fn few(names: &[&str]) -> Tensors {
    names.iter().map(|name| ((*name).to_owned(), Tensor::new(&[2], &[1.0, -2.0]))).collect()
}

/// Old and new name of every tensor of the tiny checkpoint.
fn name_pairs() -> Vec<(String, String)> {
    let names = json(&golden("tiny-qwen2vl/tensor_names.json"));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let list = names["base"].as_array().unwrap();
    list.iter().map(|entry| (text(&entry["hub_old_4_51"]), text(&entry["new_4_52"]))).collect()
}

fn open_error(directory: &Path) -> NetworkError {
    ShardedCheckpoint::open(directory).expect_err("a broken checkpoint was opened")
}

fn shard_error(directory: &TempDir) -> (String, String) {
    match open_error(directory.path()) {
        NetworkError::Shard { index, shard, why } => {
            assert!(index.ends_with("model.safetensors.index.json"), "{index}");
            (shard, why)
        }
        other => panic!("{other}"),
    }
}

fn problems(config: &Config, tensors: &Tensors) -> nets::error::TensorProblems {
    let directory = single(tensors);
    let checkpoint = ShardedCheckpoint::open(directory.path()).unwrap();
    match resolve(config, &checkpoint) {
        Err(NetworkError::Tensors { file, problems }) => {
            assert!(file.ends_with("model.safetensors"), "{file}");
            problems
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn expects_exactly_the_tensors_of_the_tiny_checkpoint() {
    let (config, tensors) = tiny();
    let mut expected = expected(&config);
    expected.extend(optional(&config).into_iter().filter(|(name, _)| name == LM_HEAD));
    expected.sort();
    let found: Vec<_> = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shape.clone())).collect();
    assert_eq!(expected, found);
    for (old, new) in name_pairs() {
        assert_eq!(canonical(&new), old);
        assert_eq!(canonical(&old), old);
    }
}

#[test]
fn resolves_every_tensor_where_it_lies() {
    let (config, tensors) = tiny();
    let directory = golden("tiny-qwen2vl");
    let checkpoint = ShardedCheckpoint::open(&directory).unwrap();
    assert_eq!(checkpoint.label(), directory.join("model.safetensors").display().to_string());
    assert!(checkpoint.names().eq(tensors.keys()));
    let resolved = resolve(&config, &checkpoint).unwrap();
    for (name, tensor) in &tensors {
        let stored = resolved.get(name).unwrap();
        assert_eq!(
            (stored.dtype, &stored.shape, stored.data()),
            (tensor.dtype, &tensor.shape, &*tensor.bytes)
        );
        assert_eq!(stored.file[stored.bytes.clone()], *tensor.bytes);
        assert_eq!(stored.path, checkpoint.label());
        assert_eq!(checkpoint.floats(name).unwrap(), tensor.values());
    }
    assert!(resolved.has(LM_HEAD) && !resolved.has(VALUE_HEAD));
    assert!(checkpoint.tensor(VALUE_HEAD).is_none());
    assert!(matches!(resolved.get(VALUE_HEAD), Err(NetworkError::Tensors { .. })));
    assert!(matches!(checkpoint.floats(VALUE_HEAD), Err(NetworkError::Tensors { .. })));
}

#[test]
fn the_newer_names_in_two_shards_are_the_same_network() {
    let (config, tensors) = tiny();
    let names: BTreeMap<String, String> = name_pairs().into_iter().collect();
    let mut shards = [Tensors::new(), Tensors::new()];
    let mut entries = Vec::new();
    let files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    for (position, (old, tensor)) in tensors.iter().enumerate() {
        shards[position % 2].insert(names[old].clone(), tensor.clone());
        entries.push((names[old].as_str(), files[position % 2]));
    }
    let directory = sharded(&index(&entries), &[(files[0], &shards[0]), (files[1], &shards[1])]);
    let checkpoint = ShardedCheckpoint::open(directory.path()).unwrap();
    assert!(checkpoint.label().ends_with("index.json"));
    let resolved = resolve(&config, &checkpoint).unwrap();
    for (old, tensor) in &tensors {
        let stored = resolved.get(old).unwrap();
        assert_eq!((stored.name, stored.data()), (names[old].as_str(), &*tensor.bytes), "{old}");
    }
}

#[test]
fn both_layouts_may_mix_but_not_name_a_tensor_twice() {
    let (config, mut tensors) = tiny();
    let norm = tensors.remove("model.norm.weight").unwrap();
    tensors.insert("model.language_model.norm.weight".into(), norm.clone());
    let directory = single(&tensors);
    let checkpoint = ShardedCheckpoint::open(directory.path()).unwrap();
    assert_eq!(resolve(&config, &checkpoint).unwrap().get("model.norm.weight").unwrap().data(), norm.bytes);

    tensors.insert("model.norm.weight".into(), norm);
    let problems = problems(&config, &tensors);
    assert_eq!(problems.repeated, ["model.language_model.norm.weight and model.norm.weight"]);
    assert!(problems.missing.is_empty() && problems.unexpected.is_empty() && problems.misshapen.is_empty());
}

#[test]
fn the_heads_are_optional_and_stored_frequencies_are_passed_over() {
    let (config, mut tensors) = tiny();
    tensors.remove(LM_HEAD);
    tensors.insert(VALUE_HEAD.into(), Tensor::zeros(Dtype::F32, &[1, 128]));
    tensors.insert("model.layers.0.self_attn.rotary_emb.inv_freq".into(), Tensor::zeros(Dtype::F32, &[16]));
    tensors.insert("visual.rotary_pos_emb.inv_freq".into(), Tensor::zeros(Dtype::F32, &[4]));
    let directory = single(&tensors);
    let resolved = resolve(&config, &ShardedCheckpoint::open(directory.path()).unwrap()).unwrap();
    assert!(!resolved.has(LM_HEAD) && resolved.has(VALUE_HEAD));

    tensors.insert(VALUE_HEAD.into(), Tensor::zeros(Dtype::F32, &[128]));
    let problems = problems(&config, &tensors);
    assert_eq!(
        problems.misshapen[0].to_string(),
        "value_head.weight is F32 [128], expected F32, BF16 or F16 [1, 128]"
    );
}

#[test]
fn every_difference_is_in_one_error() {
    let (config, mut tensors) = tiny();
    tensors.remove("visual.merger.ln_q.bias");
    tensors.insert("model.layers.3.input_layernorm.weight".into(), Tensor::zeros(Dtype::F32, &[128]));
    tensors.insert("model.norm.weight".into(), Tensor::zeros(Dtype::I64, &[128]));
    tensors.insert("visual.patch_embed.proj.weight".into(), Tensor::zeros(Dtype::F32, &[64, 3, 2, 14, 7]));
    let problems = problems(&config, &tensors);
    assert_eq!(problems.missing, ["visual.merger.ln_q.bias"]);
    assert_eq!(problems.unexpected, ["model.layers.3.input_layernorm.weight"]);
    let misshapen: Vec<_> = problems.misshapen.iter().map(|one| one.tensor.as_str()).collect();
    assert_eq!(misshapen, ["visual.patch_embed.proj.weight", "model.norm.weight"]);
    assert!(problems.to_string().contains("I64 [128], expected F32, BF16 or F16 [128]"), "{problems}");
}

#[test]
fn shorter_floats_are_widened() {
    let tensor = Tensor::new(&[2, 2], &[1.5, -0.25, 3.0e-5, 0.0]);
    let tensors: Tensors = [
        ("full".into(), tensor.clone()),
        ("brain".into(), tensor.rounded(Dtype::BF16)),
        ("half".into(), tensor.rounded(Dtype::F16)),
        ("whole".into(), Tensor::zeros(Dtype::I32, &[1])),
    ]
    .into();
    let directory = single(&tensors);
    let checkpoint = ShardedCheckpoint::open(directory.path()).unwrap();
    assert_eq!(checkpoint.floats("full").unwrap(), [1.5, -0.25, 3.0e-5, 0.0]);
    for (name, precision) in [("brain", 2e-7), ("half", 3e-8)] {
        let values = checkpoint.floats(name).unwrap();
        assert_eq!((values[0], values[1], values[3]), (1.5, -0.25, 0.0));
        assert!((values[2] - 3.0e-5).abs() < precision && values[2] > 0.0, "{name} {}", values[2]);
    }
    let error = checkpoint.floats("whole").unwrap_err();
    assert!(error.to_string().contains("I32, expected F32, BF16 or F16"), "{error}");
}

#[test]
fn values_that_are_no_numbers_are_named() {
    for value in [f32::NAN, f32::INFINITY] {
        let tensor = Tensor::new(&[3], &[0.5, 1.0, 2.0]).with(1, value);
        for stored in [tensor.clone(), tensor.rounded(Dtype::BF16), tensor.rounded(Dtype::F16)] {
            let directory = single(&[("norm".into(), stored)].into());
            let checkpoint = ShardedCheckpoint::open(directory.path()).unwrap();
            let Err(NetworkError::NotFinite { file, tensor, index, .. }) = checkpoint.floats("norm") else {
                panic!("{value} was read");
            };
            assert!(file.ends_with("model.safetensors"), "{file}");
            assert_eq!((tensor.as_str(), index), ("norm", 1));
        }
    }
}

#[test]
fn a_directory_without_weights_is_told_so() {
    let directory = tempfile::tempdir().unwrap();
    let text = open_error(directory.path()).to_string();
    let all = "neither model.safetensors nor model.safetensors.index.json nor pytorch_model.bin";
    assert!(text.ends_with(all), "{text}");
    std::fs::write(directory.path().join("pytorch_model.bin.index.json"), b"{}").unwrap();
    let error = open_error(directory.path());
    assert!(error.to_string().contains("pytorch_model.bin.index.json is there"), "{error}");
    assert!(error.hint().is_some() && error.is_broken_model());
    std::fs::write(directory.path().join("pytorch_model.bin"), b"PK\x03\x04").unwrap();
    let error = open_error(directory.path());
    assert!(error.to_string().contains("pytorch_model.bin is a damaged PyTorch file"), "{error}");
    assert!(error.hint().is_some() && error.is_broken_model());
    assert!(matches!(open_error(&directory.path().join("nowhere")), NetworkError::NoWeights { .. }));
}

#[test]
fn shards_must_be_what_the_index_says() {
    let (a, b) = (few(&["a"]), few(&["b"]));
    let both = index(&[("a", "1.safetensors"), ("b", "2.safetensors")]);

    let (shard, why) = shard_error(&sharded(&both, &[("1.safetensors", &a)]));
    assert_eq!(shard, "2.safetensors");
    assert!(why.contains("does not exist"), "{why}");

    let (shard, why) =
        shard_error(&sharded(&both, &[("1.safetensors", &a), ("2.safetensors", &few(&["c"]))]));
    assert_eq!(shard, "2.safetensors");
    assert!(why.contains("does not hold b"), "{why}");

    // Held, but by the other shard.
    let swapped = sharded(&both, &[("1.safetensors", &b), ("2.safetensors", &a)]);
    assert!(shard_error(&swapped).1.contains("does not hold"));

    let twice = sharded(&both, &[("1.safetensors", &a), ("2.safetensors", &few(&["a", "b"]))]);
    assert_eq!(
        shard_error(&twice),
        ("2.safetensors".into(), "it holds a, which 1.safetensors holds too".into())
    );

    let text = r#"{"weight_map": {"a": "1.safetensors", "a": "1.safetensors"}}"#;
    assert!(shard_error(&sharded(text, &[("1.safetensors", &a)])).1.contains("names a twice"));
}

#[test]
fn shards_outside_the_directory_are_refused() {
    let outside = single(&few(&["a"]));
    let file = outside.path().join("model.safetensors");
    for shard in [
        file.to_str().unwrap(),
        "../model.safetensors",
        "..",
        ".",
        "",
        "sub/model.safetensors",
        "./model-1.safetensors",
        "..\\model.safetensors",
    ] {
        let directory = sharded(&index(&[("a", shard)]), &[]);
        let (_, why) = shard_error(&directory);
        assert!(why.contains("named without a path"), "{shard}: {why}");
    }
}

#[test]
fn an_index_that_cannot_be_understood_is_named() {
    for text in ["", "[]", "{}", r#"{"weight_map": []}"#, r#"{"weight_map": {"a": 1}}"#] {
        let error = open_error(sharded(text, &[]).path());
        assert!(
            matches!(&error, NetworkError::Config { file, .. } if file.ends_with("index.json")),
            "{error}"
        );
    }
}

fn not_safetensors(bytes: &[u8]) -> bool {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("model.safetensors"), bytes).unwrap();
    match ShardedCheckpoint::open(directory.path()) {
        Err(NetworkError::NotSafetensors { file, .. }) => file.ends_with("model.safetensors"),
        _ => false,
    }
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let bytes = encode(&few(&["a", "b", "c"]));
    for length in 0..bytes.len() {
        assert!(not_safetensors(&bytes[..length]), "{length} bytes of {}", bytes.len());
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(not_safetensors(&longer), "a byte too many");
}

#[test]
fn a_header_that_lies_is_refused() {
    let file = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    };
    let header = |shape: &str, offsets: &str| {
        format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    assert!(!not_safetensors(&file(&header("[2]", "[0,8]"), 8)));
    for (shape, offsets) in [
        ("[2]", "[0,4]"),
        ("[2]", "[8,0]"),
        ("[2]", "[0,16]"),
        ("[2]", "[4,12]"),
        ("[3]", "[0,8]"),
        ("[-2]", "[0,8]"),
        ("[4611686018427387904,4]", "[0,8]"),
        ("[2]", "[0,18446744073709551615]"),
    ] {
        assert!(not_safetensors(&file(&header(shape, offsets), 8)), "{shape} {offsets}");
    }
    assert!(not_safetensors(&u64::MAX.to_le_bytes()));
    assert!(not_safetensors(&file("{", 8)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_truncation_of_a_real_file_is_taken_for_whole(part in 0.0..1.0_f64) {
        let (_, tensors) = tiny();
        let norms: Tensors = tensors.into_iter().filter(|(name, _)| name.contains("norm")).collect();
        let bytes = encode(&norms);
        let length = (part * bytes.len() as f64) as usize;
        prop_assert!(not_safetensors(&bytes[..length]));
    }

    #[test]
    fn no_change_of_a_header_panics(position in 0..200_usize, byte in any::<u8>()) {
        let mut bytes = encode(&few(&["a", "b", "c"]));
        let position = position % bytes.len();
        bytes[position] = byte;
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("model.safetensors"), &bytes).unwrap();
        if let Ok(checkpoint) = ShardedCheckpoint::open(directory.path()) {
            for name in checkpoint.names() {
                let tensor = checkpoint.tensor(name).unwrap();
                prop_assert!(tensor.bytes.end <= bytes.len());
                let _ = tensor.floats();
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_saved_checkpoint_may_be_read_by_whom_other_files_may() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = single(&few(&["a", "b"]));
    let path = directory.path().join("saved.safetensors");
    let checkpoint = ShardedCheckpoint::open(directory.path()).unwrap();
    checkpoint.save_with(&BTreeMap::from([("a".to_owned(), vec![3.0, 4.0])]), &path).unwrap();
    let saved = ShardedCheckpoint::open_file(&path).unwrap();
    assert_eq!(saved.floats("a").unwrap(), [3.0, 4.0]);
    assert_eq!(saved.floats("b").unwrap(), checkpoint.floats("b").unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), mode(&directory.path().join("model.safetensors")));
}
