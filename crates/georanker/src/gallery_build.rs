//! Adding a user's own photos to a gallery.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use contract::{Attribution, Encoder, ErrorKind, Failure, Photo, PhotoId, PhotoRecord};
use gallery::{FileStamp, GalleryWriter, HeldPhoto, NewPhoto, PhotoReference, PhotoSource};
use geo::{LatLon, Place, ReverseGeocoder};
use photo::{DecodeOptions, Limits, Sidecars, decode_photo, perceptual_hash, sniff};
use rayon::prelude::*;

use crate::build_times::{BuildTimes, Clocks, Part};
use crate::encode_for_gallery;
use crate::held_photo::{Compared, Difference, given_twice, is_same_place};
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
    /// There before with another place or file, and replaced.
    pub updated: usize,
    /// There before with another place or file, and left as they were.
    pub differing: usize,
    /// Left out; each was told with its reason.
    pub failed: usize,
    /// Whether the run was stopped before the end.
    pub stopped: bool,
    /// Where the time went.
    pub times: BuildTimes,
}

/// What became of one photo.
#[derive(Clone, Debug, PartialEq)]
pub enum PhotoOutcome {
    /// It is in the gallery now.
    Added,
    /// It was there before.
    Present,
    /// It was there with another place or file, and was replaced.
    Updated(Difference),
    /// It was there with another place or file, and is left so.
    Differs(Difference),
    /// It was left out.
    Failed(Failure),
}

/// What a build tells.
#[derive(Debug)]
pub enum BuildEvent<'a> {
    /// So many photos are done, failed ones and those that were there before included.
    Done(usize),
    /// What became of a photo; it has no id where a row of the table is wrong.
    Photo(Option<&'a PhotoId>, &'a PhotoOutcome),
    /// Something odd about a photo that was taken all the same.
    Note(&'a str),
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
    /// How photos are decoded.
    pub decode: DecodeOptions,
    /// Files beside a photo that may state its location.
    pub sidecars: Sidecars,
    /// Whether photos that are there with another place or file are replaced.
    pub update: bool,
}

/// A photo as it was named.
struct Given {
    /// Its id in the table or folder: what is told of it.
    id: PhotoId,
    /// The photo, under the id that the gallery has or will have.
    photo: PhotoToAdd,
    /// The name of its file in the source.
    name: PhotoId,
}

/// A photo of a batch that is to be encoded.
struct Wanted<'a> {
    given: &'a Given,
    /// The one whose place it takes, and what is other now.
    replaces: Option<(HeldPhoto, Difference)>,
}

