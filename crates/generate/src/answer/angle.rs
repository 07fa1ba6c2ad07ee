//! Degrees as people write them: `48°51'29.6"N 2°17'40"E`, `33.8688 S, 151.2093 E`, `N 48.85 E 2.35`, and numbers that
//! are none: `35 mm`, `f/2.8`, `12:30`, `1.2.3`.

use super::Dropped;
use super::compass::compass;
use super::pairing::Axis;
use super::words::{DEGREES, METRES, UNITS, is_word};

/// A number of a text, with what stands beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question that some rule asks")]
pub(super) struct Angle {
    pub(super) degrees: f64,
    pub(super) axis: Option<Axis>,
    /// Whether there is anything besides a bare number: a degree sign or a letter.
    pub(super) is_marked: bool,
    /// Whether the letter is a small one alone, as in `33.87s`: that may mean seconds as well.
    pub(super) is_small: bool,
    /// Whether the letter stands before the number.
    pub(super) leads: bool,
    /// Whether there is nothing but digits, a sign and a letter: it may be the degrees, minutes or seconds of more.
    pub(super) is_plain: bool,
    /// Digits behind the point.
    pub(super) places: usize,
    /// Whether a comma is the point.
    pub(super) has_comma: bool,
    /// Whether it counts something else than degrees.
    pub(super) is_quantity: bool,
    /// Whether that may be a height above the sea.
    pub(super) is_length: bool,
    /// Why it cannot be taken as it stands: it is a span, or its letter is not known.
    pub(super) fault: Option<Dropped>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// All numbers of a text, each with its sign, degrees, minutes, seconds and letter.
pub(super) fn numbers(text: &str) -> Vec<Angle> {
    let mut found: Vec<Angle> = Vec::new();
    let mut at = 0;
    let mut leads = false;
    while let Some(next) = text[at..].chars().next() {
        // Behind a number a hyphen joins, and a letter may end it.
        let behind = found.last().is_some_and(|last| last.end == at && at > 0);
        let is_joined = found.last().is_some_and(|last| text[last.end..at] == *"-");
        match (Scanner { text, at, behind, is_joined, leads }).angle() {
            Some(angle) => {
                at = angle.end;
                leads |= angle.leads;
                found.push(angle);
            }
            None => at += next.len_utf8(),
        }
    }
    found
}

/// Length of the digits at the start of a text that are several numbers, or none that can be told: `48,85,2,35`,
/// `48,2.35`, `1.2.3`. 0 if there is one number at most.
fn knot(text: &str) -> usize {
    let run = text.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.')).count();
    let run = text[..run].trim_end_matches([',', '.']);
    let points: Vec<u8> = run.bytes().filter(|byte| !byte.is_ascii_digit()).collect();
    let is_doubled = run.split([',', '.']).any(str::is_empty);
    match points.as_slice() {
        _ if is_doubled => 0,
        [b',', _, ..] | [b'.', b'.', ..] => run.len(),
        _ => 0,
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Whether a number ends here.
    behind: bool,
    /// Whether a hyphen alone stands between that number and this place.
    is_joined: bool,
    /// Whether letters stand before their numbers in this text.
    leads: bool,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// A number that starts here: `[NSEW] number [° [minutes ' [seconds "]]] [NSEW]`, the last letter in brackets or not.
    fn angle(mut self) -> Option<Angle> {
        let start = self.at;
        let before = self.text[..start].chars().next_back();
        let is_point = before == Some('.') && !self.text[..start].ends_with("..");
        let joins = is_point || before.is_some_and(is_word);
        if joins
            && !(self.behind
                && self.rest().starts_with(|next: char| next.is_ascii_digit() || next.is_ascii_uppercase()))
        {
            return None;
        }
        if self.behind && self.rest().starts_with(['-', '+']) {
            return None;
        }
        let leading = self.leading_letter();
        if leading.is_none() && joins && !before.is_some_and(char::is_alphabetic) {
            return None;
        }
        let number_at = self.at;
        let mut angle = self.number()?;
        angle.start = start;
        angle.is_quantity |= is_counted(&self.text[..number_at], self.is_joined);
        let negative = angle.degrees.is_sign_negative();
        let after_number = self.at;
        let has_degrees = self.degree_sign();
        if has_degrees {
            angle.is_plain = false;
            let is_whole = angle.places == 0;
            let (parts, right) = self.parts(leading.is_some(), is_whole);
            angle.degrees += parts.copysign(if negative { -1.0 } else { 1.0 });
            angle.fault = angle.fault.or((!right).then_some(Dropped::OutOfRange));
        } else {
            self.at = after_number;
            if let Some(parts) = self.clock(leading.is_some()) {
                angle.is_plain = false;
                angle.degrees += parts.copysign(if negative { -1.0 } else { 1.0 });
            }
        }
        self.uncertainty();
        angle.end = self.at;
        let letter = leading.or_else(|| {
            let (letter, is_small) = self.trailing_letter(has_degrees)?;
            (angle.end, angle.is_small) = (self.at, is_small);
            Some(letter)
        });
        self.at = angle.end;
        self.uncertainty();
        angle.end = self.at;
        if let Some((axis, turned)) = letter {
            angle.axis = Some(axis);
            // `33.87 S` is south; `-33.87 S` is south as well, not north. `-33.87 N` is neither.
            if negative && !turned && angle.degrees != 0.0 {
                angle.fault = angle.fault.or(Some(Dropped::Ambiguous));
            }
            angle.degrees = if turned { -angle.degrees.abs() } else { angle.degrees };
        }
        angle.leads = leading.is_some();
        angle.is_marked = has_degrees || letter.is_some();
        if letter.is_none() || angle.leads {
            self.what_follows(&mut angle, has_degrees);
        }
        Some(angle)
    }

    /// `N`, `N:`, `North` before a number.
    fn leading_letter(&mut self) -> Option<(Axis, bool)> {
        let back = self.at;
        let letter = self.letter(false, false)?;
        while self.rest().starts_with([' ', ':', '=', '.']) {
            self.at += 1;
        }
        if self.rest().starts_with(|next: char| next.is_ascii_digit() || matches!(next, '-' | '+')) {
            return Some(letter);
        }
        self.at = back;
        None
    }

    /// Units, percent signs and unknown letters behind a number.
    fn what_follows(&self, angle: &mut Angle, has_degrees: bool) {
        let rest = &self.text[angle.end..];
        let spaced = rest.trim_start_matches([' ', '-']);
        let word: String = spaced.chars().take_while(|letter| letter.is_alphabetic()).collect();
        let lower = word.to_lowercase();
        let apart = spaced.len() < rest.len();
        let is_length = METRES.contains(&lower.as_str()) && !has_degrees;
        let is_temperature = matches!(lower.as_str(), "c" | "f" | "celsius" | "fahrenheit");
        let is_unit = UNITS.contains(&lower.as_str()) && (!has_degrees || is_temperature);
        let signs = ['%', '\u{2030}', '$', '\u{20ac}', '\u{a3}', '\u{a5}', '\u{20b9}', '\u{20bd}'];
        // `17z`, `5th`, `4.8e1`.
        let is_glued = !apart && !has_degrees && rest.starts_with(is_word);
        let is_time =
            rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
        angle.is_length |= is_length;
        angle.is_quantity |= is_length || is_unit || spaced.starts_with(signs) || is_glued || is_time;
        let mut letters = word.chars();
        let single = letters.next().filter(|_| letters.next().is_none());
        let after = spaced[word.len()..].trim_start();
        let is_unknown = match single {
            Some('O') => true,
            Some(letter) if has_degrees => {
                letter.is_uppercase() && !matches!(letter, 'N' | 'S' | 'E' | 'W')
                    || matches!(letter, 'n' | 's' | 'w' | 'o' | '\u{f6}')
                    || letter == 'e' && !after.starts_with(|next: char| next.is_ascii_digit() || next == '-')
            }
            _ => false,
        };
        // A direction in a language that is not known, or in one of several.
        if is_unknown && !angle.is_quantity && angle.axis.is_none() {
            angle.fault = angle.fault.or(Some(Dropped::Ambiguous));
        }
    }

    /// The compass letter or word behind an angle, and whether it is a small letter alone, which must touch the angle.
    fn trailing_letter(&mut self, has_degrees: bool) -> Option<((Axis, bool), bool)> {
        let touching = self.rest().starts_with(|next: char| next.is_ascii_lowercase());
        let length = self.rest().chars().take_while(|next| next.is_alphanumeric()).count();
        if touching && length == 1 {
            return self.letter(true, false).map(|letter| (letter, true));
        }
        self.spaces();
        let apart = self.rest().starts_with([',', '/', '-']);
        if apart {
            self.at += 1;
            self.spaces();
        }
        let bracket = self.rest().starts_with(['(', '[', '{']);
        if bracket {
            self.at += 1;
            self.spaces();
        }
        let start = self.at;
        let letter = self.letter(false, true)?;
        // Words of other languages stand behind a degree sign or at the end, since some are ordinary words as well.
        let is_foreign = compass(&self.text[start..self.at].to_lowercase(), false).is_none();
        if bracket {
            self.spaces();
            if !self.rest().starts_with([')', ']', '}']) {
                // `(southern hemisphere)`.
                let close = self.rest().find([')', ']', '}']).filter(|length| *length <= 16)?;
                self.at += close;
            }
            self.at += 1;
        }
        // `48.85, N 2.35` is the letter of the next number.
        let next = self.rest().trim_start_matches([' ', ':']);
        let leads_next = next.starts_with(|next: char| next.is_ascii_digit() || matches!(next, '-' | '+'));
        if self.leads && leads_next && !bracket {
            return None;
        }
        let ends = next.is_empty() || next.starts_with([',', ';', ')', ']', '}', '"', '\'', '\n', '.', '|']);
        if (apart || is_foreign && !has_degrees) && (leads_next || !ends) {
            return None;
        }
        Some((letter, false))
    }

    /// Minutes and seconds, in degrees, and whether they are below 60.
    fn parts(&mut self, letter_leads: bool, is_whole: bool) -> (f64, bool) {
        let mut total = 0.0;
        let is_compact = self.text[..self.at].ends_with('d');
        let signs: [(&[&str], &str, f64); 2] = [
            (&["'", "minutes", "minute", "minutos", "minuten", "min"], "m", 60.0),
            (&["\"", "seconds", "second", "segundos", "sekunden", "sec"], "s", 3600.0),
        ];
        for (marks, compact, parts) in signs {
            let back = self.at;
            self.spaces();
            let number = if self.rest().starts_with(['-', '+']) { None } else { self.number() };
            let number = number.filter(|number| !number.is_quantity);
            let unmarked = self.at;
            self.spaces();
            // Two single marks are seconds as well.
            let mut marked = number.is_some() && (parts > 60.0 && self.sign(&["''"]) || self.sign(marks));
            if !marked && is_compact && number.is_some() && self.rest().starts_with(compact) {
                (self.at, marked) = (self.at + 1, true);
            }
            if !marked && number.is_some() && is_whole {
                // `48° 51.504 N`: only minutes can stand there.
                let next = self.rest();
                let ends = begins_with_letter(next);
                let seconds = next.trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == '.');
                let go_on =
                    seconds.len() < next.len() && begins_with_letter(seconds.trim_start_matches(['"', ' ']));
                let lone = letter_leads
                    && !next.starts_with(['\u{b0}', '.'])
                    && !next.starts_with(char::is_alphabetic);
                marked = ends || parts < 3600.0 && (lone || go_on);
                self.at = if marked { unmarked } else { self.at };
            }
            match number.map(|number| number.degrees) {
                Some(value) if marked && value < 60.0 => total += value / parts,
                Some(_) if marked => return (total, false),
                _ => {
                    self.at = back;
                    break;
                }
            }
        }
        (total, true)
    }

    /// `:51:30` behind degrees, where a letter shows that it is not a time of day.
    fn clock(&mut self, letter_leads: bool) -> Option<f64> {
        let back = self.at;
        let mut total = 0.0;
        for parts in [60.0, 3600.0] {
            if !self.rest().starts_with(':') {
                break;
            }
            self.at += 1;
            let part = self.number().filter(|number| number.degrees < 60.0 && !number.is_quantity);
            let Some(part) = part else {
                self.at = back;
                return None;
            };
            total += part.degrees / parts;
        }
        let next = self.rest().trim_start();
        let ends = begins_with_letter(next);
        if self.at > back && (ends || letter_leads) {
            return Some(total);
        }
        self.at = back;
        None
    }

    /// `± 0.05` behind a number says how sure it is, not where.
    fn uncertainty(&mut self) {
        let back = self.at;
        while self.rest().starts_with([' ', '(']) {
            self.at += 1;
        }
        if (self.sign(&["\u{b1}", "+/-", "+-"])) && {
            self.spaces();
            self.number().is_some()
        } {
            self.degree_sign();
            let opened = self.text[back..self.at].contains('(');
            if opened && self.rest().starts_with(')') {
                self.at += 1;
            }
            return;
        }
        self.at = back;
    }

    fn degree_sign(&mut self) -> bool {
        let back = self.at;
        self.spaces();
        if self.sign(&DEGREES) {
            return true;
        }
        // `48d51m`.
        if self.rest().starts_with('d') && self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) {
            self.at += 1;
            return true;
        }
        self.at = back;
        false
    }

