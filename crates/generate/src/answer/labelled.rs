//! Coordinates with names in running text: `latitude: 48.85, longitude: 2.35` and its relatives.

use super::Dropped;
use super::angle::Angle;
use super::compass::compass;
use super::joined::angles;
use super::pairing::{Axis, Part, pairs};
use super::plain::lower;
use super::spots::{Found, Spot};
use super::words::{FILLERS, is_word, last_words};

/// Names of the two numbers, in lower case, the longer of two that begin alike first.
pub(super) const NAMES: [(&str, Axis); 66] = [
    ("latitudine", Axis::Latitude),
    ("latitude", Axis::Latitude),
    ("latitud", Axis::Latitude),
    ("lat", Axis::Latitude),
    ("longitudine", Axis::Longitude),
    ("longitude", Axis::Longitude),
    ("longitud", Axis::Longitude),
    ("long", Axis::Longitude),
    ("lon", Axis::Longitude),
    ("lng", Axis::Longitude),
    ("breitengrad", Axis::Latitude),
    ("breite", Axis::Latitude),
    ("l\u{e4}ngengrad", Axis::Longitude),
    ("laengengrad", Axis::Longitude),
    ("l\u{e4}nge", Axis::Longitude),
    ("laenge", Axis::Longitude),
    ("breedtegraad", Axis::Latitude),
    ("breedte", Axis::Latitude),
    ("lengtegraad", Axis::Longitude),
    ("lengte", Axis::Longitude),
    ("breddegrad", Axis::Latitude),
    ("breddgrad", Axis::Latitude),
    ("latitut", Axis::Latitude),
    ("l\u{e6}ngdegrad", Axis::Longitude),
    ("lengdegrad", Axis::Longitude),
    ("l\u{e4}ngdgrad", Axis::Longitude),
    ("leveysaste", Axis::Latitude),
    ("leveyspiiri", Axis::Latitude),
    ("pituusaste", Axis::Longitude),
    ("pituuspiiri", Axis::Longitude),
    ("szeroko\u{15b}\u{107}", Axis::Latitude),
    ("d\u{142}ugo\u{15b}\u{107}", Axis::Longitude),
    ("\u{161}\u{ed}\u{159}ka", Axis::Latitude),
    ("d\u{e9}lka", Axis::Longitude),
    ("sz\u{e9}less\u{e9}g", Axis::Latitude),
    ("hossz\u{fa}s\u{e1}g", Axis::Longitude),
    ("enlem", Axis::Latitude),
    ("boylam", Axis::Longitude),
    ("\u{448}\u{438}\u{440}\u{43e}\u{442}\u{430}", Axis::Latitude),
    ("\u{434}\u{43e}\u{43b}\u{433}\u{43e}\u{442}\u{430}", Axis::Longitude),
    ("\u{434}\u{43e}\u{432}\u{433}\u{43e}\u{442}\u{430}", Axis::Longitude),
    (
        "\u{3b3}\u{3b5}\u{3c9}\u{3b3}\u{3c1}\u{3b1}\u{3c6}\u{3b9}\u{3ba}\u{3cc} \u{3c0}\u{3bb}\u{3ac}\u{3c4}\u{3bf}\u{3c2}",
        Axis::Latitude,
    ),
    ("\u{3c0}\u{3bb}\u{3ac}\u{3c4}\u{3bf}\u{3c2}", Axis::Latitude),
    (
        "\u{3b3}\u{3b5}\u{3c9}\u{3b3}\u{3c1}\u{3b1}\u{3c6}\u{3b9}\u{3ba}\u{3cc} \u{3bc}\u{3ae}\u{3ba}\u{3bf}\u{3c2}",
        Axis::Longitude,
    ),
    ("\u{3bc}\u{3ae}\u{3ba}\u{3bf}\u{3c2}", Axis::Longitude),
    ("\u{62e}\u{637} \u{627}\u{644}\u{639}\u{631}\u{636}", Axis::Latitude),
    ("\u{62e}\u{637} \u{627}\u{644}\u{637}\u{648}\u{644}", Axis::Longitude),
    ("\u{5e7}\u{5d5} \u{5e8}\u{5d5}\u{5d7}\u{5d1}", Axis::Latitude),
    ("\u{5e7}\u{5d5} \u{5d0}\u{5d5}\u{5e8}\u{5da}", Axis::Longitude),
    ("\u{905}\u{915}\u{94d}\u{937}\u{93e}\u{902}\u{936}", Axis::Latitude),
    ("\u{926}\u{947}\u{936}\u{93e}\u{902}\u{924}\u{930}", Axis::Longitude),
    ("\u{e25}\u{e30}\u{e15}\u{e34}\u{e08}\u{e39}\u{e14}", Axis::Latitude),
    ("\u{e25}\u{e2d}\u{e07}\u{e08}\u{e34}\u{e08}\u{e39}\u{e14}", Axis::Longitude),
    ("v\u{129} \u{111}\u{1ed9}", Axis::Latitude),
    ("kinh \u{111}\u{1ed9}", Axis::Longitude),
    ("garis lintang", Axis::Latitude),
    ("lintang", Axis::Latitude),
    ("garis bujur", Axis::Longitude),
    ("bujur", Axis::Longitude),
    ("\u{7eac}\u{5ea6}", Axis::Latitude),
    ("\u{7def}\u{5ea6}", Axis::Latitude),
    ("\u{7ecf}\u{5ea6}", Axis::Longitude),
    ("\u{7d93}\u{5ea6}", Axis::Longitude),
    ("\u{7d4c}\u{5ea6}", Axis::Longitude),
    ("\u{c704}\u{b3c4}", Axis::Latitude),
    ("\u{acbd}\u{b3c4}", Axis::Longitude),
];
/// Between a name and its number there are quotes, colons, spaces, and hardly a word.
const NAME_TO_NUMBER: usize = 32;
/// Between two numbers that follow two names, and between two names of one heading.
const NUMBER_TO_NUMBER: usize = 8;
/// What models write in place of a number.
const NOTHING: [&str; 5] = ["null", "none", "nan", "unknown", "n/a"];

