//! Coordinates with names: JSON objects, and the almost-JSON that models write.

use serde_json::{Map, Value};

use super::degrees::{angles, number_near};
use super::pairing::{Axis, Part, last_pair};

/// Names of the two numbers, in lower case, the longer of two that begin alike first.
const NAMES: [(&str, Axis); 6] = [
    ("latitude", Axis::Latitude),
    ("lat", Axis::Latitude),
    ("longitude", Axis::Longitude),
    ("long", Axis::Longitude),
    ("lon", Axis::Longitude),
    ("lng", Axis::Longitude),
];
/// Between a name and its number there are quotes, colons, spaces, and hardly a word.
const NAME_TO_NUMBER: usize = 24;
/// Between two numbers that follow two names.
const NUMBER_TO_NUMBER: usize = 8;
/// What models write in place of a number.
const NOTHING: [&str; 5] = ["null", "none", "nan", "unknown", "n/a"];

/// What names say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Named {
    /// Both numbers.
    Pair(f64, f64),
    /// There are names, but which number is which stays open, or there is no number to one: nothing in the text may be
    /// taken for a coordinate by its place alone.
    Unclear,
    /// No names, or none that stand for a number.
    Absent,
}

/// The last JSON object in the text that has both numbers, wherever it stands and however deep. An object with both
/// names that has no number for one of them says that there is none.
pub(super) fn in_json(text: &str) -> Named {
    let mut found = Named::Absent;
    let mut at = 0;
    while let Some(start) = text[at..].find('{').map(|offset| at + offset) {
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                found = found.then(in_value(&value));
                at = start + values.byte_offset().max(1);
            }
            _ => at = start + 1,
        }
    }
    found
}

impl Named {
    /// This, and what comes after it: a pair counts more than none, and the later pair more than the earlier.
    fn then(self, next: Self) -> Self {
        match (self, next) {
            (known, Self::Absent) | (known @ Self::Pair(..), Self::Unclear) => known,
            _ => next,
        }
    }
}

fn in_value(value: &Value) -> Named {
    match value {
        Value::Object(fields) => {
            let pair = field(fields, Axis::Latitude).zip(field(fields, Axis::Longitude));
            let own = pair.map_or(Named::Absent, |(latitude, longitude)| {
                match number_of(latitude, Axis::Latitude).zip(number_of(longitude, Axis::Longitude)) {
                    Some((latitude, longitude)) => Named::Pair(latitude, longitude),
                    None => Named::Unclear,
                }
            });
            match own {
                Named::Pair(..) => own,
                _ => fields.values().map(in_value).fold(own, Named::then),
            }
        }
        Value::Array(values) => values.iter().map(in_value).fold(Named::Absent, Named::then),
        _ => Named::Absent,
    }
}

fn field(fields: &Map<String, Value>, axis: Axis) -> Option<&Value> {
    let names = NAMES.iter().filter(|(_, of)| *of == axis);
    let named = |name: &str| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    names.map(|(name, _)| *name).find_map(named).map(|(_, value)| value)
}

fn number_of(value: &Value, axis: Axis) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => number_near(text, axis, text.len()).map(|angle| angle.degrees),
        _ => None,
    }
}

/// `latitude: 48.85, longitude: 2.35` and its relatives, in either order: single quotes, no quotes, equal signs, degree
/// signs, `lat/lon: 48.85, 2.35`, `48.85 (lat), 2.35 (lon)`. The last pair counts.
pub(super) fn in_words(text: &str) -> Named {
    let lower = text.to_ascii_lowercase();
    let names = names(&lower);
    let parts = numbers_after(&lower, text, &names);
    let parts = if parts.is_empty() { numbers_before(text, &names) } else { parts };
    if let Some((latitude, longitude)) = last_pair(&parts) {
        return Named::Pair(latitude, longitude);
    }
    let strong = |axis| names.iter().find(|name| name.axis == axis && !name.weak);
    // Numbers whose names stand apart from them: the order of the names is the best hint there is, and it says that
    // the first number is not a latitude.
    let reversed = strong(Axis::Longitude)
        .zip(strong(Axis::Latitude))
        .is_some_and(|(longitude, latitude)| longitude.start < latitude.start);
    let open = parts.iter().any(|part| !names.iter().any(|name| name.weak && name.start == part.start));
    let nothing = names.iter().any(|name| says_nothing(&lower[name.end..]));
    if open || reversed || nothing { Named::Unclear } else { Named::Absent }
}

