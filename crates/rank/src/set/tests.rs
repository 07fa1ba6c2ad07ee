//! What a set ranker promises.

use contract::{Candidate, CandidateSet, Channel, ErrorKind, Origin, PhotoId, QueryEmbedding, Ranker};
use geo::LatLon;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Dropout, SetChannel, SetConfig, SetFeatures, SetNetwork, SetRanker, Site, start};
use crate::{ChannelVote, SimilarityRanker, SimilaritySettings, SpatialKernel};

const DIMENSION: usize = 6;

fn base() -> SimilaritySettings {
    SimilaritySettings {
        votes: vec![ChannelVote { channel: Channel::photo(), weight: 1.0, temperature: 0.2 }],
        kernel: SpatialKernel { scales: vec![(25.0, 0.5), (500.0, 0.5)] },
    }
}

fn config(base: Option<SimilaritySettings>) -> SetConfig {
    let channel = |name| SetChannel { name, dimension: DIMENSION, temperatures: vec![0.1, 0.3] };
    SetConfig {
        width: 8,
        heads: 2,
        hidden: 12,
        directions: 3,
        ..SetConfig::new(vec![channel(Channel::photo()), channel(Channel::location())], base)
    }
}

fn unit(random: &mut ChaCha8Rng) -> Vec<f32> {
    let vector: Vec<f32> = (0..DIMENSION).map(|_| random.random_range(-1.0..1.0)).collect();
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.into_iter().map(|value| value / norm).collect()
}

/// Clusters of candidates, some without vectors, some known to one channel only.
fn set(count: usize, seed: u64) -> CandidateSet {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let both = |random: &mut ChaCha8Rng| QueryEmbedding {
        vectors: vec![(Channel::photo(), unit(random)), (Channel::location(), unit(random))],
    };
    let embedding = both(&mut random);
    let candidates = (0..count)
        .map(|index| {
            let (row, column) = (f64::from(random.random_range(0..3)), f64::from(random.random_range(0..3)));
            let mut around = || random.random_range(-0.5..0.5);
            let place = LatLon::new(row * 30.0 + around(), column * 100.0 - 100.0 + around()).unwrap();
            let channel = if index % 4 == 3 { Channel::location() } else { Channel::photo() };
            let similarity = random.random_range(-0.2..0.9);
            let mut candidate = Candidate::at(place, Origin::Retrieved { channel, rank: index, similarity });
            if index % 5 != 4 {
                candidate.embedding = both(&mut random);
            }
            candidate
        })
        .collect();
    CandidateSet { query: PhotoId("q".into()), embedding, candidates, negatives: Vec::new() }
}

fn weights(network: &SetNetwork, seed: u64) -> Vec<Vec<f32>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let fresh = network.layout().iter().map(|spec| start(spec, || random.random()));
    let mut weights: Vec<Vec<f32>> = fresh.collect();
    // Constants too, so that every tensor matters.
    for values in &mut weights {
        for value in values {
            *value += random.random_range(-0.3..0.3);
        }
    }
    weights
}

fn ranker(base: Option<SimilaritySettings>, seed: u64) -> SetRanker {
    let network = SetNetwork::new(config(base)).unwrap();
    let weights = weights(&network, seed);
    SetRanker::new(network, weights).unwrap()
}

