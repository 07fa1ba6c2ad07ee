//! Sets as they might have been.

use contract::{Candidate, CandidateSet};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rank::set::{Dropout, SetConfig, Site};

/// How sets are perturbed while training. All zero: not at all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetSettings {
    /// Share of features dropped.
    pub feature_dropout: f32,
    /// Share of the vectors' entries dropped.
    pub vector_dropout: f32,
    /// Share dropped of what each layer adds.
    pub layer_dropout: f32,
    /// A set loses each candidate with a probability that is drawn for the set, between 0 and this.
    pub candidates_lost: f32,
    /// Deviation of the noise added to similarities, drawn for the set between 0 and this.
    pub similarity_noise: f32,
    /// Probability that a set loses all similarities and vectors of one channel (never the last).
    pub channel_lost: f32,
    /// Probability that the candidate nearest to the truth, if it is within a kilometre, is seen as a photo nearly the same
    /// as the query: the first channel's similarity is drawn between 0.85 and 1. A gallery that holds the very photo must
    /// not have it talked down, and curated queries have no twins to learn that from.
    pub twins: f32,
    /// Seed of the network's first weights.
    pub seed: u64,
}

impl Default for SetSettings {
    fn default() -> Self {
        Self {
            feature_dropout: 0.2,
            vector_dropout: 0.3,
            layer_dropout: 0.2,
            candidates_lost: 0.3,
            similarity_noise: 0.02,
            channel_lost: 0.05,
            twins: 0.0,
            seed: 0,
        }
    }
}

/// How near to the truth a candidate must be to pass for a photo of the same scene, km.
const TWIN_KM: f64 = 1.0;

/// A perturbed set, and which candidates of the original are left; at least two where there were two.
pub(super) fn perturb(
    set: &CandidateSet,
    distances_km: &[f64],
    config: &SetConfig,
    settings: &SetSettings,
    random: &mut ChaCha8Rng,
) -> (CandidateSet, Vec<usize>) {
    let loss = random.random::<f32>() * settings.candidates_lost;
    let mut left: Vec<usize> = (0..set.candidates.len()).filter(|_| random.random::<f32>() >= loss).collect();
    if left.len() < 2 {
        left = (0..set.candidates.len()).collect();
    }
    let noise = random.random::<f32>() * settings.similarity_noise;
    let lost = (config.channels.len() > 1 && random.random::<f32>() < settings.channel_lost)
        .then(|| &config.channels[random.random_range(0..config.channels.len())].name);
    let twin = (settings.twins > 0.0 && random.random::<f32>() < settings.twins)
        .then(|| nearest(distances_km))
        .flatten()
        .map(|index| (index, random.random_range(0.85..1.0_f32)));
    let change = |candidate: &Candidate, random: &mut ChaCha8Rng| {
        let mut changed = candidate.clone();
        changed.similarities.retain(|(channel, _)| Some(channel) != lost);
        changed.embedding.vectors.retain(|(channel, _)| Some(channel) != lost);
        for (_, similarity) in &mut changed.similarities {
            *similarity += noise * normal(random);
        }
        changed
    };
    let perturbed = CandidateSet {
        query: set.query.clone(),
        embedding: set.embedding.clone(),
        candidates: left
            .iter()
            .map(|&index| {
                let mut changed = change(&set.candidates[index], random);
                if let Some((_, similarity)) = twin.filter(|(twin, _)| *twin == index) {
                    pass_for_a_twin(&mut changed, config, similarity);
                }
                changed
            })
            .collect(),
        negatives: Vec::new(),
    };
    (perturbed, left)
}

/// The candidate nearest to the truth, if it is near enough to be a twin.
fn nearest(distances_km: &[f64]) -> Option<usize> {
    let near = distances_km.iter().enumerate().filter(|(_, km)| **km < TWIN_KM);
    near.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(index, _)| index)
}

/// Sets the first channel's similarity, where a search reported one.
fn pass_for_a_twin(candidate: &mut Candidate, config: &SetConfig, similarity: f32) {
    let first = config.channels.first().map(|channel| &channel.name);
    for (_, value) in candidate.similarities.iter_mut().filter(|(channel, _)| Some(channel) == first) {
        *value = similarity;
    }
}

/// A standard normal number (Box and Muller).
fn normal(random: &mut ChaCha8Rng) -> f32 {
    let (radius, angle): (f32, f32) = (random.random(), random.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
}

/// Dropout masks from a seeded generator.
pub(super) struct Masks<'a> {
    pub(super) settings: &'a SetSettings,
    pub(super) random: &'a mut ChaCha8Rng,
}

impl Dropout for Masks<'_> {
    fn mask(&mut self, site: Site, values: usize) -> Option<Vec<f32>> {
        let share = match site {
            Site::Features => self.settings.feature_dropout,
            Site::Vectors => self.settings.vector_dropout,
            Site::Layer => self.settings.layer_dropout,
        };
        let kept = (1.0 - share).recip();
        (share > 0.0).then(|| {
            (0..values).map(|_| if self.random.random::<f32>() < share { 0.0 } else { kept }).collect()
        })
    }
}
