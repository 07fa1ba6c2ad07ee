//! Places in fields: JSON objects with `city` and `country`, and lines such as `City: Lisbon`.

use std::ops::Range;

use geo::{FoundPlace, Gazetteer, LastName, PlaceError};
use serde_json::{Map, Value};

use super::super::json::{FAVOURED, SPARE, each_value, words};
use super::super::spots::Spot;
use super::{Names, prose};

/// Last words of keys, by what their values are.
const CITY: [&str; 9] =
    ["city", "town", "village", "municipality", "locality", "settlement", "ciudad", "ville", "stadt"];
const STATE: [&str; 7] = ["state", "province", "region", "county", "prefecture", "department", "division"];
const COUNTRY: [&str; 5] = ["country", "nation", "pais", "pays", "land"];
/// Of values that hold several names, joined by commas.
const WHOLE: [&str; 5] = ["location", "place", "address", "answer", "guess"];
/// Words in a key whose value is about something else.
const BESIDE: [&str; 9] = [
    "confidence",
    "probability",
    "score",
    "reason",
    "reasoning",
    "description",
    "population",
    "type",
    "explanation",
];
/// Values that say nothing.
const NOTHING: [&str; 10] =
    ["unknown", "n/a", "na", "none", "null", "unsure", "uncertain", "-", "not sure", "undetermined"];
/// Longer values are sentences.
const LONGEST: usize = 80;

/// Names of one place, by kind.
#[derive(Clone, Debug, Default, PartialEq)]
struct Named {
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    whole: Option<String>,
    /// Whether two fields of a kind contradict each other.
    is_doubled: bool,
}

/// The places in the fields of a text.
pub(super) fn in_fields(text: &str) -> Names {
    let mut names = Names::default();
    each_value(text, |value, span| gather(value, (false, false), span, text, &mut names));
    if names.says_nothing() {
        in_lines(text, &mut names);
    }
    names
}

fn gather(
    value: &Value,
    (is_spare, is_favoured): (bool, bool),
    span: Range<usize>,
    text: &str,
    names: &mut Names,
) {
    match value {
        Value::Object(fields) => {
            let named = Named::of(fields);
            if !named.is_empty() {
                let mark = Spot { is_spare, is_favoured, ..Spot::at(0.0, 0.0, span.clone()) };
                named.resolve(text).into_iter().for_each(|place| names.add(place, mark.clone()));
            }
            for (key, value) in fields {
                let words = words(key);
                let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
                let is_spare = is_spare || has(&SPARE);
                let is_favoured = !is_spare && (is_favoured || has(&FAVOURED));
                gather(value, (is_spare, is_favoured), span.clone(), text, names);
            }
        }
        Value::Array(values) => {
            for value in values {
                gather(value, (is_spare, is_favoured), span.clone(), text, names);
            }
        }
        _ => {}
    }
}

/// `City: Lisbon` and `**Country:** Portugal`, each on a line of its own; all lines are about one place.
fn in_lines(text: &str, names: &mut Names) {
    let mut named = Named::default();
    let mut span: Option<Range<usize>> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let clean: String =
            line.chars().filter(|sign| !matches!(sign, '*' | '_' | '`' | '"' | '#')).collect();
        let Some((key, value)) = clean.split_once(':') else { continue };
        let key = key.trim().trim_start_matches(['-', '\u{2022}', ' ']);
        if key.split_whitespace().count() > 4 {
            continue;
        }
        let before = named.clone();
        named.take(key, value);
        if named != before {
            span = Some(span.map_or(start, |known| known.start)..start + line.trim_end().len());
        }
    }
    if let (Some(span), false) = (span, named.is_empty()) {
        let mark = Spot::at(0.0, 0.0, span);
        named.resolve(text).into_iter().for_each(|place| names.add(place, mark.clone()));
    }
}

impl Named {
    fn of(fields: &Map<String, Value>) -> Self {
        let mut named = Self::default();
        for (key, value) in fields {
            let value = match value {
                Value::Object(inner) => inner.get("name").and_then(Value::as_str),
                value => value.as_str(),
            };
            if let Some(value) = value {
                named.take(key, value);
            }
        }
        named
    }

