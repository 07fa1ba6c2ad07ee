//! From an answer's text to a coordinate.
//!
//! # What it does
//! A model was asked for JSON and writes what it likes. So every way of writing a coordinate is tried, the clearest one
//! first, and what stays unclear is refused with a reason that can be counted, never guessed at.
//!
//! # Main types
//! [`read_place`] and [`read_answer`] are our reading; [`official_coordinate`] is the reference's, failures as 0, 0
//! included; [`Dropped`] is why an answer gave nothing.

mod angle;
mod bare;
mod codes;
mod compass;
mod decimals;
mod dropped;
mod joined;
mod json;
mod labelled;
mod lettered;
mod notation;
mod official;
mod pairing;
mod places;
mod plain;
mod spots;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
mod thoughts;
mod words;

use contract::Geocoded;
use geo::LatLon;

use crate::{Answer, Finish};

use labelled::Named;
use plain::plain;

pub use dropped::Dropped;
pub use official::official_coordinate;
pub(crate) use thoughts::parted;

/// A place that was read from an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadPlace {
    /// Where.
    pub location: LatLon,
    /// Whether the answer itself was empty, and the place stands in the model's thoughts.
    pub from_thoughts: bool,
    /// The place that the answer names, where it has no coordinates: the location is the gazetteer's.
    pub geocoded: Option<Geocoded>,
}

impl ReadPlace {
    /// Coordinates that the answer has.
    pub const fn at(location: LatLon) -> Self {
        Self { location, from_thoughts: false, geocoded: None }
    }
}

/// Finds the coordinate in an answer. [`read_place`] says as well whether it was only thought.
///
/// In this order: JSON objects with `latitude` and `longitude` (or `lat`, `lon`, `lng`), `GeoJSON`, WKT, KML, `geo:`
/// addresses and links to maps; pairs with these names, or those of other languages, in running text and either order;
/// degrees with compass letters, minutes and seconds included; degrees with degree signs; at last two decimal numbers
/// side by side that can only be a coordinate. What the clearest of these says counts: an object with a latitude of 91
/// is refused, whatever else the text holds, and so is one whose latitude is `null`.
///
/// Where one rule finds several places, the one behind words such as `final answer` or `not ... but` counts; without such
/// a word the answer is ambiguous. Thoughts (`<think>` and its relatives) are not part of an answer. Spans, and numbers
/// that the limit of tokens may have cut, are no place.
///
/// An answer without coordinates that names a town and its country, or has fields for them, is geocoded offline. A word
/// that is also a town is a place only with a country or state behind it, or in a field.
///
/// ```
/// use generate::{Answer, Dropped, Finish, read_answer};
///
/// let read = |text: &str| read_answer(&Answer { text: text.to_owned(), finish: Finish::Stop });
/// let sydney = read("Sydney, I think: {\"latitude\": -33.86, \"longitude\": 151.21}")?;
/// assert_eq!(sydney.longitude(), 151.21);
/// assert!(read("33\u{b0}51'36\"S 151\u{b0}12'36\"E")?.latitude() < -33.8);
/// assert_eq!(read("48.8-48.9 N, 2.2-2.3 E"), Err(Dropped::Range));
/// assert_eq!(read("I'm sorry, I can't help with that."), Err(Dropped::Refused));
/// # Ok::<(), Dropped>(())
/// ```
///
/// # Errors
/// [`Dropped`] says why there is none.
pub fn read_answer(answer: &Answer) -> Result<LatLon, Dropped> {
    read_place(answer).map(|place| place.location)
}

/// [`read_answer`], and whether the place was read from thoughts: where the answer itself is empty and its thoughts are
/// whole, a place with names in them counts.
///
/// # Errors
/// [`Dropped`] says why there is none.
pub fn read_place(answer: &Answer) -> Result<ReadPlace, Dropped> {
    let thought = |text: &str| {
        let text = plain(text);
        let found = labelled_place(&text)?.ok_or(Dropped::Thoughts)?;
        Ok(ReadPlace { from_thoughts: true, ..ReadPlace::at(on_earth(found)?) })
    };
    match answer.finish {
        Finish::Refused => return Err(Dropped::Refused),
        Finish::Thoughts => return thought(&answer.text),
        _ => {}
    }
    let is_cut = answer.finish == Finish::Length;
    let parted = parted(&answer.text);
    if parted.is_open {
        return Err(Dropped::Thoughts);
    }
    if parted.said.trim().is_empty() {
        return match parted.thought.trim() {
            "" if !is_cut => Err(Dropped::Empty),
            thoughts if !is_cut => thought(thoughts),
            _ => Err(Dropped::Thoughts),
        };
    }
    let text = plain(&parted.said);
    said(&text, is_cut).map(ReadPlace::at).or_else(|why| named(&text, is_cut, why))
}

/// The place whose name stands in an answer without coordinates.
///
/// # Errors
/// `why` there are none, or what is wrong with the name.
fn named(text: &str, is_cut: bool, why: Dropped) -> Result<ReadPlace, Dropped> {
    let says_little = matches!(why, Dropped::NoCoordinate | Dropped::Refused | Dropped::Code | Dropped::Cut);
    // Digits at the end that may lack others are coordinates all the same.
    if !says_little || is_cut && coordinate(text) != Ok(None) {
        return Err(why);
    }
    match places::named_place(text, is_cut, why == Dropped::Refused) {
        Ok(Some((location, geocoded))) => {
            Ok(ReadPlace { geocoded: Some(geocoded), ..ReadPlace::at(location) })
        }
        Err(fault) if why == Dropped::NoCoordinate => Err(fault),
        _ => Err(why),
    }
}

