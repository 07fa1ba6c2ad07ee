//! Adding a user's own photos to a gallery.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use contract::{Attribution, Encoder, ErrorKind, Failure, Photo, PhotoId, PhotoRecord};
use gallery::{GalleryWriter, NewPhoto, PhotoReference, PhotoSource};
use geo::{LatLon, Place, ReverseGeocoder};
use photo::{DecodeOptions, Limits, decode_photo, gps_tag, perceptual_hash};
use rayon::prelude::*;

use crate::build_times::{BuildTimes, Clocks, Part};
use crate::encode_for_gallery;
use crate::pipeline::lost;

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
    /// Left out; each was told with its reason.
    pub failed: usize,
    /// Whether the run was stopped before the end.
    pub stopped: bool,
    /// Where the time went.
    pub times: BuildTimes,
}

/// What a build tells.
#[derive(Debug)]
pub enum BuildEvent<'a> {
    /// So many photos are done, failed ones and those that were there before included.
    Done(usize),
    /// A photo that was left out.
    Failed(&'a Failure),
}

/// Encodes geotagged photos and writes them into a gallery, batch by batch.
pub struct GalleryBuilder<'a> {
    /// The encoder whose vectors the gallery holds.
    pub encoder: &'a dyn Encoder,
    /// Where the photos' bytes come from.
    pub photos: &'a dyn PhotoSource,
    /// The number of that source in the gallery.
    pub source: u32,
    /// What one photo may cost.
    pub limits: Limits,
}

impl GalleryBuilder<'_> {
    /// Adds photos batch by batch, so that memory does not grow with the collection. Photos that fail are left out and
    /// told, and so is an entry of `photos` that is a failure itself (a row of a table that is wrong).
    ///
    /// Batches are cut by position, whatever was there before: a run that resumes a killed one writes the
    /// same transactions, and ends with the same gallery.
    ///
    /// # Errors
    /// A [`Failure`] of the gallery itself: busy, damaged, disk full. What was committed before stays.
    pub fn add(
        &self,
        writer: &mut GalleryWriter,
        photos: impl IntoIterator<Item = Result<PhotoToAdd, Failure>>,
        stop: &AtomicBool,
        mut tell: impl FnMut(BuildEvent<'_>),
    ) -> Result<AddReport, Failure> {
        let mut report = AddReport::default();
        let (clocks, started) = (Clocks::default(), Instant::now());
        let mut photos = photos.into_iter();
        let (mut done, mut encoded_count) = (0, 0);
        loop {
            if stop.load(Ordering::Relaxed) {
                report.stopped = true;
                break;
            }
            let batch: Vec<Result<PhotoToAdd, Failure>> = photos.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let mut failed = |report: &mut AddReport, failure: &Failure| {
                report.failed += 1;
                tell(BuildEvent::Failed(failure));
            };
            let mut wanted = Vec::with_capacity(batch.len());
            for photo in &batch {
                let photo = match photo {
                    Ok(photo) => photo,
                    Err(failure) => {
                        failed(&mut report, failure);
                        continue;
                    }
                };
                match writer.source_of(&photo.id)? {
                    None => wanted.push(photo),
                    Some(Some(other)) if other != self.source => {
                        failed(&mut report, &name_taken(&photo.id));
                    }
                    Some(_) => report.already_present += 1,
                }
            }
            let encoded = self.encode(&wanted, &clocks);
            encoded_count += encoded.len();
            let mut new = Vec::with_capacity(encoded.len());
            for outcome in encoded {
                match outcome {
                    Ok(photo) => new.push(photo),
                    Err(failure) => failed(&mut report, &failure),
                }
            }
            let written = clocks.time(Part::Write, || writer.add(&new));
            let written = written?;
            report.added += written.added;
            report.already_present += written.already_present.len();
            done += batch.len();
            tell(BuildEvent::Done(done));
        }
        report.times = clocks.read(encoded_count, started.elapsed());
        Ok(report)
    }

    /// Reads and decodes photos one by one, encodes them in one batch.
    fn encode(&self, wanted: &[&PhotoToAdd], clocks: &Clocks) -> Vec<Result<NewPhoto, Failure>> {
        let described: Vec<Result<(Photo, PhotoRecord), Failure>> =
            wanted.par_iter().map(|photo| self.describe(photo, clocks)).collect();
        let good = described.iter().filter_map(|one| one.as_ref().ok());
        let (photos, places): (Vec<&Photo>, Vec<LatLon>) =
            good.map(|(photo, record)| (photo, record.location)).unzip();
        let mut vectors = clocks
            .time_together(Part::Encode, || encode_for_gallery(self.encoder, &photos, &places))
            .into_iter();
        let new = described.iter().map(|one| {
            let (_, record) = one.as_ref().map_err(Clone::clone)?;
            let vectors = vectors.next().unwrap_or_else(|| Err(lost(&record.id.0)))?;
            let path = self.photos.name_of(&record.id).0;
            let reference = PhotoReference::InSource { source: self.source, path };
            Ok(NewPhoto { record: record.clone(), vectors, reference })
        });
        new.collect()
    }

    fn describe(&self, photo: &PhotoToAdd, clocks: &Clocks) -> Result<(Photo, PhotoRecord), Failure> {
        let name = &photo.id.0;
        let bytes = clocks.time(Part::Read, || self.photos.read(&photo.id))?;
        let location = match photo.location {
            Some(known) => known,
            None => gps_tag(name, &bytes)?,
        };
        let decoded = clocks
            .time(Part::Decode, || decode_photo(name, &bytes, &self.limits, DecodeOptions::default()))?;
        let (place, hash) = clocks.time(Part::Describe, || {
            let place = photo.place.clone().or(ReverseGeocoder::embedded().place(location));
            (place, perceptual_hash(&decoded.image))
        });
        let attribution = photo.attribution.clone();
        let record = PhotoRecord { id: photo.id.clone(), location, place, attribution, hash: Some(hash) };
        Ok((decoded, record))
    }
}

/// Ids are paths within a source: a photo of another folder must not pass for one that is there already.
fn name_taken(id: &PhotoId) -> Failure {
    Failure::new(ErrorKind::Usage, format!("{id}: the gallery has a photo of this name from another folder"))
        .with_hint("rename it, or give a folder that holds both, so that their paths differ")
}
