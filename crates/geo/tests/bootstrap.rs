//! Resamples of many photos against draws one by one.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use geo::metrics::{Bootstrap, Measured, Statistic, Summary, geo_score, improvement};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PHOTOS: usize = 6000;
const RESAMPLES: usize = 4000;

/// Errors from metres to half the Earth; some photos have no prediction.
fn errors(seed: u64, missing: f64) -> Vec<Option<f64>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut error = |_| {
        let (power, is_there) = (random.random_range(-2.0..4.3), random.random_range(0.0..1.0) >= missing);
        is_there.then(|| 10_f64.powf(power))
    };
    (0..PHOTOS).map(&mut error).collect()
}

/// `(low, high)` of the middle 95 % of a statistic over plain resamples.
fn brute_force(statistic: impl Fn(&[usize]) -> f64) -> (f64, f64) {
    let mut random = ChaCha8Rng::seed_from_u64(99);
    let mut draw = || (0..PHOTOS).map(|_| random.random_range(0..PHOTOS)).collect::<Vec<_>>();
    let mut values: Vec<f64> = (0..RESAMPLES).map(|_| statistic(&draw())).collect();
    values.sort_by(f64::total_cmp);
    (values[RESAMPLES / 40], values[RESAMPLES - 1 - RESAMPLES / 40])
}

