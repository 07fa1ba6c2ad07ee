//! The GPS channel over any list of coordinates: encoded once, kept beside the list.

use std::path::{Path, PathBuf};

use contract::{Channel, Encoder, ErrorKind, Failure};
use files::sha256_of_file;
use formats::table::read_coordinates;
use gallery::{IndexedLocation, LocationIndex, VectorPrecision};
use geo::{LatLon, ReverseGeocoder};
use rayon::prelude::*;

use crate::pack::Pack;
use crate::{PackError, fingerprint};

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

/// Encodes the coordinates of a CSV (`LAT`, `LON`, optional `country_code`) with the pack's location encoder. The
/// result is kept beside the list as `FILE.PACK.locations`, for this content (SHA-256) and this encoder only, and
/// found again by the next run; where that folder cannot be written it is made each time.
///
/// # Errors
/// A pack that does not search the location channel, to which coordinates would mean nothing; a list that cannot be
/// read, a pack without a sound location encoder.
pub fn open_coordinates(pack: &Pack, encoder: &dyn Encoder, list: &Path) -> Result<CoordinateIndex, Failure> {
    let mut name = list.as_os_str().to_owned();
    name.push(format!(".{}.locations", pack.manifest().name));
    encode_coordinates(pack, encoder, list, PathBuf::from(name))
}

/// As [`open_coordinates`], kept at `path`.
pub(crate) fn encode_coordinates(
    pack: &Pack,
    encoder: &dyn Encoder,
    list: &Path,
    path: PathBuf,
) -> Result<CoordinateIndex, Failure> {
    if let Some(failure) = unsearched(pack, encoder, list) {
        return Err(failure);
    }
    let rows = read_coordinates(list)?;
    let hash = sha256_of_file(list)
        .map_err(|source| Failure::from_error(&PackError::Read { path: list.to_owned(), source }))?;
    let identity = format!("{} {}", fingerprint(pack.manifest()), hash.sha256);
    if let Ok(index) = LocationIndex::open(&path, Some(&identity))
        && index.location_count() == rows.len()
    {
        return Ok(CoordinateIndex { index, kept: Some(path), found: true });
    }
    let geocoder = ReverseGeocoder::embedded();
    let blocks: Vec<Vec<(IndexedLocation, Vec<f32>)>> = rows
        .par_chunks(BLOCK)
        .map(|block| {
            let places: Vec<LatLon> = block.iter().map(|(location, _)| *location).collect();
            let vectors = encoder.encode_places(&places)?.ok_or_else(|| {
                let message =
                    format!("{}: the pack {} has no location encoder", list.display(), pack.label());
                Failure::new(ErrorKind::BrokenModel, message)
            })?;
            let each = block.iter().zip(vectors).map(|((location, country), vector)| {
                let country_code = country.clone().or_else(|| geocoder.place(*location).country_code);
                (IndexedLocation { location: *location, country_code }, vector)
            });
            Ok(each.collect())
        })
        .collect::<Result<_, Failure>>()?;
    let (locations, vectors): (Vec<_>, Vec<_>) = blocks.into_iter().flatten().unzip();
    let dimension = vectors.first().map_or(0, Vec::len);
    let rows = vectors.iter().map(Vec::as_slice);
    let index = LocationIndex::build(&identity, dimension, &locations, rows, VectorPrecision::Int8)?;
    let kept = index.write(&path).is_ok().then_some(path);
    Ok(CoordinateIndex { index, kept, found: false })
}

/// Why coordinates would never be looked at, if so: candidates come from the searches that the pack names, and bare
/// coordinates have nothing but the location channel.
fn unsearched(pack: &Pack, encoder: &dyn Encoder, list: &Path) -> Option<Failure> {
    let location = Channel::location();
    let manifest = pack.manifest();
    let is_made = encoder.channels().iter().any(|spec| spec.channel == location);
    if is_made && manifest.retrieval.iter().any(|search| search.channel == location) {
        return None;
    }
    let message = format!(
        "{}: the pack {} does not search the channel {location}, the only one that coordinates have",
        list.display(),
        pack.label()
    );
    let hint = if manifest.encoder.knows_places() {
        "let its pack.toml name `location` in `encoder.channels`, in a [[retrieval]] and in a vote of the ranker \
         (docs/src/retrieval.md), or name a pack that does, such as starter or geoclip"
    } else {
        "coordinates need a pack that encodes them, such as starter or geoclip"
    };
    Some(Failure::new(ErrorKind::Usage, message).with_hint(hint))
}
