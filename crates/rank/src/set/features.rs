//! What a set ranker sees of a candidate set.

use contract::{Candidate, CandidateSet, Channel, ErrorKind, Failure, Ranker};

use super::{SetChannel, SetConfig};
use crate::{DistanceMatrix, SimilarityRanker};

/// A candidate set as numbers. Everything in it is finite.
#[derive(Clone, Debug)]
pub struct SetFeatures {
    /// Which candidates of the set are attended to, rising: all of them, or the best
    /// [`SetConfig::max_candidates`] by [`prior`](Self::prior).
    pub kept: Vec<usize>,
    /// What orders candidates before the network has a say, for all candidates of the set: the base ranker's
    /// score, or without one the logarithm of the channels' votes. `[set]`.
    pub prior: Vec<f32>,
    /// The base ranker's score, 0 without one. `[kept]`.
    pub base: Vec<f32>,
    /// `[kept, features]`, row-major; see [`SetConfig::features`].
    pub features: Vec<f32>,
    /// Great-circle distances between the kept candidates, km. `[kept, kept]`.
    pub distances_km: Vec<f32>,
    /// Each distance's knot below and how far it is on the way to the next, 0 to 1. `[kept, kept]`.
    pub knots: Vec<(usize, f32)>,
    /// The vectors, a channel.
    pub vectors: Vec<ChannelVectors>,
}

/// Query and candidates in one channel.
#[derive(Clone, Debug)]
pub struct ChannelVectors {
    /// `[dimension]`; zeros where unknown.
    pub query: Vec<f32>,
    /// `[kept, dimension]`, row-major; zeros where unknown.
    pub candidates: Vec<f32>,
}

/// Keeps logarithms of votes finite: a vote of nothing counts as this much.
const LEAST_VOTE: f64 = 1e-4;
/// Brings logarithms of votes and scores to about unit size.
const LOGARITHM_SCALE: f64 = 0.25;

/// Keeps features that hardly vary from being blown up.
const LEAST_DEVIATION: f64 = 1e-3;

impl SetFeatures {
    /// Looks at a set. The query's vectors are in [`CandidateSet::embedding`], the candidates' in
    /// [`Candidate::embedding`]; similarities that no search reported are computed from them, and what is unknown stays
    /// so.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenModel`] for a vector of another length than the configuration says.
    pub fn of(config: &SetConfig, set: &CandidateSet) -> Result<Self, Failure> {
        let ranker = config.base.clone().map(SimilarityRanker::new).transpose()?;
        Self::with_base(config, ranker.as_ref(), set)
    }

    /// [`SetFeatures::of`] with the base ranker at hand.
    pub(super) fn with_base(
        config: &SetConfig,
        base: Option<&SimilarityRanker>,
        set: &CandidateSet,
    ) -> Result<Self, Failure> {
        let seen: Vec<Seen> =
            config.channels.iter().map(|channel| Seen::of(channel, set)).collect::<Result<_, Failure>>()?;
        let prior = match base {
            Some(ranker) => ranker.rank(set)?.scores,
            None => votes_of(config, &seen, set.candidates.len()),
        };
        let kept = best(&prior, config.max_candidates);
        let candidates: Vec<Candidate> =
            kept.iter().map(|&index| place_only(&set.candidates[index])).collect();
        let distances = DistanceMatrix::of(&candidates);
        let base: Vec<f32> =
            kept.iter().map(|&index| if base.is_some() { prior[index] } else { 0.0 }).collect();
        let width = config.features();
        let mut rows: Vec<Vec<f32>> = vec![Vec::with_capacity(width); kept.len()];
        let kernels = kernels_of(config, &distances, kept.len());
        for (channel, seen) in config.channels.iter().zip(&seen) {
            let similarities: Vec<Option<f64>> = kept.iter().map(|&index| seen.similarities[index]).collect();
            append_channel(channel, &similarities, &kernels, &mut rows);
            for (row, &index) in rows.iter_mut().zip(&kept) {
                row.push(f32::from(u8::from(seen.found[index])));
            }
        }
        let highest = base.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for (row, base) in rows.iter_mut().zip(&base) {
            row.extend([(base - highest) * LOGARITHM_SCALE as f32, base * LOGARITHM_SCALE as f32]);
            standardise(row, config);
        }
        let distances_km: Vec<f32> =
            (0..kept.len()).flat_map(|row| distances.row(row).iter().map(|km| *km as f32)).collect();
        let knots = distances_km.iter().map(|km| knot_of(&config.knots_km, f64::from(*km))).collect();
        let vectors = config
            .channels
            .iter()
            .zip(seen)
            .map(|(channel, seen)| seen.vectors(channel.dimension, &kept))
            .collect();
        Ok(Self { features: rows.concat(), kept, prior, base, distances_km, knots, vectors })
    }

