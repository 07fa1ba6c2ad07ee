//! `generate`: what is asked, what is written, and what becomes of every fault of an API.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::binary::{Workplace, first_sample, georanker, json_lines};
use crate::chat_server::{ChatServer, Reply};

pub(crate) const KEY: &str = "sk-test-key-of-nobody-0123456789";

/// `generate` with short waits, a cache in the workplace and a key in the environment.
pub(crate) fn generate(work: &Workplace, server: &ChatServer) -> Command {
    let mut command = georanker();
    command
        .env("TEST_API_KEY", KEY)
        .env("NO_PROXY", "127.0.0.1")
        .args(["generate", "--model", "seer", "--api-key-env", "TEST_API_KEY", "--retry-delay", "0.01"])
        .args(["--api", &server.url, "--cache"])
        .arg(work.path("cache"));
    command
}

/// Photos whose files differ.
pub(crate) fn photos(work: &Workplace, count: usize) -> Vec<std::path::PathBuf> {
    let sample = fs::read(first_sample()).unwrap();
    (0..count)
        .map(|index| {
            work.file(&format!("{index:03}.jpg"), &[sample.as_slice(), &index.to_le_bytes()].concat())
        })
        .collect()
}

/// The only line of an output.
pub(crate) fn only_line(bytes: &[u8]) -> Value {
    let mut lines = json_lines(bytes);
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

fn files_under(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_under(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn a_photo_is_asked_about_once() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| {
        Reply::Texts(vec![
            "{\"latitude\": 48.8584, \"longitude\": 2.2945}".into(),
            "I am sorry, I cannot say.".into(),
            "Somewhere near 33.8688\u{b0} S, 151.2093\u{b0} E".into(),
        ])
    });
    let photo = &photos(&work, 1)[0];
    let run =
        generate(&work, &server).args(["-n", "3"]).arg(photo).assert().code(0).stderr(contains("1 refused"));
    let line = only_line(&run.get_output().stdout);
    assert_eq!(line["photo"], photo.display().to_string());
    assert_eq!(line["candidates"][0]["lat"], 48.8584);
    assert_eq!(line["candidates"][1]["lat"], -33.8688);
    assert_eq!(
        (&line["candidates"][1]["sample"], &line["candidates"][1]["model"]),
        (&2.into(), &"seer".into())
    );
    assert_eq!((&line["answers"], &line["dropped"]["refused"]), (&3.into(), &1.into()));

    let asked = server.asked();
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/v1/chat/completions"));
    assert_eq!(asked[0].authorization.as_deref(), Some(format!("Bearer {KEY}").as_str()));
    let body = &asked[0].body;
    assert_eq!((&body["model"], &body["n"], &body["max_tokens"]), (&"seer".into(), &3.into(), &200.into()));
    assert_eq!(body["response_format"]["type"], "json_schema");
    let parts = &body["messages"][0]["content"];
    assert!(parts[0]["text"].as_str().unwrap().contains("expert in geo-localization"));
    let url = parts[1]["image_url"]["url"].as_str().unwrap();
    let jpeg = decoded(url.strip_prefix("data:image/jpeg;base64,").unwrap());
    let picture = image::load_from_memory(&jpeg).unwrap();
    assert!(picture.width().max(picture.height()) <= 1024);

    let again = generate(&work, &server).args(["-n", "3"]).arg(photo).assert().code(0);
    let line = only_line(&again.get_output().stdout);
    assert_eq!((&line["cached"], &line["requests"]), (&3.into(), &0.into()));
    assert_eq!(server.asked().len(), 1, "nothing is asked twice");
    generate(&work, &server).args(["-n", "3", "--temperature", "0.5"]).arg(photo).assert().code(0);
    assert_eq!(server.asked().len(), 2, "another temperature is another question");
}

pub(crate) fn decoded(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let sextets: Vec<u8> = text.trim_end_matches('=').bytes().map(value).collect();
    let four = |four: &[u8]| {
        let bits = four.iter().fold(0_u32, |bits, six| bits << 6 | u32::from(*six)) << (6 * (4 - four.len()));
        bits.to_be_bytes()[1..four.len()].to_vec()
    };
    sextets.chunks(4).flat_map(four).collect()
}

#[test]
fn a_photo_may_come_on_stdin() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::Texts(vec!["48.8584, 2.2945".into()]));
    let sample = fs::read(first_sample()).unwrap();
    let run = generate(&work, &server).args(["-n", "1", "-"]).write_stdin(sample).assert().code(0);
    let line = only_line(&run.get_output().stdout);
    assert_eq!((&line["photo"], &line["candidates"][0]["lat"]), (&"stdin".into(), &48.8584.into()));
    let run = generate(&work, &server).arg("-").write_stdin("no photo").assert().code(1);
    let message = only_line(&run.get_output().stdout)["error"]["message"].to_string();
    assert!(message.contains("stdin") && !message.contains("georanker"), "{message}");
}

