//! What narrower weights cost.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

mod qwen2_vl_support;

use kernels::weights::StoredType;
use nets::qwen2_vl::{LoadOptions, Sharing};
use qwen2_vl_support::{ADAPTERS, cases, difference, features, network, rank_correlation};

#[test]
fn rewards_stay_near_those_of_f32() {
    let cases = cases();
    let expected: Vec<f32> = cases.iter().map(|case| case.reward).collect();
    // (type, greatest error, least rank correlation): bounds are about twice what was measured. Random weights in
    // rows of 64 to 320 are the worst that can happen to 4 bits; the rewards span about 5.
    for (stored, rounded_inputs, most, least) in [
        (StoredType::Bf16, true, 0.1, 0.98),
        (StoredType::F16, false, 0.02, 0.99),
        (StoredType::Q8, false, 0.25, 0.95),
        (StoredType::Q8, true, 0.25, 0.95),
        (StoredType::Q4, false, 5.0, 0.5),
        (StoredType::Q4, true, 5.0, 0.5),
    ] {
        let options = LoadOptions { stored: Some(stored), rounded_inputs, ..LoadOptions::default() };
        let network = network(ADAPTERS[0], &options);
        let (photos, firsts) = features(&network, &cases);
        let prompts: Vec<_> = cases.iter().zip(&firsts).map(|(case, &first)| case.prompt(first)).collect();
        let alone = network.score(&prompts, &photos, Sharing::Alone).unwrap().scores;
        let together = network.score(&prompts, &photos, Sharing::SharedPrefix).unwrap().scores;
        let error = difference(&alone, &expected);
        let correlation = rank_correlation(&alone, &expected);
        println!(
            "{stored:?}, rounded inputs {rounded_inputs}: alone {error:.2e}, in a group {:.2e}, rank correlation {correlation:.4}",
            difference(&together, &expected)
        );
        assert!(error < most && difference(&together, &expected) < most, "{stored:?}: {error}");
        assert!(correlation > least, "{stored:?}: {correlation}");
        println!("    alone and in a group: {:.2e}", difference(&alone, &together));
        assert!(difference(&alone, &together) < 2e-2, "{stored:?}, rounded inputs {rounded_inputs}");
    }
}
