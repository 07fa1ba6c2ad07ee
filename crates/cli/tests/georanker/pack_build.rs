//! `georanker pack build`: a pack from a photo collection and an encoder of another shape than the shipped one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use predicates::str::contains;

use crate::binary::{Workplace, georanker, png_of, repository};

/// Places in different five-degree cells, with pictures of their own colours.
const PLACES: usize = 25;
const PHOTOS: usize = 500;

fn place(photo: usize) -> (f64, f64) {
    let place = photo % PLACES;
    let (row, column) = ((place / 5) as f64, (place % 5) as f64);
    let shift = (photo / PLACES) as f64 * 0.004;
    (-40.0 + 17.0 * row + shift, -150.0 + 61.0 * column + shift)
}

/// Small pictures of 25 places by 10 photographers, and their table.
fn collection(work: &Workplace, photos: usize) {
    fs::create_dir_all(work.path("photos")).unwrap();
    let mut table = "IMG_ID,LAT,LON,author,licence,split\n".to_owned();
    for photo in 0..photos {
        let of = photo % PLACES;
        let noise = |x: u32, y: u32, channel: usize| {
            let mixed = (x as usize * 31 + y as usize * 17 + channel * 7 + photo * 13) % 23;
            ((of * (41 + 30 * channel) + mixed * 3) % 256) as u8
        };
        let picture = png_of(32, 24, |x, y| [noise(x, y, 0), noise(x / 4, y, 1), noise(x, y / 4, 2)]);
        fs::write(work.path("photos").join(format!("{photo}.png")), picture).unwrap();
        let (latitude, longitude) = place(photo);
        let split = ["gallery", "gallery", "gallery", "val", "test"][(photo / PLACES) % 5];
        writeln!(table, "{photo}.png,{latitude},{longitude},author {},CC0-1.0,{split}", photo % 10).unwrap();
    }
    work.file("photos.csv", table.as_bytes());
    let mut coordinates = "LAT,LON\n".to_owned();
    for index in 0..200 {
        let (latitude, longitude) = (f64::from(index % 17) * 10.0 - 80.0, f64::from(index) * 1.8 - 179.0);
        writeln!(coordinates, "{latitude},{longitude}").unwrap();
    }
    work.file("coordinates.csv", coordinates.as_bytes());
}

/// A configuration with the tiny CLIP of the golden files.
fn configuration(work: &Workplace, out: &str, more: &str) -> PathBuf {
    let golden = repository().join("tests/golden/tiny-clip");
    let encoder = repository().join("packs/starter/geoclip/location_encoder.safetensors");
    let text = format!(
        "name = \"mine\"\nversion = \"1\"\nsummary = \"A test.\"\nout = \"{out}\"\n\
         [photos]\ntable = \"photos.csv\"\nfrom = \"photos\"\nlicence = \"CC0-1.0\"\n\
         [encoder]\nkind = \"clip\"\nconfig = '{}'\nweights = '{}'\npreprocessor = '{}'\nlicence = \"MIT\"\n\
         [locations]\nencoder = '{}'\ncoordinates = \"coordinates.csv\"\nlicence = \"MIT\"\n\
         [heads]\ndimension = 24\nlocation_dimension = 16\nlocation_steps = 8\n\
         [retrieval]\nphoto = 40\nlocation = 40\n\
         [folds]\ncount = 3\n\
         [confidence]\nhidden = 8\nmembers = 1\nsteps = 60\n{more}",
        golden.join("config.json").display(),
        golden.join("model.safetensors").display(),
        golden.join("preprocessor_config.json").display(),
        encoder.display(),
    );
    work.file(&format!("{out}.toml"), text.as_bytes())
}

fn built(config: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = georanker();
    command
        .args(["pack", "build", "--config"])
        .arg(config)
        .args(arguments)
        .timeout(Duration::from_mins(5))
        .assert()
}

