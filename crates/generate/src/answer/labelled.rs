//! Coordinates with names: JSON objects, and the almost-JSON that models write.

use serde_json::{Map, Value};

use super::degrees::{Axis, number_near};

/// Names of the two numbers, in lower case.
const LATITUDE: [&str; 2] = ["latitude", "lat"];
const LONGITUDE: [&str; 4] = ["longitude", "lon", "lng", "long"];
/// Between a name and its number there are quotes, colons and spaces, no words.
const NAME_TO_NUMBER: usize = 12;

/// The last JSON object in the text that has both numbers, wherever it stands and however deep.
pub(super) fn json_pair(text: &str) -> Option<(f64, f64)> {
    let mut found = None;
    let mut at = 0;
    while let Some(start) = text[at..].find('{').map(|offset| at + offset) {
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                found = in_value(&value).or(found);
                at = start + values.byte_offset().max(1);
            }
            _ => at = start + 1,
        }
    }
    found
}

fn in_value(value: &Value) -> Option<(f64, f64)> {
    match value {
        Value::Object(fields) => {
            let own = number_of(fields, &LATITUDE, Axis::Latitude).zip(number_of(
                fields,
                &LONGITUDE,
                Axis::Longitude,
            ));
            own.or_else(|| fields.values().filter_map(in_value).next_back())
        }
        Value::Array(values) => values.iter().filter_map(in_value).next_back(),
        _ => None,
    }
}

fn number_of(fields: &Map<String, Value>, names: &[&str], axis: Axis) -> Option<f64> {
    let named = |name: &&str| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    match names.iter().find_map(named)?.1 {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => number_near(text, axis, text.len()),
        _ => None,
    }
}

/// `latitude: 48.85, longitude: 2.35` and its relatives: single quotes, no quotes, equal signs, degree signs. The last
/// such pair counts.
pub(super) fn named_pair(text: &str) -> Option<(f64, f64)> {
    let lower = text.to_ascii_lowercase();
    let mut found = None;
    let mut at = 0;
    while let Some((start, end)) = next_name(&lower, at, &LATITUDE) {
        at = end;
        let Some(latitude) = number_near(&text[end..], Axis::Latitude, NAME_TO_NUMBER) else { continue };
        let limit = next_name(&lower, end, &LATITUDE).map_or(lower.len(), |(next, _)| next);
        let longitude = next_name(&lower[..limit], end, &LONGITUDE)
            .and_then(|(_, end)| number_near(&text[end..limit], Axis::Longitude, NAME_TO_NUMBER));
        debug_assert!(start < end);
        if let Some(longitude) = longitude {
            found = Some((latitude, longitude));
        }
    }
    found
}

/// Start and end of the next of these names that stands as a word of its own; of two at one place the longer.
fn next_name(lower: &str, from: usize, names: &[&str]) -> Option<(usize, usize)> {
    let word = |at: usize| lower.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut best: Option<(usize, usize)> = None;
    for name in names {
        let mut at = from;
        while let Some(start) = lower[at..].find(name).map(|offset| at + offset) {
            let end = start + name.len();
            let whole = !word(end) && (start == 0 || !word(start - 1));
            if whole && best.is_none_or(|(known, _)| start < known) {
                best = Some((start, end));
            }
            if whole {
                break;
            }
            at = end;
        }
    }
    best
}
