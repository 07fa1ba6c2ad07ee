//! `locate` with candidates that a model wrote.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use photo::{Image, encode_thumbnail};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::binary::{Workplace, first_sample, georanker, json_lines, place_of, samples};
use crate::chat_server::{ChatServer, Reply};

/// A place in the sea, far from every photo of the gallery, and one a step away from where the photo was taken.
fn two_places() -> Reply {
    let [latitude, longitude] = place_of(ASKED);
    Reply::Texts(vec![
        "{\"latitude\": -47.25, \"longitude\": -120.5}".into(),
        "{\"latitude\": -47.2501, \"longitude\": -120.5}".into(),
        format!("{{\"latitude\": {:.5}, \"longitude\": {longitude}}}", latitude + 0.00003),
    ])
}

/// The photo that is asked about. A gallery of the samples holds it as well, so that its place is the best candidate.
const ASKED: &str = "temples.jpg";

/// The gallery of the samples, built when it is first asked for.
fn gallery(work: &Workplace) -> PathBuf {
    let built = work.path("gallery");
    if built.is_dir() { built } else { work.gallery_of_samples() }
}

fn located(arguments: &[&str], work: &Workplace, server: &ChatServer) -> Vec<u8> {
    let run = georanker()
        .env("NO_PROXY", "127.0.0.1")
        .args(["locate", "--generate", &server.url, "--generate-model", "seer", "--generate-samples", "3"])
        .args(["--distinct", "0", "--generate-cache"])
        .arg(work.path("cache"))
        .args(if arguments.contains(&"--top") { &[][..] } else { &["--top", "300"] })
        .args(arguments)
        .arg("--gallery")
        .arg(gallery(work))
        .arg(samples().join(ASKED))
        .assert()
        .code(0);
    run.get_output().stdout.clone()
}

fn written_by_seer(candidate: &Value) -> bool {
    let also = candidate["also_from"].as_array().cloned().unwrap_or_default();
    also.iter().chain([&candidate["origin"]]).any(|origin| origin["model"] == "seer")
}

#[test]
fn written_candidates_are_merged_ranked_and_visible_in_every_format() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| two_places());
    let json: Value = serde_json::from_slice(&located(&["--format", "json"], &work, &server)).unwrap();
    let candidates = json[0]["candidates"].as_array().unwrap();
    let of_seer: Vec<&Value> = candidates.iter().filter(|candidate| written_by_seer(candidate)).collect();
    assert_eq!(of_seer.len(), 2, "two points 11 m apart are one candidate");
    let alone = of_seer.iter().find(|candidate| candidate["origin"]["kind"] == "generated").unwrap();
    assert_eq!((&alone["lat"], &alone["also_from"][0]["sample"]), (&(-47.25).into(), &1.into()));
    let similarity = alone["similarities"]["location"].as_f64().unwrap();
    assert!((-1.0..=1.0).contains(&similarity));
    let merged = of_seer.iter().find(|candidate| candidate["origin"]["kind"] == "retrieved").unwrap();
    assert!((merged["lat"].as_f64().unwrap() - place_of(ASKED)[0]).abs() < 0.001);
    assert_eq!(merged["photo"], ASKED, "a found photo stays the evidence");
    assert!(alone["score"].as_f64().unwrap() < merged["score"].as_f64().unwrap());

    let text = |format: &str| String::from_utf8(located(&["--format", format], &work, &server)).unwrap();
    assert!(text("table").contains("written by seer"));
    assert!(text("geojson").contains("\"model\":\"seer\""));
    assert!(text("kml").contains("written by seer"));
    assert!(text("html").contains("\"model\":\"seer\""));
    let csv = text("csv");
    assert!(csv.lines().next().unwrap().ends_with(",abstained,origin"), "{csv}");
    let row = csv.lines().nth(1).unwrap();
    assert!(row.ends_with(",retrieved+generated") || row.ends_with(",retrieved"), "{csv}");
    assert_eq!(server.asked().len(), 1, "the other runs took the answers from the cache");
}

