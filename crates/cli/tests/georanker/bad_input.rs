//! The real binary on input that is wrong: a clear error each, the designed exit code, and the rest continues.

use std::fs;

use crate::binary::{Workplace, georanker, json_lines};
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn bad_photos_fail_by_name_and_the_rest_of_the_batch_goes_on() {
    let work = Workplace::new();
    let good = work.photo("good.jpg");
    let bytes = fs::read(&good).unwrap();
    let truncated = work.file("truncated.jpg", &bytes[..bytes.len() / 2]);
    let text = work.file("text.jpg", b"Dear diary, this is not a photo.");
    let empty = work.file("empty.jpg", b"");
    let bomb = work.file("bomb.png", &crate::binary::png_header(30_000, 30_000));
    let unreadable = work.path("unreadable.jpg");
    // A link to itself: it exists, and nobody can read it, not even the administrator.
    std::os::unix::fs::symlink(&unreadable, &unreadable).unwrap();
    let missing = work.path("missing.jpg");

    let run = georanker()
        .args(["locate", "--format", "jsonl"])
        .args([&truncated, &text, &empty, &bomb, &unreadable, &missing, &good])
        .assert()
        .code(1)
        .stderr(contains("truncated.jpg").and(contains("text.jpg")).and(contains("bomb.png")));
    let lines = json_lines(&run.get_output().stdout);
    assert_eq!(lines.len(), 7, "one line a photo, failed or not");
    let kinds: Vec<&str> = lines.iter().map(|line| line["error"]["kind"].as_str().unwrap_or("ok")).collect();
    assert_eq!(
        kinds,
        [
            "invalid_photo",
            "invalid_photo",
            "invalid_photo",
            "photo_too_large",
            "unreadable",
            "not_found",
            "ok"
        ]
    );
    for line in &lines[..6] {
        let message = line["error"]["message"].as_str().unwrap();
        let name = line["photo"].as_str().unwrap();
        assert!(message.contains(name), "the message names the file: {message}");
    }
    assert!(lines[6]["estimate"]["lat"].is_f64());
}

