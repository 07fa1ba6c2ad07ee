//! The places that a text names, and which of them is the answer.

use std::ops::Range;

use super::Dropped;
use super::words::last_words;

/// A place that a text names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spot {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
    /// Why it cannot be taken as it stands.
    pub(super) fault: Option<Dropped>,
    /// Whether the text calls it second best.
    pub(super) is_spare: bool,
    /// Whether the text calls it the answer.
    pub(super) is_favoured: bool,
    /// Where it stands in the text.
    pub(super) span: Range<usize>,
}

/// What one rule finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    pub(super) spots: Vec<Spot>,
    /// Why nothing that was found can be read, where no place is found.
    pub(super) fault: Option<Dropped>,
}

/// Two places no farther apart than this, in degrees, are one place in two notations.
const SAME: f64 = 0.02;

/// Words behind which the answer stands, if several places are named.
const MARKS: [&str; 46] = [
    "final",
    "answer",
    "conclusion",
    "i conclude",
    "on reflection",
    "on second thought",
    "actually",
    "correction",
    "corrected",
    "revised",
    "or rather",
    "therefore",
    "thus",
    "hence",
    "best guess",
    "best estimate",
    "my guess",
    "my estimate",
    "i'd go with",
    "i would go with",
    "i'll go with",
    "i will go with",
    "i'd say",
    "settle on",
    "i believe",
    "i choose",
    "in the end",
    "most likely",
    "boxed",
    "so:",
    "antwort",
    "endg\u{fc}ltig",
    "r\u{e9}ponse",
    "respuesta",
    "resposta",
    "risposta",
    "antwoord",
    "odpowied\u{17a}",
    "\u{43e}\u{442}\u{432}\u{435}\u{442}",
    "\u{7b54}\u{6848}",
    "\u{6700}\u{7ec8}",
    "\u{6700}\u{7d42}",
    "\u{56de}\u{7b54}",
    "\u{b2f5}",
    "\u{7d50}\u{8ad6}",
    "cevap",
];
/// Words behind which nothing but the answer stands, in whatever notation.
const FINAL_MARKS: [&str; 15] = [
    "final answer",
    "final coordinates",
    "final estimate",
    "final guess",
    "final location",
    "final result",
    "answer:",
    "answer is",
    "correction:",
    "endg\u{fc}ltige antwort",
    "r\u{e9}ponse finale",
    "respuesta final",
    "risposta finale",
    "\u{6700}\u{7ec8}\u{7b54}\u{6848}",
    "\u{6700}\u{7d42}\u{7684}\u{306a}\u{7b54}\u{3048}",
];
/// Words before a place that is second best.
const SPARE: [&str; 7] =
    ["alternative", "alternatively", "alternate", "runner", "backup", "fallback", "unlikely"];
/// Words before a place that is denied.
const NOT: [&str; 14] = [
    "not",
    "isn't",
    "wasn't",
    "instead",
    "than",
    "unlike",
    "excluding",
    "nicht",
    "statt",
    "pas",
    "wrong",
    "incorrect",
    "rejected",
    "example",
];
/// Words that may stand between a denial and a place, and nothing else may.
const AFTER_NOT: [&str; 17] = [
    "at",
    "in",
    "near",
    "is",
    "the",
    "be",
    "of",
    "coordinate",
    "coordinates",
    "location",
    "to",
    "by",
    "around",
    "bei",
    "format",
    "output",
    "response",
];

/// What stands behind the last words that announce the final answer.
pub(super) fn final_part(text: &str) -> Option<&str> {
    let lower = super::plain::lower(text);
    let ends = FINAL_MARKS.iter().filter_map(|mark| lower.rfind(mark).map(|at| at + mark.len()));
    text.get(ends.max()?..)
}

impl Spot {
    pub(super) const fn at(latitude: f64, longitude: f64, span: Range<usize>) -> Self {
        Self { latitude, longitude, fault: None, is_spare: false, is_favoured: false, span }
    }

    fn is_near(&self, other: &Self) -> bool {
        let east = (self.longitude - other.longitude).abs();
        (self.latitude - other.latitude).abs() <= SAME && (east <= SAME || (east - 360.0).abs() <= SAME)
    }
}