/// The place in what was said.
fn said(text: &str, is_cut: bool) -> Result<LatLon, Dropped> {
    let found = coordinate(text);
    if is_cut && found != coordinate(without_loose_end(text)) {
        return Err(Dropped::Cut);
    }
    let read = found.and_then(|found| found.ok_or(Dropped::NoCoordinate)).and_then(on_earth);
    read.map_err(|why| match why {
        Dropped::NoCoordinate if is_cut => Dropped::Cut,
        Dropped::NoCoordinate if is_refusal(text) => Dropped::Refused,
        Dropped::NoCoordinate | Dropped::OutOfRange if codes::has_code(text) => Dropped::Code,
        why => why,
    })
}

fn on_earth((latitude, longitude): (f64, f64)) -> Result<LatLon, Dropped> {
    if (latitude, longitude) == (0.0, 0.0) {
        return Err(Dropped::NullIsland);
    }
    LatLon::new(latitude, longitude).map_err(|_| Dropped::OutOfRange)
}

/// Latitude and longitude by the first rule that has something to say.
///
/// # Errors
/// There are numbers, and no place can be told from them.
fn coordinate(text: &str) -> Result<Option<(f64, f64)>, Dropped> {
    // `{...} Final answer: 48.5, 2.5`: the words outrank the notation.
    if let Some(Ok(Some(pair))) = spots::final_part(text).map(by_rules) {
        return Ok(Some(pair));
    }
    by_rules(text)
}

/// [`coordinate`] of a text in which no part outranks another.
fn by_rules(text: &str) -> Result<Option<(f64, f64)>, Dropped> {
    let (notation, rest) = notation::in_notation(text);
    let structured = json::in_json(text).and(notation);
    if let Some(pair) = structured.answer(text)? {
        return Ok(Some(pair));
    }
    let named = labelled::in_words(&rest);
    let is_unclear = matches!(named, Named::Unclear);
    if let Named::Found(found) = named
        && let Some(pair) = found.answer(&rest)?
    {
        return hemispheres_agree(text, pair);
    }
    if let Some(pair) = lettered::lettered(&rest).answer(&rest)? {
        return Ok(Some(pair));
    }
    if is_unclear {
        return Ok(None);
    }
    let pair = match lettered::signed(&rest).answer(&rest)? {
        Some(pair) => Some(pair),
        None => bare::bare(&rest, is_refusal(&rest)).answer(&rest)?,
    };
    pair.map_or(Ok(None), |pair| hemispheres_agree(text, pair))
}

/// The place of names alone, for thoughts.
///
/// # Errors
/// As [`coordinate`].
fn labelled_place(text: &str) -> Result<Option<(f64, f64)>, Dropped> {
    let (notation, rest) = notation::in_notation(text);
    if let Some(pair) = json::in_json(text).and(notation).answer(text)? {
        return Ok(Some(pair));
    }
    match labelled::in_words(&rest) {
        Named::Found(found) => found.answer(&rest),
        Named::Unclear | Named::Absent => Ok(None),
    }
}

/// A place without letters, unless the text speaks of another hemisphere.
fn hemispheres_agree(text: &str, pair: (f64, f64)) -> Result<Option<(f64, f64)>, Dropped> {
    let lower = text.to_lowercase();
    let says = |whole: &str, part: &str| {
        lower.contains(&format!("{whole} hemisphere"))
            || lower.contains(&format!("hemisphere: {part}"))
            || lower.contains(&format!("hemisphere is {part}"))
    };
    let south = says("southern", "s")
        || ["south of the equator", "below the equator"].iter().any(|words| lower.contains(words));
    let north = says("northern", "n");
    let (west, east) = (says("western", "w"), says("eastern", "e"));
    let contradicts = |negative: bool, positive: bool, value: f64| {
        negative && !positive && value > 0.0 || positive && !negative && value < 0.0
    };
    if contradicts(south, north, pair.0) || contradicts(west, east, pair.1) {
        return Err(Dropped::Ambiguous);
    }
    Ok(Some(pair))
}

/// A text that was cut by the limit of tokens, without what might have gone on: the digits at its end, and signs that a
/// compass letter might have followed.
fn without_loose_end(text: &str) -> &str {
    let degree_signs = text.trim_end_matches(['\u{b0}', '\'', '"', ' ']);
    let digits = |sign: char| sign.is_ascii_digit() || matches!(sign, '.' | ',' | '-' | '+');
    let left = degree_signs.trim_end_matches(digits);
    if left.len() < degree_signs.len() { left } else { text }
}

/// Whether a text without a coordinate declines to give one.
fn is_refusal(text: &str) -> bool {
    const WORDS: [&str; 12] = [
        "sorry",
        "can't",
        "cannot",
        "can not",
        "unable",
        "not able",
        "won't",
        "will not",
        "apologi",
        "not possible",
        "impossible",
        "decline",
    ];
    let lower = text.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}
