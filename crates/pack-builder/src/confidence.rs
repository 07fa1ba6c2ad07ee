//! The step that fits the model of confidence.

use contract::{CandidateSet, Decide, Ranker};
use geo::LatLon;
use rank::confidence::{ConfidenceFeatures, ConfidenceModel};
use train::{ConfidenceSample, ConfidenceSettings, fit_confidence};

use crate::choose::{Choice, author_weights};
use crate::config::{BuildConfig, ConfidenceConfig};
use crate::corpus::Corpus;
use crate::evidence::Rankers;
use crate::field::{Field, Without};
use crate::folds::{Folds, Regime};
use crate::judge::{Asked, Query, answer, by_fold, each_query, error_km};
use crate::space::{drawn, mixed};
use crate::{BuildError, Event, Run};

/// Weights of what is seen beside the answer itself: other candidates among the best, and any candidate at all. The
/// model must know what wrong answers look like, and answers of other rankers and rules.
const ANOTHER: f32 = 0.3;
const ANY: f32 = 0.1;
/// Weight of an answer in a gallery that was thinned out.
const THINNED: f32 = 0.5;
/// Weight of a picture that must be refused, of which there are few.
const REFUSED: f32 = 2.0;
/// Share of answers whose best similarity is below what counts as usual.
const UNUSUAL: f64 = 0.2;

/// Everything that the step works with.
pub(crate) struct Fitting<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) config: &'a BuildConfig,
    pub(crate) choice: &'a Choice,
    pub(crate) rankers: &'a Rankers,
}

/// One judged answer on its way to a sample.
struct Judged {
    photo: usize,
    features: ConfidenceFeatures,
    error_km: f64,
    share: f32,
    is_plain_answer: bool,
}

impl Fitting<'_> {
    /// Fits the model. `field` gives the vectors under the heads of a fold; `refused` are the candidates of pictures that
    /// must be refused.
    pub(crate) fn fit<'f>(
        &self,
        folds: &[Folds],
        field: impl Fn(&Folds, Option<usize>) -> Result<Field<'f>, BuildError>,
        refused: &[CandidateSet],
        run: &Run<'_>,
    ) -> Result<ConfidenceModel, BuildError> {
        let ConfidenceConfig { queries, hidden, members, steps, weight_decay, .. } = self.config.confidence;
        let mut photos = drawn(&self.corpus.gallery, queries, self.config.seed);
        photos.extend(&self.corpus.validation);
        let mut judged: Vec<Judged> = Vec::new();
        for folds in folds {
            for (fold, own) in by_fold(folds, self.corpus, &photos) {
                run.tell(Event::Note(&format!(
                    "{}, {}: {} queries",
                    folds.regime.name(),
                    fold.map_or("all heads".to_owned(), |fold| format!("fold {}", fold + 1)),
                    own.len()
                )));
                let field = field(folds, fold)?;
                let asked = Asked { folds, fold, field: &field };
                let each =
                    each_query(&asked, &own, &self.config.folds, run, |query| self.judge(&asked, &query))?;
                judged.extend(each.into_iter().flatten());
            }
        }
        let usual = usual_similarity(&judged);
        let authors: Vec<u32> = judged.iter().map(|one| self.corpus.author(one.photo)).collect();
        let weights = author_weights(&authors);
        let mut samples: Vec<ConfidenceSample> = judged
            .into_iter()
            .zip(weights)
            .map(|(one, weight)| ConfidenceSample {
                features: one.features.values,
                error_km: one.error_km,
                precision_km: self.corpus.precision_km(one.photo),
                weight: one.share * weight as f32,
            })
            .collect();
        for set in refused {
            let Some((_, place)) = self.answer(self.rankers.whole.as_ref(), set)? else { continue };
            samples.push(ConfidenceSample {
                features: self.features(set, place).values,
                error_km: f64::INFINITY,
                precision_km: 0.0,
                weight: REFUSED,
            });
        }
        run.tell(Event::Note(&format!("confidence: {} judged answers", samples.len())));
        let settings = ConfidenceSettings {
            hidden,
            members,
            steps,
            weight_decay,
            seed: self.config.seed,
            ..ConfidenceSettings::default()
        };
        fit_confidence(&self.choice.channels, &samples, usual, &settings)
            .map_err(BuildError::training("confidence"))
    }

    fn answer(
        &self,
        ranker: &dyn Ranker,
        set: &CandidateSet,
    ) -> Result<Option<(Vec<f64>, LatLon)>, BuildError> {
        let decision = &self.choice.decision;
        let found = answer(ranker, (decision.temperature, Decide::from(decision.rule)), set)?;
        Ok(found.map(|(decision, place)| (decision.probabilities, place)))
    }

    fn features(&self, set: &CandidateSet, place: LatLon) -> ConfidenceFeatures {
        ConfidenceFeatures::of(&self.choice.channels, set, place)
    }

    /// The answer to a query, other candidates, and the answer in a thinned gallery.
    fn judge(&self, asked: &Asked<'_>, query: &Query) -> Result<Vec<Judged>, BuildError> {
        let seed = self.config.seed;
        let photo = query.photo;
        let ranker = self.rankers.unseen(photo);
        let mut judged = Vec::new();
        let mut add = |set: &CandidateSet, place: LatLon, share: f32, is_plain_answer: bool| {
            judged.push(Judged {
                photo,
                features: self.features(set, place),
                error_km: error_km(self.corpus, photo, place),
                share,
                is_plain_answer,
            });
        };
        if let Some((probabilities, place)) = self.answer(ranker, &query.set)? {
            let is_plain = asked.folds.regime == Regime::Plain && asked.fold.is_none();
            add(&query.set, place, 1.0, is_plain);
            let mut order: Vec<usize> = (0..probabilities.len()).collect();
            order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]).then(a.cmp(b)));
            let some = |among: usize, salt: u64| {
                let among = among.min(order.len()).max(1) as u64;
                let index = order.get((mixed(photo as u64, seed ^ salt) % among) as usize)?;
                query.set.candidates.get(*index).map(|one| one.location)
            };
            for (among, salt, share) in [(10, 11, ANOTHER), (usize::MAX, 12, ANY)] {
                if let Some(place) = some(among, salt) {
                    add(&query.set, place, share, false);
                }
            }
        }
        if asked.folds.regime != Regime::Far {
            // From a fiftieth to a half of the gallery, evenly on a logarithmic scale.
            let number = mixed(photo as u64, seed ^ 0x0d) as f64 / u64::MAX as f64;
            let share = 0.02_f64.powf(number) * 0.5_f64.powf(1.0 - number);
            let without = Without { share: Some(share), ..asked.without(&self.config.folds) };
            let set = asked.field.candidates(photo, without);
            if let Some((_, place)) = self.answer(ranker, &set)? {
                add(&set, place, THINNED, false);
            }
        }
        Ok(judged)
    }
}

/// The best similarity that answers of held-out photos that are right within 200 km mostly exceed.
fn usual_similarity(judged: &[Judged]) -> f32 {
    let of = |right_only: bool| -> Vec<f32> {
        let plain = judged.iter().filter(|one| one.is_plain_answer && (!right_only || one.error_km < 200.0));
        plain.filter_map(|one| one.features.best_similarity).collect()
    };
    let mut values = of(true);
    if values.len() < 20 {
        values = of(false);
    }
    values.sort_by(f32::total_cmp);
    let value = values.get((values.len() as f64 * UNUSUAL) as usize).copied().unwrap_or(0.0);
    (value * 100.0).round() / 100.0
}
