//! The one schema: output holds to it, can be read back, and is written byte for byte as ever.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use contract::{Abstention, ErrorKind};
use geo::Place;
use present::view::{PhotoView, SCHEMA};
use present::{Format, PhotoResult, Precision, Settings, writer};
use serde_json::{Value, json};

#[allow(dead_code, reason = "shared with the other tests")]
mod samples;
mod validator;

use validator::problems;

fn results() -> Vec<PhotoResult> {
    let mut results = samples::all();
    results.push(samples::generated("holiday/written.jpg"));
    results
}

fn written(format: Format, precision: Precision) -> String {
    let mut bytes = Vec::new();
    let settings = Settings { precision, ..Settings::new(&samples::DrawnThumbnails) };
    let mut out = writer(format, settings, &mut bytes);
    out.begin().unwrap();
    for result in results() {
        out.photo(&result).unwrap();
    }
    out.finish().unwrap();
    drop(out);
    String::from_utf8(bytes).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

#[test]
fn every_photo_holds_to_the_schema() {
    let schema = schema();
    for precision in Precision::ALL {
        let array: Vec<Value> = serde_json::from_str(&written(Format::Json, precision)).unwrap();
        assert_eq!(array.len(), results().len());
        for photo in &array {
            assert_eq!(problems(&schema, photo), Vec::<String>::new(), "{photo:#}");
        }
    }
}

#[test]
fn the_map_is_drawn_from_the_same_view() {
    let page = written(Format::Html, Precision::Exact);
    let start = r#"<script type="application/json" class="photo-data">"#;
    let entries: Vec<Value> = page
        .lines()
        .filter_map(|line| line.strip_prefix(start)?.strip_suffix("</script>"))
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let views: Vec<Value> = serde_json::from_str(&written(Format::Json, Precision::Exact)).unwrap();
    assert_eq!(entries.iter().map(|entry| entry["result"].clone()).collect::<Vec<_>>(), views);
}

#[test]
fn damage_is_found() {
    let schema = schema();
    let good = serde_json::to_value(samples::generated("a.jpg").view()).unwrap();
    assert_eq!(problems(&schema, &good), Vec::<String>::new());
    let damaged: [(&str, Value); 11] = [
        ("/estimate/lat", json!(91)),
        ("/estimate/place/label", Value::Null),
        ("/estimate/headline", Value::Null),
        ("/estimate/sure_within_km", json!("25")),
        ("/estimate/confidence/25", json!(1.5)),
        ("/estimate/abstained", json!("no")),
        ("/candidates/0/rank", json!(0)),
        ("/candidates/0/origin/kind", json!("guessed")),
        ("/candidates/0/also_from", json!([])),
        ("/candidates/1/similarities/photo", json!("high")),
        ("/model", json!(["starter"])),
    ];
    for (path, value) in damaged {
        let mut photo = good.clone();
        *photo.pointer_mut(path).unwrap() = value;
        assert!(!problems(&schema, &photo).is_empty(), "{path}");
    }
    for (object, key) in [
        ("", "candidates"),
        ("/estimate", "confidence"),
        ("/estimate", "sure_within_km"),
        ("/candidates/1", "photo"),
    ] {
        let mut photo = good.clone();
        photo.pointer_mut(object).unwrap().as_object_mut().unwrap().remove(key);
        assert!(!problems(&schema, &photo).is_empty(), "{object} without {key}");
    }
    let mut photo = good;
    photo["estimate"]["altitude"] = json!(3);
    assert!(!problems(&schema, &photo).is_empty(), "a field that the schema does not describe");
}

/// The match does not compile when a kind is added: add it here and to the schema.
#[test]
fn the_schema_knows_every_kind_of_failure() {
    use ErrorKind as Kind;
    let kinds = [
        Kind::Usage,
        Kind::NotFound,
        Kind::Unreadable,
        Kind::InvalidPhoto,
        Kind::PhotoTooLarge,
        Kind::InvalidTable,
        Kind::BrokenModel,
        Kind::BrokenGallery,
        Kind::NoCandidates,
        Kind::Output,
        Kind::Diverged,
        Kind::Service,
        Kind::Refused,
        Kind::BudgetReached,
        Kind::Interrupted,
        Kind::Internal,
    ];
    let names = kinds.map(|kind| match kind {
        Kind::Usage
        | Kind::NotFound
        | Kind::Unreadable
        | Kind::InvalidPhoto
        | Kind::PhotoTooLarge
        | Kind::InvalidTable
        | Kind::BrokenModel
        | Kind::BrokenGallery
        | Kind::NoCandidates
        | Kind::Output
        | Kind::Diverged
        | Kind::Service
        | Kind::Refused
        | Kind::BudgetReached
        | Kind::Interrupted
        | Kind::Internal => kind.as_str(),
    });
    assert_eq!(
        schema()["$defs"]["failed"]["properties"]["error"]["properties"]["kind"]["enum"],
        json!(names)
    );
}

#[test]
fn what_is_written_can_be_read_back() {
    for precision in Precision::ALL {
        for line in written(Format::JsonLines, precision).lines() {
            let view: PhotoView = serde_json::from_str(line).unwrap();
            assert_eq!(serde_json::to_string(&view).unwrap(), line);
        }
    }
    for result in results() {
        let text = serde_json::to_string(&result.view()).unwrap();
        assert_eq!(serde_json::from_str::<PhotoView>(&text).unwrap(), result.view());
    }
    // Written before there were headlines.
    let mut old = serde_json::to_value(samples::generated("a.jpg").view()).unwrap();
    for key in ["headline", "sure_within_km"] {
        assert!(old["estimate"].as_object_mut().unwrap().remove(key).is_some());
    }
    assert!(matches!(serde_json::from_value(old), Ok(PhotoView::Located(_))));
    let error = serde_json::from_str::<PhotoView>(r#"{"photo": "a.jpg"}"#).unwrap_err().to_string();
    assert!(error.contains("neither a located photo"), "{error}");
}

#[test]
fn the_text_is_fixed() {
    let mut result = samples::generated("a/b.jpg");
    let estimate = result.outcome.as_mut().unwrap();
    let text = |text: &str| Some(text.to_owned());
    let paris =
        Place { city: text("Paris"), country: text("France"), country_code: text("FR"), ..Place::default() };
    estimate.place = paris.clone();
    estimate.candidates[0].candidate.place = paris;
    estimate.candidates[1].candidate = samples::candidate(1, samples::point(41.89, 12.49), 0.5);
    estimate.candidates[1].candidate.place = Place::default();
    estimate.candidates[1].distance_to_estimate_km = 1106.25;
    (estimate.abstention, estimate.coverage_note) = (Some(Abstention::EmptyGallery), text("Mostly Europe."));
    result.precision = Precision::Km25;
    let paris = r#"{"label":"Paris, France","city":"Paris","country":"France","country_code":"FR"}"#;
    let expected = [
        r#"{"photo":"a/b.jpg","estimate":{"lat":48.8584,"lon":2.2945,"#,
        r#""headline":"No confident answer; best guess: Paris, France","sure_within_km":25.0,"place":"#,
        paris,
        r#","confidence":{"25":0.6,"200":0.7,"750":0.8,"2500":0.9},"abstained":true,"#,
        r#""abstained_because":"the gallery holds no photos","#,
        r#""coverage_note":"Mostly Europe."},"candidates":[{"rank":1,"lat":48.8584,"lon":2.2945,"place":"#,
        paris,
        r#","score":4.5,"probability":0.55,"origin":{"kind":"generated","model":"vlm-2b","sample":0},"#,
        r#""also_from":[{"kind":"retrieved","channel":"photo","rank":0,"similarity":0.91}],"photo":null,"#,
        r#""distance_to_estimate_km":0.0,"similarities":{"photo":0.91,"location":0.31}},"#,
        r#"{"rank":2,"lat":41.89,"lon":12.49,"place":{"label":""},"score":3.8,"probability":0.2475,"origin":{"kind":"retrieved","channel":"photo","rank":1,"#,
        r#""similarity":0.5},"photo":"gallery/0000002.jpg","distance_to_estimate_km":1106.25,"#,
        r#""similarities":{"photo":0.5,"location":-0.100000024},"author":"日本の写真家","licence":"CC-BY-SA-2.0","#,
        r#""source":"example/photos"}],"model":"starter 0.1.0","gallery":"geophotos","elapsed_ms":87.25,"#,
        r#""precision":"25"}"#,
    ];
    assert_eq!(serde_json::to_string(&result.view()).unwrap(), expected.concat());
    let failed = serde_json::to_string(&samples::failed("x.jpg").view()).unwrap();
    let expected = concat!(
        r#"{"photo":"x.jpg","error":{"kind":"invalid_photo","message":"x.jpg is not a photo: unexpected end of file","#,
        r#""hint":"check that the file opens in a viewer"}}"#
    );
    assert_eq!(failed, expected);
}
