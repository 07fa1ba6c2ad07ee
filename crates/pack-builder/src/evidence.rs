//! The evidence ranker: two models of how likely a candidate is the answer, each fitted on half of the queries.
//!
//! Two, so that every query has a ranker that has not learned from it: the model of confidence must see answers as a
//! stranger gets them. In the pack both are averaged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use contract::{CandidateSet, Decide, Ranker};
use rank::SimilarityRanker;
use rank::confidence::{ConfidenceModel, Evidence, EvidenceRanker};
use train::{ConfidenceSample, ConfidenceSettings, fit_confidence};

use crate::choose::{Choice, author_weights};
use crate::config::BuildConfig;
use crate::corpus::Corpus;
use crate::field::FieldOf;
use crate::folds::{Folds, Regime};
use crate::judge::{Asked, Query, answer, by_fold, each_query, error_km};
use crate::space::{drawn, mixed};
use crate::{BuildError, Event, Run};

/// Candidates that the vote hands on.
pub(crate) const JUDGED: usize = 64;
/// Of these, so many of a query are learned from.
const LEARNED: u64 = 8;

/// The half that a photo belongs to.
pub(crate) fn half(photo: usize, seed: u64) -> usize {
    (mixed(photo as u64, seed ^ 0x15) % 2) as usize
}

/// The names of the models' files.
pub(crate) const FILES: [&str; 2] = ["evidence-1.safetensors", "evidence-2.safetensors"];

/// The rankers of a build: one for each half of the queries, and the one of the pack.
pub(crate) struct Rankers {
    /// For photos of each half: has not learned from them.
    pub(crate) of_half: [Arc<dyn Ranker>; 2],
    pub(crate) whole: Arc<dyn Ranker>,
    /// The models' files, where there are any.
    pub(crate) files: Vec<PathBuf>,
    seed: u64,
}

impl Rankers {
    /// The kernel vote, which has not learned from anybody.
    pub(crate) fn vote(choice: &Choice) -> Result<Self, BuildError> {
        let vote: Arc<dyn Ranker> = Arc::new(SimilarityRanker::new(choice.settings.clone())?);
        Ok(Self { of_half: [vote.clone(), vote.clone()], whole: vote, files: Vec::new(), seed: 0 })
    }

    /// Evidence rankers from their files.
    pub(crate) fn open(choice: &Choice, directory: &Path, seed: u64) -> Result<Self, BuildError> {
        let mut models = Vec::new();
        for name in FILES {
            let path = directory.join(name);
            let bytes = std::fs::read(&path).map_err(BuildError::io(&path))?;
            let model = ConfidenceModel::from_bytes(&bytes)
                .map_err(|error| BuildError::Damaged { path, why: error.to_string() })?;
            models.push(Arc::new(model));
        }
        let files = FILES.iter().map(|name| directory.join(name)).collect();
        Ok(Self { files, ..Self::of(choice, &models, seed)? })
    }

    /// `models[i]` has learned from half `i`.
    pub(crate) fn of(
        choice: &Choice,
        models: &[Arc<ConfidenceModel>],
        seed: u64,
    ) -> Result<Self, BuildError> {
        let ranker = |models: Vec<Arc<ConfidenceModel>>| -> Result<Arc<dyn Ranker>, BuildError> {
            let vote = SimilarityRanker::new(choice.settings.clone())?;
            Ok(Arc::new(EvidenceRanker::new(vote, models, JUDGED)?))
        };
        let [first, second] = models else { return Self::vote(choice) };
        Ok(Self {
            of_half: [ranker(vec![second.clone()])?, ranker(vec![first.clone()])?],
            whole: ranker(models.to_vec())?,
            files: Vec::new(),
            seed,
        })
    }

    /// The ranker that has not learned from a photo.
    pub(crate) fn unseen(&self, photo: usize) -> &dyn Ranker {
        self.of_half[half(photo, self.seed)].as_ref()
    }
}

/// What the fit works with.
pub(crate) struct EvidenceFit<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) config: &'a BuildConfig,
    pub(crate) choice: &'a Choice,
}

/// Some candidates of a query, judged.
struct Judged {
    photo: usize,
    features: Vec<f32>,
    error_km: f64,
}

