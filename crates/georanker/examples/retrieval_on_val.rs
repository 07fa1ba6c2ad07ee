//! What holding hubs back and thinning out do to the starter pack, on the `val` photos of data/geophotos.
//!
//!     cargo run --release -p georanker --example retrieval_on_val
#![allow(clippy::print_stdout, reason = "an example that prints a table")]

use std::path::Path;

use formats::table::read_photos;
use contract::{Channel, Exclude, Failure, Filter, LocateOptions, Photo, QueryEmbedding, RetrievalOptions};
use gallery::{FusedRequest, PhotoFiles};
use geo::{LatLon, geodesic_km};
use georanker::{Locator, decode_photo, image_of};
use photo::Limits;
use rayon::prelude::*;

type Encoded = (Photo, QueryEmbedding);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let locator = Locator::open(&repository.join("packs/starter"))?;
    let photos = PhotoFiles::open(repository.join("data/geophotos/photos.tar"))?;
    let rows = read_photos(repository.join("data/geophotos/metadata.csv"))?;
    let rows: Vec<_> = rows.into_iter().filter(|row| row.split.as_deref() == Some("val")).collect();
    let encoded: Vec<(Encoded, LatLon)> = rows
        .par_iter()
        .map(|row| {
            let bytes = photos.read(&row.id)?;
            let mut photo = decode_photo(&row.id.0, &bytes, &Limits::default())?;
            photo.author.clone_from(&row.author);
            let embedding = locator.encoder().encode_image(&row.id.0, &photo.image)?;
            photo.rgb = Vec::new();
            Ok(((photo, embedding), row.location))
        })
        .collect::<Result<_, Failure>>()?;
    let (encoded, truth): (Vec<Encoded>, Vec<LatLon>) = encoded.into_iter().unzip();
    println!("{} photos of val\n", encoded.len());
    println!("hubness  largest N_10  never found  first within 25 km  any of 10 within 25 km");
    for strength in [0.0, 0.25, 0.5, 0.75, 1.0] {
        hubs(&locator, &encoded, &truth, strength)?;
    }
    println!("\nthe whole pipeline, own author excluded: % within 25 / 200 / 750 / 2500 km");
    let of = |hubness, same_place_m, same_photo| RetrievalOptions {
        hubness,
        same_place_m,
        same_photo,
        ..RetrievalOptions::default()
    };
    for (name, retrieval) in [
        ("as the pack says", of(0.0, 0.0, false)),
        ("--hubness 0.25", of(0.25, 0.0, false)),
        ("--hubness 0.5", of(0.5, 0.0, false)),
        ("--dedupe 50", of(0.0, 50.0, false)),
        ("--dedupe 1000", of(0.0, 1000.0, false)),
        ("--dedupe-photos", of(0.0, 0.0, true)),
    ] {
        let exclude = Exclude { same_author: true, near_duplicate: false };
        let options = LocateOptions { retrieval, exclude, ..LocateOptions::default() };
        let answers = locator.locate_encoded(&encoded, &options);
        let distances: Vec<f64> = answers
            .iter()
            .zip(&truth)
            .map(|(answer, truth)| {
                answer.as_ref().map_or(f64::INFINITY, |answer| geodesic_km(answer.location, *truth))
            })
            .collect();
        let within = |km: f64| {
            100.0 * distances.iter().filter(|one| **one < km).count() as f64 / distances.len() as f64
        };
        println!(
            "{name:18} {:5.1} {:5.1} {:5.1} {:5.1}",
            within(25.0),
            within(200.0),
            within(750.0),
            within(2500.0)
        );
    }
    Ok(())
}

fn hubs(locator: &Locator, encoded: &[Encoded], truth: &[LatLon], strength: f32) -> Result<(), Failure> {
    let filters: Vec<Filter> = encoded
        .iter()
        .map(|(photo, _)| Filter {
            exclude_authors: photo.author.clone().into_iter().collect(),
            ..Filter::default()
        })
        .collect();
    let channels = [(Channel::photo(), 1.0)];
    let queries = encoded.iter().zip(&filters).map(|((_, embedding), filter)| (embedding, filter)).collect();
    let request = FusedRequest { channels: &channels, hubness: strength, top: 10, queries };
    let found = locator.gallery().search_fused(&request)?;
    let mut counts = std::collections::HashMap::new();
    let (mut first, mut any) = (0, 0);
    for (list, truth) in found.iter().zip(truth) {
        for one in list {
            let id = one.photo.as_ref().map(|photo| photo.id.0.clone()).unwrap_or_default();
            *counts.entry(id).or_insert(0_usize) += 1;
        }
        let near = |one: &contract::Neighbour| geodesic_km(one.location, *truth) < 25.0;
        first += usize::from(list.first().is_some_and(near));
        any += usize::from(list.iter().any(near));
    }
    let largest = counts.values().max().copied().unwrap_or_default();
    let never = locator.gallery().photo_count() - counts.len();
    let percent = |count: usize| 100.0 * count as f64 / encoded.len() as f64;
    println!("{strength:7.2} {largest:13} {never:12} {:18.1} {:23.1}", percent(first), percent(any));
    Ok(())
}
