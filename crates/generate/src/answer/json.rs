//! Coordinates in JSON, and in the almost-JSON that models write.

use serde_json::{Map, Value};

use super::Dropped;
use super::compass::compass;
use super::labelled::{NAMES, number_near};
use super::pairing::Axis;
use super::spots::{Found, Spot};

/// Words in a key that make its number something else than the coordinate itself.
const BESIDE: [&str; 17] = [
    "error",
    "uncertainty",
    "accuracy",
    "precision",
    "confidence",
    "sigma",
    "std",
    "delta",
    "radians",
    "rad",
    "probability",
    "score",
    "dir",
    "direction",
    "ref",
    "hemisphere",
    "unit",
];
/// Words in a key that make its number the end of a span.
const ENDS: [&str; 14] = [
    "min", "max", "minimum", "maximum", "low", "high", "lower", "upper", "from", "to", "start", "end",
    "range", "bounds",
];
/// Words in a key of what is second best, and of what is the answer.
pub(super) const SPARE: [&str; 5] = ["alternative", "alternatives", "alternate", "runner", "other"];
pub(super) const FAVOURED: [&str; 5] = ["answer", "final", "best", "prediction", "result"];

/// So often almost-JSON is looked for in one text.
const MOST_TRIES: usize = 32;

/// How an object is reached.
#[derive(Clone, Copy, Default)]
struct Way {
    is_spare: bool,
    is_favoured: bool,
    is_geojson: bool,
}

/// What a JSON object says by its two fields.
enum Own {
    Pair(f64, f64),
    Fault(Dropped),
    Nothing,
}

/// The places in all JSON objects of a text, wherever they stand and however deep. An object with both names that has no
/// number for one of them says that there is none.
pub(super) fn in_json(text: &str) -> Found {
    let mut found = Found::default();
    each_value(text, |value, span| gather(value, Way::default(), span, &mut found));
    found
}

/// Calls `visit` with each JSON object of a text, and where it stands.
pub(super) fn each_value(text: &str, mut visit: impl FnMut(&Value, std::ops::Range<usize>)) {
    let mut at = 0;
    let mut tries = MOST_TRIES;
    while let Some(start) = text[at..].find('{').map(|offset| at + offset) {
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        let read = match values.next() {
            Some(Ok(value)) => Some((value, values.byte_offset().max(1))),
            _ if tries == 0 => None,
            _ => {
                tries -= 1;
                relaxed(&text[start..])
            }
        };
        let Some((value, length)) = read else {
            at = start + 1;
            continue;
        };
        at = start + length;
        visit(&value, start..at);
    }
}

/// A Python dictionary, or JSON with trailing commas: its value and length, if it can be made JSON without a doubt.
fn relaxed(text: &str) -> Option<(Value, usize)> {
    let mut depth = 0_usize;
    let end = text.char_indices().find_map(|(at, sign)| {
        depth = match sign {
            '{' => depth + 1,
            '}' => depth.saturating_sub(1),
            _ => depth,
        };
        (sign == '}' && depth == 0).then_some(at + 1)
    })?;
    let mut json = text[..end].replace("\\\"", "\"");
    if !json.contains('"') {
        json = json.replace('\'', "\"");
    }
    json = json.replace('(', "[").replace(')', "]");
    for (word, value) in
        [("None", "null"), ("True", "true"), ("False", "false"), ("NaN", "null"), ("nan", "null")]
    {
        json = json.replace(&format!(": {word}"), &format!(": {value}"));
    }
    let mut tidy = String::with_capacity(json.len());
    for sign in json.chars() {
        if matches!(sign, '}' | ']') {
            let kept = tidy.trim_end().trim_end_matches(',').len();
            tidy.truncate(kept);
        }
        tidy.push(sign);
    }
    Some((serde_json::from_str(&tidy).ok()?, end))
}

