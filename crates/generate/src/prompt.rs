//! What a model is asked: the zero-shot prompt of `GeoRanker`'s evaluation and G3's retrieval-augmented one.
//!
//! The sentences are the published protocol and are kept to the word, so that answers compare with published ones.
//! [`Wording::Official`] is the protocol to the letter, with the indentation of its source and coordinates in the
//! doubled brackets and quotes of its lists; [`Wording::Default`] has the same sentences, one a line.

use std::fmt::Write as _;

use geo::LatLon;

use crate::Hint;

/// How many similar and how many dissimilar photos G3's prompt names, each.
pub const REFERENCES: usize = 15;

const ZERO_SHOT: [&str; 5] = [
    "Suppose you are an expert in geo-localization, you have the ability to give two number GPS coordination given an image.",
    "Please give me the location of the given image.",
    "Remember, you must have an answer, just output your best guess, don't answer me that you can't give a location.",
    FORMAT,
    FORMAT,
];

const FORMAT: &str = "Your answer should be in the following JSON format without any other information: {\"latitude\": float,\"longitude\": float}.";

const RETRIEVAL_HEAD: [&str; 2] = [
    "Suppose you are an expert in geo-localization, Please analyze this image and give me a guess of the location.",
    "Your answer must be to the coordinates level in (latitude, longitude) format.",
];

const RETRIEVAL_TAIL: [&str; 3] = [
    "Remember, you must have an answer, just output your best guess, don't answer me that you can't give an location.",
    FORMAT,
    FORMAT,
];

/// What stands before each line but the first in the official source.
const OFFICIAL_INDENT: &str = "                ";

/// How the sentences are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wording {
    /// One sentence a line, coordinates in plain lists.
    #[default]
    Default,
    /// As the official code sends it, byte for byte.
    Official,
}

/// Coordinates that go with a prompt: of similar photos, and of photos that are as unlike as can be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct References {
    /// Of similar photos, most similar first.
    pub similar: Vec<LatLon>,
    /// Of dissimilar photos (the anti-candidates), least similar first.
    pub dissimilar: Vec<LatLon>,
}

/// The zero-shot prompt, with a hint behind the question if there is one.
///
/// ```
/// let text = generate::zero_shot_prompt(generate::Wording::Default, None);
/// assert_eq!(text.lines().count(), 5);
/// ```
pub fn zero_shot_prompt(wording: Wording, hint: Option<&Hint>) -> String {
    let hint = hint.map(Hint::sentence);
    let (question, rest) = ZERO_SHOT.split_at(2);
    let lines: Vec<&str> =
        question.iter().copied().chain(hint.as_deref()).chain(rest.iter().copied()).collect();
    join(&lines, wording)
}

/// G3's prompt with the coordinates of candidates and anti-candidates, and a hint behind them if there is one.
pub fn retrieval_prompt(wording: Wording, references: &References, hint: Option<&Hint>) -> String {
    let list = |places: &[LatLon]| match wording {
        Wording::Default => default_list(places),
        Wording::Official => official_list(places),
    };
    let sentence = format!(
        "For your reference, these are coordinates of some similar images: {}, and these are coordinates of some dissimilar images: {}.",
        list(&references.similar),
        list(&references.dissimilar)
    );
    let hint = hint.map(Hint::sentence);
    let lines: Vec<&str> = RETRIEVAL_HEAD
        .into_iter()
        .chain([sentence.as_str()])
        .chain(hint.as_deref())
        .chain(RETRIEVAL_TAIL)
        .collect();
    let mut text = join(&lines, wording);
    if wording == Wording::Official {
        text.push('\n');
        text.push_str(OFFICIAL_INDENT);
    }
    text
}

fn join(lines: &[&str], wording: Wording) -> String {
    match wording {
        Wording::Default => lines.join("\n"),
        Wording::Official => lines.join(&format!("\n{OFFICIAL_INDENT}")),
    }
}

/// `[(48.8566, 2.3522), (-33.8688, 151.2093)]`, four decimals: 11 m, and no more tokens than that is worth.
fn default_list(places: &[LatLon]) -> String {
    let pairs: Vec<String> =
        places.iter().map(|place| format!("({:.4}, {:.4})", place.latitude(), place.longitude())).collect();
    format!("[{}]", pairs.join(", "))
}

/// `['[48.8566, 2.3522]', '[-33.8688, 151.2093]']`, numbers as Python prints floats.
fn official_list(places: &[LatLon]) -> String {
    let mut text = String::from("[");
    for (index, place) in places.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}'[{}, {}]'", python(place.latitude()), python(place.longitude()));
    }
    text.push(']');
    text
}

/// A coordinate as Python prints it: shortest digits that read back, exponents below 1e-4.
fn python(value: f64) -> String {
    let text = format!("{value:?}");
    match text.split_once("e-") {
        Some((digits, exponent)) => format!("{digits}e-{exponent:0>2}"),
        None if value != 0.0 && value.abs() < 1e-4 => {
            let text = format!("{value:e}");
            let (digits, exponent) = text.split_once("e-").unwrap_or((&text, "0"));
            format!("{digits}e-{exponent:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> LatLon {
        LatLon::new(latitude, longitude).unwrap()
    }

    #[test]
    fn the_official_prompts_have_the_layout_of_their_source() {
        let text = zero_shot_prompt(Wording::Official, None);
        assert!(text.starts_with("Suppose you are an expert in geo-localization, you have the ability"));
        assert!(text.contains("given an image.\n                Please give me the location"));
        assert!(text.ends_with("{\"latitude\": float,\"longitude\": float}."));
        let references = References {
            similar: vec![at(46.5, 11.0), at(-1.0, 0.00005)],
            dissimilar: vec![at(10.0, -20.25)],
        };
        let text = retrieval_prompt(Wording::Official, &references, None);
        assert!(text.contains(
            "similar images: ['[46.5, 11.0]', '[-1.0, 5e-05]'], and these are coordinates of some dissimilar images: ['[10.0, -20.25]'].\n"
        ));
        assert!(text.ends_with("float}.\n                "));
    }

    #[test]
    fn the_default_prompts_hold_the_same_sentences() {
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            squeeze(&zero_shot_prompt(Wording::Default, None)),
            squeeze(&zero_shot_prompt(Wording::Official, None))
        );
        let references = References { similar: vec![at(46.512_345, 11.0)], dissimilar: vec![] };
        let text = retrieval_prompt(Wording::Default, &references, None);
        assert!(text.contains("similar images: [(46.5123, 11.0000)], and") && text.contains("images: [].\n"));
    }

    #[test]
    fn a_hint_is_one_more_line_before_the_format() {
        let hint = Hint::new("a trip to Chile in 2019").unwrap();
        let references = References::default();
        for (with, without, line) in [
            (zero_shot_prompt(Wording::Default, Some(&hint)), zero_shot_prompt(Wording::Default, None), 2),
            (
                retrieval_prompt(Wording::Default, &references, Some(&hint)),
                retrieval_prompt(Wording::Default, &references, None),
                3,
            ),
        ] {
            let mut lines: Vec<&str> = with.lines().collect();
            assert!(lines.remove(line).ends_with("<hint>a trip to Chile in 2019</hint>"), "{with}");
            assert_eq!(lines, without.lines().collect::<Vec<_>>());
        }
    }
}
