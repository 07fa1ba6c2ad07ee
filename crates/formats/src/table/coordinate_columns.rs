//! From the columns of coordinates to a place.

use geo::{CoordinateError, LatLon};

use super::angle::{Angle, Axis, Hemisphere, hemisphere, plain};
use super::columns::{Columns, Where};
use super::error::{Problem, TableError};
use super::record::Record;

const AXES: [Axis; 2] = [Axis::Latitude, Axis::Longitude];

/// Reads the coordinates of rows. Names of columns are kept for messages.
#[derive(Clone, Debug)]
pub(super) struct CoordinateColumns {
    place: Where,
    names: [String; 2],
    letter_names: [String; 2],
}

impl CoordinateColumns {
    pub(super) fn new(place: Where, columns: &Columns) -> Self {
        let name = |index: usize| columns.name(index).to_owned();
        let (names, letter_names) = match &place {
            Where::Apart { columns: [latitude, longitude], letters } => (
                [name(*latitude), name(*longitude)],
                letters.map(|index| index.map(name).unwrap_or_default()),
            ),
            Where::Together { column, .. } => ([name(*column), name(*column)], Default::default()),
        };
        Self { place, names, letter_names }
    }

    /// Whether a column belongs to the coordinates.
    pub(super) fn has(&self, index: usize) -> bool {
        match &self.place {
            Where::Apart { columns, .. } => columns.contains(&index),
            Where::Together { column, .. } => *column == index,
        }
    }

    /// Latitude and longitude, both required.
    pub(super) fn location(&self, file: &str, record: &Record) -> Result<LatLon, TableError> {
        match self.optional_location(file, record)? {
            Some(location) => Ok(location),
            None => Err(self.wrong(file, record, 0, Problem::Empty)),
        }
    }

    /// Latitude and longitude; nothing if both are blank.
    pub(super) fn optional_location(
        &self,
        file: &str,
        record: &Record,
    ) -> Result<Option<LatLon>, TableError> {
        match &self.place {
            Where::Apart { columns: [latitude, longitude], letters: [None, None] } => {
                // The common case, without a detour.
                let text = |index: usize| record.get(index).trim().parse::<f64>();
                match (text(*latitude), text(*longitude)) {
                    (Ok(latitude), Ok(longitude)) => {
                        self.checked(file, record, [latitude, longitude]).map(Some)
                    }
                    _ => self.apart(file, record, [*latitude, *longitude], [None, None]),
                }
            }
            Where::Apart { columns, letters } => self.apart(file, record, *columns, *letters),
            Where::Together { column, longitude_first } => {
                let text = plain(record.get(*column));
                if text.is_empty() {
                    return Ok(None);
                }
                let wrong = |problem| self.wrong(file, record, 0, problem);
                let degrees = together(&text, *longitude_first).map_err(wrong)?;
                self.checked(file, record, degrees).map(Some)
            }
        }
    }

    fn apart(
        &self,
        file: &str,
        record: &Record,
        columns: [usize; 2],
        letters: [Option<usize>; 2],
    ) -> Result<Option<LatLon>, TableError> {
        let mut angles = [None, None];
        for (axis, slot) in angles.iter_mut().enumerate() {
            let text = record.get(columns[axis]);
            if !plain(text).is_empty() {
                let angle = Angle::parse(text);
                *slot = Some(angle.map_err(|problem| self.wrong(file, record, axis, problem))?);
            }
        }
        let mut degrees = [0.0; 2];
        let empty = |axis| Err(self.wrong(file, record, axis, Problem::HalfACoordinate));
        match angles {
            [None, None] => return Ok(None),
            [None, Some(_)] => return empty(0),
            [Some(_), None] => return empty(1),
            [Some(latitude), Some(longitude)] => {
                for (axis, angle) in [latitude, longitude].into_iter().enumerate() {
                    let beside = self.letter(file, record, axis, letters[axis])?;
                    degrees[axis] = angle
                        .on(AXES[axis], beside)
                        .map_err(|problem| self.wrong(file, record, axis, problem))?;
                }
            }
        }
        self.checked(file, record, degrees).map(Some)
    }

    /// What a column of its own says about the hemisphere.
    fn letter(
        &self,
        file: &str,
        record: &Record,
        axis: usize,
        column: Option<usize>,
    ) -> Result<Option<Hemisphere>, TableError> {
        let Some(column) = column.filter(|column| !record.get(*column).trim().is_empty()) else {
            return Ok(None);
        };
        let wrong = |problem| record.wrong(file, &self.letter_names[axis], column, problem);
        hemisphere(record.get(column)).map(Some).map_err(wrong)
    }

    fn checked(
        &self,
        file: &str,
        record: &Record,
        [latitude, longitude]: [f64; 2],
    ) -> Result<LatLon, TableError> {
        LatLon::new(latitude, longitude).map_err(|error| match error {
            CoordinateError::Latitude(_) => self.wrong(file, record, 0, Problem::Latitude),
            CoordinateError::Longitude(_) => self.wrong(file, record, 1, Problem::Longitude),
        })
    }

    fn wrong(&self, file: &str, record: &Record, axis: usize, problem: Problem) -> TableError {
        let index = match &self.place {
            Where::Apart { columns, .. } => columns[axis],
            Where::Together { column, .. } => *column,
        };
        record.wrong(file, &self.names[axis], index, problem)
    }
}

/// Latitude and longitude of a text that holds both: `48.85, 2.29`, `(48.85, 2.29)`, `48,85; 2,29`,
/// `48°51'29"N 2°17'40"E`, `POINT(2.29 48.85)`.
fn together(text: &str, longitude_first: bool) -> Result<[f64; 2], Problem> {
    let lower = text.to_ascii_lowercase();
    let (text, longitude_first) = match lower.strip_prefix("point") {
        // Well-known text has the longitude first, whatever the column is called.
        Some(rest) => (text.get(text.len() - rest.len()..).unwrap_or_default(), true),
        None => (text, longitude_first),
    };
    let text = text.trim().trim_start_matches(['(', '[']).trim_end_matches([')', ']']).trim();
    let (first, second) = halves(text).ok_or(Problem::NotCoordinates)?;
    let parse = |text: &str| match text.trim() {
        "" => Err(Problem::NotCoordinates),
        text => Angle::parse(text).map_err(|problem| match problem {
            Problem::NotANumber => Problem::NotCoordinates,
            other => other,
        }),
    };
    let (first, second) = (parse(first)?, parse(second)?);
    let (latitude, longitude) = if longitude_first { (second, first) } else { (first, second) };
    Ok([latitude.on(Axis::Latitude, None)?, longitude.on(Axis::Longitude, None)?])
}

/// The two numbers of a text, if there is one way only to part them.
fn halves(text: &str) -> Option<(&str, &str)> {
    for separator in [";", ", ", ","] {
        match text.matches(separator).count() {
            0 => {}
            1 => return text.split_once(separator),
            // More commas may be decimal ones, with a blank between the numbers.
            _ if separator == "," => break,
            _ => return None,
        }
    }
    if let Some(at) = text.find(['N', 'S', 'n', 's']).filter(|at| *at > 0) {
        return Some(text.split_at(at + 1));
    }
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(first), Some(second), None) => Some((first, second)),
        _ => None,
    }
}
