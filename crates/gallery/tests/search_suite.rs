//! The suite of all search backends, on photos and on bare coordinates.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use contract::search_suite::{Ability, Backend, Exactness, SuiteItem, run};
use contract::{Channel, ChannelSpec};
use gallery::{
    Gallery, GallerySpec, GalleryWriter, IndexedLocation, LocationIndex, NewPhoto, PhotoReference,
    VectorPrecision,
};

/// Rounding to int8 moves each number of a vector by at most 1/254 of the largest one, and a similarity by at most the
/// square root of the dimension times that: less than 0.01 for the vectors here.
const INT8: Exactness = Exactness { similarity_tolerance: 0.01, least_recall: 0.95 };

fn exactness(precision: VectorPrecision) -> Exactness {
    if precision == VectorPrecision::F32 { Exactness::EXACT } else { INT8 }
}

fn gallery_passes(channels: &[(&str, usize)], precision: VectorPrecision) {
    let specs =
        channels.iter().map(|&(name, dimension)| ChannelSpec { channel: Channel::new(name), dimension });
    let spec = GallerySpec {
        name: "suite".into(),
        encoder_fingerprint: "encoder-1".into(),
        channels: specs.collect(),
        precision,
        sources: vec![],
    };
    let backend = Backend::photos(spec.channels.clone())
        .without(Ability::PartialItems)
        .approximate(exactness(precision));
    let mut directories = Vec::new();
    run(&backend, |items| {
        if items.is_empty() && precision == VectorPrecision::F32 {
            return Box::new(Gallery::empty(&spec).unwrap());
        }
        let directory = tempfile::tempdir().unwrap();
        let mut writer = GalleryWriter::create(directory.path(), &spec).unwrap();
        writer.add(&items.iter().map(photo).collect::<Vec<_>>()).unwrap();
        writer.finish().unwrap();
        let gallery = Gallery::open(directory.path(), None).unwrap();
        directories.push(directory);
        Box::new(gallery)
    });
}

fn photo(item: &SuiteItem) -> NewPhoto {
    NewPhoto {
        record: item.record.clone(),
        vectors: item.vectors.clone(),
        reference: PhotoReference::Inline(item.bytes.clone()),
        file: None,
    }
}

#[test]
fn an_exact_gallery_of_one_channel() {
    gallery_passes(&[("photo", 24)], VectorPrecision::F32);
}

#[test]
fn an_exact_gallery_of_three_channels() {
    gallery_passes(&[("photo", 24), ("location", 10), ("text", 64)], VectorPrecision::F32);
}

#[test]
fn an_int8_gallery_of_two_channels() {
    gallery_passes(&[("photo", 24), ("location", 10)], VectorPrecision::Int8);
}

#[test]
fn coordinates() {
    const DIMENSION: usize = 20;
    for precision in [VectorPrecision::F32, VectorPrecision::Int8] {
        let backend = Backend::coordinates(DIMENSION).approximate(exactness(precision));
        run(&backend, |items| {
            let location = |item: &SuiteItem| IndexedLocation {
                location: item.record.location,
                country_code: item.record.place.country_code.clone(),
            };
            let locations: Vec<IndexedLocation> = items.iter().map(location).collect();
            let vectors = items.iter().map(|item| item.vectors.vectors[0].1.as_slice());
            Box::new(LocationIndex::build("encoder-1", DIMENSION, &locations, vectors, precision).unwrap())
        });
    }
}

#[test]
fn coordinates_without_countries() {
    const DIMENSION: usize = 20;
    run(&Backend::coordinates(DIMENSION).without(Ability::Countries), |items| {
        let location =
            |item: &SuiteItem| IndexedLocation { location: item.record.location, country_code: None };
        let locations: Vec<IndexedLocation> = items.iter().map(location).collect();
        let vectors = items.iter().map(|item| item.vectors.vectors[0].1.as_slice());
        let index =
            LocationIndex::build("encoder-1", DIMENSION, &locations, vectors, VectorPrecision::F32).unwrap();
        Box::new(index)
    });
}
