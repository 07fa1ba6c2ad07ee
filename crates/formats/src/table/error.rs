//! What can be wrong with a table.

use std::fmt;
use std::io;

use contract::{Diagnose, ErrorKind};
use geo::LatLon;

use super::cause::likely_cause;
use super::file_kind::FileKind;
use super::hint::way_out;
use super::record::Record;

/// Where in a file a row starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    /// Line of a text file, from 1, as an editor counts.
    Line(u64),
    /// Row of a file without lines, from 1, the header not counted.
    Row(u64),
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(formatter, "line {line}"),
            Self::Row(row) => write!(formatter, "row {row}"),
        }
    }
}

/// What a field should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A number is needed.
    NotANumber,
    /// Outside -90 to 90 degrees, or not finite.
    Latitude,
    /// Outside -180 to 180 degrees, or not finite.
    Longitude,
    /// NaN or infinite.
    NotFinite,
    /// Outside 0 to 1.
    NotAProbability,
    /// Neither true nor false.
    NotABoolean,
    /// A distance that is negative or not finite.
    NotADistance,
    /// Empty where a value is needed.
    Empty,
    /// One coordinate is given, this one is not.
    HalfACoordinate,
    /// Not the two numbers that a column of coordinates needs.
    NotCoordinates,
    /// A letter that does not say which half of the Earth is meant.
    Hemisphere,
    /// A latitude that is marked as a longitude.
    IsLongitude,
    /// A longitude that is marked as a latitude.
    IsLatitude,
    /// A sign and a letter, or two letters, that say different things.
    Contradiction,
    /// Sixty or more minutes or seconds.
    Sixty,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotANumber => "is not a number",
            Self::Latitude => "is not a latitude from -90 to 90",
            Self::Longitude => "is not a longitude from -180 to 180",
            Self::NotFinite => "is not a finite number",
            Self::NotAProbability => "is not a probability from 0 to 1",
            Self::NotABoolean => "is neither true nor false",
            Self::NotADistance => "is not a distance of 0 km or more",
            Self::Empty => "must not be empty",
            Self::HalfACoordinate => "must not be empty when the other coordinate is given",
            Self::NotCoordinates => "is not a latitude and a longitude",
            Self::Hemisphere => "does not say which hemisphere",
            Self::IsLongitude => "is a longitude, by its letter",
            Self::IsLatitude => "is a latitude, by its letter",
            Self::Contradiction => "has a sign or a letter that contradicts another",
            Self::Sixty => "has minutes or seconds that are not below 60",
        })
    }
}

/// Why a row has more or fewer fields than the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misaligned {
    /// Commas separate the columns and stand for decimal points, too.
    DecimalCommas,
    /// The row is separated by another character than the header.
    Separator(char),
}

impl Misaligned {
    pub(super) fn likely(record: &Record, expected: usize, separator: u8) -> Option<Self> {
        let fields = (0..record.len()).map(|index| record.get(index).trim());
        if record.len() == 1 {
            let count = |other: &char| record.text.matches(*other).count() + 1;
            let others = [',', ';', '\t', '|'].into_iter().filter(|other| *other != char::from(separator));
            return others
                .map(|other| (count(&other), other))
                .find(|(count, _)| *count == expected)
                .map(|(_, other)| Self::Separator(other));
        }
        let is_whole = |field: &str| {
            let digits = field.trim_start_matches(['-', '+', '\u{2212}']);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let whole = fields.filter(|field| is_whole(field)).count();
        (separator == b',' && record.len() > expected && whole >= 3).then_some(Self::DecimalCommas)
    }
}

impl fmt::Display for Misaligned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DecimalCommas => {
                formatter.write_str("; commas seem to separate the columns and the decimals")
            }
            Self::Separator(separator) => {
                write!(formatter, "; this row is separated by {}", separator_name(*separator))
            }
        }
    }
}

pub(super) const fn separator_name(separator: char) -> &'static str {
    match separator {
        ';' => "semicolons",
        '\t' => "tabs",
        '|' => "vertical bars",
        _ => "commas",
    }
}

