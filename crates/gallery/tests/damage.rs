//! Wrong, old and damaged galleries: each says what is wrong, and none gives wrong answers.
#![allow(clippy::unwrap_used)] // A test, helpers included.

mod common;

use std::fs;
use std::path::Path;

use common::{FINGERPRINT, found, photo, photos, spec, unit_vector};
use contract::{Channel, Diagnose, ErrorKind, Filter, Query, QueryEmbedding, Search, SearchRequest};
use gallery::{
    Gallery, GalleryError, GalleryWriter, PhotoReference, Problem, VectorPrecision, rebuild, verify,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Makes a good photo bad.
type Spoil = fn(&mut gallery::NewPhoto);

fn built(directory: &Path, count: u64) {
    let mut writer = GalleryWriter::create(directory, &spec(VectorPrecision::F32)).unwrap();
    writer.add(&photos(0..count)).unwrap();
    writer.finish().unwrap();
}

fn query() -> Vec<f32> {
    unit_vector(&mut ChaCha8Rng::seed_from_u64(99), 24)
}

#[test]
fn directories_that_are_no_gallery_say_so() {
    let directory = tempfile::tempdir().unwrap();
    let open = |name: &str| Gallery::open(&directory.path().join(name), None).unwrap_err();
    assert!(matches!(open("missing"), GalleryError::Missing { .. }));
    fs::create_dir(directory.path().join("empty")).unwrap();
    assert!(matches!(open("empty"), GalleryError::NotAGallery { .. }));
    fs::create_dir(directory.path().join("text")).unwrap();
    fs::write(directory.path().join("text/gallery.sqlite"), "no database, but long enough ".repeat(100))
        .unwrap();
    assert!(matches!(open("text"), GalleryError::NotAGallery { .. }));
    fs::create_dir(directory.path().join("other")).unwrap();
    let other = rusqlite::Connection::open(directory.path().join("other/gallery.sqlite")).unwrap();
    other.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert!(matches!(open("other"), GalleryError::NotAGallery { .. }));
    for name in ["missing", "empty", "text", "other"] {
        let error = open(name);
        assert_eq!(error.kind(), ErrorKind::BrokenGallery);
        assert!(error.to_string().contains(name) && error.hint().is_some(), "{error}");
        assert!(GalleryWriter::open(&directory.path().join(name), None).is_err());
        assert!(matches!(verify(&directory.path().join(name))[..], [Problem::CannotOpen(_)]));
    }
}

#[test]
fn other_encoders_and_newer_formats_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    built(directory.path(), 5);
    let error = Gallery::open(directory.path(), Some("encoder-2")).unwrap_err();
    assert!(error.to_string().contains("encoder-1") && error.to_string().contains("encoder-2"));
    assert!(error.hint().unwrap().contains("gallery build"));
    assert!(GalleryWriter::open(directory.path(), Some("encoder-2")).is_err());
    assert!(matches!(
        GalleryWriter::create(directory.path(), &spec(VectorPrecision::F32)),
        Err(GalleryError::AlreadyExists { .. })
    ));
    let database = rusqlite::Connection::open(directory.path().join("gallery.sqlite")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    assert!(matches!(
        Gallery::open(directory.path(), None),
        Err(GalleryError::NewerFormat { found: 99, supported: 1, .. })
    ));
}

#[test]
fn bad_photos_are_refused_by_name_and_nothing_is_added() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = GalleryWriter::create(directory.path(), &spec(VectorPrecision::F32)).unwrap();
    let spoilt: [(&str, Spoil); 7] = [
        ("23 numbers", |photo| {
            photo.vectors.vectors[0].1.pop();
        }),
        ("not finite", |photo| photo.vectors.vectors[1].1[2] = f32::NAN),
        ("instead of 1", |photo| photo.vectors.vectors[1].1.iter_mut().for_each(|value| *value *= 2.0)),
        ("no vector", |photo| {
            photo.vectors.vectors.pop();
        }),
        ("source 7", |photo| photo.reference = PhotoReference::InSource { source: 7, path: "a.jpg".into() }),
        ("leaves", |photo| photo.reference = PhotoReference::InSource { source: 0, path: "../a.jpg".into() }),
        ("id is empty", |photo| photo.record.id = "".into()),
    ];
    for (part, spoil) in spoilt {
        let mut batch = photos(0..3);
        spoil(&mut batch[1]);
        let message = writer.add(&batch).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
        assert!(message.contains("00001.jpg") || part == "id is empty", "{message}");
        assert!(writer.is_empty());
    }
}

#[test]
fn bad_queries_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    built(directory.path(), 5);
    let gallery = Gallery::open(directory.path(), None).unwrap();
    let filter = Filter::default();
    let search = |channel: &str, vector: &[f32]| {
        let channel = Channel::new(channel);
        let embedding = QueryEmbedding { vectors: vec![(channel.clone(), vector.to_vec())] };
        let queries = vec![Query { embedding: &embedding, filter: &filter }];
        gallery
            .search(&SearchRequest { channels: &[(channel, 1.0)], top: 3, queries })
            .unwrap_err()
            .to_string()
    };
    assert!(search("sound", &query()).contains("no channel `sound`; it has photo, location"));
    assert!(search("photo", &[1.0]).contains("1 numbers"));
    assert!(search("photo", &[f32::INFINITY; 24]).contains("not finite"));
}