/// What names say.
pub(super) enum Named {
    /// There are pairs, or numbers that are spans.
    Found(Found),
    /// There are names, but which number is which stays open, or there is no number to one: nothing in the text may be
    /// taken for a coordinate by its place alone.
    Unclear,
    /// No names, or none that stand for a number.
    Absent,
}

/// A name in a text.
struct Name {
    axis: Axis,
    start: usize,
    end: usize,
    /// `long`, which is an ordinary word as well.
    is_weak: bool,
    /// Whether a compass word at the name turns the sign: `South latitude`, `Longitude (W)`.
    turned: Option<bool>,
}

/// `latitude: 48.85, longitude: 2.35` in either order: single quotes, no quotes, equal signs, degree signs,
/// `lat/lon: 48.85, 2.35`, `48.85 (lat), 2.35 (lon)`, `48.85, 2.35 (lat, lon)`, and the same in other languages.
pub(super) fn in_words(text: &str) -> Named {
    let lower = lower(text);
    let names = names(&lower);
    let (mut parts, spots) = numbers_after(&lower, text, &names);
    if parts.is_empty() && spots.is_empty() {
        let heading = numbers_before_heading(&lower, text, &names);
        if let Some(spot) = heading {
            return Named::Found(Found { spots: vec![spot], fault: None });
        }
        parts = numbers_before(text, &names);
    }
    let mut found = Found { spots: pairs(&parts, |_, _| true), fault: None };
    found.spots.extend(spots);
    if !found.spots.is_empty() {
        return Named::Found(found);
    }
    let strong = |axis| names.iter().find(|name| name.axis == axis && !name.is_weak);
    // Numbers whose names stand apart from them: the order of the names is the best hint there is, and it says that
    // the first number is not a latitude.
    let reversed = strong(Axis::Longitude).is_some_and(|longitude| {
        strong(Axis::Latitude).is_none_or(|latitude| longitude.start < latitude.start)
    });
    let open = parts.iter().any(|part| !names.iter().any(|name| name.is_weak && name.start == part.start));
    let nothing = names.iter().any(|name| says_nothing(&lower[name.end..]));
    if open || reversed || nothing { Named::Unclear } else { Named::Absent }
}

/// The first number of the text, if it starts within so many bytes and no word that means anything is before it. A
/// letter of the other axis makes it none, and so does a number before it that cannot be read.
pub(super) fn number_near(text: &str, axis: Axis, within: usize) -> Option<Angle> {
    let first = angles(text).into_iter().next()?;
    let before = &text[..first.start];
    let mut words =
        before.split(|character: char| !character.is_alphabetic()).filter(|word| !word.is_empty());
    let is_filler = |word: &str| {
        let lower = word.to_lowercase();
        FILLERS.contains(&lower.as_str()) || compass(&lower, false).is_some_and(|(of, _)| of == axis)
    };
    let no_digits = !before.contains(|character: char| character.is_ascii_digit());
    let fits = first.axis.is_none_or(|found| found == axis);
    (first.start <= within && words.all(is_filler) && no_digits && fits && !first.is_quantity)
        .then_some(first)
}

