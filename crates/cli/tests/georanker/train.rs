//! `georanker train`: real runs of small models, killed, interrupted, resumed, and what is wrong with their inputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use formats::ranking_data::{RankingColumns, RankingRow, RankingWriter};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use serde_json::Value;

use crate::binary::{Workplace, georanker, json_lines, repository};

const PHOTOS: [&str; 6] =
    ["photo_a.jpg", "photo_b.jpg", "photo_c.png", "photo_d.jpg", "gray.jpg", "kauai_crop.png"];

/// Rows whose candidates are the other photos, in places that differ.
fn rows(count: usize) -> Vec<RankingRow> {
    let place =
        |photo: usize, row: usize| [10.0 * photo as f64 - 25.0, (7 * row + 31 * photo) as f64 % 170.0];
    (0..count)
        .map(|row| {
            let others: Vec<usize> = (1..PHOTOS.len()).map(|step| (row + step) % PHOTOS.len()).collect();
            RankingRow {
                img_id: PHOTOS[row % PHOTOS.len()].into(),
                gps: place(row % PHOTOS.len(), row + 1),
                ref_gps: others.iter().map(|&photo| place(photo, row)).collect(),
                ref_img_id: others.iter().map(|&photo| PHOTOS[photo].to_owned()).collect(),
                ref_texts: others.iter().map(|photo| vec![format!("Town {photo}"), "Land".into()]).collect(),
                ..RankingRow::default()
            }
        })
        .collect()
}

fn dataset(path: &Path, rows: &[RankingRow]) {
    let mut writer = RankingWriter::create(path, RankingColumns::default()).unwrap();
    for row in rows {
        writer.write(row).unwrap();
    }
    writer.finish().unwrap();
}

/// A workplace with datasets and a configuration of a small LVLM run; `more` lines are added to it.
fn workplace(more: &str) -> (Workplace, PathBuf) {
    let work = Workplace::new();
    dataset(&work.path("train.parquet"), &rows(7));
    dataset(&work.path("val.parquet"), &rows(3));
    let config = configuration(&work, "out", more);
    (work, config)
}

fn configuration(work: &Workplace, out: &str, more: &str) -> PathBuf {
    let golden = repository().join("tests/golden");
    let text = format!(
        "model = '{golden}/tiny-qwen2vl'\ndata = 'train.parquet'\nvalidation = 'val.parquet'\n\
         photos = '{golden}/images'\nout = '{out}'\nsteps = 8\nbatch_queries = 1\naccumulation = 2\ngroup_size = 3\n\
         negatives = 1\nvalidate_every = 4\ncheckpoint_every = 2\nlearning_rate = 0.01\nmax_pixels = 3136\n{more}",
        golden = golden.display()
    );
    work.file(&format!("{out}.toml"), text.as_bytes())
}

fn train(config: &Path) -> assert_cmd::Command {
    let mut command = georanker();
    command.args(["train", "vlm", "--config"]).arg(config);
    command
}

/// The rows of a log without their clock.
fn log(out: &Path) -> Vec<Value> {
    let mut rows = json_lines(&fs::read(out.join("log.jsonl")).unwrap());
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("seconds").unwrap();
    }
    rows
}

