//! The real binary: what files state, what comes on stdin, cut photos, and the doctor.

use std::fs;

use crate::binary::{Workplace, first_sample, georanker, json_lines, samples};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

const SYDNEY: &str = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="33,51.408S" exif:GPSLongitude="151,12.918E"/>
</rdf:RDF></x:xmpmeta>"#;

#[test]
fn what_a_file_states_is_shown_or_answered_alone() {
    let work = Workplace::new();
    let (stated, silent) = (work.photo("a.jpg"), work.photo("b.jpg"));
    work.file("a.jpg.xmp", SYDNEY.as_bytes());
    let run = georanker()
        .args(["locate", "--exif-only", "-f", "jsonl", "-q"])
        .args([&stated, &silent])
        // No pack is needed for that.
        .env("GEORANKER_PACK", work.path("none"))
        .assert()
        .code(1)
        .stderr(contains("b.jpg"));
    let lines = json_lines(&run.get_output().stdout);
    let estimate = &lines[0]["estimate"];
    assert!((estimate["lat"].as_f64().unwrap() + 33.8568).abs() < 1e-4, "{estimate}");
    assert_eq!(estimate["confidence"], serde_json::json!({}));
    assert_eq!(
        (&lines[0]["stated"]["source"], &lines[0]["candidates"]),
        (&"a.jpg.xmp".into(), &Value::Array(vec![]))
    );
    assert_eq!(lines[1]["error"]["kind"], "invalid_photo");
    let csv = georanker().args(["locate", "--exif-only", "-f", "csv", "-q"]).arg(&stated).assert().code(0);
    assert!(String::from_utf8_lossy(&csv.get_output().stdout).contains("a.jpg,-33.8568"));

    let located = |more: &[&str]| -> Value {
        let run = georanker().args(["locate", "-f", "jsonl", "-q"]).arg(&stated).args(more).assert().code(0);
        json_lines(&run.get_output().stdout).remove(0)
    };
    let answer = located(&[]);
    let (lat, away) =
        (&answer["stated"]["lat"], answer["stated"]["distance_to_estimate_km"].as_f64().unwrap());
    assert!((lat.as_f64().unwrap() + 33.8568).abs() < 1e-4 && away > 0.0, "{answer}");
    assert!(answer["stated"]["contradicts"].is_boolean());
    assert!(located(&["--precision", "25"])["stated"].is_null(), "a coarsened answer must not give it away");
    let table = georanker().arg("locate").arg(&stated).assert().code(0);
    assert!(
        String::from_utf8_lossy(&table.get_output().stdout)
            .contains("stated by the file: -33.85680, 151.21530 (a.jpg.xmp)")
    );
}

#[test]
fn takeout_is_read_when_asked_and_named_when_not() {
    let work = Workplace::new();
    let photos = work.path("photos");
    fs::create_dir(&photos).unwrap();
    fs::copy(first_sample(), photos.join("a.jpg")).unwrap();
    let json =
        r#"{"title": "a.jpg", "geoData": {"latitude": 48.8584, "longitude": 2.2945, "altitude": 0.0}}"#;
    fs::write(photos.join("a.jpg.supplemental-metadata.json"), json).unwrap();
    let build = |more: &[&str]| {
        let mut command = georanker();
        command.args(["gallery", "build"]).arg(work.path("g")).arg("--photos").arg(&photos).args(more);
        command.assert()
    };
    build(&[]).code(1).stderr(contains("a.jpg.supplemental-metadata.json").and(contains("--sidecars")));
    build(&["--sidecars"]).code(0).stderr(contains("1 photo added"));
    let run = georanker()
        .args(["locate", "--exif-only", "--sidecars", "-f", "jsonl"])
        .arg(photos.join("a.jpg"))
        .assert();
    let answer = json_lines(&run.code(0).get_output().stdout).remove(0);
    assert_eq!(answer["estimate"]["lat"], 48.8584);
}

