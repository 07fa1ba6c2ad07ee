//! Reading a ranking dataset, row by row.

use std::collections::VecDeque;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Fields};
use parquet::errors::ParquetError;

use super::REQUIRED_COLUMNS;
use super::nested::{List, lists, numbers, texts};
use super::row::{RankingRow, list_length, wrong};
use crate::table::open::open_file;
use crate::table::parquet_batches::Batches;
use crate::table::parquet_records::broken;
use crate::table::{Position, Problem, TableError};

/// Rows decoded at a time.
const BATCH: usize = 256;

/// The columns, those that may be missing last, and what they hold.
const COLUMNS: [(&str, Expected); 8] = [
    ("img_id", Expected::Text(0)),
    ("gps", Expected::Number(1)),
    ("ref_gps", Expected::Number(2)),
    ("ref_img_id", Expected::Text(1)),
    ("ref_texts", Expected::Text(2)),
    ("ref_origin", Expected::Text(1)),
    ("ref_similarity", Expected::Number(1)),
    ("author", Expected::Text(0)),
];

/// A ranking dataset, row by row. After a row that is wrong the iterator continues with the next one; it ends when the
/// file cannot be read on.
pub struct RankingReader {
    file: String,
    batches: Batches,
    decoded: VecDeque<RawRow>,
    row: u64,
    ended: bool,
}

/// A row as it is in the file; `None` is null.
#[derive(Default)]
struct RawRow {
    img_id: Text,
    gps: List<Option<f64>>,
    ref_gps: List<List<Option<f64>>>,
    ref_img_id: List<Text>,
    ref_texts: List<List<Text>>,
    ref_origin: List<Text>,
    ref_similarity: List<Option<f64>>,
    author: Text,
}

type Text = Option<Vec<u8>>;

impl std::fmt::Debug for RankingReader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RankingReader").field("file", &self.file).finish_non_exhaustive()
    }
}

impl RankingReader {
    /// Opens a Parquet file and checks its columns.
    ///
    /// # Errors
    /// A file that does not open or is not a Parquet file, [`TableError::MissingColumns`], [`TableError::WrongType`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TableError> {
        let (file, opened) = open_file(path.as_ref())?;
        let is_ours = |first: &String| COLUMNS.iter().any(|(name, _)| name == first);
        let batches =
            Batches::open(opened, BATCH, |column| column.path().parts().first().is_some_and(is_ours))
                .map_err(|error| broken(&file, &error))?;
        let found = batches.column_names();
        let is_missing = |wanted: &&str| batches.fields().find(wanted).is_none();
        let missing: Vec<&'static str> = REQUIRED_COLUMNS.into_iter().filter(is_missing).collect();
        if !missing.is_empty() {
            return Err(TableError::MissingColumns { file, missing, found });
        }
        check(&file, batches.fields())?;
        Ok(Self { file, batches, decoded: VecDeque::new(), row: 0, ended: false })
    }

    /// Number of rows in the file, as its footer says.
    pub fn row_count(&self) -> u64 {
        self.batches.row_count()
    }

    /// Whether the file says who took the query photos.
    pub fn has_authors(&self) -> bool {
        self.batches.fields().find("author").is_some()
    }

    /// Decodes some rows; false at the end of the file.
    fn decode(&mut self) -> Result<bool, ParquetError> {
        let Some(batch) = self.batches.next()? else { return Ok(false) };
        self.decoded = raw_rows(&batch);
        Ok(true)
    }
}

impl Iterator for RankingReader {
    type Item = Result<RankingRow, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if self.decoded.is_empty() {
            match self.decode() {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    return None;
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(broken(&self.file, &error)));
                }
            }
        }
        let raw = self.decoded.pop_front()?;
        self.row += 1;
        Some(raw.finish(&self.file, Position::Row(self.row)))
    }
}

fn raw_rows(batch: &RecordBatch) -> VecDeque<RawRow> {
    let mut rows: VecDeque<RawRow> = (0..batch.num_rows()).map(|_| RawRow::default()).collect();
    let column = |name| batch.column_by_name(name).map(AsRef::as_ref);
    fill(&mut rows, column("img_id").map(texts), |row| &mut row.img_id);
    fill(&mut rows, column("gps").map(|column| lists(column, numbers)), |row| &mut row.gps);
    let pairs = column("ref_gps").map(|column| lists(column, |pairs| lists(pairs, numbers)));
    fill(&mut rows, pairs, |row| &mut row.ref_gps);
    fill(&mut rows, column("ref_img_id").map(|column| lists(column, texts)), |row| &mut row.ref_img_id);
    let places = column("ref_texts").map(|column| lists(column, |fields| lists(fields, texts)));
    fill(&mut rows, places, |row| &mut row.ref_texts);
    fill(&mut rows, column("ref_origin").map(|column| lists(column, texts)), |row| &mut row.ref_origin);
    let similarities = column("ref_similarity").map(|column| lists(column, numbers));
    fill(&mut rows, similarities, |row| &mut row.ref_similarity);
    fill(&mut rows, column("author").map(texts), |row| &mut row.author);
    rows
}

