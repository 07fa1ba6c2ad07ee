//! Quantised weights that are kept in a file.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

mod qwen2_vl_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nets::lora::Adapter;
use nets::qwen2_vl::{PhotoFeatures, Prompt, Qwen2Vl, Sharing};
use nets::{LoadOptions, NetworkError, WeightStorage};
use qwen2_vl_support::{ADAPTERS, Case, cases, features, golden, network};

fn options(stored: WeightStorage, directory: Option<&Path>) -> LoadOptions {
    LoadOptions { weights: stored, weights_cache: directory.map(Path::to_owned), ..LoadOptions::default() }
}

fn scores(network: &Qwen2Vl, cases: &[Case]) -> Vec<f32> {
    let (photos, firsts): (Vec<PhotoFeatures>, Vec<usize>) = features(network, cases);
    let prompts: Vec<Prompt> = cases.iter().zip(&firsts).map(|(case, &first)| case.prompt(first)).collect();
    network.score(&prompts, &photos, Sharing::SharedPrefix).unwrap().scores
}

fn only_file(directory: &Path) -> PathBuf {
    let files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn kept_weights_score_as_fresh_ones() {
    let cases: Vec<Case> = cases().into_iter().take(3).collect();
    for stored in [WeightStorage::Q8, WeightStorage::Q4] {
        let directory = tempfile::tempdir().unwrap();
        let fresh = scores(&network(ADAPTERS[0], &options(stored, None)), &cases);
        let made = scores(&network(ADAPTERS[0], &options(stored, Some(directory.path()))), &cases);
        let file = only_file(directory.path());
        let bytes = fs::read(&file).unwrap();
        let written = fs::metadata(&file).unwrap().modified().unwrap();
        let read = scores(&network(ADAPTERS[0], &options(stored, Some(directory.path()))), &cases);
        assert_eq!((&made, &read), (&fresh, &fresh), "{stored:?}");
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "read, not made again");

        // Damaged anywhere, or cut short: made again, the same.
        let wrong = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut damaged = bytes.clone();
            change(&mut damaged);
            fs::write(&file, damaged).unwrap();
            assert_eq!(
                scores(&network(ADAPTERS[0], &options(stored, Some(directory.path()))), &cases),
                fresh
            );
            assert!(fs::read(&file).unwrap() == bytes, "{stored:?}: the file was not mended");
        };
        wrong(&|bytes| *bytes.last_mut().unwrap() ^= 1);
        wrong(&|bytes| bytes[20] ^= 1);
        wrong(&|bytes| bytes.truncate(bytes.len() / 2));
        wrong(&Vec::clear);
    }
}

#[test]
fn each_checkpoint_and_format_has_its_own_file() {
    let (directory, model) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for entry in fs::read_dir(golden("tiny-qwen2vl")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, model.path().join(path.file_name().unwrap())).unwrap();
    }
    let open = |stored| {
        let adapter = Adapter::open(&golden(ADAPTERS[0])).unwrap();
        Qwen2Vl::open(model.path(), Some(&adapter), &options(stored, Some(directory.path())))
    };
    let count = || fs::read_dir(directory.path()).unwrap().count();
    open(WeightStorage::Q4).unwrap();
    open(WeightStorage::Q8).unwrap();
    open(WeightStorage::Q4).unwrap();
    assert_eq!(count(), 2);
    open(WeightStorage::Bf16).unwrap();
    assert_eq!(count(), 2, "only blocks are kept");

    // Other weights under the same path.
    let weights = model.path().join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for word in bytes[header..].as_chunks_mut::<4>().0 {
        *word = (f32::from_le_bytes(*word) * 0.5).to_le_bytes();
    }
    fs::write(&weights, bytes).unwrap();
    open(WeightStorage::Q4).unwrap();
    assert_eq!(count(), 3);
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let blocked = directory.path().join("file");
    fs::write(&blocked, "not a directory").unwrap();
    let error = Qwen2Vl::open(&golden("tiny-qwen2vl"), None, &options(WeightStorage::Q4, Some(&blocked)));
    match error.expect_err("a file is not a directory") {
        NetworkError::Write { file, .. } => assert!(file.contains("file"), "{file}"),
        other => panic!("{other}"),
    }
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let [old, young] =
        ["a", "b"].map(|random| directory.path().join(format!(".weights-1-q8.safetensors.{random}.tmp")));
    fs::write(&old, "half").unwrap();
    fs::write(&young, "another process writes it").unwrap();
    let file = fs::File::options().append(true).open(&old).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(30)).unwrap();
    network(ADAPTERS[0], &options(WeightStorage::Q8, Some(directory.path())));
    assert!(!old.exists() && young.exists());
}
