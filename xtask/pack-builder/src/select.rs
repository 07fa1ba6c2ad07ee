//! Choosing on the validation split: the vote's numbers, the decision rule, the calibration.

use std::path::Path;

use anyhow::Context;
use contract::{Channel, Decide, LocateOptions, Photo, RADII_KM, Ranker};
use formats::table::PhotoRow;
use geo::geodesic_km;
use georanker::pack::{DecisionManifest, DecisionRule, LeastSimilarity, Manifest, RankerManifest};
use georanker::{EncodedPhoto, Locator, Pack, Parts, Ranked};
use rank::{
    Calibration, CalibrationSample, ChannelVote, Decision, SimilarityRanker, SimilaritySettings,
    SpatialKernel, cross_fitted, decide,
};

use crate::photos::OpenPhotos;

/// Pseudo-observations of the overall rate in each calibration block.
pub(crate) const CALIBRATION_PRIOR: f64 = 4.0;
/// Abstain when the calibrated confidence within 200 km is below this.
const ABSTAIN_BELOW: f64 = 0.35;
/// The radii that the choice looks at, as indices into `RADII_KM`: 25, 200 and 750 km.
const JUDGED: [usize; 3] = [1, 2, 3];

/// The grid: temperatures of the photo channel, weights of the GPS channel, kernels, rules.
const PHOTO_TEMPERATURES: [f64; 5] = [0.03, 0.06, 0.09, 0.12, 0.16];
const LOCATION_WEIGHTS: [f64; 4] = [0.05, 0.15, 0.3, 0.5];
const LOCATION_TEMPERATURE: f64 = 0.05;
const KERNELS: [&[(f64, f64)]; 4] = [
    &[(1.0, 0.3), (25.0, 0.4), (200.0, 0.3)],
    &[(1.0, 0.1), (25.0, 0.3), (100.0, 0.3), (500.0, 0.3)],
    &[(5.0, 0.4), (50.0, 0.3), (750.0, 0.3)],
    &[(5.0, 0.3), (50.0, 0.3), (400.0, 0.4)],
];
const TEMPERATURES: [f64; 7] = [0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0];

/// Settings before anything was chosen.
pub(crate) fn starting_point() -> SimilaritySettings {
    settings(0.06, 0.15, KERNELS[1])
}

fn settings(photo_temperature: f64, location_weight: f64, kernel: &[(f64, f64)]) -> SimilaritySettings {
    SimilaritySettings {
        votes: vec![
            ChannelVote {
                channel: Channel::photo(),
                weight: 1.0 - location_weight,
                temperature: photo_temperature,
            },
            ChannelVote {
                channel: Channel::location(),
                weight: location_weight,
                temperature: LOCATION_TEMPERATURE,
            },
        ],
        kernel: SpatialKernel { scales: kernel.to_vec() },
    }
}

/// The validation photos, encoded, and the locator that finds their candidates.
pub(crate) struct Validation {
    pub(crate) rows: Vec<PhotoRow>,
    pub(crate) queries: Vec<EncodedPhoto>,
    pub(crate) locator: Locator,
    pub(crate) parts: Parts,
}

impl Validation {
    /// Encodes the `val` split.
    pub(crate) fn encode(
        photos: &OpenPhotos,
        pack: &Path,
        manifest: &Manifest,
        parts: Parts,
    ) -> anyhow::Result<Self> {
        let locator = Locator::from_parts(&Pack::in_memory(pack, manifest.clone()), parts.clone())?;
        let rows = photos.split("val");
        let queries = encode(photos, &rows, &locator)?;
        Ok(Self { rows, queries, locator, parts })
    }

    /// Their candidates, with vectors, ranked by the locator's ranker.
    pub(crate) fn ranked(&self, options: &LocateOptions) -> anyhow::Result<Vec<Ranked>> {
        let mut ranked: Vec<Ranked> =
            self.locator.rank(&self.queries, options).into_iter().collect::<Result<_, _>>()?;
        for one in &mut ranked {
            self.locator.attach_vectors(&mut one.set)?;
        }
        Ok(ranked)
    }
}

