//! Steps that choose and learn from judged answers, and the report.

use std::fs;
use std::path::{Path, PathBuf};

use contract::{Channel, Decide, Encoder as _, Ranker, Ranking};
use georanker::PhotoEncoder;
use georanker::pack::DecisionRule;
use rank::confidence::{ConfidenceModel, ConfidenceModelError};
use rayon::prelude::*;

use super::{Builder, Step};
use crate::choose::{Choice, Judged, author_weights, best_temperature, calibration, choose};
use crate::confidence::Fitting;
use crate::config::RankerChoice;
use crate::corpus::Corpus;
use crate::evidence::{self, EvidenceFit, FILES, Rankers};
use crate::field::FieldOf;
use crate::folds::{Folds, Regime};
use crate::judge::{Asked, by_fold, each_query};
use crate::pack_files::{CONFIDENCE, REPORT};
use crate::report::Reporting;
use crate::work::{read_json, write_json};
use crate::{BuildError, Event};

/// What was chosen, in the step's directory.
const CHOICE: &str = "choice.json";

impl Builder<'_> {
    pub(super) fn ranker(
        &self,
        corpus: &Corpus,
        folds: &[Folds],
        field: FieldOf<'_, '_>,
    ) -> Result<(Choice, Rankers), BuildError> {
        let directory = self.made(Step::Ranker, &self.keys.ranker, |directory| {
            let lists: Vec<Vec<Judged>> = folds
                .iter()
                .filter(|folds| folds.regime != Regime::Far)
                .map(|folds| self.validation(corpus, folds, field))
                .collect::<Result<_, _>>()?;
            let plain = lists.first().map(Vec::as_slice).unwrap_or_default();
            let others = lists.last().map(Vec::as_slice).unwrap_or_default();
            let channels: Vec<Channel> = self.channels()?;
            let mut choice = choose(&channels, plain, others, self.run)?;
            if self.config.ranker.kind == RankerChoice::Best {
                self.evidence(corpus, (folds, field), (plain, others), &mut choice, directory)?;
            }
            write_json(&directory.join(CHOICE), &choice)
        })?;
        let choice: Choice = read_json(&directory.join(CHOICE))?;
        let rankers = if choice.evidence {
            Rankers::open(&choice, &directory, self.config.seed)?
        } else {
            Rankers::vote(&choice)?
        };
        Ok((choice, rankers))
    }

    /// Fits the evidence ranker, and takes it if it is better than the vote.
    fn evidence(
        &self,
        corpus: &Corpus,
        (folds, field): (&[Folds], FieldOf<'_, '_>),
        (plain, others): (&[Judged], &[Judged]),
        choice: &mut Choice,
        directory: &Path,
    ) -> Result<(), BuildError> {
        let fit = EvidenceFit { corpus, config: self.config, choice };
        let models = fit.fit(folds, field, self.run)?;
        let rankers = Rankers::of(choice, &models, self.config.seed)?;
        let vote = Rankers::vote(choice)?;
        let rank = |queries: &[Judged]| -> Result<Vec<Ranking>, BuildError> {
            let one = |query: &Judged| Ok(rankers.unseen(query.photo).rank(&query.set)?);
            queries.par_iter().map(one).collect()
        };
        let rankings = rank(plain)?;
        let temperature = best_temperature(plain, &rankings);
        let mut best: Option<(f64, DecisionRule)> = None;
        for rule in [DecisionRule::Argmax, DecisionRule::Geoscore] {
            let mut sum = 0.0;
            for queries in [plain, others] {
                sum += value(queries, &rankers, (temperature, rule))? / 2.0;
            }
            if best.is_none_or(|(known, _)| sum > known) {
                best = Some((sum, rule));
            }
        }
        let Some((_, rule)) = best else { return Ok(()) };
        let known = (choice.decision.temperature, choice.decision.rule);
        let mut better = true;
        for (name, queries) in [("as the gallery is", plain), ("without the authors", others)] {
            let (one, other) =
                (value(queries, &vote, known)?, value(queries, &rankers, (temperature, rule))?);
            self.run.tell(Event::Note(&format!(
                "val, {name}: vote {:.1} %, evidence {:.1} % (mean of 25, 200 and 750 km)",
                one * 100.0,
                other * 100.0
            )));
            better &= other > one;
        }
        if !better {
            return Ok(());
        }
        for (name, model) in FILES.iter().zip(&models) {
            let path = directory.join(name);
            let bytes = model.to_bytes().map_err(|error| damaged(&path, &error))?;
            fs::write(&path, bytes).map_err(BuildError::io(&path))?;
        }
        choice.calibration = calibration(plain, &rankings, (temperature, rule));
        choice.decision.temperature = temperature;
        choice.decision.rule = rule;
        choice.evidence = true;
        Ok(())
    }

    fn channels(&self) -> Result<Vec<Channel>, BuildError> {
        if self.config.fits_heads() {
            return Ok(vec![Channel::photo(), Channel::location()]);
        }
        let encoder = PhotoEncoder::open_with(&self.pack, &self.options.load)?;
        Ok(encoder.channels().iter().map(|spec| spec.channel.clone()).collect())
    }

    /// The validation photos with their candidates in a regime.
    fn validation(
        &self,
        corpus: &Corpus,
        folds: &Folds,
        field: FieldOf<'_, '_>,
    ) -> Result<Vec<Judged>, BuildError> {
        let mut judged = Vec::new();
        let mut photos = Vec::new();
        for (fold, own) in by_fold(folds, corpus, &corpus.validation) {
            let field = field(folds, fold)?;
            let asked = Asked { folds, fold, field: &field };
            let each = each_query(&asked, &own, &self.config.folds, self.run, |query| {
                Ok(Judged {
                    photo: query.photo,
                    set: query.set,
                    truth: corpus.places[query.photo],
                    precision_km: corpus.precision_km(query.photo),
                    weight: 1.0,
                })
            })?;
            photos.extend(own);
            judged.extend(each);
        }
        let authors: Vec<u32> = photos.iter().map(|&photo| corpus.author(photo)).collect();
        for (one, weight) in judged.iter_mut().zip(author_weights(&authors)) {
            one.weight = weight;
        }
        Ok(judged)
    }

    /// The file of the fitted model; `None` where none is wanted.
    pub(super) fn confidence(
        &self,
        corpus: &Corpus,
        folds: &[Folds],
        field: FieldOf<'_, '_>,
        choice: &Choice,
        rankers: &Rankers,
    ) -> Result<Option<PathBuf>, BuildError> {
        if !self.config.confidence.fit {
            return Ok(None);
        }
        let directory = self.made(Step::Confidence, &self.keys.confidence, |directory| {
            let fitting = Fitting { corpus, config: self.config, choice, rankers };
            let refused = match folds.first() {
                Some(folds) => self.refused(&field(folds, None)?, "val")?,
                None => Vec::new(),
            };
            let refused: Vec<_> =
                refused.into_iter().filter(|one| !one.no_content).map(|one| one.set).collect();
            let model = fitting.fit(folds, field, &refused, self.run)?;
            let path = directory.join(CONFIDENCE);
            let bytes = model.to_bytes().map_err(|error| damaged(&path, &error))?;
            fs::write(&path, bytes).map_err(BuildError::io(path))
        })?;
        Ok(Some(directory.join(CONFIDENCE)))
    }

    pub(super) fn report(
        &self,
        corpus: &Corpus,
        folds: &[Folds],
        field: FieldOf<'_, '_>,
        choice: &Choice,
        ranker: &dyn Ranker,
        confidence: Option<&Path>,
    ) -> Result<PathBuf, BuildError> {
        let directory = self.made(Step::Report, &self.keys.report, |directory| {
            let model = confidence.map(open_confidence).transpose()?;
            let reporting =
                Reporting { corpus, config: self.config, choice, ranker, confidence: model.as_ref() };
            let refused = match folds.first() {
                Some(folds) => self.refused(&field(folds, None)?, "test")?,
                None => Vec::new(),
            };
            let (text, json) = reporting.write(folds, field, &refused, self.run)?;
            for (name, content) in [(REPORT, text), ("report.json", json)] {
                let path = directory.join(name);
                fs::write(&path, content).map_err(BuildError::io(path))?;
            }
            Ok(())
        })?;
        Ok(directory.join(REPORT))
    }
}

fn open_confidence(path: &Path) -> Result<ConfidenceModel, BuildError> {
    let bytes = fs::read(path).map_err(BuildError::io(path))?;
    ConfidenceModel::from_bytes(&bytes)
        .map_err(|error| BuildError::Damaged { path: path.to_owned(), why: error.to_string() })
}

fn damaged(path: &Path, error: &ConfidenceModelError) -> BuildError {
    BuildError::Damaged { path: path.to_owned(), why: error.to_string() }
}

/// What rankers are worth on validation photos that they have not learned from.
fn value(
    queries: &[Judged],
    rankers: &Rankers,
    (temperature, rule): (f64, DecisionRule),
) -> Result<f64, BuildError> {
    let each = queries.iter().map(|query| {
        (&query.set, query.truth, query.precision_km, query.weight, rankers.unseen(query.photo))
    });
    evidence::value(each, (temperature, Decide::from(rule)))
}
