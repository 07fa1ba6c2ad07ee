//! Reading a ranking dataset, row by row.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;

use parquet::basic::Type as PhysicalType;
use parquet::column::reader::ColumnReader;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::SchemaDescriptor;

use super::REQUIRED_COLUMNS;
use super::nested::{Leaf, Lists};
use super::row::{RankingRow, list_length, wrong};
use crate::table::open::open_file;
use crate::table::parquet_pages::open_column;
use crate::table::parquet_records::broken;
use crate::table::{Position, Problem, TableError};

/// Rows decoded at a time.
const BATCH: usize = 256;

/// A ranking dataset, row by row. After a row that is wrong the iterator continues with the next one; it ends when the
/// file cannot be read on.
pub struct RankingReader {
    file: String,
    reader: SerializedFileReader<File>,
    columns: Columns<Leaf>,
    open: Option<Columns<ColumnReader>>,
    next_group: usize,
    /// Rows of the open row group that are still encoded.
    encoded: usize,
    decoded: VecDeque<RawRow>,
    row: u64,
    ended: bool,
}

/// One thing a column.
struct Columns<T> {
    img_id: T,
    gps: T,
    ref_gps: T,
    ref_img_id: T,
    ref_texts: T,
    ref_origin: Option<T>,
    ref_similarity: Option<T>,
    author: Option<T>,
}

type Text = Lists<Vec<u8>>;

/// A row as it is in the file.
#[derive(Default)]
struct RawRow {
    img_id: Text,
    gps: Lists<f64>,
    ref_gps: Lists<f64>,
    ref_img_id: Text,
    ref_texts: Text,
    ref_origin: Text,
    ref_similarity: Lists<f64>,
    author: Text,
}

impl std::fmt::Debug for RankingReader {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RankingReader").field("file", &self.file).finish_non_exhaustive()
    }
}