#[test]
fn the_pixel_limit_can_be_moved() {
    let sample = crate::binary::first_sample();
    let work = Workplace::new();
    let large = work.file("large.png", &crate::binary::png_header(2000, 1000));
    let refused = |limit: &str| {
        let run = georanker()
            .args(["locate", "--format", "jsonl", "--max-megapixels", limit])
            .args([&large, &sample])
            .assert()
            .code(1);
        json_lines(&run.get_output().stdout)[0]["error"]["kind"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused("1"), "photo_too_large");
    assert_eq!(refused("3"), "invalid_photo", "within the limit it is read, and found to be cut off");
}

#[test]
fn a_directory_without_photos_says_so() {
    let work = Workplace::new();
    work.file("notes.txt", b"nothing to see");
    georanker()
        .args(["locate"])
        .arg(work.root())
        .assert()
        .code(1)
        .stderr(contains("no photos in this directory").and(contains("skipped 1 file that is not a photo")));
}

#[test]
fn a_missing_pack_names_the_places_and_the_way_out() {
    let work = Workplace::new();
    let photo = work.photo("a.jpg");
    georanker()
        .env_remove("GEORANKER_PACK")
        .current_dir(work.root())
        .arg("locate")
        .arg(&photo)
        .assert()
        .code(3)
        .stderr(contains("no model pack found").and(contains("--pack")));
    georanker()
        .args(["locate", "--pack"])
        .arg(work.root())
        .arg(&photo)
        .assert()
        .code(3)
        .stderr(contains("pack.toml"));
}

#[test]
fn a_flipped_byte_in_any_file_that_is_used_is_found() {
    let work = Workplace::new();
    let photo = work.photo("a.jpg");
    for file in [
        "heads.safetensors",
        "efficientnet-lite2/model.safetensors",
        "locations.index",
        "gallery/gallery.sqlite",
    ] {
        let pack = work.copy_of_pack();
        let path = pack.join(file);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        georanker()
            .args(["locate", "--pack"])
            .arg(&pack)
            .arg(&photo)
            .assert()
            .code(3)
            .stderr(contains("damaged").and(contains(file)));
        fs::remove_dir_all(pack).unwrap();
    }
}

#[test]
fn a_pack_of_another_format_is_refused() {
    let work = Workplace::new();
    let photo = work.photo("a.jpg");
    let pack = work.copy_of_pack();
    let manifest = fs::read_to_string(pack.join("pack.toml")).unwrap();
    for (broken, complaint) in [
        (manifest.replacen("format = 1", "format = 99", 1), "format = 99"),
        (manifest.replacen("heads.safetensors", "../heads.safetensors", 1), "leads out of the pack"),
        (manifest.replacen("summary", "sumary", 1), "sumary"),
    ] {
        fs::remove_file(pack.join("pack.toml")).unwrap();
        fs::write(pack.join("pack.toml"), broken).unwrap();
        georanker()
            .args(["locate", "--pack"])
            .arg(&pack)
            .arg(&photo)
            .assert()
            .code(3)
            .stderr(contains(complaint));
    }
}

#[test]
fn a_gallery_of_another_encoder_is_refused() {
    let work = Workplace::new();
    let photo = work.photo("a.jpg");
    let table = work.file("one.csv", format!("IMG_ID,LAT,LON\n{},10,20\n", "a.jpg").as_bytes());
    let gallery = work.path("gallery");
    georanker()
        .args(["gallery", "build"])
        .arg(&gallery)
        .arg("--photos")
        .arg(work.root())
        .arg("--table")
        .arg(&table)
        .assert()
        .code(0);
    // The same pack under another name has another fingerprint.
    let pack = work.copy_of_pack();
    let manifest = fs::read_to_string(pack.join("pack.toml")).unwrap();
    fs::remove_file(pack.join("pack.toml")).unwrap();
    fs::write(pack.join("pack.toml"), manifest.replacen("name = \"starter\"", "name = \"other\"", 1))
        .unwrap();
    georanker()
        .args(["locate", "--pack"])
        .arg(&pack)
        .arg("--gallery")
        .arg(&gallery)
        .arg(&photo)
        .assert()
        .code(3)
        .stderr(contains("encoder"));
}

#[test]
fn a_latitude_of_91_names_file_line_and_column() {
    let work = Workplace::new();
    work.photo("a.jpg");
    let table = work.file("bad.csv", b"IMG_ID,LAT,LON\na.jpg,91,20\n");
    georanker()
        .args(["gallery", "build"])
        .arg(work.path("gallery"))
        .arg("--photos")
        .arg(work.root())
        .arg("--table")
        .arg(&table)
        .assert()
        .code(1)
        .stderr(contains("bad.csv").and(contains("LAT")).and(contains("91")).and(contains("line 2")));
    assert!(!work.path("gallery").exists(), "nothing is made from a bad table");
}

#[test]
fn wrong_usage_has_exit_code_2() {
    let work = Workplace::new();
    let photo = work.photo("a.jpg");
    for arguments in [
        vec!["locate"],
        vec!["locate", "a.jpg", "--format", "xml"],
        vec!["locate", "a.jpg", "--region", "95,0,10"],
        vec!["locate", "a.jpg", "--precision", "7"],
        vec!["locate", "a.jpg", "--decide", "guess"],
        vec!["locate", "a.jpg", "--exclude", "same-author"],
        vec!["locate", "a.jpg", "--top", "0"],
        vec!["locate", "a.jpg", "--region", "Narnia"],
        vec!["locate", "a.jpg", "--out", "."],
        vec!["locate", "a.jpg", "--format", "html", "--out", "m.html", "--map", "./m.html"],
        vec!["frobnicate"],
    ] {
        georanker().current_dir(photo.parent().unwrap()).args(&arguments).assert().code(2);
    }
}

#[test]
fn a_file_whose_reader_panics_is_an_error_and_nothing_else() {
    let work = Workplace::new();
    // Made by another writer, 70 rows with empty latitudes; one byte of a page header is another.
    let truth = work.file("truth.parquet", include_bytes!("damaged.parquet"));
    let predictions = work.file("p.csv", b"IMG_ID,LAT_pred,LON_pred\np1.jpg,40,2\n");
    let mut evaluate = georanker();
    evaluate.arg("evaluate").arg("--truth").arg(truth).arg("--predictions").arg(predictions);
    evaluate
        .assert()
        .code(1)
        .stdout("")
        .stderr(contains("truth.parquet").and(contains("damaged")).and(contains("panicked").not()));
}
