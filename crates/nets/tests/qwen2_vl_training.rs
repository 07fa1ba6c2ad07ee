//! Gradients of the tiny network: against differences, and against those of prompts run one by one.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]
#![allow(clippy::float_cmp, reason = "what is exact must be exact")]

mod qwen2_vl_support;

use nets::NetworkError;
use nets::lora::{Adapter, Naming};
use nets::qwen2_vl::training::{
    Checkpointing, GroupPass, LoraPlan, LoraSettings, PassOptions, TrainingNetwork,
};
use nets::qwen2_vl::{PhotoFeatures, Prompt, Qwen2Vl, Sharing};
use nets::{ComputeType, LoadOptions, WeightStorage};
use qwen2_vl_support::{ADAPTERS, cases, difference, golden, network};

const ALL: [&str; 7] = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const SHARED: PassOptions = PassOptions { sharing: Sharing::SharedPrefix, dropout: None };
const ALONE: PassOptions = PassOptions { sharing: Sharing::Alone, dropout: None };

/// A training network with pairs on some modules.
fn training(modules: &[&str], dropout: f64, checkpointing: Checkpointing) -> TrainingNetwork {
    let network = Qwen2Vl::open(&golden("tiny-qwen2vl"), None, &LoadOptions::default()).unwrap();
    let target_modules = modules.iter().map(ToString::to_string).collect();
    let settings = LoraSettings { rank: 4, alpha: 8.0, dropout, target_modules };
    let plan = LoraPlan::new(&network.config().language, &settings).unwrap();
    TrainingNetwork::new(network, plan, checkpointing).unwrap()
}

/// Values that let gradients flow everywhere: a fresh start has zeros in every B.
fn values(network: &TrainingNetwork) -> Vec<Vec<f32>> {
    let mut values = network.plan().fresh(5, None).unwrap();
    let other = network.plan().fresh(6, None).unwrap();
    for (tensor, values) in network.plan().tensors().iter().zip(&mut values) {
        if tensor.name.contains("lora_B") {
            for (index, value) in values.iter_mut().enumerate() {
                *value = other[0][index % other[0].len()] * 0.5;
            }
        } else if tensor.name.contains("value_head") {
            for value in values {
                *value *= 50.0;
            }
        }
    }
    values
}

fn slices(values: &[Vec<f32>]) -> Vec<&[f32]> {
    values.iter().map(Vec::as_slice).collect()
}

/// Prompts of several lengths that part in the middle of a text, with two photos each.
fn group(network: &TrainingNetwork) -> (Vec<Prompt>, Vec<PhotoFeatures>) {
    let cases = cases();
    let case = &cases[0];
    let image = network.network().config().tokens.image;
    let mut photos = network.network().encode_photos(&case.photos).unwrap();
    let mut turned = photos[1].clone();
    turned.values.reverse();
    photos.push(turned);
    let mut prompts = vec![case.prompt(0)];
    for (number, back) in [7, 25, case.ids.len() / 3].into_iter().enumerate() {
        let mut variant = case.prompt(0);
        let at = (variant.ids.len() - back..variant.ids.len()).find(|&at| variant.ids[at] != image).unwrap();
        variant.ids[at] = 17;
        variant.ids.truncate(variant.ids.len() - number);
        prompts.push(variant);
    }
    // One with another photo in the second place.
    prompts.push(Prompt { photos: vec![0, 2], ..case.prompt(0) });
    (prompts, photos)
}

fn slopes(count: usize) -> Vec<f32> {
    (0..count).map(|index| [0.7, -1.1, 0.4, -0.3, 0.9][index % 5]).collect()
}

fn gradients(
    network: &TrainingNetwork,
    values: &[Vec<f32>],
    (prompts, photos): &(Vec<Prompt>, Vec<PhotoFeatures>),
    slopes: &[f32],
    options: PassOptions,
) -> (GroupPass, Vec<Vec<f32>>) {
    let mut gradients: Vec<Vec<f32>> = values.iter().map(|values| vec![0.0; values.len()]).collect();
    let mut given = |_: &[f32]| slopes.to_vec();
    let pass = network
        .forward_backward(&slices(values), prompts, photos, options, &mut given, &mut gradients)
        .unwrap();
    (pass, gradients)
}

