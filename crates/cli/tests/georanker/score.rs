//! `georanker score` where no model is needed: wrong words, missing files.

use std::fs;

use crate::binary::{Workplace, georanker};
use predicates::prelude::*;
use predicates::str::contains;

const ROW: &[u8] = br#"{"id":"a","query":"a.jpg","candidates":[{"lat":1,"lon":2}]}"#;

#[test]
fn what_does_not_belong_together_is_wrong_usage() {
    let work = Workplace::new();
    let pairs = work.file("pairs.jsonl", ROW);
    for (words, complaint) in [
        (&["--resume"][..], "--out FILE"),
        (&["--merge-adapter"], "--adapter"),
        (&["--dtype", "f64"], "f32, bf16, f16"),
        (&["--device", "tpu"], "neither cpu, cuda nor cuda:N"),
        (&["--reencode", "some"], "none, candidates, all"),
        (&["--min-pixels", "2000", "--max-pixels", "1000"], "--max-pixels 1000"),
        (&["--out", "pairs.jsonl"], "same file"),
    ] {
        georanker()
            .current_dir(work.root())
            .args(["score", "--model", "model", "--pairs"])
            .arg(&pairs)
            .args(words)
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains(complaint));
    }
    georanker().args(["score", "--model", "model"]).assert().code(2).stderr(contains("--pairs"));
    assert_eq!(fs::read(pairs).unwrap(), ROW);
}

#[test]
fn missing_files_are_named() {
    let work = Workplace::new();
    georanker()
        .args(["score", "--model", "model", "--pairs"])
        .arg(work.path("gone.jsonl"))
        .assert()
        .code(1)
        .stderr(contains("gone.jsonl cannot be opened"));
    let pairs = work.file("pairs.jsonl", ROW);
    let out = work.file("out.jsonl", b"precious\n");
    georanker()
        .args(["score", "--model"])
        .arg(work.path("no-model"))
        .arg("--pairs")
        .arg(&pairs)
        .arg("--out")
        .arg(&out)
        .assert()
        .code(3)
        .stdout("")
        .stderr(contains("no-model"));
    assert_eq!(fs::read(&out).unwrap(), b"precious\n", "nothing is touched before the model is open");
    georanker()
        .args(["score", "--resume", "--model"])
        .arg(work.root())
        .arg("--pairs")
        .arg(&pairs)
        .arg("--out")
        .arg(&out)
        .assert()
        .code(2)
        .stderr(contains("this is not a row of scores").and(contains("another output file")));
}

#[test]
fn help_tells_the_format_and_hides_what_few_need() {
    let short = georanker().args(["score", "-h"]).assert().success();
    let short = String::from_utf8_lossy(&short.get_output().stdout).into_owned();
    assert!(short.contains("--resume") && !short.contains("--naive"));
    georanker().args(["score", "--help"]).assert().success().stdout(
        contains("--naive").and(contains("\"candidates\": [{\"lat\"")).and(contains("FILE.previous")),
    );
}
