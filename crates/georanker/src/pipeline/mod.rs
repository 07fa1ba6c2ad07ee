//! The pipeline: encode, retrieve, generate, rank, decide. One path for a single photo, a batch, an evaluation and a
//! server.
//!
//! ```text
//! QueryPhoto --Encoder--> EncodedPhoto --Search...--> CandidateSet --Ranker--> Ranked --reranker--> Ranked --> Estimate
//!                  CandidateSource (a model, a file) ------^
//! ```

mod album;
mod batch;
mod confidence;
mod encode;
mod estimate;
mod gather;
mod generated;
mod query;
mod references;
#[cfg(feature = "lvlm")]
mod rerank;
mod retrieve;
mod thin;
mod together;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use contract::{
    Cancel, CandidateSet, Decide, Encoder, ErrorKind, Estimate, Failure, Filter, Locate, LocateOptions,
    LocateRequest, PhotoId, Ranker, Ranking, Search,
};
use photo::perceptual_hash;
use rank::set::{SetRanker, WEIGHTS_FILE};
use rank::{Calibration, SimilarityRanker, assemble};
use rayon::prelude::*;

use crate::pack::{
    FusedManifest, LeastSimilarity, Pack, RankerManifest, RetrievalManifest, SetManifest, find_pack,
};
use crate::{PackError, Parts};

pub use album::locate_album;
pub use batch::{BatchEnd, BatchOptions, Located, locate_files};
use confidence::LearnedConfidence;
pub use encode::EncodedPhoto;
#[cfg(feature = "train")]
pub(crate) use encode::no_content;
use encode::{Beside, Encoded};
pub use generated::CandidateSource;
use generated::{Generated, Source};
pub use query::QueryPhoto;
#[cfg(feature = "lvlm")]
pub use rerank::Reranker;
pub use together::locate_together;

/// Answers "where was this taken?" with a model pack.
///
/// It knows its parts by their contracts only: any [`Encoder`], any number of [`Search`]es over its vectors, any
/// [`Ranker`]. Clones share these parts.
#[derive(Clone)]
pub struct Locator {
    label: String,
    encoder: Arc<dyn Encoder>,
    /// The gallery first, then lists of coordinates.
    searches: Vec<Arc<dyn Search>>,
    retrieval: Vec<RetrievalManifest>,
    fused: Option<FusedManifest>,
    ranker: Arc<dyn Ranker>,
    temperature: f64,
    rule: Decide,
    calibration: Calibration,
    confidence: Option<LearnedConfidence>,
    least_similarity: Option<LeastSimilarity>,
    coverage: OnceLock<String>,
    sources: Vec<Source>,
    reranker: Option<Arc<dyn Rerank>>,
}

/// A second ranker over the best candidates of the first.
pub(crate) trait Rerank: Send + Sync {
    /// The candidates it keeps, with its own scores; `searches` have the pixels of gallery photos.
    fn rerank(
        &self,
        photo: &EncodedPhoto,
        searches: &[Arc<dyn Search>],
        ranked: Ranked,
    ) -> Result<Ranked, Failure>;
}

/// What the pipeline knows about one photo before deciding.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// The candidates.
    pub set: CandidateSet,
    /// Their scores.
    pub ranking: Ranking,
    /// All that were found, where a reranker kept only some of them.
    pub searched: Option<CandidateSet>,
}

impl Locator {
    /// Opens the pack in the usual place: `GEORANKER_PACK`, beside the program, or `packs/starter`.
    ///
    /// # Errors
    /// [`PackError::NotFound`] with the places looked at; as [`Locator::open`].
    pub fn open_default() -> Result<Self, PackError> {
        let asked = std::env::var_os("GEORANKER_PACK");
        Self::open(&find_pack(asked.as_deref().map(Path::new))?)
    }

    /// Opens a pack with its own gallery.
    ///
    /// # Errors
    /// [`PackError`] for anything missing, damaged or unfitting.
    pub fn open(directory: &Path) -> Result<Self, PackError> {
        let pack = Pack::open(directory)?;
        let parts = Parts::open(&pack, None)?;
        Self::from_parts(&pack, parts)
    }

    /// Puts a locator together from the parts of a pack.
    ///
    /// # Errors
    /// [`PackError::Part`] if the ranker's settings are broken.
    pub fn from_parts(pack: &Pack, parts: Parts) -> Result<Self, PackError> {
        let Parts { encoder, gallery, locations, more_locations } = parts;
        let mut searches: Vec<Arc<dyn Search>> = vec![gallery, locations];
        if let Some(more) = more_locations {
            searches.push(more);
        }
        Self::new(pack, encoder, searches)
    }

