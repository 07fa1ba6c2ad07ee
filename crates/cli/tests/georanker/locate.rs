//! The real binary on real photos.

use std::fs;

use crate::binary::{Workplace, first_sample, georanker, json_lines, sample_photos, samples};
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn the_table_names_places_and_evidence() {
    georanker()
        .arg("locate")
        .arg(samples())
        .assert()
        .code(0)
        .stdout(contains("200 km").and(contains("km")).and(contains(".jpg")));
}

#[test]
fn every_format_is_what_it_says() {
    let sample = first_sample();
    let output = |format: &str| {
        let run = georanker().args(["locate", "--format", format]).arg(&sample).assert().code(0);
        String::from_utf8(run.get_output().stdout.clone()).unwrap()
    };
    let json: serde_json::Value = serde_json::from_str(&output("json")).unwrap();
    let first = &json[0];
    assert_eq!(first["photo"], sample.display().to_string());
    for radius in ["1", "25", "200", "750", "2500"] {
        let confidence = first["estimate"]["confidence"][radius].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&confidence));
    }
    let candidate = &first["candidates"][0];
    for key in
        ["rank", "lat", "lon", "place", "score", "probability", "origin", "photo", "distance_to_estimate_km"]
    {
        assert!(candidate.get(key).is_some(), "candidate has no {key}");
    }
    for key in ["model", "gallery", "elapsed_ms"] {
        assert!(first.get(key).is_some(), "no {key}");
    }
    assert_eq!(json_lines(output("jsonl").as_bytes()).len(), 1);
    let collection: serde_json::Value = serde_json::from_str(&output("geojson")).unwrap();
    assert_eq!(collection["type"], "FeatureCollection");
    assert!(output("kml").contains("<kml xmlns=\"http://www.opengis.net/kml/2.2\""));
    assert!(output("csv").starts_with("IMG_ID,LAT_pred,LON_pred"));
    assert!(output("html").contains("Content-Security-Policy"));
}

#[test]
fn csv_is_a_predictions_file() {
    let work = Workplace::new();
    let predictions = work.path("predictions.csv");
    georanker()
        .args(["locate", "--format", "csv", "--out"])
        .arg(&predictions)
        .arg(samples())
        .assert()
        .code(0);
    let truth = crate::binary::repository().join("samples/truth.csv");
    let run = georanker()
        .args(["evaluate", "--format", "json", "--predictions"])
        .arg(&predictions)
        .arg("--truth")
        .arg(truth)
        .assert()
        .code(0);
    let report: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert_eq!(report["n"], report["matched"]);
    // The pictures that show no place have none in the table either.
    let strangers = report["unmatched_predictions"].as_array().unwrap();
    assert_eq!(strangers.len(), fs::read_dir(samples()).unwrap().count() - sample_photos().len() - 2);
    assert!(strangers.contains(&"bricks.jpg".into()), "{strangers:?}");
}

#[test]
fn csv_tells_two_photos_of_one_name_apart() {
    let work = Workplace::new();
    let predictions = work.path("predictions.csv");
    let photos = ["summer", "winter"].map(|folder| {
        fs::create_dir(work.path(folder)).unwrap();
        work.photo(&format!("{folder}/IMG_1.jpg")).display().to_string()
    });
    georanker().args(["locate", "--format", "csv", "--out"]).arg(&predictions).args(&photos).assert().code(0);
    let truth = format!("IMG_ID,LAT,LON\n{},1,2\n{},3,4\n", photos[0], photos[1]);
    let truth = work.file("truth.csv", truth.as_bytes());
    let run = georanker()
        .args(["evaluate", "--format", "json", "--predictions"])
        .arg(&predictions)
        .arg("--truth")
        .arg(truth)
        .assert()
        .code(0);
    let report: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert_eq!((&report["n"], &report["matched"]), (&2.into(), &2.into()));
}

#[test]
fn precision_hides_the_exact_place_in_every_format() {
    let sample = first_sample();
    for format in ["table", "json", "jsonl", "geojson", "kml", "csv"] {
        let run = georanker()
            .args(["locate", "--precision", "country", "--format", format])
            .arg(&sample)
            .assert()
            .code(0);
        let coarse = String::from_utf8(run.get_output().stdout.clone()).unwrap();
        let run = georanker().args(["locate", "--format", "json"]).arg(&sample).assert().code(0);
        let exact: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
        let latitude = exact[0]["estimate"]["lat"].as_f64().unwrap().to_string();
        assert!(!coarse.contains(&latitude), "{format} still says {latitude}");
    }
}

#[test]
fn a_map_is_written_beside_the_table_and_only_when_whole() {
    let work = Workplace::new();
    let map = work.path("map.html");
    georanker()
        .arg("locate")
        .arg(first_sample())
        .arg("--map")
        .arg(&map)
        .assert()
        .code(0)
        .stdout(contains("km"));
    let page = fs::read_to_string(&map).unwrap();
    assert!(page.contains("data:image/jpeg;base64,"), "the photo and its evidence are shown");
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http:"), "nothing is fetched");
    let names: Vec<_> = fs::read_dir(work.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["map.html"], "no temporary file is left");
    georanker()
        .arg("locate")
        .arg(first_sample())
        .args(["--map", "/nonexistent/folder/map.html"])
        .assert()
        .code(5)
        .stderr(contains("cannot write"));
}

#[test]
fn quiet_says_nothing_on_stderr() {
    georanker().args(["--quiet", "locate"]).arg(samples()).assert().code(0).stderr("");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_georanker"))
        .env("GEORANKER_PACK", crate::binary::repository().join("packs/starter"))
        .args(["locate", "--format", "jsonl"])
        .arg(samples())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_map_is_whole_when_the_table_is_cut_off() {
    let work = Workplace::new();
    let map = work.path("map.html");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_georanker"))
        .env("GEORANKER_PACK", crate::binary::repository().join("packs/starter"))
        .args(["locate", "--map"])
        .arg(&map)
        .arg(samples())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(fs::read_to_string(&map).unwrap().contains("temples.jpg"));
}

#[test]
fn output_may_go_to_a_device() {
    georanker().args(["locate", "--out", "/dev/null"]).arg(first_sample()).assert().code(0).stdout("");
    assert!(!fs::metadata("/dev/null").unwrap().is_file(), "the device is still a device");
}

#[test]
fn an_interrupted_run_is_complete_as_far_as_it_went() {
    use std::io::{BufRead, BufReader};

    let work = Workplace::new();
    for copy in 0..300 {
        work.photo(&format!("{copy:03}.jpg"));
    }
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_georanker"))
        .env("GEORANKER_PACK", crate::binary::repository().join("packs/starter"))
        .args(["locate", "--format", "jsonl"])
        .arg(work.root())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answers = vec![lines.next().unwrap().unwrap()];
    let interrupted =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    answers.extend(lines.map(Result::unwrap));
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert!(answers.len() < 300, "all {} photos were answered before the signal", answers.len());
    assert_eq!(json_lines(answers.join("\n").as_bytes()).len(), answers.len());
}