/// The bytes of all files below a directory, by name.
fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).unwrap().display().to_string();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// From 500 photos and a CLIP of random weights to a pack that locates, twice with the same bytes: once in one go, and once
/// in shards, stopped again and again.
#[test]
fn a_pack_of_another_encoder() {
    let work = Workplace::new();
    collection(&work, PHOTOS);
    let config = configuration(&work, "mine", "");
    built(&config, &["--plan"])
        .code(0)
        .stdout(contains("500 photos, 48 numbers each"))
        .stdout(contains("0 of 2 parts"));
    let run = built(&config, &[]).code(0);
    let report = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    for part in
        ["# mine 1 on its test photos", "## Without the author's photos", "## Nothing near the truth", "AURC"]
    {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
    built(&config, &["--plan"]).code(0).stdout(contains("report       made"));
    // It is a pack like any other.
    let run = georanker()
        .args(["locate", "--format", "json", "--pack"])
        .arg(work.path("mine"))
        .arg(work.path("photos/4.png"))
        .assert()
        .code(0);
    let answers: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert!(answers[0]["candidates"][0]["similarities"]["photo"].as_f64().is_some());
    assert!(answers[0]["estimate"]["confidence"]["200"].as_f64().is_some());
    let manifest = fs::read_to_string(work.path("mine/pack.toml")).unwrap();
    assert!(
        manifest.contains("model = \"confidence.safetensors\"")
            && manifest.contains("heads = \"heads.safetensors\"")
    );

    // The same in shards, by steps.
    fs::rename(work.path("mine"), work.path("first")).unwrap();
    fs::rename(work.path("mine.work"), work.path("first.work")).unwrap();
    built(&config, &["--shard", "2/2"]).code(0);
    built(&config, &["--only", "heads"])
        .code(2)
        .stderr(contains("the step `heads` needs what the step `features` makes"))
        .stderr(contains("run the step `features` first"));
    built(&config, &["--shard", "1/2"]).code(0);
    for step in ["features", "places", "heads", "gallery", "folds", "ranker"] {
        built(&config, &["--only", step]).code(0);
    }
    built(&config, &[]).code(0).stderr(contains("ranker: made before"));
    let (first, second) = (files(&work.path("first")), files(&work.path("mine")));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second));
    for ((name, one), (_, other)) in first.iter().zip(&second) {
        assert!(one == other, "{name} differs");
    }
}

/// What is wrong with a collection is said by name, before hours are spent.
#[test]
fn wrong_collections_and_configurations() {
    let work = Workplace::new();
    collection(&work, 150);
    let config = configuration(&work, "mine", "");
    let text = fs::read_to_string(&config).unwrap();
    let said = |text: String, wanted: &[&str], code: i32| {
        let config = work.file("other.toml", text.replace("\"mine\"", "\"other\"").as_bytes());
        let run = built(&config, &[]).code(code);
        let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(wanted.iter().all(|part| said.contains(part)), "{wanted:?} is not in: {said}");
        fs::remove_dir_all(work.path("other.work")).ok();
    };
    said(text.replace("count = 3", "count = 1"), &["other.toml", "folds.count must be between 2 and 50"], 2);
    said(text.replace("photo = 40", "phot = 40"), &["other.toml", "unknown field `phot`"], 2);
    said(text.replace("kind = \"clip\"", "kind = \"geoclip\""), &["encoder.image_head"], 2);
    said(text.replace("tiny-clip/config.json", "tiny-clip/tokenizer.json"), &["tokenizer.json"], 3);
    let table = fs::read_to_string(work.path("photos.csv")).unwrap();
    let with_table = |table: &str| {
        work.file("other.csv", table.as_bytes());
        text.replace("photos.csv", "other.csv")
    };
    // One photographer: nothing can be learned about strangers.
    let one_author: String = table
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(',').collect();
            if fields[0] != "IMG_ID" {
                fields[3] = "only me";
            }
            fields.join(",") + "\n"
        })
        .collect();
    said(with_table(&one_author), &["folds by author", "confidence away from home"], 2);
    // All in one place.
    let one_place: String = table
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(',').collect();
            if fields[0] != "IMG_ID" {
                (fields[1], fields[2]) = ("10.0", "20.0");
            }
            fields.join(",") + "\n"
        })
        .collect();
    said(with_table(&one_place), &["heads: all", "give photos of several places"], 2);
    // Photos that are not there.
    let absent = table.replace("\n7.png", "\nabsent.png");
    said(with_table(&absent), &["absent.png"], 1);
    said(
        with_table(&absent.replace("\n9.png", "\ngone.png").replace("\n8.png", "\nlost.png")),
        &["features: 3 of 150 photos failed", "photos.failures_allowed"],
        1,
    );
    let no_test: String = table.replace(",test\n", ",spare\n");
    said(with_table(&no_test), &["the test split has 0 photos"], 1);
    said(text.replace("photos.csv", "none.csv"), &["none.csv"], 1);
}

/// Killed at ten moments, then left alone: the pack is the one of an undisturbed run.
#[cfg(unix)]
#[test]
fn a_killed_build_continues() {
    let work = Workplace::new();
    collection(&work, 200);
    let config = configuration(&work, "calm", "");
    built(&config, &[]).code(0);
    let config = configuration(&work, "killed", "");
    let text = fs::read_to_string(&config).unwrap();
    for moment in 0..10 {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_georanker"))
            .args(["pack", "build", "--quiet", "--config"])
            .arg(&config)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + 170 * moment));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(fs::read_to_string(&config).unwrap(), text);
    built(&config, &[]).code(0);
    let (calm, killed) = (files(&work.path("calm")), files(&work.path("killed")));
    assert_eq!(calm.len(), killed.len());
    for ((name, one), (_, other)) in calm.iter().zip(&killed) {
        assert!(one == other, "{name} differs");
    }
}