/// The greatest difference of a tensor beside the greatest number of it, over all tensors.
fn relative(one: &[Vec<f32>], other: &[Vec<f32>]) -> f32 {
    let pairs = one.iter().zip(other);
    pairs.fold(0.0, |worst, (one, other)| {
        let size = one.iter().fold(1e-6_f32, |size, value| size.max(value.abs()));
        worst.max(difference(one, other) / size)
    })
}

#[test]
fn every_tensors_gradient_is_the_difference() {
    let network = training(&ALL, 0.0, Checkpointing::EveryLayer);
    let group = group(&network);
    let values = values(&network);
    let slopes = slopes(group.0.len());
    let (pass, found) = gradients(&network, &values, &group, &slopes, SHARED);
    assert!(pass.prefix_tokens > 20 && pass.suffix_tokens > pass.prefix_tokens);
    for (place, tensor) in network.plan().tensors().iter().enumerate() {
        // Along the gradient itself the derivative is its length: nothing is greater, or easier to tell from noise.
        let length = found[place].iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        assert!(length > 1e-3, "{} {length}", tensor.name);
        let moved = |step: f64| {
            let mut values = values.clone();
            for (value, slope) in values[place].iter_mut().zip(&found[place]) {
                *value += (step * f64::from(*slope) / length) as f32;
            }
            let scores = network.scores(&slices(&values), &group.0, &group.1, SHARED).unwrap().scores;
            scores.iter().zip(&slopes).map(|(s, t)| f64::from(*s) * f64::from(*t)).sum::<f64>()
        };
        let step = 0.02 / length.max(1.0);
        let expected = (moved(step) - moved(-step)) / (2.0 * step);
        assert!((length - expected).abs() < 0.02 * length.max(0.05), "{}: {length} {expected}", tensor.name);
    }
}

#[test]
fn sharing_changes_nothing() {
    let network = training(&ALL, 0.1, Checkpointing::EveryLayer);
    let group = group(&network);
    let values = values(&network);
    let slopes = slopes(group.0.len());
    let (together, shared) = gradients(&network, &values, &group, &slopes, SHARED);
    let (packed, alone) = gradients(&network, &values, &group, &slopes, ALONE);
    assert!(together.prefix_tokens > 0 && packed.prefix_tokens == 0);
    assert!(difference(&together.scores, &packed.scores) < 2e-5);
    assert!(relative(&shared, &alone) < 1e-4, "{}", relative(&shared, &alone));
    // One by one, in calls of their own.
    let mut single: Vec<Vec<f32>> = values.iter().map(|values| vec![0.0; values.len()]).collect();
    for (prompt, slope) in group.0.iter().zip(&slopes) {
        let one = (vec![prompt.clone()], group.1.clone());
        let (pass, gradients) = gradients(&network, &values, &one, &[*slope], SHARED);
        assert_eq!(pass.prefix_tokens, 0);
        for (into, more) in single.iter_mut().flatten().zip(gradients.iter().flatten()) {
            *into += more;
        }
    }
    assert!(relative(&shared, &single) < 1e-4, "{}", relative(&shared, &single));
}

#[test]
fn what_layers_keep_changes_no_bit() {
    let runs =
        [Checkpointing::EveryLayer, Checkpointing::Within(3_000_000), Checkpointing::Off].map(|kept| {
            let network = training(&ALL, 0.3, kept);
            let (group, values) = (group(&network), values(&network));
            let options = PassOptions { dropout: Some(9), ..SHARED };
            gradients(&network, &values, &group, &slopes(group.0.len()), options)
        });
    for (pass, gradients) in &runs[1..] {
        assert_eq!(pass.scores, runs[0].0.scores);
        assert_eq!(gradients, &runs[0].1);
    }
}