impl Found {
    /// What both found.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.spots.extend(other.spots);
        Self { spots: self.spots, fault: self.fault.or(other.fault) }
    }

    /// The place that is meant, if this rule has something to say.
    ///
    /// # Errors
    /// Why there is none, though there are numbers.
    pub(super) fn answer(self, text: &str) -> Result<Option<(f64, f64)>, Dropped> {
        let (whole, faulty): (Vec<Spot>, Vec<Spot>) =
            self.spots.into_iter().partition(|spot| spot.fault.is_none());
        if whole.is_empty() {
            let fault = faulty.iter().find_map(|spot| spot.fault).or(self.fault);
            return fault.map_or(Ok(None), Err);
        }
        choose(whole, text).map(|spot| Some((spot.latitude, spot.longitude)))
    }
}

/// Of several places, the one that is meant.
fn choose(mut spots: Vec<Spot>, text: &str) -> Result<Spot, Dropped> {
    spots.sort_by_key(|spot| spot.span.start);
    let before = |index: usize, spots: &[Spot]| {
        let from = index.checked_sub(1).map_or(0, |before| spots[before].span.end);
        let to = spots[index].span.start;
        text.get(from.min(to)..to).unwrap_or_default().to_owned()
    };
    let contexts: Vec<String> = (0..spots.len()).map(|index| before(index, &spots)).collect();
    let kept = |is_out: &dyn Fn(&Spot, &str) -> bool, spots: Vec<(Spot, String)>| {
        let left: Vec<_> = spots.iter().filter(|(spot, context)| !is_out(spot, context)).cloned().collect();
        if left.is_empty() { spots } else { left }
    };
    let denied = |_: &Spot, context: &str| is_denied(context, 4);
    let spare = |spot: &Spot, context: &str| spot.is_spare || is_spare(context);
    let named: Vec<_> = spots.into_iter().zip(contexts).collect();
    if named.iter().all(|(_, context)| is_denied(context, 0)) {
        return Err(Dropped::Ambiguous);
    }
    let live: Vec<Spot> = kept(&spare, kept(&denied, named)).into_iter().map(|(spot, _)| spot).collect();
    if let Some(spot) = agreed(&live) {
        return Ok(spot);
    }
    let favoured: Vec<Spot> = live.iter().filter(|spot| spot.is_favoured).cloned().collect();
    if let Some(spot) = agreed(&favoured) {
        return Ok(spot);
    }
    let lower = super::plain::lower(text);
    let marks = MARKS.iter().flat_map(|mark| lower.match_indices(mark).map(|(at, _)| at));
    let behind = |at: usize| live.iter().filter(move |spot| spot.span.start >= at);
    let last = marks.filter(|at| behind(*at).next().is_some()).max();
    let answer: Vec<Spot> = last.into_iter().flat_map(|at| behind(at).cloned()).collect();
    agreed(&answer).ok_or(Dropped::Ambiguous)
}

/// The last of several places that are one place.
fn agreed(spots: &[Spot]) -> Option<Spot> {
    let last = spots.last()?;
    spots.iter().all(|spot| spot.is_near(last)).then(|| last.clone())
}

/// Whether a place is denied: `not at 48.5, 2.5`. Where others are named as well, a few words may stand between, such as
/// the name of a town.
fn is_denied(context: &str, most_words: usize) -> bool {
    let words = last_words(context, 6);
    let turns = |word: &String| {
        matches!(word.as_str(), "but" | "sondern" | "mais" | "sino" | "sure" | "certain" | "far")
    };
    let words: Vec<String> = words.into_iter().take_while(|word| !turns(word)).collect();
    words.iter().enumerate().any(|(index, word)| {
        let is_direct = words[..index].iter().all(|word| AFTER_NOT.contains(&word.as_str()));
        NOT.contains(&word.as_str()) && (is_direct || index < most_words)
    })
}

fn is_spare(context: &str) -> bool {
    let words = last_words(context, 8);
    let pair = |first: &str, second: &str| words.windows(2).any(|two| two[1] == first && two[0] == second);
    words.iter().any(|word| SPARE.contains(&word.as_str()))
        || pair("less", "likely")
        || pair("second", "choice")
        || pair("second", "guess")
        || pair("second", "best")
}
