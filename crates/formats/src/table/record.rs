//! One row of text fields, whatever file it comes from.

use super::error::{Position, Problem, TableError};
use super::notes::TableNote;

/// Fields of a row, in the order of the columns. Reused from row to row.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) position: Position,
    /// All fields, one after another.
    pub(super) text: String,
    /// Where each field ends in `text`, always on a character boundary.
    pub(super) ends: Vec<usize>,
}

impl Record {
    pub(super) fn new() -> Self {
        Self { position: Position::Row(0), text: String::new(), ends: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field; empty when the field does not exist.
    pub(super) fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }

    /// An error about one field.
    pub(super) fn wrong(&self, file: &str, column: &str, index: usize, problem: Problem) -> TableError {
        TableError::Field {
            file: file.to_owned(),
            position: self.position,
            column: column.to_owned(),
            value: self.get(index).to_owned(),
            problem,
        }
    }
}

/// Where records come from.
pub(super) trait Records {
    /// Reads the next row into `record`; false at the end.
    fn read(&mut self, record: &mut Record) -> Result<bool, TableError>;

    /// Also yields rows in which every field is empty: where rows are counted, they count.
    fn keep_blank_rows(&mut self) {}

    /// What was read with care so far.
    fn notes(&self) -> &[TableNote] {
        &[]
    }
}

/// The records of a file, one after another in one buffer.
pub(super) struct Cursor {
    records: Box<dyn Records + Send>,
    /// The row read last.
    pub(super) record: Record,
    ended: bool,
}

impl Cursor {
    pub(super) fn new(records: Box<dyn Records + Send>) -> Self {
        Self { records, record: Record::new(), ended: false }
    }

    pub(super) fn keep_blank_rows(&mut self) {
        self.records.keep_blank_rows();
    }

    pub(super) fn notes(&self) -> &[TableNote] {
        self.records.notes()
    }

    /// Reads the next row into [`Cursor::record`]. `None` at the end of the file, and after an error that nothing can
    /// be read after.
    pub(super) fn advance(&mut self) -> Option<Result<(), TableError>> {
        if self.ended {
            return None;
        }
        let read = self.records.read(&mut self.record);
        self.ended = match &read {
            Ok(more) => !more,
            Err(error) => error.is_final(),
        };
        match read {
            Ok(true) => Some(Ok(())),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}
