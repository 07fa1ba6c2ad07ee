//! A gallery of one's own photos, and a photo located with it.
//!
//!     cargo run --release -p georanker --example own_gallery
//!
//! Every photo of `samples/` whose place `samples/truth.csv` knows goes into the gallery, but one; that one is located.
#![allow(clippy::print_stdout, reason = "an example that prints an answer")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use formats::table::read_photos;
use gallery::{Gallery, GallerySpec, GalleryWriter, PhotoFiles, SourceSpec, VectorPrecision};
use georanker::{
    BuildEvent, DecodeOptions, Encoder as _, Failure, GalleryBuilder, Limits, Locator, Pack, Parts,
    PhotoOutcome, PhotoToAdd, Place, Sidecars, find_pack,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pack = Pack::open(&find_pack(None)?)?;
    let parts = Parts::open(&pack, None)?;
    let folder = tempfile::tempdir()?;

    // A gallery belongs to an encoder: its fingerprint and channels are written down with it.
    let spec = GallerySpec {
        name: "samples".to_owned(),
        encoder_fingerprint: parts.encoder.fingerprint().to_owned(),
        channels: parts.encoder.channels().to_vec(),
        precision: VectorPrecision::Int8,
        sources: Vec::new(),
    };
    let mut writer = GalleryWriter::create(folder.path(), &spec)?;
    let source =
        writer.add_source(&SourceSpec::folder(std::path::absolute("samples")?.display().to_string()))?;

    let photos = PhotoFiles::open("samples")?;
    let (asked, known): (Vec<_>, Vec<_>) =
        read_photos("samples/truth.csv")?.into_iter().partition(|row| row.id.0 == "temples.jpg");
    let to_add = known.into_iter().map(|row| {
        let attribution = georanker::Attribution::default();
        Ok::<_, Failure>(PhotoToAdd {
            id: row.id,
            location: Some(row.location),
            place: Place::default(),
            attribution,
        })
    });
    let builder = GalleryBuilder {
        encoder: parts.encoder.as_ref(),
        photos: &photos,
        source,
        limits: Limits::default(),
        decode: DecodeOptions::default(),
        sidecars: Sidecars::default(),
        update: false,
    };
    let report = builder.add(&mut writer, to_add, &AtomicBool::new(false), |event| {
        if let BuildEvent::Photo(_, PhotoOutcome::Failed(failure)) = event {
            println!("left out: {failure}");
        }
    })?;
    writer.finish()?;
    drop(writer);
    println!("{} photos in the gallery", report.added);

    let gallery = Arc::new(Gallery::open(folder.path(), Some(parts.encoder.fingerprint()))?);
    let locator = Locator::from_parts(&pack, Parts { gallery, ..parts })?;
    for row in asked {
        let answer = locator.locate_file(format!("samples/{}", row.id))?;
        println!("{}: {}, {}", row.id, answer.place.label(), answer.location);
    }
    Ok(())
}
