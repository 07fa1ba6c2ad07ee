//! Channels searched together, through a gallery.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::path::Path;

use contract::{
    Attribution, Channel, ChannelSpec, Filter, ItemId, Neighbour, PhotoRecord, Query, QueryEmbedding, Search,
    SearchRequest,
};
use gallery::{
    Gallery, GallerySpec, GalleryWriter, IndexedLocation, LocationIndex, NewPhoto, PhotoReference,
    VectorPrecision,
};
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

fn ids(gallery: &Gallery, found: &[Neighbour]) -> Vec<usize> {
    let items: Vec<ItemId> = found.iter().map(|one| one.item).collect();
    let records = Search::records(gallery, &items).unwrap();
    let number = |record: PhotoRecord| record.id.0.trim_end_matches(".jpg").parse().unwrap();
    records.into_iter().map(|record| number(record.unwrap())).collect()
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
    let queries: Vec<_> = embeddings.iter().map(|embedding| Query { embedding, filter: &filter }).collect();
    let request = SearchRequest { channels: &channels, top: 10, queries };
    let found = gallery.search(&request).unwrap();
    for (index, found) in found.iter().enumerate() {
        let concatenated = |parts: [&[f32]; 2]| parts.concat();
        let query = concatenated([&wanted[0][index], &wanted[1][index]]);
        let mut expected: Vec<(f32, usize)> = (0..500)
            .filter(|row| row % 3 != 1)
            .map(|row| (dot(&query, &concatenated([&left[row], &right[row]])), row))
            .collect();
        expected.sort_by(|a, b| b.0.total_cmp(&a.0));
        assert_eq!(ids(&gallery, found), expected.iter().take(10).map(|(_, row)| *row).collect::<Vec<_>>());
        // The similarity is the mean of the cosines.
        assert!((found[0].similarity * 2.0 - expected[0].0).abs() < 1e-5);
    }
    for (query, found) in request.queries.iter().zip(&found) {
        let alone = SearchRequest { queries: vec![query.clone()], ..request.clone() };
        assert_eq!(gallery.search(&alone).unwrap()[0], *found);
    }
    let unknown = [(Channel::new("colour"), 1.0)];
    let error = gallery.search(&SearchRequest { channels: &unknown, ..request.clone() }).unwrap_err();
    assert!(error.to_string().contains("colour") && error.to_string().contains("photo, text"), "{error}");
}

#[test]
fn photos_and_coordinates_treat_weights_alike() {
    let folder = tempfile::tempdir().unwrap();
    let channel = Channel::location();
    let stored = vectors(5, 60, |_| 1.0);
    let spec = GallerySpec {
        name: "weights".into(),
        encoder_fingerprint: "e".into(),
        channels: vec![ChannelSpec { channel: channel.clone(), dimension: DIMENSION }],
        precision: VectorPrecision::F32,
        sources: vec![],
    };
    let of_row = |(row, vector): (usize, &Vec<f32>)| NewPhoto {
        vectors: QueryEmbedding { vectors: vec![(channel.clone(), vector.clone())] },
        ..photo(row, &[], &[])
    };
    let photos: Vec<NewPhoto> = stored.iter().enumerate().map(of_row).collect();
    let mut writer = GalleryWriter::create(folder.path(), &spec).unwrap();
    writer.add(&photos).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let gallery = Gallery::open(folder.path(), None).unwrap();
    let bare = |photo: &NewPhoto| IndexedLocation { location: photo.record.location, country_code: None };
    let locations: Vec<IndexedLocation> = photos.iter().map(bare).collect();
    let rows = stored.iter().map(Vec::as_slice);
    let index = LocationIndex::build("e", DIMENSION, &locations, rows, VectorPrecision::F32).unwrap();

    let query = vectors(6, 1, |_| 1.0).remove(0);
    let embedding = QueryEmbedding { vectors: vec![(channel.clone(), query)] };
    let filter = Filter { region: Some("-1,-1,2,1".parse().unwrap()), ..Filter::default() };
    let search = |backend: &dyn Search, weights: &[f32]| -> Result<Vec<(f64, f32)>, String> {
        let channels: Vec<(Channel, f32)> = weights.iter().map(|&weight| (channel.clone(), weight)).collect();
        let queries = vec![Query { embedding: &embedding, filter: &filter }];
        let found = backend.search(&SearchRequest { channels: &channels, top: 7, queries });
        let found = found.map_err(|failure| failure.message)?;
        Ok(found[0].iter().map(|one| (one.location.latitude(), one.similarity)).collect())
    };
    let (nan, infinite) = (f32::NAN, f32::INFINITY);
    for weights in
        [&[1.0][..], &[0.3], &[2.0], &[0.0], &[-1.0], &[0.5, 0.5], &[1.0, -1.0], &[nan], &[infinite]]
    {
        assert_eq!(search(&gallery, weights), search(&index, weights), "{weights:?}");
    }
    let plain = search(&index, &[1.0]).unwrap();
    assert!(plain.len() == 7 && plain[0].1 > plain[6].1);
    assert_eq!(search(&index, &[0.3]).unwrap(), plain);
    let backwards = search(&index, &[-1.0]).unwrap();
    assert!(backwards[0].1 > backwards[6].1 && backwards[0] != plain[0]);
    let nothing = search(&index, &[0.0]).unwrap();
    assert!(nothing.len() == 7 && nothing.iter().all(|(_, similarity)| *similarity == 0.0));
    for backend in [&gallery as &dyn Search, &index] {
        assert!(search(backend, &[nan]).unwrap_err().contains("not finite"));
        assert!(search(backend, &[]).unwrap().is_empty());
    }
}