/// All names that stand as words of their own.
fn names(lower: &str) -> Vec<Name> {
    let mut found: Vec<Name> = Vec::new();
    let mut at = 0;
    while let Some(next) = lower[at..].chars().next() {
        let rest = &lower[at..];
        let joins = lower[..at].chars().next_back().is_some_and(is_word);
        let whole = |(name, _): &&(&str, Axis)| {
            rest.starts_with(name) && !(rest[name.len()..].starts_with(is_word) && name.ends_with(is_word))
        };
        let named = NAMES.iter().find(whole).filter(|_| !joins || !is_word(next));
        let Some((name, axis)) = named else {
            at += next.len_utf8();
            continue;
        };
        let (start, end) = (at, at + name.len());
        let before = last_words(&lower[found.last().map_or(0, |last| last.end)..start], 1);
        let ahead = lower[..start].trim_end_matches(' ').ends_with(is_word).then(|| before.first()).flatten();
        let after = lower[end..].trim_start_matches([' ', '(', '[']);
        let letter: String = after.chars().take_while(|letter| letter.is_alphabetic()).collect();
        let closes = after[letter.len()..].starts_with([')', ']', ':', ' ', '=']);
        let direction =
            |word: &str| compass(word, false).filter(|(of, _)| of == axis).map(|(_, turned)| turned);
        let ahead = ahead.filter(|word| word.len() > 1 && direction(word).is_some());
        let turned = ahead.and_then(|word| direction(word)).or_else(|| direction(&letter).filter(|_| closes));
        // The word is no letter of a number before it.
        let start = ahead.map_or(start, |word| lower[..start].rfind(word.as_str()).unwrap_or(start));
        found.push(Name { axis: *axis, start, end, is_weak: *name == "long", turned });
        at = end;
    }
    found
}

/// A number with what its name says about the sign.
fn part(name: &Name, axis: Axis, angle: &Angle, span: std::ops::Range<usize>) -> Part {
    let turned = name.turned.filter(|_| axis == name.axis && angle.axis.is_none());
    let contradicts = turned == Some(false) && angle.degrees < 0.0;
    Part {
        axis,
        degrees: if turned == Some(true) { -angle.degrees.abs() } else { angle.degrees },
        fault: angle.fault.or(contradicts.then_some(Dropped::Ambiguous)),
        start: span.start,
        end: span.end,
    }
}

/// Numbers behind their names, and pairs behind a heading of two names.
fn numbers_after(lower: &str, text: &str, names: &[Name]) -> (Vec<Part>, Vec<Spot>) {
    let (mut parts, mut spots) = (Vec::new(), Vec::new());
    for (index, name) in names.iter().enumerate() {
        let next = names.get(index + 1);
        let between = &text[name.end..next.map_or(text.len(), |next| next.start)];
        let before = index.checked_sub(1).and_then(|before| names.get(before));
        let heading =
            before.filter(|before| before.axis != name.axis && is_joint(&lower[before.end..name.start]));
        if let Some(both) = heading.and_then(|first| two_numbers(text, first, name)) {
            spots.extend(pairs(&both, |_, _| true));
        } else if let Some(angle) = number_near(between, name.axis, NAME_TO_NUMBER) {
            let gap = &between[..angle.start];
            // In `48.85 latitude, 2.35 longitude` the number behind the name is not its own.
            if !gap.contains(',') || gap.contains([':', '=']) {
                let mut part = part(name, name.axis, &angle, name.start..name.end + angle.end);
                // `Latitude: 48.8, 48.9; Longitude: 2.3, 2.4`.
                if next.is_some_and(|next| next.axis != name.axis) && is_one_of_two(between) {
                    part.fault = part.fault.or(Some(Dropped::Ambiguous));
                }
                parts.push(part);
            }
        }
    }
    (parts, spots)
}

