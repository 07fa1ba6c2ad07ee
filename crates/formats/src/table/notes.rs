//! What was read with care: nothing is wrong, and the user should know.

use std::fmt;

use super::error::Position;

/// A remark on a table that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableNote {
    /// Text that is not UTF-8 was taken for Windows-1252.
    Windows1252 {
        /// The table.
        file: String,
        /// The first such row.
        position: Position,
    },
    /// Rows that repeat another one exactly were read once.
    Repeated {
        /// The table.
        file: String,
        /// How many rows were passed over.
        rows: u64,
        /// The first of them.
        position: Position,
        /// The row it repeats.
        first: Position,
    },
}

impl fmt::Display for TableNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Windows1252 { file, position } => write!(
                formatter,
                "{file}, {position}: the text is not UTF-8 and was read as Windows-1252; if names look wrong, save \
                 the table as UTF-8"
            ),
            Self::Repeated { file, rows: 1, position, first } => {
                write!(formatter, "{file}, {position}: repeats {first} and was read once")
            }
            Self::Repeated { file, rows, position, first } => write!(
                formatter,
                "{file}: {rows} rows repeat others and were read once; the first is {position}, which repeats {first}"
            ),
        }
    }
}
