//! From text to values, with errors that name the field.

use std::str::FromStr;

use geo::{CoordinateError, LatLon};

use super::error::{Problem, TableError};
use super::record::Record;
use contract::PhotoId;

/// A field's text, or nothing if it is empty.
pub(super) fn optional(record: &Record, index: usize) -> Option<&str> {
    Some(record.get(index)).filter(|text| !text.is_empty())
}

/// The id, as it is written.
pub(super) fn id(file: &str, record: &Record, index: usize) -> Result<PhotoId, TableError> {
    match record.get(index) {
        blank if blank.trim().is_empty() => Err(record.wrong(file, "IMG_ID", index, Problem::Empty)),
        id => Ok(PhotoId(id.to_owned())),
    }
}

/// A number; nothing if the field is blank.
pub(super) fn number<T: FromStr>(
    file: &str,
    record: &Record,
    column: &str,
    index: usize,
) -> Result<Option<T>, TableError> {
    match record.get(index).trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(record.wrong(file, column, index, Problem::NotANumber)),
        },
    }
}

/// Latitude and longitude, both required.
pub(super) fn location(
    file: &str,
    record: &Record,
    columns: [&str; 2],
    indices: [usize; 2],
) -> Result<LatLon, TableError> {
    match optional_location(file, record, columns, indices)? {
        Some(location) => Ok(location),
        None => Err(record.wrong(file, columns[0], indices[0], Problem::Empty)),
    }
}

/// Latitude and longitude; nothing if both are blank.
pub(super) fn optional_location(
    file: &str,
    record: &Record,
    columns: [&str; 2],
    indices: [usize; 2],
) -> Result<Option<LatLon>, TableError> {
    let latitude = number(file, record, columns[0], indices[0])?;
    let longitude = number(file, record, columns[1], indices[1])?;
    let wrong = |axis: usize, problem| Err(record.wrong(file, columns[axis], indices[axis], problem));
    match (latitude, longitude) {
        (None, None) => Ok(None),
        (None, Some(_)) => wrong(0, Problem::HalfACoordinate),
        (Some(_), None) => wrong(1, Problem::HalfACoordinate),
        (Some(latitude), Some(longitude)) => match LatLon::new(latitude, longitude) {
            Ok(location) => Ok(Some(location)),
            Err(CoordinateError::Latitude(_)) => wrong(0, Problem::Latitude),
            Err(CoordinateError::Longitude(_)) => wrong(1, Problem::Longitude),
        },
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
