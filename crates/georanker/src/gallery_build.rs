//! Adding a user's own photos to a gallery.

use std::sync::atomic::{AtomicBool, Ordering};

use contract::{Attribution, ErrorKind, Failure, PhotoId, PhotoRecord};
use gallery::{GalleryWriter, NewPhoto, PhotoReference, PhotoSource};
use geo::{LatLon, Place, ReverseGeocoder};
use nets::geoclip::LocationEncoder;
use nets::photo::{DecodeOptions, Limits, decode};
use rayon::prelude::*;

use crate::PhotoEncoder;
use crate::error::photo_failure;
use crate::gps_tag::gps_tag;
use crate::photo_file::hash_of;

/// Photos in one transaction: what a killed run loses at most.
const BATCH: usize = 32;

/// A photo that a table or a folder names.
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoToAdd {
    /// Id, which is also the path within the photo source.
    pub id: PhotoId,
    /// Where it was taken; `None` reads the photo's own GPS tag.
    pub location: Option<LatLon>,
    /// What is known about the place; missing fields are looked up.
    pub place: Place,
    /// Whom to credit.
    pub attribution: Attribution,
}

/// What became of the photos.
#[derive(Clone, Debug, Default)]
pub struct AddReport {
    /// Added and on disk.
    pub added: usize,
    /// There before; left as they were.
    pub already_present: usize,
    /// Left out, each with its reason.
    pub failures: Vec<(PhotoId, Failure)>,
    /// Whether the run was stopped before the end.
    pub stopped: bool,
}

/// Encodes geotagged photos and writes them into a gallery, batch by batch.
pub struct GalleryBuilder<'a> {
    /// The encoder whose vectors the gallery holds.
    pub encoder: &'a PhotoEncoder,
    /// Encodes the photos' coordinates, where the encoder does not do it by itself.
    pub locations: Option<&'a LocationEncoder>,
    /// Where the photos' bytes come from.
    pub photos: &'a dyn PhotoSource,
    /// The number of that source in the gallery.
    pub source: u32,
    /// What one photo may cost.
    pub limits: Limits,
}

impl GalleryBuilder<'_> {
    /// Adds photos; `progress` hears how many of them are done. Photos that fail are left out and reported.
    ///
    /// # Errors
    /// A [`Failure`] of the gallery itself: busy, damaged, disk full. What was committed before stays.
    pub fn add(
        &self,
        writer: &mut GalleryWriter,
        photos: &[PhotoToAdd],
        stop: &AtomicBool,
        mut progress: impl FnMut(usize),
    ) -> Result<AddReport, Failure> {
        let mut report = AddReport::default();
        let mut done = 0;
        for batch in photos.chunks(BATCH) {
            if stop.load(Ordering::Relaxed) {
                report.stopped = true;
                break;
            }
            let mut wanted = Vec::with_capacity(batch.len());
            for photo in batch {
                match writer.source_of(&photo.id).map_err(|error| Failure::from_error(&error))? {
                    None => wanted.push(photo),
                    Some(Some(other)) if other != self.source => {
                        report.failures.push((photo.id.clone(), name_taken(&photo.id)));
                    }
                    Some(_) => report.already_present += 1,
                }
            }
            let encoded: Vec<Result<NewPhoto, Failure>> =
                wanted.par_iter().map(|photo| self.encode(photo)).collect();
            let mut new = Vec::with_capacity(encoded.len());
            for (photo, outcome) in wanted.iter().zip(encoded) {
                match outcome {
                    Ok(photo) => new.push(photo),
                    Err(failure) => report.failures.push((photo.id.clone(), failure)),
                }
            }
            let written = writer.add(&new).map_err(|error| Failure::from_error(&error))?;
            report.added += written.added;
            report.already_present += written.already_present.len();
            done += batch.len();
            progress(done);
        }
        Ok(report)
    }

    fn encode(&self, photo: &PhotoToAdd) -> Result<NewPhoto, Failure> {
        let name = &photo.id.0;
        let bytes = self.photos.read(&photo.id).map_err(|error| Failure::from_error(&error))?;
        let location = match photo.location {
            Some(known) => known,
            None => gps_tag(name, &bytes)?,
        };
        let image = decode(&bytes, &self.limits, DecodeOptions::default())
            .map_err(|error| photo_failure(name, &error))?;
        let vectors = self.encoder.encode_gallery_photo(name, &image, location, self.locations)?;
        let record = PhotoRecord {
            id: photo.id.clone(),
            location,
            place: photo.place.clone().or(ReverseGeocoder::embedded().place(location)),
            attribution: photo.attribution.clone(),
            hash: Some(hash_of(&image)),
        };
        let reference =
            PhotoReference::InSource { source: self.source, path: self.photos.name_of(&photo.id).0 };
        Ok(NewPhoto { record, vectors, reference })
    }
}

/// Ids are paths within a source: a photo of another folder must not pass for one that is there already.
fn name_taken(id: &PhotoId) -> Failure {
    Failure::new(ErrorKind::Usage, format!("{id}: the gallery has a photo of this name from another folder"))
        .with_hint("rename it, or give a folder that holds both, so that their paths differ")
}
