//! Synthetic galleries: photos in clusters around places, similar where they are near.
#![allow(dead_code, clippy::unwrap_used)] // Each user takes its part.

use std::path::Path;

use contract::{Attribution, Channel, ChannelSpec, PerceptualHash, PhotoRecord, QueryEmbedding};
use gallery::{Gallery, GallerySpec, GalleryWriter, NewPhoto, PhotoReference, VectorPrecision};
use geo::{LatLon, Place};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a synthetic gallery is like.
pub(crate) struct Synthetic {
    /// Photos.
    pub photos: usize,
    /// Photos of a place, on average.
    pub a_place: usize,
    /// Length of the vectors.
    pub dimension: usize,
    /// Photos of an author.
    pub an_author: usize,
    /// Spread of a place, degrees.
    pub spread: f64,
    /// Whether cities and countries are known.
    pub named: bool,
}

fn unit(random: &mut ChaCha8Rng, dimension: usize) -> Vec<f32> {
    normalised((0..dimension).map(|_| random.random_range(-1.0..1.0)).collect())
}

fn normalised(vector: Vec<f32>) -> Vec<f32> {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-6);
    vector.into_iter().map(|value| value / norm).collect()
}

impl Synthetic {
    /// Writes a gallery; the same for the same seed.
    pub(crate) fn build(&self, directory: &Path, seed: u64) -> Gallery {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let channel = Channel::photo();
        let places: Vec<(f64, f64, Vec<f32>)> = (0..self.photos.div_ceil(self.a_place))
            .map(|_| {
                // Evenly over the sphere.
                let latitude = random.random_range(-0.9_f64..0.9).asin().to_degrees();
                (latitude, random.random_range(-180.0..180.0), unit(&mut random, self.dimension))
            })
            .collect();
        let mut writer = GalleryWriter::create(
            directory,
            &GallerySpec {
                name: "synthetic".into(),
                encoder_fingerprint: "synthetic".into(),
                channels: vec![ChannelSpec { channel: channel.clone(), dimension: self.dimension }],
                precision: VectorPrecision::Int8,
                sources: Vec::new(),
            },
        )
        .unwrap();
        let mut batch = Vec::new();
        for number in 0..self.photos {
            let (latitude, longitude, centre) = &places[random.random_range(0..places.len())];
            let mut moved = |degrees: &f64| degrees + random.random_range(-0.5..=0.5) * self.spread;
            let location = LatLon::wrapped(moved(latitude).clamp(-90.0, 90.0), moved(longitude)).unwrap();
            let noise = unit(&mut random, self.dimension);
            let vector =
                normalised(centre.iter().zip(&noise).map(|(centre, noise)| centre + 0.8 * noise).collect());
            let known = |text: &str| self.named.then(|| text.to_owned());
            batch.push(NewPhoto {
                record: PhotoRecord {
                    id: format!("{number:07}.jpg").into(),
                    location,
                    place: Place { city: known("City"), country: known("Country"), ..Place::default() },
                    attribution: Attribution {
                        author: Some(format!("author {}", number / self.an_author)),
                        ..Attribution::default()
                    },
                    hash: Some(PerceptualHash(random.random())),
                },
                vectors: QueryEmbedding { vectors: vec![(channel.clone(), vector)] },
                reference: PhotoReference::None,
                file: None,
            });
            if batch.len() == 2000 || number + 1 == self.photos {
                writer.add(&batch).unwrap();
                batch.clear();
            }
        }
        writer.finish().unwrap();
        drop(writer);
        Gallery::open(directory, None).unwrap()
    }
}
