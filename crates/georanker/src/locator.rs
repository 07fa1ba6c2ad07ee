//! The pipeline: encode, retrieve, rank, decide.

mod estimate;
mod judge;
mod references;
mod written;

use std::borrow::Borrow;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use contract::{
    Candidate, Channel, Decide, Encoder, ErrorKind, Estimate, Failure, Filter, Locate, LocateOptions,
    Neighbour, Photo, PhotoId, Query, QueryEmbedding, Ranker, RetrievalOptions, Search, SearchRequest,
};
use gallery::Gallery;
use geo::{LatLon, Place};
use rank::set::{SetRanker, WEIGHTS_FILE};
use rank::{Calibration, SimilarityRanker, assemble};
use rayon::prelude::*;

use crate::pack::{FusedManifest, Pack, RankerManifest, RetrievalManifest, SetManifest};
use crate::retrieval::{
    FusedSearch, Thinning, add_similarities, fused_search, hub_corrected, is_fused, merge,
};
use crate::{PackError, Parts, PhotoEncoder};

pub use judge::Judge;
pub use written::LocationSpace;

/// Answers "where was this taken?" with a model pack.
pub struct Locator {
    label: String,
    gallery_label: String,
    parts: Parts,
    retrieval: Vec<RetrievalManifest>,
    fused: Option<FusedManifest>,
    ranker: Arc<dyn Ranker>,
    temperature: f64,
    rule: Decide,
    calibration: Calibration,
    coverage: OnceLock<String>,
    joining: Option<written::Joining>,
    judge: Option<Arc<Judge>>,
}

/// What the pipeline knows about one photo before deciding.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// The candidates.
    pub set: contract::CandidateSet,
    /// Their scores.
    pub ranking: contract::Ranking,
}

impl Locator {
    /// Opens a pack with its own gallery.
    ///
    /// # Errors
    /// [`PackError`] for anything missing, damaged or unfitting.
    pub fn open(directory: &Path) -> Result<Self, PackError> {
        let pack = Pack::open(directory)?;
        let parts = Parts::open(&pack, None)?;
        Self::from_parts(&pack, parts)
    }

    /// Opens a pack with another gallery in place of its own.
    ///
    /// # Errors
    /// As [`Locator::open`]; also when the gallery was made with another encoder.
    pub fn open_with_gallery(directory: &Path, gallery: &Path) -> Result<Self, PackError> {
        let pack = Pack::open(directory)?;
        let parts = Parts::open(&pack, Some(gallery))?;
        Self::from_parts(&pack, parts)
    }

    /// Puts a locator together.
    ///
    /// # Errors
    /// [`PackError::Part`] if the ranker's settings are broken.
    pub fn from_parts(pack: &Pack, parts: Parts) -> Result<Self, PackError> {
        let manifest = pack.manifest();
        let ranker: Arc<dyn Ranker> = match &manifest.ranker {
            RankerManifest::Similarity(settings) => Arc::new(SimilarityRanker::new(settings.clone())?),
            RankerManifest::Set(files) => Arc::new(open_set_ranker(pack, files)?),
        };
        Ok(Self {
            label: pack.label(),
            gallery_label: label_of(&parts),
            parts,
            retrieval: manifest.retrieval.clone(),
            fused: manifest.fused.clone(),
            ranker,
            temperature: manifest.decision.temperature,
            rule: manifest.decision.rule.into(),
            calibration: manifest.calibration.clone(),
            coverage: OnceLock::new(),
            joining: None,
            judge: None,
        })
    }

    /// The same with another ranker.
    #[must_use]
    pub fn with_ranker(mut self, ranker: Arc<dyn Ranker>) -> Self {
        self.ranker = ranker;
        self
    }

    /// The ranker.
    pub fn ranker(&self) -> &dyn Ranker {
        self.ranker.as_ref()
    }

    /// The photo encoder.
    pub fn encoder(&self) -> &Arc<PhotoEncoder> {
        &self.parts.encoder
    }

    /// The gallery.
    pub fn gallery(&self) -> &Gallery {
        &self.parts.gallery
    }

    /// Name of the gallery, for outputs.
    pub fn gallery_label(&self) -> &str {
        &self.gallery_label
    }

    /// The bytes of a gallery photo, where its source is at hand.
    pub fn photo_bytes(&self, id: &PhotoId) -> Option<Vec<u8>> {
        // Evidence that cannot be shown is no reason to fail: the answer stands without its picture.
        self.parts.gallery.photo_bytes(id).ok().flatten()
    }

    /// The rule that the pack decides by.
    pub const fn rule(&self) -> Decide {
        self.rule
    }

