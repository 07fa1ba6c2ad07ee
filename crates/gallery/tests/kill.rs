//! A writer killed at any moment loses nothing that it reported.
#![allow(clippy::unwrap_used)] // A test, helpers included.
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{FINGERPRINT, photo, photos, spec};
use gallery::{Gallery, GalleryWriter, Problem, VectorPrecision, verify};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const DIRECTORY: &str = "GALLERY_KILL_TEST_DIRECTORY";
const KILLS: u64 = 20;
const BATCH: u64 = 3;

/// The process that the next test kills. Adds photos from where the gallery ends, and prints the
/// number of photos after each batch that is on disk.
#[test]
#[ignore = "not a test by itself: the next one starts and kills it"]
fn child_adds_photos() {
    let directory = std::env::var_os(DIRECTORY).expect("the directory to write to");
    let directory = Path::new(&directory);
    let mut writer = match GalleryWriter::open(directory, Some(FINGERPRINT)) {
        Ok(writer) => writer,
        Err(_) => GalleryWriter::create(directory, &spec(VectorPrecision::F32)).unwrap(),
    };
    let mut out = std::io::stdout();
    loop {
        let next = writer.len() as u64;
        writer.add(&photos(next..next + BATCH)).unwrap();
        writeln!(out, "\ncommitted {}", writer.len()).unwrap();
        out.flush().unwrap();
        if next.is_multiple_of(30) {
            writer.finish().unwrap();
        }
    }
}

#[test]
fn killed_twenty_times_every_committed_photo_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut committed = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_adds_photos", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let read = |lines: &mut dyn Iterator<Item = std::io::Result<String>>| {
            lines.map_while(Result::ok).find_map(|line| line.strip_prefix("committed ")?.parse::<u64>().ok())
        };
        // The first kills come before anything is committed: creating a gallery may be interrupted too.
        if kill >= 4 {
            committed = read(&mut lines).expect("the child commits").max(committed);
        }
        std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        while let Some(count) = read(&mut lines) {
            committed = committed.max(count);
        }
        if kill < 4 && committed == 0 {
            continue;
        }

        let gallery = Gallery::open(directory.path(), Some(FINGERPRINT)).unwrap();
        let count = gallery.photo_count() as u64;
        assert!(
            count >= committed && count.is_multiple_of(BATCH),
            "{count} photos, {committed} were committed"
        );
        for number in 0..count {
            let photo = photo(number);
            assert_eq!(gallery.record(&photo.record.id), Some(photo.record));
        }
        let serious: Vec<Problem> =
            verify(directory.path()).into_iter().filter(|problem| !problem.is_harmless()).collect();
        assert_eq!(serious, []);
    }
    assert!(committed > KILLS * BATCH, "the children hardly got to work: {committed} photos");
    // As after a kill between creating the journal and its first flush.
    let journal = directory.path().join("gallery.sqlite-journal");
    if !journal.exists() {
        std::fs::write(&journal, [0; 512]).unwrap();
    }
    let mut writer = GalleryWriter::open(directory.path(), Some(FINGERPRINT)).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let mut names: Vec<String> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["gallery.sqlite", "location.matrix", "photo.matrix", "photos.index"]);
}
