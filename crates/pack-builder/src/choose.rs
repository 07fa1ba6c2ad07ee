//! What is chosen on the validation photos: the numbers of the vote, the decision, the calibration behind the model of
//! confidence.

use std::collections::HashMap;

use contract::{CandidateSet, Channel, Decide, RADII_KM, Ranker, Ranking};
use geo::metrics::GEOSCORE_DECAY_KM;
use geo::{LatLon, geodesic_km};
use georanker::pack::{DecisionManifest, DecisionRule, LeastSimilarity};
use rank::confidence::ConfidenceChannel;
use rank::{
    Calibration, CalibrationSample, ChannelVote, DistanceMatrix, SimilarityRanker, SimilaritySettings,
    SpatialKernel, decide, probabilities,
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::folds::judged;
use crate::{BuildError, Event, Run};

/// Pseudo-observations of the overall rate in each calibration block.
const CALIBRATION_PRIOR: f64 = 4.0;
/// Without a model of confidence: abstain when the calibrated confidence within 200 km is below this.
const ABSTAIN_BELOW: f64 = 0.35;
/// The radii that the choice looks at, as indices into `RADII_KM`: 25, 200 and 750 km.
const JUDGED: [usize; 3] = [1, 2, 3];

/// The grid: temperatures of the votes in units of a channel's spread, weights of the channel `location`, kernels.
const TEMPERATURES: [f64; 5] = [0.3, 0.6, 1.0, 1.5, 2.2];
const LOCATION_WEIGHTS: [f64; 4] = [0.05, 0.15, 0.3, 0.5];
const LOCATION_TEMPERATURE: f64 = 0.5;
const KERNELS: [&[(f64, f64)]; 4] = [
    &[(1.0, 0.3), (25.0, 0.4), (200.0, 0.3)],
    &[(1.0, 0.1), (25.0, 0.3), (100.0, 0.3), (500.0, 0.3)],
    &[(5.0, 0.4), (50.0, 0.3), (750.0, 0.3)],
    &[(5.0, 0.3), (50.0, 0.3), (400.0, 0.4)],
];
const RULES: [DecisionRule; 2] = [DecisionRule::Argmax, DecisionRule::Geoscore];
const SOFTMAX_TEMPERATURES: [f64; 7] = [0.35, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0];

/// A query whose truth is known.
pub(crate) struct Judged {
    pub(crate) photo: usize,
    pub(crate) set: CandidateSet,
    pub(crate) truth: LatLon,
    pub(crate) precision_km: f64,
    /// How much it counts beside others: less for authors of many photos.
    pub(crate) weight: f64,
}

/// What was chosen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Choice {
    pub(crate) settings: SimilaritySettings,
    pub(crate) decision: DecisionManifest,
    pub(crate) calibration: Calibration,
    pub(crate) channels: Vec<ConfidenceChannel>,
    /// Whether the evidence ranker is the pack's.
    pub(crate) evidence: bool,
}

/// Weights of photos by their authors, 1 on average: an author counts by the square root of the photos.
pub(crate) fn author_weights(authors: &[u32]) -> Vec<f64> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for author in authors {
        *counts.entry(*author).or_default() += 1;
    }
    let weights: Vec<f64> = authors.iter().map(|author| (counts[author] as f64).sqrt().recip()).collect();
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    weights.into_iter().map(|weight| weight / mean).collect()
}

/// Chooses on two lists of queries, as the gallery is and without the authors; both count alike.
pub(crate) fn choose(
    channels: &[Channel],
    plain: &[Judged],
    other_authors: &[Judged],
    run: &Run<'_>,
) -> Result<Choice, BuildError> {
    let spreads: Vec<ConfidenceChannel> = channels
        .iter()
        .map(|name| ConfidenceChannel { name: name.clone(), spread: spread(name, plain) })
        .collect();
    let grid = grid(&spreads);
    let values: Vec<f64> = [plain, other_authors]
        .into_iter()
        .map(|queries| total(&grid, queries))
        .reduce(|one, other| one.iter().zip(&other).map(|(a, b)| a + b).collect())
        .unwrap_or_default();
    let best = (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]).then(b.cmp(a))).unwrap_or(0);
    let (settings, rule) = (grid[best / RULES.len()].clone(), RULES[best % RULES.len()]);
    run.tell(Event::Note(&format!(
        "chosen on val: {rule:?}, {settings:?}: {:.1} % (mean of 25, 200 and 750 km, with and without authors)",
        values[best] / 2.0 * 100.0
    )));
    let ranker = SimilarityRanker::new(settings.clone())?;
    let rankings: Vec<Ranking> =
        plain.par_iter().map(|query| ranker.rank(&query.set)).collect::<Result<_, _>>()?;
    let temperature = best_temperature(plain, &rankings);
    let least_similarity = least_similarity(channels, plain);
    Ok(Choice {
        settings,
        decision: DecisionManifest { rule, temperature, least_similarity },
        calibration: calibration(plain, &rankings, (temperature, rule)),
        channels: spreads,
        evidence: false,
    })
}