    /// Whether a request names only what this gallery has: a channel to fuse that it lacks would fail every photo of a
    /// run, after each was encoded.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the channel.
    pub fn check(&self, options: &LocateOptions) -> Result<(), Failure> {
        let Some(fused) = fused_search(self.fused.as_ref(), &self.retrieval, &options.retrieval) else {
            return Ok(());
        };
        // A search for nothing finds nothing, but complains of what every other would.
        let plain = RetrievalOptions { hubness: 0.0, ..options.retrieval.clone() };
        fused.find::<Photo>(&self.parts.gallery, &[], &[], &plain).map(|_| ())
    }

    /// Candidates of encoded photos, ranked, not yet decided.
    ///
    /// # Errors
    /// One [`Failure`] a photo: nothing is left to search, or the ranker refuses.
    pub fn rank<P: Borrow<Photo>>(
        &self,
        photos: &[(P, QueryEmbedding)],
        options: &LocateOptions,
    ) -> Vec<Result<Ranked, Failure>> {
        self.rank_with(photos, &[], options)
    }

    /// [`Locator::rank`] with candidates from elsewhere: a list a photo, or none at all.
    ///
    /// # Errors
    /// As there.
    pub fn rank_with<P: Borrow<Photo>>(
        &self,
        photos: &[(P, QueryEmbedding)],
        written: &[Vec<Candidate>],
        options: &LocateOptions,
    ) -> Vec<Result<Ranked, Failure>> {
        // All photos are searched at once, and a vector that cannot be searched with would fail them all.
        let unfit: Vec<Option<Failure>> =
            photos.iter().map(|(photo, vectors)| self.unfit(photo.borrow(), vectors, options)).collect();
        if unfit.iter().all(Option::is_none) {
            return self.rank_fit(photos, written, options);
        }
        let fit = |index: usize| unfit.get(index).is_none_or(Option::is_none);
        let good: Vec<(&Photo, QueryEmbedding)> = (0..)
            .zip(photos)
            .filter(|(index, _)| fit(*index))
            .map(|(_, (photo, vectors))| (photo.borrow(), vectors.clone()))
            .collect();
        let lists: Vec<Vec<Candidate>> =
            (0..).zip(written).filter(|(index, _)| fit(*index)).map(|(_, list)| list.clone()).collect();
        let mut answers = self.rank_fit(&good, &lists, options).into_iter();
        let each = photos.iter().zip(&unfit);
        each.map(|((photo, _), unfit)| match unfit {
            Some(failure) => Err(failure.clone()),
            None => answers.next().unwrap_or_else(|| Err(lost(&photo.borrow().id.0))),
        })
        .collect()
    }

    /// What is wrong with a photo's vectors, for the searches of this request.
    fn unfit(&self, photo: &Photo, vectors: &QueryEmbedding, options: &LocateOptions) -> Option<Failure> {
        let retrieval = &options.retrieval;
        let fused = fused_search(self.fused.as_ref(), &self.retrieval, retrieval);
        let together = fused.iter().flat_map(FusedSearch::channels);
        // A channel that the gallery lacks is the request's fault, not the photo's.
        let together = together.filter(|channel| self.parts.gallery.matrix(channel).is_some());
        let searched = self.retrieval.iter().map(|wanted| &wanted.channel);
        let searched =
            searched.filter(|channel| self.indexes(channel, retrieval).iter().any(Option::is_some));
        searched.chain(together).find_map(|channel| {
            let why = match vectors.get(channel) {
                None => "there is no vector".to_owned(),
                Some(vector) => {
                    let specs = self.parts.encoder.channels();
                    let spec = specs.iter().find(|spec| spec.channel == *channel)?;
                    (vector.len() != spec.dimension)
                        .then(|| format!("a vector of {} numbers, not {}", vector.len(), spec.dimension))?
                }
            };
            let message = format!("{}, channel {channel}: {why}", photo.id);
            Some(Failure::new(ErrorKind::BrokenModel, message))
        })
    }

