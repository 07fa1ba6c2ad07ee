//! Times GeoCLIP's location encoder: `bench_geoclip location_encoder.safetensors [LOCATIONS]`.
#![expect(clippy::print_stdout, reason = "the result is the point")]

use std::path::Path;
use std::time::Instant;

use geo::LatLon;
use nets::LoadOptions;
use nets::geoclip::LocationEncoder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let weights = arguments.next().ok_or("usage: bench_geoclip location_encoder.safetensors [LOCATIONS]")?;
    let count: usize = arguments.next().map_or(Ok(10_000), |count| count.parse())?;
    let start = Instant::now();
    let encoder = LocationEncoder::from_file(Path::new(&weights), &LoadOptions::default())?;
    println!("loaded in {:.0} ms", start.elapsed().as_secs_f64() * 1000.0);
    let spread = |index: usize, step: f64| (index as f64 * step).fract() - 0.5;
    let locations: Vec<LatLon> = (0..count)
        .map(|index| LatLon::new(180.0 * spread(index, 0.618_034), 360.0 * spread(index, 0.414_214)))
        .collect::<Result<_, _>>()?;
    let start = Instant::now();
    let vectors = encoder.encode_normalised(&locations);
    let seconds = start.elapsed().as_secs_f64();
    println!("{count} locations in {seconds:.2} s ({:.0} a second)", count as f64 / seconds);
    println!("first number {}", vectors.first().copied().unwrap_or_default());
    Ok(())
}
