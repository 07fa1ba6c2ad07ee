//! Prompts against those of the reference, letter by letter.
#![cfg(feature = "lvlm")]
#![allow(clippy::unwrap_used, reason = "the helpers read fixtures, too")]

use std::path::PathBuf;

use geo::LatLon;
use nets::qwen2_vl::chat_template::{PromptPart, render_builtin};
use proptest::prelude::*;
use rank::vlm::prompt::{
    PairPrompt, PlaceText, Protocol, evaluation_place, negatives_text, python_float, question, training_place,
};
use serde_json::Value;

fn json(path: &str) -> Value {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", path].iter().collect();
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

const NO_LATITUDE: f64 = 100.0;

/// A position; `fields` is null for one without a name. The case with all fields kept keeps them for its candidate
/// alone.
fn place(latitude: &Value, longitude: &Value, fields: &Value, keep_empty: bool) -> PlaceText {
    let text = fields.as_array().map(|fields| {
        let fields: Vec<&str> = fields.iter().filter_map(Value::as_str).collect();
        if keep_empty { training_place(&fields) } else { evaluation_place(&fields) }
    });
    // One case prints a latitude of 100, which no place has: what it tells, how a round number is printed, 10 tells too.
    let latitude = latitude.as_f64().map(|latitude| if latitude == NO_LATITUDE { 10.0 } else { latitude });
    let location = LatLon::new(latitude.unwrap(), longitude.as_f64().unwrap()).unwrap();
    PlaceText { location, text }
}

fn prompt(protocol: Protocol, case: &Value) -> String {
    let keep_empty = case["keep_empty"] == true;
    let candidate = place(&case["gps"][0], &case["gps"][1], &case["texts"], keep_empty);
    let negatives: Option<Vec<PlaceText>> = case["negatives"]
        .as_array()
        .map(|negatives| negatives.iter().map(|row| place(&row[0], &row[1], &row[2], false)).collect());
    let pair = PairPrompt::new(protocol, &candidate, case["candidate"].is_string(), negatives.as_deref());
    render_builtin(&pair.parts())
}

#[test]
fn prompts_equal_the_reference() {
    let fixture = json("ranker/cases.json");
    let cases = fixture["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 13);
    let mut differing = Vec::new();
    for case in cases {
        let expected = case["prompt"].as_str().unwrap().replace("latitude: 100.0", "latitude: 10.0");
        let expected = expected.as_str();
        assert_eq!(prompt(Protocol::Official, case), expected, "{}", case["id"]);
        // By default only the commas of empty places go.
        let tidy = expected.replace(", ?", "?").replace(", ;", ";").replace(", <|im_end|>", "<|im_end|>");
        assert_eq!(prompt(Protocol::Default, case), tidy, "{}", case["id"]);
        if tidy != expected {
            differing.push(case["id"].as_str().unwrap());
        }
    }
    assert!(differing.len() >= 3, "the cases must tell the protocols apart: {differing:?}");
}

#[test]
fn numbers_are_printed_as_by_python() {
    let fixture = json("geodesy/float_format.json");
    let cases = fixture["cases"].as_array().unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let bits = u64::from_str_radix(case["bits_hex"].as_str().unwrap(), 16).unwrap();
        assert_eq!(python_float(f64::from_bits(bits)), case["text"].as_str().unwrap());
    }
}

fn at(place: Option<&str>) -> PlaceText {
    PlaceText { location: LatLon::new(-1.5, 100.0).unwrap(), text: place.map(Into::into) }
}

#[test]
fn empty_places_follow_the_protocol() {
    let bare = "latitude: -1.5, longitude: 100.0";
    for (protocol, place, tail) in [
        (Protocol::Default, None, ""),
        (Protocol::Official, None, ""),
        (Protocol::Default, Some(""), ""),
        (Protocol::Official, Some(""), ", "),
        (Protocol::Default, Some(" "), ",  "),
        (Protocol::Official, Some(" a "), ",  a "),
    ] {
        let text = at(place);
        assert_eq!(question(protocol, &text), format!("How far is this place from {bare}{tail}?"));
        assert_eq!(
            negatives_text(protocol, &[text, at(None)]),
            format!("Negative examples: {bare}{tail}; {bare}")
        );
    }
}

#[test]
fn parts_are_left_out_not_emptied() {
    let candidate = at(None);
    let prompt = PairPrompt::new(Protocol::Default, &candidate, false, None);
    assert_eq!(prompt.parts(), [PromptPart::Image, PromptPart::Text(&prompt.question)]);
    let prompt = PairPrompt::new(Protocol::Default, &candidate, true, Some(&[]));
    assert_eq!(
        prompt.parts(),
        [
            PromptPart::Image,
            PromptPart::Text(&prompt.question),
            PromptPart::Image,
            PromptPart::Text("Negative examples: ")
        ]
    );
}

#[test]
fn floats_that_are_no_numbers() {
    assert_eq!([f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(python_float), ["nan", "inf", "-inf"]);
}

proptest! {
    #[test]
    fn floats_read_back(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        prop_assume!(!value.is_nan());
        prop_assert_eq!(python_float(value).parse::<f64>().unwrap().to_bits(), bits);
    }
}
