//! Several photos: one place (`--together`), one outing (`--album`).

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::binary::{Workplace, building, georanker, samples};

fn json(run: &mut assert_cmd::Command, code: i32) -> Vec<Value> {
    let run = run.args(["--format", "json"]).assert().code(code);
    serde_json::from_slice(&run.get_output().stdout).unwrap()
}

/// Photos of a name, in this order.
fn some() -> [PathBuf; 3] {
    ["creek.jpg", "harbour.jpg", "museum.jpg"].map(|name| samples().join(name))
}

fn place(answer: &Value) -> (f64, f64) {
    (answer["estimate"]["lat"].as_f64().unwrap(), answer["estimate"]["lon"].as_f64().unwrap())
}

#[test]
fn photos_together_have_one_answer() {
    let work = Workplace::new();
    let broken = work.file("broken.jpg", b"no photo");
    let [creek, harbour, tram] = some();
    let mut run = georanker();
    let answers = json(run.args(["locate", "--together"]).args([&creek, &broken, &harbour, &tram]), 1);
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[1]["error"]["kind"], "invalid_photo");
    let located: Vec<&Value> = [0, 2, 3].map(|index| &answers[index]).to_vec();
    for (number, answer) in located.iter().enumerate() {
        assert_eq!(answer["together"]["number"], number + 1);
        assert_eq!(answer["together"]["photos"], 3);
        assert!(answer["together"]["note"].as_str().unwrap().contains("2 other photos"));
        assert_eq!(
            (&answer["estimate"], &answer["candidates"]),
            (&located[0]["estimate"], &located[0]["candidates"])
        );
    }
    // The order of the photos does not matter.
    let again = json(georanker().args(["locate", "--together"]).args([&tram, &creek, &harbour]), 0);
    assert_eq!(place(&again[0]), place(&answers[0]));

    let csv = georanker().args(["locate", "--together", "--format", "csv"]).args(some()).assert().code(0);
    let text = String::from_utf8(csv.get_output().stdout.clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with(",together") && lines.len() == 4, "{text}");
    assert!(lines[1..].iter().all(|line| line.ends_with(",3")), "{text}");
    let table = georanker().args(["locate", "--together"]).args(some()).assert().code(0);
    let text = String::from_utf8(table.get_output().stdout.clone()).unwrap();
    assert_eq!(text.matches("within 1 km").count(), 1, "{text}");
    assert!(text.contains("creek.jpg\n") && text.contains("located together with 2 other photos"), "{text}");
}

#[test]
fn one_photo_together_is_located_as_ever() {
    let photo = &some()[1];
    let alone = json(georanker().arg("locate").arg(photo), 0);
    let together = json(georanker().args(["locate", "--together"]).arg(photo), 0);
    assert_eq!(alone[0]["estimate"], together[0]["estimate"]);
    assert_eq!(alone[0]["candidates"], together[0]["candidates"]);
}

#[test]
fn the_same_picture_as_one_of_the_photos_decides_for_all() {
    let work = Workplace::new();
    let folder = work.path("photos");
    fs::create_dir(&folder).unwrap();
    let [creek, harbour, tram] = some();
    fs::copy(&tram, folder.join("copy.jpg")).unwrap();
    let mut table = "IMG_ID,LAT,LON\ncopy.jpg,-41.3,174.8\n".to_owned();
    for name in ["aurora", "balconies", "temples", "waterfront", "government-building"] {
        fs::copy(samples().join(format!("{name}.jpg")), folder.join(format!("{name}.jpg"))).unwrap();
        writeln!(table, "{name}.jpg,41.9,12.5").unwrap();
    }
    let (table, gallery) = (work.file("t.csv", table.as_bytes()), work.path("gallery"));
    building(&gallery, &folder, &table).assert().code(0);
    let mut run = georanker();
    let answers = json(
        run.args(["locate", "--together", "--gallery"]).arg(&gallery).args([&creek, &harbour, &tram]),
        0,
    );
    for answer in answers {
        assert!((place(&answer).0 + 41.3).abs() < 1e-6, "{answer}");
        assert_eq!(answer["candidates"][0]["photo"], "copy.jpg");
    }
}

#[test]
fn what_does_not_go_together_is_said() {
    for (with, why) in [
        (&["--album", "60"][..], "cannot be used with"),
        (&["--exclude", "near-duplicate"], "copies of no single photo"),
        (&["--exif-only"], "cannot be used with"),
    ] {
        let mut run = georanker();
        run.args(["locate", "--together"]).args(with).arg(&some()[0]);
        run.assert().code(2).stderr(contains(why));
    }
    for wrong in ["0", "-5", "x", "99999"] {
        let mut run = georanker();
        run.args(["locate", &format!("--album={wrong}")]).arg(&some()[0]);
        run.assert().code(2).stderr(contains("number of minutes"));
    }
}