    fn spaces(&mut self) {
        while self.rest().starts_with(' ') {
            self.at += 1;
        }
    }

    fn sign(&mut self, signs: &[&str]) -> bool {
        let rest = self.rest();
        let starts = |sign: &&&str| {
            rest.get(..sign.len()).is_some_and(|start| start.to_lowercase() == **sign)
                && !(sign.ends_with(char::is_alphabetic)
                    && rest[sign.len()..].starts_with(|next: char| next.is_alphabetic()))
        };
        let found = signs.iter().find(starts).map_or(0, |sign| sign.len());
        self.at += found;
        found > 0
    }

    /// A compass letter or word, and whether it turns the sign. A small letter alone is a word of some language more
    /// often than a direction: it counts only if `is_small` says so. Words of other languages need a degree sign.
    fn letter(&mut self, is_small: bool, has_degrees: bool) -> Option<(Axis, bool)> {
        let word: String =
            self.rest().chars().take_while(|letter| is_word(*letter) && letter.is_alphabetic()).collect();
        if word.len() == 1 && word.starts_with(|letter: char| letter.is_ascii_lowercase()) && !is_small {
            return None;
        }
        let followed = self.rest()[word.len()..].chars().next();
        // `N48` is a letter and a number; `B2` is a name.
        if word.len() > 1 && followed.is_some_and(|next| next.is_ascii_digit()) {
            return None;
        }
        let known = compass(&word.to_lowercase(), has_degrees)?;
        self.at += word.len();
        Some(known)
    }

