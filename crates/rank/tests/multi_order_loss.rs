//! The multi-order distance loss against golden numbers and against what must hold for any scores.
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]
#![allow(clippy::float_cmp, reason = "what is exact must be exact")]

use std::path::PathBuf;

use proptest::prelude::*;
use rank::{Keep, LossValue, MultiOrderLoss, PairRule};
use serde_json::Value;

fn golden() -> Value {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", "losses", "losses.json"].iter().collect();
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Equal within `relative` of the expected value, or of the largest one it stands among.
fn assert_near(found: f64, expected: f64, among: f64, relative: f64, what: &str) {
    let allowed = relative * expected.abs().max(among) + 1e-300;
    assert!((found - expected).abs() <= allowed, "{what}: {found:e} instead of {expected:e}");
}

/// All groups, all K, each part of the loss, with scores seen through `widen`; held to `relative`.
fn check_golden(widen: impl Fn(f64) -> f64, relative: f64) {
    let golden = golden();
    let lambda = golden["lambda1"].as_f64().unwrap();
    let groups = golden["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 23);
    for group in groups {
        let tag = group["tag"].as_str().unwrap();
        let rewards: Vec<Vec<f64>> = group["rewards"].as_array().unwrap().iter().map(numbers).collect();
        let distances: Vec<Vec<f64>> =
            group["distances_km"].as_array().unwrap().iter().map(numbers).collect();
        let batch = rewards.len() as f64;
        for (name, keep) in [("K=1", Keep::First(1)), ("K=2", Keep::First(2)), ("K=all", Keep::All)] {
            for (part, lambda) in [("first", 1.0), ("second", 0.0), ("combined_lambda_0.7", lambda)] {
                let what = format!("{tag} {name} {part}");
                let expected = &group["results"][name][part];
                let loss = MultiOrderLoss { lambda, keep, pairs: PairRule::Anchors };
                let mut sum = 0.0;
                for (row, (rewards, distances)) in rewards.iter().zip(&distances).enumerate() {
                    let scores: Vec<f64> = rewards.iter().map(|&score| widen(score)).collect();
                    let value = loss.evaluate(&scores, distances);
                    sum += value.loss;
                    let slopes = numbers(&expected["grad"][row]);
                    let largest = slopes.iter().fold(0.0_f64, |largest, slope| largest.max(slope.abs()));
                    for (found, expected) in value.gradient.iter().zip(slopes) {
                        // The golden gradients carry rounding of 1e-16 where exact ones are 0.
                        assert_near(found / batch, expected, largest.max(1e-6), relative, &what);
                    }
                }
                assert_near(sum / batch, expected["loss"].as_f64().unwrap(), 0.0, relative, &what);
            }
        }
    }
}

#[test]
fn golden_groups_in_f64() {
    check_golden(|score| score, 1e-9);
}

#[test]
fn golden_groups_from_f32_scores() {
    check_golden(|score| f64::from(score as f32), 1e-5);
}

#[test]
fn the_papers_pairs_with_all_terms_are_the_codes_pairs_with_all_anchors() {
    let (scores, distances) = ([0.3, -1.2, 2.0, 0.7], [5.0, 1.0, 900.0, 30.0]);
    let code = MultiOrderLoss { keep: Keep::All, ..MultiOrderLoss::default() }.evaluate(&scores, &distances);
    let paper = MultiOrderLoss { keep: Keep::All, pairs: PairRule::Terms(Keep::All), lambda: 0.7 }
        .evaluate(&scores, &distances);
    assert_eq!(code, paper);
}

#[test]
fn the_papers_terms_by_hand() {
    // Sorted: scores 2, 0, 1; pairs by gap: (0,2) -9, (0,1) -6, (1,2) -3; score gaps 1, 2, -1.
    let loss = MultiOrderLoss { lambda: 0.0, keep: Keep::First(1), pairs: PairRule::Terms(Keep::First(2)) };
    let value = loss.evaluate(&[0.0, 2.0, 1.0], &[7.0, 1.0, 10.0]);
    let all = (1.0_f64.exp() + 2.0_f64.exp() + (-1.0_f64).exp()).ln();
    let later = (2.0_f64.exp() + (-1.0_f64).exp()).ln();
    assert!((value.loss - 0.5 * ((all - 1.0) + (later - 2.0))).abs() < 1e-14);
    assert!(value.gradient.iter().sum::<f64>().abs() < 1e-15, "shifting all scores changes nothing");
}

#[test]
fn k_beyond_the_candidates_is_all_and_0_is_1() {
    let (scores, distances) = ([0.3, -1.2, 2.0], [5.0, 1.0, 900.0]);
    let with = |keep, pairs| MultiOrderLoss { lambda: 0.7, keep, pairs }.evaluate(&scores, &distances);
    for pairs in [PairRule::Anchors, PairRule::Terms(Keep::First(99))] {
        assert_eq!(with(Keep::First(5), pairs), with(Keep::All, pairs));
        assert_eq!(with(Keep::First(0), pairs), with(Keep::First(1), pairs));
    }
    assert_eq!(
        with(Keep::First(1), PairRule::Terms(Keep::First(99))),
        with(Keep::First(1), PairRule::Terms(Keep::All))
    );
}

#[test]
fn one_candidate_or_none_gives_nothing() {
    for scores in [&[7.5][..], &[]] {
        let value = MultiOrderLoss::default().evaluate(scores, &vec![3.0; scores.len()]);
        let zero =
            LossValue { loss: 0.0, first_order: 0.0, second_order: 0.0, gradient: vec![0.0; scores.len()] };
        assert_eq!(value, zero);
    }
}

#[test]
fn no_number_in_no_number_out() {
    for (score, distance) in [(f64::NAN, 1.0), (f64::INFINITY, 1.0), (0.0, f64::NAN), (0.0, f64::INFINITY)] {
        let value = MultiOrderLoss::default().evaluate(&[1.0, score], &[2.0, distance]);
        assert!(value.loss.is_nan() && value.gradient.iter().all(|slope| slope.is_nan()));
    }
}

#[test]
fn equal_distances_keep_their_order() {
    // Both zeros are the same distance.
    let value =
        MultiOrderLoss { lambda: 1.0, ..MultiOrderLoss::default() }.evaluate(&[0.0, 1.0], &[0.0, -0.0]);
    assert!((value.loss - (1.0 + 1.0_f64.exp()).ln()).abs() < 1e-15);
}

/// Scores and distances, as many of each, with the distances all different.
fn groups(largest: usize) -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (2..=largest).prop_flat_map(|count| {
        let distances = proptest::collection::btree_set(0_u32..20_000_000, count);
        (
            proptest::collection::vec(-8.0..8.0_f64, count),
            distances.prop_map(|set| set.into_iter().collect::<Vec<_>>()),
        )
            .prop_flat_map(|(scores, metres)| (Just(scores), Just(metres).prop_shuffle()))
            .prop_map(|(scores, metres)| (scores, metres.iter().map(|&m| f64::from(m) / 1000.0).collect()))
    })
}

fn keeps() -> impl Strategy<Value = Keep> {
    prop_oneof![Just(Keep::All), (0_usize..9).prop_map(Keep::First)]
}

fn losses() -> impl Strategy<Value = MultiOrderLoss> {
    let pairs = prop_oneof![Just(PairRule::Anchors), keeps().prop_map(PairRule::Terms)];
    (0.0..=1.0_f64, keeps(), pairs).prop_map(|(lambda, keep, pairs)| MultiOrderLoss { lambda, keep, pairs })
}

proptest! {
    #[test]
    fn adding_a_constant_changes_nothing((scores, distances) in groups(9), loss in losses(), constant in -50.0..50.0_f64) {
        let value = loss.evaluate(&scores, &distances);
        let moved: Vec<f64> = scores.iter().map(|score| score + constant).collect();
        let after = loss.evaluate(&moved, &distances);
        prop_assert!((value.loss - after.loss).abs() < 1e-9);
        for (a, b) in value.gradient.iter().zip(&after.gradient) {
            prop_assert!((a - b).abs() < 1e-9);
        }
        prop_assert!(value.gradient.iter().sum::<f64>().abs() < 1e-9);
    }

    #[test]
    fn the_first_order_with_k_1_is_cross_entropy_on_the_nearest((scores, distances) in groups(9)) {
        let value = MultiOrderLoss::default().evaluate(&scores, &distances);
        let nearest = (0..scores.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).unwrap();
        let entropy = scores.iter().map(|score| score.exp()).sum::<f64>().ln() - scores[nearest];
        prop_assert!((value.first_order - entropy).abs() < 1e-12 * entropy.abs().max(1.0));
    }

    #[test]
    fn the_order_in_which_candidates_come_is_nothing((scores, distances) in groups(9), loss in losses(), turn in 0_usize..9) {
        let value = loss.evaluate(&scores, &distances);
        let turn = turn % scores.len();
        let turned = |list: &[f64]| -> Vec<f64> { list[turn..].iter().chain(&list[..turn]).copied().collect() };
        let after = loss.evaluate(&turned(&scores), &turned(&distances));
        // Pairs with exactly equal gaps would stay in the order of the sorted candidates, which is the same.
        prop_assert_eq!(value.loss, after.loss);
        prop_assert_eq!(turned(&value.gradient), after.gradient);
    }

    #[test]
    fn the_first_order_falls_when_the_nearest_rises((scores, distances) in groups(9), keep in keeps(), by in 0.01..5.0_f64) {
        let loss = MultiOrderLoss { keep, ..MultiOrderLoss::default() };
        let nearest = (0..scores.len()).min_by(|&a, &b| distances[a].total_cmp(&distances[b])).unwrap();
        let mut better = scores.clone();
        better[nearest] += by;
        let (before, after) = (loss.evaluate(&scores, &distances), loss.evaluate(&better, &distances));
        prop_assert!(after.first_order < before.first_order);
    }

    #[test]
    fn the_gradient_is_the_slope((scores, distances) in groups(8), loss in losses()) {
        let value = loss.evaluate(&scores, &distances);
        for index in 0..scores.len() {
            let at = |by: f64| {
                let mut moved = scores.clone();
                moved[index] += by;
                loss.evaluate(&moved, &distances).loss
            };
            let step = 1e-5;
            let slope = (at(step) - at(-step)) / (2.0 * step);
            prop_assert!((slope - value.gradient[index]).abs() < 1e-7, "{}: {} {}", index, slope, value.gradient[index]);
        }
    }

    #[test]
    fn the_second_order_with_k_1_and_anchors_by_its_own_formula((scores, distances) in groups(9)) {
        // The gaps all hang on the nearest candidate, so its score cancels: an order of the others, farthest first,
        // by falling score.
        let loss = MultiOrderLoss { lambda: 0.0, ..MultiOrderLoss::default() };
        let value = loss.evaluate(&scores, &distances);
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
        let nearest = order.pop().unwrap();
        let pairs = order.len() as f64;
        let mut expected = vec![0.0; scores.len()];
        for start in 0..order.len() {
            let total: f64 = order[start..].iter().map(|&index| (-scores[index]).exp()).sum();
            expected[order[start]] += 1.0 / pairs;
            for &index in &order[start..] {
                expected[index] -= (-scores[index]).exp() / total / pairs;
            }
        }
        prop_assert!(value.gradient[nearest].abs() < 1e-14);
        for (found, expected) in value.gradient.iter().zip(&expected) {
            prop_assert!((found - expected).abs() < 1e-12, "{:?}", (found, expected));
        }
    }

    #[test]
    fn finite_for_any_finite_scores(
        scores in proptest::collection::vec(proptest::num::f64::NORMAL | proptest::num::f64::ZERO, 1..12),
        loss in losses(),
    ) {
        let distances: Vec<f64> = (0..scores.len()).map(|index| ((index * 7) % 12) as f64).collect();
        let value = loss.evaluate(&scores, &distances);
        prop_assert!(value.loss.is_finite() && value.loss >= 0.0);
        prop_assert!(value.first_order.is_finite() && value.second_order.is_finite());
        prop_assert!(value.gradient.iter().all(|slope| slope.is_finite() && slope.abs() <= scores.len() as f64));
    }
}

#[test]
fn enormous_scores_give_exact_losses() {
    let loss = MultiOrderLoss { lambda: 1.0, ..MultiOrderLoss::default() };
    let value = loss.evaluate(&[1e300, -1e300], &[9.0, 1.0]);
    assert_eq!(value.loss, 2e300);
    assert_eq!(value.gradient, [1.0, -1.0]);
    let value = loss.evaluate(&[1e300, -1e300], &[1.0, 9.0]);
    assert_eq!((value.loss, value.gradient), (0.0, vec![0.0, 0.0]));
}