/// Chooses the similarity ranker's settings, and with them decision and calibration of the manifest.
pub(crate) fn choose(manifest: &mut Manifest, validation: &Validation) -> anyhow::Result<SimilaritySettings> {
    let rows = &validation.rows;
    let ranked = validation.ranked(&LocateOptions::default())?;
    let mut best: Option<(f64, SimilaritySettings, DecisionRule)> = None;
    for photo_temperature in PHOTO_TEMPERATURES {
        for location_weight in LOCATION_WEIGHTS {
            for kernel in KERNELS {
                let settings = settings(photo_temperature, location_weight, kernel);
                let reranked = rerank(&ranked, &settings)?;
                for rule in [DecisionRule::Argmax, DecisionRule::Geoscore] {
                    let value = quality(rows, &decisions(&reranked, rule.into(), 1.0));
                    if best.as_ref().is_none_or(|(known, ..)| value > *known) {
                        best = Some((value, settings.clone(), rule));
                    }
                }
            }
        }
    }
    let (value, settings, rule) = best.context("the grid is empty")?;
    eprintln!("chosen on val: mean of 25/200/750 km {:.1} %, {rule:?}, {settings:?}", value * 100.0);

    let reranked = rerank(&ranked, &settings)?;
    let temperature = best_temperature(rows, &reranked);
    let least_similarity = least_similarity(&reranked);
    calibrate(manifest, rows, &reranked, DecisionManifest { rule, temperature, least_similarity });
    manifest.ranker = RankerManifest::Similarity(settings.clone());
    Ok(settings)
}

/// The rule that is right most often on `val`, at the likeliest temperature.
pub(crate) fn choose_decision(rows: &[PhotoRow], ranked: &[Ranked]) -> (f64, DecisionManifest) {
    let temperature = best_temperature(rows, ranked);
    let value = |rule: DecisionRule| quality(rows, &decisions(ranked, rule.into(), temperature));
    let (argmax, geoscore) = (value(DecisionRule::Argmax), value(DecisionRule::Geoscore));
    eprintln!(
        "val: argmax {:.1} %, geoscore {:.1} %, temperature {temperature}",
        argmax * 100.0,
        geoscore * 100.0
    );
    let rule = if geoscore > argmax { DecisionRule::Geoscore } else { DecisionRule::Argmax };
    (argmax.max(geoscore), DecisionManifest { rule, temperature, least_similarity: least_similarity(ranked) })
}

/// Nine tenths of the lowest similarity that the most similar photo of any `val` photo has.
fn least_similarity(ranked: &[Ranked]) -> Option<LeastSimilarity> {
    let channel = Channel::photo();
    let best = |one: &Ranked| {
        let known = one.set.candidates.iter().filter_map(|candidate| candidate.similarity(&channel));
        known.reduce(f32::max)
    };
    let lowest = ranked.iter().filter_map(best).reduce(f32::min)?;
    let similarity = (lowest * 0.9 * 100.0).floor() / 100.0;
    Some(LeastSimilarity { channel, similarity })
}

/// Fits the calibration of this decision on `val` and puts both into the manifest.
pub(crate) fn calibrate(
    manifest: &mut Manifest,
    rows: &[PhotoRow],
    ranked: &[Ranked],
    decision: DecisionManifest,
) {
    let samples = samples(rows, &decisions(ranked, decision.rule.into(), decision.temperature));
    let calibration = Calibration::fit(&samples, CALIBRATION_PRIOR, ABSTAIN_BELOW);
    let abstained = samples
        .iter()
        .filter(|one| calibration.abstention(&calibration.confidence(&one.raw_confidence)).is_some());
    eprintln!("{decision:?}; abstains on {} of {} val photos", abstained.count(), samples.len());
    report_cross_fitted(&samples);
    manifest.decision = decision;
    manifest.calibration = calibration;
}

/// How honest the calibration would be on `val` photos that it has not seen: five folds, each judged by a fit on the
/// others.
fn report_cross_fitted(samples: &[CalibrationSample]) {
    let folds: Vec<usize> = (0..samples.len()).map(|index| index % 5).collect();
    let confidences = cross_fitted(samples, &folds, CALIBRATION_PRIOR);
    for (index, radius) in RADII_KM.into_iter().enumerate() {
        let count = samples.len() as f64;
        let stated = confidences.iter().map(|confidence| confidence.0[index]).sum::<f64>() / count;
        let right = samples.iter().filter(|sample| sample.error_km < radius).count() as f64 / count;
        eprintln!(
            "cross-fitted on val, {radius} km: stated {:.1} %, right {:.1} %",
            stated * 100.0,
            right * 100.0
        );
    }
}

