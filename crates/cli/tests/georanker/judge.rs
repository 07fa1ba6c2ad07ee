//! `locate --judge`: the paper's ranker behind the search.

use std::path::PathBuf;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::binary::{Workplace, building, georanker, json_lines, repository, samples};

const FOUND: usize = 4;

fn golden(name: &str) -> PathBuf {
    repository().join("tests/golden").join(name)
}

fn located(work: &Workplace, more: &[&str]) -> Value {
    let run = georanker()
        .args(["locate", "--format", "json", "--distinct", "0", "--top", "1000", "--gallery"])
        .arg(work.path("gallery"))
        .args(more)
        .arg(samples().join("temples.jpg"))
        .assert()
        .code(0);
    let answers: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    answers[0].clone()
}

fn judge() -> [String; 4] {
    let path = |name: &str| golden(name).display().to_string();
    ["--judge".into(), path("tiny-qwen2vl"), "--judge-adapter".into(), path("tiny-qwen2vl-adapter")]
}

/// A place in the words of the prompt, with the coordinates.
fn of_pairs_file(candidate: &Value) -> Value {
    let place = &candidate["place"];
    let words = ["city", "state", "country"].map(|field| place[field].as_str().unwrap_or_default());
    let words = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    json!({"lat": candidate["lat"], "lon": candidate["lon"], "place": words})
}

#[test]
fn the_judge_scores_as_score_does() {
    let work = Workplace::new();
    work.gallery_of_samples();
    let plain = located(&work, &[]);
    let listed = plain["candidates"].as_array().unwrap();
    assert!(listed.len() > FOUND + 5, "{}", listed.len());
    let negatives: Vec<Value> = listed[listed.len() - 5..].iter().map(of_pairs_file).collect();
    let candidates: Vec<Value> = listed[..FOUND]
        .iter()
        .map(|candidate| {
            let mut pair = of_pairs_file(candidate);
            pair["photo"] = candidate["photo"].as_str().map(|name| json!(samples().join(name))).into();
            pair
        })
        .collect();
    assert!(candidates.iter().any(|one| one["photo"].is_string()), "{candidates:?}");
    let row = json!({"id": "q", "query": samples().join("temples.jpg"), "negatives": negatives, "candidates": candidates});
    let pairs = work.file("pairs.jsonl", row.to_string().as_bytes());
    let run = georanker()
        .args(["score", "--quiet", "--model"])
        .arg(golden("tiny-qwen2vl"))
        .arg("--adapter")
        .arg(golden("tiny-qwen2vl-adapter"))
        .arg("--pairs")
        .arg(pairs)
        .assert()
        .code(0);
    let expected: Vec<f64> = json_lines(&run.get_output().stdout)[0]["scores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|score| score.as_f64().unwrap())
        .collect();

    let found = FOUND.to_string();
    let options = judge();
    let mut arguments: Vec<&str> = options.iter().map(String::as_str).collect();
    arguments.extend(["--judge-found", &found]); // Its older name.
    let judged = located(&work, &arguments);
    assert!(judged["model"].as_str().unwrap().ends_with("with tiny-qwen2vl"), "{}", judged["model"]);
    let listed = judged["candidates"].as_array().unwrap();
    assert_eq!(listed.len(), FOUND);
    // Every candidate has the score of its own pair, found by its coordinates and photo.
    let place = |one: &Value| (one["lat"].as_f64().unwrap(), one["lon"].as_f64().unwrap());
    for one in listed {
        let photo = one["photo"].as_str().map(str::to_owned);
        let at = candidates.iter().position(|pair| {
            let named = pair["photo"].as_str().map(|path| path.rsplit('/').next().unwrap_or(path).to_owned());
            place(pair) == place(one) && (photo.is_none() || named == photo)
        });
        let at = at.unwrap_or_else(|| panic!("{one} is none of {candidates:?}"));
        let score = one["score"].as_f64().unwrap();
        assert!((score - expected[at]).abs() < 1e-4, "{one}: {}", expected[at]);
    }
    let spread =
        expected.iter().copied().fold(f64::MIN, f64::max) - expected.iter().copied().fold(f64::MAX, f64::min);
    assert!(spread > 1e-3, "scores that differ are told apart: {expected:?}");
    // The gallery holds the query itself, which decides whatever the scores. The others are in the order of theirs.
    let (copy, others): (Vec<&Value>, Vec<&Value>) =
        listed.iter().partition(|one| one["photo"].as_str().is_some_and(|name| name == "temples.jpg"));
    assert_eq!(place(&judged["estimate"]), place(copy[0]));
    let scores: Vec<f64> = others.iter().map(|one| one["score"].as_f64().unwrap()).collect();
    assert!(scores.len() > 2 && scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
}

#[test]
fn what_a_judge_cannot_do_is_said() {
    let work = Workplace::new();
    let gallery = work.gallery_of_samples();
    let run = |arguments: &[&str]| {
        georanker()
            .args(["locate", "--gallery"])
            .arg(&gallery)
            .args(arguments)
            .arg(samples().join("temples.jpg"))
            .assert()
    };
    run(&["--judge", "nowhere"]).code(3).stderr(contains("--judge nowhere").and(contains("check the path")));
    run(&["--judge-adapter", "x"]).code(2);
    let options = judge();
    let model: Vec<&str> = options.iter().map(String::as_str).collect();
    run(&[&model[..], &["--judge-retrieved", "0"]].concat()).code(2).stderr(contains("--judge-retrieved"));
    run(&[&model[..], &["--judge-weights-cache", "kept"]].concat())
        .code(2)
        .stderr(contains("none were asked for").and(contains("--judge-weights q4")));
    // Without an adapter there is no value head.
    run(&model[..2]).code(3).stderr(contains("value").and(contains("--judge-adapter")));
    run(&["--judge-retrieved", "3"]).code(2).stderr(contains("--judge <DIR>"));
    // The photos have gone.
    let moved = work.path("photos");
    std::fs::create_dir(&moved).unwrap();
    for name in ["temples.jpg", "creek.jpg"] {
        std::fs::copy(samples().join(name), moved.join(name)).unwrap();
    }
    let mine = work.path("mine");
    building(&mine, &moved, &samples().join("truth.csv")).assert().code(1).stderr(contains("2 photos added"));
    std::fs::remove_dir_all(&moved).unwrap();
    georanker()
        .args(["locate", "--gallery"])
        .arg(&mine)
        .args(&model)
        .arg(samples().join("temples.jpg"))
        .assert()
        .code(1)
        .stderr(contains("not at hand").and(contains("gallery's info")));
}
