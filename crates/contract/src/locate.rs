//! The whole pipeline behind one trait: what `evaluate`, `serve` and the CLI run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use geo::Region;

use crate::{Channel, ErrorKind, Estimate, Failure, Photo};

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

/// Stops work that nobody waits for any more. Clones belong together; cheap to check.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

impl Cancel {
    /// A token that is cancelled by this flag, such as one that a signal sets.
    pub const fn by(flag: Arc<AtomicBool>) -> Self {
        Self { flag, deadline: None }
    }

    /// The same, cancelled by itself at a point in time.
    #[must_use]
    pub const fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The flag behind it, for what knows flags only.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// Cancels this token and its clones.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    /// Whether the work should stop.
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed) || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// [`ErrorKind::Interrupted`] if the work should stop.
    ///
    /// # Errors
    /// That failure, naming what was stopped.
    pub fn check(&self, what: &str) -> Result<(), Failure> {
        if self.is_cancelled() {
            return Err(Failure::new(ErrorKind::Interrupted, format!("{what}: cancelled")));
        }
        Ok(())
    }
}

/// A photo, what is asked about it, and whether anybody still waits.
#[derive(Clone, Debug)]
pub struct LocateRequest {
    /// The photo.
    pub photo: Photo,
    /// Options of this request alone.
    pub options: LocateOptions,
    /// Checked between the stages.
    pub cancel: Cancel,
}

impl LocateRequest {
    /// A request with default options.
    pub fn new(photo: Photo) -> Self {
        Self { photo, options: LocateOptions::default(), cancel: Cancel::default() }
    }

    /// The same with other options.
    #[must_use]
    pub fn with_options(mut self, options: LocateOptions) -> Self {
        self.options = options;
        self
    }
}

/// Answers "where was this taken?" for a batch of requests.
pub trait Locate: Send + Sync {
    /// Name and version of what answers.
    fn name(&self) -> String;

    /// One answer per request, in order; one request's failure is not another's, and a batch gives what single requests
    /// give.
    fn locate(&self, requests: &[LocateRequest]) -> Vec<Result<Estimate, Failure>>;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn tokens_are_cancelled_together_or_by_time() {
        let one = Cancel::default();
        let other = one.clone();
        assert!(one.check("a.jpg").is_ok());
        other.cancel();
        assert_eq!(one.check("a.jpg").unwrap_err().kind, ErrorKind::Interrupted);
        let soon = Cancel::default().until(Instant::now() + Duration::from_hours(1));
        assert!(!soon.is_cancelled());
        assert!(Cancel::default().until(Instant::now()).is_cancelled());
    }
}
