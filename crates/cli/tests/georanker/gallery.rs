//! A user's own gallery, from photos to answers.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::binary::{Workplace, georanker, repository, sample_photos, samples};
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn a_gallery_of_the_samples_finds_the_samples() {
    let work = Workplace::new();
    let gallery = work.gallery_of_samples();
    let run = georanker()
        .args(["locate", "--format", "json", "--decide", "argmax", "--gallery"])
        .arg(&gallery)
        .args(sample_photos())
        .assert()
        .code(0);
    let answers: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    for answer in answers.as_array().unwrap() {
        let best = answer["candidates"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|candidate| candidate["photo"].is_string())
            .any(|candidate| {
                answer["photo"].as_str().unwrap().ends_with(candidate["photo"].as_str().unwrap())
            });
        assert!(best, "{} is not among its own candidates", answer["photo"]);
    }
    georanker().args(["gallery", "verify"]).arg(&gallery).assert().code(0).stderr(contains("no problems"));
}

#[test]
fn adding_again_adds_nothing_and_removing_removes() {
    let work = Workplace::new();
    let gallery = work.gallery_of_samples();
    georanker()
        .args(["gallery", "add"])
        .arg(&gallery)
        .arg("--photos")
        .arg(samples())
        .arg("--table")
        .arg(repository().join("samples/truth.csv"))
        .assert()
        .code(0)
        .stderr(contains("0 photos added"));
    let sample = crate::binary::first_sample().file_name().unwrap().to_string_lossy().into_owned();
    georanker().args(["gallery", "remove"]).arg(&gallery).arg(&sample).assert().code(0);
    georanker()
        .args(["gallery", "remove"])
        .arg(&gallery)
        .arg(&sample)
        .assert()
        .code(1)
        .stderr(contains("no photo").and(contains(sample.as_str())));
    let run = georanker().args(["gallery", "info", "--json"]).arg(&gallery).assert().code(0);
    let info: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    let truth = fs::read_to_string(repository().join("samples/truth.csv")).unwrap();
    assert_eq!(info["photos"].as_u64().unwrap() as usize, truth.lines().count() - 2);
}

#[test]
fn a_photo_of_the_same_name_from_another_folder_is_no_photo_that_is_there() {
    let work = Workplace::new();
    let gallery = work.gallery_of_samples();
    let name = crate::binary::first_sample().file_name().unwrap().to_string_lossy().into_owned();
    fs::create_dir(work.path("other")).unwrap();
    fs::copy(samples().join("temples.jpg"), work.path("other").join(&name)).unwrap();
    let table = work.file("other.csv", format!("IMG_ID,LAT,LON\n{name},1,2\n").as_bytes());
    georanker()
        .args(["gallery", "add"])
        .arg(&gallery)
        .arg("--photos")
        .arg(work.path("other"))
        .arg("--table")
        .arg(&table)
        .assert()
        .code(1)
        .stderr(contains("from another folder").and(contains("0 photos added, 0 there before, 1 failed")));
}

#[test]
fn building_again_goes_on_and_a_misspelt_column_selects_nothing() {
    let work = Workplace::new();
    let gallery = work.gallery_of_samples();
    work.gallery_of_samples();
    georanker()
        .args(["gallery", "add"])
        .arg(&gallery)
        .arg("--photos")
        .arg(samples())
        .arg("--table")
        .arg(repository().join("samples/truth.csv"))
        .args(["--where", "splti!=test"])
        .assert()
        .code(2)
        .stderr(contains("no column `splti`"));
}

#[test]
fn photos_without_a_gps_tag_need_a_table() {
    let work = Workplace::new();
    georanker()
        .args(["gallery", "build"])
        .arg(work.path("gallery"))
        .arg("--photos")
        .arg(samples())
        .assert()
        .code(1)
        .stderr(contains("no EXIF data").or(contains("no GPS tag")).and(contains("--table")));
}

#[test]
fn a_damaged_derived_file_is_named_and_repaired() {
    let work = Workplace::new();
    let gallery = work.gallery_of_samples();
    let derived = gallery.join("photo.matrix");
    let mut bytes = fs::read(&derived).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&derived, bytes).unwrap();
    let name = derived.file_name().unwrap().to_string_lossy().into_owned();
    georanker().args(["gallery", "verify"]).arg(&gallery).assert().code(3).stdout(contains(name.as_str()));
    georanker().args(["gallery", "verify", "--repair"]).arg(&gallery).assert().code(0);
}