impl EvidenceFit<'_> {
    /// Fits a model on each half of the queries, in all regimes but the one in which nothing near the truth is there to
    /// be ranked.
    pub(crate) fn fit(
        &self,
        folds: &[Folds],
        field: FieldOf<'_, '_>,
        run: &Run<'_>,
    ) -> Result<Vec<Arc<ConfidenceModel>>, BuildError> {
        let mut photos = drawn(&self.corpus.gallery, self.config.ranker.queries, self.config.seed);
        photos.extend(&self.corpus.validation);
        let vote = SimilarityRanker::new(self.choice.settings.clone())?;
        let mut judged: Vec<Judged> = Vec::new();
        for folds in folds.iter().filter(|folds| folds.regime != Regime::Far) {
            for (fold, own) in by_fold(folds, self.corpus, &photos) {
                let field = field(folds, fold)?;
                let asked = Asked { folds, fold, field: &field };
                let each =
                    each_query(&asked, &own, &self.config.folds, run, |query| self.judge(&vote, &query))?;
                judged.extend(each.into_iter().flatten());
            }
        }
        let authors: Vec<u32> = judged.iter().map(|one| self.corpus.author(one.photo)).collect();
        let weights = author_weights(&authors);
        let mut halves: [Vec<ConfidenceSample>; 2] = [Vec::new(), Vec::new()];
        for (one, weight) in judged.into_iter().zip(weights) {
            halves[half(one.photo, self.config.seed)].push(ConfidenceSample {
                features: one.features,
                error_km: one.error_km,
                precision_km: self.corpus.precision_km(one.photo),
                weight: weight as f32,
            });
        }
        run.tell(Event::Note(&format!(
            "evidence: {} and {} judged candidates",
            halves[0].len(),
            halves[1].len()
        )));
        let settings = ConfidenceSettings {
            hidden: self.config.confidence.hidden,
            members: self.config.confidence.members,
            steps: self.config.ranker.steps as usize,
            weight_decay: self.config.confidence.weight_decay,
            seed: self.config.seed ^ 0x05,
            ..ConfidenceSettings::default()
        };
        halves
            .iter()
            .map(|samples| {
                let model = fit_confidence(&self.choice.channels, samples, 0.0, &settings);
                model.map(Arc::new).map_err(BuildError::training("ranker"))
            })
            .collect()
    }

    fn judge(&self, vote: &SimilarityRanker, query: &Query) -> Result<Vec<Judged>, BuildError> {
        let Query { photo, set } = query;
        let order = vote.rank(set)?.order();
        let among = order.len().min(JUDGED);
        let evidence = Evidence::of(&self.choice.channels, set);
        let one = |number: u64| {
            let at = mixed(*photo as u64, self.config.seed ^ (0x1f + number)) as usize % among.max(1);
            let candidate = set.candidates.get(*order.get(at)?)?;
            Some(Judged {
                photo: *photo,
                features: evidence.at(candidate.location).values,
                error_km: error_km(self.corpus, *photo, candidate.location),
            })
        };
        Ok((0..LEARNED).filter_map(one).collect())
    }
}

/// The mean share of answers right within 25, 200 and 750 km, over all and weighted.
pub(crate) fn value<'a>(
    queries: impl Iterator<Item = (&'a CandidateSet, geo::LatLon, f64, f64, &'a dyn Ranker)>,
    rule: (f64, Decide),
) -> Result<f64, BuildError> {
    let (mut sum, mut total) = (0.0, 0.0);
    for (set, truth, precision_km, weight, ranker) in queries {
        let share = f64::midpoint(1.0, weight);
        total += share;
        let Some((_, place)) = answer(ranker, rule, set)? else { continue };
        let error = geo::geodesic_km(place, truth);
        let known: Vec<usize> =
            crate::folds::judged(precision_km).filter(|radius| (1..=3).contains(radius)).collect();
        let right = known.iter().filter(|&&radius| error < contract::RADII_KM[radius]).count();
        sum += share * right as f64 / known.len().max(1) as f64;
    }
    Ok(sum / f64::max(total, 1e-9))
}