    /// Puts a locator together from any encoder and any searches over its vectors, the gallery first; retrieval, ranker
    /// and calibration are the pack's.
    ///
    /// # Errors
    /// [`PackError::Part`] if the ranker's settings are broken.
    pub fn new(
        pack: &Pack,
        encoder: Arc<dyn Encoder>,
        searches: Vec<Arc<dyn Search>>,
    ) -> Result<Self, PackError> {
        let manifest = pack.manifest();
        let ranker: Arc<dyn Ranker> = match &manifest.ranker {
            RankerManifest::Similarity(settings) => Arc::new(SimilarityRanker::new(settings.clone())?),
            RankerManifest::Set(files) => Arc::new(open_set_ranker(pack, files)?),
            RankerManifest::Evidence(evidence) => Arc::new(confidence::open_evidence_ranker(pack, evidence)?),
        };
        Ok(Self {
            label: pack.label(),
            encoder,
            searches,
            retrieval: manifest.retrieval.clone(),
            fused: manifest.fused.clone(),
            ranker,
            temperature: manifest.decision.temperature,
            rule: manifest.decision.rule.into(),
            calibration: manifest.calibration.clone(),
            confidence: manifest
                .confidence
                .as_ref()
                .map(|names| LearnedConfidence::open(pack, names))
                .transpose()?,
            least_similarity: manifest.decision.least_similarity.clone(),
            coverage: OnceLock::new(),
            sources: Vec::new(),
            reranker: None,
        })
    }

    /// The same with another ranker.
    #[must_use]
    pub fn with_ranker(mut self, ranker: Arc<dyn Ranker>) -> Self {
        self.ranker = ranker;
        self
    }

    /// The same with candidates from elsewhere as well: those within `merge_within_m` metres of another candidate are
    /// merged with it.
    ///
    /// # Errors
    /// A [`Failure`] of the encoder's location space, which gives generated coordinates their similarity.
    pub fn with_source(
        mut self,
        candidates: Arc<dyn CandidateSource>,
        merge_within_m: f64,
    ) -> Result<Self, Failure> {
        // No place at all: what is broken is found before any photo is encoded.
        self.encoder.encode_places(&[])?;
        self.sources.push(Source { candidates, merge_within_m });
        Ok(self)
    }

    /// The ranker.
    pub fn ranker(&self) -> &dyn Ranker {
        self.ranker.as_ref()
    }

    /// The photo encoder.
    pub fn encoder(&self) -> &Arc<dyn Encoder> {
        &self.encoder
    }

    /// What is searched, the gallery first.
    pub fn searches(&self) -> &[Arc<dyn Search>] {
        &self.searches
    }

    /// What is searched, in words.
    pub fn gallery_label(&self) -> String {
        let holdings: Vec<_> = self.searches.iter().map(|search| search.holdings()).collect();
        let coordinates: usize = holdings.iter().map(|one| one.coordinates).sum();
        match holdings.first() {
            Some(gallery) if gallery.photos > 0 || coordinates == 0 => {
                format!("{} ({} photos)", gallery.name, gallery.photos)
            }
            _ => format!("{coordinates} coordinates"),
        }
    }

    /// The bytes of a gallery photo, where its source is at hand.
    pub fn photo_bytes(&self, id: &PhotoId) -> Option<Vec<u8>> {
        // Evidence that cannot be shown is not an error: the answer is kept without its picture.
        self.searches.iter().find_map(|search| search.photo_bytes(id).ok().flatten())
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
        let plan = retrieve::plan(&self.retrieval, self.fused.as_ref(), &options.retrieval);
        for fused in plan.iter().filter(|search| search.fused) {
            // A search for nothing finds nothing, but complains of what every other would.
            self.search(fused, &[], 0, &options.retrieval)?;
        }
        Ok(())
    }

    /// Candidates of encoded photos, ranked, not yet decided.
    ///
    /// # Errors
    /// One [`Failure`] per photo: nothing is left to search, or the ranker refuses.
    pub fn rank(&self, photos: &[EncodedPhoto], options: &LocateOptions) -> Vec<Result<Ranked, Failure>> {
        let (cancel, generated) = (&Cancel::default(), &Generated::new());
        let asked: Vec<Asked<'_>> =
            photos.iter().map(|photo| Asked { photo, options, cancel, generated }).collect();
        self.rank_each(&asked)
    }

    /// Answers for photos that are encoded already.
    pub fn locate_encoded(
        &self,
        photos: &[EncodedPhoto],
        options: &LocateOptions,
    ) -> Vec<Result<Estimate, Failure>> {
        let ranked = self.rank(photos, options);
        let each = photos.iter().zip(ranked);
        each.map(|(photo, ranked)| self.estimate(photo, ranked?, options)).collect()
    }

