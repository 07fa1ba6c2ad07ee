//! What thinning out does to the starter pack, on the `val` photos of data/geophotos.
//!
//!     cargo run --release -p georanker --example retrieval_on_val
#![allow(clippy::print_stdout, reason = "an example that prints a table")]

use std::path::Path;

use formats::table::read_photos;
use gallery::PhotoFiles;
use geo::geodesic_km;
use georanker::{
    DecodeOptions, EncodedPhoto, Exclude, Failure, LatLon, Limits, LocateOptions, Locator, RetrievalOptions,
    decode_photo,
};
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let locator = Locator::open(&repository.join("packs/starter"))?;
    let photos = PhotoFiles::open(repository.join("data/geophotos/photos.tar"))?;
    let rows = read_photos(repository.join("data/geophotos/metadata.csv"))?;
    let rows: Vec<_> = rows.into_iter().filter(|row| row.split.as_deref() == Some("val")).collect();
    let encoded: Vec<(EncodedPhoto, LatLon)> = rows
        .par_iter()
        .map(|row| {
            let bytes = photos.read(&row.id)?;
            let mut photo = decode_photo(&row.id.0, &bytes, &Limits::default(), DecodeOptions::default())?;
            photo.author.clone_from(&row.author);
            let embedding = locator.encoder().encode_one(&photo)?;
            // Nothing after this looks at pixels.
            Ok((EncodedPhoto { image: None, ..EncodedPhoto::new(&photo, embedding) }, row.location))
        })
        .collect::<Result<_, Failure>>()?;
    let (encoded, truth): (Vec<EncodedPhoto>, Vec<LatLon>) = encoded.into_iter().unzip();
    println!("{} photos of val", encoded.len());
    println!("the whole pipeline, own author excluded: % within 25 / 200 / 750 / 2500 km");
    let of = |same_place_m, same_photo| RetrievalOptions {
        same_place_m,
        same_photo,
        ..RetrievalOptions::default()
    };
    for (name, retrieval) in [
        ("as the pack says", of(0.0, false)),
        ("one per 50 m", of(50.0, false)),
        ("one per 1000 m", of(1000.0, false)),
        ("no near-duplicates", of(0.0, true)),
    ] {
        let exclude = Exclude { same_author: true, near_duplicate: false };
        let options = LocateOptions { retrieval, exclude, ..LocateOptions::default() };
        let answers = locator.locate_encoded(&encoded, &options);
        let distance = |(answer, truth): (&Result<georanker::Estimate, Failure>, &LatLon)| {
            answer.as_ref().map_or(f64::INFINITY, |answer| geodesic_km(answer.location, *truth))
        };
        let distances: Vec<f64> = answers.iter().zip(&truth).map(distance).collect();
        let within = |km: f64| {
            100.0 * distances.iter().filter(|one| **one < km).count() as f64 / distances.len() as f64
        };
        let [a, b, c, d] = [25.0, 200.0, 750.0, 2500.0].map(within);
        println!("{name:18} {a:5.1} {b:5.1} {c:5.1} {d:5.1}");
    }
    Ok(())
}
