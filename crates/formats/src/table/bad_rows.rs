//! Rows that are wrong are named and passed over, where the user asked for that.

use super::error::TableError;

/// What happens to rows that are wrong: each is reported, up to a limit.
pub struct BadRows<'a> {
    report: &'a mut dyn FnMut(&TableError),
    limit: u64,
    count: u64,
}

impl std::fmt::Debug for BadRows<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("BadRows")
            .field("limit", &self.limit)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl<'a> BadRows<'a> {
    /// Reports any number of wrong rows.
    pub fn new(report: &'a mut dyn FnMut(&TableError)) -> Self {
        Self { report, limit: u64::MAX, count: 0 }
    }

    /// Gives up after so many; with 0 the first wrong row is the error.
    #[must_use]
    pub const fn at_most(mut self, rows: u64) -> Self {
        self.limit = rows;
        self
    }

    /// How many rows were passed over.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Passes over a wrong row.
    ///
    /// # Errors
    /// The error itself if nothing can be read after it or no row may be wrong; [`TableError::TooManyBadRows`].
    pub fn pass(&mut self, file: &str, error: TableError) -> Result<(), TableError> {
        if error.is_final() || self.limit == 0 {
            return Err(error);
        }
        (self.report)(&error);
        if self.count == self.limit {
            return Err(TableError::TooManyBadRows { file: file.to_owned(), limit: self.limit });
        }
        self.count += 1;
        Ok(())
    }
}

/// The rows of a table that are right: see [`PhotoTable::skipping_bad_rows`](super::PhotoTable::skipping_bad_rows).
/// What it yields as an error ends the table.
#[derive(Debug)]
pub struct GoodRows<'b, 'a, I> {
    file: String,
    rows: I,
    bad: &'b mut BadRows<'a>,
    ended: bool,
}

impl<'b, 'a, I> GoodRows<'b, 'a, I> {
    /// Of any rows; `file` names the table in messages.
    pub fn new(file: impl Into<String>, rows: I, bad: &'b mut BadRows<'a>) -> Self {
        Self { file: file.into(), rows, bad, ended: false }
    }

    /// The table that the rows come from.
    pub const fn table(&self) -> &I {
        &self.rows
    }
}

impl<T, I: Iterator<Item = Result<T, TableError>>> Iterator for GoodRows<'_, '_, I> {
    type Item = Result<T, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let error = match self.rows.next()? {
                Ok(row) => return Some(Ok(row)),
                Err(error) => error,
            };
            if let Err(error) = self.bad.pass(&self.file, error) {
                self.ended = true;
                return Some(Err(error));
            }
        }
        None
    }
}
