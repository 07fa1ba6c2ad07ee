//! Brings the many signs of the world to a few: minus signs, degree signs, primes, digits, compass words.

use super::decimals::ascii_digit;

/// Spellings of several signs, and what they stand for. Coordinate systems go, since their numbers are not coordinates.
const SPELLINGS: [(&str, &str); 47] = [
    ("&deg;", "\u{b0}"),
    ("&#176;", "\u{b0}"),
    ("&nbsp;", " "),
    ("&prime;", "'"),
    ("&Prime;", "\""),
    ("\\u00b0", "\u{b0}"),
    ("\\u2032", "'"),
    ("\\u2033", "\""),
    ("\\u2212", "-"),
    ("^{\\circ}", "\u{b0}"),
    ("^\\circ", "\u{b0}"),
    ("\\circ", "\u{b0}"),
    ("\\degree", "\u{b0}"),
    ("\\text{", "{"),
    ("\\,", " "),
    ("\u{2103}", "\u{b0}C"),
    ("\u{2109}", "\u{b0}F"),
    ("\u{5317}\u{7eac}", " N "),
    ("\u{5317}\u{7def}", " N "),
    ("\u{5357}\u{7eac}", " S "),
    ("\u{5357}\u{7def}", " S "),
    ("\u{4e1c}\u{7ecf}", " E "),
    ("\u{6771}\u{7d93}", " E "),
    ("\u{6771}\u{7d4c}", " E "),
    ("\u{897f}\u{7ecf}", " W "),
    ("\u{897f}\u{7d93}", " W "),
    ("\u{897f}\u{7d4c}", " W "),
    ("\u{bd81}\u{c704}", " N "),
    ("\u{b0a8}\u{c704}", " S "),
    ("\u{b3d9}\u{acbd}", " E "),
    ("\u{c11c}\u{acbd}", " W "),
    ("\u{441}. \u{448}.", "N"),
    ("\u{44e}. \u{448}.", "S"),
    ("\u{432}. \u{434}.", "E"),
    ("\u{437}. \u{434}.", "W"),
    ("\u{441}.\u{448}.", "N"),
    ("\u{44e}.\u{448}.", "S"),
    ("\u{432}.\u{434}.", "E"),
    ("\u{437}.\u{434}.", "W"),
    ("WGS84", ""),
    ("WGS 84", ""),
    ("WGS-84", ""),
    ("EPSG:4326", ""),
    ("lnglat", "lng lat"),
    ("lonlat", "lon lat"),
    ("latlng", "lat lng"),
    ("latlon", "lat lon"),
];

/// Tags of web pages that only lay out a text.
const TAGS: [&str; 11] = ["b", "i", "p", "em", "strong", "code", "br", "li", "ul", "td", "tr"];

/// Words that say in which language an `O` is west, and in which it is east.
const WEST_BY_O: [&str; 6] = ["longitud", "latitud", "oeste", "ouest", "ovest", "norte"];
const EAST_BY_O: [&str; 6] = ["breite", "l\u{e4}nge", "n\u{f6}rdlich", "noord", "breedte", "lengte"];

/// The text in plain signs. It has the same words in the same order; positions differ.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if let Some(sign) = sign(character, &plain) {
            plain.push(sign);
        }
    }
    for (spelling, sign) in SPELLINGS {
        plain = replaced(&plain, spelling, sign);
    }
    for tag in TAGS {
        for mark in [format!("<{tag}>"), format!("</{tag}>"), format!("<{tag}/>"), format!("<{tag} />")] {
            plain = replaced(&plain, &mark, if tag.len() == 1 { " " } else { "\n" });
        }
    }
    if text.contains("\\circ") || text.contains("\\text") || text.contains("\\degree") {
        // Formulas, not dollars.
        plain = plain.replace('$', " ");
    }
    with_known_o(&without_rules(&plain))
}

/// The text without rules of tables and dashes of two hyphens, which are no minus signs.
fn without_rules(text: &str) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("--") {
        changed.push_str(&rest[..at]);
        changed.push(' ');
        rest = rest[at..].trim_start_matches('-');
    }
    changed + rest
}

/// One plain sign for another; `None` for those that are not seen.
fn sign(character: char, before: &str) -> Option<char> {
    let after_digit = || before.trim_end().ends_with(|last: char| last.is_ascii_digit());
    Some(match character {
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{ad}' => {
            return None;
        }
        '\u{2212}' | '\u{2010}'..='\u{2013}' | '\u{fe63}' | '\u{ff0d}' => '-',
        '\u{ba}' | '\u{2da}' | '\u{2218}' | '\u{2070}' => '\u{b0}',
        '\u{5ea6}' | '\u{b3c4}' if after_digit() => '\u{b0}',
        '\u{5206}' | '\u{bd84}' if after_digit() => '\'',
        '\u{79d2}' | '\u{cd08}' if after_digit() => '"',
        '\u{2032}' | '\u{2019}' | '\u{2018}' | '\u{b4}' | '\u{2bc}' | '\u{2b9}' | '\u{2035}' | '\u{ff07}' => {
            '\''
        }
        '\u{2033}' | '\u{201d}' | '\u{201c}' | '\u{2ba}' | '\u{2036}' | '\u{ff02}' => '"',
        '\u{a0}' | '\u{202f}' | '\u{2000}'..='\u{200a}' | '\u{3000}' | '\t' | '*' | '`' => ' ',
        '\u{3001}' | '\u{60c}' => ',',
        '\u{61b}' => ';',
        '\u{66b}' => '.',
        '\u{3002}' => '\n',
        other => match ascii_digit(other) {
            Some(digit) => digit,
            // Full-width signs.
            None if ('\u{ff01}'..='\u{ff5e}').contains(&other) => {
                char::from_u32(u32::from(other) - 0xfee0).unwrap_or(other)
            }
            None => other,
        },
    })
}

/// All occurrences replaced, whatever the case of ASCII letters.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let (lower, wanted) = (text.to_ascii_lowercase(), from.to_ascii_lowercase());
    if !lower.contains(&wanted) {
        return text.to_owned();
    }
    let mut changed = String::with_capacity(text.len());
    let mut at = 0;
    for (start, found) in lower.match_indices(&wanted) {
        // `&Prime;` is not `&prime;`.
        if from.starts_with('&') && text[start..start + found.len()] != *from {
            continue;
        }
        changed.push_str(&text[at..start]);
        changed.push_str(to);
        at = start + found.len();
    }
    changed + &text[at..]
}

/// The text with each `O` behind a number as `W` or `E`, where its language is known: `2,35° O` is west in Spanish and
/// east in German.
fn with_known_o(text: &str) -> String {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let known = match (says(&WEST_BY_O), says(&EAST_BY_O)) {
        (true, false) => 'W',
        (false, true) => 'E',
        _ => return text.to_owned(),
    };
    let mut changed = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let before = text[..at].trim_end_matches(' ');
        let behind =
            before.ends_with(|last: char| last.is_ascii_digit() || matches!(last, '\u{b0}' | '\'' | '"'));
        let alone = !text[at + character.len_utf8()..].starts_with(char::is_alphanumeric);
        changed.push(if character == 'O' && behind && alone { known } else { character });
    }
    changed
}

/// Lower case with every character in its place: those whose lower case has another length stay.
pub(super) fn lower(text: &str) -> String {
    text.chars()
        .map(|character| {
            let mut lower = character.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(one), None) if one.len_utf8() == character.len_utf8() => one,
                _ => character,
            }
        })
        .collect()
}
