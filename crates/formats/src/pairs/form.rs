//! A line of a pairs file as serde reads it, and from there to a row, with errors that name the field.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use geo::{CoordinateError, LatLon};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::error::PairsProblem;
use super::{PairCandidate, PairsRow, PlaceText};
use crate::complaint::{Complaint, without_place};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    query: String,
    negatives: Option<Vec<Object<Negative>>>,
    candidates: Vec<Object<Candidate>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Candidate {
    lat: f64,
    lon: f64,
    place: Option<String>,
    photo: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Negative {
    lat: f64,
    lon: f64,
    place: Option<String>,
}

/// The id alone, whatever else is wrong with the row.
#[derive(serde::Deserialize)]
struct OnlyId {
    id: String,
}

/// An object: derived readers take a list for one, field by field.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfMap<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(OfMap(PhantomData))
    }
}

/// Why a line is not a row.
pub(super) enum Wrong {
    /// It is not JSON.
    Syntax {
        /// In bytes, from 1.
        column: usize,
        /// In the parser's words.
        reason: String,
    },
    /// A field, such as `candidates[3].lat`; the empty name is the row itself.
    Field(String, PairsProblem),
}

/// The row. It may have no candidates: that is for the caller to judge.
pub(super) fn read(text: &str, folder: &Path) -> Result<PairsRow, Wrong> {
    let mut json = serde_json::Deserializer::from_str(text);
    let Object(row) = serde_path_to_error::deserialize::<_, Object<Row>>(&mut json).map_err(|error| {
        let path = error.path().to_string();
        wrong(if path == "." { String::new() } else { path }, error.inner())
    })?;
    json.end().map_err(|error| wrong(String::new(), &error))?;
    if row.id.trim().is_empty() {
        return Err(Wrong::Field("id".into(), PairsProblem::Empty));
    }
    let negatives = row.negatives.map(|negatives| {
        let place = |(index, Object(Negative { lat, lon, place }))| {
            Ok(PlaceText { location: location(lat, lon, &format!("negatives[{index}]"))?, text: place })
        };
        negatives.into_iter().enumerate().map(place).collect()
    });
    let candidate = |(index, Object(Candidate { lat, lon, place, photo }))| {
        let at = format!("candidates[{index}]");
        let photo = photo.map(|photo| path(&photo, folder, || format!("{at}.photo"))).transpose()?;
        Ok(PairCandidate { place: PlaceText { location: location(lat, lon, &at)?, text: place }, photo })
    };
    Ok(PairsRow {
        query: path(&row.query, folder, || "query".into())?,
        negatives: negatives.transpose()?,
        candidates: row.candidates.into_iter().enumerate().map(candidate).collect::<Result<_, _>>()?,
        id: row.id,
    })
}

/// The row's id, if it has a usable one.
pub(super) fn id_of(text: &str) -> Option<String> {
    let Object(OnlyId { id }) = serde_json::from_str(text).ok()?;
    (!id.trim().is_empty()).then_some(id)
}

fn wrong(field: String, error: &serde_json::Error) -> Wrong {
    let reason = error.to_string();
    if !error.is_data() {
        // The parser's own line is that of the text it was given: always 1.
        return Wrong::Syntax { column: error.column(), reason: without_place(&reason).to_owned() };
    }
    // Serde finds at the end of an object what it lacks, and knows its name only.
    let inside = |name: &str| if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
    match Complaint::parse(&reason) {
        Complaint::UnknownField { known, .. } => Wrong::Field(field, PairsProblem::Unknown { known }),
        Complaint::Missing(name) => Wrong::Field(inside(&name), PairsProblem::Missing),
        Complaint::Twice(name) => Wrong::Field(inside(&name), PairsProblem::Twice),
        Complaint::Unexpected { found, expected } => {
            let expected = match field.rsplit('.').next() {
                Some("id") => "text".into(),
                Some("query") => "a path".into(),
                Some("photo") => "a path or null".into(),
                Some("place") => "text or null".into(),
                _ => expected,
            };
            Wrong::Field(field, PairsProblem::NotA { expected, found })
        }
        Complaint::UnknownWord { found, .. } | Complaint::Other(found) => {
            Wrong::Field(field, PairsProblem::NotA { expected: "what is read here".into(), found })
        }
    }
}

fn location(latitude: f64, longitude: f64, at: &str) -> Result<LatLon, Wrong> {
    LatLon::new(latitude, longitude).map_err(|error| match error {
        CoordinateError::Latitude(value) => Wrong::Field(format!("{at}.lat"), PairsProblem::Latitude(value)),
        CoordinateError::Longitude(value) => {
            Wrong::Field(format!("{at}.lon"), PairsProblem::Longitude(value))
        }
    })
}

fn path(path: &str, folder: &Path, field: impl Fn() -> String) -> Result<PathBuf, Wrong> {
    if path.trim().is_empty() {
        Err(Wrong::Field(field(), PairsProblem::Empty))
    } else {
        Ok(folder.join(path))
    }
}

/// The same JSON with something else in place of the numbers that JSON does not have (`NaN`, `Infinity`, `-Infinity`:
/// Python writes them), so that the rest can be read; `None` if there are none.
pub(super) fn with_non_numbers_as(json: &str, replacement: impl Fn(&str) -> String) -> Option<String> {
    let mut replaced = String::with_capacity(json.len() + 16);
    let (mut rest, mut in_text, mut found) = (json, false, false);
    while let Some(first) = rest.chars().next() {
        let word = ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| rest.starts_with(word));
        let length = match (in_text, first, word) {
            (false, _, Some(word)) => {
                replaced.push_str(&replacement(word));
                found = true;
                rest = &rest[word.len()..];
                continue;
            }
            // A backslash takes the next character with it.
            (true, '\\', _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => first.len_utf8(),
        };
        in_text ^= first == '"';
        replaced.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    found.then_some(replaced)
}