/// A batch, by what is to be done.
#[derive(Default)]
struct Sorted<'a> {
    /// Nothing: this is what became of them.
    outcomes: Vec<(Option<&'a PhotoId>, PhotoOutcome)>,
    wanted: Vec<Wanted<'a>>,
    /// Rows that name the file of a wanted photo (its position) once more.
    twins: Vec<(usize, &'a Given)>,
    /// Photos that are as they were, with another stamp.
    restamped: Vec<(PhotoId, FileStamp)>,
}

/// Vectors and record of a photo, and what is odd about it.
struct Made {
    new: NewPhoto,
    note: Option<String>,
}

impl GalleryBuilder<'_> {
    /// Adds photos batch by batch, so that memory does not grow with the collection, except by some 30 bytes for each row
    /// of a table where photos are replaced. Photos that fail are left out and told, and so is an entry of `photos` that is a failure itself (a row of a table that is wrong).
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
        // Where this run has put photos, by their files' names: a table that names a photo twice does not update itself.
        // Without `update`, the gallery remembers it.
        let mut seen: HashMap<u64, LatLon> = HashMap::new();
        writer.index_files()?;
        loop {
            if stop.load(Ordering::Relaxed) {
                report.stopped = true;
                break;
            }
            let mut batch: Vec<Result<Given, Failure>> = Vec::with_capacity(BATCH);
            for photo in photos.by_ref().take(BATCH) {
                batch.push(match photo {
                    Ok(photo) => Ok(self.as_held(writer, photo)?),
                    Err(failure) => Err(failure),
                });
            }
            if batch.is_empty() {
                break;
            }
            let Sorted { mut outcomes, wanted, twins, restamped } =
                self.sort_out(writer, &batch, &mut seen)?;
            let encoded = self.encode(&wanted, &clocks);
            encoded_count += encoded.len();
            let (mut new, mut replaced) = (Vec::with_capacity(encoded.len()), Vec::new());
            let mut failures: Vec<Option<Failure>> = Vec::with_capacity(wanted.len());
            for (Wanted { given: Given { id, photo, name }, replaces }, made) in wanted.iter().zip(encoded) {
                let failure = match made {
                    Ok(Made { new: one, note }) => {
                        if let Some(note) = note {
                            tell(BuildEvent::Note(&note));
                        }
                        let outcome = match replaces {
                            Some((_, difference)) => {
                                replaced.push(photo.id.clone());
                                PhotoOutcome::Updated(*difference)
                            }
                            None => PhotoOutcome::Added,
                        };
                        new.push(one);
                        outcomes.push((Some(id), outcome));
                        None
                    }
                    Err(failure) => {
                        seen.remove(&hash_of(name));
                        outcomes.push((Some(id), PhotoOutcome::Failed(failure.clone())));
                        Some(failure)
                    }
                };
                failures.push(failure);
            }
            for (twin, Given { id, photo, .. }) in twins {
                let first = wanted.get(twin).and_then(|one| one.given.photo.location);
                let outcome = match (failures.get(twin).cloned().flatten(), first) {
                    (Some(failure), _) => PhotoOutcome::Failed(failure),
                    (None, Some(first)) => again(first, photo),
                    (None, None) => PhotoOutcome::Present,
                };
                outcomes.push((Some(id), outcome));
            }
            // Only now: a photo that cannot be read does not cost the one that is there.
            let written = clocks.time(Part::Write, || writer.replace(&replaced, &new));
            written?;
            writer.restamp(&restamped)?;
            for (id, outcome) in &outcomes {
                report.count(outcome);
                tell(BuildEvent::Photo(*id, outcome));
            }
            done += batch.len();
            tell(BuildEvent::Done(done));
        }
        report.times = clocks.read(encoded_count, started.elapsed());
        Ok(report)
    }

    /// Decides what is to be done with each photo of a batch.
    fn sort_out<'b>(
        &self,
        writer: &GalleryWriter,
        batch: &'b [Result<Given, Failure>],
        seen: &mut HashMap<u64, LatLon>,
    ) -> Result<Sorted<'b>, Failure> {
        let mut sorted = Sorted::default();
        for given in batch {
            let given = match given {
                Ok(given) => given,
                Err(failure) => {
                    sorted.outcomes.push((None, PhotoOutcome::Failed(failure.clone())));
                    continue;
                }
            };
            let Given { id, photo, name } = given;
            let id = Some(id);
            if let Some(twin) = sorted.wanted.iter().position(|one| one.given.name == *name) {
                sorted.twins.push((twin, given));
                continue;
            }
            let key = hash_of(name);
            if let Some(first) = seen.get(&key) {
                sorted.outcomes.push((id, again(*first, photo)));
                continue;
            }
            match writer.held(&photo.id)? {
                None => sorted.wanted.push(Wanted { given, replaces: None }),
                Some(HeldPhoto { source: Some(other), .. }) if other != self.source => {
                    sorted.outcomes.push((id, PhotoOutcome::Failed(name_taken(&photo.id))));
                    continue;
                }
                Some(held) => match self.compare(photo, &held) {
                    Compared::Same => sorted.outcomes.push((id, PhotoOutcome::Present)),
                    Compared::Restamped(stamp) => {
                        sorted.restamped.push((photo.id.clone(), stamp));
                        sorted.outcomes.push((id, PhotoOutcome::Present));
                    }
                    Compared::Other(difference) if self.update => {
                        sorted.wanted.push(Wanted { given, replaces: Some((held, difference)) });
                    }
                    Compared::Other(difference) => {
                        sorted.outcomes.push((id, PhotoOutcome::Differs(difference)));
                    }
                },
            }
            if let (true, Some(location)) = (self.update, photo.location) {
                seen.insert(key, location);
            }
        }
        Ok(sorted)
    }

    /// Gives a photo the id that it has in the gallery, if its file is there under another spelling of its name.
    fn as_held(&self, writer: &GalleryWriter, mut photo: PhotoToAdd) -> Result<Given, Failure> {
        let (id, name) = (photo.id.clone(), self.photos.name_of(&photo.id));
        if !writer.contains(&photo.id)?
            && let Some(known) = writer.made_of(self.source, &name.0)?
        {
            photo.id = known;
        }
        Ok(Given { id, photo, name })
    }

    /// Reads and decodes photos one by one, encodes them in one batch.
    fn encode(&self, wanted: &[Wanted<'_>], clocks: &Clocks) -> Vec<Result<Made, Failure>> {
        let described: Vec<Result<Described, Failure>> =
            wanted.par_iter().map(|one| self.describe(one, clocks)).collect();
        let good = described.iter().filter_map(|one| one.as_ref().ok());
        let (photos, places): (Vec<&Photo>, Vec<LatLon>) =
            good.map(|one| (&one.photo, one.record.location)).unzip();
        let mut vectors = clocks
            .time_together(Part::Encode, || encode_for_gallery(self.encoder, &photos, &places))
            .into_iter();
        let made = described.iter().map(|one| {
            let Described { record, stamp, note, .. } = one.as_ref().map_err(Clone::clone)?;
            let vectors = vectors.next().unwrap_or_else(|| Err(lost(&record.id.0)))?;
            let path = self.photos.name_of(&record.id).0;
            let reference = PhotoReference::InSource { source: self.source, path };
            let new = NewPhoto { record: record.clone(), vectors, reference, file: Some(*stamp) };
            Ok(Made { new, note: note.clone() })
        });
        made.collect()
    }

    fn describe(&self, wanted: &Wanted<'_>, clocks: &Clocks) -> Result<Described, Failure> {
        let Wanted { given: Given { photo, .. }, replaces } = wanted;
        let name = &photo.id.0;
        let bytes = clocks.time(Part::Read, || self.photos.read(&photo.id))?;
        let (location, note) = match photo.location {
            Some(known) => (known, None),
            None => match (self.stated(&photo.id, &bytes), replaces) {
                // An edited copy without metadata: where it was taken has not changed.
                (Err(why), Some((held, _))) => {
                    let text = format!("{}; {}, as in the gallery, is kept", why.message, held.location);
                    (held.location, Some(text))
                }
                // For a file that is not a photo, its decoder's error says more than the missing location.
                (Err(_), None) if sniff(&bytes).is_none() => {
                    return Err(decode_photo(name, &bytes, &self.limits, self.decode).map_or_else(
                        |failure| failure,
                        |_| Failure::new(ErrorKind::InvalidPhoto, format!("{name}: the file is not a photo")),
                    ));
                }
                (stated, _) => stated?,
            },
        };
        let decoded = clocks.time(Part::Decode, || decode_photo(name, &bytes, &self.limits, self.decode))?;
        let missing = decoded.metadata.incomplete.as_ref();
        let note = note.or_else(|| missing.map(|missing| format!("{name}: {missing}")));
        let (place, hash) = clocks.time(Part::Describe, || {
            let place = photo.place.clone();
            let place = match replaces {
                Some((held, _)) if is_same_place(location, held.location) => place.or(held.place.clone()),
                _ => place,
            };
            let place = place.or(ReverseGeocoder::embedded().place(location));
            (place, perceptual_hash(&decoded.image))
        });
        let mut attribution = photo.attribution.clone();
        if let Some((held, _)) = replaces {
            let Attribution { author, licence, source } = held.attribution.clone();
            attribution.author = attribution.author.or(author);
            attribution.licence = attribution.licence.or(licence);
            attribution.source = attribution.source.or(source);
        }
        let record = PhotoRecord { id: photo.id.clone(), location, place, attribution, hash: Some(hash) };
        let modified = self.state(photo).map_or(0, |(_, time)| time);
        Ok(Described { photo: decoded, record, stamp: FileStamp::of(&bytes, modified), note })
    }
}

