//! Small galleries for tests.
#![allow(dead_code, clippy::unwrap_used)] // Each test binary uses its part.

use contract::{
    Attribution, Channel, ChannelSpec, Filter, ItemId, Neighbour, PerceptualHash, PhotoRecord, Query,
    QueryEmbedding, Search, SearchRequest,
};
use gallery::{GallerySpec, NewPhoto, PhotoReference, SourceSpec, VectorPrecision};
use geo::{LatLon, Place};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) const FINGERPRINT: &str = "encoder-1";
pub(crate) const DIMENSIONS: [(&str, usize); 2] = [("photo", 24), ("location", 10)];
pub(crate) const COUNTRIES: [&str; 3] = ["AU", "FR", "NZ"];

pub(crate) fn spec(precision: VectorPrecision) -> GallerySpec {
    GallerySpec {
        name: "test".into(),
        encoder_fingerprint: FINGERPRINT.into(),
        channels: DIMENSIONS
            .iter()
            .map(|&(name, dimension)| ChannelSpec { channel: Channel::new(name), dimension })
            .collect(),
        precision,
        sources: vec![SourceSpec::folder("../photos")],
    }
}

pub(crate) fn unit_vector(random: &mut ChaCha8Rng, dimension: usize) -> Vec<f32> {
    let vector: Vec<f32> = (0..dimension).map(|_| random.random_range(-1.0..1.0)).collect();
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-3);
    vector.into_iter().map(|value| value / norm).collect()
}

/// The same photo for the same number.
pub(crate) fn photo(number: u64) -> NewPhoto {
    let mut random = ChaCha8Rng::seed_from_u64(number);
    let location = LatLon::new(random.random_range(-80.0..80.0), random.random_range(-180.0..180.0)).unwrap();
    let country = COUNTRIES[number as usize % 3];
    let record = PhotoRecord {
        id: format!("{number:05}.jpg").into(),
        location,
        place: Place {
            city: number.is_multiple_of(2).then(|| format!("City {number}")),
            country_code: Some(country.into()),
            ..Place::default()
        },
        attribution: Attribution {
            author: (!number.is_multiple_of(5)).then(|| format!("author {}", number % 4)),
            licence: Some("CC0-1.0".into()),
            source: None,
        },
        hash: (!number.is_multiple_of(7)).then(|| PerceptualHash(random.random())),
    };
    let vectors = DIMENSIONS
        .iter()
        .map(|&(name, dimension)| (Channel::new(name), unit_vector(&mut random, dimension)))
        .collect();
    let reference = match number % 3 {
        0 => PhotoReference::Inline(number.to_le_bytes().to_vec()),
        1 => PhotoReference::InSource { source: 0, path: format!("{number:05}.jpg") },
        _ => PhotoReference::None,
    };
    NewPhoto { record, vectors: QueryEmbedding { vectors }, reference, file: None }
}

pub(crate) fn photos(numbers: impl IntoIterator<Item = u64>) -> Vec<NewPhoto> {
    numbers.into_iter().map(photo).collect()
}

/// A query in the photo channel.
pub(crate) fn embedding(vector: &[f32]) -> QueryEmbedding {
    QueryEmbedding { vectors: vec![(Channel::photo(), vector.to_vec())] }
}

/// The ids of neighbours.
pub(crate) fn ids(gallery: &dyn Search, found: &[Neighbour]) -> Vec<String> {
    let items: Vec<ItemId> = found.iter().map(|neighbour| neighbour.item).collect();
    gallery.records(&items).unwrap().into_iter().map(|record| record.unwrap().id.0).collect()
}

/// Ids found, best first.
pub(crate) fn found(gallery: &dyn Search, vector: &[f32], filter: &Filter, top: usize) -> Vec<String> {
    let embedding = embedding(vector);
    let queries = vec![Query { embedding: &embedding, filter }];
    let channels = [(Channel::photo(), 1.0)];
    let found = gallery.search(&SearchRequest { channels: &channels, top, queries }).unwrap();
    ids(gallery, &found[0])
}
