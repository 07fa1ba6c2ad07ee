//! From files to reports: known answers, the fixed JSON keys, and inputs that are wrong.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use contract::{Diagnose, ErrorKind};
use evaluate::{Bootstrap, EvaluateError, EvaluateRequest, Format, Outcome, Selection, render, run};
use serde_json::{Value, json};
use tempfile::TempDir;

/// On the equator one degree east is 111.3195 km, so the errors below are about 0, 0.9, 1.1, 100, 600,
/// 2000 and 5000 km; `h` has no prediction and `i` an explicitly empty one.
const TRUTH: &str = "IMG_ID,LAT,LON,country,owner,balanced\n\
    a,0,0,France,A,1\nb,0,0,France,A,1\nc,0,0,France,B,0\nd,0,0,France,B,0\ne,0,0,Spain,C,1\n\
    f,0,0,Spain,C,1\ng,0,0,,C,1\nh,0,0,Spain,A,1\ni,0,0,Spain,B,1\n";
const PREDICTIONS: &str = "IMG_ID,LAT_pred,LON_pred\nz,1,1\nd,0,0.8983\na,0,0\nb,0,0.008085\nc,0,0.009881\n\
    e,0,5.39\nf,0,17.966\ng,0,44.916\ni,,\ny,1,1\n";

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn request(&self, truth: &str, predictions: &[&str]) -> EvaluateRequest {
        let named =
            predictions.iter().zip('p'..).map(|(text, name)| self.write(&format!("{name}.csv"), text));
        let mut request = EvaluateRequest::new(self.write("truth.csv", truth), named.collect());
        request.options.bootstrap.resamples = 200;
        request
    }
}

fn outcome(
    truth: &str,
    predictions: &[&str],
    change: impl Fn(&mut EvaluateRequest),
) -> Result<Outcome, EvaluateError> {
    let files = Files::new();
    let mut request = files.request(truth, predictions);
    change(&mut request);
    run(&request)
}

fn in_json(outcome: &Outcome) -> Value {
    serde_json::from_str(&render(outcome, Format::Json)).unwrap()
}

fn close(value: &Value, expected: f64, tolerance: f64) -> bool {
    value.as_f64().is_some_and(|value| (value - expected).abs() <= tolerance)
}

