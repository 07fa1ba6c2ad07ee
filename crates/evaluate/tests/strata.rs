//! By distance to a gallery, by part of the world, confidence as a ranking, and abstention: cases computed by hand.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fs;
use std::sync::Arc;

use contract::Diagnose;
use evaluate::{EvaluateError, EvaluateRequest, Format, GalleryPlaces, Options, Outcome, render, run};
use geo::LatLon;
use serde_json::{Value, json};

fn outcome(truth: &str, predictions: &str, options: Options) -> Result<Outcome, EvaluateError> {
    let folder = tempfile::tempdir().unwrap();
    let [truth_file, predictions_file] = ["truth.csv", "p.csv"].map(|name| folder.path().join(name));
    fs::write(&truth_file, truth).unwrap();
    fs::write(&predictions_file, predictions).unwrap();
    let mut request = EvaluateRequest::new(truth_file, vec![predictions_file]);
    request.options = options;
    request.options.bootstrap.resamples = 0;
    run(&request)
}

fn in_json(outcome: &Outcome) -> Value {
    serde_json::from_str(&render(outcome, Format::Json)).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn assert_close(value: &Value, expected: f64) {
    assert!(value.as_f64().is_some_and(|value| (value - expected).abs() < 1e-9), "{value} is not {expected}");
}

/// Both texts have the words, and no number that is not one.
fn assert_shown(outcome: &Outcome, words: &[&str]) {
    for format in [Format::Table, Format::Markdown] {
        let text = render(outcome, format);
        for word in words {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(!text.contains("NaN"), "{text}");
    }
}

/// On the equator; one degree is 111.3 km.
const NEAR_AND_FAR: &str =
    "IMG_ID,LAT,LON,author\na,0,0.005,x\nb,0,0.1,x\nc,0,1,y\nd,0,5,\ne,0,50,x\nf,0,0,y\n";
const ANSWERS: &str = "IMG_ID,LAT_pred,LON_pred\na,0,0.005\nb,0,0.1\nc,0,1\nd,0,5\ne,0,0\n";

fn gallery(photos: &[(f64, &str)], exclude_same_author: bool) -> Options {
    let photos = photos.iter().map(|(longitude, author)| {
        let author = (!author.is_empty()).then(|| (*author).to_owned());
        (LatLon::new(0.0, *longitude).unwrap(), author)
    });
    let gallery = GalleryPlaces::new("gallery", photos.collect(), exclude_same_author);
    Options { gallery: Some(Arc::new(gallery)), ..Options::default() }
}

#[test]
fn by_distance_to_the_gallery() {
    let outcome = outcome(NEAR_AND_FAR, ANSWERS, gallery(&[(0.0, "x"), (-170.0, "y")], false)).unwrap();
    let distance = &in_json(&outcome)["gallery_distance"];
    assert_eq!(
        (&distance["gallery"], &distance["photos"], &distance["exclude_same_author"]),
        (&json!("gallery"), &json!(2), &json!(false))
    );
    let bands = &distance["bands"];
    assert_eq!(keys(bands), ["0-1", "1-25", "200-750", "25-200", "750-"]);
    for (band, n, percent) in
        [("0-1", 2, 50.0), ("1-25", 1, 100.0), ("25-200", 1, 100.0), ("200-750", 1, 100.0), ("750-", 1, 0.0)]
    {
        assert_eq!(bands[band]["n"], n, "{band}");
        assert_close(&bands[band]["within_km"]["1"]["percent"], percent);
    }
    assert_eq!(bands["0-1"]["unmatched_truth"], json!(["f"]));
    let order: Vec<String> = outcome.evaluations[0]
        .gallery_distance
        .as_ref()
        .unwrap()
        .bands
        .iter()
        .map(evaluate::Band::key)
        .collect();
    assert_eq!(order, ["0-1", "1-25", "25-200", "200-750", "750-"]);
    assert_shown(&outcome, &["by distance to the nearest gallery photo", "1 to 25 km", "750 km and more"]);
}

#[test]
fn photos_by_the_same_author_do_not_count_when_asked() {
    let outcome = outcome(NEAR_AND_FAR, ANSWERS, gallery(&[(0.0, "x"), (0.1, "")], true)).unwrap();
    let distance = &in_json(&outcome)["gallery_distance"];
    assert_eq!(distance["exclude_same_author"], true);
    // a and e have only the photo of an unknown author, 10.6 and 5555 km away; b lies on it.
    let counts: Vec<(&str, &Value)> = distance["bands"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, report)| (key.as_str(), &report["n"]))
        .collect();
    let expected = [("0-1", 2), ("1-25", 1), ("200-750", 1), ("25-200", 1), ("750-", 1)];
    assert_eq!(
        counts,
        expected.map(|(key, n)| (key, json!(n))).iter().map(|(k, n)| (*k, n)).collect::<Vec<_>>()
    );
    assert_shown(&outcome, &["photos by the author of the query do not count"]);

    let alone = self::outcome(NEAR_AND_FAR, ANSWERS, gallery(&[(0.0, "x")], true)).unwrap();
    let bands = &in_json(&alone)["gallery_distance"]["bands"];
    assert_eq!(bands["none"]["n"], 3);
    assert_shown(&alone, &["no gallery photo"]);

    let nameless = NEAR_AND_FAR.replace("author", "who");
    let error = self::outcome(&nameless, ANSWERS, gallery(&[(0.0, "x")], true)).unwrap_err();
    assert!(error.to_string().contains("has no column author"), "{error}");
    assert!(error.hint().is_some());
}

/// Two photos of France, one of Switzerland, one of Australia, and one of the middle of the Atlantic.
const PLACES: &str = "IMG_ID,LAT,LON\nparis,48.8566,2.3522\nlyon,45.764,4.8357\nbasel,47.5596,7.5886\n\
    sydney,-33.8688,151.2093\nsea,30,-40\n";
/// Paris and Lyon right, Basel in Paris, Sydney without an answer, the sea in Sydney.
const GUESSES: &str = "IMG_ID,LAT_pred,LON_pred\nparis,48.8566,2.3522\nlyon,45.764,4.8357\nbasel,48.8566,2.3522\n\
    sea,-33.8688,151.2093\n";

#[test]
fn by_country() {
    let options = Options { countries: true, ..Options::default() };
    let outcome = outcome(PLACES, GUESSES, options).unwrap();
    let countries = &in_json(&outcome)["countries"];
    let average = &countries["macro_average"];
    // France 100 %, Switzerland and Australia 0 %; Basel is 410 km from Paris.
    assert_eq!((&average["countries"], &average["outside"]), (&json!(3), &json!(1)));
    assert_close(&average["within_km"]["25"], 100.0 / 3.0);
    assert_close(&average["within_km"]["750"], 200.0 / 3.0);
    let one = |code: &Value, country: &str, photos: usize, share: f64, predicted: usize, of: f64| {
        json!({"code": code, "country": country, "photos": photos, "share": share, "predicted": predicted,
            "predicted_share": of})
    };
    assert_eq!(
        countries["shares"],
        json!([
            one(&json!("FR"), "France", 2, 0.4, 3, 0.75),
            one(&json!("AU"), "Australia", 1, 0.2, 1, 0.25),
            one(&Value::Null, "", 1, 0.2, 0, 0.0),
            one(&json!("CH"), "Switzerland", 1, 0.2, 0, 0.0),
        ])
    );
    assert_shown(
        &outcome,
        &["every country alike", "True and predicted", "(no country)", "40.0 %", "75.0 %"],
    );
}

#[test]
fn without_predictions_shares_do_not_exist() {
    let options = Options { countries: true, ..Options::default() };
    let outcome = outcome(PLACES, "IMG_ID,LAT_pred,LON_pred\n", options).unwrap();
    assert_eq!(in_json(&outcome)["countries"]["shares"][0]["predicted_share"], Value::Null);
    assert_shown(&outcome, &["none"]);
}

#[test]
fn by_continent() {
    let options = Options { countries: true, ..Options::default() };
    let outcome = outcome(PLACES, GUESSES, options).unwrap();
    let continents = &in_json(&outcome)["countries"]["continents"];
    assert_eq!(keys(continents), ["", "Europe", "Oceania"]);
    assert_eq!((&continents["Europe"]["n"], &continents["Oceania"]["n"]), (&json!(3), &json!(1)));
    assert_close(&continents["Europe"]["within_km"]["25"]["percent"], 200.0 / 3.0);
    let order: Vec<&str> =
        outcome.evaluations[0].countries.as_ref().unwrap().continents.iter().map(|c| c.0.as_str()).collect();
    assert_eq!(order, ["Europe", "Oceania", ""]);
    assert_shown(&outcome, &["by continent", "(no continent)"]);
}

#[test]
fn imprecise_places_are_not_judged_at_small_radii() {
    let truth =
        "IMG_ID,LAT,LON,precision_km\nparis,48.8566,2.3522,30\nlyon,45.764,4.8357,\nbasel,47.5596,7.5886,2\n";
    let guesses = "IMG_ID,LAT_pred,LON_pred,confidence_1km,confidence_25km,confidence_200km,confidence_750km,\
        confidence_2500km,abstained\nparis,47.5596,7.5886,1,1,1,1,1,false\nlyon,45.764,4.8357,1,1,1,1,1,false\n\
        basel,47.5596,7.5886,1,1,1,1,1,true\n";
    let options = Options { countries: true, calibration: true, ..Options::default() };
    let outcome = outcome(truth, guesses, options).unwrap();
    let json = in_json(&outcome);
    // Paris, which is wrong, does not count below 200 km, and Switzerland not at 1 km.
    let average = &json["countries"]["macro_average"]["within_km"];
    assert_close(&average["1"], 100.0);
    assert_close(&average["25"], 100.0);
    assert_close(&average["200"], 75.0);
    assert_close(&json["abstention"]["precision"]["25"], 1.0);
    assert_close(&json["abstention"]["precision"]["200"], 0.5);
    assert_eq!(json["abstention"]["withheld"]["1"], Value::Null);
    assert_close(&json["abstention"]["withheld"]["25"], 1.0);
    assert_shown(&outcome, &["none"]);
}

/// Errors of about 0, 100, 0 and 5000 km; `e` has no prediction.
const STATED: &str = "IMG_ID,LAT_pred,LON_pred,confidence_1km,confidence_25km,confidence_200km,confidence_750km,\
    confidence_2500km,abstained\na,0,0,0.9,0.9,1,1,1,false\nb,0,0.9,0.8,0.8,0.9,1,1,false\nc,0,0,0.4,0.7,0.8,1,1,\n\
    d,0,45,0.1,0.1,0.2,0.3,0.4,true\n";
const AT_NULL: &str = "IMG_ID,LAT,LON\na,0,0\nb,0,0\nc,0,0\nd,0,0\ne,0,0\n";

#[test]
fn confidence_as_a_ranking() {
    let options = Options { calibration: true, ..Options::default() };
    let outcome = outcome(AT_NULL, STATED, options).unwrap();
    let json = in_json(&outcome);
    let street = &json["calibration"]["1"];
    // In the order right, wrong, right, wrong: risks 0, 1/2, 1/3, 1/2.
    assert_close(&street["aurc"], (0.5 + 1.0 / 3.0 + 0.5) / 4.0);
    assert_close(&street["at_90_percent_precision"]["coverage"], 0.25);
    assert_close(&street["at_90_percent_precision"]["least_confidence"], 0.9);
    assert_close(&street["equal_mass"]["expected_calibration_error"], (0.1 + 0.8 + 0.6 + 0.1) / 4.0);
    assert_eq!(street["equal_mass"]["bins"].as_array().unwrap().len(), 4);
    // Within 200 km only the last is wrong.
    let region = &json["calibration"]["200"];
    assert_close(&region["aurc"], 0.25 / 4.0);
    assert_close(&region["at_90_percent_precision"]["coverage"], 0.75);
    assert_close(&region["mean_confidence"], 2.9 / 4.0);
    assert_close(&region["correct"], 0.75);
    assert_shown(&outcome, &["as a ranking", "coverage at 90 % precision", "25.0 %", "0.0625"]);
}

#[test]
fn what_abstaining_brings() {
    let options = Options { calibration: true, ..Options::default() };
    let outcome = outcome(AT_NULL, STATED, options.clone()).unwrap();
    let abstention = &in_json(&outcome)["abstention"];
    assert_eq!(
        (&abstention["n"], &abstention["answered"], &abstention["abstained"]),
        (&json!(5), &json!(3), &json!(1))
    );
    assert_close(&abstention["coverage"], 0.6);
    assert_close(&abstention["precision"]["1"], 2.0 / 3.0);
    assert_close(&abstention["precision"]["200"], 1.0);
    assert_close(&abstention["withheld"]["2500"], 0.0);
    assert_shown(&outcome, &["Abstention", "abstained"]);
    let silent: Vec<&str> = STATED.lines().map(|line| line.rsplit_once(',').unwrap().0).collect();
    let outcome = self::outcome(AT_NULL, &silent.join("\n"), options).unwrap();
    assert_eq!(in_json(&outcome).get("abstention"), None);
}