/// Ends of an interval scatter by about 1.5 % of its width between two seeds at 4000 resamples; 8 % is far beyond.
fn agree(what: &str, (low, high): (f64, f64), plain: (f64, f64)) {
    let width = plain.1 - plain.0;
    assert!(width > 0.0, "{what}: {plain:?}");
    for (end, expected) in [(low, plain.0), (high, plain.1)] {
        assert!((end - expected).abs() < 0.08 * width, "{what}: {low} to {high}, plainly {plain:?}");
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

#[test]
fn blocks_give_the_intervals_of_draws_one_by_one() {
    for missing in [0.0, 0.1] {
        let list = errors(1, missing);
        let far: Vec<f64> = list.iter().map(|error| error.unwrap_or(f64::INFINITY)).collect();
        let summary = Summary::new(&list, &Bootstrap { resamples: RESAMPLES, seed: 5 });
        let ends = |measured: Measured| (measured.low, measured.high);
        for (measured, radius) in summary.percent_within.into_iter().zip([1.0, 25.0, 200.0, 750.0, 2500.0]) {
            let within = |drawn: &[usize]| {
                100.0 * drawn.iter().filter(|photo| far[**photo] < radius).count() as f64 / PHOTOS as f64
            };
            agree("within", ends(measured), brute_force(within));
        }
        let middle = |drawn: &[usize]| median(&mut drawn.iter().map(|photo| far[*photo]).collect::<Vec<_>>());
        agree("median", ends(summary.median_km), brute_force(middle));
        let mean = |drawn: &[usize]| {
            let known: Vec<f64> = drawn.iter().filter_map(|photo| list[*photo]).collect();
            known.iter().sum::<f64>() / known.len() as f64
        };
        agree("mean", ends(summary.mean_km), brute_force(mean));
        let scores: Vec<f64> = far.iter().map(|error| geo_score(*error)).collect();
        let score = |drawn: &[usize]| drawn.iter().map(|photo| scores[*photo]).sum::<f64>() / PHOTOS as f64;
        agree("score", ends(summary.geo_score), brute_force(score));
    }
}

#[test]
fn paired_resamples_give_the_intervals_of_draws_one_by_one() {
    // Photos that are hard for one are hard for the other, and the second has fewer answers.
    let first = errors(1, 0.05);
    let noise = errors(2, 0.0);
    let second: Vec<Option<f64>> = first
        .iter()
        .zip(&noise)
        .enumerate()
        .map(|(photo, (error, noise))| {
            if photo % 17 == 0 {
                None
            } else {
                Some(error.unwrap_or(5000.0) * (0.8 + noise.unwrap().min(1.0)))
            }
        })
        .collect();
    let far =
        |list: &[Option<f64>]| list.iter().map(|error| error.unwrap_or(f64::INFINITY)).collect::<Vec<_>>();
    let (a, b) = (far(&first), far(&second));
    let bootstrap = Bootstrap { resamples: RESAMPLES, seed: 5 };
    let ends = |statistic| {
        let better = improvement(&first, &second, statistic, &bootstrap).unwrap();
        assert!(better.low <= better.difference && better.difference <= better.high, "{better:?}");
        (better.low, better.high)
    };

    let hits =
        |list: &[f64], drawn: &[usize]| drawn.iter().filter(|photo| list[**photo] < 200.0).count() as f64;
    let percent = |drawn: &[usize]| 100.0 * (hits(&a, drawn) - hits(&b, drawn)) / PHOTOS as f64;
    agree("within", ends(Statistic::PercentWithin(200.0)), brute_force(percent));
    let score =
        |list: &[f64], drawn: &[usize]| drawn.iter().map(|photo| geo_score(list[*photo])).sum::<f64>();
    let scores = |drawn: &[usize]| (score(&a, drawn) - score(&b, drawn)) / PHOTOS as f64;
    agree("score", ends(Statistic::GeoScore), brute_force(scores));
    let middle = |list: &[f64], drawn: &[usize]| {
        median(&mut drawn.iter().map(|photo| list[*photo]).collect::<Vec<_>>())
    };
    let medians = |drawn: &[usize]| middle(&b, drawn) - middle(&a, drawn);
    agree("median", ends(Statistic::MedianKm), brute_force(medians));
}

#[test]
fn threads_and_order_change_nothing_and_the_seed_does() {
    let list = errors(3, 0.1);
    let mut backwards = list.clone();
    backwards.reverse();
    let bootstrap = Bootstrap { resamples: 50, seed: 7 };
    let both = || {
        let better = improvement(&list, &backwards, Statistic::MedianKm, &bootstrap).unwrap();
        (Summary::new(&list, &bootstrap), better)
    };
    let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(both);
    assert_eq!(on(1), on(3));
    assert_eq!(Summary::new(&list, &bootstrap), Summary::new(&backwards, &bootstrap));
    assert_ne!(Summary::new(&list, &bootstrap), Summary::new(&list, &Bootstrap { seed: 8, ..bootstrap }));
}

#[test]
fn lists_of_one_value_and_of_no_predictions_have_no_width() {
    let bootstrap = Bootstrap { resamples: 100, seed: 7 };
    let same = Summary::new(&vec![Some(30.0); 5000], &bootstrap);
    for measured in same.percent_within.into_iter().chain([same.median_km, same.mean_km]) {
        assert!((measured.high - measured.low).abs() < 1e-9, "{measured:?}");
    }
    assert!((same.mean_km.value - 30.0).abs() < 1e-9 && (same.geo_score.high - geo_score(30.0)).abs() < 1e-6);
    let none = Summary::new(&vec![None; 5000], &bootstrap);
    assert!(none.median_km.low.is_infinite() && none.mean_km.low.is_nan());
    assert!(none.geo_score.high.abs() < 1e-9 && none.percent_within[4].high.abs() < 1e-9);
    let nobody = vec![None; 5000];
    let better = improvement(&vec![Some(30.0); 5000], &nobody, Statistic::MedianKm, &bootstrap).unwrap();
    assert!(better.low.is_infinite() && better.p < 1e-9, "{better:?}");
    let equal = improvement(&nobody, &nobody, Statistic::MedianKm, &bootstrap).unwrap();
    assert!(equal.low.abs() + equal.high.abs() < 1e-9);
}

#[test]
fn a_million_photos_take_seconds() {
    let list: Vec<Option<f64>> = (0..1_000_000_u64).map(|i| Some((i * 7919 % 20_011) as f64)).collect();
    let start = std::time::Instant::now();
    let summary = Summary::new(&list, &Bootstrap { resamples: 16, seed: 3 });
    eprintln!("16 resamples of 1,000,000 photos: {:?}", start.elapsed());
    assert!(summary.median_km.low < summary.median_km.high);
    assert!(start.elapsed().as_secs() < 30);
}
