//! Writing tables as CSV, a row at a time. Numbers are written in the shortest form that reads back exactly.

use std::io::{self, Write};

use super::error::TableError;
use super::photos::{PHOTO_COLUMNS, PhotoRow};
use super::predictions::{PredictionRow, confidence_column};
use contract::RADII_KM;

/// Writes a photo table: all of [`PHOTO_COLUMNS`], then extra columns.
pub struct PhotoWriter<W: Write> {
    file: String,
    rows: csv::Writer<W>,
    extra: Vec<String>,
}

impl<W: Write> PhotoWriter<W> {
    /// Writes the header; `name` stands for the file in messages, `extra` names further columns.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn new(name: &str, out: W, extra: &[String]) -> Result<Self, TableError> {
        let mut rows = csv::Writer::from_writer(out);
        let header = PHOTO_COLUMNS.into_iter().chain(extra.iter().map(String::as_str));
        rows.write_record(header).map_err(|error| failed(name, error))?;
        Ok(Self { file: name.to_owned(), rows, extra: extra.to_vec() })
    }

    /// Writes one row; extra columns that were not announced are left out.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn write(&mut self, row: &PhotoRow) -> Result<(), TableError> {
        let columns = PHOTO_COLUMNS.into_iter().map(|column| row.get(column).unwrap_or_default());
        let extra = self.extra.iter().map(|column| row.extra.get(column).unwrap_or_default().into());
        let fields: Vec<_> = columns.chain(extra).collect();
        self.rows
            .write_record(fields.iter().map(|field| field.as_bytes()))
            .map_err(|error| failed(&self.file, error))
    }

    /// Flushes; without it the last rows may be lost unnoticed.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn finish(mut self) -> Result<(), TableError> {
        self.rows.flush().map_err(|cause| TableError::Write { file: self.file, cause })
    }
}

/// Writes a predictions file with all optional columns, then extra ones.
pub struct PredictionWriter<W: Write> {
    file: String,
    rows: csv::Writer<W>,
    extra: usize,
}

impl<W: Write> PredictionWriter<W> {
    /// Writes the header; `name` stands for the file in messages.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn new(name: &str, out: W) -> Result<Self, TableError> {
        Self::with_extra(name, out, &[])
    }

    /// As [`PredictionWriter::new`]; `extra` names further columns, which readers ignore.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn with_extra(name: &str, out: W, extra: &[&str]) -> Result<Self, TableError> {
        let mut rows = csv::Writer::from_writer(out);
        let mut header =
            vec!["IMG_ID".to_owned(), "LAT_pred".to_owned(), "LON_pred".to_owned(), "score".to_owned()];
        header.extend(RADII_KM.map(confidence_column));
        header.push("abstained".to_owned());
        header.extend(extra.iter().map(|column| (*column).to_owned()));
        rows.write_record(&header).map_err(|error| failed(name, error))?;
        Ok(Self { file: name.to_owned(), rows, extra: extra.len() })
    }

    /// Writes one row; its extra fields are empty.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn write(&mut self, row: &PredictionRow) -> Result<(), TableError> {
        self.write_with(row, &[])
    }

    /// Writes one row and its extra fields, in the order of the columns; missing ones are empty.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn write_with(&mut self, row: &PredictionRow, extra: &[&str]) -> Result<(), TableError> {
        fn shown(value: Option<impl ToString>) -> String {
            value.map_or_else(String::new, |value| value.to_string())
        }
        let mut fields = vec![
            row.id.0.clone(),
            shown(row.location.map(geo::LatLon::latitude)),
            shown(row.location.map(geo::LatLon::longitude)),
            shown(row.score),
        ];
        fields.extend(row.confidence.map(shown));
        fields.push(shown(row.abstained));
        fields
            .extend((0..self.extra).map(|column| extra.get(column).copied().unwrap_or_default().to_owned()));
        self.rows.write_record(&fields).map_err(|error| failed(&self.file, error))
    }

    /// Pushes the rows so far to the output, for readers that follow along.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn flush(&mut self) -> Result<(), TableError> {
        self.rows.flush().map_err(|cause| TableError::Write { file: self.file.clone(), cause })
    }

    /// Flushes; without it the last rows may be lost unnoticed.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn finish(mut self) -> Result<(), TableError> {
        self.flush()
    }
}

fn failed(file: &str, error: csv::Error) -> TableError {
    let cause = match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    };
    TableError::Write { file: file.to_owned(), cause }
}
