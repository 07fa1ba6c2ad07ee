//! Readers and writers side by side, read-only galleries, and photos where they lie.
#![allow(clippy::unwrap_used)] // A test, helpers included.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{FINGERPRINT, found, photo, photos, spec, unit_vector};
use contract::{Channel, Filter, PhotoId};
use gallery::{Gallery, GalleryError, GalleryWriter, SourceSpec, VectorPrecision, verify};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().flatten();
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect()
}

fn query() -> Vec<f32> {
    unit_vector(&mut ChaCha8Rng::seed_from_u64(5), 24)
}

#[test]
fn readers_keep_their_snapshot_and_a_second_writer_is_busy() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = GalleryWriter::create(directory.path(), &spec(VectorPrecision::F32)).unwrap();
    writer.add(&photos(0..50)).unwrap();
    writer.finish().unwrap();
    let reader = Gallery::open(directory.path(), None).unwrap();
    let before = found(&reader, &query(), &Filter::default(), 10);

    let second = GalleryWriter::open(directory.path(), None).unwrap_err();
    assert!(matches!(second, GalleryError::Busy { .. }));
    assert!(second.to_string().contains(&*directory.path().to_string_lossy()));

    writer.add(&photos(50..150)).unwrap();
    writer.remove(&[PhotoId(before[0].clone())]).unwrap();
    assert_eq!(found(&reader, &query(), &Filter::default(), 10), before);
    writer.finish().unwrap();
    assert_eq!(found(&reader, &query(), &Filter::default(), 10), before);
    assert!(reader.record(&PhotoId(before[0].clone())).is_some());
    let fresh = Gallery::open(directory.path(), None).unwrap();
    assert!(fresh.warnings().is_empty());
    assert_eq!(fresh.photo_count(), 149);
    drop(writer);
    assert!(GalleryWriter::open(directory.path(), None).is_ok());
}

#[test]
fn equal_operations_give_equal_bytes_and_no_side_files() {
    let make = || {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = GalleryWriter::create(directory.path(), &spec(VectorPrecision::Int8)).unwrap();
        writer.add(&photos(0..30)).unwrap();
        writer.add(&photos(20..60)).unwrap();
        writer.remove(&[photo(7).record.id]).unwrap();
        writer.finish().unwrap();
        drop(writer);
        directory
    };
    let (one, other) = (make(), make());
    let files = contents(one.path());
    assert_eq!(files, contents(other.path()));
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["gallery.sqlite", "location.matrix", "photo.matrix", "photos.index"]);

    // Adding what is there changes nothing.
    let mut writer = GalleryWriter::open(one.path(), None).unwrap();
    assert_eq!(writer.add(&photos(10..20)).unwrap().already_present.len(), 10);
    writer.finish().unwrap();
    drop(writer);
    assert_eq!(contents(one.path()), files);
}

#[cfg(unix)]
#[test]
fn a_read_only_gallery_opens_and_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let mut writer = GalleryWriter::create(directory.path(), &spec(VectorPrecision::Int8)).unwrap();
    writer.add(&photos(0..30)).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let permit = |mode| {
        for name in contents(directory.path()).keys() {
            fs::set_permissions(directory.path().join(name), PermissionsExt::from_mode(mode)).unwrap();
        }
        fs::set_permissions(directory.path(), PermissionsExt::from_mode(mode | 0o111)).unwrap();
    };
    permit(0o444);
    let before = contents(directory.path());
    let gallery = Gallery::open(directory.path(), Some(FINGERPRINT)).unwrap();
    assert!(gallery.warnings().is_empty());
    assert_eq!(found(&gallery, &query(), &Filter::default(), 7).len(), 7);
    assert_eq!(gallery.photo_bytes(&photo(3).record.id).unwrap().unwrap(), 3_u64.to_le_bytes());
    assert!(verify(directory.path()).iter().all(gallery::Problem::is_harmless));
    assert_eq!(contents(directory.path()), before);

    // Whoever may write anywhere (root) rebuilds on disk; everybody else in memory.
    permit(0o644);
    fs::remove_file(directory.path().join("photo.matrix")).unwrap();
    permit(0o444);
    let may_write = fs::write(directory.path().join("probe"), "").is_ok();
    let gallery = Gallery::open(directory.path(), None).unwrap();
    assert_eq!(gallery.warnings()[0].replaced, may_write);
    assert_eq!(found(&gallery, &query(), &Filter::default(), 7).len(), 7);
    permit(0o644);
}