    /// Retrieval, generated candidates, ranker and reranker, each photo with its own options.
    fn rank_each(&self, asked: &[Asked<'_>]) -> Vec<Result<Ranked, Failure>> {
        let filters: Vec<Result<Filter, Failure>> = asked
            .par_iter()
            .map(|one| one.check().and_then(|()| filter_for(one.photo, one.options)))
            .collect();
        let mut found: Vec<Option<Result<retrieve::Retrieved, Failure>>> = vec![None; asked.len()];
        // Photos whose requests retrieve alike are searched together.
        let mut rest: Vec<usize> = (0..asked.len()).filter(|&at| filters[at].is_ok()).collect();
        while let Some(&first) = rest.first() {
            let options = &asked[first].options.retrieval;
            let (alike, others) =
                rest.into_iter().partition::<Vec<usize>, _>(|&at| asked[at].options.retrieval == *options);
            let photos: Vec<&EncodedPhoto> = alike.iter().map(|&at| asked[at].photo).collect();
            let of_alike: Vec<&Filter> = alike.iter().filter_map(|&at| filters[at].as_ref().ok()).collect();
            for (at, one) in alike.into_iter().zip(self.retrieve(&photos, &of_alike, options)) {
                found[at] = Some(one);
            }
            rest = others;
        }
        let each = asked.par_iter().zip(filters).zip(found);
        let ranked = each.map(|((one, filter), found)| {
            filter?;
            one.check()?;
            self.rank_one(one, found.unwrap_or_else(|| Err(lost(&one.photo.id.0)))?)
        });
        let ranked: Vec<Result<Ranked, Failure>> = ranked.collect();
        // One after another: it uses all threads for one photo.
        let pairs = asked.iter().zip(ranked);
        let reranked = |(one, ranked): (&Asked<'_>, Result<Ranked, Failure>)| match &self.reranker {
            Some(reranker) => {
                let ranked = ranked?;
                one.check()?;
                reranker.rerank(one.photo, &self.searches, ranked)
            }
            None => ranked,
        };
        pairs.map(reranked).collect()
    }

    fn rank_one(&self, asked: &Asked<'_>, found: retrieve::Retrieved) -> Result<Ranked, Failure> {
        let Asked { photo, options, generated, .. } = asked;
        let mut set = assemble(photo.id.clone(), photo.embedding.clone(), found);
        self.add_similarities(&mut set, &options.retrieval)?;
        if self.ranker.needs_vectors() {
            self.attach_vectors(&mut set)?;
        }
        self.add_generated(&mut set, generated, options)?;
        if set.candidates.is_empty() {
            let photos = self.searches.iter().map(|search| search.holdings().photos).sum();
            return Err(nothing_left(&photo.id.0, options, photos));
        }
        let ranking = self.ranker.rank(&set)?;
        Ok(Ranked { set, ranking, searched: None })
    }

    /// What part of the world the gallery covers.
    pub fn coverage_note(&self) -> &str {
        self.coverage.get_or_init(|| {
            let holdings = self.searches.iter().map(|search| search.holdings());
            let (photos, coordinates) = holdings
                .fold((0, 0), |(photos, places), one| (photos + one.photos, places + one.coordinates));
            match self.searches.first() {
                Some(gallery) if photos > 0 || coordinates == 0 => gallery.coverage(),
                _ => format!("{}, no photos", self.gallery_label()),
            }
        })
    }

    /// Answers for photos that are not encoded yet, one per photo; the whole pipeline.
    fn answer(&self, photos: &[&QueryPhoto], beside: Beside<'_>) -> Vec<Answer> {
        let started = Instant::now();
        let (encoded, generated) = self.encode_and_generate(photos, beside);
        let mut ready: Vec<Result<(EncodedPhoto, Generated), Failure>> = Vec::with_capacity(photos.len());
        let mut answers: Vec<(Option<Vec<u8>>, f64)> = Vec::with_capacity(photos.len());
        for (Encoded { outcome, thumbnail, opening_ms }, generated) in encoded.into_iter().zip(generated) {
            ready.push(outcome.and_then(|photo| Ok((photo, generated?))));
            answers.push((thumbnail, opening_ms));
        }
        let asked: Vec<Asked<'_>> = ready
            .iter()
            .zip(photos)
            .filter_map(|(ready, query)| {
                let (photo, generated) = ready.as_ref().ok()?;
                Some(Asked { photo, options: &query.options, cancel: &query.cancel, generated })
            })
            .collect();
        let ranked = self.rank_each(&asked);
        let estimates: Vec<Result<Estimate, Failure>> = asked
            .par_iter()
            .zip(ranked)
            .map(|(one, ranked)| self.estimate(one.photo, ranked?, one.options))
            .collect();
        let mut estimates = estimates.into_iter();
        let opening_ms: f64 =
            answers.iter().map(|(_, ms)| ms).sum::<f64>() / rayon::current_num_threads() as f64;
        let together_ms = (started.elapsed().as_secs_f64() * 1000.0 - opening_ms).max(0.0);
        let share_ms = together_ms / photos.len().max(1) as f64;
        let each = ready.iter().zip(photos).zip(answers);
        each.map(|((ready, query), (thumbnail, opening_ms))| {
            let outcome = ready.as_ref().map_err(Clone::clone).and_then(|_| {
                let answer = estimates.next().unwrap_or_else(|| Err(lost(&query.id().0)));
                // A cancelled request gets no answer.
                query.cancel.check(&query.id().0).and(answer)
            });
            Answer { outcome, thumbnail, elapsed_ms: opening_ms + share_ms }
        })
        .collect()
    }

    /// Encodes photos while the other sources of candidates are asked. Those get a thread of their own and no worker of
    /// the pool: they wait for servers, and may ask the pool themselves.
    fn encode_and_generate(
        &self,
        photos: &[&QueryPhoto],
        beside: Beside<'_>,
    ) -> (Vec<Encoded>, Vec<Result<Generated, Failure>>) {
        if self.sources.is_empty() {
            return (self.encode(photos, beside), photos.iter().map(|_| Ok(Generated::new())).collect());
        }
        std::thread::scope(|scope| {
            let generated = scope.spawn(|| generated::candidates(&self.sources, photos));
            let encoded = self.encode(photos, beside);
            (encoded, generated.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    }

    /// Locates a photo file with default options.
    ///
    /// # Errors
    /// A [`Failure`] that names the file.
    pub fn locate_file(&self, path: impl AsRef<Path>) -> Result<Estimate, Failure> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let query = QueryPhoto::file(
            &name,
            path.to_owned(),
            photo::Limits::default(),
            photo::DecodeOptions::default(),
        );
        let answer = self.answer(&[&query], Beside::default()).pop();
        answer.map_or_else(|| Err(lost(&name)), |answer| answer.outcome)
    }
}

/// A photo and what is asked about it.
struct Asked<'a> {
    photo: &'a EncodedPhoto,
    options: &'a LocateOptions,
    cancel: &'a Cancel,
    generated: &'a Generated,
}

impl Asked<'_> {
    fn check(&self) -> Result<(), Failure> {
        self.cancel.check(&self.photo.id.0)
    }
}

/// What the pipeline says about one photo.
struct Answer {
    outcome: Result<Estimate, Failure>,
    thumbnail: Option<Vec<u8>>,
    elapsed_ms: f64,
}

/// Reads the set ranker of a pack.
///
/// # Errors
/// [`PackError`] for files that are missing, damaged, or do not fit together.
pub fn open_set_ranker(pack: &Pack, files: &SetManifest) -> Result<SetRanker, PackError> {
    let config = pack.read_text(&files.config)?;
    let folder = files.weights.strip_suffix(WEIGHTS_FILE).unwrap_or(&files.weights);
    Ok(SetRanker::from_files(folder, &config, &pack.read(&files.weights)?)?)
}

impl Locate for Locator {
    fn name(&self) -> String {
        self.label.clone()
    }

