//! The set ranker learns, and training and ranking are one network.

use contract::{Candidate, CandidateSet, Channel, Origin, PhotoId, QueryEmbedding, Ranker};
use geo::LatLon;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rank::MultiOrderLoss;
use rank::set::{SetChannel, SetConfig, SetNetwork, SetRanker};

use super::{SetQuery, SetSettings, SetTraining};
use crate::engine::{AdamW, Gradients, Parameter, StepContext, TrainableRanker};

const CANDIDATES: usize = 12;

/// Similarity points to a lone stranger; the truth is where three less similar candidates agree.
fn query(seed: u64) -> SetQuery {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut place =
        || LatLon::new(random.random_range(-60.0..60.0), random.random_range(-170.0..170.0)).unwrap();
    let truth = place();
    let near = |by: f64| LatLon::new(truth.latitude() + by, truth.longitude()).unwrap();
    let mut places: Vec<LatLon> = (3..CANDIDATES).map(|_| place()).collect();
    places.extend([near(0.05), near(-0.1), near(0.15)]);
    let candidates = places.into_iter().enumerate().map(|(rank, place)| {
        let similarity = 0.9 - 0.03 * rank as f32 + random.random_range(-0.01..0.01);
        Candidate::at(place, Origin::Retrieved { channel: Channel::photo(), rank, similarity })
    });
    let set = CandidateSet {
        query: PhotoId(format!("query {seed}")),
        embedding: QueryEmbedding::default(),
        candidates: candidates.collect(),
        negatives: Vec::new(),
    };
    SetQuery::new(set, truth)
}

fn training() -> SetTraining {
    let channel = SetChannel { name: Channel::photo(), dimension: 4, temperatures: vec![0.1] };
    let config = SetConfig {
        width: 16,
        heads: 2,
        hidden: 16,
        layers: 1,
        directions: 0,
        ..SetConfig::new(vec![channel], None)
    };
    let queries = |range: std::ops::Range<u64>| range.map(query).collect();
    let network = SetNetwork::new(config).unwrap();
    SetTraining::new(network, SetSettings::default(), queries(0..64), queries(1000..1040)).unwrap()
}

fn gradient(
    training: &SetTraining,
    parameters: &[Parameter],
    queries: &[usize],
    seed: u64,
) -> (Gradients, f64) {
    let loss = MultiOrderLoss::default();
    let context = StepContext { loss: &loss, weight: 1.0 / queries.len() as f64, seed };
    let mut gradients: Gradients = parameters.iter().map(|one| vec![0.0; one.values.len()]).collect();
    let reports = training.accumulate(parameters, queries, &context, &mut gradients).unwrap();
    (gradients, reports.iter().map(|report| report.loss).sum::<f64>() / queries.len() as f64)
}

fn right(training: &SetTraining, parameters: &[Parameter]) -> usize {
    let all: Vec<usize> = (0..training.validation_queries()).collect();
    let groups = training.validate(parameters, &all).unwrap();
    let best = |group: &crate::engine::ValidationGroup| {
        // The first of equals: an untrained network without a base has no opinion.
        let best =
            (0..CANDIDATES).rev().max_by(|&a, &b| group.scores[a].total_cmp(&group.scores[b])).unwrap();
        group.distances_km[best]
    };
    groups.iter().filter(|group| best(group) < 25.0).count()
}

#[test]
fn learns_that_agreement_matters_and_is_saved_as_it_is_validated() {
    let training = training();
    let mut parameters = training.initial_parameters().unwrap();
    let mut optimizer = AdamW::new(&parameters);
    let before = right(&training, &parameters);
    for step in 0..60 {
        let batch: Vec<usize> = (0..16).map(|index| (step * 16 + index) % training.queries()).collect();
        let (gradients, _) = gradient(&training, &parameters, &batch, step as u64);
        optimizer.step(&mut parameters, &gradients, 1e-2, 0.01);
    }
    let after = right(&training, &parameters);
    assert!(before <= 4 && after >= 36, "right before {before}, after {after} of 40");

    let directory = tempfile::tempdir().unwrap();
    training.save(&parameters, directory.path()).unwrap();
    let ranker = SetRanker::open(directory.path()).unwrap();
    let group = training.validate(&parameters, &[3]).unwrap().remove(0);
    let scores = ranker.rank(&query(1003).set).unwrap().scores;
    assert!(scores.iter().zip(&group.scores).all(|(a, b)| (a - b).abs() < 1e-5), "{scores:?} {group:?}");
}

#[test]
fn the_same_call_gives_the_same_bits_and_parts_add_up() {
    let training = training();
    let parameters = training.initial_parameters().unwrap();
    assert_eq!(
        gradient(&training, &parameters, &[0, 5, 9], 7),
        gradient(&training, &parameters, &[0, 5, 9], 7)
    );
    let (together, _) = gradient(&training, &parameters, &[2, 4], 7);
    let (first, second) =
        (gradient(&training, &parameters, &[2], 7).0, gradient(&training, &parameters, &[4], 7).0);
    for ((together, first), second) in together.iter().zip(first).zip(second) {
        for ((sum, a), b) in together.iter().zip(first).zip(second) {
            assert!((sum - f32::midpoint(a, b)).abs() < 1e-4 * (1.0 + sum.abs()));
        }
    }
}

#[test]
fn parameters_of_another_network_are_refused() {
    let training = training();
    let mut parameters = training.initial_parameters().unwrap();
    parameters[0].values.pop();
    assert!(training.validate(&parameters, &[0]).unwrap_err().message.contains("another shape"));
}

#[test]
fn a_twin_is_the_nearest_candidate_made_alike() {
    use rand::SeedableRng;
    let query = query(5);
    let config = training().network().config().clone();
    let settings =
        SetSettings { twins: 1.0, candidates_lost: 0.0, similarity_noise: 0.0, ..SetSettings::default() };
    let perturbed = |distances: &[f64]| {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        super::perturb::perturb(&query.set, distances, &config, &settings, &mut random).0
    };
    let mut near = query.distances_km.clone();
    near[7] = 0.2;
    let similarity =
        |set: &CandidateSet, index: usize| set.candidates[index].similarity(&Channel::photo()).unwrap();
    let set = perturbed(&near);
    assert!(similarity(&set, 7) >= 0.85);
    for index in (0..CANDIDATES).filter(|index| *index != 7) {
        assert!((similarity(&set, index) - similarity(&query.set, index)).abs() < 1e-6);
    }
    // Nobody within a kilometre: nobody becomes one.
    assert!((similarity(&perturbed(&query.distances_km), 7) - similarity(&query.set, 7)).abs() < 1e-6);
}