#[test]
fn a_dash_is_stdin() {
    let photo = fs::read(first_sample()).unwrap();
    let run = georanker().args(["locate", "-", "-f", "jsonl", "-q"]).write_stdin(photo).assert().code(0);
    assert_eq!(json_lines(&run.get_output().stdout)[0]["photo"], "stdin");
    let run = georanker().args(["locate", "-", "-f", "jsonl"]).write_stdin("no photo").assert().code(1);
    let output = run.get_output();
    assert!(json_lines(&output.stdout)[0]["error"]["message"].as_str().unwrap().starts_with("stdin: "));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: stdin: "));
    let work = Workplace::new();
    let predictions = work.file("p.csv", b"IMG_ID,LAT_pred,LON_pred\na.jpg,1,2\n");
    let evaluate = |truth: &str| {
        let mut command = georanker();
        command.args(["evaluate", "--bootstrap", "0", "--truth", "-", "--predictions"]).arg(&predictions);
        command.write_stdin(truth).assert()
    };
    evaluate("IMG_ID,LAT,LON\na.jpg,1,2\n").code(0).stdout(contains("100.0"));
    evaluate("IMG_ID,LAT,LON\na.jpg,100,2\n").code(1).stderr(contains("stdin, line 2, column LAT"));
    evaluate("").code(1);
    georanker()
        .args(["evaluate", "--truth", "-", "--predictions", "-"])
        .write_stdin("IMG_ID,LAT,LON\na.jpg,1,2\n")
        .assert()
        .code(2)
        .stderr(contains("stdin can be read only once"));
}

#[test]
fn a_photo_that_was_cut_is_used_when_asked() {
    let work = Workplace::new();
    let bytes = fs::read(first_sample()).unwrap();
    let cut = work.file("cut.jpg", &bytes[..bytes.len() * 6 / 10]);
    georanker()
        .arg("locate")
        .arg(&cut)
        .assert()
        .code(1)
        .stderr(contains("% of the picture is there").and(contains("--allow-truncated")));
    let cache = work.path("cache");
    let run = || {
        let mut locate = georanker();
        locate.args(["locate", "--allow-truncated", "-f", "jsonl", "--query-cache"]).arg(&cache).arg(&cut);
        json_lines(&locate.assert().code(0).get_output().stdout).remove(0)
    };
    for answer in [run(), run()] {
        assert!(answer["incomplete"].as_str().unwrap().contains("% of the picture is there"), "{answer}");
    }
}

#[test]
fn a_query_cache_changes_no_answer() {
    let work = Workplace::new();
    let strip = work.file("strip.png", &crate::binary::png_of(1, 400, |_, y| [(y / 2) as u8; 3]));
    let (gallery, cache) = (work.gallery_of_samples(), work.path("cache"));
    let run = || {
        let mut locate = georanker();
        locate.args(["locate", "-f", "jsonl", "--query-cache"]).arg(&cache).arg("--gallery").arg(&gallery);
        let run = locate.arg(&strip).arg(first_sample()).assert().code(0);
        let mut lines = json_lines(&run.get_output().stdout);
        for line in &mut lines {
            line["elapsed_ms"] = 0.into();
        }
        lines
    };
    let (first, second) = (run(), run());
    assert_eq!(first, second);
    assert!(first[0]["estimate"]["abstained_because"].is_string());
}

#[test]
fn the_doctor_says_what_is_there() {
    let run = georanker().args(["doctor", "--json"]).assert().code(0);
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let names: Vec<&str> =
        report["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["processor", "cache", "pack", "files", "gallery", "opening", "speed"]);
    assert!(report["commit"].is_string() && report["features"].is_array());
    let broken = georanker().arg("doctor").env("GEORANKER_PACK", samples()).assert().code(3);
    assert!(String::from_utf8_lossy(&broken.get_output().stdout).contains("broken   pack"));
    georanker().arg("--version").assert().code(0).stdout(contains("commit ").and(contains("features: ")));
}
