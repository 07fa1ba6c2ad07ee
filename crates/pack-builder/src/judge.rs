//! Answers in all regimes, judged: what the model of confidence learns from and what the report is about.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use contract::{CandidateSet, Decide, Ranker};
use geo::{LatLon, geodesic_km};
use rank::{Decision, decide};
use rayon::prelude::*;

use crate::config::FoldsConfig;
use crate::corpus::Corpus;
use crate::field::{Field, Without};
use crate::folds::{Folds, Regime};
use crate::{BuildError, Event, Run};

/// A query in a regime, with its candidates.
pub(crate) struct Query {
    pub(crate) photo: usize,
    pub(crate) set: CandidateSet,
}

/// What a regime's fold is asked with.
pub(crate) struct Asked<'a> {
    pub(crate) folds: &'a Folds,
    pub(crate) fold: Option<usize>,
    pub(crate) field: &'a Field<'a>,
}

impl Asked<'_> {
    /// What a query of the regime must not find, besides the fold's own photos.
    pub(crate) fn without(&self, config: &FoldsConfig) -> Without {
        let within_km = if self.folds.regime == Regime::Far { config.far_km } else { 0.0 };
        Without { within_km, share: None }
    }
}

/// Groups queries by the fold whose heads have not seen them. In the plain regime, held-out photos are asked under the
/// heads of all gallery photos: `None`.
pub(crate) fn by_fold(folds: &Folds, corpus: &Corpus, photos: &[usize]) -> Vec<(Option<usize>, Vec<usize>)> {
    let in_gallery: std::collections::HashSet<usize> = corpus.gallery.iter().copied().collect();
    let mut groups: HashMap<Option<usize>, Vec<usize>> = HashMap::new();
    for &photo in photos {
        let is_whole = folds.regime == Regime::Plain && !in_gallery.contains(&photo);
        groups.entry((!is_whole).then(|| folds.of(photo))).or_default().push(photo);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(fold, _)| fold.map_or(usize::MAX, |fold| fold));
    groups
}

/// Runs `work` on the queries of a group, in parallel, in blocks between which the run may stop; results in order.
pub(crate) fn each_query<T: Send>(
    asked: &Asked<'_>,
    photos: &[usize],
    config: &FoldsConfig,
    run: &Run<'_>,
    work: impl Fn(Query) -> Result<T, BuildError> + Sync,
) -> Result<Vec<T>, BuildError> {
    let without = asked.without(config);
    let mut all = Vec::with_capacity(photos.len());
    for block in photos.chunks(64) {
        if run.stop.load(Ordering::Relaxed) {
            return Err(BuildError::Interrupted);
        }
        let one = |&photo: &usize| work(Query { photo, set: asked.field.candidates(photo, without) });
        let done: Vec<T> = block.par_iter().map(one).collect::<Result<_, _>>()?;
        all.extend(done);
        run.tell(Event::Count { done: all.len(), total: photos.len() });
    }
    Ok(all)
}

/// Ranks a set and decides; `None` for an empty one.
pub(crate) fn answer(
    ranker: &dyn Ranker,
    (temperature, rule): (f64, Decide),
    set: &CandidateSet,
) -> Result<Option<(Decision, LatLon)>, BuildError> {
    let ranking = ranker.rank(set)?;
    let decision = decide(set, &ranking, temperature, rule);
    Ok(decision.and_then(|decision| {
        let place = set.candidates.get(decision.chosen)?.location;
        Some((decision, place))
    }))
}

/// Geodesic distance of an answer from the truth of a photo, km.
pub(crate) fn error_km(corpus: &Corpus, photo: usize, answer: LatLon) -> f64 {
    geodesic_km(answer, corpus.places[photo])
}