    /// Notes the value of a field, if its key names a kind of place.
    fn take(&mut self, key: &str, value: &str) {
        let words = words(key);
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        if words.iter().any(|word| BESIDE.contains(word)) {
            return;
        }
        while words.len() > 1 && matches!(words.last(), Some(&("name" | "code"))) {
            words.pop();
        }
        let Some(kind) = words.last() else { return };
        let slot = if CITY.contains(kind) {
            &mut self.city
        } else if STATE.contains(kind) {
            &mut self.state
        } else if COUNTRY.contains(kind) {
            &mut self.country
        } else if WHOLE.contains(kind) {
            &mut self.whole
        } else {
            return;
        };
        let Some(value) = tidy(value) else { return };
        match slot {
            Some(known) if known.eq_ignore_ascii_case(&value) => {}
            // `country` and `country_code`: the longer one says more.
            Some(known) if known.len().min(value.len()) <= 3 => {
                if value.len() > known.len() {
                    *known = value;
                }
            }
            Some(_) => self.is_doubled = true,
            None => *slot = Some(value),
        }
    }

    const fn is_empty(&self) -> bool {
        self.city.is_none() && self.state.is_none() && self.country.is_none() && self.whole.is_none()
    }

    /// The place, and `None` where the fields say nothing about one.
    fn resolve(&self, text: &str) -> Option<Result<FoundPlace, PlaceError>> {
        if self.is_doubled {
            return Some(Err(PlaceError::Ambiguous));
        }
        let gazetteer = Gazetteer::embedded();
        let mut names: Vec<&str> = Vec::new();
        let split = [&self.city, &self.state, &self.country].map(|value| value.as_deref().map(parts));
        for part in split.into_iter().flatten().flatten() {
            if names.last().is_none_or(|last| !last.eq_ignore_ascii_case(part)) {
                names.push(part);
            }
        }
        if names.is_empty() {
            // A whole address is a place only with its country or state.
            let parts: Vec<&str> = self.whole.as_deref().map(parts)?.collect();
            let is_country = gazetteer.area_kind(parts.last()?)?;
            if parts.len() < 2 {
                return is_country.then(|| gazetteer.find(&parts, LastName::Either));
            }
            // Otherwise it is more than names: a sentence.
            let found = gazetteer.find(&parts, LastName::Either);
            return found.as_ref().map_or(true, |place| place.named == 0).then_some(found);
        }
        let upper = self.country.as_deref().filter(|code| code.len() <= 3).map(str::to_ascii_uppercase);
        if let (Some(upper), Some(last)) = (&upper, names.last_mut()) {
            *last = upper;
        }
        if self.country.is_some() {
            return Some(gazetteer.find(&names, LastName::Country));
        }
        if names.last().is_some_and(|last| gazetteer.area_kind(last).is_some())
            && (names.len() > 1 || self.city.is_none())
        {
            return Some(gazetteer.find(&names, LastName::Either));
        }
        // The country may be named beside the fields.
        let around = prose::countries(text);
        if let [country] = around.as_slice() {
            return Some(
                gazetteer.find(&[names.as_slice(), &[country]].concat(), LastName::Country).and_then(
                    // Otherwise only the country is known, which was not asked about the town.
                    |place| if place.named < names.len() { Ok(place) } else { Err(PlaceError::Unknown) },
                ),
            );
        }
        let town = self.city.as_deref().and_then(|city| parts(city).next())?;
        Some(gazetteer.find_town(town))
    }
}

fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// A value without what people add to a name; `None` if it is not a name.
fn tidy(value: &str) -> Option<String> {
    let mut depth = 0_usize;
    let outside = value.chars().filter(|sign| match sign {
        '(' | '[' => {
            depth += 1;
            false
        }
        ')' | ']' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0,
    });
    let name: String = outside.collect();
    let name = name.trim().trim_end_matches(['.', ',', ';', '"']).trim();
    let is_name = !name.is_empty() && name.len() <= LONGEST && !name.contains('\n');
    (is_name && !NOTHING.contains(&name.to_lowercase().as_str())).then(|| name.to_owned())
}
