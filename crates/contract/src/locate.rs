//! The whole pipeline behind one trait: what `evaluate`, `serve` and the CLI run.

use geo::Region;

use crate::{Channel, Estimate, Failure, Photo};

/// How the answer is chosen from the candidates' probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Decide {
    /// The candidate with the highest score.
    Argmax,
    /// The point with the best expected `GeoScore` (5000 exp(-d / 1492.7 km)).
    #[default]
    GeoScore,
    /// The point with the most probability mass within this many km.
    Threshold(f64),
}

/// What a query must not be answered from; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exclude {
    /// Gallery photos by the query's own author.
    pub same_author: bool,
    /// Gallery photos that are near-duplicates of the query.
    pub near_duplicate: bool,
}

/// How candidates are looked for and thinned out; by default as the model pack says, with nothing thinned out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RetrievalOptions {
    /// Channels that are searched together by the weighted sum of their similarities, instead of one by one; overrides
    /// the pack's own weights.
    pub fuse: Vec<(Channel, f32)>,
    /// Of candidates within this of a more similar one, metres, only that one is kept; 0 keeps all.
    pub same_place_m: f64,
    /// Of gallery photos that are near-duplicates of each other only the most similar is kept.
    pub same_photo: bool,
}

/// Options of one request.
#[derive(Clone, Debug, PartialEq)]
pub struct LocateOptions {
    /// How many candidates to return.
    pub top: usize,
    /// Candidates closer than this, km, to a better one are not listed: their probability is added to its. 0
    /// lists every candidate.
    pub distinct_km: f64,
    /// Only answers in this region.
    pub region: Option<Region>,
    /// What to leave out.
    pub exclude: Exclude,
    /// How candidates are looked for.
    pub retrieval: RetrievalOptions,
    /// How to decide; `None` leaves it to the model pack.
    pub decide: Option<Decide>,
}

impl Default for LocateOptions {
    fn default() -> Self {
        Self {
            top: 5,
            distinct_km: 1.0,
            region: None,
            exclude: Exclude::default(),
            retrieval: RetrievalOptions::default(),
            decide: None,
        }
    }
}

/// Answers "where was this taken?" for a batch of photos.
pub trait Locate: Send + Sync {
    /// Name and version of what answers.
    fn name(&self) -> String;

    /// One answer a photo, in order; one photo's failure is not another's.
    fn locate(&self, photos: &[Photo], options: &LocateOptions) -> Vec<Result<Estimate, Failure>>;
}
