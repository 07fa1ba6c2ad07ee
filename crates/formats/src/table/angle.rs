//! Degrees as people and programs write them: `48.858267`, `48,858267`, `48.85 N`, `48°51'29.76"N`, `48 51 29.76 N`,
//! `48 deg 51' 29.76" N`.
//!
//! Own code instead of a library: the crates that parse coordinates accept one or two of these forms, and none tells why
//! it refuses a text. What has two readings is refused.

use super::error::Problem;

/// Which coordinate a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    Latitude,
    Longitude,
}

/// What a letter such as `S` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hemisphere {
    axis: Axis,
    negative: bool,
}

/// A number of degrees, with what its text says about its direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Angle {
    /// Negative after a minus sign only; the letter is not applied.
    degrees: f64,
    sign: Option<bool>,
    hemisphere: Option<Hemisphere>,
}

impl Angle {
    /// Reads a text that is not blank.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let text = plain(text);
        if let Some(degrees) = number(&text) {
            return Ok(Self { degrees, sign: sign_of(&text), hemisphere: None });
        }
        sexagesimal(&text)
    }

    /// Signed degrees on an axis; `beside` is what a column of its own says about the hemisphere.
    pub(super) fn on(self, axis: Axis, beside: Option<Hemisphere>) -> Result<f64, Problem> {
        let Some(hemisphere) = self.hemisphere.or(beside) else { return Ok(self.degrees) };
        if hemisphere.axis != axis {
            return Err(match axis {
                Axis::Latitude => Problem::IsLongitude,
                Axis::Longitude => Problem::IsLatitude,
            });
        }
        let differs = beside.is_some_and(|beside| beside != hemisphere);
        if differs || self.sign.is_some_and(|negative| negative != hemisphere.negative) {
            return Err(Problem::Contradiction);
        }
        Ok(if hemisphere.negative { -self.degrees.abs() } else { self.degrees })
    }
}

/// Reads the letter or word of a hemisphere.
pub(super) fn hemisphere(word: &str) -> Result<Hemisphere, Problem> {
    use Axis::{Latitude, Longitude};
    let (axis, negative) = match word.trim().trim_end_matches('.').to_lowercase().as_str() {
        "n" | "north" | "nord" | "norte" => (Latitude, false),
        "s" | "south" | "sud" | "süd" | "sur" | "sul" => (Latitude, true),
        "e" | "east" | "est" | "este" | "ost" => (Longitude, false),
        "w" | "west" | "ouest" | "oeste" | "ovest" => (Longitude, true),
        _ => return Err(Problem::Hemisphere),
    };
    Ok(Hemisphere { axis, negative })
}

/// The text with ordinary blanks and minus signs, trimmed.
pub(super) fn plain(text: &str) -> String {
    let ordinary = text.chars().filter(|c| !matches!(c, '\u{200B}' | '\u{FEFF}' | '\u{200E}' | '\u{200F}'));
    let ordinary = ordinary.map(|c| match c {
        // Minus, en dash (which spreadsheets put for a hyphen), and the small and full-width hyphens.
        '\u{2212}' | '\u{2013}' | '\u{FE63}' | '\u{FF0D}' => '-',
        blank if blank.is_whitespace() => ' ',
        other => other,
    });
    let text: String = ordinary.collect();
    let text = text.trim();
    match text.strip_prefix(['-', '+']) {
        Some(rest) if rest.starts_with(' ') => format!("{}{}", &text[..1], rest.trim_start()),
        _ => text.to_owned(),
    }
}

/// A plain number; one comma and no point is a decimal comma, because no coordinate is so large that it needs a separator
/// of thousands.
fn number(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (whole, fraction) = text.split_once(',')?;
    if fraction.contains([',', '.'])
        || whole.contains('.')
        || !fraction.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    format!("{whole}.{fraction}").parse().ok()
}