#[test]
fn a_file_of_generate_gives_the_same_candidates() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| two_places());
    let direct: Value = serde_json::from_slice(&located(&["--format", "json"], &work, &server)).unwrap();
    let file = work.path("written.jsonl");
    georanker()
        .env("NO_PROXY", "127.0.0.1")
        .args(["generate", "-n", "3", "--api", &server.url, "--model", "seer", "--cache"])
        .arg(work.path("cache"))
        .arg("--out")
        .arg(&file)
        .arg(samples().join(ASKED))
        .assert()
        .code(0);
    let run = georanker()
        .args(["locate", "--format", "json", "--top", "300", "--distinct", "0", "--generated"])
        .arg(&file)
        .arg("--gallery")
        .arg(gallery(&work))
        .arg(samples().join(ASKED))
        .assert()
        .code(0);
    let from_file: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert_eq!(from_file[0]["candidates"], direct[0]["candidates"]);
    // Photos that the file does not know are located without, and the exit code says so.
    georanker()
        .args(["locate", "--generated"])
        .arg(&file)
        .arg(samples())
        .assert()
        .code(1)
        .stderr(contains("located without generated candidates"));
    fs::write(&file, "{\"photo\": 3}\n").unwrap();
    georanker()
        .args(["locate", "--generated"])
        .arg(&file)
        .arg(first_sample())
        .assert()
        .code(1)
        .stderr(contains("line 1").and(contains("georanker generate")));
}

#[test]
fn merging_knows_its_distance() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| two_places());
    let count = |metres: &str| {
        let output = located(&["--format", "jsonl", "--merge-within-m", metres], &work, &server);
        let lines = json_lines(&output);
        lines[0]["candidates"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["origin"]["kind"] == "generated")
            .count()
    };
    let (close, far) = (count("0"), count("1000000"));
    assert!(close >= 2, "{close}");
    assert!(far <= 1, "{far}");
}

#[test]
fn a_server_that_fails_leaves_the_gallery_and_a_wrong_key_ends_the_run() {
    let work = Workplace::new();
    let down =
        ChatServer::start(|_, _| Reply::Raw(429, vec![("retry-after", "86400".into())], String::new()));
    let run = georanker()
        .env("NO_PROXY", "127.0.0.1")
        .args(["locate", "--format", "jsonl", "--generate", &down.url, "--generate-model", "seer"])
        .arg("--generate-cache")
        .arg(work.path("cache"))
        .arg(samples())
        .timeout(Duration::from_mins(1))
        .assert()
        .code(1)
        .stderr(contains("asks to wait 86400 s").and(contains("located without generated candidates")));
    let lines = json_lines(&run.get_output().stdout);
    assert!(lines.len() > 1 && lines.iter().all(|line| line["estimate"]["lat"].is_number()));
    let closed = ChatServer::start(|_, _| Reply::status(401, "who are you?"));
    georanker()
        .env("NO_PROXY", "127.0.0.1")
        .args(["locate", "--generate", &closed.url, "--generate-model", "seer", "--generate-cache"])
        .arg(work.path("cache"))
        .arg(samples())
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("who are you?").and(contains("no key was sent")));
}

/// With one candidate listed, the origin is still that of the answer. The gallery's own photo decides it, and one model writes it
/// too.
#[test]
fn a_row_says_who_named_its_answer() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| two_places());
    let origin = |extra: &[&str]| {
        let csv =
            String::from_utf8(located(&[&["--format", "csv", "--top", "1"], extra].concat(), &work, &server));
        csv.unwrap().lines().nth(1).unwrap().rsplit_once(',').unwrap().1.to_owned()
    };
    assert_eq!(origin(&["--merge-within-m", "1000"]), "retrieved+generated");
    assert_eq!(origin(&["--merge-within-m", "0"]), "retrieved");
}

#[test]
fn the_key_is_read_from_a_variable_that_either_name_of_the_option_gives() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::paris());
    for (name, key) in
        [("--generate-api-key-env", "a key of eight"), ("--generate-key-env", "its older name")]
    {
        let key = key.replace(' ', "-");
        georanker()
            .env("NO_PROXY", "127.0.0.1")
            .env("TEST_API_KEY", &key)
            .args(["locate", "--generate", &server.url, "--generate-model", "seer", name, "TEST_API_KEY"])
            .arg("--generate-cache")
            .arg(work.path(&key))
            .arg(samples().join(ASKED))
            .assert()
            .code(0);
        let asked = server.asked();
        let last = asked.last().expect("the server was asked");
        assert_eq!(last.authorization.as_deref(), Some(format!("Bearer {key}").as_str()));
    }
    assert_eq!(server.asked().len(), 2);
}