/// A decoded photo and what is known about it.
struct Described {
    photo: Photo,
    record: PhotoRecord,
    stamp: FileStamp,
    note: Option<String>,
}

impl AddReport {
    fn count(&mut self, outcome: &PhotoOutcome) {
        let counted = match outcome {
            PhotoOutcome::Added => &mut self.added,
            PhotoOutcome::Present => &mut self.already_present,
            PhotoOutcome::Updated(_) => &mut self.updated,
            PhotoOutcome::Differs(_) => &mut self.differing,
            PhotoOutcome::Failed(_) => &mut self.failed,
        };
        *counted += 1;
    }
}

/// What becomes of a row that names a photo of this run again.
fn again(first: LatLon, second: &PhotoToAdd) -> PhotoOutcome {
    given_twice(first, second).map_or(PhotoOutcome::Present, PhotoOutcome::Differs)
}

/// For remembering many names: two that share a hash are not seen in a lifetime.
fn hash_of(name: &PhotoId) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Ids are paths within a source: a photo of another folder must not pass for one that is there already.
fn name_taken(id: &PhotoId) -> Failure {
    Failure::new(ErrorKind::Usage, format!("{id}: the gallery has a photo of this name from another folder"))
        .with_hint(
            "if it is the same photo, move its folder back or build the gallery anew; else rename it, or give a folder \
             that holds both, so that their paths differ",
        )
}