#[test]
fn an_untrained_network_ranks_as_its_base_does() {
    let network = SetNetwork::new(config(Some(base()))).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let fresh = network.layout().iter().map(|spec| start(spec, || random.random())).collect();
    let (ranker, set) = (SetRanker::new(network, fresh).unwrap(), set(40, 2));
    let expected = SimilarityRanker::new(base()).unwrap().rank(&set).unwrap();
    for (score, expected) in ranker.rank(&set).unwrap().scores.iter().zip(expected.scores) {
        assert!((score - expected).abs() < 1e-5);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn order_does_not_matter(count in 1..90usize, seed in 0..1000u64, with_base: bool) {
        let (ranker, set) = (ranker(with_base.then(base), seed), set(count, seed + 1));
        let scores = ranker.rank(&set).unwrap().scores;
        prop_assert!(scores.iter().all(|score| score.is_finite()));
        let mut order: Vec<usize> = (0..count).collect();
        order.reverse();
        order.rotate_left(count / 3);
        let shuffled = CandidateSet {
            candidates: order.iter().map(|&index| set.candidates[index].clone()).collect(),
            ..set.clone()
        };
        for (score, &index) in ranker.rank(&shuffled).unwrap().scores.iter().zip(&order) {
            prop_assert!((score - scores[index]).abs() < 1e-3 * (1.0 + scores[index].abs()));
        }
    }
}

#[test]
fn candidates_beyond_the_limit_come_last_in_the_order_of_the_base() {
    let set = set(150, 3);
    let scores = ranker(Some(base()), 4).rank(&set).unwrap().scores;
    let prior = SimilarityRanker::new(base()).unwrap().rank(&set).unwrap();
    let order = prior.order();
    let (kept, rest) = order.split_at(100);
    let lowest = kept.iter().map(|&index| scores[index]).fold(f32::INFINITY, f32::min);
    assert!(rest.iter().all(|&index| scores[index] < lowest));
    assert!(rest.windows(2).all(|pair| scores[pair[0]] >= scores[pair[1]]));
}

#[test]
fn many_that_agree_beat_a_stranger_with_more_than_each() {
    let mut network = config(None);
    network.reach = super::REACH.to_vec();
    let set = set(3, 20);
    let mut features = SetFeatures::of(&network, &set).unwrap();
    features.distances_km = vec![0.0, 10.0, 4000.0, 10.0, 0.0, 4000.0, 4000.0, 4000.0, 0.0];
    let scores = super::reached(&network.reach, &features, &[1.0, 1.1, 1.4]);
    assert!(scores[1] > scores[0] && scores[0] > scores[2], "{scores:?}");
    assert_eq!(super::reached(&[], &features, &[1.0, 1.1, 1.4]), [1.0, 1.1, 1.4]);
}

#[test]
fn odd_sets_get_finite_scores() {
    let ranker = ranker(Some(base()), 5);
    let finite = |set: &CandidateSet| {
        let scores = ranker.rank(set).unwrap().scores;
        assert_eq!(scores.len(), set.candidates.len());
        assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
    };
    finite(&CandidateSet::new("none", vec![]));
    finite(&set(1, 6));
    let mut one_place = set(20, 7);
    one_place.candidates.iter_mut().for_each(|candidate| candidate.location = LatLon::new(5.0, 5.0).unwrap());
    finite(&one_place);
    let mut unknown = set(12, 8);
    unknown.embedding = QueryEmbedding::default();
    for candidate in &mut unknown.candidates {
        candidate.similarities.iter_mut().for_each(|(_, value)| *value = f32::NAN);
        candidate.embedding.vectors.iter_mut().for_each(|(_, vector)| vector[0] = f32::INFINITY);
    }
    finite(&unknown);
    let place = |latitude, longitude| {
        let origin = Origin::generated("m", 0);
        Candidate::at(LatLon::new(latitude, longitude).unwrap(), origin)
    };
    finite(&CandidateSet::new("antipodes", vec![place(90.0, 0.0), place(-90.0, 0.0), place(0.0, 180.0)]));
}

#[test]
fn vectors_of_another_length_are_refused() {
    let mut set = set(3, 9);
    set.candidates[1].embedding.vectors[0].1.push(0.0);
    let failure = ranker(None, 9).rank(&set).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::BrokenModel);
    assert!(failure.message.contains("photo") && failure.message.contains('7'), "{}", failure.message);
}

/// The same masks at every call.
struct Masks(ChaCha8Rng);

impl Dropout for Masks {
    fn mask(&mut self, _: Site, values: usize) -> Option<Vec<f32>> {
        Some((0..values).map(|_| if self.0.random::<f32>() < 0.8 { 1.25 } else { 0.0 }).collect())
    }
}

#[test]
fn derivatives_are_those_of_finite_differences() {
    check_derivatives(config(Some(base())));
    check_derivatives(SetConfig { layers: 0, ..config(Some(base())) });
}

