//! From an answer's text to a coordinate.
//!
//! # What it does
//! A model was asked for JSON and writes what it likes. So every way of writing a coordinate is tried, the clearest one
//! first, and what stays unclear is refused with a reason that can be counted, never guessed at.
//!
//! # Main types
//! [`read_answer`] is our reading; [`official_coordinate`] is the reference's, failures as 0, 0 included; [`Dropped`]
//! is why an answer gave nothing.

mod decimals;
mod degrees;
mod labelled;
mod official;
mod pairing;
#[cfg(test)]
mod tests;

use geo::LatLon;

use crate::{Answer, Finish};

use labelled::Named;

pub use official::official_coordinate;

/// Why an answer gives no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// The model would not say, in words or through a filter.
    Refused,
    /// No coordinate in the text.
    NoCoordinate,
    /// A coordinate that is not on Earth.
    OutOfRange,
    /// Exactly 0, 0: what models write when they do not know.
    NullIsland,
    /// No coordinate in a text that was cut by the limit of tokens.
    Cut,
}

impl Dropped {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Refused, Self::NoCoordinate, Self::OutOfRange, Self::NullIsland, Self::Cut];

    /// The name in JSON outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::NoCoordinate => "no_coordinate",
            Self::OutOfRange => "out_of_range",
            Self::NullIsland => "null_island",
            Self::Cut => "cut",
        }
    }

    /// Words for a person, after a number: `3 refused`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::NoCoordinate => "without a coordinate",
            Self::OutOfRange => "out of range",
            Self::NullIsland => "at exactly 0, 0",
            Self::Cut => "cut off (raise `max_tokens`)",
        }
    }
}

/// Finds the coordinate in an answer.
///
/// In this order: the last JSON object with `latitude` and `longitude` (or `lat`, `lon`, `lng`) anywhere in the text; the
/// last pair with these names in any other writing and either order; degrees with compass letters, minutes and seconds
/// included; degrees with degree signs; at last the reference's rule, the last two decimal numbers. What the clearest
/// of these says counts: an object with a latitude of 91 is refused, whatever else the text holds, and so is one whose
/// latitude is `null`. Where names leave open which number is which, only compass letters help. The last rule is not for texts
/// that decline to answer, unless their two numbers look like a coordinate, and a number that the limit of tokens may
/// have cut is none.
///
/// ```
/// use generate::{Answer, Dropped, Finish, read_answer};
///
/// let read = |text: &str| read_answer(&Answer { text: text.to_owned(), finish: Finish::Stop });
/// let sydney = read("Sydney, I think: {\"latitude\": -33.86, \"longitude\": 151.21}")?;
/// assert_eq!(sydney.longitude(), 151.21);
/// assert!(read("33\u{b0}51'36\"S 151\u{b0}12'36\"E")?.latitude() < -33.8);
/// assert_eq!(read("I'm sorry, I can't help with that."), Err(Dropped::Refused));
/// # Ok::<(), Dropped>(())
/// ```
///
/// # Errors
/// [`Dropped`] says why there is none.
pub fn read_answer(answer: &Answer) -> Result<LatLon, Dropped> {
    if answer.finish == Finish::Refused {
        return Err(Dropped::Refused);
    }
    let text = degrees::plain(&answer.text);
    let found = coordinate(&text);
    if answer.finish == Finish::Length && found != coordinate(without_loose_end(&text)) {
        return Err(Dropped::Cut);
    }
    match found {
        Some((0.0, 0.0)) => Err(Dropped::NullIsland),
        Some((latitude, longitude)) => LatLon::new(latitude, longitude).map_err(|_| Dropped::OutOfRange),
        None if answer.finish == Finish::Length => Err(Dropped::Cut),
        None if is_refusal(&text) => Err(Dropped::Refused),
        None => Err(Dropped::NoCoordinate),
    }
}

/// Latitude and longitude by the first rule that has something to say.
fn coordinate(text: &str) -> Option<(f64, f64)> {
    match labelled::in_json(text) {
        Named::Pair(latitude, longitude) => return Some((latitude, longitude)),
        Named::Unclear => return None,
        Named::Absent => {}
    }
    let named = labelled::in_words(text);
    if let Named::Pair(latitude, longitude) = named {
        return Some((latitude, longitude));
    }
    let lettered = degrees::lettered_pair(text);
    if lettered.is_some() || named == Named::Unclear {
        return lettered;
    }
    degrees::degree_pair(text)
        .or_else(|| if is_refusal(text) { decimals::plain_pair(text) } else { decimals::last_two(text) })
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