fn gather(value: &Value, way: Way, span: std::ops::Range<usize>, found: &mut Found) {
    match value {
        Value::Object(fields) => {
            let way = Way { is_geojson: way.is_geojson || fields.get("geometry").is_some(), ..way };
            let own = match own(fields) {
                Own::Nothing => geojson(fields, way),
                named => named,
            };
            match own {
                Own::Pair(latitude, longitude) => {
                    let Way { is_spare, is_favoured, .. } = way;
                    found.spots.push(Spot {
                        is_spare,
                        is_favoured,
                        ..Spot::at(latitude, longitude, span.clone())
                    });
                }
                Own::Fault(fault) => found.fault = found.fault.or(Some(fault)),
                Own::Nothing => {}
            }
            for (key, value) in fields {
                let words = words(key);
                let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
                let is_spare = way.is_spare || has(&SPARE);
                let way =
                    Way { is_spare, is_favoured: !is_spare && (way.is_favoured || has(&FAVOURED)), ..way };
                gather(value, way, span.clone(), found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, way, span.clone(), found)),
        _ => {}
    }
}

fn own(fields: &Map<String, Value>) -> Own {
    // `lat1`, `lat2`: two places, or a box.
    if [Axis::Latitude, Axis::Longitude].into_iter().any(|axis| is_doubled(fields, axis)) {
        return Own::Fault(Dropped::Ambiguous);
    }
    let Some((latitude, longitude)) = field(fields, Axis::Latitude).zip(field(fields, Axis::Longitude))
    else {
        let spans = fields.keys().filter(|key| axis_of(key).is_some() && is_end(key)).count();
        return if spans >= 2 { Own::Fault(Dropped::Range) } else { Own::Nothing };
    };
    let named = [(latitude, Axis::Latitude), (longitude, Axis::Longitude)].map(|((key, value), axis)| {
        let degrees = number_of(value, axis)?;
        match direction(key, axis) {
            Some(false) if degrees < 0.0 => Err(Dropped::Ambiguous),
            Some(true) => Ok(-degrees.abs()),
            _ => Ok(degrees),
        }
    });
    match (named[0], named[1]) {
        (Ok(latitude), Ok(longitude)) => {
            let (south, west) = turned(fields);
            // A letter beside the numbers says what their signs do not.
            let turn = |degrees: f64, letter: Option<bool>| match letter {
                Some(true) => -degrees.abs(),
                _ => degrees,
            };
            if south == Some(false) && latitude < 0.0 || west == Some(false) && longitude < 0.0 {
                return Own::Fault(Dropped::Ambiguous);
            }
            Own::Pair(turn(latitude, south), turn(longitude, west))
        }
        (Err(fault), _) | (_, Err(fault)) => Own::Fault(fault),
    }
}

/// Whether a key turns the sign of its number: `Longitude (W)`, `lat_s`.
fn direction(key: &str, axis: Axis) -> Option<bool> {
    words(key)
        .iter()
        .find_map(|word| compass(word, false).filter(|(of, _)| *of == axis))
        .map(|(_, turned)| turned)
}

/// Whether fields beside the numbers say south, and west: `"ns": "S"`.
fn turned(fields: &Map<String, Value>) -> (Option<bool>, Option<bool>) {
    let mut turned = (None, None);
    for value in fields.values().filter_map(Value::as_str) {
        let lower = value.trim().to_lowercase();
        for word in lower.split([' ', '/', ',']) {
            let direction = compass(word, false).filter(|_| lower.len() <= 30);
            let is_hemisphere = lower.len() <= 2
                || lower == word
                || lower.contains("hemisphere")
                || lower.contains(['/', ',']);
            match direction.filter(|_| is_hemisphere) {
                Some((Axis::Latitude, south)) => turned.0 = Some(south),
                Some((Axis::Longitude, west)) => turned.1 = Some(west),
                None => {}
            }
        }
    }
    turned
}

/// The words of a key, in lower case: `gpsLatitude`, `lat_dd`.
pub(super) fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in key.chars() {
        if !letter.is_alphabetic() || (letter.is_uppercase() && was_small) {
            words.push(String::new());
        }
        was_small = letter.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphabetic()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The axis that a key names, unless it names both or something beside the coordinate.
fn axis_of(key: &str) -> Option<Axis> {
    let words = words(key);
    let named = |word: &String| NAMES.iter().find(|(name, _)| name == word).map(|(_, axis)| *axis);
    let mut axes = words.iter().filter_map(named);
    let axis = axes.next()?;
    let is_beside = words.iter().any(|word| BESIDE.contains(&word.as_str()));
    (axes.all(|other| other == axis) && !is_beside).then_some(axis)
}

fn is_end(key: &str) -> bool {
    words(key).iter().any(|word| ENDS.contains(&word.as_str()))
}

/// Whether several fields name an axis, none of them by its plain name, and differ.
fn is_doubled(fields: &Map<String, Value>, axis: Axis) -> bool {
    let is_plain = |key: &str| NAMES.iter().any(|(name, of)| *of == axis && key.to_lowercase() == *name);
    let mut values = fields
        .iter()
        .filter(|(key, value)| axis_of(key) == Some(axis) && !is_end(key) && !value.is_null())
        .map(|(_, value)| value);
    let first = values.next();
    !fields.keys().any(|key| is_plain(key)) && values.any(|value| Some(value) != first)
}

/// Whether a key of an object in place of a number is the end of a span. `min` may be minutes.
fn is_bound(key: &str) -> bool {
    is_end(key) && !key.eq_ignore_ascii_case("min") || key.eq_ignore_ascii_case("max")
}

fn field(fields: &Map<String, Value>, axis: Axis) -> Option<(&String, &Value)> {
    let exact = NAMES
        .iter()
        .filter(|(_, of)| *of == axis)
        .find_map(|(name, _)| fields.iter().find(|(key, _)| key.to_lowercase() == *name));
    let named = || fields.iter().find(|(key, _)| axis_of(key) == Some(axis) && !is_end(key));
    exact.or_else(named)
}

fn number_of(value: &Value, axis: Axis) -> Result<f64, Dropped> {
    match value {
        Value::Number(number) => number.as_f64().ok_or(Dropped::NoCoordinate),
        Value::String(text) => {
            let angle = number_near(text, axis, text.len()).ok_or(Dropped::NoCoordinate)?;
            angle.fault.map_or(Ok(angle.degrees), Err)
        }
        Value::Object(parts) if parts.keys().any(|key| is_bound(key)) => Err(Dropped::Range),
        Value::Object(parts) => in_parts(parts, axis).ok_or(Dropped::NoCoordinate),
        // Two of them are a span.
        Value::Array(values) if !values.is_empty() => Err(Dropped::Range),
        _ => Err(Dropped::NoCoordinate),
    }
}

/// `{"degrees": 48, "minutes": 51, "seconds": 30, "direction": "N"}`.
fn in_parts(parts: &Map<String, Value>, axis: Axis) -> Option<f64> {
    let part = |name: &str| {
        let value =
            parts.iter().find(|(key, _)| key.to_lowercase().starts_with(name)).map(|(_, value)| value)?;
        value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
    };
    let degrees = part("deg").or_else(|| part("value"))?;
    let (minutes, seconds) = (part("min").unwrap_or(0.0), part("sec").unwrap_or(0.0));
    if !(0.0..60.0).contains(&minutes) || !(0.0..60.0).contains(&seconds) {
        return None;
    }
    let (south, west) = turned(parts);
    let is_turned = if axis == Axis::Latitude { south } else { west };
    let total = degrees.abs() + minutes / 60.0 + seconds / 3600.0;
    Some(if is_turned == Some(true) || degrees.is_sign_negative() { -total } else { total })
}

/// A point of `GeoJSON`, whose longitude comes first.
fn geojson(fields: &Map<String, Value>, way: Way) -> Own {
    let Some(Value::Array(values)) = fields.get("coordinates") else { return Own::Nothing };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    let numbers: Vec<f64> = values.iter().filter_map(number).collect();
    let [first, second] = match numbers.as_slice() {
        [first, second] | [first, second, _] if values.len() == numbers.len() => [*first, *second],
        _ => return Own::Fault(Dropped::Ambiguous),
    };
    if kind == "point" || kind == "feature" || (kind.is_empty() && way.is_geojson) {
        return Own::Pair(second, first);
    }
    in_either_order(first, second)
        .map_or(Own::Fault(Dropped::Ambiguous), |(latitude, longitude)| Own::Pair(latitude, longitude))
}

/// Latitude and longitude of two numbers in an unknown order, where only one order is possible.
pub(super) fn in_either_order(first: f64, second: f64) -> Option<(f64, f64)> {
    match (first.abs() > 90.0, second.abs() > 90.0) {
        (true, false) => Some((second, first)),
        (false, true) => Some((first, second)),
        _ => None,
    }
}