#[test]
fn a_run_leaves_an_adapter_that_scores_logs_and_curves() {
    let (work, config) = workplace("");
    train(&config).assert().code(0).stdout("").stderr(contains("8 steps").and(contains("step 8/8")));
    let out = work.path("out");
    let rows = log(&out);
    assert_eq!(rows.len(), 8);
    let names: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 8, "{names:?}");
    assert_eq!((&rows[7]["step"], &rows[7]["queries"]), (&Value::from(8), &Value::from(2)));
    assert!(rows.iter().all(|row| row["loss"].is_f64() && row["tokens"].as_u64().unwrap() > 10));
    let validations = json_lines(&fs::read(out.join("validation.jsonl")).unwrap());
    assert_eq!(validations.len(), 2);
    assert!(validations[1]["within_km"]["2500"].is_f64() && validations[1]["median_km"].is_f64());
    for name in
        ["plots/loss.svg", "plots/loss.png", "plots/distance_km.png", "run.json", "checkpoints/step-8"]
    {
        assert!(out.join(name).exists(), "{name}");
    }
    let photo = repository().join("tests/golden/images/photo_a.jpg");
    let pairs = format!(
        "{{\"id\":\"q\",\"query\":\"{0}\",\"negatives\":null,\"candidates\":[{{\"lat\":1.5,\"lon\":2.5,\"photo\":\"{0}\"}}]}}\n",
        photo.display()
    );
    georanker()
        .args(["score", "--quiet", "--model"])
        .arg(repository().join("tests/golden/tiny-qwen2vl"))
        .arg("--adapter")
        .arg(&out)
        .arg("--pairs")
        .arg(work.file("pairs.jsonl", pairs.as_bytes()))
        .assert()
        .code(0)
        .stdout(contains("\"scores\":["));
    // The same again is refused: the run is there.
    train(&config)
        .assert()
        .code(2)
        .stderr(contains("already holds a training run").and(contains("--resume")));
}

#[test]
fn quiet_says_nothing() {
    let (_work, config) = workplace("");
    train(&config).arg("--quiet").assert().code(0).stdout("").stderr(is_empty());
}