/// Photos of rows with their embeddings; the pixels are kept for near-duplicate exclusion.
pub(crate) fn encode(
    photos: &OpenPhotos,
    rows: &[PhotoRow],
    locator: &Locator,
) -> anyhow::Result<Vec<EncodedPhoto>> {
    use rayon::prelude::*;
    rows.par_iter()
        .map(|row| {
            let image = photos.image(row)?;
            let photo = Photo { author: row.author.clone(), ..Photo::new(row.id.clone(), image) };
            let embedding = locator.encoder().encode_one(&photo)?;
            Ok(EncodedPhoto::new(&photo, embedding))
        })
        .collect()
}

fn rerank(ranked: &[Ranked], settings: &SimilaritySettings) -> anyhow::Result<Vec<Ranked>> {
    rerank_with(&SimilarityRanker::new(settings.clone())?, ranked)
}

/// The same sets under another ranker.
pub(crate) fn rerank_with(ranker: &dyn Ranker, ranked: &[Ranked]) -> anyhow::Result<Vec<Ranked>> {
    ranked.iter().map(|one| Ok(Ranked { set: one.set.clone(), ranking: ranker.rank(&one.set)? })).collect()
}

/// A decision with the chosen location's candidate.
fn decisions(ranked: &[Ranked], rule: Decide, temperature: f64) -> Vec<(Decision, &Ranked)> {
    let decided = ranked.iter().map(|one| (decide(&one.set, &one.ranking, temperature, rule), one));
    decided.filter_map(|(decision, one)| Some((decision?, one))).collect()
}

fn errors_km(rows: &[PhotoRow], decisions: &[(Decision, &Ranked)]) -> Vec<f64> {
    let each = rows.iter().zip(decisions);
    each.map(|(row, (decision, ranked))| {
        geodesic_km(row.location, ranked.set.candidates[decision.chosen].location)
    })
    .collect()
}

/// Mean share within 25, 200 and 750 km, averaged over all photos and over the balanced ones.
fn quality(rows: &[PhotoRow], decisions: &[(Decision, &Ranked)]) -> f64 {
    let errors = errors_km(rows, decisions);
    let share = |balanced_only: bool| {
        let counted: Vec<f64> = rows
            .iter()
            .zip(&errors)
            .filter(|(row, _)| !balanced_only || row.balanced == Some(true))
            .map(|(_, error)| JUDGED.iter().filter(|radius| *error < RADII_KM[**radius]).count() as f64 / 3.0)
            .collect();
        counted.iter().sum::<f64>() / counted.len().max(1) as f64
    };
    f64::midpoint(share(false), share(true))
}

/// The temperature under which the truth's surroundings are most likely: mean log mass within 25, 200 and 750 km of
/// the truth.
fn best_temperature(rows: &[PhotoRow], ranked: &[Ranked]) -> f64 {
    let likelihood = |temperature: f64| -> f64 {
        rows.iter()
            .zip(ranked)
            .map(|(row, one)| {
                let probabilities = rank::probabilities(&one.ranking, temperature);
                let distances: Vec<f64> = one
                    .set
                    .candidates
                    .iter()
                    .map(|candidate| geodesic_km(candidate.location, row.location))
                    .collect();
                JUDGED
                    .iter()
                    .map(|radius| {
                        let near =
                            distances.iter().zip(&probabilities).filter(|(km, _)| **km < RADII_KM[*radius]);
                        (near.map(|(_, mass)| mass).sum::<f64>() + 1e-3).ln()
                    })
                    .sum::<f64>()
            })
            .sum()
    };
    TEMPERATURES.into_iter().max_by(|a, b| likelihood(*a).total_cmp(&likelihood(*b))).unwrap_or(1.0)
}

fn samples(rows: &[PhotoRow], decisions: &[(Decision, &Ranked)]) -> Vec<CalibrationSample> {
    let errors = errors_km(rows, decisions);
    let each = decisions.iter().zip(errors);
    each.map(|((decision, _), error_km)| CalibrationSample {
        raw_confidence: decision.raw_confidence,
        error_km,
    })
    .collect()
}
