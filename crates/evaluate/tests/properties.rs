//! What must hold for any predictions, and the reference's distances.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]
#![allow(clippy::float_cmp, reason = "percentages of few photos are exact")]

use std::fs;

use evaluate::{Bootstrap, Format, Joined, Options, Predictions, Report, Selection, Truth, evaluate, render};
use formats::table::{PhotoRow, PredictionRow};
use geo::{LatLon, destination, geodesic_km};
use proptest::prelude::*;

const RADII: [f64; 5] = [1.0, 25.0, 200.0, 750.0, 2500.0];

fn point(latitude: f64, longitude: f64) -> LatLon {
    LatLon::wrapped(latitude, longitude).unwrap()
}

fn truth(rows: Vec<PhotoRow>) -> Truth {
    Truth::new("truth", vec!["IMG_ID".into(), "city".into()], rows).unwrap()
}

fn options() -> Options {
    let mut options = Options { by: vec!["city".into()], ..Options::default() };
    options.bootstrap.resamples = 50;
    options
}

fn report(truth: &Truth, predictions: &Predictions, resamples: usize) -> Report {
    let photos = truth.select(&Selection::default()).unwrap();
    Report::new(&Joined::new(truth, &photos, predictions).unwrap(), &[], &Bootstrap { resamples, seed: 7 })
}

/// Photo number, city, truth, and one prediction by each of two methods.
type Case = (u8, u8, (f64, f64), Option<(f64, f64)>, Option<(f64, f64)>);

fn cases() -> impl Strategy<Value = Vec<Case>> {
    let anywhere = || (-90.0..=90.0, -180.0..=180.0);
    let case = (any::<u8>(), 0..3_u8, anywhere(), prop::option::of(anywhere()), prop::option::of(anywhere()));
    prop::collection::vec(case, 1..25).prop_map(|mut cases| {
        cases.sort_by_key(|case| case.0);
        cases.dedup_by_key(|case| case.0);
        cases
    })
}

fn photos(cases: &[Case]) -> Vec<PhotoRow> {
    let photo = |(id, city, (latitude, longitude), ..): &Case| {
        let mut photo = PhotoRow::new(id.to_string(), point(*latitude, *longitude));
        photo.place.city = Some(city.to_string());
        photo
    };
    cases.iter().map(photo).collect()
}

fn tables(cases: &[Case]) -> (Truth, [Predictions; 2]) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (id, _, _, one, other) in cases {
        for (rows, prediction) in [(&mut first, one), (&mut second, other)] {
            rows.extend(
                prediction.map(|(latitude, longitude)| {
                    PredictionRow::new(id.to_string(), point(latitude, longitude))
                }),
            );
        }
    }
    let named = |name: &str, rows| Predictions::new(name, rows).unwrap();
    (truth(photos(cases)), [named("first", first), named("second", second)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_rows_changes_nothing(cases in cases(), shuffle in any::<prop::sample::Index>()) {
        let mut shuffled = cases.clone();
        shuffled.rotate_left(shuffle.index(cases.len()));
        shuffled.reverse();
        let all = |cases: &[Case]| {
            let (truth, predictions) = tables(cases);
            let outcome = evaluate(&truth, &predictions, &options()).unwrap();
            [Format::Json, Format::Table, Format::Markdown].map(|format| render(&outcome, format))
        };
        prop_assert_eq!(all(&cases), all(&shuffled));
    }

    #[test]
    fn a_photo_without_prediction_never_helps(cases in cases()) {
        let (before, [predictions, _]) = tables(&cases);
        let mut more = photos(&cases);
        more.push(PhotoRow::new("new", point(0.0, 0.0)));
        let (old, new) = (report(&before, &predictions, 0), report(&truth(more), &predictions, 0));
        prop_assert_eq!(new.n, old.n + 1);
        prop_assert_eq!(new.matched, old.matched);
        for (old, new) in old.within_km.iter().zip(&new.within_km) {
            prop_assert!(new.percent < old.percent || old.percent == 0.0);
        }
        prop_assert!(new.geoscore.value < old.geoscore.value || old.matched == 0);
        prop_assert!(new.median_km.value >= old.median_km.value);
    }

    #[test]
    fn accuracy_grows_with_the_radius_and_groups_add_up(cases in cases()) {
        let (truth, predictions) = tables(&cases);
        let outcome = evaluate(&truth, &predictions, &options()).unwrap();
        for evaluation in &outcome.evaluations {
            let report = &evaluation.report;
            prop_assert!(report.within_km.is_sorted_by(|a, b| a.percent <= b.percent));
            prop_assert_eq!(report.matched + report.unmatched_truth.len(), report.n);
            let groups = &report.by[0].groups;
            prop_assert_eq!(groups.iter().map(|(_, group)| group.n).sum::<usize>(), report.n);
            for index in 0..5 {
                let hits = |report: &Report| report.within_km[index].percent * report.n as f64 / 100.0;
                let sum: f64 = groups.iter().map(|(_, group)| hits(group)).sum();
                prop_assert!((sum - hits(report)).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_photo_counts_exactly_when_it_is_nearer_than_the_radius(
        latitude in -89.0..89.0, bearing in 0.0..360.0, index in 0..5_usize, nudge in -3..=3_i32,
    ) {
        let from = point(latitude, 10.0);
        let at = destination(from, bearing, RADII[index] + f64::from(nudge) * 1e-12).unwrap();
        let predictions = Predictions::new("p", vec![PredictionRow::new("a", at)]).unwrap();
        let judged = report(&truth(vec![PhotoRow::new("a", from)]), &predictions, 0);
        let inside = geodesic_km(from, at) < RADII[index];
        prop_assert_eq!(judged.within_km[index].percent, if inside { 100.0 } else { 0.0 });
    }
}

/// Distances of exactly r km do not exist among coordinates, but as errors they do.
#[test]
fn exactly_the_radius_is_outside() {
    use geo::metrics::percent_within;
    for radius in RADII {
        assert_eq!(percent_within(&[Some(radius), Some(radius.next_down())], radius), 50.0);
    }
}

#[test]
fn distances_are_those_of_the_reference() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/geodesy/distances.json");
    let golden: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut errors: Vec<f64> = Vec::new();
    let (mut photos, mut rows) = (Vec::new(), Vec::new());
    for (number, pair) in golden["pairs"].as_array().unwrap().iter().enumerate() {
        let at = |name: &str, index: usize| pair[name][index].as_f64().unwrap();
        photos.push(PhotoRow::new(number.to_string(), point(at("a", 0), at("a", 1))));
        rows.push(PredictionRow::new(number.to_string(), point(at("b", 0), at("b", 1))));
        errors.push(pair["geodesic_km"].as_f64().unwrap());
    }
    let report = report(&truth(photos), &Predictions::new("p", rows).unwrap(), 0);
    assert_eq!(report.matched, errors.len());
    for within in report.within_km {
        let hits = errors.iter().filter(|error| **error < within.radius_km).count();
        assert!((within.percent - 100.0 * hits as f64 / errors.len() as f64).abs() < 1e-9, "{within:?}");
    }
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    assert!((report.mean_km.value - mean).abs() < 1e-6);
}
