//! Accuracy numbers against slow, plain computations.

use geo::metrics::{
    Bootstrap, Improvement, Statistic, Summary, geo_score, improvement, mean_geo_score, mean_km, median_km,
    percent_within,
};
use proptest::prelude::*;

fn close(left: f64, right: f64) -> bool {
    (left.is_infinite() && right.is_infinite())
        || (left - right).abs() < 1e-9 * (1.0 + left.abs())
        || (left.is_nan() && right.is_nan())
}

fn errors(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

const QUICK: Bootstrap = Bootstrap { resamples: 400, seed: 7 };

#[test]
fn geo_score_falls_by_e_over_its_distance() {
    assert!(close(geo_score(0.0), 5000.0));
    assert!(close(geo_score(1492.7), 5000.0 / std::f64::consts::E));
    assert!(close(geo_score(f64::INFINITY), 0.0));
}

#[test]
fn thresholds_are_strict() {
    let list = errors(&[0.999, 1.0, 25.0, 24.999]);
    assert!(close(percent_within(&list, 1.0), 25.0));
    assert!(close(percent_within(&list, 25.0), 75.0));
    let summary = Summary::new(&list, &QUICK);
    assert!(close(summary.percent_within[0].value, 25.0));
    assert!(close(summary.percent_within[1].value, 75.0));
    assert!(close(summary.percent_within[2].value, 100.0));
}

#[test]
fn a_missing_prediction_is_a_miss() {
    let list = [Some(10.0), None, Some(30.0), Some(f64::NAN), Some(20.0)];
    let summary = Summary::new(&list, &QUICK);
    assert_eq!((summary.count, summary.missing), (5, 2));
    assert!(close(summary.percent_within[4].value, 60.0));
    assert!(close(summary.median_km.value, 30.0));
    assert!(close(summary.mean_km.value, 20.0));
    let score = (geo_score(10.0) + geo_score(20.0) + geo_score(30.0)) / 5.0;
    assert!(close(summary.geo_score.value, score));
    assert!(median_km(&[Some(1.0), None]).is_infinite());
}

#[test]
fn an_empty_list_has_no_numbers() {
    let summary = Summary::new(&[], &QUICK);
    assert_eq!(summary.count, 0);
    assert!(summary.percent_within[0].value.is_nan() && summary.median_km.value.is_nan());
    let nobody = Summary::new(&[None, None], &QUICK);
    assert!(nobody.mean_km.value.is_nan() && nobody.mean_km.low.is_nan());
    assert!(nobody.median_km.high.is_infinite());
    assert!(close(nobody.geo_score.high, 0.0));
}

#[test]
fn intervals_are_those_of_the_binomial() {
    // 400 photos, 30 % within 1 km: standard error 2.29 percent points.
    let list: Vec<Option<f64>> = (0..400).map(|i| Some(if i % 10 < 3 { 0.5 } else { 100.0 })).collect();
    let within = Summary::new(&list, &Bootstrap { resamples: 4000, seed: 1 }).percent_within[0];
    assert!((within.low - (30.0 - 4.49)).abs() < 0.6, "{within:?}");
    assert!((within.high - (30.0 + 4.49)).abs() < 0.6, "{within:?}");
}

#[test]
fn same_seed_same_numbers() {
    let list: Vec<Option<f64>> = (0..500).map(|i| Some(f64::from(i * i % 977))).collect();
    let mut backwards = list.clone();
    backwards.reverse();
    assert_eq!(Summary::new(&list, &QUICK), Summary::new(&backwards, &QUICK));
    assert_ne!(Summary::new(&list, &QUICK), Summary::new(&list, &Bootstrap { seed: 8, ..QUICK }));
    let bare = Summary::new(&list, &Bootstrap { resamples: 0, seed: 0 });
    assert!(close(bare.median_km.low, bare.median_km.value));
}

#[test]
fn a_better_list_is_seen_to_be_better() {
    let second: Vec<Option<f64>> = (0..300).map(|i| Some(f64::from(i % 60))).collect();
    // Slightly better on every photo: certain when paired, hidden by the noise when not.
    let first: Vec<Option<f64>> = second.iter().map(|error| error.map(|km| km * 0.9)).collect();
    for statistic in [Statistic::PercentWithin(25.0), Statistic::GeoScore, Statistic::MedianKm] {
        let better = improvement(&first, &second, statistic, &QUICK).unwrap();
        assert!(better.difference > 0.0 && better.low > 0.0, "{statistic:?} {better:?}");
        assert!(better.p < 0.01, "{statistic:?} {better:?}");
        let worse = improvement(&second, &first, statistic, &QUICK).unwrap();
        assert!(close(worse.difference, -better.difference), "{statistic:?} {worse:?}");
        assert!(worse.p > 0.99, "{statistic:?} {worse:?}");
        let same = improvement(&first, &first, statistic, &QUICK).unwrap();
        assert_eq!(same, Improvement { difference: 0.0, low: 0.0, high: 0.0, p: 1.0 });
    }
    let nobody = vec![None; 300];
    let all = improvement(&first, &nobody, Statistic::MedianKm, &QUICK).unwrap();
    assert!(all.difference.is_infinite() && all.difference > 0.0 && all.p < 1e-9);
    let none = improvement(&nobody, &nobody, Statistic::MedianKm, &QUICK).unwrap();
    assert!(close(none.difference, 0.0));
}

#[test]
fn unpaired_lists_are_refused() {
    let refusal = improvement(&[Some(1.0)], &[], Statistic::GeoScore, &QUICK).unwrap_err();
    assert!(refusal.to_string().contains("the first list has 1, the second 0"));
}

#[test]
fn a_hundred_thousand_photos_take_seconds() {
    let list: Vec<Option<f64>> = (0..100_000).map(|i| Some(f64::from(i * 7919 % 20_011))).collect();
    let start = std::time::Instant::now();
    let summary = Summary::new(&list, &Bootstrap { resamples: 200, seed: 3 });
    eprintln!("200 resamples of 100,000 photos: {:?}", start.elapsed());
    assert!(summary.median_km.low < summary.median_km.high);
    assert!(start.elapsed().as_secs() < 10);
}

fn some_errors() -> impl Strategy<Value = Vec<Option<f64>>> {
    prop::collection::vec(prop::option::weighted(0.85, 0.0..20_000.0), 1..60)
}

proptest! {
    #[test]
    fn summaries_equal_plain_computations(list in some_errors()) {
        let mut sorted: Vec<f64> = list.iter().map(|error| error.unwrap_or(f64::INFINITY)).collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        let known: Vec<f64> = list.iter().flatten().copied().collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let score = known.iter().map(|km| geo_score(*km)).sum::<f64>() / list.len() as f64;

        let summary = Summary::new(&list, &Bootstrap { resamples: 20, seed: 0 });
        for (value, plain) in [
            (summary.median_km.value, median),
            (summary.mean_km.value, mean),
            (summary.geo_score.value, score),
            (summary.percent_within[2].value, percent_within(&list, 200.0)),
            (median_km(&list), median),
            (mean_km(&list), mean),
            (mean_geo_score(&list), score),
        ] {
            prop_assert!(close(value, plain), "{} {}", value, plain);
        }
        for measured in summary.percent_within {
            prop_assert!(measured.low <= measured.high);
        }
    }
}