    /// Mean and deviation of each feature over the candidates of these sets: what [`SetConfig::centre`] and
    /// [`SetConfig::deviation`] should be for a network that is trained on them.
    pub fn moments(width: usize, all: &[Self]) -> (Vec<f32>, Vec<f32>) {
        let rows = || all.iter().flat_map(|one| one.features.chunks_exact(width.max(1)));
        let count = rows().count().max(1) as f64;
        let mut mean = vec![0.0_f64; width];
        for row in rows() {
            for (sum, value) in mean.iter_mut().zip(row) {
                *sum += f64::from(*value) / count;
            }
        }
        let mut variance = vec![0.0_f64; width];
        for row in rows() {
            for ((sum, value), mean) in variance.iter_mut().zip(row).zip(&mean) {
                *sum += (f64::from(*value) - mean).powi(2) / count;
            }
        }
        let mean = mean.into_iter().map(|value| value as f32).collect();
        (mean, variance.into_iter().map(|value| (value.sqrt() + LEAST_DEVIATION) as f32).collect())
    }

    /// Number of candidates attended to.
    pub fn count(&self) -> usize {
        self.kept.len()
    }

    /// The same set with only some of the attended candidates, by position among them: for training on perturbed sets.
    /// Features that compare candidates with each other stay as they were.
    #[must_use]
    pub fn only(&self, positions: &[usize]) -> Self {
        let (count, width) = (self.count(), self.features.len() / self.count().max(1));
        let rows = |values: &[f32], width: usize| -> Vec<f32> {
            positions.iter().flat_map(|&at| &values[at * width..(at + 1) * width]).copied().collect()
        };
        let pairs =
            || positions.iter().flat_map(|&row| positions.iter().map(move |&column| row * count + column));
        Self {
            kept: positions.iter().map(|&at| self.kept[at]).collect(),
            prior: self.prior.clone(),
            base: positions.iter().map(|&at| self.base[at]).collect(),
            features: rows(&self.features, width),
            distances_km: pairs().map(|at| self.distances_km[at]).collect(),
            knots: pairs().map(|at| self.knots[at]).collect(),
            vectors: self
                .vectors
                .iter()
                .map(|vectors| ChannelVectors {
                    query: vectors.query.clone(),
                    candidates: rows(&vectors.candidates, vectors.query.len()),
                })
                .collect(),
        }
    }
}

/// Brings features to mean 0 and deviation 1, as far as the configuration knows how.
fn standardise(row: &mut [f32], config: &SetConfig) {
    row.iter_mut().zip(&config.centre).for_each(|(value, centre)| *value -= centre);
    row.iter_mut().zip(&config.deviation).for_each(|(value, deviation)| *value /= deviation);
}

/// One channel's view of the whole set.
struct Seen<'a> {
    query: Option<&'a [f32]>,
    candidates: Vec<Option<&'a [f32]>>,
    /// As reported by a search, else from the vectors.
    similarities: Vec<Option<f64>>,
    /// Whether a search in this channel reported the candidate.
    found: Vec<bool>,
}

impl<'a> Seen<'a> {
    fn of(channel: &SetChannel, set: &'a CandidateSet) -> Result<Self, Failure> {
        let query = usable(set.embedding.get(&channel.name), channel)?;
        let candidates: Vec<Option<&[f32]>> = set
            .candidates
            .iter()
            .map(|candidate| usable(candidate.embedding.get(&channel.name), channel))
            .collect::<Result<_, Failure>>()?;
        let reported: Vec<Option<f64>> =
            set.candidates.iter().map(|candidate| reported(candidate, &channel.name)).collect();
        let similarities = reported
            .iter()
            .zip(&candidates)
            .map(|(reported, vector)| {
                let dot = || Some(query?.iter().zip((*vector)?).map(|(a, b)| f64::from(a * b)).sum());
                reported.or_else(dot)
            })
            .collect();
        Ok(Self { query, candidates, similarities, found: reported.iter().map(Option::is_some).collect() })
    }

    fn vectors(&self, dimension: usize, kept: &[usize]) -> ChannelVectors {
        let or_zeros = |vector: Option<&[f32]>| vector.map_or_else(|| vec![0.0; dimension], <[f32]>::to_vec);
        ChannelVectors {
            query: or_zeros(self.query),
            candidates: kept.iter().flat_map(|&index| or_zeros(self.candidates[index])).collect(),
        }
    }
}

/// A vector of the right length; one with numbers that are not finite counts as unknown.
fn usable<'a>(vector: Option<&'a [f32]>, channel: &SetChannel) -> Result<Option<&'a [f32]>, Failure> {
    match vector {
        Some(vector) if vector.len() != channel.dimension => Err(Failure::new(
            ErrorKind::BrokenModel,
            format!(
                "set ranker: vectors of channel {} have {} numbers, the ranker was made for {}",
                channel.name,
                vector.len(),
                channel.dimension
            ),
        )
        .with_hint("use the ranker with the encoder that it was trained with")),
        other => Ok(other.filter(|vector| vector.iter().all(|value| value.is_finite()))),
    }
}