/// The calibration that stands behind the model of confidence.
pub(crate) fn calibration(
    queries: &[Judged],
    rankings: &[Ranking],
    (temperature, rule): (f64, DecisionRule),
) -> Calibration {
    let samples: Vec<CalibrationSample> = queries
        .iter()
        .zip(rankings)
        .filter_map(|(query, ranking)| {
            let decision = decide(&query.set, ranking, temperature, Decide::from(rule))?;
            let chosen = query.set.candidates.get(decision.chosen)?.location;
            let error_km = geodesic_km(chosen, query.truth);
            Some(CalibrationSample { raw_confidence: decision.raw_confidence, error_km })
        })
        .collect();
    Calibration::fit(&samples, CALIBRATION_PRIOR, ABSTAIN_BELOW)
}

/// Mean deviation of a channel's similarities within a result.
fn spread(channel: &Channel, queries: &[Judged]) -> f64 {
    let of_query = |query: &Judged| {
        let known: Vec<f64> =
            query.set.candidates.iter().filter_map(|one| one.similarity(channel)).map(f64::from).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let variance =
            known.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / known.len().max(1) as f64;
        variance.sqrt()
    };
    let mean = queries.iter().map(of_query).sum::<f64>() / queries.len().max(1) as f64;
    // Rounded, so that a pack's file says something that people can read.
    ((mean * 1e4).round() / 1e4).max(1e-4)
}

fn grid(channels: &[ConfidenceChannel]) -> Vec<SimilaritySettings> {
    let has_location = channels.iter().any(|one| one.name == Channel::location());
    let is_only_one = channels.len() == 1;
    let weights: &[f64] = if has_location && !is_only_one { &LOCATION_WEIGHTS } else { &[0.0] };
    let mut grid = Vec::new();
    for temperature in TEMPERATURES {
        for weight in weights {
            for kernel in KERNELS {
                let votes = channels.iter().map(|one| {
                    let is_location = one.name == Channel::location() && !is_only_one;
                    let others = channels.len() - usize::from(has_location && !is_only_one);
                    ChannelVote {
                        channel: one.name.clone(),
                        weight: if is_location { *weight } else { (1.0 - weight) / others as f64 },
                        temperature: one.spread
                            * if is_location { LOCATION_TEMPERATURE } else { temperature },
                    }
                });
                grid.push(SimilaritySettings {
                    votes: votes.collect(),
                    kernel: SpatialKernel { scales: kernel.to_vec() },
                });
            }
        }
    }
    grid
}

/// The value of each setting under each rule: mean share within 25, 200 and 750 km, over all queries and weighted by
/// authors.
fn total(grid: &[SimilaritySettings], queries: &[Judged]) -> Vec<f64> {
    let each: Vec<Vec<f64>> = queries.par_iter().map(|query| one_query(grid, query)).collect();
    let count = queries.len().max(1) as f64;
    let mut sums = vec![0.0; grid.len() * RULES.len()];
    for (query, values) in queries.iter().zip(each) {
        let share = f64::midpoint(1.0, query.weight) / count;
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += share * value;
        }
    }
    sums
}

fn one_query(grid: &[SimilaritySettings], query: &Judged) -> Vec<f64> {
    let distances = DistanceMatrix::of(&query.set.candidates);
    let count = distances.count();
    let errors: Vec<f64> =
        query.set.candidates.iter().map(|one| geodesic_km(one.location, query.truth)).collect();
    let value = |chosen: Option<usize>| {
        let Some(error) = chosen.map(|index| errors[index]) else { return 0.0 };
        let known: Vec<usize> = judged(query.precision_km).filter(|radius| JUDGED.contains(radius)).collect();
        let right = known.iter().filter(|&&radius| error < RADII_KM[radius]).count();
        right as f64 / known.len().max(1) as f64
    };
    let matrix = |of: &dyn Fn(f64) -> f64| -> Vec<f64> { distances.all().iter().map(|km| of(*km)).collect() };
    let product = |matrix: &[f64], vector: &[f64]| -> Vec<f64> {
        matrix
            .chunks_exact(count.max(1))
            .map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
            .collect()
    };
    let kernels: Vec<(SpatialKernel, Vec<f64>)> = KERNELS
        .iter()
        .map(|scales| {
            let kernel = SpatialKernel { scales: scales.to_vec() };
            let values = matrix(&|km| kernel.at(km));
            (kernel, values)
        })
        .collect();
    let decay = matrix(&|km| (-km / GEOSCORE_DECAY_KM).exp());
    let mut values = Vec::with_capacity(grid.len() * RULES.len());
    for settings in grid {
        let votes = SimilarityRanker::new(settings.clone()).map(|ranker| ranker.votes(&query.set.candidates));
        let kernel = kernels.iter().find(|(kernel, _)| *kernel == settings.kernel);
        let (Ok(votes), Some((_, kernel))) = (votes, kernel) else {
            values.extend([0.0; RULES.len()]);
            continue;
        };
        let support = product(kernel, &votes);
        let sum: f64 = support.iter().sum();
        let shares: Vec<f64> = support.iter().map(|value| value / sum).collect();
        values.push(value(highest(&support)));
        values.push(value(highest(&product(&decay, &shares))));
    }
    values
}