#[test]
fn the_official_protocol_is_kept_to_the_letter() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::Text("I cannot tell.".into()));
    let photo = &photos(&work, 1)[0];
    let run = generate(&work, &server).args(["--protocol", "official"]).arg(photo).assert().code(0);
    let line = only_line(&run.get_output().stdout);
    assert_eq!(line["candidates"].as_array().unwrap().len(), 10, "0, 0 is a candidate there");
    assert_eq!((&line["candidates"][9]["lat"], &line["candidates"][9]["lon"]), (&0.0.into(), &0.0.into()));
    let body = &server.asked()[0].body;
    assert!(body.get("response_format").is_none());
    assert_eq!((&body["temperature"], &body["n"]), (&1.2.into(), &10.into()));
    let text = body["messages"][0]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("image.\n                Please give me the location"));
    let detail = &body["messages"][0]["content"][1]["image_url"]["detail"];
    assert_eq!(detail, "low");
}

#[test]
fn the_retrieval_prompt_names_similar_and_dissimilar_places() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::paris());
    let photo = &photos(&work, 1)[0];
    generate(&work, &server).args(["--prompt", "retrieval", "--references", "3"]).arg(photo).assert().code(0);
    let body = &server.asked()[0].body;
    let text = body["messages"][0]["content"][0]["text"].as_str().unwrap();
    let lists: Vec<&str> =
        text.split("images: [").skip(1).map(|rest| rest.split(']').next().unwrap()).collect();
    assert_eq!(lists.len(), 2);
    for list in &lists {
        assert_eq!(list.matches('(').count(), 3, "{list}");
    }
    assert_ne!(lists[0], lists[1]);
}

#[test]
fn passing_faults_are_waited_out() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, number| match number {
        0 => Reply::Raw(
            429,
            vec![("retry-after", "1".into())],
            "{\"error\":{\"message\":\"slow down\"}}".into(),
        ),
        1 => Reply::status(500, "oops"),
        2 => Reply::Hang(Duration::from_secs(3)),
        3 => Reply::Raw(200, Vec::new(), "{\"choices\": [{\"mess".into()),
        4 => Reply::Cut,
        5 => Reply::Raw(503, Vec::new(), "<html>Service Unavailable</html>".into()),
        _ => Reply::paris(),
    });
    let photo = &photos(&work, 1)[0];
    let began = Instant::now();
    let run = generate(&work, &server)
        .args(["--retries", "6", "--timeout", "1"])
        .arg(photo)
        .assert()
        .code(0)
        .stderr(contains("HTTP 429: slow down").and(contains("HTTP 500: oops")))
        .stderr(
            contains("no answer in time").and(contains("not JSON")).and(contains("the connection failed")),
        )
        .stderr(contains("HTTP 503: <html>Service Unavailable</html>"));
    assert!(began.elapsed() >= Duration::from_secs(1), "Retry-After was not waited for");
    assert_eq!(only_line(&run.get_output().stdout)["candidates"].as_array().unwrap().len(), 10);
    assert_eq!(server.asked().len(), 7);
}

#[test]
fn a_server_that_stays_down_is_given_up() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::status(500, "down for repairs"));
    photos(&work, 30);
    let run = generate(&work, &server)
        .args(["--retries", "1", "--concurrency", "1"])
        .arg(work.root())
        .assert()
        .code(1)
        .stderr(contains("4 photos in a row got no answer").and(contains("down for repairs")))
        .stderr(contains("run the same command again later"));
    assert_eq!(server.asked().len(), 8, "four photos, two attempts each");
    let lines = json_lines(&run.get_output().stdout);
    assert!(lines.iter().all(|line| line["error"]["kind"] == "service"));
}

