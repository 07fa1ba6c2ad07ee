//! Channels searched together, and hubs held back, through a gallery.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use contract::{Attribution, Channel, ChannelSpec, Filter, PhotoRecord, QueryEmbedding};
use gallery::{FusedRequest, Gallery, GallerySpec, GalleryWriter, NewPhoto, PhotoReference, VectorPrecision};
use geo::{LatLon, Place};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const DIMENSION: usize = 64;

fn unit(vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-9);
    vector.into_iter().map(|value| value / norm).collect()
}

fn channels() -> [Channel; 2] {
    [Channel::photo(), Channel::new("text")]
}

/// Directions spread about a common one: what lies near that one is near everything.
fn vectors(seed: u64, count: usize, spread: impl Fn(usize) -> f32) -> Vec<Vec<f32>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count)
        .map(|index| {
            let mut vector: Vec<f32> =
                (0..DIMENSION).map(|_| spread(index) * random.random_range(-1.0..1.0)).collect();
            vector[0] += 2.0;
            unit(vector)
        })
        .collect()
}

fn photo(index: usize, left: &[f32], right: &[f32]) -> NewPhoto {
    let location = LatLon::new(index as f64 / 20.0, 0.0).unwrap();
    let author = Some(format!("author {}", index % 3));
    let attribution = Attribution { author, ..Attribution::default() };
    let id = format!("{index}.jpg").as_str().into();
    let record = PhotoRecord { id, location, place: Place::default(), attribution, hash: None };
    let vectors = channels().into_iter().zip([left.to_vec(), right.to_vec()]).collect();
    NewPhoto { record, vectors: QueryEmbedding { vectors }, reference: PhotoReference::None }
}

fn gallery(
    directory: &Path,
    left: &[Vec<f32>],
    right: &[Vec<f32>],
    precision: VectorPrecision,
) -> GalleryWriter {
    let specs = channels().map(|channel| ChannelSpec { channel, dimension: DIMENSION });
    let spec = GallerySpec {
        name: "hubs".into(),
        encoder_fingerprint: "e".into(),
        channels: specs.into(),
        precision,
        sources: vec![],
    };
    let mut writer = GalleryWriter::create(directory, &spec).unwrap();
    let photos: Vec<NewPhoto> =
        left.iter().zip(right).enumerate().map(|(index, (left, right))| photo(index, left, right)).collect();
    writer.add(&photos).unwrap();
    writer.finish().unwrap();
    writer
}

fn embedding(left: &[f32], right: &[f32]) -> QueryEmbedding {
    QueryEmbedding { vectors: channels().into_iter().zip([left.to_vec(), right.to_vec()]).collect() }
}