fn reported(candidate: &Candidate, channel: &Channel) -> Option<f64> {
    candidate.similarity(channel).filter(|value| value.is_finite()).map(f64::from)
}

/// What distances are computed from.
fn place_only(candidate: &Candidate) -> Candidate {
    Candidate::at(candidate.location, candidate.origin.clone())
}

/// Softmax over the known similarities; 0 for the others.
fn softmax(similarities: &[Option<f64>], temperature: f64) -> Vec<f64> {
    let highest = similarities.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let raised: Vec<f64> = similarities
        .iter()
        .map(|known| known.map_or(0.0, |value| ((value - highest) / temperature).exp()))
        .collect();
    let sum: f64 = raised.iter().sum();
    if sum > 0.0 { raised.into_iter().map(|value| value / sum).collect() } else { raised }
}

/// Logarithm of the channels' votes, each at its first temperature.
fn votes_of(config: &SetConfig, seen: &[Seen<'_>], count: usize) -> Vec<f32> {
    let mut total = vec![0.0; count];
    for (channel, seen) in config.channels.iter().zip(seen) {
        let temperature = channel.temperatures.first().copied().unwrap_or(1.0);
        for (sum, vote) in total.iter_mut().zip(softmax(&seen.similarities, temperature)) {
            *sum += vote;
        }
    }
    total.into_iter().map(|vote| vote.max(f64::from(f32::MIN_POSITIVE)).ln() as f32).collect()
}

/// The positions of the `most` highest, rising; of equals the first.
fn best(prior: &[f32], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..prior.len()).collect();
    order.sort_by(|&a, &b| prior[b].total_cmp(&prior[a]));
    order.truncate(most);
    order.sort_unstable();
    order
}

/// How much each other candidate counts within each radius of a candidate: `exp(-km / radius)`, `[count][radii][count]`.
fn kernels_of(config: &SetConfig, distances: &DistanceMatrix, count: usize) -> Vec<Vec<Vec<f64>>> {
    let of_radius =
        |row: usize, radius: f64| distances.row(row).iter().map(|km| (-km / radius).exp()).collect();
    let of_row = |row: usize| config.radii_km.iter().map(|&radius| of_radius(row, radius)).collect();
    (0..count).map(of_row).collect()
}

/// Appends a channel's features to each row, but for the last (whether a search reported it).
fn append_channel(
    channel: &SetChannel,
    similarities: &[Option<f64>],
    kernels: &[Vec<Vec<f64>>],
    rows: &mut [Vec<f32>],
) {
    let known: Vec<f64> = similarities.iter().flatten().copied().collect();
    let count = known.len().max(1) as f64;
    let highest = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = known.iter().sum::<f64>() / count;
    let deviation = (known.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt() + 1e-3;
    let weights: Vec<Vec<f64>> =
        channel.temperatures.iter().map(|&temperature| softmax(similarities, temperature)).collect();
    for (index, row) in rows.iter_mut().enumerate() {
        let mut push = |value: f64| row.push(value as f32);
        match similarities[index] {
            Some(value) => {
                let better = known.iter().filter(|other| **other > value).count();
                push(1.0);
                push(value);
                push((value - highest) * 10.0);
                push(((value - mean) / deviation).clamp(-3.0, 3.0));
                push((better as f64).ln_1p() * LOGARITHM_SCALE);
            }
            None => (0..5).for_each(|_| push(0.0)),
        }
        let kernel = &kernels[index];
        for votes in &weights {
            push((votes[index] + LEAST_VOTE).ln() * LOGARITHM_SCALE);
            for reach in kernel {
                let support: f64 = reach.iter().zip(votes).map(|(reach, vote)| reach * vote).sum();
                push((support + LEAST_VOTE).ln() * LOGARITHM_SCALE);
            }
        }
        for reach in kernel {
            let others = reach.iter().zip(similarities).enumerate();
            let others = others.filter(|(other, (_, known))| *other != index && known.is_some());
            push(others.map(|(_, (reach, _))| reach).sum::<f64>().ln_1p() / 3.0);
        }
    }
}

/// The knot below a distance and how far it is on the way to the next, in `ln(1 + km)`.
fn knot_of(knots_km: &[f64], km: f64) -> (usize, f32) {
    let last = knots_km.len().saturating_sub(2);
    let below = knots_km.partition_point(|knot| *knot <= km).saturating_sub(1).min(last);
    let (from, to) = (knots_km[below].ln_1p(), knots_km[below + 1].ln_1p());
    (below, ((km.ln_1p() - from) / (to - from)).clamp(0.0, 1.0) as f32)
}
