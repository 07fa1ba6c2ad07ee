//! Predictions: where a method says photos were taken.

use std::io::Read;
use std::path::Path;

use geo::LatLon;

use super::bad_rows::{BadRows, GoodRows};
use super::columns::Columns;
use super::coordinate_columns::CoordinateColumns;
use super::csv_records::CsvRecords;
use super::error::{Position, Problem, TableError};
use super::fields::{boolean, id, number};
use super::notes::TableNote;
use super::open::open_file;
use super::record::Cursor;
use super::roles::Purpose;
use super::unique::{PhotoKey, WholeTable, unique};
use contract::{PhotoId, RADII_KM};

/// One prediction. The last four fields come from optional columns.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionRow {
    /// The row's `IMG_ID`, never empty.
    pub id: PhotoId,
    /// `LAT_pred`, `LON_pred`. Both empty say that the method gave no answer: that counts as a miss, like a
    /// row that is not there.
    pub location: Option<LatLon>,
    /// The best candidate's score, finite.
    pub score: Option<f32>,
    /// `confidence_1km` to `confidence_2500km`, in the order of [`RADII_KM`]: 0 to 1, or unknown.
    pub confidence: [Option<f64>; 5],
    /// Whether the method says that its answer is not to be relied on.
    pub abstained: Option<bool>,
    /// Where the row is in its file; `Line(0)` for a row that was never in one.
    pub position: Position,
}

impl PredictionRow {
    /// A location and nothing else.
    pub fn new(id: impl Into<PhotoId>, location: LatLon) -> Self {
        Self {
            id: id.into(),
            location: Some(location),
            score: None,
            confidence: [None; 5],
            abstained: None,
            position: Position::Line(0),
        }
    }
}

impl PhotoKey for PredictionRow {
    fn id(&self) -> &PhotoId {
        &self.id
    }

    fn position(&self) -> Position {
        self.position
    }

    fn place(&self) -> Option<LatLon> {
        self.location
    }

    fn is_same(&self, other: &Self) -> bool {
        *self == Self { position: self.position, ..other.clone() }
    }
}

/// The name of the confidence column of a radius.
pub(super) fn confidence_column(radius_km: f64) -> String {
    format!("confidence_{radius_km}km")
}

/// A predictions file, row by row, in constant memory. After a row that is wrong the iterator continues with
/// the next one. Columns it does not know are ignored.
pub struct PredictionTable {
    file: String,
    cursor: Cursor,
    id: usize,
    id_name: String,
    coordinates: CoordinateColumns,
    score: Option<usize>,
    confidence: [Option<usize>; 5],
    abstained: Option<usize>,
}

impl std::fmt::Debug for PredictionTable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PredictionTable").field("file", &self.file).finish_non_exhaustive()
    }
}

impl PredictionTable {
    /// Opens a CSV file.
    ///
    /// # Errors
    /// A file that does not open, has no header, or lacks `IMG_ID`, `LAT_pred` or `LON_pred`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TableError> {
        let (name, file) = open_file(path.as_ref())?;
        Self::from_csv(&name, file)
    }

    /// Reads CSV from anywhere; `name` stands for the file in messages.
    ///
    /// # Errors
    /// As [`PredictionTable::open`].
    pub fn from_csv(name: &str, input: impl Read + Send + 'static) -> Result<Self, TableError> {
        let records = CsvRecords::new(name, Box::new(input), Purpose::Predictions)?;
        let columns: &Columns = records.columns();
        let (id, place) = columns.require(name, Purpose::Predictions)?;
        let mut confidence = [None; 5];
        for (slot, radius) in confidence.iter_mut().zip(RADII_KM) {
            *slot = columns.find_loosely(name, &[&confidence_column(radius)])?;
        }
        Ok(Self {
            file: name.to_owned(),
            id,
            id_name: columns.name(id).to_owned(),
            coordinates: CoordinateColumns::new(place, columns),
            score: columns.find_loosely(name, &["score"])?,
            confidence,
            abstained: columns.find_loosely(name, &["abstained"])?,
            cursor: Cursor::new(Box::new(records)),
        })
    }

    /// Whether the file has a confidence column for every one of [`RADII_KM`].
    pub fn has_confidence(&self) -> bool {
        self.confidence.iter().all(Option::is_some)
    }

    /// The file's name in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What the user should know about the rows that were read so far.
    pub fn notes(&self) -> &[TableNote] {
        self.cursor.notes()
    }

    /// The rows that are right; the others are reported and counted in `bad`.
    pub fn skipping_bad_rows<'b, 'a>(self, bad: &'b mut BadRows<'a>) -> GoodRows<'b, 'a, Self> {
        GoodRows::new(self.file.clone(), self, bad)
    }

    /// Reads the rest of the file into memory. A row that repeats another exactly is read once.
    ///
    /// # Errors
    /// As [`read_predictions`].
    pub fn read_all(self) -> Result<Vec<PredictionRow>, TableError> {
        Ok(self.read_whole(&mut BadRows::new(&mut |_| {}).at_most(0))?.rows)
    }

    /// As [`PredictionTable::read_all`], with notes and without the rows that are wrong. Of two rows that differ on one
    /// photo, the first stays.
    ///
    /// # Errors
    /// What ends the file, and more wrong rows than `bad` allows.
    pub fn read_whole(mut self, bad: &mut BadRows<'_>) -> Result<WholeTable<PredictionRow>, TableError> {
        let file = self.file.clone();
        let mut whole = unique(&file, &mut self, bad)?;
        whole.notes.extend_from_slice(self.notes());
        Ok(whole)
    }

    fn row(&self) -> Result<PredictionRow, TableError> {
        let (file, record) = (self.file.as_str(), &self.cursor.record);
        let mut confidence = [None; 5];
        for ((slot, column), radius) in confidence.iter_mut().zip(self.confidence).zip(RADII_KM) {
            let Some(index) = column else { continue };
            let name = confidence_column(radius);
            *slot = number::<f64>(file, record, &name, index)?;
            if slot.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                return Err(record.wrong(file, &name, index, Problem::NotAProbability));
            }
        }
        let score = match self.score {
            Some(index) => match number::<f32>(file, record, "score", index)? {
                Some(score) if !score.is_finite() => {
                    return Err(record.wrong(file, "score", index, Problem::NotFinite));
                }
                score => score,
            },
            None => None,
        };
        Ok(PredictionRow {
            id: id(file, record, &self.id_name, self.id)?,
            location: self.coordinates.optional_location(file, record)?,
            score,
            confidence,
            abstained: match self.abstained {
                Some(index) => boolean(file, record, "abstained", index)?,
                None => None,
            },
            position: record.position,
        })
    }
}

impl Iterator for PredictionTable {
    type Item = Result<PredictionRow, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.cursor.advance()?;
        Some(read.and_then(|()| self.row()))
    }
}

/// Reads a whole predictions file into memory.
///
/// # Errors
/// The first thing that is wrong, an `IMG_ID` with different values included.
pub fn read_predictions(path: impl AsRef<Path>) -> Result<Vec<PredictionRow>, TableError> {
    PredictionTable::open(path)?.read_all()
}