/// The first of the highest.
fn highest(values: &[f64]) -> Option<usize> {
    (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]).then(b.cmp(a)))
}

/// The temperature under which the truth's surroundings are most likely: mean log mass within 25, 200 and 750 km of the
/// truth.
pub(crate) fn best_temperature(queries: &[Judged], rankings: &[Ranking]) -> f64 {
    let likelihood = |temperature: f64| -> f64 {
        queries
            .iter()
            .zip(rankings)
            .map(|(query, ranking)| {
                let probabilities = probabilities(ranking, temperature);
                let near = |radius: usize| -> f64 {
                    let candidates = query.set.candidates.iter().zip(&probabilities);
                    candidates
                        .filter(|(one, _)| geodesic_km(one.location, query.truth) < RADII_KM[radius])
                        .map(|(_, mass)| mass)
                        .sum()
                };
                JUDGED.iter().map(|&radius| (near(radius) + 1e-3).ln()).sum::<f64>()
            })
            .sum()
    };
    let values: Vec<f64> =
        SOFTMAX_TEMPERATURES.par_iter().map(|temperature| likelihood(*temperature)).collect();
    highest(&values).map_or(1.0, |index| SOFTMAX_TEMPERATURES[index])
}

/// Nine tenths of the lowest similarity that the most similar photo of any validation photo has.
fn least_similarity(channels: &[Channel], queries: &[Judged]) -> Option<LeastSimilarity> {
    let channel = channels.iter().find(|channel| **channel == Channel::photo()).or(channels.first())?.clone();
    let best = |query: &Judged| {
        query.set.candidates.iter().filter_map(|one| one.similarity(&channel)).reduce(f32::max)
    };
    let lowest = queries.iter().filter_map(best).reduce(f32::min)?;
    let similarity = (lowest * 0.9 * 100.0).floor() / 100.0;
    Some(LeastSimilarity { channel, similarity })
}

#[cfg(test)]
mod tests {
    use contract::{Candidate, Origin};

    use super::*;

    fn at(latitude: f64, longitude: f64) -> LatLon {
        LatLon::new(latitude, longitude).unwrap()
    }

    fn quiet<T>(work: impl FnOnce(&Run<'_>) -> T) -> T {
        let stop = std::sync::atomic::AtomicBool::new(false);
        work(&Run { stop: &stop, tell: &|_| {} })
    }

    /// The nearest photo misleads, the cluster behind it is right.
    fn query(truth: LatLon) -> Judged {
        let seen = |place, similarity| {
            Candidate::at(place, Origin::Retrieved { channel: Channel::photo(), rank: 0, similarity })
        };
        let set = CandidateSet::new(
            "q",
            vec![
                seen(at(-60.0, 100.0), 0.81),
                seen(truth, 0.8),
                seen(at(truth.latitude() + 0.1, truth.longitude()), 0.795),
                seen(at(truth.latitude() - 0.1, truth.longitude()), 0.79),
                seen(at(0.0, 170.0), 0.7),
            ],
        );
        Judged { photo: 0, set, truth, precision_km: 0.0, weight: 1.0 }
    }

    #[test]
    fn takes_the_numbers_under_which_most_are_right() {
        let queries: Vec<Judged> = (0..20).map(|index| query(at(f64::from(index), 20.0))).collect();
        let choice = quiet(|run| choose(&[Channel::photo()], &queries, &queries, run)).unwrap();
        let ranker = SimilarityRanker::new(choice.settings.clone()).unwrap();
        let ranking = ranker.rank(&queries[3].set).unwrap();
        let (temperature, rule) = (choice.decision.temperature, Decide::from(choice.decision.rule));
        let best = decide(&queries[3].set, &ranking, temperature, rule).unwrap().chosen;
        assert!((1..=3).contains(&best), "the cluster");
        assert_eq!(choice.settings.votes.len(), 1);
        assert!((choice.settings.votes[0].weight - 1.0).abs() < 1e-9);
        let least = choice.decision.least_similarity.unwrap();
        assert!((least.similarity - 0.72).abs() < 1e-6, "{}", least.similarity);
        // The grid's own reckoning agrees with the ranker's.
        let values = one_query(&[choice.settings], &queries[3]);
        let value = values[RULES.iter().position(|rule| *rule == choice.decision.rule).unwrap()];
        assert!((value - 1.0).abs() < 1e-9);
    }

    #[test]
    fn authors_of_many_photos_count_less() {
        let weights = author_weights(&[1, 1, 1, 1, 2]);
        assert!((weights[0] * 2.0 - weights[4]).abs() < 1e-9);
        assert!((weights.iter().sum::<f64>() / 5.0 - 1.0).abs() < 1e-9);
    }
}