/// A run at high prices.
fn with_budget(work: &Workplace, server: &ChatServer, budget: &str) -> assert_cmd::Command {
    let mut command = georanker();
    command
        .env("NO_PROXY", "127.0.0.1")
        .args(["locate", "--format", "jsonl", "--generate", &server.url, "--generate-model", "seer"])
        .args(["--generate-price-in", "1000", "--generate-price-out", "1000", "--generate-budget", budget])
        .arg("--generate-cache")
        .arg(work.path("cache"))
        .timeout(Duration::from_mins(1));
    command
}

#[test]
fn a_budget_ends_the_asking_and_not_the_run() {
    let work = Workplace::new();
    let server = ChatServer::start(|_, _| Reply::paris());
    let run = |budget: &str| with_budget(&work, &server, budget).arg(samples()).assert();
    let poor = run("0.000001")
        .code(1)
        .stderr(contains("budget").and(contains("located without generated candidates")));
    let lines = json_lines(&poor.get_output().stdout);
    assert!(lines.len() > 1 && lines.iter().all(|line| line["estimate"]["lat"].is_number()));
    assert!(server.asked().is_empty());
    let rich = run("1000000").code(0).stderr(contains("cost"));
    let lines = json_lines(&rich.get_output().stdout);
    assert_eq!(server.asked().len(), lines.len());
}

/// The photo before has no answer, the one after has: nobody gets another's candidates.
#[test]
fn answers_stay_with_their_photos_when_the_asking_ends_in_between() {
    let work = Workplace::new();
    let photos = work.path("photos");
    fs::create_dir(&photos).unwrap();
    // Large, so that it comes to its end long after the other has been read from the cache.
    let large = Image::new(6000, 6000, vec![120; 3 * 6000 * 6000]).unwrap();
    fs::write(photos.join("a.jpg"), encode_thumbnail(&large, 6000, 80).unwrap()).unwrap();
    fs::copy(samples().join(ASKED), photos.join("b.jpg")).unwrap();
    let ask = |server: &ChatServer, photo: &Path, budget: &str| {
        let run = with_budget(&work, server, budget)
            .args(["--top", "600", "--distinct", "0", "--generate-samples", "3"])
            .arg(photo)
            .assert();
        json_lines(&run.get_output().stdout)
    };
    let server = ChatServer::start(|_, _| two_places());
    ask(&server, &photos.join("b.jpg"), "1000000");
    // b.jpg is in the cache and costs nothing; a.jpg may not be asked about.
    let of_seer = |line: &Value| {
        line["candidates"].as_array().unwrap().iter().filter(|one| written_by_seer(one)).count()
    };
    let counts: Vec<usize> = ask(&server, &photos, "0.000001").iter().map(of_seer).collect();
    assert_eq!(counts, [0, 2]);
}

/// What the search may not find, the prompt may not say.
#[test]
fn an_excluded_photo_is_not_named_in_the_prompt() {
    let work = Workplace::new();
    let gallery = work.gallery_of_samples();
    let server = ChatServer::start(|_, _| Reply::paris());
    let prompt = |extra: &[&str]| {
        let run = georanker()
            .env("NO_PROXY", "127.0.0.1")
            .args([
                "locate",
                "--generate",
                &server.url,
                "--generate-model",
                "seer",
                "--generate-prompt",
                "retrieval",
            ])
            .arg("--generate-cache")
            .arg(work.path("cache"))
            .arg("--gallery")
            .arg(&gallery)
            .args(extra)
            .arg(samples().join("creek.jpg"))
            .assert()
            .code(0);
        drop(run);
        server.asked().last().unwrap().body.to_string()
    };
    // With four decimals.
    let [own, other] = ["creek.jpg", "harbour.jpg"].map(|sample| format!("{:.4}", place_of(sample)[0]));
    let whole = prompt(&[]);
    assert_eq!(whole.matches(&own).count(), 1, "similar, and not dissimilar as well");

    for excluded in [
        &["--exclude", "near-duplicate"][..],
        &["--exclude", "same-author", "--author", "New Graph Environment Ltd."],
    ] {
        let prompt = prompt(excluded);
        assert!(!prompt.contains(&own), "{excluded:?}");
        assert!(prompt.contains(&other), "others are named");
    }
}