/// The binary in the background.
fn start(config: &Path, resume: Option<&Path>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_georanker"));
    command.args(["train", "vlm", "--quiet", "--config"]).arg(config);
    if let Some(out) = resume {
        command.arg("--resume").arg(out);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until a log has so many lines; false if the process ended before.
fn wait_for_lines(child: &mut Child, log: &Path, lines: usize) -> bool {
    let deadline = Instant::now() + Duration::from_mins(4);
    loop {
        let there = fs::read(log).map_or(0, |bytes| String::from_utf8_lossy(&bytes).matches('\n').count());
        if there >= lines {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < deadline, "{there} lines of {lines}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

#[test]
fn killed_and_interrupted_runs_end_as_one_that_was_not() {
    let (work, config) = workplace("lora_dropout = 0.1");
    train(&config).arg("--quiet").assert().code(0);
    let out = work.path("broken");
    let config = configuration(&work, "broken", "lora_dropout = 0.1");
    let log_file = out.join("log.jsonl");
    // Killed while loading, after the first row, in the middle, and once asked kindly.
    let mut child = start(&config, None);
    while !out.join("run.json").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::sleep(Duration::from_millis(2));
    }
    signal(&child, "-KILL");
    child.wait().unwrap();
    for (lines, name) in [(1, "-KILL"), (3, "-KILL"), (4, "-INT"), (5, "-TERM")] {
        let mut child = start(&config, Some(&out));
        assert!(wait_for_lines(&mut child, &log_file, lines));
        signal(&child, name);
        let code = child.wait().unwrap().code();
        assert_eq!(code, (name != "-KILL").then_some(4), "{name}");
    }
    train(&config).args(["--quiet", "--resume"]).arg(&out).assert().code(0);
    assert_eq!(log(&out), log(&work.path("out")));
    let adapter = |out: &str| fs::read(work.path(out).join("adapter_model.safetensors")).unwrap();
    assert_eq!(adapter("broken"), adapter("out"));
}

/// Files may grow to so many KiB only: what a full disk is to a program, without a disk.
#[cfg(unix)]
#[test]
fn a_full_disk_keeps_the_last_checkpoint() {
    let (work, config) = workplace("");
    train(&config).arg("--quiet").assert().code(0);
    let out = work.path("full");
    let config = configuration(&work, "full", "");
    let mut child = start(&config, None);
    assert!(wait_for_lines(&mut child, &out.join("log.jsonl"), 3));
    signal(&child, "-INT");
    child.wait().unwrap();
    let done = log(&out).len();
    assert!(done < 8, "it was done before it could be interrupted");
    let tensors = out.join(format!("checkpoints/step-{done}/state.safetensors"));
    let limit = fs::metadata(tensors).unwrap().len() / 1024 / 2;
    let script = format!(
        "trap '' XFSZ; ulimit -f {limit}; exec '{}' train vlm --quiet --config '{}' --resume '{}'",
        env!("CARGO_BIN_EXE_georanker"),
        config.display(),
        out.display()
    );
    let run = Command::new("bash").args(["-c", &script]).output().unwrap();
    let message = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(5), "{message}");
    assert!(message.contains(&format!("the checkpoint of step {done} is whole")), "{message}");
    assert!(message.contains("--resume"), "{message}");
    train(&config).args(["--quiet", "--resume"]).arg(&out).assert().code(0);
    assert_eq!(log(&out), log(&work.path("out")));
}

#[test]
fn what_is_wrong_with_the_configuration_is_named() {
    for (more, complaint) in [
        ("batch_querys = 2", "batch_querys: no such field"),
        ("lambda = 2", "lambda: expected a number from 0 to 1, found 2"),
        ("steps = 9", "line 15: duplicate key"),
        ("lora_r = 'many'", "lora_r: expected a whole number"),
    ] {
        let (_work, config) = workplace(more);
        train(&config).assert().code(2).stdout("").stderr(contains(complaint).and(contains("out.toml")));
    }
    let work = Workplace::new();
    train(&work.path("nowhere.toml")).assert().code(2).stderr(contains("nowhere.toml"));
    let (work, config) = workplace("");
    train(&config).arg("--resume").arg(work.root()).assert().code(2).stderr(contains("out names"));
    fs::create_dir(work.path("out")).unwrap();
    train(&config)
        .arg("--resume")
        .arg(work.path("out"))
        .assert()
        .code(2)
        .stderr(contains("does not hold a training run"));
}

#[test]
fn a_changed_configuration_is_refused_before_anything_is_loaded() {
    let (work, config) = workplace("");
    train(&config).arg("--quiet").assert().code(0);
    let changed = configuration(&work, "out", "seed = 3");
    train(&changed)
        .arg("--resume")
        .arg(work.path("out"))
        .assert()
        .code(2)
        .stderr(contains("seed: the run in").and(contains("was started with 0, now it is 3")));
}

#[test]
fn what_is_wrong_with_model_and_data_is_named() {
    let golden = repository().join("tests/golden");
    let with = |rows: &[RankingRow], from: &str, to: &str| {
        let (work, config) = workplace("");
        dataset(&work.path("train.parquet"), rows);
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(&config, text.replacen(from, to, 1)).unwrap();
        (work, config)
    };
    let mut lost = rows(2);
    lost[1].ref_img_id[0] = "gone.jpg".into();
    let model = format!("{}/tiny-qwen2vl", golden.display());
    for (rows, from, to, complaint) in [
        (&lost[..], "", "", "gone.jpg"),
        (&rows(2), "data = 'train", "data = 'none", "none.parquet"),
        (&rows(2), model.as_str(), "/no/model", "model: /no/model"),
        (&rows(2), "/images'", "/no-images'", "no-images"),
        (&[], "", "", "train.parquet has no rows"),
    ] {
        let (_work, config) = with(rows, from, to);
        train(&config).assert().code(3).stdout("").stderr(contains(complaint));
    }
}

#[test]
fn the_set_ranker_trains_on_a_packs_vectors() {
    let work = Workplace::new();
    dataset(&work.path("train.parquet"), &rows(7));
    dataset(&work.path("val.parquet"), &rows(3));
    let text = format!(
        "model = '{0}/packs/starter'\ndata = 'train.parquet'\nvalidation = 'val.parquet'\n\
         photos = '{0}/tests/golden/images'\nout = 'out'\nsteps = 30\nbatch_queries = 4\nlearning_rate = 0.003\n\
         perturb = 0\nvalidate_every = 10\n",
        repository().display()
    );
    let config = work.file("set.toml", text.as_bytes());
    georanker().args(["train", "set", "--config"]).arg(&config).assert().code(0).stdout("");
    let out = work.path("out");
    assert!(out.join("config.toml").is_file() && out.join("model.safetensors").is_file());
    let rows = log(&out);
    let loss = |rows: &[Value]| rows.iter().map(|row| row["loss"].as_f64().unwrap()).sum::<f64>();
    assert!(loss(&rows[25..]) < loss(&rows[..5]), "{} {}", loss(&rows[25..]), loss(&rows[..5]));
}