    /// [`Locator::rank_with`] of photos whose vectors are all there.
    fn rank_fit<P: Borrow<Photo>>(
        &self,
        photos: &[(P, QueryEmbedding)],
        written: &[Vec<Candidate>],
        options: &LocateOptions,
    ) -> Vec<Result<Ranked, Failure>> {
        let filters: Vec<Result<Filter, Failure>> =
            photos.iter().map(|(photo, _)| filter_for(photo.borrow(), options)).collect();
        let mut found: Vec<Vec<(Channel, Vec<Neighbour>)>> = vec![Vec::new(); photos.len()];
        let fused = fused_search(self.fused.as_ref(), &self.retrieval, &options.retrieval);
        let tops: Vec<usize> =
            self.retrieval.iter().chain(fused.iter().map(|fused| &fused.search)).map(|one| one.top).collect();
        let searches = self.retrieval.iter().map(|wanted| (wanted.channel.clone(), None, wanted));
        let together = fused.iter().map(|fused| (fused.search.channel.clone(), Some(fused), &fused.search));
        for (channel, fused, wanted) in searches.chain(together) {
            let found_here = match fused {
                None => self.search(wanted, photos, &filters, options),
                Some(fused) => fused.find(&self.parts.gallery, photos, &filters, &options.retrieval),
            };
            match found_here {
                Ok(results) => {
                    for (photo, neighbours) in found.iter_mut().zip(results) {
                        photo.push((channel.clone(), neighbours));
                    }
                }
                Err(failure) => return photos.iter().map(|_| Err(failure.clone())).collect(),
            }
        }
        let each = photos.iter().zip(filters).zip(found).enumerate();
        each.map(|(index, (((photo, embedding), filter), mut results))| {
            filter?;
            Thinning::of(&options.retrieval).thin(&mut results, &tops);
            let photo: &Photo = photo.borrow();
            let mut set = assemble(photo.id.clone(), embedding.clone(), results);
            if let Some(fused) = &fused {
                add_similarities(&mut set, fused, &self.parts.gallery);
            }
            if self.ranker.needs_vectors() {
                self.parts.attach_vectors(&mut set.candidates);
            }
            if let Some(written) = written.get(index) {
                self.add_written(&mut set, written, options);
            }
            if set.candidates.is_empty() {
                return Err(nothing_left(&photo.id.0, options, self.parts.gallery.photo_count()));
            }
            let ranking = self.ranker.rank(&set)?;
            self.judged(photo, Ranked { set, ranking })
        })
        .collect()
    }

    /// One channel's neighbours of each photo, merged over the indexes. Photos without a filter are searched
    /// too (with an empty one), so that results stay aligned.
    fn search<P: Borrow<Photo>>(
        &self,
        wanted: &RetrievalManifest,
        photos: &[(P, QueryEmbedding)],
        filters: &[Result<Filter, Failure>],
        options: &LocateOptions,
    ) -> Result<Vec<Vec<Neighbour>>, Failure> {
        let retrieval = &options.retrieval;
        let top = Thinning::of(retrieval).depth(wanted.top);
        let everything = Filter::default();
        let indexes = self.indexes(&wanted.channel, retrieval);
        let mut lists: Vec<Vec<Vec<Neighbour>>> = vec![Vec::new(); photos.len()];
        let used = indexes.into_iter().enumerate();
        for (number, index) in used.filter_map(|(number, index)| Some((number, index?))) {
            let queries = photos
                .iter()
                .zip(filters)
                .map(|((photo, embedding), filter)| {
                    let vector = embedding.get(&wanted.channel).ok_or_else(|| {
                        let message =
                            format!("{}: the encoder has no channel {}", photo.borrow().id, wanted.channel);
                        Failure::new(ErrorKind::BrokenModel, message)
                    })?;
                    Ok(Query { vector, filter: filter.as_ref().unwrap_or(&everything) })
                })
                .collect::<Result<Vec<_>, Failure>>()?;
            let request = SearchRequest { channel: &wanted.channel, top, queries };
            let results = if number == 0 && retrieval.hubness != 0.0 {
                hub_corrected(&self.parts.gallery, &request, retrieval.hubness)?
            } else {
                pollster::block_on(index.search(request))?
            };
            for (all, new) in lists.iter_mut().zip(results) {
                all.push(new);
            }
        }
        Ok(lists.into_iter().map(|lists| merge(lists, top)).collect())
    }

    /// Where a channel is searched: the gallery, unless that is searched in several channels at once, and lists of
    /// coordinates; nothing for what is empty.
    fn indexes(&self, channel: &Channel, retrieval: &RetrievalOptions) -> [Option<&dyn Search>; 3] {
        let Parts { gallery, locations, more_locations, .. } = &self.parts;
        let all: [Option<&dyn Search>; 3] = [
            (!is_fused(channel, retrieval)).then_some(gallery.as_ref() as &dyn Search),
            Some(locations.as_ref()),
            more_locations.as_deref().map(|index| index as &dyn Search),
        ];
        all.map(|index| index.filter(|one| !one.is_empty(channel)))
    }

    /// What part of the world the gallery covers.
    pub fn coverage_note(&self) -> &str {
        self.coverage.get_or_init(|| {
            let places: Vec<(LatLon, Place)> =
                self.parts.gallery.photos().map(|record| (record.location, record.place)).collect();
            match self.parts.locations.location_count() {
                0 => geo::coverage_note(&places),
                _ if places.is_empty() => format!("{}, no photos", label_of(&self.parts)),
                _ => geo::coverage_note(&places),
            }
        })
    }