#[test]
fn dropout_follows_from_its_seed() {
    let network = training(&ALL, 0.3, Checkpointing::EveryLayer);
    let (group, values) = (group(&network), values(&network));
    let scores = |dropout| {
        let options = PassOptions { dropout, ..SHARED };
        network.scores(&slices(&values), &group.0, &group.1, options).unwrap().scores
    };
    let (none, one) = (scores(None), scores(Some(1)));
    assert_eq!(one, scores(Some(1)));
    assert!(difference(&one, &scores(Some(2))) > 1e-3 && difference(&one, &none) > 1e-3);
    // With the same masks the gradient is the difference too.
    let options = PassOptions { dropout: Some(1), ..SHARED };
    let slopes = slopes(group.0.len());
    let (_, found) = gradients(&network, &values, &group, &slopes, options);
    let length = found.iter().flatten().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    let moved = |step: f64| {
        let mut values = values.clone();
        for (value, slope) in values.iter_mut().flatten().zip(found.iter().flatten()) {
            *value += (step * f64::from(*slope) / length) as f32;
        }
        let scores = network.scores(&slices(&values), &group.0, &group.1, options).unwrap().scores;
        scores.iter().zip(&slopes).map(|(s, t)| f64::from(*s) * f64::from(*t)).sum::<f64>()
    };
    let step = 0.02 / length.max(1.0);
    let expected = (moved(step) - moved(-step)) / (2.0 * step);
    assert!((length - expected).abs() < 0.02 * length, "{length} {expected}");
}

#[test]
fn narrow_weights_give_nearby_gradients() {
    let wide = training(&["q_proj", "k_proj", "v_proj"], 0.0, Checkpointing::EveryLayer);
    let (group, values) = (group(&wide), values(&wide));
    let slopes = slopes(group.0.len());
    let (_, expected) = gradients(&wide, &values, &group, &slopes, SHARED);
    for (weights, dtype) in
        [(WeightStorage::AsInFile, ComputeType::Bf16), (WeightStorage::Q8, ComputeType::F32)]
    {
        let options = LoadOptions { weights, dtype, ..LoadOptions::default() };
        let network = Qwen2Vl::open(&golden("tiny-qwen2vl"), None, &options).unwrap();
        let narrow = TrainingNetwork::new(network, wide.plan().clone(), Checkpointing::EveryLayer).unwrap();
        let (_, found) = gradients(&narrow, &values, &group, &slopes, SHARED);
        let along = |one: &[Vec<f32>], other: &[Vec<f32>]| -> f64 {
            let pairs = one.iter().flatten().zip(other.iter().flatten());
            pairs.map(|(one, other)| f64::from(*one) * f64::from(*other)).sum()
        };
        let cosine = along(&found, &expected) / (along(&found, &found) * along(&expected, &expected)).sqrt();
        assert!(cosine > 0.99, "{weights:?}, {dtype:?}: {cosine}");
    }
}

#[test]
fn a_trained_adapter_scores_as_in_training() {
    let adapter = Adapter::open(&golden(ADAPTERS[0])).unwrap();
    let base = Qwen2Vl::open(&golden("tiny-qwen2vl"), None, &LoadOptions::default()).unwrap();
    let plan = LoraPlan::of_adapter(&base.config().language, &adapter).unwrap();
    let values = plan.values_of(&adapter, 0).unwrap();
    let training = TrainingNetwork::new(base, plan, Checkpointing::EveryLayer).unwrap();
    let scorer = network(ADAPTERS[0], &LoadOptions::default());
    let (prompts, photos) = group(&training);
    let expected = scorer.score(&prompts, &photos, Sharing::SharedPrefix).unwrap().scores;
    let found = training.scores(&slices(&values), &prompts, &photos, SHARED).unwrap().scores;
    assert!(difference(&found, &expected) < 1e-5);
    // And saved, with values of its own.
    let changed: Vec<Vec<f32>> =
        values.iter().map(|values| values.iter().map(|value| value * 1.25).collect()).collect();
    let folder = tempfile::tempdir().unwrap();
    training.plan().adapter(&slices(&changed)).unwrap().save(folder.path(), Naming::Current).unwrap();
    let saved = Adapter::open(folder.path()).unwrap();
    assert_eq!(saved.dropout, adapter.dropout);
    let scorer = Qwen2Vl::open(&golden("tiny-qwen2vl"), Some(&saved), &LoadOptions::default()).unwrap();
    let expected = scorer.score(&prompts, &photos, Sharing::SharedPrefix).unwrap().scores;
    let found = training.scores(&slices(&changed), &prompts, &photos, SHARED).unwrap().scores;
    assert!(difference(&found, &expected) < 1e-5);
    assert_eq!(training.plan().values_of(&saved, 0).unwrap(), changed);
}

