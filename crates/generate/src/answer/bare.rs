//! Two numbers side by side, with nothing to say what they are: `48.8566, 2.3522`.

use super::Dropped;
use super::angle::Angle;
use super::joined::angles;
use super::spots::{Found, Spot};
use super::words::{CUES, QUANTITIES, last_words};

/// Digits behind the point from which two numbers side by side look like a coordinate by themselves. Shares of a whole,
/// and counts of metres, mostly have fewer.
const PLACES: usize = 3;

/// Pairs of decimal numbers that can only be a coordinate: three decimals or more, or nothing else on the line, or in
/// brackets, or announced by a word such as `coordinates`. A third number must be a height in metres or feet. In a text
/// that declines to answer (`declines`) only the decimals count.
pub(super) fn bare(text: &str, declines: bool) -> Found {
    let all: Vec<Angle> = angles(text).into_iter().filter(|angle| !angle.is_marked).collect();
    let mut found = Found::default();
    let mut start = 0;
    // East comes first there, or nobody knows what does.
    let lower = text.to_lowercase();
    if ["(x, y)", "(x,y)", "x/y", "[x, y]", "easting"].iter().any(|order| lower.contains(order)) {
        return found;
    }
    while start < all.len() {
        let run = all[start..].windows(2).take_while(|pair| is_row(text, &pair[0], &pair[1])).count() + 1;
        row(text, &all[start..start + run], declines, &mut found);
        start += run;
    }
    found
}

/// Whether only a separator stands between two numbers.
fn is_row(text: &str, first: &Angle, second: &Angle) -> bool {
    let between = &text[first.end..second.start];
    let is_sign = |sign: char| {
        matches!(sign, ',' | ';' | '/' | '|' | ' ' | '\n' | '"' | '\'' | '(' | ')' | '~' | '\u{2248}')
    };
    let signs = between.chars().all(is_sign) && !between.is_empty();
    let lines = between.contains('\n') && !between.contains([',', ';']) && !is_all(text, first, second);
    let is_word = matches!(between.trim(), "and" | ", and" | "&" | "x" | "\u{d7}");
    (signs && !lines) || is_word
}

/// Whether there is nothing but these two numbers.
fn is_all(text: &str, first: &Angle, second: &Angle) -> bool {
    !text[..first.start].contains(char::is_alphanumeric)
        && !text[second.end..].contains(char::is_alphanumeric)
}

fn row(text: &str, row: &[Angle], declines: bool, found: &mut Found) {
    let is_decimal = |angle: &&Angle| angle.places > 0;
    let [first, second, rest @ ..] = row else { return };
    if first.is_quantity
        || second.is_quantity
        || !is_decimal(&first)
        || !is_decimal(&second)
        || is_other(text, row)
    {
        return;
    }
    let is_height = matches!(rest, [height] if height.is_length);
    if !rest.is_empty() && !is_height {
        // A height without a unit, a box, a table: nobody knows.
        if rest.iter().all(|angle| !angle.is_quantity) {
            found.fault = found.fault.or(Some(Dropped::Ambiguous));
        }
        return;
    }
    let is_exact = |angle: &Angle| angle.places > PLACES || angle.places == PLACES && !angle.has_comma;
    let is_exact = is_exact(first) && is_exact(second);
    let span = first.start..rest.last().unwrap_or(second).end;
    if !(is_exact || !declines && is_announced(text, &span)) {
        return;
    }
    let fault = first.fault.or(second.fault);
    found.spots.push(Spot { fault, ..Spot::at(first.degrees, second.degrees, span) });
}

/// Whether the words around numbers say that they are something else.
fn is_other(text: &str, row: &[Angle]) -> bool {
    let (Some(first), Some(last)) = (row.first(), row.last()) else { return true };
    let is_quantity = |word: &str| QUANTITIES.contains(&word);
    let before = last_words(&text[..first.start], 4);
    let behind = text[last.end..].trim_start_matches([' ', ')']);
    let behind = behind.split(|sign: char| !sign.is_alphabetic()).take(3).map(str::to_lowercase);
    let mut behind: Vec<String> = behind.collect();
    // `0.75, 0.25 are the scores`, but not `48.5, 2.5 (the accuracy is low)`.
    behind.truncate(
        if behind.first().is_some_and(|word| matches!(word.as_str(), "are" | "is" | "were" | "as")) {
            3
        } else {
            1
        },
    );
    let x = row.windows(2).any(|pair| text[pair[0].end..pair[1].start].contains(['x', '\u{d7}']));
    x || before.iter().any(|word| is_quantity(word)) || behind.iter().any(|word| is_quantity(word))
}

/// Whether a pair stands alone on its line, in brackets, or behind a word that announces it.
fn is_announced(text: &str, span: &std::ops::Range<usize>) -> bool {
    let (before, after) = (&text[..span.start], &text[span.end..]);
    let line_before = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let line_after = &after[..after.find('\n').unwrap_or(after.len())];
    let is_alone =
        !line_before.contains(char::is_alphanumeric) && !line_after.contains(char::is_alphanumeric);
    let is_bracketed = before.trim_end().ends_with(['(', '[']) && after.trim_start().starts_with([')', ']']);
    let words = last_words(before, 6);
    is_alone || is_bracketed || words.iter().any(|word| CUES.contains(&word.as_str()))
}