    /// Answers for photos that are encoded already.
    pub fn locate_encoded<P: Borrow<Photo>>(
        &self,
        photos: &[(P, QueryEmbedding)],
        options: &LocateOptions,
    ) -> Vec<Result<Estimate, Failure>> {
        self.locate_encoded_with(photos, &[], options)
    }

    /// [`Locator::locate_encoded`] with candidates from elsewhere: a list a photo, or none at all.
    pub fn locate_encoded_with<P: Borrow<Photo>>(
        &self,
        photos: &[(P, QueryEmbedding)],
        written: &[Vec<Candidate>],
        options: &LocateOptions,
    ) -> Vec<Result<Estimate, Failure>> {
        let ranked = self.rank_with(photos, written, options);
        ranked.into_iter().map(|one| one.and_then(|ranked| self.estimate(&ranked, options))).collect()
    }
}

/// Reads the set ranker of a pack.
///
/// # Errors
/// [`PackError`] for files that are missing, damaged, or do not fit together.
pub fn open_set_ranker(pack: &Pack, files: &SetManifest) -> Result<SetRanker, PackError> {
    let config = String::from_utf8_lossy(&pack.read(&files.config)?).into_owned();
    let folder = files.weights.strip_suffix(WEIGHTS_FILE).unwrap_or(&files.weights);
    Ok(SetRanker::from_files(folder, &config, &pack.read(&files.weights)?)?)
}

impl Locate for Locator {
    fn name(&self) -> String {
        self.label.clone()
    }

    fn locate(&self, photos: &[Photo], options: &LocateOptions) -> Vec<Result<Estimate, Failure>> {
        let encoded: Vec<Result<(&Photo, QueryEmbedding), Failure>> = photos
            .par_iter()
            .map(|photo| Ok((photo, self.parts.encoder.encode_image(&photo.id.0, &photo.image)?)))
            .collect();
        let good: Vec<(&Photo, QueryEmbedding)> =
            encoded.iter().filter_map(|one| one.as_ref().ok().cloned()).collect();
        let mut answers = self.locate_encoded(&good, options).into_iter();
        encoded
            .into_iter()
            .map(|one| one.and_then(|(photo, _)| answers.next().unwrap_or_else(|| Err(lost(&photo.id.0)))))
            .collect()
    }
}

/// What is searched, in words.
fn label_of(parts: &Parts) -> String {
    let photos = parts.gallery.photo_count();
    let more = parts.more_locations.as_ref().map_or(0, |more| more.location_count());
    match parts.locations.location_count() + more {
        places if photos == 0 && places > 0 => format!("{places} coordinates"),
        _ => format!("{} ({photos} photos)", parts.gallery.name()),
    }
}

/// A defect: fewer answers than photos.
pub(crate) fn lost(name: &str) -> Failure {
    Failure::new(ErrorKind::Internal, format!("{name}: the answer was lost"))
}

fn filter_for(photo: &Photo, options: &LocateOptions) -> Result<Filter, Failure> {
    let mut filter = Filter { region: options.region.clone(), ..Filter::default() };
    if options.exclude.same_author {
        filter.exclude_authors.extend(photo.author.clone());
    }
    if options.exclude.near_duplicate {
        filter.exclude_near = Some(perceptual_hash(&photo.image));
    }
    Ok(filter)
}

/// Why no candidate is left of a gallery of so many photos.
fn nothing_left(name: &str, options: &LocateOptions, photos: usize) -> Failure {
    let excluded = match (options.exclude.same_author, options.exclude.near_duplicate) {
        (true, true) => "same-author, near-duplicate",
        (true, false) => "same-author",
        (false, true) => "near-duplicate",
        (false, false) => "",
    };
    if !excluded.is_empty() && photos > 0 {
        let inside = if options.region.is_some() { " in this region" } else { "" };
        let message = format!("{name}: --exclude {excluded} leaves nothing of the gallery{inside}");
        Failure::new(ErrorKind::NoCandidates, message)
            .with_hint("exclude less, or name a gallery with photos of other authors and places")
    } else if options.region.is_some() {
        Failure::new(ErrorKind::NoCandidates, format!("{name}: the gallery has nothing in this region"))
            .with_hint("widen --region, or build a gallery of your own with `georanker gallery build` and name it with --gallery")
    } else {
        Failure::new(ErrorKind::NoCandidates, format!("{name}: the gallery is empty"))
            .with_hint("build a gallery with `georanker gallery build` and name it with --gallery")
    }
}