#[test]
fn photos_are_read_where_they_lie() {
    let directory = tempfile::tempdir().unwrap();
    let (home, folder) = (directory.path().join("gallery"), directory.path().join("photos"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("00001.jpg"), b"one").unwrap();
    let mut archive = tar::Builder::new(fs::File::create(directory.path().join("more.tar")).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    archive.append_data(&mut header, "sub/four.jpg", &b"four"[..]).unwrap();
    archive.finish().unwrap();

    let mut writer = GalleryWriter::create(&home, &spec(VectorPrecision::F32)).unwrap();
    let source = writer.add_source(&SourceSpec::tar("../more.tar")).unwrap();
    assert_eq!((source, writer.add_source(&SourceSpec::tar("../more.tar")).unwrap()), (1, 1));
    let mut batch = photos(0..8);
    batch[4].reference = gallery::PhotoReference::InSource { source, path: "sub/four.jpg".into() };
    writer.add(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);

    // The gallery and its photos may move together.
    let moved = tempfile::tempdir().unwrap();
    let moved = moved.path().join("elsewhere");
    fs::rename(directory.path(), &moved).unwrap();
    let gallery = Gallery::open(&moved.join("gallery"), None).unwrap();
    let bytes = |number| gallery.photo_bytes(&photo(number).record.id).unwrap();
    assert_eq!(bytes(0).as_deref(), Some(&0_u64.to_le_bytes()[..]));
    assert_eq!(bytes(1).as_deref(), Some(&b"one"[..]));
    assert_eq!(bytes(2), None);
    assert_eq!(bytes(4).as_deref(), Some(&b"four"[..]));
    assert_eq!(bytes(7), None);
    let info = gallery.info();
    assert_eq!((info.photos, info.authors, info.sources.len()), (8, 4, 2));
    assert!(info.sources.iter().all(|(_, _, there)| *there));
    assert_eq!(info.countries["AU"], 3);

    // Without its photos a gallery still works.
    fs::remove_dir_all(moved.join("photos")).unwrap();
    fs::remove_file(moved.join("more.tar")).unwrap();
    let gallery = Gallery::open(&moved.join("gallery"), None).unwrap();
    assert_eq!(gallery.photo_bytes(&photo(1).record.id).unwrap(), None);
    assert_eq!(gallery.photo_bytes(&photo(4).record.id).unwrap(), None);
    assert_eq!(verify(&moved.join("gallery")).iter().filter(|problem| problem.is_harmless()).count(), 2);
}

#[test]
fn an_export_holds_everything() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("gallery");
    let mut writer = GalleryWriter::create(&home, &spec(VectorPrecision::F32)).unwrap();
    writer.add(&photos(0..9)).unwrap();
    writer.finish().unwrap();
    let gallery = Gallery::open(&home, None).unwrap();
    let files = gallery.export(&directory.path().join("out")).unwrap();
    assert_eq!(files.len(), 3);
    let mut table = csv::Reader::from_path(&files[0]).unwrap();
    for (number, row) in (0..9).zip(table.records()) {
        let (row, record) = (row.unwrap(), photo(number).record);
        assert_eq!(row[0], record.id.0);
        assert_eq!(row[1].parse::<f64>().unwrap().to_bits(), record.location.latitude().to_bits());
        assert_eq!(&row[10], record.attribution.author.as_deref().unwrap_or_default());
    }
    let vectors = fs::read(&files[1]).unwrap();
    let header = 10 + u16::from_le_bytes([vectors[8], vectors[9]]) as usize;
    assert_eq!(header % 64, 0);
    assert!(String::from_utf8_lossy(&vectors[..header]).contains("'shape': (9, 24)"));
    let last: Vec<u8> = photo(8)
        .vectors
        .get(&Channel::photo())
        .unwrap()
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    assert!(vectors.len() == header + 9 * 24 * 4 && vectors.ends_with(&last));
    assert_eq!(
        gallery.vector(&photo(8).record.id, &Channel::photo()).as_deref(),
        photo(8).vectors.get(&Channel::photo())
    );
}
