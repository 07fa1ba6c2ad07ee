//! Weights have the same effect on photos and on coordinates, even where the contract leaves it open.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod common;

use common::{photos, spec};
use contract::{Channel, ChannelSpec, Filter, Query, QueryEmbedding, Search, SearchRequest};
use gallery::{Gallery, GallerySpec, GalleryWriter, IndexedLocation, LocationIndex, VectorPrecision};

#[test]
fn photos_and_coordinates_treat_weights_alike() {
    let folder = tempfile::tempdir().unwrap();
    let channel = Channel::location();
    let photos = photos(0..60);
    let stored: Vec<&[f32]> = photos.iter().map(|photo| photo.vectors.get(&channel).unwrap()).collect();
    let dimension = stored[0].len();
    let spec = GallerySpec {
        channels: vec![ChannelSpec { channel: channel.clone(), dimension }],
        ..spec(VectorPrecision::F32)
    };
    let mut writer = GalleryWriter::create(folder.path(), &spec).unwrap();
    writer.add(&photos).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let gallery = Gallery::open(folder.path(), None).unwrap();
    let bare = |location| IndexedLocation { location, country_code: None };
    let locations: Vec<IndexedLocation> = photos.iter().map(|photo| bare(photo.record.location)).collect();
    let rows = stored.iter().copied();
    let index = LocationIndex::build("e", dimension, &locations, rows, VectorPrecision::F32).unwrap();

    let embedding = QueryEmbedding { vectors: vec![(channel.clone(), stored[7].to_vec())] };
    let filter = Filter { region: Some("-60,-170,60,170".parse().unwrap()), ..Filter::default() };
    let search = |backend: &dyn Search, weights: &[f32]| -> Result<Vec<(f64, f32)>, String> {
        let channels: Vec<(Channel, f32)> = weights.iter().map(|&weight| (channel.clone(), weight)).collect();
        let queries = vec![Query { embedding: &embedding, filter: &filter }];
        let found = backend.search(&SearchRequest { channels: &channels, top: 7, queries });
        let found = found.map_err(|failure| failure.message)?;
        Ok(found[0].iter().map(|one| (one.location.latitude(), one.similarity)).collect())
    };
    let (nan, infinite) = (f32::NAN, f32::INFINITY);
    for weights in
        [&[1.0][..], &[0.3], &[2.0], &[0.0], &[-1.0], &[0.5, 0.5], &[1.0, -1.0], &[nan], &[infinite], &[]]
    {
        assert_eq!(search(&gallery, weights), search(&index, weights), "{weights:?}");
    }
    let nothing = search(&index, &[0.0]).unwrap();
    assert!(nothing.len() == 7 && nothing.iter().all(|(_, similarity)| *similarity == 0.0));
    assert!(search(&index, &[nan]).unwrap_err().contains("not finite"));
    assert_eq!(search(&index, &[]).unwrap_err(), "the search names no channel");
}

#[test]
fn an_unknown_channel_is_named_with_those_that_are_known() {
    let gallery = Gallery::empty(&spec(VectorPrecision::F32)).unwrap();
    let channels = [(Channel::new("colour"), 1.0)];
    let request = SearchRequest { channels: &channels, top: 1, queries: Vec::new() };
    let error = gallery.search(&request).unwrap_err().message;
    assert!(error.contains("colour") && error.contains("photo, location"), "{error}");
}
