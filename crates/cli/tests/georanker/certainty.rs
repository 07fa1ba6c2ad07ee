//! The real binary is sure of what it has evidence for, and of nothing else.

use std::fmt::Write as _;
use std::fs;

use crate::binary::{Workplace, georanker, json_lines, png_of, sample_photos};
use serde_json::Value;

fn locate(arguments: &[&std::path::Path]) -> Vec<Value> {
    let run = georanker().args(["locate", "-f", "jsonl", "-q"]).args(arguments).assert().code(0);
    json_lines(&run.get_output().stdout)
}

fn because(answer: &Value) -> String {
    let estimate = &answer["estimate"];
    assert_eq!(estimate["abstained"], estimate["abstained_because"].is_string());
    for radius in ["1", "25", "200"] {
        let stated = estimate["confidence"][radius].as_f64().unwrap();
        assert!(stated < 0.5 || estimate["abstained"] == false, "{radius} km: {stated}");
    }
    estimate["abstained_because"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn pictures_without_content_abstain() {
    let work = Workplace::new();
    let gradient = |x: u32, y: u32| [(x / 3) as u8, (x / 3) as u8, (y / 4) as u8];
    for (name, width, height, part) in [
        ("gradient.png", 640, 480, "a smooth gradient"),
        ("icon.png", 16, 12, "16 x 12 pixels"),
        ("strip.png", 1, 400, "1 x 400 pixels"),
        ("pixel.png", 1, 1, "1 x 1 pixels"),
    ] {
        let path = work.file(name, &png_of(width, height, gradient));
        let reason = because(&locate(&[&path])[0]);
        assert!(reason.contains(part), "{name}: {reason}");
    }
    let grey = work.file("grey.png", &png_of(300, 200, |_, _| [128; 3]));
    assert!(because(&locate(&[&grey])[0]).contains("one colour"));
}

#[test]
fn a_gallery_of_other_things_abstains_and_so_does_an_empty_one() {
    let work = Workplace::new();
    // Five pictures that look like no photo, all labelled Rome.
    let folder = work.path("rome");
    fs::create_dir(&folder).unwrap();
    let mut table = "IMG_ID,LAT,LON\n".to_owned();
    for number in 0..5_u32 {
        let checks = move |x: u32, y: u32| {
            if (x / (5 + number) + y / 7).is_multiple_of(2) { [250, 20, 40] } else { [0, 0, 90] }
        };
        fs::write(folder.join(format!("{number}.png")), png_of(200, 150, checks)).unwrap();
        writeln!(table, "{number}.png,41.9,12.5").unwrap();
    }
    let table = work.file("rome.csv", table.as_bytes());
    let gallery = work.path("gallery");
    crate::binary::building(&gallery, &folder, &table).assert().code(0);
    let photo = crate::binary::first_sample();
    let answer = &locate(&[&photo, "--gallery".as_ref(), &gallery])[0];
    let reason = because(answer);
    assert!(reason.contains("no photo that was searched looks like this one"), "{reason}: {answer}");

    let ids: Vec<String> = (0..5).map(|number| format!("{number}.png")).collect();
    georanker().args(["gallery", "remove"]).arg(&gallery).args(ids).assert().code(0);
    let answer = &locate(&[&photo, "--gallery".as_ref(), &gallery])[0];
    assert_eq!(because(answer), "the gallery holds no photos");
}

#[test]
fn the_same_picture_wins_whatever_the_vote() {
    let work = Workplace::new();
    let photos = sample_photos();
    // One copy of the photo in New Zealand; the other samples are all in Rome.
    let folder = work.path("photos");
    fs::create_dir(&folder).unwrap();
    let asked = &photos[0];
    fs::copy(asked, folder.join("copy.jpg")).unwrap();
    let mut table = "IMG_ID,LAT,LON\ncopy.jpg,-41.3,174.8\n".to_owned();
    for (number, photo) in photos[1..].iter().enumerate() {
        fs::copy(photo, folder.join(format!("{number}.jpg"))).unwrap();
        writeln!(table, "{number}.jpg,41.9,12.5").unwrap();
    }
    let (table, gallery) = (work.file("t.csv", table.as_bytes()), work.path("gallery"));
    crate::binary::building(&gallery, &folder, &table).assert().code(0);
    for rule in ["argmax", "geoscore", "threshold:25"] {
        let answer = &locate(&[asked, "--gallery".as_ref(), &gallery, "--decide".as_ref(), rule.as_ref()])[0];
        let estimate = &answer["estimate"];
        assert!((estimate["lat"].as_f64().unwrap() + 41.3).abs() < 1e-6, "{rule}: {answer}");
        assert_eq!(estimate["abstained"], false);
        assert!(estimate["confidence"]["1"].as_f64().unwrap() > 0.9);
        assert_eq!(answer["candidates"][0]["photo"], "copy.jpg");
    }
    // Who leaves copies out gets the vote.
    let answer =
        &locate(&[asked, "--gallery".as_ref(), &gallery, "--exclude".as_ref(), "near-duplicate".as_ref()])[0];
    assert!((answer["estimate"]["lat"].as_f64().unwrap() - 41.9).abs() < 1e-6);
}