impl RankingReader {
    /// Opens a Parquet file and checks its columns.
    ///
    /// # Errors
    /// A file that does not open or is no Parquet file, [`TableError::MissingColumns`], [`TableError::WrongType`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TableError> {
        let (name, file) = open_file(path.as_ref())?;
        let reader = SerializedFileReader::new(file).map_err(|error| broken(&name, &error))?;
        let columns = Columns::find(&name, reader.metadata().file_metadata().schema_descr())?;
        Ok(Self {
            file: name,
            reader,
            columns,
            open: None,
            next_group: 0,
            encoded: 0,
            decoded: VecDeque::new(),
            row: 0,
            ended: false,
        })
    }

    /// Number of rows in the file, as its footer says.
    pub fn row_count(&self) -> u64 {
        u64::try_from(self.reader.metadata().file_metadata().num_rows()).unwrap_or_default()
    }

    /// Whether the file says who took the query photos.
    pub fn has_authors(&self) -> bool {
        self.columns.author.is_some()
    }

    /// Decodes some rows; false at the end of the file.
    fn decode(&mut self) -> Result<bool, ParquetError> {
        while self.encoded == 0 {
            if self.next_group == self.reader.num_row_groups() {
                return Ok(false);
            }
            let group = self.reader.get_row_group(self.next_group)?;
            self.open = Some(self.columns.map(|leaf| open_column(group.as_ref(), leaf.index))?);
            self.encoded = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
            self.next_group += 1;
        }
        let rows = self.encoded.min(BATCH);
        let Some(open) = &mut self.open else { return Ok(false) };
        self.decoded = self.columns.decode(open, rows)?;
        self.encoded -= rows;
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

impl Columns<Leaf> {
    fn find(file: &str, schema: &SchemaDescriptor) -> Result<Self, TableError> {
        let names = || schema.root_schema().get_fields().iter().map(|field| field.name().to_owned());
        let missing: Vec<&'static str> =
            REQUIRED_COLUMNS.into_iter().filter(|wanted| !names().any(|name| name == *wanted)).collect();
        if !missing.is_empty() {
            let found = names().collect();
            return Err(TableError::MissingColumns { file: file.to_owned(), missing, found });
        }
        let need = |column, expected| {
            find(file, schema, column, expected)?.ok_or_else(|| TableError::MissingColumns {
                file: file.to_owned(),
                missing: vec![column],
                found: names().collect(),
            })
        };
        Ok(Self {
            img_id: need("img_id", Expected::Text(0))?,
            gps: need("gps", Expected::Number(1))?,
            ref_gps: need("ref_gps", Expected::Number(2))?,
            ref_img_id: need("ref_img_id", Expected::Text(1))?,
            ref_texts: need("ref_texts", Expected::Text(2))?,
            ref_origin: find(file, schema, "ref_origin", Expected::Text(1))?,
            ref_similarity: find(file, schema, "ref_similarity", Expected::Number(1))?,
            author: find(file, schema, "author", Expected::Text(0))?,
        })
    }

    fn map<T>(&self, make: impl Fn(&Leaf) -> Result<T, ParquetError>) -> Result<Columns<T>, ParquetError> {
        let optional = |leaf: &Option<Leaf>| leaf.as_ref().map(&make).transpose();
        Ok(Columns {
            img_id: make(&self.img_id)?,
            gps: make(&self.gps)?,
            ref_gps: make(&self.ref_gps)?,
            ref_img_id: make(&self.ref_img_id)?,
            ref_texts: make(&self.ref_texts)?,
            ref_origin: optional(&self.ref_origin)?,
            ref_similarity: optional(&self.ref_similarity)?,
            author: optional(&self.author)?,
        })
    }

    fn decode(
        &self,
        open: &mut Columns<ColumnReader>,
        rows: usize,
    ) -> Result<VecDeque<RawRow>, ParquetError> {
        let mut decoded: VecDeque<RawRow> = (0..rows).map(|_| RawRow::default()).collect();
        fill(&mut decoded, self.img_id.texts(&mut open.img_id, rows)?, |row| &mut row.img_id);
        fill(&mut decoded, self.gps.numbers(&mut open.gps, rows)?, |row| &mut row.gps);
        fill(&mut decoded, self.ref_gps.numbers(&mut open.ref_gps, rows)?, |row| &mut row.ref_gps);
        fill(&mut decoded, self.ref_img_id.texts(&mut open.ref_img_id, rows)?, |row| &mut row.ref_img_id);
        fill(&mut decoded, self.ref_texts.texts(&mut open.ref_texts, rows)?, |row| &mut row.ref_texts);
        if let (Some(leaf), Some(reader)) = (&self.ref_origin, &mut open.ref_origin) {
            fill(&mut decoded, leaf.texts(reader, rows)?, |row| &mut row.ref_origin);
        }
        if let (Some(leaf), Some(reader)) = (&self.ref_similarity, &mut open.ref_similarity) {
            fill(&mut decoded, leaf.numbers(reader, rows)?, |row| &mut row.ref_similarity);
        }
        if let (Some(leaf), Some(reader)) = (&self.author, &mut open.author) {
            fill(&mut decoded, leaf.texts(reader, rows)?, |row| &mut row.author);
        }
        Ok(decoded)
    }
}

fn fill<T>(rows: &mut VecDeque<RawRow>, fields: Vec<T>, slot: impl Fn(&mut RawRow) -> &mut T) {
    for (row, field) in rows.iter_mut().zip(fields) {
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
}

fn find(
    file: &str,
    schema: &SchemaDescriptor,
    name: &'static str,
    expected: Expected,
) -> Result<Option<Leaf>, TableError> {
    let is_part = |column: &str| column == name;
    let mut leaves = schema
        .columns()
        .iter()
        .enumerate()
        .filter(|(_, column)| column.path().parts().first().is_some_and(|part| is_part(part)));
    let Some((index, column)) = leaves.next() else { return Ok(None) };
    let leaf = Leaf::new(index, column, schema.root_schema());
    let (text, number) = match column.physical_type() {
        PhysicalType::BYTE_ARRAY => (true, false),
        PhysicalType::DOUBLE | PhysicalType::FLOAT => (false, true),
        _ => (false, false),
    };
    let fits = match expected {
        Expected::Text(depth) => text && leaf.depth() == depth,
        Expected::Number(depth) => number && leaf.depth() == depth,
    };
    let is_struct = leaves.next().is_some();
    if fits && !is_struct {
        return Ok(Some(leaf));
    }
    let value = match column.physical_type() {
        _ if is_struct => "struct".to_owned(),
        PhysicalType::BYTE_ARRAY => "string".to_owned(),
        other => other.to_string().to_lowercase(),
    };
    let found = (0..leaf.depth()).fold(value, |inner, _| format!("list<{inner}>"));
    Err(TableError::WrongType { file: file.to_owned(), column: name, expected: expected.name(), found })
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
        let author = self.author.map(|field| text(only(field).flatten(), "author")).transpose()?;
        let row = RankingRow {
            img_id: text(self.img_id.and_then(only).flatten(), "img_id")?,
            gps: coordinate(file, position, "gps", &self.gps.and_then(only_list).unwrap_or_default())?,
            ref_gps: self
                .ref_gps
                .unwrap_or_default()
                .iter()
                .enumerate()
                .map(|(index, pair)| coordinate(file, position, &format!("ref_gps[{index}]"), pair))
                .collect::<Result<_, _>>()?,
            ref_img_id: texts(self.ref_img_id.and_then(only_list).unwrap_or_default(), "ref_img_id")?,
            ref_texts: self
                .ref_texts
                .unwrap_or_default()
                .into_iter()
                .map(|fields| texts(fields, "ref_texts"))
                .collect::<Result<_, _>>()?,
            ref_origin: self
                .ref_origin
                .and_then(only_list)
                .map(|list| texts(list, "ref_origin"))
                .transpose()?,
            ref_similarity: self
                .ref_similarity
                .and_then(only_list)
                .map(|list| list.into_iter().map(|value| value.map_or(f32::NAN, |v| v as f32)).collect()),
            author: author.filter(|author| !author.is_empty()),
        };
        row.check(file, position)?;
        Ok(row)
    }
}

fn only_list<T>(field: Vec<Vec<T>>) -> Option<Vec<T>> {
    field.into_iter().next()
}

fn only<T>(field: Vec<Vec<T>>) -> Option<T> {
    only_list(field)?.into_iter().next()
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