fn sign_of(text: &str) -> Option<bool> {
    match text.as_bytes().first() {
        Some(b'-') => Some(true),
        Some(b'+') => Some(false),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    /// The mark of degrees (0), minutes (1) or seconds (2).
    Mark(usize),
    Colon,
    Word(&'a str),
}

/// Degrees, minutes and seconds, or degrees with a letter.
fn sexagesimal(text: &str) -> Result<Angle, Problem> {
    // A letter may stand before the sign.
    let letters = text.chars().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
    let (word, rest) = text.split_at(letters);
    let before = if word.is_empty() { None } else { Some(hemisphere(word).map_err(|_| unknown(word))?) };
    let rest = rest.trim_start();
    let sign = sign_of(rest);
    let mut tokens = tokens(rest.strip_prefix(['-', '+']).unwrap_or(rest)).ok_or(Problem::NotANumber)?;
    let after = match tokens.last() {
        Some(Token::Word(word)) => Some(hemisphere(word).map_err(|_| unknown(word))?),
        _ => None,
    };
    if after.is_some() {
        tokens.pop();
    }
    if before.is_some() && after.is_some() {
        return Err(Problem::NotANumber);
    }
    let hemisphere = before.or(after);
    let mut parts: Vec<&str> = Vec::new();
    let mut is_marked = hemisphere.is_some();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Number(number) if parts.len() < 3 => parts.push(number),
            Token::Mark(mark) if mark + 1 == parts.len() && is_number(tokens.get(index.wrapping_sub(1))) => {
                is_marked = true;
            }
            Token::Colon if matches!(tokens.get(index + 1), Some(Token::Number(_))) && !parts.is_empty() => {
                is_marked = true;
            }
            _ => return Err(Problem::NotANumber),
        }
    }
    if parts.is_empty() || (parts.len() == 2 && !is_marked) || (parts.len() == 1 && !is_marked) {
        return Err(Problem::NotANumber);
    }
    let degrees = total(&parts)?;
    let degrees = if sign == Some(true) { -degrees } else { degrees };
    Ok(Angle { degrees, sign, hemisphere })
}

const fn is_number(token: Option<&Token>) -> bool {
    matches!(token, Some(Token::Number(_)))
}

/// `O` is east in German and west in the Romance languages; other words are no hemisphere at all.
fn unknown(word: &str) -> Problem {
    if word.eq_ignore_ascii_case("o") { Problem::Hemisphere } else { Problem::NotANumber }
}

/// Adds up degrees, minutes and seconds. All but the last are whole, and minutes and seconds have one or two digits and are
/// below 60: three digits are a separator of thousands rather.
fn total(parts: &[&str]) -> Result<f64, Problem> {
    let mut sum = 0.0;
    let mut unit = 1.0;
    for (index, part) in parts.iter().enumerate() {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let is_last = index + 1 == parts.len();
        if digits == 0 || digits > 3 - usize::from(index > 0) || (!is_last && digits < part.len()) {
            return Err(Problem::NotANumber);
        }
        let value = number(part).ok_or(Problem::NotANumber)?;
        if index > 0 && value >= 60.0 {
            return Err(Problem::Sixty);
        }
        sum += value / unit;
        unit *= 60.0;
    }
    Ok(sum)
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = |fits: fn(char) -> bool| rest.chars().take_while(|c| fits(*c)).map(char::len_utf8).sum();
        let length: usize = match first {
            '0'..='9' | '.' | ',' => length(|c| matches!(c, '0'..='9' | '.' | ',')),
            letter if letter.is_alphabetic() && !is_mark(letter) => {
                length(|c| c.is_alphabetic() && !is_mark(c))
            }
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        tokens.push(match first {
            '0'..='9' | '.' | ',' => Token::Number(token),
            '°' | 'º' | '˚' => Token::Mark(0),
            '"' | '″' | '”' | '“' | '„' | 'ʺ' => Token::Mark(2),
            '\'' | '′' | '’' | '‘' | '´' | '`' | 'ʹ' => {
                // Two marks of minutes side by side are one of seconds.
                let twice = after.chars().next().filter(|next| *next == first);
                rest = twice.map_or(after, |next| &after[next.len_utf8()..]);
                Token::Mark(if twice.is_some() { 2 } else { 1 })
            }
            ':' => Token::Colon,
            ' ' => continue,
            _ => match token.to_ascii_lowercase().as_str() {
                "d" | "deg" | "degrees" => Token::Mark(0),
                "m" | "min" => Token::Mark(1),
                "sec" => Token::Mark(2),
                _ if first.is_alphabetic() => Token::Word(token),
                _ => return None,
            },
        });
    }
    Some(tokens)
}

/// The marks that Unicode counts as letters.
const fn is_mark(c: char) -> bool {
    matches!(c, 'º' | 'ʹ' | 'ʺ')
}
