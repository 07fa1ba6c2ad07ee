//! How long the photo space of many photos takes to fit, and how much memory.
//!
//! ```sh
//! cargo run --release -p georanker-train --example whiten_many -- [PHOTOS] [FEATURES] [DIMENSION]
//! ```
//! A third of the photos are in three crowds of a few km, a third in 2000 towns, the rest anywhere.
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::time::Instant;

use geo::LatLon;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use train::{Neighbours, WhiteningSettings, fit_neighbourhood_whitening};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut sizes = [100_000, 768, 256];
    for (size, argument) in sizes.iter_mut().zip(std::env::args().skip(1)) {
        *size = argument.parse()?;
    }
    let [photos, inputs, dimension] = sizes;
    let locations = locations(photos)?;
    let features = features(&locations, inputs);

    let start = Instant::now();
    let counts = Neighbours::new(&locations, 5.0).counts();
    let mean = counts.iter().sum::<usize>() as f64 / photos as f64;
    let most = counts.iter().max().copied().unwrap_or_default();
    println!(
        "neighbours within 5 km: {mean:.0} on average, at most {most}; counted in {:.2} s",
        start.elapsed().as_secs_f64()
    );

    let before = memory("VmRSS:");
    let start = Instant::now();
    let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.05, dimension };
    let fit = fit_neighbourhood_whitening(&features, &vec![1.0; inputs], &locations, &settings)?;
    println!(
        "{photos} x {inputs} -> {} in {:.1} s with {} threads",
        fit.outputs,
        start.elapsed().as_secs_f64(),
        rayon::current_num_threads()
    );
    println!(
        "features {} MiB; resident before {}, at most {}",
        features.len() * 4 / (1 << 20),
        before.unwrap_or_else(|| "unknown".into()),
        memory("VmHWM:").unwrap_or_else(|| "unknown".into())
    );
    Ok(())
}

fn locations(photos: usize) -> Result<Vec<LatLon>, geo::CoordinateError> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut around = |latitude: f64, longitude: f64, reach: f64| {
        let (north, east) = (random.random_range(-reach..reach), random.random_range(-reach..reach));
        LatLon::wrapped((latitude + north).clamp(-90.0, 90.0), longitude + east)
    };
    let towns: Vec<LatLon> = (0..2000).map(|_| around(0.0, 0.0, 70.0)).collect::<Result<_, _>>()?;
    let crowds = [(48.86, 2.35), (35.68, 139.76), (40.75, -73.98)];
    (0..photos)
        .map(|photo| match photo % 3 {
            0 => around(crowds[photo / 3 % 3].0, crowds[photo / 3 % 3].1, 0.04),
            1 => {
                let town = towns[photo / 3 % towns.len()];
                around(town.latitude(), town.longitude(), 0.02)
            }
            _ => around(0.0, 0.0, 80.0),
        })
        .collect()
}

/// Noise, and a part that goes with the place.
fn features(locations: &[LatLon], inputs: usize) -> Vec<f32> {
    let mut features = vec![0.0; locations.len() * inputs];
    features.par_chunks_mut(inputs).zip(locations).enumerate().for_each(|(photo, (row, location))| {
        let mut random = ChaCha8Rng::seed_from_u64(photo as u64);
        let [x, y, z] = location.to_unit_vector();
        for (index, value) in row.iter_mut().enumerate() {
            let turn = (1 + index % 17) as f64;
            let place = (turn * x + index as f64).sin() + (turn * y).cos() + turn * z;
            *value = (0.3 * place + random.random_range(-1.0..1.0)) as f32;
        }
    });
    features
}

/// A line of this process's memory, where the system tells.
fn memory(line: &str) -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let found = status.lines().find_map(|text| text.strip_prefix(line))?;
    let kilobytes: u64 = found.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(format!("{} MiB", kilobytes / 1024))
}
