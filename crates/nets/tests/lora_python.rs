//! Adapters that are saved here, read by PEFT itself. Needs a Python with torch, transformers and peft, named in
//! `GEORANKER_PEFT_PYTHON`; `cargo xtask peft` makes one and runs this.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::Command;

use nets::lora::{Adapter, Naming};

#[test]
fn peft_reads_what_is_saved_and_gives_the_golden_rewards() {
    let Some(python) = std::env::var_os("GEORANKER_PEFT_PYTHON") else {
        eprintln!("left out: GEORANKER_PEFT_PYTHON names no Python");
        return;
    };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let golden = repository.join("tests/golden");
    let saved = tempfile::tempdir().unwrap();
    // Read from the old names, saved under the current ones.
    let adapter = Adapter::open(&golden.join("tiny-qwen2vl-adapter-oldnames")).unwrap();
    adapter.save(saved.path(), Naming::Current).unwrap();
    let status = Command::new(python)
        .arg(repository.join("tests/python/peft_round_trip.py"))
        .arg("--model")
        .arg(golden.join("tiny-qwen2vl"))
        .arg("--adapter")
        .arg(saved.path())
        .arg("--cases")
        .arg(golden.join("ranker"))
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}