    fn locate(&self, requests: &[LocateRequest]) -> Vec<Result<Estimate, Failure>> {
        let queries: Vec<QueryPhoto> = requests.iter().map(QueryPhoto::from).collect();
        let queries: Vec<&QueryPhoto> = queries.iter().collect();
        self.answer(&queries, Beside::default()).into_iter().map(|answer| answer.outcome).collect()
    }
}

/// A defect: fewer answers than photos.
pub(crate) fn lost(name: &str) -> Failure {
    Failure::new(ErrorKind::Internal, format!("{name}: the answer was lost"))
}

fn filter_for(photo: &EncodedPhoto, options: &LocateOptions) -> Result<Filter, Failure> {
    let mut filter = Filter { region: options.region.clone(), ..Filter::default() };
    if options.exclude.same_author {
        filter.exclude_authors.extend(photo.author.clone());
    }
    if options.exclude.near_duplicate {
        let hash = photo.hash.or_else(|| photo.image.as_deref().map(perceptual_hash));
        let missing = || Failure::new(ErrorKind::Internal, format!("{}: the pixels were not kept", photo.id));
        filter.exclude_near = Some(hash.ok_or_else(missing)?);
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
        let message = format!("{name}: excluding {excluded} leaves nothing of the gallery{inside}");
        Failure::new(ErrorKind::NoCandidates, message)
            .with_hint("leave something out of `exclude`, or search a gallery of other authors and places with `gallery`")
    } else if options.region.is_some() {
        Failure::new(ErrorKind::NoCandidates, format!("{name}: the gallery has nothing in this region"))
            .with_hint("widen `region`, or search a gallery of your own photos with `gallery`")
    } else {
        Failure::new(ErrorKind::NoCandidates, format!("{name}: the gallery is empty"))
            .with_hint("search a gallery of your own photos with `gallery`")
    }
}
