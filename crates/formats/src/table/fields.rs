//! From text to values, with errors that name the field.

use std::str::FromStr;

use super::error::{Problem, TableError};
use super::record::Record;
use contract::PhotoId;

/// A field's text, or nothing if it is empty.
pub(super) fn optional(record: &Record, index: usize) -> Option<&str> {
    Some(record.get(index)).filter(|text| !text.is_empty())
}

/// The id, as it is written.
pub(super) fn id(file: &str, record: &Record, column: &str, index: usize) -> Result<PhotoId, TableError> {
    match record.get(index) {
        blank if blank.trim().is_empty() => Err(record.wrong(file, column, index, Problem::Empty)),
        id => Ok(PhotoId(id.to_owned())),
    }
}

/// A number; nothing if the field is blank. A decimal comma is read as a point.
pub(super) fn number<T: FromStr>(
    file: &str,
    record: &Record,
    column: &str,
    index: usize,
) -> Result<Option<T>, TableError> {
    match record.get(index).trim() {
        "" => Ok(None),
        text => match text.parse().or_else(|_| decimal_point(text).parse()) {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(record.wrong(file, column, index, Problem::NotANumber)),
        },
    }
}

/// The text with a point for its decimal comma. A comma before three digits may be a separator of thousands.
fn decimal_point(text: &str) -> String {
    let text = text.replace('\u{2212}', "-");
    match text.split_once(',') {
        Some((whole, fraction)) if !fraction.contains([',', '.']) && !whole.contains('.') => {
            let is_certain = fraction.len() != 3 || matches!(whole, "0" | "-0" | "");
            if is_certain { format!("{whole}.{fraction}") } else { text }
        }
        _ => text,
    }
}

/// A distance in km; nothing if the field is blank.
pub(super) fn kilometres(
    file: &str,
    record: &Record,
    column: &str,
    index: usize,
) -> Result<Option<f64>, TableError> {
    match number::<f64>(file, record, column, index)? {
        Some(km) if !(km.is_finite() && km >= 0.0) => {
            Err(record.wrong(file, column, index, Problem::NotADistance))
        }
        // Not -0, which would be written as such.
        km => Ok(km.map(f64::abs)),
    }
}

/// Yes or no, as Python, Rust and spreadsheets write it; nothing if the field is blank.
pub(super) fn boolean(
    file: &str,
    record: &Record,
    column: &str,
    index: usize,
) -> Result<Option<bool>, TableError> {
    match record.get(index).trim() {
        "" => Ok(None),
        "1" | "1.0" => Ok(Some(true)),
        "0" | "0.0" => Ok(Some(false)),
        text if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        text if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        _ => Err(record.wrong(file, column, index, Problem::NotABoolean)),
    }
}
