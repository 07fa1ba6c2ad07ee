//! `generate` and `locate` with a real language model behind a real server: SmolLM2-135M, which reads no pictures, writes
//! one answer at a time, knows no schema, and hardly ever names a place. `GEORANKER_CHAT_PYTHON` names a Python that has
//! it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use generate::{Answer, read_answer};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::binary::{Workplace, first_sample, georanker, json_lines, repository};

/// The server, which ends when its input is closed.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let python = std::env::var_os("GEORANKER_CHAT_PYTHON").expect("GEORANKER_CHAT_PYTHON is not set");
        let mut child = std::process::Command::new(python)
            .arg(repository().join("tests/python/local_chat.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "the server did not start");
        Self { child, url: url.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The answers in the only file of the cache.
fn kept_answers(work: &Workplace) -> Vec<Answer> {
    let folders = std::fs::read_dir(work.path("cache")).unwrap().map(|entry| entry.unwrap().path());
    let mut files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let text = std::fs::read_to_string(files.next().unwrap().unwrap().path()).unwrap();
    let entry: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    serde_json::from_value(entry["answers"].clone()).unwrap()
}

#[test]
#[ignore = "needs Python with a small language model: cargo xtask test sets it up"]
fn a_real_model_is_asked_and_what_it_writes_is_counted() {
    let server = Server::start();
    let work = Workplace::new();
    let generate = |detail: &str, samples: &str| {
        let mut command = georanker();
        command
            .env("NO_PROXY", "127.0.0.1")
            .args([
                "generate",
                "--model",
                "SmolLM2-135M",
                "-n",
                samples,
                "--max-tokens",
                "8",
                "--retries",
                "0",
            ])
            .args([
                "--timeout",
                "300",
                "--concurrency",
                "1",
                "--detail",
                detail,
                "--api",
                &server.url,
                "--cache",
            ])
            .arg(work.path("cache"))
            .arg(first_sample())
            .timeout(Duration::from_mins(10));
        command
    };
    generate("low", "2")
        .assert()
        .code(1)
        .stderr(contains("reads no pictures").and(contains("--detail none")));
    let run = generate("none", "2").assert().code(0);
    let line = json_lines(&run.get_output().stdout).remove(0);
    assert_eq!(line["answers"], 2);
    // What is written is what the kept answers say, read once more.
    let kept = kept_answers(&work);
    assert!(kept.len() == 2 && kept.iter().any(|answer| !answer.text.trim().is_empty()), "{kept:?}");
    let places: Vec<(f64, f64)> = kept
        .iter()
        .filter_map(|answer| read_answer(answer).ok())
        .map(|place| (place.latitude(), place.longitude()))
        .collect();
    let number = |candidate: &Value, name: &str| candidate[name].as_f64().unwrap();
    let written: Vec<(f64, f64)> = line["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| (number(candidate, "lat"), number(candidate, "lon")))
        .collect();
    assert_eq!(written, places, "{kept:?}");
    assert_eq!((line["requests"].as_u64(), line["usage"]["estimated"].as_bool()), (Some(2), Some(false)));
    assert!(line["usage"]["prompt_tokens"].as_u64().unwrap() > 100);
    let again = generate("none", "2").assert().code(0);
    let line = json_lines(&again.get_output().stdout).remove(0);
    assert_eq!((line["cached"].as_u64(), line["requests"].as_u64()), (Some(2), Some(0)));
    // The official reading makes a candidate of anything.
    let run = generate("none", "1").args(["--protocol", "official"]).assert().code(0);
    let line = json_lines(&run.get_output().stdout).remove(0);
    assert_eq!(line["candidates"].as_array().unwrap().len(), 1);
    assert!(line["requests"].as_u64().unwrap() > 0, "its prompt is another");
    // And `locate` with the same server.
    georanker()
        .env("NO_PROXY", "127.0.0.1")
        .args([
            "locate",
            "--generate",
            &server.url,
            "--generate-model",
            "SmolLM2-135M",
            "--generate-detail",
            "none",
        ])
        .args(["--generate-samples", "1", "--generate-cache"])
        .arg(work.path("cache"))
        .arg(first_sample())
        .timeout(Duration::from_mins(10))
        .assert()
        .code(0)
        .stderr(contains("SmolLM2-135M: "));
}