#[test]
fn a_fresh_start_is_pefts() {
    let network = training(&ALL, 0.0, Checkpointing::EveryLayer);
    let values = network.plan().fresh(3, None).unwrap();
    assert_eq!(values, network.plan().fresh(3, None).unwrap());
    assert_ne!(values, network.plan().fresh(4, None).unwrap());
    for (tensor, values) in network.plan().tensors().iter().zip(&values) {
        let most = values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        match (tensor.name.contains("lora_A"), tensor.name.contains("lora_B")) {
            (true, _) => {
                let bound = 1.0 / (tensor.shape[1] as f32).sqrt();
                assert!(most <= bound && most > 0.95 * bound, "{} {most} {bound}", tensor.name);
            }
            (_, true) => assert!(most == 0.0),
            _ => {
                let squares: f32 = values.iter().map(|value| value * value).sum();
                let deviation = (squares / values.len() as f32).sqrt() * (values.len() + 1) as f32;
                assert!((0.7..1.4).contains(&deviation), "{deviation}");
            }
        }
    }
    // Zeros in B: the adapter changes nothing yet.
    let (prompts, photos) = group(&network);
    let mut more = values.clone();
    for (tensor, values) in network.plan().tensors().iter().zip(&mut more) {
        if tensor.name.contains("lora_A") {
            values.fill(3.0);
        }
    }
    let scores =
        |values: &[Vec<f32>]| network.scores(&slices(values), &prompts, &photos, SHARED).unwrap().scores;
    assert_eq!(scores(&values), scores(&more));
}

#[test]
fn slopes_of_zero_leave_the_gradients() {
    let network = training(&["q_proj"], 0.0, Checkpointing::EveryLayer);
    let (group, values) = (group(&network), values(&network));
    let (_, found) = gradients(&network, &values, &group, &vec![0.0; group.0.len()], SHARED);
    assert!(found.iter().flatten().all(|value| *value == 0.0));
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = training(&["q_proj"], 0.0, Checkpointing::EveryLayer);
    let ((prompts, photos), values) = (group(&network), values(&network));
    let refused = |error: Result<GroupPass, NetworkError>| error.unwrap_err().to_string();
    let message = refused(network.scores(&slices(&values[1..]), &prompts, &photos, SHARED));
    assert!(message.contains("trained tensors"), "{message}");
    let mut short = values.clone();
    short[0].pop();
    let message = refused(network.scores(&slices(&short), &prompts, &photos, SHARED));
    assert!(message.contains("layers.0.self_attn.q_proj.lora_A"), "{message}");
    let message = refused(network.scores(&slices(&values), &[], &photos, SHARED));
    assert!(message.contains("prompts of a group"), "{message}");
    let message = refused(network.scores(&slices(&values), &prompts, &photos[..1], SHARED));
    assert!(message.contains("photos of a group"), "{message}");
    let mut into = values.clone();
    let mut wrong = |_: &[f32]| vec![1.0];
    let message =
        refused(network.forward_backward(&slices(&values), &prompts, &photos, SHARED, &mut wrong, &mut into));
    assert!(message.contains("slopes"), "{message}");
    let adapted = qwen2_vl_support::network(ADAPTERS[0], &LoadOptions::default());
    let error = TrainingNetwork::new(adapted, network.plan().clone(), Checkpointing::Off).unwrap_err();
    assert!(error.to_string().contains("without"), "{error}");
}
