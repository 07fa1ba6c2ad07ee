//! A gallery's summary, for people and programs.

use contract::Failure;
use gallery::GalleryInfo;
use present::{GalleryView, SourceView};

/// The summary as lines of text or as one JSON object.
///
/// # Errors
/// None but a defect.
pub(crate) fn info(info: GalleryInfo, coverage: String, as_json: bool) -> Result<String, Failure> {
    let sources = info.sources.into_iter().map(|(source, path, present)| SourceView {
        kind: source.kind.as_str().to_owned(),
        location: source.location,
        path: path.display().to_string(),
        present,
    });
    let view = GalleryView {
        authors: info.authors,
        channels: info.channels,
        countries: info.countries,
        coverage,
        database_bytes: info.database_bytes,
        directory: info.directory.display().to_string(),
        encoder_fingerprint: info.encoder_fingerprint,
        format_version: info.format_version,
        generation: info.generation,
        identity: info.identity,
        licences: info.licences,
        name: info.name,
        photos: info.photos,
        precision: info.precision.to_string(),
        sources: sources.collect(),
    };
    Ok(if as_json { view.to_json()? } else { view.to_text() })
}
