//! The reward model against the official Python stack.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

mod qwen2_vl_support;

use nets::LoadOptions;
use nets::lora::Adapter;
use nets::operators::Operators;
use nets::qwen2_vl::{Parts, Positions, Qwen2Vl, Sharing};
use qwen2_vl_support::{ADAPTERS, Case, cases, cases_file, difference, features, golden, network};

/// Each case by itself.
fn rewards(network: &Qwen2Vl, cases: &[Case], sharing: Sharing) -> Vec<f32> {
    cases
        .iter()
        .map(|case| {
            let features = network.encode_photos(&case.photos).unwrap();
            network.score(&[case.prompt(0)], &features, sharing).unwrap().scores[0]
        })
        .collect()
}

#[test]
fn positions_are_exact() {
    let network = network(ADAPTERS[0], &LoadOptions::default());
    for case in cases() {
        let grids: Vec<[usize; 2]> =
            case.photos.iter().map(|photo| [photo.rows / 2, photo.columns / 2]).collect();
        let positions = Positions::of_prompt(&case.ids, network.config().tokens.image, &grids).unwrap();
        for (axis, expected) in case.positions.iter().enumerate() {
            let found: Vec<i64> = positions.tokens.iter().map(|token| i64::from(token[axis])).collect();
            assert_eq!(&found, expected, "{} axis {axis}", case.id);
        }
    }
}

#[test]
fn vision_hidden_states_and_rewards_are_the_references() {
    let cases = cases();
    assert_eq!(cases.len(), 13);
    for operators in [Operators::Fused, Operators::Composed] {
        for adapter in ADAPTERS {
            let options = LoadOptions { operators: Some(operators), ..LoadOptions::default() };
            let network = network(adapter, &options);
            let (mut vision, mut hidden, mut reward) = (0.0_f32, 0.0_f32, 0.0_f32);
            for case in &cases {
                let features = network.encode_photos(&case.photos).unwrap();
                let together: Vec<f32> = features.iter().flat_map(|photo| photo.values.clone()).collect();
                vision = vision.max(difference(&together, &case.floats["vision_output"]));
                let prompts = [case.prompt(0)];
                let (last, _) = network.last_hidden(&prompts, &features, Sharing::Alone).unwrap();
                hidden = hidden.max(difference(&last[0], &case.floats["last_hidden"]));
                let score = network.score(&prompts, &features, Sharing::Alone).unwrap().scores[0];
                reward = reward.max((score - case.reward).abs());
            }
            println!(
                "{operators:?} {adapter}: vision {vision:.2e}, last hidden {hidden:.2e}, reward {reward:.2e}"
            );
            assert!(vision < 1e-4, "vision {vision}");
            assert!(hidden < 2e-4, "last hidden {hidden}");
            assert!(reward < 1e-4, "reward {reward}");
        }
    }
}

#[test]
fn without_an_adapter_the_base_model_is_seen() {
    let network = Qwen2Vl::open(&golden("tiny-qwen2vl"), None, &LoadOptions::default()).unwrap();
    for case in cases() {
        let features = network.encode_photos(&case.photos).unwrap();
        let (last, _) = network.last_hidden(&[case.prompt(0)], &features, Sharing::Alone).unwrap();
        let error = difference(&last[0], &case.floats["base_last_hidden"]);
        assert!(error < 2e-4, "{}: {error}", case.id);
        let refused = network.score(&[case.prompt(0)], &features, Sharing::Alone).unwrap_err();
        assert!(refused.to_string().contains("value head"), "{refused}");
    }
}

#[test]
fn a_merged_adapter_gives_the_references_merged_rewards() {
    let adapter = Adapter::open(&golden(ADAPTERS[0])).unwrap();
    let parts = Parts { adapter: Some(&adapter), merge_adapter: true, ..Parts::default() };
    let network = Qwen2Vl::open_with(&golden("tiny-qwen2vl"), parts, &LoadOptions::default()).unwrap();
    let cases = cases();
    let merged = rewards(&network, &cases, Sharing::Alone);
    let expected: Vec<f32> =
        cases.iter().map(|case| case.json["reward_merged"].as_f64().unwrap() as f32).collect();
    let error = difference(&merged, &expected);
    println!("merged: {error:.2e}");
    assert!(error < 1e-4, "{error}");
}