#[test]
fn known_answers_and_the_fixed_keys_in_their_order() {
    let outcome =
        outcome(TRUTH, &[PREDICTIONS], |request| request.options.by = vec!["country".into()]).unwrap();
    let report = in_json(&outcome);
    assert_eq!((&report["n"], &report["matched"]), (&json!(9), &json!(7)));
    assert_eq!(report["unmatched_predictions"], json!(["y", "z"]));
    assert_eq!(report["unmatched_truth"], json!(["h", "i"]));
    for (radius, hits) in [("1", 2.0), ("25", 3.0), ("200", 4.0), ("750", 5.0), ("2500", 6.0)] {
        let within = &report["within_km"][radius];
        assert!(close(&within["percent"], 100.0 * hits / 9.0, 1e-9), "{radius}: {within}");
        assert!(within["low"].as_f64() <= within["percent"].as_f64());
        assert!(within["high"].as_f64() >= within["percent"].as_f64());
    }
    assert!(close(&report["median_km"], 600.0, 0.1), "{}", report["median_km"]);
    assert!(close(&report["mean_km"], (0.0 + 0.9 + 1.1 + 100.0 + 600.0 + 2000.0 + 5000.0) / 7.0, 0.1));
    let score: f64 =
        [0.0, 0.9, 1.1, 100.0, 600.0, 2000.0, 5000.0].iter().map(|km| 5000.0 * f64::exp(-km / 1492.7)).sum();
    assert!(close(&report["geoscore"], score / 9.0, 0.1));

    let text = render(&outcome, Format::Json);
    let keys = [
        "n",
        "matched",
        "unmatched_predictions",
        "unmatched_truth",
        "within_km",
        "median_km",
        "mean_km",
        "geoscore",
        "intervals",
        "by",
    ];
    let at: Vec<_> = keys.iter().map(|key| text.find(&format!("\"{key}\":")).unwrap()).collect();
    assert!(at.is_sorted(), "{text}");
    let radii: Vec<_> =
        ["1", "25", "200", "750", "2500"].map(|key| text.find(&format!("\"{key}\":")).unwrap()).into();
    assert!(radii.is_sorted());
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut expected = keys.map(String::from).to_vec();
    expected.sort();
    assert_eq!(names(&report), expected);
    assert_eq!(names(&report["within_km"]["25"]), ["high", "low", "percent"]);

    // Every interval that the table has is in the JSON as well, for groups too.
    for report in [&report, &report["by"]["country"]["France"]] {
        let intervals = &report["intervals"];
        assert_eq!(names(intervals), ["geoscore", "mean_km", "median_km"]);
        for name in names(intervals) {
            let (low, high) = (intervals[&name]["low"].as_f64(), intervals[&name]["high"].as_f64());
            assert!(low.is_some() && low <= report[&name].as_f64(), "{name}: {intervals}");
            // The median may be infinite, which JSON writes as null.
            assert!(high.is_none() || high >= report[&name].as_f64(), "{name}: {intervals}");
        }
    }
    let measured = outcome.evaluations[0].report.geoscore;
    assert_eq!(report["intervals"]["geoscore"], json!({"low": measured.low, "high": measured.high}));

    let groups = &report["by"]["country"];
    assert_eq!(names(groups), ["", "France", "Spain"]);
    for (value, n, matched, within_750) in [("France", 4, 4, 100.0), ("Spain", 4, 2, 25.0), ("", 1, 1, 0.0)] {
        let group = &groups[value];
        assert_eq!(names(group), expected);
        assert_eq!((&group["n"], &group["matched"]), (&json!(n), &json!(matched)), "{value}");
        assert!(close(&group["within_km"]["750"]["percent"], within_750, 1e-9), "{group}");
    }
    let order: Vec<_> =
        outcome.evaluations[0].report.by[0].groups.iter().map(|group| group.0.as_str()).collect();
    assert_eq!(order, ["France", "Spain", ""]);
    let noted = |what: &str| outcome.notes.iter().any(|note| note.contains(what));
    assert!(noted("2 of 9 photos have no prediction") && noted("example y"), "{:?}", outcome.notes);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_no_resamples_no_width() {
    let with = |bootstrap: Bootstrap| {
        render(
            &outcome(TRUTH, &[PREDICTIONS], |request| request.options.bootstrap = bootstrap).unwrap(),
            Format::Json,
        )
    };
    let drawn = |seed| with(Bootstrap { resamples: 100, seed });
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    let none: Value = serde_json::from_str(&with(Bootstrap { resamples: 0, seed: 1 })).unwrap();
    let within = &none["within_km"]["1"];
    assert!(within["low"] == within["percent"] && within["high"] == within["percent"]);
    assert_eq!(none["intervals"]["mean_km"], json!({"low": none["mean_km"], "high": none["mean_km"]}));
}

#[test]
fn selections_leave_photos_out_without_calling_their_predictions_strangers() {
    let select = |text: &'static str| {
        outcome(TRUTH, &[PREDICTIONS], |request| request.options.selection = text.parse().unwrap())
    };
    let report = in_json(&select("balanced=1,owner!=A,owner!=B").unwrap());
    assert_eq!((&report["n"], &report["matched"]), (&json!(3), &json!(3)));
    assert_eq!(report["unmatched_predictions"], json!(["y", "z"]));
    assert_eq!(in_json(&select("country=").unwrap())["n"], 1);

    let error = select("owner=D,balanced=1").unwrap_err();
    assert!(error.to_string().ends_with("truth.csv fits owner=D,balanced=1"), "{error}");
    assert_eq!(error.hint().unwrap(), "owner holds \"A\", \"B\", \"C\"; balanced holds \"1\", \"0\"");
    let error = select("city=Rome").unwrap_err();
    assert!(error.to_string().contains("has no column city; it has IMG_ID, LAT, LON, country"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Usage);
}

#[test]
fn the_author_column_goes_by_both_names() {
    let truth = "IMG_ID,LAT,LON,AUTHOR\na,0,0,x\n";
    for name in ["author", "AUTHOR"] {
        let outcome = outcome(truth, &[PREDICTIONS], |request| {
            request.options.by = vec![name.into()];
            request.options.selection = Selection::parse_all(&[format!("{name}=x")]).unwrap();
        });
        assert_eq!(in_json(&outcome.unwrap())["by"][name]["x"]["n"], 1);
    }
}

#[test]
fn a_photo_is_not_judged_at_radii_below_the_precision_of_its_place() {
    // Right, 0.9 km, 1.1 km, 100 km off; the places of the first and the last are known to 10 and to 500 km.
    let truth = "IMG_ID,LAT,LON,kind,precision_km\na,0,0,x,10\nb,0,0,x,\nc,0,0,x,1\nd,0,0,y,500\n";
    let worse = "IMG_ID,LAT_pred,LON_pred\na,0,1\nb,0,1\nc,0,0\nd,0,0\n";
    let outcome =
        outcome(truth, &[PREDICTIONS, worse], |request| request.options.by = vec!["kind".into()]).unwrap();
    let text = render(&outcome, Format::Table);
    assert!(text.contains("(precision_km): 2 within 1 km, 1 within 25 km, 1 within 200 km."), "{text}");
    assert!(!text.contains("NaN"), "{text}");
    let all = in_json(&outcome);
    let report = &all["reports"].as_object().unwrap().values().next().unwrap();
    assert_eq!((&report["n"], &report["matched"]), (&json!(4), &json!(4)));
    let at = |report: &Value, radius: &str| {
        let within = &report["within_km"][radius];
        (within["percent"].as_f64(), within["not_judged"].as_u64())
    };
    let percents = ["1", "25", "200", "750"].map(|radius| at(report, radius));
    assert_eq!(
        percents,
        [(Some(50.0), Some(2)), (Some(100.0), Some(1)), (Some(100.0), Some(1)), (Some(100.0), None)]
    );
    assert!(close(&report["median_km"], 1.0, 0.1), "{}", report["median_km"]);
    let group = &report["by"]["kind"]["y"];
    assert_eq!((at(group, "200"), at(group, "750")), ((None, Some(1)), (Some(100.0), None)));
    // Within 1 km only b and c count: the first has b right, the second c.
    let difference = &all["comparisons"][0]["within_km"];
    assert!(close(&difference["1"]["difference"], 0.0, 1e-9), "{difference}");
    assert!(close(&difference["25"]["difference"], 100.0 / 3.0 - 100.0, 1e-9), "{difference}");

    let confident =
        "IMG_ID,LAT_pred,LON_pred,confidence_1km,confidence_750km\na,0,0,1,1\nb,0,0,1,1\nd,0,0,1,1\n";
    let judged = calibrated(truth, confident);
    assert_eq!((&judged["1"]["n"], &judged["750"]["n"]), (&json!(1), &json!(3)));
    let files = Files::new();
    let error = run(&files.request("IMG_ID,LAT,LON,precision_km\na,0,0,-1\n", &[PREDICTIONS])).unwrap_err();
    assert!(error.to_string().ends_with("\"-1\" is not a distance of 0 km or more"), "{error}");
}

fn calibrated(truth: &str, predictions: &str) -> Value {
    let outcome = outcome(truth, &[predictions], |request| request.options.calibration = true).unwrap();
    in_json(&outcome)["calibration"].clone()
}

#[test]
fn predictions_without_rows_are_all_misses() {
    let outcome = outcome(TRUTH, &["IMG_ID,LAT_pred,LON_pred\n"], |_| ()).unwrap();
    let report = in_json(&outcome);
    assert_eq!((&report["n"], &report["matched"]), (&json!(9), &json!(0)));
    assert_eq!(report["within_km"]["2500"], json!({"percent": 0.0, "low": 0.0, "high": 0.0}));
    assert_eq!(
        (&report["median_km"], &report["mean_km"], &report["geoscore"]),
        (&Value::Null, &Value::Null, &json!(0.0))
    );
    let text = render(&outcome, Format::Table);
    assert!(!text.contains("NaN"), "{text}");
}

#[test]
fn a_better_method_is_shown_to_be_better() {
    let mut truth = "IMG_ID,LAT,LON\n".to_owned();
    let mut good = "IMG_ID,LAT_pred,LON_pred\n".to_owned();
    let mut bad = good.clone();
    for photo in 0..60 {
        writeln!(truth, "{photo},0,0").unwrap();
        writeln!(good, "{photo},0,{}", f64::from(photo) * 0.1).unwrap();
        writeln!(bad, "{photo},0,{}", f64::from(photo) * 0.2).unwrap();
    }
    let outcome = outcome(&truth, &[&bad, &good, &bad.replace("59,0,11.8", "59,0,11.9")], |_| ()).unwrap();
    let json = in_json(&outcome);
    let comparisons = json["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), 2);
    assert!(comparisons[0]["predictions"].as_str().unwrap().ends_with("q.csv"));
    assert!(comparisons[0]["reference"].as_str().unwrap().ends_with("p.csv"));
    let within = &comparisons[0]["within_km"]["200"];
    // 200 km is 1.7966 degrees: 18 photos of the good method, 9 of the bad.
    assert!(close(&within["difference"], 15.0, 1e-9), "{within}");
    assert!(within["low"].as_f64() > Some(0.0) && within["p"].as_f64() < Some(0.05), "{within}");
    assert!(comparisons[0]["geoscore"]["low"].as_f64() > Some(0.0));
    assert!(comparisons[0]["median_km"]["difference"].as_f64() > Some(0.0));
    assert!(close(&comparisons[1]["within_km"]["200"]["difference"], 0.0, 0.0));
    assert_eq!(json["reports"].as_object().unwrap().len(), 3);
    assert!(json["reports"].as_object().unwrap().values().all(|report| report["n"] == 60));
    for format in [Format::Table, Format::Markdown] {
        let text = render(&outcome, format);
        assert!(text.contains("q.csv against ") && text.contains("+15.0"), "{text}");
    }
}

#[test]
fn calibration_judges_stated_confidence() {
    let predictions = "IMG_ID,LAT_pred,LON_pred,confidence_1km,confidence_25km,confidence_200km,confidence_750km,\
        confidence_2500km\na,0,0,0.9,,1,1,1\nb,0,0.008085,0.7,,1,1,1\nc,0,0.009881,0.7,,1,1,1\nd,0,50,,,0,0,0\n";
    let calibrate =
        |predictions: &str| outcome(TRUTH, &[predictions], |request| request.options.calibration = true);
    let outcome = calibrate(predictions).unwrap();
    let json = in_json(&outcome);
    let street = &json["calibration"]["1"];
    assert_eq!(street["n"], 3);
    assert!(close(&street["expected_calibration_error"], (0.1 + 0.4) / 3.0, 1e-12), "{street}");
    assert!(close(&street["brier"], (0.01 + 0.09 + 0.49) / 3.0, 1e-12), "{street}");
    assert_eq!(street["bins"].as_array().unwrap().len(), 10);
    assert_eq!(street["bins"][7]["n"], 2);
    assert_eq!(street["bins"][0]["correct"], Value::Null);
    assert_eq!(json["calibration"]["25"]["n"], 0);
    assert_eq!(json["calibration"]["25"]["brier"], Value::Null);
    assert_eq!(json["calibration"]["200"]["brier"], 0.0);
    assert_eq!(json["n"], 9);
    for format in [Format::Table, Format::Markdown] {
        let text = render(&outcome, format);
        assert!(
            text.contains("Calibration") && text.contains("70 to 80 %") && !text.contains("NaN"),
            "{text}"
        );
    }
    let error = calibrate(PREDICTIONS).unwrap_err();
    assert!(matches!(error, EvaluateError::NoConfidence { .. }) && error.hint().is_some());
}

#[test]
fn wrong_requests_are_refused_with_a_way_out() {
    let refused = |truth: &str, predictions: &[&str], change: &dyn Fn(&mut EvaluateRequest)| {
        let error = outcome(truth, predictions, change).unwrap_err();
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
        (error.kind(), error.to_string())
    };
    let same = |_: &mut EvaluateRequest| ();
    let (kind, message) = refused("IMG_ID,LAT,LON\n", &[PREDICTIONS], &same);
    assert_eq!(kind, ErrorKind::InvalidTable);
    assert!(message.ends_with("truth.csv holds no photos"), "{message}");
    assert_eq!(refused("", &[PREDICTIONS], &same).0, ErrorKind::InvalidTable);
    assert_eq!(refused(TRUTH, &[], &same).0, ErrorKind::Usage);
    assert_eq!(refused(TRUTH, &[PREDICTIONS], &|request| request.by_column("nonsense")).0, ErrorKind::Usage);
    assert_eq!(refused(TRUTH, &[PREDICTIONS], &|request| request.by_column("")).0, ErrorKind::Usage);
    let twice = |request: &mut EvaluateRequest| request.predictions.push(request.predictions[0].clone());
    assert_eq!(refused(TRUTH, &[PREDICTIONS], &twice).0, ErrorKind::Usage);
    let gone = |request: &mut EvaluateRequest| request.truth = request.truth.with_file_name("gone.csv");
    assert_eq!(refused(TRUTH, &[PREDICTIONS], &gone).0, ErrorKind::NotFound);
    let (kind, message) = refused(TRUTH, &["IMG_ID,LAT_pred,LON_pred\na,0,nan\n"], &same);
    assert_eq!(kind, ErrorKind::InvalidTable);
    assert!(
        message.ends_with("p.csv, line 2, column LON_pred: \"nan\" is not a longitude from -180 to 180"),
        "{message}"
    );
}

trait ByColumn {
    fn by_column(&mut self, column: &str);
}

impl ByColumn for EvaluateRequest {
    fn by_column(&mut self, column: &str) {
        self.options.by = vec![column.to_owned()];
    }
}

#[test]
fn tables_line_up_and_files_cannot_inject_markup() {
    let truth = "IMG_ID,LAT,LON,country\na,0,0,\"x|<b>\n\u{1b}[2J\"\nb,0,0,日本\n";
    let outcome = outcome(truth, &[PREDICTIONS], |request| {
        request.options.by = vec!["country".into()];
        request.options.bootstrap.resamples = 0;
    })
    .unwrap();
    let text = render(&outcome, Format::Table);
    assert!(text.contains("within 1 km (street), %") && text.ends_with('\n'), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains("95 %"), "{text}");
    let markdown = render(&outcome, Format::Markdown);
    assert!(markdown.contains("| x\\|&lt;b>"), "{markdown}");
    assert!(markdown.lines().all(|line| !line.starts_with("<b>")), "{markdown}");
    assert_eq!("markdown".parse(), Ok(Format::Markdown));
    assert!("yaml".parse::<Format>().unwrap_err().to_string().contains("table, json or markdown"));
}