/// Whether a second number stands beside the first.
fn is_one_of_two(text: &str) -> bool {
    let found = angles(text);
    let [first, second, ..] = found.as_slice() else { return false };
    let signs = text[first.end..second.start].chars().all(|sign| matches!(sign, ',' | ';' | '/' | ' '));
    signs && !second.is_quantity
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
    let signs = |text: &str| {
        text.chars()
            .all(|sign| matches!(sign, ' ' | ',' | '/' | '|' | ';' | '&' | '*' | '-' | '_' | '"' | '\''))
    };
    let word = |word| between.split_once(word).is_some_and(|(left, right)| signs(left) && signs(right));
    between.len() <= NUMBER_TO_NUMBER
        && (signs(between) || ["and", "und", "et", "y", "e", "\u{438}", "\u{548c}"].into_iter().any(word))
}

/// The two numbers behind a heading of two names, in its order unless their letters say otherwise.
fn two_numbers(text: &str, first: &Name, second: &Name) -> Option<[Part; 2]> {
    let rest = &text[second.end..];
    let start = number_near(rest, first.axis, NAME_TO_NUMBER)
        .or_else(|| number_near(rest, second.axis, NAME_TO_NUMBER))?;
    let found = angles(rest);
    let end = *found.get(1).filter(|end| !end.is_quantity || end.is_length)?;
    let between = &rest[start.end..end.start];
    let apart = between.len() <= NUMBER_TO_NUMBER && !between.contains(char::is_alphabetic);
    let axes = (start.axis.unwrap_or(first.axis), end.axis.unwrap_or(second.axis));
    (apart && axes.0 != axes.1 && !end.is_quantity && !goes_on(rest, &found)).then(|| {
        let middle = second.end + start.end;
        [
            part(if axes.0 == first.axis { first } else { second }, axes.0, &start, first.start..middle),
            part(
                if axes.1 == second.axis { second } else { first },
                axes.1,
                &end,
                second.end + end.start..second.end + end.end,
            ),
        ]
    })
}

/// Whether a third number follows two in a row that nothing accounts for: a column before or behind them, a box.
fn goes_on(text: &str, found: &[Angle]) -> bool {
    let [first, second, third, rest @ ..] = found else { return false };
    let is_row = |before: &Angle, after: &Angle| {
        text[before.end..after.start].chars().all(|sign| matches!(sign, ' ' | ',' | ';' | '|'))
            && !after.is_quantity
    };
    let heading = text[..first.start].to_lowercase();
    let has_height = ["alt", "elev", "height"].iter().any(|word| heading.contains(word));
    is_row(second, third) && (!has_height || rest.first().is_some_and(|fourth| is_row(third, fourth)))
}

/// Two numbers before a heading: `48.85, 2.35 (lat, lon)`.
fn numbers_before_heading(lower: &str, text: &str, names: &[Name]) -> Option<Spot> {
    let [first, second] = names else { return None };
    if first.axis == second.axis || !is_joint(&lower[first.end..second.start]) {
        return None;
    }
    let before = &text[..first.start];
    let found = angles(before);
    let [rest @ .., start, end] = found.as_slice() else { return None };
    let is_gap = |gap: &str| gap.len() <= NUMBER_TO_NUMBER && !gap.contains(char::is_alphabetic);
    let is_row = rest.last().is_some_and(|last| !before[last.end..start.start].contains(char::is_alphabetic));
    let bare = |angle: &Angle| angle.axis.is_none() && !angle.is_quantity;
    let touches = before[end.end..]
        .chars()
        .all(|sign| matches!(sign, ' ' | '(' | '[' | ')' | ']' | '-' | ',' | '\u{2014}'));
    let fits = touches && is_gap(&before[start.end..end.start]) && !is_row && bare(start) && bare(end);
    let both = [
        part(first, first.axis, start, start.start..start.end),
        part(second, second.axis, end, end.start..end.end),
    ];
    fits.then(|| pairs(&both, |_, _| true).pop()).flatten()
}

/// Numbers before their names: `48.85 (lat), 2.35 (lon)`.
fn numbers_before(text: &str, names: &[Name]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut from = 0;
    for name in names {
        let before = &text[from..name.start];
        let last = angles(before).pop().filter(|angle| angle.axis.is_none_or(|axis| axis == name.axis));
        let touching = |sign: char| matches!(sign, ' ' | '(' | '[' | '°' | '"' | '\'');
        if let Some(angle) =
            last.filter(|angle| !angle.is_quantity && before[angle.end..].chars().all(touching))
        {
            parts.push(part(name, name.axis, &angle, from + angle.start..name.end));
        }
        from = name.end;
    }
    parts
}
