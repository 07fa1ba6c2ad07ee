//! Degrees as people write them: `48°51'29.6"N 2°17'40"E`, `33.8688 S, 151.2093 E`, `N 48.85 E 2.35`.

use super::decimals::ascii_digit;
use super::pairing::{Axis, Part, last_pair};

/// A number of degrees, and the letter beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Angle {
    pub(super) degrees: f64,
    pub(super) axis: Option<Axis>,
    /// Whether there is anything besides a bare number: a degree sign or a letter.
    marked: bool,
    /// Whether the letter is a small one alone, as in `33.87s`: that may mean seconds as well.
    small: bool,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Words that may stand between a name and its number.
const FILLERS: [&str; 9] =
    ["is", "of", "at", "about", "around", "approximately", "approx", "roughly", "near"];

/// Brings the many signs of the world to a few: minus signs, degree signs, primes, digits.
pub(super) fn plain(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\u{2212}' | '\u{2013}' | '\u{fe63}' | '\u{ff0d}' => '-',
            '\u{ba}' | '\u{2da}' | '\u{2218}' => '\u{b0}',
            '\u{2032}' | '\u{2019}' | '\u{2018}' | '\u{b4}' | '\u{2bc}' => '\'',
            '\u{2033}' | '\u{201d}' | '\u{201c}' => '"',
            '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
            other => ascii_digit(other).unwrap_or(other),
        })
        .collect()
}

/// The last pair of angles where one says north or south and the other east or west. Small letters pair only with small
/// letters, and only where there are no others.
pub(super) fn lettered_pair(text: &str) -> Option<(f64, f64)> {
    let parts = |small: bool| -> Vec<Part> {
        let angles = angles(text).into_iter().filter(|angle| angle.small == small);
        angles
            .filter_map(|Angle { degrees, axis, start, end, .. }| {
                Some(Part { axis: axis?, degrees, start, end })
            })
            .collect()
    };
    last_pair(&parts(false)).or_else(|| last_pair(&parts(true)))
}

/// The last pair of angles with degree signs, and signs instead of letters: `-33.87°, 151.21°`. Where one of the two
/// has a letter, that says which it is.
pub(super) fn degree_pair(text: &str) -> Option<(f64, f64)> {
    let angles: Vec<Angle> = angles(text).into_iter().filter(|angle| angle.marked && !angle.small).collect();
    let [.., first, second] = angles.as_slice() else { return None };
    match (first.axis, second.axis) {
        (Some(one), Some(other)) if one == other => None,
        (Some(Axis::Longitude), _) | (_, Some(Axis::Latitude)) => Some((second.degrees, first.degrees)),
        _ => Some((first.degrees, second.degrees)),
    }
}

/// The first angle of the text, if it starts within so many bytes and no word that means anything is before it. A
/// letter of the other axis makes it none, and so does a number before it that cannot be read.
pub(super) fn number_near(text: &str, axis: Axis, within: usize) -> Option<Angle> {
    let first = angles(text).into_iter().next()?;
    let before = &text[..first.start];
    let mut words =
        before.split(|character: char| !character.is_alphabetic()).filter(|word| !word.is_empty());
    let no_words = words.all(|word| FILLERS.iter().any(|filler| filler.eq_ignore_ascii_case(word)));
    let no_digits = !before.contains(|character: char| character.is_ascii_digit());
    let fits = first.axis.is_none_or(|found| found == axis);
    (first.start <= within && no_words && no_digits && fits).then_some(first)
}

