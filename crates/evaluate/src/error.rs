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
            Self::EmptyTruth { .. } | Self::NoConfidence { .. } => ErrorKind::InvalidTable,
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
            Self::NoConfidence { .. } => {
                "leave calibration out, or give predictions with the columns confidence_1km to confidence_2500km"
                    .into()
            }
            Self::Unpaired(_) => "compare methods that were joined with the same truth".into(),
        })
    }
}
