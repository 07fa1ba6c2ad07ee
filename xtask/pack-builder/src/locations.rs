//! The world-wide coordinates and their space.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, ensure};
use files::sha256_hex;
use geo::LatLon;
use nets::geoclip::LocationEncoder;
use train::principal_directions;

use crate::cache::cached;

/// Length of the location encoder's vectors.
pub(crate) const ENCODED: usize = 512;
/// Length of location vectors in the pack: enough to keep most of the spread, small enough to ship.
pub(crate) const DIMENSION: usize = 128;

/// Reads the coordinates (`LAT,LON`), each once, in the file's order.
pub(crate) fn read_coordinates(path: &Path) -> anyhow::Result<Vec<LatLon>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    let mut seen = HashSet::new();
    let mut points = Vec::new();
    for record in reader.deserialize() {
        let (latitude, longitude): (f64, f64) = record.with_context(|| path.display().to_string())?;
        if seen.insert((latitude.to_bits(), longitude.to_bits())) {
            points.push(LatLon::new(latitude, longitude)?);
        }
    }
    ensure!(!points.is_empty(), "{} holds no coordinates", path.display());
    Ok(points)
}

/// Unit vectors of the location encoder, `[points, ENCODED]`.
pub(crate) fn encode(
    points: &[LatLon],
    encoder: &LocationEncoder,
    encoder_key: &str,
    cache: Option<&Path>,
) -> anyhow::Result<Vec<f32>> {
    let text: String = points.iter().map(ToString::to_string).collect();
    let key = sha256_hex(format!("{encoder_key} {}", sha256_hex(text.as_bytes())).as_bytes());
    cached(cache, "locations", &key, || {
        let mut all = Vec::with_capacity(points.len() * ENCODED);
        for chunk in points.chunks(4096) {
            all.extend(encoder.encode_normalised(chunk));
        }
        Ok(all)
    })
}

/// The projection to the leading directions of the encoded coordinates: `[ENCODED, DIMENSION]`.
pub(crate) fn space(encoded: &[f32]) -> anyhow::Result<Vec<f32>> {
    Ok(principal_directions(encoded, ENCODED, DIMENSION)?)
}