#[test]
fn a_wrong_key_ends_the_run_at_once_and_is_shown_nowhere() {
    let work = Workplace::new();
    // Some servers write the key back.
    let server = ChatServer::start(|asked, _| {
        Reply::status(401, &format!("no such key: {}", asked.authorization.as_deref().unwrap_or_default()))
    });
    photos(&work, 20);
    let run = generate(&work, &server)
        .args(["--concurrency", "1"])
        .arg(work.root())
        .assert()
        .code(2)
        .stderr(contains("refuses the key (HTTP 401)").and(contains("TEST_API_KEY")))
        .stderr(contains(KEY).not());
    assert_eq!(server.asked().len(), 1, "it is not tried again");
    assert!(!String::from_utf8_lossy(&run.get_output().stdout).contains(KEY));
    georanker()
        .args(["generate", "--api", &server.url, "--model", "m", "--api-key-env", "UNSET_VARIABLE_OF_A_TEST"])
        .arg(first_sample())
        .assert()
        .code(2)
        .stderr(contains("UNSET_VARIABLE_OF_A_TEST is not set"));
}

#[test]
fn the_key_is_in_no_answer_no_cache_and_no_note() {
    let work = Workplace::new();
    let server = ChatServer::start(|asked, number| {
        let key = asked.authorization.clone().unwrap_or_default();
        if number == 0 { Reply::status(500, &key) } else { Reply::Text(format!("{key} 48.5, 2.5")) }
    });
    let photo = &photos(&work, 1)[0];
    let out = work.path("out.jsonl");
    let run = generate(&work, &server).arg(photo).arg("--out").arg(&out).assert().code(0);
    let output = run.get_output();
    let mut texts = vec![output.stdout.clone(), output.stderr.clone(), fs::read(out).unwrap()];
    let cached = files_under(&work.path("cache"));
    assert_eq!(cached.len(), 1);
    texts.extend(cached.iter().map(|path| fs::read(path).unwrap()));
    assert!(texts.iter().all(|text| !String::from_utf8_lossy(text).contains("sk-test-key")));
    assert!(String::from_utf8_lossy(&texts[3]).contains("[key]"));
}

#[test]
fn a_server_that_takes_less_is_asked_for_less() {
    let work = Workplace::new();
    let server = ChatServer::start(|asked, _| {
        if asked.body.get("response_format").is_some() {
            Reply::status(400, "Unknown field: response_format")
        } else if asked.body.get("n").is_some() {
            Reply::status(400, "Only one completion choice is allowed")
        } else {
            Reply::paris()
        }
    });
    let paths = photos(&work, 2);
    let run = generate(&work, &server).args(["-n", "3", "--concurrency", "1"]).args(&paths).assert().code(0);
    for line in json_lines(&run.get_output().stdout) {
        assert_eq!(line["candidates"].as_array().unwrap().len(), 3);
        assert_eq!(line["requests"], 3);
    }
    assert_eq!(server.asked().len(), 2 + 3 + 3, "refusals are remembered");
    generate(&work, &server)
        .args(["-n", "4", "--structured", "on"])
        .arg(&paths[0])
        .assert()
        .code(2)
        .stderr(contains("takes no response_format").and(contains("--structured auto")));
    // A server that knows `n` and gives one answer all the same.
    let server = ChatServer::start(|_, _| Reply::Texts(vec!["48.5, 2.5".into()]));
    let run = generate(&work, &server).args(["-n", "3", "--seed", "7"]).arg(&paths[0]).assert().code(0);
    assert_eq!(only_line(&run.get_output().stdout)["candidates"].as_array().unwrap().len(), 3);
    let seeds: Vec<u64> = server.asked().iter().map(|asked| asked.body["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds, [7, 8, 9]);
}

#[test]
fn a_killed_run_goes_on_and_asks_nothing_twice() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::Slow(Duration::from_millis(20), Box::new(Reply::paris())));
    photos(&work, 100);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_georanker"))
        .env("NO_PROXY", "127.0.0.1")
        .args(["generate", "--model", "seer", "--concurrency", "3", "--api", &server.url, "--cache"])
        .arg(work.path("cache"))
        .arg(work.root())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while server.asked().len() < 40 {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let before = server.asked().len();
    let kept = files_under(&work.path("cache"))
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .count();
    // Answers that were on their way when the process died are lost; there are at most as many as threads.
    assert!(before < 100 && kept + 3 >= before, "{kept} of {before} answers are kept");
    let run = georanker()
        .env("NO_PROXY", "127.0.0.1")
        .args(["generate", "--model", "seer", "--api", &server.url, "--cache"])
        .arg(work.path("cache"))
        .arg(work.root())
        .assert()
        .code(0);
    assert_eq!(server.asked().len() - before, 100 - kept, "only what is missing is asked for");
    let lines = json_lines(&run.get_output().stdout);
    let cached: u64 = lines.iter().map(|line| line["cached"].as_u64().unwrap()).sum();
    assert_eq!((lines.len(), cached), (100, 10 * kept as u64));
}

#[test]
fn an_interrupted_run_finishes_what_it_began() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::Slow(Duration::from_millis(30), Box::new(Reply::paris())));
    photos(&work, 60);
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_georanker"))
        .env("NO_PROXY", "127.0.0.1")
        .args(["generate", "--model", "seer", "--concurrency", "2", "--api", &server.url, "--cache"])
        .arg(work.path("cache"))
        .arg(work.root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while server.asked().len() < 10 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("continues from here"));
    let lines = json_lines(&output.stdout);
    assert!(lines.len() >= 8 && lines.len() < 60);
    assert_eq!(files_under(&work.path("cache")).len(), lines.len());
}

