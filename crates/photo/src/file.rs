//! From a file to a [`Photo`].

use std::fs::File;
use std::io::Read;
use std::path::Path;

use contract::{ErrorKind, Failure, Metadata, Photo};

use crate::{DecodeOptions, Limits, decode_and_measure, stated_location};

/// Reads a photo's bytes within the size limit.
///
/// # Errors
/// A [`Failure`] that names the file: it does not exist, cannot be read, or is too large.
pub fn read_photo_bytes(path: &Path, limits: &Limits) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new(ErrorKind::NotFound, format!("{name}: no such file")),
        std::io::ErrorKind::PermissionDenied => {
            Failure::new(ErrorKind::Unreadable, format!("{name}: permission denied"))
                .with_hint("check the file's permissions")
        }
        _ => Failure::new(ErrorKind::Unreadable, format!("{name}: {error}")),
    };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    limits.check_file_bytes(length).map_err(|error| error.named(&name))?;
    let mut bytes = Vec::with_capacity(length as usize);
    // A file that grows while it is read is cut at the limit and fails to decode.
    file.take(limits.max_file_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Decodes a photo and reads its metadata. `name` is its id in every output.
///
/// # Errors
/// A [`Failure`] that names the photo.
pub fn decode_photo(
    name: &str,
    bytes: &[u8],
    limits: &Limits,
    options: DecodeOptions,
) -> Result<Photo, Failure> {
    let (image, completeness) =
        decode_and_measure(bytes, limits, options).map_err(|error| error.named(name))?;
    let metadata = Metadata {
        location: stated_location(bytes).ok().map(|stated| stated.location),
        incomplete: (!completeness.is_complete()).then(|| completeness.to_string()),
    };
    Ok(Photo { metadata, ..Photo::new(name, image) })
}