/// A name in a text.
struct Name {
    axis: Axis,
    start: usize,
    end: usize,
    /// `long`, which is an ordinary word as well.
    weak: bool,
}

/// All names that stand as words of their own.
fn names(lower: &str) -> Vec<Name> {
    let letter = |at: usize| lower.as_bytes().get(at).is_some_and(u8::is_ascii_alphanumeric);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = lower[at..].find('l').map(|offset| at + offset) {
        at = start + 1;
        let whole =
            |(name, _): &&(&str, Axis)| lower[start..].starts_with(name) && !letter(start + name.len());
        let before = start > 0 && letter(start - 1);
        if let Some((name, axis)) = NAMES.iter().find(whole).filter(|_| !before) {
            at = start + name.len();
            found.push(Name { axis: *axis, start, end: at, weak: *name == "long" });
        }
    }
    found
}

/// Numbers behind their names.
fn numbers_after(lower: &str, text: &str, names: &[Name]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let next = names.get(index + 1);
        let between = &text[name.end..next.map_or(text.len(), |next| next.start)];
        let before = index.checked_sub(1).and_then(|before| names.get(before));
        let heading =
            before.filter(|before| before.axis != name.axis && is_joint(&lower[before.end..name.start]));
        if let Some(both) = heading.and_then(|first| two_numbers(text, first, name)) {
            parts.extend(both);
        } else if let Some(angle) = number_near(between, name.axis, NAME_TO_NUMBER) {
            let gap = &between[..angle.start];
            // In `48.85 latitude, 2.35 longitude` the number behind the name is not its own.
            if !gap.contains(',') || gap.contains([':', '=']) {
                let (start, end) = (name.start, name.end + angle.end);
                parts.push(Part { axis: name.axis, degrees: angle.degrees, start, end });
            }
        }
    }
    parts
}

/// Whether a text begins, quotes and colons aside, with a word for no number.
fn says_nothing(lower: &str) -> bool {
    let rest = lower.trim_start_matches(['"', '\'', '`', '*', ':', '=', ' ']);
    let begins =
        |word: &str| rest.strip_prefix(word).is_some_and(|after| !after.starts_with(char::is_alphanumeric));
    rest.len() < lower.len() && NOTHING.iter().any(|word| begins(word))
}

/// Whether two names belong to one heading: `lat/lon`, `(latitude, longitude)`, `latitude and longitude`.
fn is_joint(between: &str) -> bool {
    let signs =
        |text: &str| text.chars().all(|sign| matches!(sign, ' ' | ',' | '/' | '|' | ';' | '&' | '*' | '-'));
    between.len() <= NUMBER_TO_NUMBER
        && (signs(between)
            || between.split_once("and").is_some_and(|(left, right)| signs(left) && signs(right)))
}

/// The two numbers behind a heading of two names, in its order unless their letters say otherwise.
fn two_numbers(text: &str, first: &Name, second: &Name) -> Option<[Part; 2]> {
    let rest = &text[second.end..];
    let start = number_near(rest, first.axis, NAME_TO_NUMBER)
        .or_else(|| number_near(rest, second.axis, NAME_TO_NUMBER))?;
    let end = *angles(rest).get(1)?;
    let between = &rest[start.end..end.start];
    let apart = between.len() <= NUMBER_TO_NUMBER && !between.contains(char::is_alphabetic);
    let axes = (start.axis.unwrap_or(first.axis), end.axis.unwrap_or(second.axis));
    (apart && axes.0 != axes.1).then(|| {
        let middle = second.end + start.end;
        [
            Part { axis: axes.0, degrees: start.degrees, start: first.start, end: middle },
            Part {
                axis: axes.1,
                degrees: end.degrees,
                start: second.end + end.start,
                end: second.end + end.end,
            },
        ]
    })
}

/// Numbers before their names: `48.85 (lat), 2.35 (lon)`.
fn numbers_before(text: &str, names: &[Name]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut from = 0;
    for name in names {
        let before = &text[from..name.start];
        let last = angles(before).pop().filter(|angle| angle.axis.is_none_or(|axis| axis == name.axis));
        let touching = |sign: char| matches!(sign, ' ' | '(' | '[' | '°' | '"' | '\'');
        if let Some(angle) = last.filter(|angle| before[angle.end..].chars().all(touching)) {
            parts.push(Part {
                axis: name.axis,
                degrees: angle.degrees,
                start: from + angle.start,
                end: name.end,
            });
        }
        from = name.end;
    }
    parts
}