#[test]
fn the_budget_is_kept_and_the_run_can_go_on() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::paris());
    photos(&work, 10);
    // A request takes 200 + 10 * 20 tokens, at most 200 + 10 * 100; that is 0.0004 and at most 0.0012.
    let priced = ["--price-in", "1", "--price-out", "1", "--max-tokens", "100", "--detail", "none"];
    let run = generate(&work, &server)
        .args(priced)
        .args(["--budget", "0.0031", "--concurrency", "2"])
        .arg(work.root())
        .assert()
        .code(1)
        .stderr(contains("the budget of 0.0031 is reached").and(contains("run the same command again")));
    let done = json_lines(&run.get_output().stdout).len();
    assert!((3..=6).contains(&done), "{done} photos");
    assert!(0.0004 * done as f64 <= 0.0031);
    let dry = generate(&work, &server).args(priced).arg("--dry-run").arg(work.root()).assert().code(0);
    let estimate = only_line(&dry.get_output().stdout);
    assert_eq!((&estimate["photos"], &estimate["cached"]), (&10.into(), &(10 * done).into()));
    assert_eq!(estimate["requests"], 10 - done);
    assert!(estimate["cost"].as_f64().unwrap() > 0.0);
    assert_eq!(server.asked().len(), done, "a dry run sends nothing");
    generate(&work, &server).args(priced).arg(work.root()).assert().code(0).stderr(contains("cost"));
    assert_eq!(server.asked().len(), 10);
}

#[test]
fn copies_of_a_photo_are_asked_about_once() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::Slow(Duration::from_millis(50), Box::new(Reply::paris())));
    for copy in 0..6 {
        work.photo(&format!("{copy}.jpg"));
    }
    let run = generate(&work, &server).arg(work.root()).assert().code(0);
    let lines = json_lines(&run.get_output().stdout);
    assert!(lines.len() == 6 && lines.iter().all(|line| line["candidates"].as_array().unwrap().len() == 10));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_rate_is_kept() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::paris());
    photos(&work, 4);
    let began = Instant::now();
    generate(&work, &server).args(["--requests-per-minute", "300"]).arg(work.root()).assert().code(0);
    assert!(began.elapsed() >= Duration::from_millis(600), "three waits of 200 ms");
}

#[test]
fn what_cannot_be_is_said_before_anything_is_sent() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::paris());
    let refused = |arguments: &[&str], why: &str| {
        let mut command = georanker();
        command.args(["generate", "--model", "m", "--cache"]).arg(work.path("cache")).args(arguments);
        command.arg(first_sample()).assert().code(2).stderr(contains(why));
    };
    refused(&["--api", "https://user:hunter22@example.org"], "user name or password");
    refused(&["--api", "example.org/v1"], "it should begin with https:// or http://");
    refused(&["--api", &server.url, "--budget", "1"], "--price-in");
    refused(&["--api", &server.url, "--samples", "0"], "invalid value '0' for '--samples <N>'");
    refused(&["--api", &server.url, "--temperature", "NaN"], "0 to 10");
    assert!(server.asked().is_empty());
    let broken = work.file("broken.jpg", b"\xff\xd8\xff\xe0 nothing");
    let run = generate(&work, &server).arg(&broken).arg(first_sample()).assert().code(1);
    let lines = json_lines(&run.get_output().stdout);
    assert_eq!(lines[0]["error"]["kind"], "invalid_photo");
    assert_eq!((lines[1]["answers"].as_u64(), server.asked().len()), (Some(10), 1));
}
