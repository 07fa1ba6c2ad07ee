//! Why an evaluation could not be made.

use contract::{Diagnose, ErrorKind};
use formats::table::TableError;
use geo::metrics::UnpairedError;

use crate::SelectionError;

/// Why an evaluation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    /// A table that cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A filter that cannot be read.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// Nothing to judge.
    #[error("no predictions file is given")]
    NoPredictions,
    /// Files are told apart by their names.
    #[error("the predictions file {file} is given twice")]
    GivenTwice {
        /// The file.
        file: String,
    },
    /// A truth table without rows.
    #[error("{truth} holds no photos")]
    EmptyTruth {
        /// The truth table.
        truth: String,
    },
    /// A column to break down by or to filter by that is not in the truth.
    #[error("{truth} has no column {column}; it has {}", found.join(", "))]
    UnknownColumn {
        /// The truth table.
        truth: String,
        /// The column asked for.
        column: String,
        /// The columns it has.
        found: Vec<String>,
    },
    /// A filter that leaves nothing.
    #[error("no photo of {truth} fits {selection}")]
    NothingSelected {
        /// The truth table.
        truth: String,
        /// The filter.
        selection: String,
        /// What the filtered columns hold: column and some values.
        values: Vec<(String, Vec<String>)>,
    },
    /// Predictions of other photos, or under other names.
    #[error(
        "no IMG_ID of {predictions} is in {truth}: the predictions are for {}, the truth has {}",
        quoted(predicted),
        quoted(known)
    )]
    NothingMatches {
        /// The predictions file.
        predictions: String,
        /// The truth table.
        truth: String,
        /// The first ids of the predictions, at most two.
        predicted: Vec<String>,
        /// The first ids of the truth, at most two.
        known: Vec<String>,
        /// Ids that could not be matched because several fit, in words.
        ambiguous: Option<String>,
    },
    /// Calibration of predictions that state no confidence.
    #[error("{predictions} states no confidence for any photo of the truth")]
    NoConfidence {
        /// The predictions file.
        predictions: String,
    },
    /// Two methods judged on different photos.
    #[error(transparent)]
    Unpaired(#[from] UnpairedError),
}

impl Diagnose for EvaluateError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Table(error) => error.kind(),
            Self::EmptyTruth { .. } | Self::NothingMatches { .. } | Self::NoConfidence { .. } => {
                ErrorKind::InvalidTable
            }
            Self::Unpaired(_) => ErrorKind::Internal,
            _ => ErrorKind::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Table(error) => return error.hint(),
            Self::Selection(_) => {
                "write column=value or column!=value, several joined by commas, values with commas in double quotes"
                    .into()
            }
            Self::NoPredictions => "name at least one predictions file".into(),
            Self::GivenTwice { .. } => "name each file once".into(),
            Self::EmptyTruth { .. } => "give a photo table with at least one row".into(),
            Self::UnknownColumn { .. } => "choose one of the columns of the truth".into(),
            Self::NothingSelected { values, .. } => {
                let shown = values.iter().map(|(column, values)| format!("{column} holds {}", values.join(", ")));
                shown.collect::<Vec<_>>().join("; ")
            }
            Self::NothingMatches { ambiguous: Some(example), .. } => {
                format!("write whole paths as `IMG_ID` in both files; now {example}")
            }
            Self::NothingMatches { ambiguous: None, .. } => {
                "give the predictions and the truth of the same photos: an `IMG_ID` matches when both are equal, or \
                 when one path is the end of the other"
                    .into()
            }
            Self::NoConfidence { .. } => {
                "leave calibration out, or give predictions with the columns confidence_1km to confidence_2500km"
                    .into()
            }
            Self::Unpaired(_) => "compare methods that were joined with the same truth".into(),
        })
    }
}

fn quoted(ids: &[String]) -> String {
    ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(" and ")
}