/// A table that cannot be read or written. `file` is the name the table was opened by.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file does not open.
    #[error("{file} cannot be opened: {cause}")]
    Open {
        /// The table.
        file: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Reading stopped half-way.
    #[error("{file} cannot be read: {cause}")]
    Read {
        /// The table.
        file: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Not even a header.
    #[error("{file} is empty: it has no header")]
    NoHeader {
        /// The table.
        file: String,
    },
    /// A header and nothing else.
    #[error("{file} has no rows")]
    NoRows {
        /// The table.
        file: String,
    },
    /// Another kind of file.
    #[error("{file} is not a table: it is {kind}")]
    NotATable {
        /// The file.
        file: String,
        /// What it is.
        kind: FileKind,
    },
    /// The header is not in the first line.
    #[error("{file}: the first line does not name the columns; line {line} seems to")]
    HeaderBelow {
        /// The table.
        file: String,
        /// The line that looks like a header, from 1.
        line: u64,
    },
    /// Several columns could be the one that is needed, and none has its exact name.
    #[error("{file} has several columns that may be {wanted}: {}", found.join(", "))]
    AmbiguousColumn {
        /// The table.
        file: String,
        /// The column that is needed.
        wanted: &'static str,
        /// Those that may be it.
        found: Vec<String>,
    },
    /// Required columns are absent.
    #[error("{file} has no column {}; it has {}", missing.join(", "), found.join(", "))]
    MissingColumns {
        /// The table.
        file: String,
        /// Absent columns.
        missing: Vec<&'static str>,
        /// The columns of the file, in order.
        found: Vec<String>,
    },
    /// Two columns for one thing.
    #[error("{file} has two columns for one thing: {first} and {second}")]
    DuplicateColumn {
        /// The table.
        file: String,
        /// The column that comes first.
        first: String,
        /// The other.
        second: String,
    },
    /// A row with more or fewer fields than the header.
    #[error(
        "{file}, {position}: {found} field{}, but the header has {expected}{}",
        if *found == 1 { "" } else { "s" },
        likely.map(|why| why.to_string()).unwrap_or_default()
    )]
    Ragged {
        /// The table.
        file: String,
        /// The row.
        position: Position,
        /// Fields in the header.
        expected: usize,
        /// Fields in the row.
        found: usize,
        /// The likely reason.
        likely: Option<Misaligned>,
    },
    /// A row so long that a quote must have been left open.
    #[error("{file}, {position}: the row has no end within {limit} bytes")]
    Endless {
        /// The table.
        file: String,
        /// Where the row starts.
        position: Position,
        /// The longest row that is read.
        limit: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("{file}, {position}, column {column}: the text is not UTF-8")]
    NotUtf8 {
        /// The table.
        file: String,
        /// The row.
        position: Position,
        /// The column; its number, from 1, in the header.
        column: String,
    },
    /// Bytes that are not text in the encoding of a text file.
    #[error("{file}, {position}, column {column}: the text is not {encoding}")]
    WrongEncoding {
        /// The table.
        file: String,
        /// The row.
        position: Position,
        /// The column; its number, from 1, in the header.
        column: String,
        /// The encoding of the file: `UTF-8` or `UTF-16`.
        encoding: &'static str,
    },
    /// A field that does not hold what its column promises.
    #[error("{file}, {position}, column {column}: {}{problem}{}", quoted(value), because(value, *problem))]
    Field {
        /// The table.
        file: String,
        /// The row.
        position: Position,
        /// The column.
        column: String,
        /// What the field holds.
        value: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The same photo twice, with different values.
    #[error("{file}, {position}, column IMG_ID: \"{id}\" is already in {first}{}", apart(places.as_deref()))]
    DuplicateId {
        /// The table.
        file: String,
        /// The second row.
        position: Position,
        /// The photo.
        id: String,
        /// The first row.
        first: Position,
        /// Where the first and the second row place the photo, if they differ in that: degrees, or nowhere.
        places: Option<Box<[Option<LatLon>; 2]>>,
    },
    /// More rows are wrong than may be passed over.
    #[error("{file}: more than {limit} rows are wrong")]
    TooManyBadRows {
        /// The table.
        file: String,
        /// So many may be.
        limit: u64,
    },
    /// A Parquet column of another type.
    #[error("{file}, column {column}: it holds {found}, where {expected} is needed")]
    WrongType {
        /// The table.
        file: String,
        /// The column.
        column: &'static str,
        /// The type it should have.
        expected: &'static str,
        /// The type it has.
        found: String,
    },
    /// A list that is too short or too long.
    #[error("{file}, {position}, column {column}: the list has {found} entries instead of {expected}")]
    ListLength {
        /// The table.
        file: String,
        /// The row.
        position: Position,
        /// The column; for a list in a list with its index, from 0.
        column: String,
        /// Its length.
        found: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A field that should hold a Python literal and does not.
    #[error("{file}, {position}, column {column}: {why}")]
    Literal {
        /// The table.
        file: String,
        /// The row.
        position: Position,
        /// The column.
        column: String,
        /// What is wrong, and at which character of the field.
        why: String,
    },
    /// A damaged Parquet file, or one with an encoding that is not supported.
    #[error("{file} is not a readable Parquet file: {reason}")]
    Parquet {
        /// The table.
        file: String,
        /// Why, in the decoder's words.
        reason: String,
    },
    /// The table could not be written.
    #[error("{file} cannot be written: {cause}")]
    Write {
        /// The table.
        file: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl TableError {
    /// Whether the rest of the file cannot be read either.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Read { .. } | Self::Endless { .. } | Self::Parquet { .. } | Self::TooManyBadRows { .. }
        )
    }
}

impl Diagnose for TableError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Open { cause, .. } if cause.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Open { .. } | Self::Read { .. } => ErrorKind::Unreadable,
            Self::Write { .. } => ErrorKind::Output,
            _ => ErrorKind::InvalidTable,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(way_out(self))
    }
}

fn quoted(value: &str) -> String {
    const SHOWN: usize = 80;
    if value.is_empty() {
        return String::new();
    }
    let cut: String = value.chars().take(SHOWN).collect();
    let dots = if cut.len() < value.len() { "..." } else { "" };
    format!("\"{}{dots}\" ", cut.escape_debug())
}

fn because(value: &str, problem: Problem) -> String {
    likely_cause(value, problem).map(|cause| format!(": {cause}")).unwrap_or_default()
}

fn apart(places: Option<&[Option<LatLon>; 2]>) -> String {
    let Some([first, second]) = places else { return " with other values".to_owned() };
    let shown = |place: &Option<LatLon>| match place {
        Some(place) => format!("{}, {}", place.latitude(), place.longitude()),
        None => "no place".to_owned(),
    };
    format!(" with another place: {} there, {} here", shown(first), shown(second))
}
