//! Why a field is probably wrong, in a few words for the end of a message.

use super::angle::plain;
use super::error::Problem;

/// The likely cause of a problem with a value, if the value shows one.
pub(super) fn likely_cause(value: &str, problem: Problem) -> Option<&'static str> {
    let text = plain(value);
    let number = text.replacen(',', ".", 1).parse::<f64>().ok();
    match (problem, number) {
        (Problem::Latitude | Problem::Longitude, Some(number)) if number.is_finite() => {
            out_of_range(&text, number, problem)
        }
        (Problem::NotANumber, _) => not_a_number(&text),
        _ => None,
    }
}

fn out_of_range(text: &str, number: f64, problem: Problem) -> Option<&'static str> {
    let size = number.abs();
    if problem == Problem::Longitude && size <= 360.0 {
        return Some(if number > 0.0 {
            "it seems to count from 0 to 360"
        } else {
            "it is more than half way around the Earth"
        });
    }
    if size <= 180.0 {
        return None;
    }
    // Metres come with decimals, degrees that lost their point without.
    let has_fraction = text.contains(['.', ',']) && !text.contains(['e', 'E']);
    Some(if has_fraction && size >= 10_000.0 {
        "it seems to be metres of a map projection"
    } else if has_fraction {
        "the decimal point seems to be in the wrong place"
    } else {
        "the decimal point seems to be lost"
    })
}

fn not_a_number(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let separators = text.chars().filter(|c| matches!(c, '.' | ',')).count();
    let blanks = text.contains(' ') || text.contains('\'') || text.contains('’');
    let only = |fits: fn(char) -> bool| !text.is_empty() && text.chars().all(fits);
    if matches!(
        lower.as_str(),
        "na" | "n/a"
            | "null"
            | "none"
            | "nil"
            | "-"
            | "--"
            | "?"
            | "\\n"
            | "unknown"
            | "undefined"
            | "missing"
            | "<na>"
    ) {
        return Some("it stands for a missing value");
    }
    if text.starts_with('#') {
        return Some("a spreadsheet put an error or a column that is too narrow in place of the number");
    }
    if text.starts_with('=') {
        return Some("it is a formula, not its value");
    }
    if only(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '-' | '+' | '\'' | '’' | '_')) {
        let dated = text.matches('-').count() == 2 && !text.starts_with('-');
        return match () {
            () if dated => Some(DATE),
            () if separators > 1 || blanks => {
                Some("separators of thousands make the place of the decimal point uncertain")
            }
            () => None,
        };
    }
    let months = [
        "jan", "feb", "mar", "mär", "mrz", "apr", "may", "mai", "jun", "jul", "aug", "sep", "oct", "okt",
        "nov", "dec", "dez", "déc", "fév", "avr",
    ];
    let has_month = months.iter().any(|month| lower.contains(month));
    let has_digit = text.contains(|c: char| c.is_ascii_digit());
    let slashes = only(|c| c.is_ascii_digit() || matches!(c, '/'));
    (has_digit && (has_month || slashes)).then_some(DATE)
}

const DATE: &str = "a spreadsheet seems to have made a date of the number";