#[test]
fn standardised_features_have_mean_nought_and_deviation_one() {
    let raw = config(Some(base()));
    let sets: Vec<CandidateSet> = (0..6).map(|seed| set(20, seed)).collect();
    let moments = |config: &SetConfig| {
        let all: Vec<SetFeatures> = sets.iter().map(|set| SetFeatures::of(config, set).unwrap()).collect();
        SetFeatures::moments(config.features(), &all)
    };
    let (centre, deviation) = moments(&raw);
    let (mean, spread) = moments(&SetConfig { centre, deviation: deviation.clone(), ..raw });
    assert!(mean.iter().all(|value| value.abs() < 1e-3), "{mean:?}");
    for (spread, before) in spread.iter().zip(&deviation) {
        // Features that are the same everywhere stay so.
        assert!((spread - 1.0).abs() < 0.03 || *before < 0.05, "{spread} from {before}");
    }
}

fn check_derivatives(config: SetConfig) {
    let network = SetNetwork::new(config).unwrap();
    let features = SetFeatures::of(network.config(), &set(11, 10)).unwrap();
    let weights = weights(&network, 11);
    let mut random = ChaCha8Rng::seed_from_u64(12);
    let pull: Vec<f32> = (0..features.count()).map(|_| random.random_range(-1.0..1.0)).collect();
    let views = |weights: &[Vec<f32>]| -> f64 {
        let slices: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
        let mut masks = Masks(ChaCha8Rng::seed_from_u64(13));
        let trace = network.forward(&slices, &features, Some(&mut masks));
        trace.scores.iter().zip(&pull).map(|(score, pull)| f64::from(*score) * f64::from(*pull)).sum()
    };
    let slices: Vec<&[f32]> = weights.iter().map(Vec::as_slice).collect();
    let mut masks = Masks(ChaCha8Rng::seed_from_u64(13));
    let trace = network.forward(&slices, &features, Some(&mut masks));
    let mut gradients: Vec<Vec<f32>> = weights.iter().map(|values| vec![0.0; values.len()]).collect();
    network.backward(&slices, &features, &trace, &pull, &mut gradients);
    for (number, spec) in network.layout().iter().enumerate() {
        let direction: Vec<f32> = (0..spec.len()).map(|_| random.random_range(-1.0..1.0)).collect();
        let norm = direction.iter().map(|value| value * value).sum::<f32>().sqrt();
        let moved = |by: f32| {
            let mut moved = weights.clone();
            for (value, direction) in moved[number].iter_mut().zip(&direction) {
                *value += by * direction / norm;
            }
            views(&moved)
        };
        let step = 4e-3;
        let measured = (moved(step) - moved(-step)) / f64::from(2.0 * step);
        let stated: f64 =
            gradients[number].iter().zip(&direction).map(|(a, b)| f64::from(a * b / norm)).sum();
        let close = (measured - stated).abs() < 2e-3 + 1e-2 * measured.abs();
        assert!(close, "{}: measured {measured}, stated {stated}", spec.name);
    }
}

#[test]
fn comes_back_from_its_files() {
    let directory = tempfile::tempdir().unwrap();
    let network = SetNetwork::new(config(Some(base()))).unwrap();
    let (one, two) = (weights(&network, 14), weights(&network, 15));
    let alone = |weights| SetRanker::new(network.clone(), weights).unwrap();
    let ranker = SetRanker::together(vec![alone(one), alone(two)]).unwrap();
    ranker.save(directory.path()).unwrap();
    let back = SetRanker::open(directory.path()).unwrap();
    let set = set(30, 16);
    assert_eq!(back.rank(&set).unwrap(), ranker.rank(&set).unwrap());
    assert_eq!(back.config().members, 2);

    let text = std::fs::read_to_string(directory.path().join("config.toml")).unwrap();
    std::fs::write(directory.path().join("config.toml"), text.replace("layers = 2", "layers = 3")).unwrap();
    let message = SetRanker::open(directory.path()).err().unwrap().message;
    assert!(message.contains("layers.2.") && message.contains("model.safetensors"), "{message}");
    std::fs::remove_file(directory.path().join("config.toml")).unwrap();
    assert!(SetRanker::open(directory.path()).err().unwrap().message.contains("config.toml"));
}
