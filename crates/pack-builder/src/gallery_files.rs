//! The pack's gallery and its index of coordinates.

use std::path::{Component, Path, PathBuf};
use std::sync::atomic::Ordering;

use contract::{Attribution, PhotoRecord};
use gallery::{
    GallerySpec, GalleryWriter, IndexedLocation, LocationIndex, NewPhoto, PhotoReference, PhotoSource,
    SourceSpec, VectorPrecision,
};
use geo::ReverseGeocoder;
use rayon::prelude::*;

use crate::config::PhotosConfig;
use crate::corpus::Corpus;
use crate::field::stored;
use crate::list;
use crate::space::Space;
use crate::{BuildError, Event, Run};

/// Photos in one transaction.
const BATCH: usize = 2048;

/// The directory of the gallery in a pack, and the file of the index.
pub(crate) const GALLERY: &str = "gallery";
pub(crate) const INDEX: &str = "locations.index";

/// Writes the gallery of a pack whose directory will be `pack`.
pub(crate) fn write_gallery(
    directory: &Path,
    (corpus, space): (&Corpus, &Space),
    (config, source): (&PhotosConfig, &dyn PhotoSource),
    (pack, fingerprint): (&Path, &str),
    run: &Run<'_>,
) -> Result<(), BuildError> {
    let location = relative(&config.from, &pack.join(GALLERY))?;
    let spec = GallerySpec {
        name: config.gallery_name.clone(),
        encoder_fingerprint: fingerprint.to_owned(),
        channels: space.channels(),
        precision: VectorPrecision::Int8,
        sources: vec![if config.from.is_dir() {
            SourceSpec::folder(location)
        } else {
            SourceSpec::tar(location)
        }],
    };
    let mut writer = GalleryWriter::create(directory, &spec).map_err(BuildError::part)?;
    // The list does not keep what only a gallery needs: the table is read once more, beside the features.
    let mut wanted = corpus.gallery.iter().copied().peekable();
    let mut batch: Vec<(usize, formats::table::PhotoRow)> = Vec::with_capacity(BATCH);
    let mut done = 0;
    let mut flush = |batch: &mut Vec<(usize, formats::table::PhotoRow)>| -> Result<(), BuildError> {
        if run.stop.load(Ordering::Relaxed) {
            return Err(BuildError::Interrupted);
        }
        let new: Vec<NewPhoto> =
            batch.par_iter().map(|(photo, row)| new_photo(corpus, space, source, *photo, row)).collect();
        writer.add(&new).map_err(BuildError::part)?;
        done += batch.len();
        batch.clear();
        run.tell(Event::Count { done, total: corpus.gallery.len() });
        Ok(())
    };
    // Rows that repeat one exactly are in the list once.
    let mut rows = list::rows(config)?;
    let mut number = 0;
    while let Some(&photo) = wanted.peek() {
        let Some(row) = rows.next() else { break };
        let row = row?;
        if corpus.list.ids.get(number) != Some(&row.id) {
            continue;
        }
        if number == corpus.row(photo) {
            wanted.next();
            batch.push((photo, row));
            if batch.len() == BATCH {
                flush(&mut batch)?;
            }
        }
        number += 1;
    }
    flush(&mut batch)?;
    if wanted.next().is_some() {
        let why = "it changed while the pack was built".to_owned();
        return Err(BuildError::Config { path: config.table.clone(), why });
    }
    writer.finish().map_err(BuildError::part)
}

fn new_photo(
    corpus: &Corpus,
    space: &Space,
    source: &dyn PhotoSource,
    photo: usize,
    row: &formats::table::PhotoRow,
) -> NewPhoto {
    // Tables name the nearest town, across borders too; the geocoder stays in the country, and a photo is then named as
    // its surroundings are in every answer.
    let found = ReverseGeocoder::embedded().place(row.location);
    let place = if found.country.is_some() { found } else { row.place.clone() };
    NewPhoto {
        record: PhotoRecord {
            id: row.id.clone(),
            location: row.location,
            place,
            attribution: Attribution {
                author: row.author.clone(),
                licence: row.licence.clone(),
                source: row.source.clone(),
            },
            hash: Some(corpus.features.hash(photo)),
        },
        vectors: stored(corpus, space, photo),
        reference: PhotoReference::InSource { source: 0, path: source.name_of(&row.id).0 },
        file: None,
    }
}

/// Writes the index over the world's coordinates.
pub(crate) fn write_index(
    path: &Path,
    corpus: &Corpus,
    space: &Space,
    fingerprint: &str,
) -> Result<(), BuildError> {
    let Some(encoded) = &corpus.world_encoded else { return Ok(()) };
    let geocoder = ReverseGeocoder::embedded();
    let points: Vec<IndexedLocation> = corpus
        .world
        .par_iter()
        .map(|&location| IndexedLocation {
            location,
            country_code: geocoder.country_code(location).map(str::to_owned),
        })
        .collect();
    let rows = encoded.all().par_chunks(encoded.width);
    let vectors: Vec<f32> = rows.map(|row| space.place(row)).collect::<Vec<_>>().concat();
    let dimension = vectors.len() / corpus.world.len().max(1);
    let rows = vectors.chunks_exact(dimension.max(1));
    let index = LocationIndex::build(fingerprint, dimension, &points, rows, VectorPrecision::Int8)
        .map_err(BuildError::part)?;
    index.write(path).map_err(BuildError::part)
}

/// The path of the photos as seen from the gallery's directory, which need not be there yet.
fn relative(photos: &Path, gallery: &Path) -> Result<String, BuildError> {
    let photos = photos.canonicalize().map_err(BuildError::io(photos))?;
    let absolute = std::path::absolute(gallery).map_err(BuildError::io(gallery))?;
    let gallery = resolved(&absolute);
    let common = photos.components().zip(gallery.components()).take_while(|(a, b)| a == b).count();
    let up = gallery.components().skip(common).map(|_| "..".to_owned());
    let down = photos.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(up.chain(down).collect::<Vec<_>>().join("/"))
}

/// The path with the part that exists made canonical, and `..` taken out of the rest.
fn resolved(path: &Path) -> PathBuf {
    let known = path.ancestors().find_map(|known| Some((known, known.canonicalize().ok()?)));
    let Some((known, mut base)) = known else { return path.to_owned() };
    for part in path.strip_prefix(known).unwrap_or(Path::new("")).components() {
        match part {
            Component::ParentDir => {
                base.pop();
            }
            Component::Normal(name) => base.push(name),
            _ => {}
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_are_found_from_a_gallery_that_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("data/photos.tar"), "").unwrap();
        let found =
            relative(&folder.path().join("data/photos.tar"), &folder.path().join("packs/mine/gallery"));
        assert_eq!(found.unwrap(), "../../../data/photos.tar");
    }
}