    /// `[-+]?digits[.digits]`, or with a decimal comma where that is what the comma must be. Digits that cannot be told
    /// apart are a quantity of something.
    fn number(&mut self) -> Option<Angle> {
        let rest = self.rest();
        let signed = usize::from(rest.starts_with(['-', '+']));
        let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        let whole = digits(signed);
        if whole == 0 {
            return None;
        }
        let knot = knot(&rest[signed..]);
        let mut end = signed + whole;
        let mut places = 0;
        if rest[end..].starts_with(['.', ',']) && digits(end + 1) > 0 {
            places = digits(end + 1);
            end += 1 + places;
        }
        let value = rest[..end].trim_start_matches('+').replace(',', ".").parse().ok()?;
        let has_comma = rest[..end].contains(',');
        self.at += if knot > 0 { signed + knot } else { end };
        Some(Angle {
            degrees: value,
            axis: None,
            is_marked: false,
            is_small: false,
            leads: false,
            is_plain: true,
            places,
            has_comma,
            is_quantity: knot > 0,
            is_length: false,
            fault: None,
            start: self.at,
            end: self.at,
        })
    }
}

/// Whether a text begins with a compass letter alone.
fn begins_with_letter(text: &str) -> bool {
    text.starts_with(['N', 'S', 'E', 'W']) && !text[1..].starts_with(is_word)
}

/// Whether what stands before a number makes it an amount, an aperture or the number of something: `$`, `f/`, `#`, `I-`.
fn is_counted(before: &str, is_joined: bool) -> bool {
    let currency =
        before.trim_end().ends_with(['$', '\u{20ac}', '\u{a3}', '\u{a5}', '\u{20b9}', '\u{20bd}', '#']);
    let named = |sign| before.strip_suffix(sign).is_some_and(|before| before.ends_with(char::is_alphabetic));
    currency || named('/') || !is_joined && named('-')
}
