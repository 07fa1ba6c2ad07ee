//! `generate --local`: the tiny Qwen2-VL of the tests writes.

use std::fs;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::binary::{Workplace, first_sample, georanker, json_lines, repository};

fn generate(work: &Workplace, samples: &str) -> Command {
    let mut command = georanker();
    command
        .args(["generate", "--max-tokens", "12", "--max-pixels", "78400", "-n", samples, "--seed", "4"])
        .arg("--local")
        .arg(repository().join("tests/golden/tiny-qwen2vl"))
        .arg("--cache")
        .arg(work.path("cache"))
        .arg(first_sample());
    command
}

fn only_line(bytes: &[u8]) -> Value {
    let mut lines = json_lines(bytes);
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

/// The texts that the cache holds.
fn texts(work: &Workplace) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![work.path("cache")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_random_network_writes_no_places_and_says_so() {
    let work = Workplace::new();
    let run = generate(&work, "3")
        .assert()
        .code(0)
        .stderr(contains("1 requests, 0 answers from the cache"))
        .stderr(contains("0 candidates for 1 photos; 3 answers dropped ("));
    let line = only_line(&run.get_output().stdout);
    assert_eq!(line["answers"], 3);
    let dropped: u64 = line["dropped"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!((dropped, line["candidates"].as_array().unwrap().len()), (3, 0), "{line}");

    // Nothing is written twice; more samples are added to those that are there, as one run would have given.
    generate(&work, "3").assert().code(0).stderr(contains("0 requests, 3 answers from the cache"));
    let longer = |work: &Workplace| generate(work, "5");
    longer(&work).assert().code(0).stderr(contains("1 requests, 3 answers from the cache"));
    let fresh = Workplace::new();
    longer(&fresh).assert().code(0).stderr(contains("1 requests, 0 answers from the cache"));
    let answers = |text: &String| {
        let value: Value = serde_json::from_str(text.lines().next().unwrap_or("null")).unwrap_or_default();
        value["answers"].clone()
    };
    let (stepwise, once) = (texts(&work), texts(&fresh));
    assert_eq!(stepwise.len(), once.len());
    assert_eq!(
        stepwise.iter().map(answers).collect::<Vec<_>>(),
        once.iter().map(answers).collect::<Vec<_>>()
    );
}

#[test]
fn quantised_weights_write_too_and_are_kept() {
    let work = Workplace::new();
    for weights in ["q8", "q4"] {
        generate(&work, "3")
            .args(["--weights", weights, "--weights-cache"])
            .arg(work.path("kept"))
            .assert()
            .code(0)
            .stderr(contains("1 requests"));
    }
    assert_eq!(fs::read_dir(work.path("kept")).unwrap().count(), 3);
    generate(&work, "3").args(["--dtype", "bf16", "--top-k", "5", "--top-p", "0.9"]).assert().code(0);
    generate(&work, "3")
        .args(["--dtype", "bf16", "--top-k", "5", "--top-p", "0.9", "--dry-run"])
        .assert()
        .code(0)
        .stdout(contains("\"answers\":0").and(contains("\"cached\":3")));
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let work = Workplace::new();
    generate(&work, "3").args(["--api", "http://127.0.0.1:1/v1"]).assert().code(2).stderr(contains("--api"));
    generate(&work, "3").args(["--weights-cache", "x"]).assert().code(2).stderr(contains("--weights q4"));
    generate(&work, "3").args(["--top-p", "0"]).assert().code(2).stderr(contains("--top-p"));
    let photo = first_sample();
    let plain = |arguments: &[&str]| {
        let mut command = georanker();
        command.current_dir(work.root()).arg("generate").args(arguments).arg(&photo);
        command.assert()
    };
    plain(&[]).code(2).stderr(contains("--api"));
    plain(&["--api", "http://127.0.0.1:1/v1", "--model", "m", "--weights", "q4"])
        .code(2)
        .stderr(contains("--weights"));
    plain(&["--local", "nowhere"]).code(3).stderr(contains("no such directory"));
    fs::create_dir(work.path("empty")).unwrap();
    plain(&["--local", "empty"]).code(3).stderr(contains("config.json"));
}