fn fill<T>(rows: &mut VecDeque<RawRow>, fields: Option<Vec<T>>, slot: impl Fn(&mut RawRow) -> &mut T) {
    for (row, field) in rows.iter_mut().zip(fields.into_iter().flatten()) {
        *slot(row) = field;
    }
}

/// What a column must hold, and how deep in lists.
#[derive(Clone, Copy)]
enum Expected {
    Text(usize),
    Number(usize),
}

impl Expected {
    const fn name(self) -> &'static str {
        match self {
            Self::Text(0) => "a string",
            Self::Text(1) => "a list of strings",
            Self::Text(_) => "a list of lists of strings",
            Self::Number(0) => "a double",
            Self::Number(1) => "a list of doubles",
            Self::Number(_) => "a list of lists of doubles",
        }
    }

    fn fits(self, found: &DataType) -> bool {
        match (self, found) {
            (Self::Text(depth), DataType::List(item)) if depth > 0 => {
                Self::Text(depth - 1).fits(item.data_type())
            }
            (Self::Number(depth), DataType::List(item)) if depth > 0 => {
                Self::Number(depth - 1).fits(item.data_type())
            }
            (Self::Text(0), DataType::Binary) | (Self::Number(0), DataType::Float32 | DataType::Float64) => {
                true
            }
            _ => false,
        }
    }
}

fn check(file: &str, fields: &Fields) -> Result<(), TableError> {
    for (column, expected) in COLUMNS {
        let mut found = fields.iter().filter(|field| field.name() == column);
        let Some(field) = found.next() else { continue };
        if found.next().is_some() {
            let name = column.to_owned();
            return Err(TableError::DuplicateColumn {
                file: file.to_owned(),
                first: name.clone(),
                second: name,
            });
        }
        if !expected.fits(field.data_type()) {
            let (expected, found) = (expected.name(), name_of(field.data_type()));
            return Err(TableError::WrongType { file: file.to_owned(), column, expected, found });
        }
    }
    Ok(())
}

/// A type as users of data frames know it.
fn name_of(found: &DataType) -> String {
    match found {
        DataType::List(item) => format!("list<{}>", name_of(item.data_type())),
        DataType::Binary => "string".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Struct(_) => "struct".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

impl RawRow {
    fn finish(self, file: &str, position: Position) -> Result<RankingRow, TableError> {
        let text = |bytes: Option<Vec<u8>>, column: &str| {
            String::from_utf8(bytes.unwrap_or_default()).map_err(|_| TableError::NotUtf8 {
                file: file.to_owned(),
                position,
                column: column.to_owned(),
            })
        };
        let texts = |list: Vec<Option<Vec<u8>>>, column: &str| {
            list.into_iter().map(|item| text(item, column)).collect::<Result<Vec<_>, _>>()
        };
        let author = self.author.map(|author| text(Some(author), "author")).transpose()?;
        let row = RankingRow {
            img_id: text(self.img_id, "img_id")?,
            gps: coordinate(file, position, "gps", self.gps.as_deref().unwrap_or_default())?,
            ref_gps: self
                .ref_gps
                .unwrap_or_default()
                .iter()
                .enumerate()
                .map(|(index, pair)| {
                    coordinate(
                        file,
                        position,
                        &format!("ref_gps[{index}]"),
                        pair.as_deref().unwrap_or_default(),
                    )
                })
                .collect::<Result<_, _>>()?,
            ref_img_id: texts(self.ref_img_id.unwrap_or_default(), "ref_img_id")?,
            ref_texts: self
                .ref_texts
                .unwrap_or_default()
                .into_iter()
                .map(|fields| texts(fields.unwrap_or_default(), "ref_texts"))
                .collect::<Result<_, _>>()?,
            ref_origin: self.ref_origin.map(|list| texts(list, "ref_origin")).transpose()?,
            ref_similarity: self
                .ref_similarity
                .map(|list| list.into_iter().map(|value| value.map_or(f32::NAN, |v| v as f32)).collect()),
            author: author.filter(|author| !author.is_empty()),
        };
        row.check(file, position)?;
        Ok(row)
    }
}

fn coordinate(
    file: &str,
    position: Position,
    column: &str,
    pair: &[Option<f64>],
) -> Result<[f64; 2], TableError> {
    match *pair {
        [Some(latitude), Some(longitude)] => Ok([latitude, longitude]),
        [] | [_, _] => Err(wrong(file, position, column, "", Problem::Empty)),
        _ => Err(list_length(file, position, column, pair.len(), 2)),
    }
}
