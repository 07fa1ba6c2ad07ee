//! `georanker locate` with other ways to look for candidates.

use std::fs;
use std::path::Path;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::binary::{Workplace, first_sample, georanker, repository, samples};

/// Answers without the time they took.
fn located(pack: Option<&Path>, more: &[&str], input: &Path) -> Vec<Value> {
    let mut command = georanker();
    if let Some(pack) = pack {
        command.env("GEORANKER_PACK", pack);
    }
    command
        .args(["locate", "--quiet", "--format", "json", "--top", "200", "--distinct", "0"])
        .args(more)
        .arg(input);
    let run = command.assert().code(0);
    let mut answers: Vec<Value> = serde_json::from_slice(&run.get_output().stdout).unwrap();
    for answer in &mut answers {
        answer.as_object_mut().unwrap().remove("elapsed_ms");
    }
    answers
}

fn candidates(answer: &Value) -> &[Value] {
    answer["candidates"].as_array().unwrap()
}

fn photos(answer: &Value) -> Vec<&str> {
    let mut all: Vec<&str> = candidates(answer).iter().filter_map(|one| one["photo"].as_str()).collect();
    all.sort_unstable();
    all
}

#[test]
fn what_is_off_changes_nothing_and_what_is_on_does() {
    let work = Workplace::new();
    let pack = work.copy_of_pack();
    let sample = first_sample();
    let plain = located(Some(&pack), &[], &sample);
    assert_eq!(located(Some(&pack), &["--dedupe", "0"], &sample), plain);
    assert_ne!(located(Some(&pack), &["--dedupe", "5000"], &sample), plain);
}

#[test]
fn fused_channels_are_one_search() {
    let sample = first_sample();
    // One channel alone finds the photos that its own search finds.
    let photo = located(None, &["--fuse", "photo=1"], &sample);
    let both = located(None, &["--fuse", "photo=1,location=0.5"], &sample);
    assert_eq!(photos(&photo[0]), photos(&located(None, &[], &sample)[0]));
    assert_ne!(photos(&photo[0]), photos(&both[0]));
    assert_eq!(located(None, &["--fuse", "photo=2"], &sample)[0]["estimate"], photo[0]["estimate"]);
    georanker()
        .args(["locate", "--fuse", "photo=1,colour=1"])
        .arg(&sample)
        .assert()
        .code(2)
        .stderr(contains("no channel `colour`").and(contains("photo")));
    georanker()
        .args(["locate", "--fuse", "photo"])
        .arg(&sample)
        .assert()
        .code(2)
        .stderr(contains("CHANNEL=WEIGHT"));
}

#[test]
fn one_candidate_a_place() {
    let answers = located(None, &["--dedupe", "5000"], &samples());
    assert!(answers.len() > 3);
    for answer in &answers {
        let places: Vec<geo::LatLon> = candidates(answer)
            .iter()
            .map(|one| geo::LatLon::new(one["lat"].as_f64().unwrap(), one["lon"].as_f64().unwrap()).unwrap())
            .collect();
        assert!(places.len() >= 5, "{}", places.len());
        for (index, place) in places.iter().enumerate() {
            assert!(places[..index].iter().all(|other| geo::haversine_km(*place, *other) > 5.0));
        }
    }
    // Alone and together are the same.
    let alone = located(None, &["--dedupe", "5000"], &first_sample());
    let name = first_sample().file_name().unwrap().to_string_lossy().into_owned();
    let together = answers.iter().find(|one| one["photo"].as_str().unwrap().ends_with(&name)).unwrap();
    assert_eq!(candidates(together), candidates(&alone[0]));
}

#[test]
fn coordinates_of_ones_own_are_encoded_once() {
    let work = Workplace::new();
    let list = work.file(
        "mine.csv",
        b"LAT,LON,name\n48.8584,2.2945,tower\n-33.8568,151.2153,opera\n35.7148,139.7967,temple\n",
    );
    // With so few photos all coordinates are among the candidates.
    let gallery = work.path("gallery");
    let mut build = georanker();
    build.args(["gallery", "build"]).arg(&gallery).arg("--photos").arg(samples());
    build.arg("--table").arg(repository().join("samples/truth.csv")).assert().code(0);
    let run = |option: &str| {
        let mut command = georanker();
        command.args(["locate", "--format", "json", "--top", "200", "--distinct", "0", option]).arg(&list);
        command.arg("--gallery").arg(&gallery).arg(first_sample()).assert()
    };
    let first = run("--coordinates").code(0).stderr(contains("3 coordinates encoded"));
    let answers: Vec<Value> = serde_json::from_slice(&first.get_output().stdout).unwrap();
    let bare = candidates(&answers[0]).iter().filter(|one| one["photo"].is_null()).count();
    assert_eq!(bare, 3);
    let kept = work.path("mine.csv.starter.locations");
    let bytes = fs::read(&kept).unwrap();
    run("--coordinates").code(0).stderr(contains("encoded").not());
    let more = run("--more-coordinates").code(0);
    let answers: Vec<Value> = serde_json::from_slice(&more.get_output().stdout).unwrap();
    assert!(candidates(&answers[0]).iter().filter(|one| one["photo"].is_null()).count() > 3);
    // Another list under the same name, and a damaged index: encoded again.
    fs::write(&list, b"LAT,LON\n48.8584,2.2945\n-33.8568,151.2153\n35.7148,139.7968\n").unwrap();
    run("--coordinates").code(0).stderr(contains("3 coordinates encoded"));
    let mut other = fs::read(&kept).unwrap();
    assert_ne!(other, bytes);
    other[100] ^= 1;
    fs::write(&kept, other).unwrap();
    run("--coordinates").code(0).stderr(contains("3 coordinates encoded"));
    fs::write(&list, b"LAT,LON\n91,0\n").unwrap();
    run("--coordinates").code(1).stderr(contains("mine.csv, line 2, column LAT"));
    fs::write(&list, b"a,b\n1,0\n").unwrap();
    run("--coordinates").code(1).stderr(contains("mine.csv"));
    fs::write(&list, b"LAT,LON\n").unwrap();
    run("--coordinates").code(1).stderr(contains("mine.csv has no rows"));
}

#[test]
fn photos_that_come_again_are_not_encoded_again() {
    let work = Workplace::new();
    let cache = work.path("cache");
    let options = ["--query-cache", cache.to_str().unwrap()];
    let plain = located(None, &[], &samples());
    assert_eq!(located(None, &options, &samples()), plain);
    let entries = || -> Vec<std::path::PathBuf> {
        let mut all = Vec::new();
        for encoder in fs::read_dir(&cache).unwrap().flatten() {
            for folder in fs::read_dir(encoder.path()).unwrap().flatten() {
                all.extend(fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path()));
            }
        }
        all.sort();
        all
    };
    assert_eq!(entries().len(), plain.len());
    assert_eq!(located(None, &options, &samples()), plain);
    // An entry that is swapped for another one is used: proof that nothing was encoded. A damaged one is not.
    let files = entries();
    let bytes = fs::read(&files[0]).unwrap();
    fs::write(&files[0], fs::read(&files[1]).unwrap()).unwrap();
    assert_ne!(located(None, &options, &samples()), plain);
    fs::write(&files[0], &bytes[..bytes.len() - 3]).unwrap();
    assert_eq!(located(None, &options, &samples()), plain);
    assert_eq!(fs::read(&files[0]).unwrap(), bytes);
}