fn ids(found: &[contract::Neighbour]) -> Vec<usize> {
    let number = |one: &contract::Neighbour| {
        one.photo.as_ref().unwrap().id.0.trim_end_matches(".jpg").parse().unwrap()
    };
    found.iter().map(number).collect()
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

#[test]
fn equal_weights_are_the_inner_product_of_the_concatenation() {
    let folder = tempfile::tempdir().unwrap();
    let (left, right) = (vectors(1, 500, |_| 1.0), vectors(2, 500, |_| 1.0));
    drop(gallery(folder.path(), &left, &right, VectorPrecision::F32));
    let gallery = Gallery::open(folder.path(), None).unwrap();
    let wanted = [vectors(3, 5, |_| 1.0), vectors(4, 5, |_| 1.0)];
    let embeddings: Vec<QueryEmbedding> =
        wanted[0].iter().zip(&wanted[1]).map(|(left, right)| embedding(left, right)).collect();
    let filter = Filter { exclude_authors: vec!["author 1".into()], ..Filter::default() };
    let channels: Vec<(Channel, f32)> = channels().into_iter().map(|channel| (channel, 1.0)).collect();
    let queries: Vec<_> = embeddings.iter().map(|one| (one, &filter)).collect();
    let request = FusedRequest { channels: &channels, hubness: 0.0, top: 10, queries };
    let found = gallery.search_fused(&request).unwrap();
    for (index, found) in found.iter().enumerate() {
        let concatenated = |parts: [&[f32]; 2]| parts.concat();
        let query = concatenated([&wanted[0][index], &wanted[1][index]]);
        let mut expected: Vec<(f32, usize)> = (0..500)
            .filter(|row| row % 3 != 1)
            .map(|row| (dot(&query, &concatenated([&left[row], &right[row]])), row))
            .collect();
        expected.sort_by(|a, b| b.0.total_cmp(&a.0));
        assert_eq!(ids(found), expected.iter().take(10).map(|(_, row)| *row).collect::<Vec<_>>());
        // The similarity is the mean of the cosines.
        assert!((found[0].similarity * 2.0 - expected[0].0).abs() < 1e-5);
    }
    for (query, found) in request.queries.iter().zip(&found) {
        let alone = FusedRequest { queries: vec![*query], ..request.clone() };
        assert_eq!(gallery.search_fused(&alone).unwrap()[0], *found);
    }
    let unknown = [(Channel::new("colour"), 1.0)];
    let error = gallery.search_fused(&FusedRequest { channels: &unknown, ..request.clone() }).unwrap_err();
    assert!(error.to_string().contains("colour") && error.to_string().contains("photo, text"), "{error}");
}

/// How often each photo is among the first ten, over all queries.
fn counts(gallery: &Gallery, queries: &[Vec<f32>], hubness: f32) -> Vec<usize> {
    let embeddings: Vec<QueryEmbedding> = queries.iter().map(|query| embedding(query, query)).collect();
    let filter = Filter::default();
    let channels = [(Channel::photo(), 1.0)];
    let queries = embeddings.iter().map(|one| (one, &filter)).collect();
    let request = FusedRequest { channels: &channels, hubness, top: 10, queries };
    let mut counts = vec![0; gallery.photo_count()];
    for found in gallery.search_fused(&request).unwrap() {
        for row in ids(&found) {
            counts[row] += 1;
        }
    }
    counts
}

#[test]
fn hubs_are_found_less_often() {
    let folder = tempfile::tempdir().unwrap();
    // The first ten lie near the common direction: near everything, like nothing.
    let left = vectors(5, 1000, |index| if index < 10 { 0.3 } else { 1.0 });
    drop(gallery(folder.path(), &left, &left, VectorPrecision::Int8));
    let gallery = Gallery::open(folder.path(), None).unwrap();
    let queries = vectors(6, 300, |_| 1.0);
    let hubs =
        |counts: &[usize]| counts[..10].iter().sum::<usize>() as f64 / counts.iter().sum::<usize>() as f64;
    let never = |counts: &[usize]| counts.iter().filter(|count| **count == 0).count();
    let (plain, corrected) = (counts(&gallery, &queries, 0.0), counts(&gallery, &queries, 0.5));
    assert!(hubs(&plain) > 0.1, "{}", hubs(&plain));
    assert!(hubs(&corrected) < hubs(&plain) / 3.0, "{} {}", hubs(&plain), hubs(&corrected));
    assert!(corrected.iter().max() < plain.iter().max());
    assert!(never(&corrected) < never(&plain), "{} {}", never(&plain), never(&corrected));
}

#[test]
fn hubness_is_kept_checked_and_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let left = vectors(7, 50, |_| 1.0);
    let mut writer = gallery(folder.path(), &left, &left, VectorPrecision::Int8);
    let file = folder.path().join("photo.hubness");
    // While somebody writes, it is computed in memory.
    let busy = Gallery::open(folder.path(), None).unwrap().hubness(&Channel::photo()).unwrap().to_vec();
    assert!(!file.exists());
    drop(writer);
    let open = || Gallery::open(folder.path(), None).unwrap().hubness(&Channel::photo()).unwrap().to_vec();
    assert_eq!(open(), busy);
    let bytes = fs::read(&file).unwrap();
    assert_eq!(open(), busy);
    assert!(gallery::verify(folder.path()).is_empty());
    // The mean of the ten nearest others, by the vectors that are stored.
    let stored = Gallery::open(folder.path(), None).unwrap();
    let row = |row: usize| stored.matrix(&Channel::photo()).unwrap().row(row).unwrap();
    let mut others: Vec<f32> = (1..50).map(|other| dot(&row(0), &row(other))).collect();
    others.sort_by(|a, b| b.total_cmp(a));
    assert!((busy[0] - others[..10].iter().sum::<f32>() / 10.0).abs() < 1e-5);

    let mut damaged = bytes.clone();
    let last = damaged.len() - 100;
    damaged[last] ^= 1;
    fs::write(&file, damaged).unwrap();
    assert_eq!(gallery::verify(folder.path()).len(), 1);
    gallery::rebuild(folder.path()).unwrap();
    assert!(gallery::verify(folder.path()).is_empty() && !file.exists());
    assert_eq!((open(), fs::read(&file).unwrap()), (busy, bytes));

    writer = GalleryWriter::open(folder.path(), None).unwrap();
    writer.add(&[photo(50, &left[0], &left[1])]).unwrap();
    writer.finish().unwrap();
    drop(writer);
    // The file is of the state before: nothing is wrong, it is made again when it is needed.
    assert_eq!(gallery::verify(folder.path()), []);
    assert_eq!(open().len(), 51);
    let mut writer = GalleryWriter::open(folder.path(), None).unwrap();
    assert_eq!(writer.remove(&["7.jpg".into()]).unwrap(), 1);
    writer.finish().unwrap();
    drop(writer);
    assert_eq!(gallery::verify(folder.path()), []);
    assert_eq!(open().len(), 50);
    assert!(Gallery::open(folder.path(), None).unwrap().hubness(&Channel::new("colour")).is_err());
}