/// A photo with a capture time in its EXIF data.
fn taken(photo: &Path, time: &str) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    // The main directory: a pointer to the EXIF directory behind it.
    tiff.extend([1, 0, 0x69, 0x87, 4, 0, 1, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0]);
    // The EXIF directory: DateTimeOriginal, 20 letters behind it.
    tiff.extend([1, 0, 0x03, 0x90, 2, 0, 20, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0]);
    tiff.extend(time.as_bytes());
    tiff.push(0);
    let mut segment = b"\xff\xe1".to_vec();
    segment.extend(((tiff.len() + 8) as u16).to_be_bytes());
    segment.extend(b"Exif\0\0");
    segment.extend(tiff);
    let bytes = fs::read(photo).unwrap();
    [&bytes[..2], &segment, &bytes[2..]].concat()
}

#[test]
fn photos_of_an_outing_sway_each_other() {
    let work = Workplace::new();
    let [creek, harbour, tram] = some();
    let outing = [
        work.file("a.jpg", &taken(&creek, "2019:07:14 10:00:00")),
        work.file("b.jpg", &taken(&harbour, "2019:07:14 10:20:00")),
        work.file("c.jpg", &taken(&tram, "2019:07:14 12:00:00")),
        work.file("d.jpg", &fs::read(&tram).unwrap()),
    ];
    let alone = json(georanker().arg("locate").args(&outing), 0);
    let album = json(georanker().args(["locate", "--album", "30"]).args(&outing), 0);
    assert_eq!(album.len(), 4);
    for index in [0, 1] {
        let note = &album[index]["album"];
        assert_eq!((&note["others"], &note["within_min"]), (&1.into(), &30.0.into()), "{note}");
        assert!(note["note"].as_str().unwrap().contains("confidence is this photo's own"));
        let changed = place(&album[index]) != place(&alone[index]);
        assert_eq!(note["changed"], changed);
        let shares = |answer: &Value| answer["candidates"][0]["probability"].as_f64().unwrap();
        assert!(shares(&album[index]) > 0.0);
        for radius in ["1", "25", "200", "750", "2500"] {
            let confidence = |answer: &Value| answer["estimate"]["confidence"][radius].as_f64().unwrap();
            // The photo's own evidence speaks for another place in another degree, and for the same one as before.
            let (with, without) = (confidence(&album[index]), confidence(&alone[index]));
            assert!(changed || (with - without).abs() < 1e-9, "{radius}: {with} {without}");
        }
    }
    // Two hours later, and without a time: located as ever.
    for index in [2, 3] {
        assert!(album[index].get("album").is_none());
        assert_eq!(album[index]["estimate"], alone[index]["estimate"]);
    }
    let mut table = georanker();
    table.args(["locate", "--album", "150"]).args(&outing);
    table
        .assert()
        .code(0)
        .stdout(contains("2 other photos taken within 150 min").and(contains("made places near")));
}

#[test]
fn a_place_near_the_others_gets_likelier() {
    let work = Workplace::new();
    // Copies of one photo are certain of New Zealand; another photo has a candidate there and others in Rome.
    let folder = work.path("photos");
    fs::create_dir(&folder).unwrap();
    let [creek, _, tram] = some();
    fs::copy(&tram, folder.join("copy.jpg")).unwrap();
    let mut table = "IMG_ID,LAT,LON\ncopy.jpg,-41.3,174.8\n".to_owned();
    for name in ["aurora", "balconies", "temples", "waterfront", "government-building"] {
        fs::copy(samples().join(format!("{name}.jpg")), folder.join(format!("{name}.jpg"))).unwrap();
        writeln!(table, "{name}.jpg,41.9,12.5").unwrap();
    }
    let (table, gallery) = (work.file("t.csv", table.as_bytes()), work.path("gallery"));
    building(&gallery, &folder, &table).assert().code(0);
    let outing = [
        work.file("a.jpg", &taken(&creek, "2019:07:14 10:00:00")),
        work.file("b.jpg", &taken(&tram, "2019:07:14 10:01:00")),
    ];
    let locate = |options: &[&str]| {
        let mut run = georanker();
        json(run.arg("locate").args(options).arg("--gallery").arg(&gallery).args(&outing), 0)
    };
    let share = |answer: &Value| -> f64 {
        let candidates = answer["candidates"].as_array().unwrap();
        let there = candidates.iter().filter(|one| one["photo"] == "copy.jpg");
        there.map(|one| one["probability"].as_f64().unwrap()).sum()
    };
    let (alone, album) = (locate(&[]), locate(&["--album", "10"]));
    let (before, after) = (share(&alone[0]), share(&album[0]));
    assert!(after > before && after < before * 5.0, "{before} {after}");
    // The same picture is not swayed.
    assert!(album[1].get("album").is_none(), "{}", album[1]);
    assert_eq!(album[1]["estimate"], alone[1]["estimate"]);
}
