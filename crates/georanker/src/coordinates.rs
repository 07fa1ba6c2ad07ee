//! The GPS channel over any list of coordinates: encoded once, kept beside the list.

use std::path::{Path, PathBuf};

use contract::Failure;
use contract::table::read_coordinates;
use gallery::{IndexedLocation, LocationIndex, VectorPrecision};
use geo::{LatLon, ReverseGeocoder};
use rayon::prelude::*;

use crate::pack::{Pack, sha256_of_file};
use crate::{PackError, fingerprint, open_location_encoder};

/// Coordinates that are encoded at a time.
const BLOCK: usize = 512;

/// An index over a list of coordinates, and whether it was there already.
#[derive(Debug)]
pub struct CoordinateIndex {
    /// The index.
    pub index: LocationIndex,
    /// Where it is kept; nothing where it could not be.
    pub kept: Option<PathBuf>,
    /// Whether it was there from before.
    pub found: bool,
}

/// Encodes the coordinates of a CSV (`LAT`, `LON`, optional `country_code`) with the pack's location encoder. The result is
/// kept beside the list as `FILE.PACK.locations`, for this content (SHA-256) and this encoder only, and found again by the
/// next run; where that folder cannot be written it is made each time.
///
/// # Errors
/// A list that cannot be read, a pack without a sound location encoder.
pub fn open_coordinates(pack: &Pack, list: &Path) -> Result<CoordinateIndex, Failure> {
    let rows = read_coordinates(list).map_err(|error| Failure::from_error(&error))?;
    let hash = sha256_of_file(list)
        .map_err(|source| Failure::from_error(&PackError::Read { path: list.to_owned(), source }))?;
    let identity = format!("{} {hash}", fingerprint(pack.manifest()));
    let mut name = list.as_os_str().to_owned();
    name.push(format!(".{}.locations", pack.manifest().name));
    let path = PathBuf::from(name);
    if let Ok(index) = LocationIndex::open(&path, Some(&identity))
        && index.location_count() == rows.len()
    {
        return Ok(CoordinateIndex { index, kept: Some(path), found: true });
    }
    let encoder = open_location_encoder(pack).map_err(|error| Failure::from_error(&error))?;
    let heads = crate::PhotoEncoder::open(pack).map_err(|error| Failure::from_error(&error))?;
    let geocoder = ReverseGeocoder::embedded();
    let blocks: Vec<Vec<(IndexedLocation, Vec<f32>)>> = rows
        .par_chunks(BLOCK)
        .map(|block| {
            let places: Vec<LatLon> = block.iter().map(|(location, _)| *location).collect();
            let encoded = encoder.encode(&places);
            let width = encoded.len() / places.len().max(1);
            let each =
                block.iter().zip(encoded.chunks_exact(width.max(1))).map(|((location, country), encoded)| {
                    let country_code = country.clone().or_else(|| geocoder.place(*location).country_code);
                    (
                        IndexedLocation { location: *location, country_code },
                        heads.heads().location_vector(encoded),
                    )
                });
            each.collect()
        })
        .collect();
    let (locations, vectors): (Vec<_>, Vec<_>) = blocks.into_iter().flatten().unzip();
    let dimension = vectors.first().map_or(0, Vec::len);
    let rows = vectors.iter().map(Vec::as_slice);
    let index = LocationIndex::build(&identity, dimension, &locations, rows, VectorPrecision::Int8)
        .map_err(|error| Failure::from_error(&error))?;
    let kept = index.write(&path).is_ok().then_some(path);
    Ok(CoordinateIndex { index, kept, found: false })
}
