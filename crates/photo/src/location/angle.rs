//! Angles as people and cameras write them: up to three numbers, perhaps a sign, perhaps a letter.

/// One number of an angle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// A finite number, or what a float field holds.
    Number(f64),
    /// 0/0: the writer did not know.
    Unknown,
    /// Another number over zero.
    DividedByZero,
}

impl Part {
    pub(super) fn ratio(numerator: f64, denominator: f64) -> Self {
        if denominator != 0.0 {
            Self::Number(numerator / denominator)
        } else if numerator == 0.0 {
            Self::Unknown
        } else {
            Self::DividedByZero
        }
    }
}

/// Degrees, minutes and seconds, as written and not yet judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Angle {
    /// At most three numbers; those that are missing at the end count as 0.
    pub(super) parts: Vec<Part>,
    /// Whether a plus sign is written out.
    pub(super) plus: bool,
    /// The letter or word beside the numbers, such as `N`.
    pub(super) letters: Option<String>,
}

/// Longest text that is looked at: more than any angle has.
const LONGEST: usize = 100;

impl Angle {
    /// Reads `48,51.496N`, `48,51,29.76N`, `48° 51' 29.76" N`, `48/1 51/1 2976/100`, `+48.858267`, `N 48 51.496`.
    /// `None` for all that is not wholly an angle.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut angle = Self::default();
        let mut rest = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0');
        while let Some(first) = rest.chars().next() {
            if first.is_ascii_digit() || matches!(first, '+' | '-' | '\u{2212}' | '.') {
                rest = angle.take_number(rest)?;
            } else if first.is_alphabetic() {
                rest = angle.take_word(rest)?;
            } else if first.is_whitespace() || SEPARATORS.contains(first) {
                rest = rest.get(first.len_utf8()..)?;
            } else {
                return None;
            }
        }
        (!angle.parts.is_empty()).then_some(angle)
    }

    fn take_number<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        if self.parts.len() == 3 {
            return None;
        }
        let (plus, numerator, rest) = number(text)?;
        self.plus |= plus && self.parts.is_empty();
        let (part, rest) = match rest.strip_prefix('/') {
            Some(below) => {
                let (_, denominator, rest) = number(below)?;
                (Part::ratio(numerator, denominator), rest)
            }
            None => (Part::Number(numerator), rest),
        };
        self.parts.push(part);
        // Two numbers have something between them.
        let goes_on = rest.starts_with(|next: char| next.is_ascii_digit() || "+-\u{2212}.".contains(next));
        (!goes_on).then_some(rest)
    }

    /// Words for units are passed over; any other word is kept, once.
    fn take_word<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let end = text.find(|letter: char| !letter.is_alphabetic()).unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(end)?;
        let unit =
            ["deg", "degree", "degrees", "min", "sec"].iter().any(|unit| unit.eq_ignore_ascii_case(word));
        if unit && !self.parts.is_empty() {
            return Some(rest);
        }
        // A letter between two numbers belongs to neither.
        let at_an_end = self.parts.is_empty() || !rest.contains(|letter: char| letter.is_ascii_digit());
        if !at_an_end || self.letters.is_some() {
            return None;
        }
        self.letters = Some(word.to_owned());
        Some(rest)
    }
}

/// What may stand between two numbers. The last are typographic degrees, minutes and seconds.
const SEPARATORS: &str = ",;:°º˚'’′´\"”″";

/// A number without a blank after its sign: whether it has a plus, its value, and the rest of the text.
fn number(text: &str) -> Option<(bool, f64, &str)> {
    let plus = text.starts_with('+');
    let unsigned = text.strip_prefix(['+', '-', '\u{2212}']).unwrap_or(text);
    let negative = !plus && unsigned.len() < text.len();
    let digits = |text: &str| text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let mut end = digits(unsigned);
    if let Some(fraction) = unsigned.get(end..)?.strip_prefix('.') {
        end += 1 + digits(fraction);
    }
    // `E` is an exponent only with digits right behind it: `2.2945E` is a longitude.
    if let Some(exponent) = unsigned.get(end..)?.strip_prefix(['e', 'E']) {
        let unsigned_exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let length = digits(unsigned_exponent);
        if length > 0 {
            end += 1 + (exponent.len() - unsigned_exponent.len()) + length;
        }
    }
    let (number, rest) = unsigned.split_at_checked(end)?;
    let value: f64 = number.parse().ok()?;
    value.is_finite().then_some((plus, if negative { -value } else { value }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Option<(Vec<f64>, bool, Option<String>)> {
        let angle = Angle::from_text(text)?;
        let parts = angle.parts.iter().map(|part| match part {
            Part::Number(number) => *number,
            Part::Unknown => f64::NAN,
            Part::DividedByZero => f64::INFINITY,
        });
        Some((parts.collect(), angle.plus, angle.letters))
    }

    #[test]
    fn reads_every_usual_spelling() {
        let n = Some("N".to_owned());
        for (text, expected) in [
            ("48,51.496N", (vec![48.0, 51.496], false, n.clone())),
            ("48,51,29.76N", (vec![48.0, 51.0, 29.76], false, n.clone())),
            (" 48° 51' 29.76\" N\0", (vec![48.0, 51.0, 29.76], false, n.clone())),
            ("48 deg 51′ 29.76″ N", (vec![48.0, 51.0, 29.76], false, n.clone())),
            ("N 48 51.496", (vec![48.0, 51.496], false, n)),
            ("48/1, 51/1 2976/100", (vec![48.0, 51.0, 29.76], false, None)),
            ("48:51:29.76", (vec![48.0, 51.0, 29.76], false, None)),
            ("+48.858267", (vec![48.858_267], true, None)),
            ("\u{2212}33.86", (vec![-33.86], false, None)),
            ("4.8E1", (vec![48.0], false, None)),
            ("2.2945E", (vec![2.2945], false, Some("E".to_owned()))),
            (".5 north", (vec![0.5], false, Some("north".to_owned()))),
        ] {
            assert_eq!(numbers(text), Some(expected), "{text}");
        }
        assert!(numbers("0/0").unwrap().0[0].is_nan() && numbers("3/0").unwrap().0[0].is_infinite());
    }

    #[test]
    fn refuses_what_is_not_wholly_an_angle() {
        for text in [
            "",
            "N",
            "unknown",
            "48 51 29 76",
            "48N51",
            "48 N E",
            "4_8",
            "48(1)",
            "1/2/3",
            "- 48",
            "--48",
            "1e999",
            "48.8.8",
            "1/",
            "\u{0}",
            "48-51",
            "NaN",
            "inf",
        ] {
            assert_eq!(numbers(text), None, "{text}");
        }
        assert_eq!(numbers(&"1".repeat(10_000)), None);
    }
}
