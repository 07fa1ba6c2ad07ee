//! What can be wrong with a pairs file.

use std::fmt;
use std::io;

use contract::{Diagnose, ErrorKind, closest_name};

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq)]
pub enum PairsProblem {
    /// It is required.
    Missing,
    /// It is empty where a value is needed.
    Empty,
    /// It is given twice.
    Twice,
    /// No such field is known.
    Unknown {
        /// The fields there are.
        known: Vec<String>,
    },
    /// It holds another kind of value.
    NotA {
        /// What it should hold.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// Outside -90 to 90 degrees.
    Latitude(f64),
    /// Outside -180 to 180 degrees.
    Longitude(f64),
}

impl fmt::Display for PairsProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("is missing"),
            Self::Empty => formatter.write_str("must not be empty"),
            Self::Twice => formatter.write_str("is given twice"),
            Self::Unknown { .. } => formatter.write_str("is not a field of this format"),
            Self::NotA { expected, found } => write!(formatter, "is {found}, not {expected}"),
            Self::Latitude(value) => write!(formatter, "{value} is not a latitude from -90 to 90"),
            Self::Longitude(value) => write!(formatter, "{value} is not a longitude from -180 to 180"),
        }
    }
}

/// A pairs file or a row of it that cannot be used. `file` is the name it was opened by, `line` counts from 1.
#[derive(Debug, thiserror::Error)]
pub enum PairsError {
    /// The file does not open.
    #[error("{file} cannot be opened: {cause}")]
    Open {
        /// The pairs file.
        file: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Reading stopped half-way; no more rows follow.
    #[error("{file}, line {line}: cannot be read: {cause}")]
    Read {
        /// The pairs file.
        file: String,
        /// The line.
        line: usize,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A line that no row needs.
    #[error("{file}, line {line}: the line is longer than {limit} bytes")]
    TooLong {
        /// The pairs file.
        file: String,
        /// The line.
        line: usize,
        /// The longest line that is read.
        limit: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("{file}, line {line}: the text is not UTF-8")]
    NotUtf8 {
        /// The pairs file.
        file: String,
        /// The line.
        line: usize,
    },
    /// Text that is not JSON.
    #[error("{file}, line {line}, column {column}: not JSON: {reason}")]
    Syntax {
        /// The pairs file.
        file: String,
        /// The line.
        line: usize,
        /// Where in the line, in bytes from 1.
        column: usize,
        /// Why, in the parser's words.
        reason: String,
    },
    /// A field that does not hold what it should.
    #[error("{file}, line {line}: {} {problem}", if field.is_empty() { "the row" } else { field })]
    Field {
        /// The pairs file.
        file: String,
        /// The line.
        line: usize,
        /// The field, such as `candidates[3].lat`; empty for the row itself.
        field: String,
        /// What is wrong.
        problem: PairsProblem,
    },
    /// The same id twice.
    #[error("{file}, line {line}: id {id:?} is already in line {first}")]
    DuplicateId {
        /// The pairs file.
        file: String,
        /// The second line.
        line: usize,
        /// The id.
        id: String,
        /// The first line.
        first: usize,
    },
    /// Nothing to score.
    #[error("{file}, line {line}: row {id:?} has no candidates")]
    NoCandidates {
        /// The pairs file.
        file: String,
        /// The line.
        line: usize,
        /// The row.
        id: String,
    },
}

impl PairsError {
    /// Whether the rest of the file cannot be read either.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Read { .. })
    }
}

impl Diagnose for PairsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Open { cause, .. } if cause.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Open { .. } | Self::Read { .. } => ErrorKind::Unreadable,
            Self::NoCandidates { .. } => ErrorKind::NoCandidates,
            _ => ErrorKind::InvalidTable,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Open { .. } | Self::Read { .. } => "check the path and its permissions".into(),
            Self::TooLong { .. } | Self::Syntax { .. } => "write one JSON object per line".into(),
            Self::NotUtf8 { .. } => "save the file as UTF-8".into(),
            Self::Field { field, problem, .. } => field_hint(field, problem),
            Self::DuplicateId { .. } => "give every row its own id".into(),
            Self::NoCandidates { .. } => "give at least one candidate, or remove the row".into(),
        })
    }
}

fn field_hint(field: &str, problem: &PairsProblem) -> String {
    let name = field.rsplit('.').next().unwrap_or(field);
    match problem {
        PairsProblem::Unknown { known } => match closest(name, known) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("the fields here are {}", known.join(", ")),
        },
        PairsProblem::Missing => match name {
            "candidates" | "query" | "id" => {
                "a row is {\"id\", \"query\", \"negatives\", \"candidates\"}; only negatives may be left out"
                    .into()
            }
            _ => format!("give {name} in degrees"),
        },
        PairsProblem::Empty if name == "photo" => "write null where there is no photo".into(),
        PairsProblem::Twice => "keep one of the two".into(),
        PairsProblem::NotA { expected, found } if expected == "a number" => {
            match found.trim_matches('"').parse::<f64>() {
                Ok(value) if value.is_finite() => "write the number without quotes".into(),
                _ => format!("give {name} in degrees"),
            }
        }
        PairsProblem::NotA { found, .. } if name == "id" => {
            format!("put the id into quotes: \"{found}\"")
        }
        PairsProblem::Latitude(value) if (-180.0..=180.0).contains(value) => {
            "lat is degrees north, lon degrees east: perhaps the two are swapped".into()
        }
        PairsProblem::Longitude(_) => "bring lon into -180 to 180 degrees east".into(),
        _ => format!("correct {} in that row", if field.is_empty() { "the object" } else { field }),
    }
}

/// The known name that was probably meant.
fn closest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let lower = name.to_ascii_lowercase();
    let other_name = match lower.as_str() {
        "latitude" => "lat",
        "longitude" | "long" | "lng" => "lon",
        "image" | "path" | "img" => "photo",
        "text" | "name" => "place",
        "query_image" | "query_photo" => "query",
        "img_id" | "query_id" => "id",
        _ => "",
    };
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    known.iter().find(|known| **known == other_name).copied().or_else(|| closest_name(name, &known))
}