#[test]
fn export_gives_a_table_that_reads_back() {
    let work = Workplace::new();
    let gallery = work.gallery_of_samples();
    let out = work.path("export");
    georanker().args(["gallery", "export"]).arg(&gallery).arg("--out").arg(&out).assert().code(0);
    let table = fs::read_to_string(out.join("photos.csv")).unwrap();
    assert!(table.starts_with("IMG_ID,LAT,LON"));
    assert!(out.join("photo.npy").is_file() && out.join("location.npy").is_file());
}

#[test]
fn what_is_no_gallery_is_refused() {
    let work = Workplace::new();
    georanker().args(["gallery", "info"]).arg(work.path("nowhere")).assert().code(3);
    georanker()
        .args(["gallery", "info"])
        .arg(work.root())
        .assert()
        .code(3)
        .stderr(contains("gallery.sqlite"));
}

/// A tar in MP16's naming with copies of the samples, and its table.
fn mp16(work: &Workplace, copies: usize) -> (std::path::PathBuf, std::path::PathBuf) {
    let photos = sample_photos();
    let mut table = "IMG_ID,LAT,LON,neighbourhood,city,county,state,region,country\n".to_owned();
    for index in 0..copies {
        let folder = work.path(&format!("mp16/{index:02x}/0a"));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(&photos[index % photos.len()], folder.join(format!("{index}.jpg"))).unwrap();
        let (latitude, longitude) = (index % 80, index % 170);
        writeln!(table, "{index:02x}_0a_{index}.jpg,{latitude}.5,{longitude}.25,,City,,,,Land").unwrap();
    }
    let tar = work.path("mp16.tar");
    let made = Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(work.root()).arg("mp16").status();
    assert!(made.unwrap().success());
    (tar, work.file("mp16.csv", (table + "00_0a_gone.jpg,1,2,,,,,,\n").as_bytes()))
}

#[test]
fn a_build_from_a_tar_that_is_killed_goes_on_to_the_same_gallery() {
    let work = Workplace::new();
    let (tar, table) = mp16(&work, 90);
    let build = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_georanker"));
        command
            .env("GEORANKER_PACK", repository().join("packs/starter"))
            .args(["gallery", "build", "--name", "same"]);
        command.arg(work.path(name)).arg("--photos").arg(&tar).arg("--table").arg(&table);
        command.arg("--report").arg(work.path(&format!("{name}.json")));
        command.stderr(Stdio::piped());
        command
    };
    let report = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(work.path(&format!("{name}.json"))).unwrap()).unwrap()
    };
    let whole = build("whole").output().unwrap();
    let said = String::from_utf8_lossy(&whole.stderr);
    assert_eq!(whole.status.code(), Some(1), "{said}");
    assert!(
        said.contains("00_0a_gone.jpg") && said.contains("90 photos added, 0 there before, 1 failed"),
        "{said}"
    );
    assert!(said.contains("photos/s; read ") && said.contains("encode"), "{said}");
    let numbers = report("whole");
    assert_eq!((numbers["added"].as_u64(), numbers["failed"].as_u64()), (Some(90), Some(1)));
    assert!(numbers["photos_per_second"].as_f64().unwrap() > 0.0);
    let shares: f64 =
        numbers["shares"].as_object().unwrap().values().map(|share| share.as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-6);

    let mut child = build("cut").spawn().unwrap();
    // The journal or the file grows with the first batch.
    let size = || fs::metadata(work.path("cut/gallery.sqlite")).map_or(0, |data| data.len());
    while size() == 0 && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(1));
    }
    let empty = size();
    while size() <= empty && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(1));
    }
    // The journal goes when the batch is committed; encoding the next one takes far longer than noticing that.
    while work.path("cut/gallery.sqlite-journal").exists() && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    build("cut").output().unwrap();
    let resumed = report("cut");
    let before = resumed["already_present"].as_u64().unwrap();
    assert_eq!(before + resumed["added"].as_u64().unwrap(), 90);
    // Whole transactions of 32, and none of their photos was encoded again.
    assert!(before.is_multiple_of(32) && 0 < before && before < 90, "{before}");
    assert_eq!(resumed["seconds"]["photos"].as_u64().unwrap(), 91 - before);
    for file in ["photos.index", "photo.matrix", "location.matrix"] {
        let read = |name: &str| fs::read(work.path(name).join(file)).unwrap();
        assert_eq!(read("whole"), read("cut"), "{file}");
    }
}