#[test]
fn derived_files_come_back_whatever_happened_to_them() {
    let directory = tempfile::tempdir().unwrap();
    let (path, files) = (directory.path(), ["photos.index", "photo.matrix", "location.matrix"]);
    built(path, 60);
    let expected = found(&Gallery::open(path, None).unwrap(), &query(), &Filter::default(), 10);
    for file in files {
        let file = path.join(file);
        let sound = fs::read(&file).unwrap();
        let spoilt: [&dyn Fn() -> Vec<u8>; 4] = [
            &Vec::new,
            &|| sound[..sound.len() / 2].to_vec(),
            &|| {
                let mut bytes = sound.clone();
                bytes[20] ^= 1;
                bytes
            },
            &|| {
                let mut bytes = sound.clone();
                let middle = bytes.len() * 2 / 3;
                bytes[middle] ^= 1;
                bytes
            },
        ];
        for spoil in spoilt {
            fs::write(&file, spoil()).unwrap();
            let harmless = verify(path).iter().any(|problem| {
                matches!(problem, Problem::DerivedFileUnusable { .. }) && problem.is_harmless()
            });
            assert!(harmless);
            // While somebody is writing the file is left alone, and rebuilt in memory.
            let writer = GalleryWriter::open(path, None).unwrap();
            let gallery = Gallery::open(path, Some(FINGERPRINT)).unwrap();
            assert!(matches!(gallery.warnings(), [warning] if !warning.replaced && warning.file == file));
            assert_eq!(found(&gallery, &query(), &Filter::default(), 10), expected);
            drop(writer);
            let gallery = Gallery::open(path, Some(FINGERPRINT)).unwrap();
            assert!(matches!(gallery.warnings(), [warning] if warning.replaced));
            assert_eq!(found(&gallery, &query(), &Filter::default(), 10), expected);
            assert_eq!(fs::read(&file).unwrap(), sound);
        }
        fs::remove_file(&file).unwrap();
        assert!(verify(path).contains(&Problem::DerivedFileMissing { file: file.clone() }));
        assert!(Gallery::open(path, None).unwrap().warnings()[0].why.contains("missing"));
    }
    // Files of another gallery with the same number of photos and changes.
    let other = tempfile::tempdir().unwrap();
    let mut writer = GalleryWriter::create(other.path(), &spec(VectorPrecision::F32)).unwrap();
    writer.add(&photos(1..61)).unwrap();
    writer.finish().unwrap();
    for file in files {
        fs::copy(other.path().join(file), path.join(file)).unwrap();
    }
    let gallery = Gallery::open(path, None).unwrap();
    assert_eq!(gallery.warnings().len(), 3);
    assert_eq!(found(&gallery, &query(), &Filter::default(), 10), expected);
    assert!(!Gallery::open(path, None).unwrap().warnings().iter().any(|_| true));
}

#[test]
fn stale_files_are_noticed_and_rebuilding_makes_them_equal() {
    let directory = tempfile::tempdir().unwrap();
    built(directory.path(), 20);
    let mut writer = GalleryWriter::open(directory.path(), None).unwrap();
    writer.remove(&[photo(3).record.id]).unwrap();
    drop(writer);
    let gallery = Gallery::open(directory.path(), None).unwrap();
    assert!(gallery.warnings().len() == 3 && gallery.warnings()[0].why.contains("generation"));
    assert_eq!(gallery.photo_count(), 19);
    let file = directory.path().join("photo.matrix");
    let before = fs::read(&file).unwrap();
    rebuild(directory.path()).unwrap();
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn damage_in_the_database_is_found() {
    let directory = tempfile::tempdir().unwrap();
    built(directory.path(), 200);
    let path = directory.path().join("gallery.sqlite");
    let sound = fs::read(&path).unwrap();

    // A flipped bit in a vector: the database cannot know, the derived files do.
    let vector: Vec<u8> =
        photo(150).vectors.vectors[0].1.iter().flat_map(|value| value.to_le_bytes()).collect();
    let at = sound.windows(vector.len()).position(|window| window == vector).unwrap();
    let mut flipped = sound.clone();
    flipped[at + 1] ^= 1;
    fs::write(&path, &flipped).unwrap();
    let problems = verify(directory.path());
    assert!(
        problems.iter().any(|problem| matches!(problem, Problem::DerivedFileDiffers { .. })),
        "{problems:?}"
    );

    fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    assert!(matches!(Gallery::open(directory.path(), None), Err(GalleryError::Damaged { .. })));
    assert!(!verify(directory.path()).is_empty());

    let mut wiped = sound.clone();
    wiped[8192..].fill(0x5a);
    fs::write(&path, &wiped).unwrap();
    assert!(Gallery::open(directory.path(), None).is_err());

    for (sql, part) in [
        ("DELETE FROM vectors_1 WHERE key = 5", "no vector"),
        ("UPDATE vectors_0 SET vector = x'00' WHERE key = 6", "1 bytes instead of 96"),
        ("DELETE FROM photo_locations WHERE key = 7", "table of locations"),
        ("UPDATE photos SET latitude = 100 WHERE key = 8", "cannot be read"),
    ] {
        fs::write(&path, &sound).unwrap();
        let database = rusqlite::Connection::open(&path).unwrap();
        database.execute_batch(sql).unwrap();
        drop(database);
        let problems: Vec<String> = verify(directory.path()).iter().map(ToString::to_string).collect();
        assert!(problems.iter().any(|problem| problem.contains(part)), "{problems:?}");
    }
}