#[test]
fn the_left_padded_batch_gives_the_same_rewards() {
    let file = cases_file();
    let cases = cases();
    let network = network(ADAPTERS[0], &LoadOptions::default());
    let rows: Vec<&str> =
        file["batch"]["rows"].as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect();
    let rows: Vec<&Case> = rows.iter().map(|id| cases.iter().find(|case| case.id == *id).unwrap()).collect();
    let mut photos = Vec::new();
    let mut prompts = Vec::new();
    for case in &rows {
        prompts.push(case.prompt(photos.len()));
        photos.extend(network.encode_photos(&case.photos).unwrap());
    }
    let expected: Vec<f32> = file["batch"]["rewards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_f64().unwrap() as f32)
        .collect();
    let scored = network.score(&prompts, &photos, Sharing::SharedPrefix).unwrap();
    let error = difference(&scored.scores, &expected);
    println!("batch: {error:.2e}");
    assert!(error < 1e-4, "{error}");
    let mut order: Vec<usize> = (0..expected.len()).collect();
    order.sort_by(|&a, &b| scored.scores[b].total_cmp(&scored.scores[a]));
    assert_eq!(serde_json::json!(order), file["batch"]["ranking_best_first"]);
}

#[test]
fn a_group_scores_as_its_members_alone() {
    let cases = cases();
    for operators in [Operators::Fused, Operators::Composed] {
        let options = LoadOptions { operators: Some(operators), ..LoadOptions::default() };
        let network = network(ADAPTERS[0], &options);
        // All cases at once: they share the start of the chat and nothing else.
        let (photos, firsts) = features(&network, &cases);
        let prompts: Vec<_> = cases.iter().zip(&firsts).map(|(case, &first)| case.prompt(first)).collect();
        let alone = network.score(&prompts, &photos, Sharing::Alone).unwrap();
        let together = network.score(&prompts, &photos, Sharing::SharedPrefix).unwrap();
        assert!(together.prefix_tokens > 0 && alone.prefix_tokens == 0);
        let error = difference(&alone.scores, &together.scores);
        println!("{operators:?} all cases: {error:.2e}, prefix {}", together.prefix_tokens);
        assert!(error < 2e-5, "{error}");
        // Each case beside variants of itself that part later and later.
        for case in &cases {
            let photos = network.encode_photos(&case.photos).unwrap();
            let mut prompts = vec![case.prompt(0)];
            for back in [3, 20, case.ids.len() / 3] {
                let mut variant = case.prompt(0);
                let at = variant.ids.len() - back;
                let at = (at..variant.ids.len())
                    .find(|&at| variant.ids[at] != network.config().tokens.image)
                    .unwrap();
                variant.ids[at] = 17;
                prompts.push(variant);
            }
            let alone = network.score(&prompts, &photos, Sharing::Alone).unwrap();
            let together = network.score(&prompts, &photos, Sharing::SharedPrefix).unwrap();
            assert!(together.prefix_tokens > case.ids.len() / 4, "{}", together.prefix_tokens);
            let error = difference(&alone.scores, &together.scores);
            assert!(error < 2e-5, "{}: {error}", case.id);
        }
    }
}

#[test]
fn identical_prompts_score_alike() {
    let cases = cases();
    let network = network(ADAPTERS[0], &LoadOptions::default());
    let photos = network.encode_photos(&cases[0].photos).unwrap();
    let prompts = vec![cases[0].prompt(0); 3];
    let scored = network.score(&prompts, &photos, Sharing::SharedPrefix).unwrap();
    assert_eq!(scored.prefix_tokens, cases[0].ids.len() - 1);
    for score in scored.scores {
        assert!((score - cases[0].reward).abs() < 1e-4);
    }
}

#[test]
fn the_fused_vision_tower_equals_the_composed_one() {
    let open = |operators| {
        let options = LoadOptions { operators: Some(operators), ..LoadOptions::default() };
        Qwen2Vl::open(&golden("tiny-qwen2vl"), None, &options).unwrap()
    };
    let (fused, composed) = (open(Operators::Fused), open(Operators::Composed));
    // Photos of all shapes in one pass: none of them sees another.
    let photos: Vec<_> = cases().into_iter().flat_map(|case| case.photos).collect();
    let together = fused.encode_photos(&photos).unwrap();
    let expected = composed.encode_photos(&photos).unwrap();
    for ((photo, together), expected) in photos.iter().zip(&together).zip(&expected) {
        assert_eq!(together.grid, expected.grid);
        let error = difference(&together.values, &expected.values);
        assert!(error < 2e-5, "{:?}: {error}", together.grid);
        let alone = fused.encode_photos(std::slice::from_ref(photo)).unwrap();
        let error = difference(&together.values, &alone[0].values);
        assert!(error < 2e-5, "{:?} alone: {error}", together.grid);
    }
}

#[test]
fn threads_of_its_own_change_nothing() {
    let case = cases().swap_remove(0);
    let run = |threads| {
        let network = network(ADAPTERS[0], &LoadOptions { threads, ..LoadOptions::default() });
        rewards(&network, std::slice::from_ref(&case), Sharing::SharedPrefix)
    };
    let error = difference(&run(Some(1)), &run(Some(3)));
    assert!(error < 2e-5, "{error}");
}
