//! What photos say about themselves: shown beside an estimate, or answered alone.

use std::fs;
use std::path::Path;
use std::time::Instant;

use contract::{Cancel, Estimate, Failure, Stated};
use geo::ReverseGeocoder;
use photo::{Sidecars, StatedLocation, decode, encode_thumbnail, read_photo_bytes, stated_location_with};

use crate::{BatchEnd, BatchOptions, Input, Located};

/// Bytes of the largest file beside a photo that is read.
const LARGEST_SIDECAR: u64 = 4 << 20;

/// The location that a photo file, or a file beside it, states.
///
/// # Errors
/// A [`Failure`] that names the photo and says why there is none.
pub(crate) fn stated_by(
    name: &str,
    path: &Path,
    bytes: &[u8],
    sidecars: Sidecars,
) -> Result<Stated, Failure> {
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut read = |sidecar: &str| read_beside(path, sidecar);
    let stated = stated_location_with(&file_name, bytes, sidecars, &mut read).map_err(|none| {
        let hint = match &none.unread_sidecar {
            Some(sidecar) => format!("set `sidecars` to use the location in {sidecar}"),
            None => "without `exif_only` the place is estimated".to_owned(),
        };
        none.named(name).with_hint(hint)
    })?;
    Ok(of(&stated, name))
}

fn of(stated: &StatedLocation, name: &str) -> Stated {
    Stated {
        location: stated.location,
        source: stated.source.to_string(),
        note: stated.contradiction_note(name),
    }
}

fn read_beside(photo: &Path, name: &str) -> Option<Vec<u8>> {
    let path = photo.with_file_name(name);
    let is_small = path.metadata().is_ok_and(|file| file.is_file() && file.len() <= LARGEST_SIDECAR);
    is_small.then(|| fs::read(&path).ok()).flatten()
}

/// Answers from what the files state, without any model: an estimate without confidence and candidates for each photo
/// that states a location.
///
/// # Errors
/// Whatever `sink` returns ends the run.
pub fn locate_by_metadata<E>(
    inputs: &[Input],
    options: &BatchOptions,
    cancel: &Cancel,
    mut sink: impl FnMut(Located) -> Result<(), E>,
) -> Result<BatchEnd, E> {
    for input in inputs {
        if cancel.is_cancelled() {
            return Ok(BatchEnd::Stopped);
        }
        let started = Instant::now();
        let bytes = read_photo_bytes(&input.path, &options.limits);
        let outcome = bytes
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|bytes| stated_by(&input.name, &input.path, bytes, options.sidecars))
            .map(estimate_of);
        let thumbnail = options.thumbnail_side.and_then(|side| {
            let image = decode(bytes.as_deref().ok()?, &options.limits, options.decode).ok()?;
            encode_thumbnail(&image, side, 82).ok()
        });
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0;
        sink(Located { input: input.clone(), outcome, elapsed_ms, thumbnail })?;
    }
    Ok(BatchEnd::Finished)
}

fn estimate_of(stated: Stated) -> Estimate {
    Estimate {
        location: stated.location,
        place: ReverseGeocoder::embedded().place(stated.location),
        origins: Vec::new(),
        confidence: None,
        abstention: None,
        coverage_note: None,
        candidates: Vec::new(),
        stated: Some(stated),
        incomplete: None,
        group: None,
    }
}
