//! Where the photos of a gallery were taken: from its directory, or from a photo table.

use std::path::Path;

use contract::{ErrorKind, Failure};
use evaluate::{GalleryPlaces, Selection};
use formats::table::{BadRows, PhotoTable};
use gallery::Gallery;

use crate::progress::note;

/// Reads the places; a selection chooses rows of a table.
///
/// # Errors
/// A gallery or table that cannot be read, a selection that leaves nothing, or one on a gallery directory.
pub(super) fn gallery_places(
    path: &Path,
    selection: &Selection,
    exclude_same_author: bool,
    bad: &mut BadRows<'_>,
    quiet: bool,
) -> Result<GalleryPlaces, Failure> {
    let name = path.display().to_string();
    let usage = |message: String| Failure::new(ErrorKind::Usage, message);
    let mut photos = Vec::new();
    if path.is_dir() {
        if !selection.is_empty() {
            return Err(usage(format!("--gallery-where: {name} is a gallery, not a table"))
                .with_hint("leave --gallery-where out, or give the photo table as --gallery"));
        }
        let gallery = Gallery::open(path, None)?;
        photos.extend(gallery.photos().map(|photo| (photo.location, photo.attribution.author)));
        if photos.is_empty() {
            return Err(Failure::new(ErrorKind::NoCandidates, format!("{name}: the gallery is empty"))
                .with_hint("give a gallery with photos, or leave --gallery out"));
        }
    } else {
        let mut table = PhotoTable::open(path)?;
        for condition in &selection.conditions {
            if !table.columns().iter().any(|column| column.eq_ignore_ascii_case(&condition.column)) {
                let message = format!("--gallery-where: {name} has no column `{}`", condition.column);
                return Err(
                    usage(message).with_hint(format!("its columns are {}", table.columns().join(", ")))
                );
            }
        }
        for row in table.by_ref() {
            match row {
                Ok(row) if selection.fits(&row) => photos.push((row.location, row.author)),
                Ok(_) => {}
                Err(error) => bad.pass(&name, error)?,
            }
        }
        for text in table.notes() {
            note(quiet, &format!("note: {text}"));
        }
        if photos.is_empty() {
            let what = if selection.is_empty() {
                "the table is empty".to_owned()
            } else {
                format!("no row fits --gallery-where {selection}")
            };
            return Err(Failure::new(ErrorKind::InvalidTable, format!("{name}: {what}"))
                .with_hint("give a table with at least one photo of the gallery"));
        }
    }
    Ok(GalleryPlaces::new(name, photos, exclude_same_author))
}
