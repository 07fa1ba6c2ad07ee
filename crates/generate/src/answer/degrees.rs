//! Degrees as people write them: `48°51'29.6"N 2°17'40"E`, `33.8688 S, 151.2093 E`, `N 48.85 E 2.35`.

use super::decimals::ascii_digit;

/// Which of the two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Latitude,
    Longitude,
}

/// A number of degrees, and the letter beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Angle {
    degrees: f64,
    axis: Option<Axis>,
    /// Whether there is anything besides a bare number: a degree sign or a letter.
    marked: bool,
    start: usize,
    end: usize,
}

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

/// The last pair of angles where one says north or south and the other east or west.
pub(super) fn lettered_pair(text: &str) -> Option<(f64, f64)> {
    let angles: Vec<Angle> = angles(text).into_iter().filter(|angle| angle.axis.is_some()).collect();
    let pair = |pair: &[Angle]| match (pair[0].axis?, pair[1].axis?) {
        (Axis::Latitude, Axis::Longitude) => Some((pair[0].degrees, pair[1].degrees)),
        (Axis::Longitude, Axis::Latitude) => Some((pair[1].degrees, pair[0].degrees)),
        _ => None,
    };
    angles.windows(2).rev().find_map(pair)
}

/// The last pair of angles with degree signs, and signs instead of letters: `-33.87°, 151.21°`.
pub(super) fn degree_pair(text: &str) -> Option<(f64, f64)> {
    let angles: Vec<Angle> = angles(text).into_iter().filter(|angle| angle.marked).collect();
    match angles.as_slice() {
        [.., first, second] => Some((first.degrees, second.degrees)),
        _ => None,
    }
}

/// The first angle of the text, if it starts within so many bytes and no word but a compass letter is before it. A
/// letter of the other axis makes it none.
pub(super) fn number_near(text: &str, axis: Axis, within: usize) -> Option<f64> {
    let first = angles(text).into_iter().next()?;
    let before = &text[..first.start];
    let no_words = !before.contains(|character: char| character.is_alphabetic());
    let fits = first.axis.is_none_or(|found| found == axis);
    (first.start <= within && no_words && fits).then_some(first.degrees)
}

/// All angles of a text, bare numbers included.
fn angles(text: &str) -> Vec<Angle> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
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

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    /// An angle that starts here: `[NSEW] number [° [minutes ' [seconds "]]] [NSEW]`.
    fn angle(mut self) -> Option<Angle> {
        let start = self.at;
        if self.before().is_some_and(|before| before.is_alphanumeric() || before == '.') {
            return None;
        }
        let leading = self.letter();
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
        let letter = leading.or_else(|| {
            self.spaces();
            let letter = self.letter();
            end = if letter.is_some() { self.at } else { end };
            letter
        });
        // `33.87 S` is south; `-33.87 S` is south as well, not north.
        if let Some((_, turned)) = letter {
            degrees = if turned { -degrees.abs() } else { degrees };
        }
        let marked = sign || letter.is_some();
        Some(Angle { degrees, axis: letter.map(|(axis, _)| axis), marked, start, end })
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

    /// A compass letter or word, and whether it turns the sign.
    fn letter(&mut self) -> Option<(Axis, bool)> {
        let rest = &self.text[self.at..];
        let word: String = rest.chars().take_while(char::is_ascii_alphabetic).take(6).collect();
        // A lower-case letter alone is a word of some language more often than a direction.
        let known = match word.as_str() {
            "N" | "North" | "north" => (Axis::Latitude, false),
            "S" | "South" | "south" => (Axis::Latitude, true),
            "E" | "East" | "east" => (Axis::Longitude, false),
            "W" | "West" | "west" => (Axis::Longitude, true),
            _ => return None,
        };
        self.at += word.len();
        Some(known)
    }

    /// `[-+]?digits[.digits]`.
    fn number(&mut self) -> Option<f64> {
        let rest = &self.text[self.at..];
        let mut end = usize::from(rest.starts_with(['-', '+']));
        let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(end);
        if whole == 0 {
            return None;
        }
        end += whole;
        if rest[end..].starts_with('.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        let value: f64 = rest[..end].trim_start_matches('+').parse().ok()?;
        self.at += end;
        Some(value)
    }
}
