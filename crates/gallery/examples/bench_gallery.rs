//! How fast a gallery is built, opened and searched: `bench_gallery [PHOTOS] [DIMENSION]`, one JSON object.
#![allow(clippy::print_stdout)] // It prints its result.

use std::error::Error;
use std::time::Instant;

use contract::{
    Attribution, Channel, ChannelSpec, Filter, PerceptualHash, PhotoRecord, Query, QueryEmbedding, Search,
    SearchRequest,
};
use gallery::{Gallery, GallerySpec, GalleryWriter, NewPhoto, PhotoReference, VectorPrecision, verify};
use geo::{LatLon, Place};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BATCH: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let photos: usize = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let dimension: usize = arguments.next().map_or(Ok(512), |text| text.parse())?;
    let directory = tempfile::tempdir()?;
    let channel = Channel::photo();
    let spec = GallerySpec {
        name: "bench".into(),
        encoder_fingerprint: "bench".into(),
        channels: vec![ChannelSpec { channel: channel.clone(), dimension }],
        precision: VectorPrecision::Int8,
        sources: Vec::new(),
    };
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut writer = GalleryWriter::create(directory.path(), &spec)?;
    let mut add_seconds = 0.0;
    for start in (0..photos).step_by(BATCH) {
        let batch = (start..(start + BATCH).min(photos))
            .map(|number| photo(&mut random, number, dimension))
            .collect::<Result<Vec<_>, _>>()?;
        let clock = Instant::now();
        writer.add(&batch)?;
        add_seconds += clock.elapsed().as_secs_f64();
    }
    let clock = Instant::now();
    writer.finish()?;
    let finish_seconds = clock.elapsed().as_secs_f64();
    drop(writer);

    let clock = Instant::now();
    let gallery = Gallery::open(directory.path(), Some("bench"))?;
    let open_ms = clock.elapsed().as_secs_f64() * 1e3;
    let vector = unit_vector(&mut random, dimension);
    let embedding = QueryEmbedding { vectors: vec![(channel.clone(), vector)] };
    let channels = [(channel.clone(), 1.0)];
    let filters = [
        ("none", Filter::default()),
        ("box", Filter { region: Some("-40,-20,60,60".parse()?), ..Filter::default() }),
        ("circle", Filter { region: Some("48,2,500".parse()?), ..Filter::default() }),
        ("author", Filter { exclude_authors: vec!["author 7".into()], ..Filter::default() }),
        ("near", Filter { exclude_near: Some(PerceptualHash(1)), ..Filter::default() }),
    ];
    let mut search_ms = serde_json::Map::new();
    for (name, filter) in &filters {
        let mut best = f64::INFINITY;
        for _ in 0..10 {
            let clock = Instant::now();
            let queries = vec![Query { embedding: &embedding, filter }];
            gallery.search(&SearchRequest { channels: &channels, top: 20, queries })?;
            best = best.min(clock.elapsed().as_secs_f64() * 1e3);
        }
        search_ms.insert((*name).to_owned(), best.into());
    }
    let clock = Instant::now();
    let problems = verify(directory.path()).len();
    println!(
        "{}",
        serde_json::json!({
            "photos": photos, "dimension": dimension, "photos_per_second": photos as f64 / add_seconds,
            "finish_seconds": finish_seconds, "open_ms": open_ms, "search_ms": search_ms, "problems": problems,
            "verify_seconds": clock.elapsed().as_secs_f64(), "bytes_per_photo": gallery.info().database_bytes / photos as u64,
        })
    );
    Ok(())
}

fn unit_vector(random: &mut ChaCha8Rng, dimension: usize) -> Vec<f32> {
    let vector: Vec<f32> = (0..dimension).map(|_| random.random_range(-1.0..1.0)).collect();
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.into_iter().map(|value| value / norm).collect()
}

fn photo(random: &mut ChaCha8Rng, number: usize, dimension: usize) -> Result<NewPhoto, geo::CoordinateError> {
    Ok(NewPhoto {
        record: PhotoRecord {
            id: format!("{number:07}.jpg").into(),
            location: LatLon::new(random.random_range(-60.0..75.0), random.random_range(-180.0..180.0))?,
            place: Place {
                city: Some(format!("City {}", number % 1000)),
                country: Some("Country".into()),
                country_code: Some("AU".into()),
                ..Place::default()
            },
            attribution: Attribution {
                author: Some(format!("author {}", number % 100)),
                licence: Some("CC0-1.0".into()),
                source: None,
            },
            hash: Some(PerceptualHash(random.random())),
        },
        vectors: QueryEmbedding { vectors: vec![(Channel::photo(), unit_vector(random, dimension))] },
        reference: PhotoReference::None,
        file: None,
    })
}
