//! What can be wrong with a table.

use std::fmt;
use std::io;

use contract::{Diagnose, ErrorKind};

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
    /// Empty where a value is needed.
    Empty,
    /// One coordinate is given, this one is not.
    HalfACoordinate,
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
            Self::Empty => "must not be empty",
            Self::HalfACoordinate => "must not be empty when the other coordinate is given",
        })
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
    #[error("{file}, {position}: {found} fields, but the header has {expected}")]
    Ragged {
        /// The table.
        file: String,
        /// The row.
        position: Position,
        /// Fields in the header.
        expected: usize,
        /// Fields in the row.
        found: usize,
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
    /// A field that does not hold what its column promises.
    #[error("{file}, {position}, column {column}: {}{problem}", quoted(value))]
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
    /// The same photo twice.
    #[error("{file}, {position}, column IMG_ID: \"{id}\" is already in {first}")]
    DuplicateId {
        /// The table.
        file: String,
        /// The second row.
        position: Position,
        /// The photo.
        id: String,
        /// The first row.
        first: Position,
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
        matches!(self, Self::Read { .. } | Self::Endless { .. } | Self::Parquet { .. })
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
        Some(match self {
            Self::MissingColumns { missing, found, .. } => missing_hint(missing, found),
            Self::NoHeader { .. } => "the first line names the columns, for example IMG_ID,LAT,LON".into(),
            Self::NoRows { .. } => "the first line is the header; the rows come after it".into(),
            Self::DuplicateColumn { .. } => "rename or remove one of the two columns".into(),
            Self::Ragged { .. } | Self::Endless { .. } => {
                "put quotes around fields that hold commas or line breaks, double quotes inside them, and close \
                 every quote"
                    .into()
            }
            Self::NotUtf8 { .. } => "save the table as UTF-8".into(),
            Self::Field { value, problem: Problem::NotANumber, .. } if value.contains(',') => {
                "write decimals with a point".into()
            }
            Self::Field { problem: Problem::Latitude, value, .. } if swapped(value) => {
                "LAT is degrees north, LON degrees east: perhaps the two are swapped".into()
            }
            Self::Field { problem: Problem::Longitude, .. } => "bring LON into -180 to 180 degrees east".into(),
            Self::Field { column, problem: Problem::HalfACoordinate, .. } => format!(
                "give {column} too, or leave both coordinates empty to say that there is no prediction"
            ),
            Self::Field { column, .. } => format!("correct {column} in that row, or remove the row"),
            Self::DuplicateId { .. } => "keep one row per photo".into(),
            Self::WrongType { column, expected, .. } => format!("write {column} as {expected}"),
            Self::ListLength { column, .. } if column.contains("gps") && !column.ends_with("gps") => {
                "a coordinate is [latitude, longitude]".into()
            }
            Self::ListLength { column, .. } if column.ends_with("_lis") => {
                "the candidate_ lists of a row need one entry per candidate".into()
            }
            Self::Literal { column, .. } => {
                format!("{column} holds lists as Python prints them; correct that row, or remove it")
            }
            Self::ListLength { .. } => "all ref_ lists of a row need one entry per candidate".into(),
            Self::Parquet { .. } => "write the table again, as Parquet with snappy or zstd, or as CSV".into(),
            Self::Open { .. } | Self::Read { .. } => "check the path and its permissions".into(),
            Self::Write { .. } => "check the disk's free space and the permissions".into(),
        })
    }
}

fn swapped(latitude: &str) -> bool {
    latitude.trim().parse::<f64>().is_ok_and(|value| (-180.0..=180.0).contains(&value))
}

fn missing_hint(missing: &[&'static str], found: &[String]) -> String {
    if let [only] = found
        && let Some(separator) = only.chars().find(|c| matches!(c, ';' | '\t'))
    {
        let name = if separator == ';' { "semicolons" } else { "tabs" };
        return format!("the columns are separated by {name}: separate them by commas");
    }
    for wanted in missing {
        let long = match *wanted {
            "LAT" => "latitude",
            "LON" => "longitude",
            "LAT_pred" => "latitude_pred",
            "LON_pred" => "longitude_pred",
            _ => "id",
        };
        let is_like = |name: &&String| name.eq_ignore_ascii_case(wanted) || name.eq_ignore_ascii_case(long);
        if let Some(like) = found.iter().find(is_like) {
            return format!("rename {like} to {wanted}");
        }
    }
    format!("name the columns exactly so: {}", missing.join(", "))
}
