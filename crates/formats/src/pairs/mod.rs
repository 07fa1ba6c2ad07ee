//! The pairs file: queries with the candidates that are to be scored, and the rows of scores.
//!
//! # What it does
//! One JSON object a line. A row says which photo is asked about, which places are in question and which are
//! known to be wrong; [`PairsReader`] reads one row at a time, so that a file of any length fits. A row that is
//! wrong is an error of its own and the next one is read. Coordinates keep the very number that was written:
//! the prompt prints it.
//!
//! # Main types
//! [`PairsRow`], [`PlaceText`] and [`PairCandidate`] are a row; [`PairsReader`] gives [`PairsLine`]s;
//! [`ScoredRow`] is a row of the answer; [`PairsError`] says what is wrong, naming file, line and field.
//!
//! ```
//! use std::path::Path;
//! use formats::pairs::PairsReader;
//!
//! let text = r#"{"id":"a","query":"a.jpg","candidates":[{"lat":48.85,"lon":2.35,"place":"Paris"}]}"#;
//! let mut rows = PairsReader::new(text.as_bytes(), "pairs.jsonl", Path::new("photos"));
//! let row = rows.next().expect("one line").row?;
//! assert_eq!(row.query, Path::new("photos/a.jpg"));
//! # Ok::<(), formats::pairs::PairsError>(())
//! ```

mod error;
mod form;
mod reader;
mod scored;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use geo::LatLon;

pub use error::{PairsError, PairsProblem};
pub use reader::{PairsLine, PairsReader};
pub use scored::ScoredRow;

/// A query photo and the candidates to score.
#[derive(Clone, Debug, PartialEq)]
pub struct PairsRow {
    /// The row's name; no two rows of a file share one.
    pub id: String,
    /// The query photo, resolved from the pairs file's folder.
    pub query: PathBuf,
    /// Places that are known to be wrong. `None` leaves that part of the prompt out, an empty list keeps it.
    pub negatives: Option<Vec<PlaceText>>,
    /// What is to be scored; at least one.
    pub candidates: Vec<PairCandidate<PathBuf>>,
}

/// A position and its name, as they will stand in a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceText {
    /// Where, in the very numbers of the file.
    pub location: LatLon,
    /// What is there, verbatim, never trimmed; `None` for a position without a name, as generated candidates are.
    pub text: Option<String>,
}

/// A candidate as a prompt shows it. `Photo` is how its photo is known: a path in a file, an index in a group.
#[derive(Clone, Debug, PartialEq)]
pub struct PairCandidate<Photo> {
    /// Coordinates and place.
    pub place: PlaceText,
    /// A photo taken there; `None` leaves it out of the prompt.
    pub photo: Option<Photo>,
}
