//! The prompt of a (query, candidate) pair.
//!
//! The words are those that the network was trained on (`GeoRanker`, arXiv 2505.13731), to the letter: a score means
//! something only after them.

use nets::qwen2_vl::chat_template::PromptPart;
use photo::DecodeOptions;
use serde::{Deserialize, Serialize};

pub use formats::pairs::PlaceText;

/// Whose rules for texts and pixels hold where the official code and a careful reading differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Photos upright, transparency on white, an empty place is not printed.
    #[default]
    Default,
    /// As the official code: EXIF orientation ignored, transparency dropped, an empty place leaves its comma and space.
    Official,
}

impl Protocol {
    /// How pixels are read.
    pub fn decoding(self) -> DecodeOptions {
        match self {
            Self::Default => DecodeOptions::default(),
            Self::Official => DecodeOptions::official(),
        }
    }
}

/// The text of a pair and where its photos stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairPrompt {
    /// What is asked, right after the query's photo.
    pub question: String,
    /// Whether the candidate's photo follows.
    pub candidate_photo: bool,
    /// The negatives, if the prompt has that part.
    pub negatives: Option<String>,
}

impl PairPrompt {
    /// `negatives`: `None` leaves the part out, an empty list keeps its heading.
    pub fn new(
        protocol: Protocol,
        candidate: &PlaceText,
        candidate_photo: bool,
        negatives: Option<&[PlaceText]>,
    ) -> Self {
        Self {
            question: question(protocol, candidate),
            candidate_photo,
            negatives: negatives.map(|negatives| negatives_text(protocol, negatives)),
        }
    }

    /// The parts of the user's turn.
    pub fn parts(&self) -> Vec<PromptPart<'_>> {
        parts(&self.question, self.candidate_photo, self.negatives.as_deref())
    }
}

/// The parts of the user's turn: query photo, question, candidate photo if there is one, negatives if given.
pub fn parts<'a>(
    question: &'a str,
    candidate_photo: bool,
    negatives: Option<&'a str>,
) -> Vec<PromptPart<'a>> {
    let mut parts = vec![PromptPart::Image, PromptPart::Text(question)];
    parts.extend(candidate_photo.then_some(PromptPart::Image));
    parts.extend(negatives.map(PromptPart::Text));
    parts
}

/// What is asked about a candidate.
///
/// ```
/// use geo::LatLon;
/// use rank::vlm::prompt::{PlaceText, Protocol, question};
/// let rome = PlaceText { location: LatLon::new(41.9, 12.5)?, text: Some("Rome Italy".into()) };
/// assert_eq!(
///     question(Protocol::Default, &rome),
///     "How far is this place from latitude: 41.9, longitude: 12.5, Rome Italy?"
/// );
/// # Ok::<(), geo::CoordinateError>(())
/// ```
pub fn question(protocol: Protocol, candidate: &PlaceText) -> String {
    format!("How far is this place from {}?", position(protocol, candidate))
}

/// The part that lists places known to be wrong. Empty lists keep the heading and its space.
pub fn negatives_text(protocol: Protocol, negatives: &[PlaceText]) -> String {
    let positions: Vec<String> = negatives.iter().map(|negative| position(protocol, negative)).collect();
    format!("Negative examples: {}", positions.join("; "))
}

fn position(protocol: Protocol, place: &PlaceText) -> String {
    let [latitude, longitude] = [place.location.latitude(), place.location.longitude()].map(python_float);
    let numbers = format!("latitude: {latitude}, longitude: {longitude}");
    match place.text.as_deref() {
        None => numbers,
        Some("") if protocol == Protocol::Default => numbers,
        Some(place) => format!("{numbers}, {place}"),
    }
}

/// The number as Python prints a float: the shortest digits that read back as the same number, always with a point
/// or an exponent; exponents below 1e-4 and from 1e16 on.
///
/// ```
/// use rank::vlm::prompt::python_float;
/// assert_eq!(python_float(100.0), "100.0");
/// assert_eq!(python_float(1e-5), "1e-05");
/// ```
pub fn python_float(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    let size = value.abs();
    // Shortest digits are never rounded across a power of ten, so the bounds may be compared with the number.
    if value.is_infinite() || value == 0.0 || (1e-4..1e16).contains(&size) {
        // Within these bounds the debug form has digits and a point, no exponent.
        return format!("{value:?}");
    }
    let scientific = format!("{value:e}");
    match scientific.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => scientific,
    }
}

/// The place of a row at evaluation: the fields that are not empty, joined by a space.
pub fn evaluation_place(fields: &[&str]) -> String {
    let filled: Vec<&str> = fields.iter().copied().filter(|field| !field.is_empty()).collect();
    filled.join(" ")
}

/// The place of a row in training: all fields joined by a space, so that empty ones leave two spaces in a row.
pub fn training_place(fields: &[&str]) -> String {
    fields.join(" ")
}