/// All angles of a text, bare numbers included.
pub(super) fn angles(text: &str) -> Vec<Angle> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let begins = !text[..at].ends_with(|before: char| before.is_ascii_digit());
        let knot = if begins { knot(&text[at..]) } else { 0 };
        if knot > 0 {
            at += knot;
            continue;
        }
        match (Scanner { text, at }).angle() {
            Some(angle) => {
                at = angle.end;
                found.push(angle);
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// Length of the ambiguous digits at the start of a text, whose commas may separate numbers or decimals: `48,85,2,35` is
/// two numbers or four, `48,2.35` one or two. 0 if the digits are not ambiguous.
fn knot(text: &str) -> usize {
    let run = text.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.')).count();
    let run = text[..run].trim_end_matches([',', '.']);
    let mut pieces = run.split([',', '.']);
    let whole = pieces.next().unwrap_or_default();
    let more = pieces.next().is_some_and(|piece| !piece.is_empty())
        && pieces.next().is_some_and(|piece| !piece.is_empty());
    let comma = run.as_bytes().get(whole.len()) == Some(&b',');
    if !whole.is_empty() && comma && more { run.len() } else { 0 }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    /// An angle that starts here: `[NSEW] number [° [minutes ' [seconds "]]] [NSEW]`, the last letter in brackets or not.
    fn angle(mut self) -> Option<Angle> {
        let start = self.at;
        if self.before().is_some_and(|before| before.is_alphanumeric() || before == '.') {
            return None;
        }
        let leading = self.letter(false);
        if leading.is_some() {
            self.spaces();
        }
        let negative = self.text[self.at..].starts_with('-');
        let mut degrees = self.number()?;
        let after_number = self.at;
        self.spaces();
        let sign = self.sign(&["\u{b0}", "degrees", "degree", "deg"]);
        if sign {
            degrees += self.parts().copysign(if negative { -1.0 } else { 1.0 });
        } else {
            self.at = after_number;
        }
        let mut end = self.at;
        let mut small = false;
        let letter = leading.or_else(|| {
            let (letter, is_small) = self.trailing_letter()?;
            (end, small) = (self.at, is_small);
            Some(letter)
        });
        // `33.87 S` is south; `-33.87 S` is south as well, not north.
        if let Some((_, turned)) = letter {
            degrees = if turned { -degrees.abs() } else { degrees };
        }
        let marked = sign || letter.is_some();
        Some(Angle { degrees, axis: letter.map(|(axis, _)| axis), marked, small, start, end })
    }

    /// The compass letter or word behind an angle, and whether it is a small letter alone, which must touch the angle.
    fn trailing_letter(&mut self) -> Option<((Axis, bool), bool)> {
        let touching = self.text[self.at..].starts_with(|next: char| next.is_ascii_lowercase());
        let length = self.text[self.at..].chars().take_while(|next| next.is_alphanumeric()).count();
        if touching && length == 1 {
            return self.letter(true).map(|letter| (letter, true));
        }
        self.spaces();
        let bracket = self.text[self.at..].starts_with('(');
        if bracket {
            self.at += 1;
            self.spaces();
        }
        let letter = self.letter(false)?;
        if bracket {
            self.spaces();
            if !self.text[self.at..].starts_with(')') {
                return None;
            }
            self.at += 1;
        }
        Some((letter, false))
    }

    /// Minutes and seconds, in degrees.
    fn parts(&mut self) -> f64 {
        let mut total = 0.0;
        for (marks, parts) in [(["'", "minutes", "min"], 60.0), (["\"", "seconds", "sec"], 3600.0)] {
            let back = self.at;
            self.spaces();
            let number = if self.text[self.at..].starts_with(['-', '+']) { None } else { self.number() };
            self.spaces();
            // Two single marks are seconds as well.
            let marked = number.is_some() && (self.sign(&["''"]) || self.sign(&marks));
            match number {
                Some(value) if marked && value < 60.0 => total += value / parts,
                _ => {
                    self.at = back;
                    break;
                }
            }
        }
        total
    }

    fn before(&self) -> Option<char> {
        self.text[..self.at].chars().next_back()
    }

    fn spaces(&mut self) {
        while self.text[self.at..].starts_with(' ') {
            self.at += 1;
        }
    }

    fn sign(&mut self, signs: &[&str]) -> bool {
        let rest = &self.text[self.at..];
        let starts = |sign: &&&str| {
            rest.get(..sign.len()).is_some_and(|start| start.eq_ignore_ascii_case(sign))
                && !(sign.starts_with(|first: char| first.is_alphabetic())
                    && rest[sign.len()..].starts_with(|next: char| next.is_alphabetic()))
        };
        let found = signs.iter().find(starts).map_or(0, |sign| sign.len());
        self.at += found;
        found > 0
    }

    /// A compass letter or word, and whether it turns the sign. A small letter alone is a word of some language more
    /// often than a direction: it counts only if `small` says so.
    fn letter(&mut self, small: bool) -> Option<(Axis, bool)> {
        let rest = &self.text[self.at..];
        let word: String = rest.chars().take_while(char::is_ascii_alphabetic).take(6).collect();
        if word.len() == 1 && word.starts_with(|letter: char| letter.is_ascii_lowercase()) && !small {
            return None;
        }
        let known = match word.to_ascii_lowercase().as_str() {
            "n" | "north" => (Axis::Latitude, false),
            "s" | "south" => (Axis::Latitude, true),
            "e" | "east" => (Axis::Longitude, false),
            "w" | "west" => (Axis::Longitude, true),
            _ => return None,
        };
        self.at += word.len();
        Some(known)
    }

    /// `[-+]?digits[.digits]`, or with a decimal comma where that is what the comma must be.
    fn number(&mut self) -> Option<f64> {
        let rest = &self.text[self.at..];
        let signed = usize::from(rest.starts_with(['-', '+']));
        if knot(&rest[signed..]) > 0 {
            return None;
        }
        let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(signed);
        if whole == 0 {
            return None;
        }
        let mut end = signed + whole;
        if rest[end..].starts_with(['.', ',']) && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        let value: f64 = rest[..end].trim_start_matches('+').replace(',', ".").parse().ok()?;
        self.at += end;
        Some(value)
    }
}
