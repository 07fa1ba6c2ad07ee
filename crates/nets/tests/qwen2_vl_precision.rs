//! What narrower weights cost, and that caches tell networks apart which compute differently.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

mod qwen2_vl_support;

use nets::qwen2_vl::{Parts, Qwen2Vl, Sharing};
use nets::{ComputeType, LoadOptions, WeightStorage};
use qwen2_vl_support::{ADAPTERS, cases, difference, features, golden, network, rank_correlation};

#[test]
fn rewards_stay_near_those_of_f32() {
    let cases = cases();
    let expected: Vec<f32> = cases.iter().map(|case| case.reward).collect();
    // (type, greatest error, least rank correlation): bounds are about twice what was measured. Random weights in
    // rows of 64 to 320 are the worst that can happen to 4 bits; the rewards span about 5.
    for (weights, dtype, most, least) in [
        (WeightStorage::AsInFile, ComputeType::Bf16, 0.1, 0.98),
        (WeightStorage::AsInFile, ComputeType::F16, 0.02, 0.99),
        (WeightStorage::Bf16, ComputeType::F32, 0.1, 0.98),
        (WeightStorage::Q8, ComputeType::F32, 0.25, 0.95),
        (WeightStorage::Q8, ComputeType::Bf16, 0.25, 0.95),
        (WeightStorage::Q4, ComputeType::F32, 5.0, 0.5),
        (WeightStorage::Q4, ComputeType::Bf16, 5.0, 0.5),
    ] {
        let options = LoadOptions { weights, dtype, ..LoadOptions::default() };
        let network = network(ADAPTERS[0], &options);
        let (photos, firsts) = features(&network, &cases);
        let prompts: Vec<_> = cases.iter().zip(&firsts).map(|(case, &first)| case.prompt(first)).collect();
        let alone = network.score(&prompts, &photos, Sharing::Alone).unwrap().scores;
        let together = network.score(&prompts, &photos, Sharing::SharedPrefix).unwrap().scores;
        let error = difference(&alone, &expected);
        let correlation = rank_correlation(&alone, &expected);
        println!(
            "{weights:?}, {dtype:?}: alone {error:.2e}, in a group {:.2e}, rank correlation {correlation:.4}",
            difference(&together, &expected)
        );
        assert!(error < most && difference(&together, &expected) < most, "{weights:?}, {dtype:?}: {error}");
        assert!(correlation > least, "{weights:?}, {dtype:?}: {correlation}");
        println!("    alone and in a group: {:.2e}", difference(&alone, &together));
        assert!(difference(&alone, &together) < 2e-2, "{weights:?}, {dtype:?}");
    }
}

#[test]
fn networks_that_compute_differently_have_different_fingerprints() {
    let open = |weights, dtype| {
        let options = LoadOptions { weights, dtype, ..LoadOptions::default() };
        let parts = Parts { output_layer: true, ..Parts::default() };
        Qwen2Vl::open_with(&golden("tiny-qwen2vl"), parts, &options).unwrap()
    };
    // With bf16 the same weights are held as without, but the inputs of products may be rounded.
    let networks = [
        open(WeightStorage::AsInFile, ComputeType::F32),
        open(WeightStorage::Bf16, ComputeType::F32),
        open(WeightStorage::Bf16, ComputeType::Bf16),
        open(WeightStorage::Q8, ComputeType::F32),
        open(WeightStorage::Q8, ComputeType::Bf16),
    ];
    for (index, one) in networks.iter().enumerate() {
        for other in &networks[..index] {
            assert_ne!(one.vision_fingerprint(), other.vision_fingerprint());
            assert_ne!(one.text_fingerprint(), other.text_fingerprint());
        }
    }
    let again = open(WeightStorage::Bf16, ComputeType::Bf16);
    assert_eq!(again.vision_fingerprint(), networks[2].vision_fingerprint());
    assert_eq!(again.text_fingerprint(), networks[2].text_fingerprint());
    assert!(again.text_fingerprint().is_some());
}
