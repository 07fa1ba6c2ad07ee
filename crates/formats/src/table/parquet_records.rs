//! Rows of a Parquet file with flat columns, read column by column in small batches.
//!
//! Values become text as in a CSV file (numbers in their shortest exact form, missing values and NaN empty),
//! so that one set of rules checks both kinds of file. Nested columns and types without a plain text form
//! (decimals, 96-bit times) are left out as if they were not there.

use std::collections::VecDeque;
use std::fs::File;

use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::columns::Columns;
use super::error::{Position, TableError};
use super::parquet_pages::open_column;
use super::record::{Record, Records};

/// Rows decoded at a time: enough to amortise the calls, little enough for rows with long lists.
const BATCH: usize = 512;

pub(super) struct ParquetRecords {
    file: String,
    reader: SerializedFileReader<File>,
    columns: Columns,
    leaves: Vec<Leaf>,
    next_group: usize,
    /// Rows of the open row group that are still encoded.
    encoded: usize,
    /// Rows decoded and not yet handed out.
    decoded: usize,
    row: u64,
}

/// A flat column.
struct Leaf {
    index: usize,
    nullable: bool,
    unsigned: bool,
    reader: Option<ColumnReader>,
    cells: VecDeque<Vec<u8>>,
}

impl ParquetRecords {
    pub(super) fn new(name: &str, file: File) -> Result<Self, TableError> {
        let reader = SerializedFileReader::new(file).map_err(|error| broken(name, &error))?;
        let (mut names, mut leaves) = (Vec::new(), Vec::new());
        let schema = reader.metadata().file_metadata().schema_descr();
        for (index, column) in schema.columns().iter().enumerate() {
            if !is_flat(column) {
                continue;
            }
            names.push(column.name().trim().to_owned());
            leaves.push(Leaf {
                index,
                nullable: column.max_def_level() > 0,
                unsigned: is_unsigned(column),
                reader: None,
                cells: VecDeque::new(),
            });
        }
        Ok(Self {
            file: name.to_owned(),
            reader,
            columns: Columns { names },
            leaves,
            next_group: 0,
            encoded: 0,
            decoded: 0,
            row: 0,
        })
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Decodes some rows; false at the end of the file.
    fn decode(&mut self) -> Result<bool, TableError> {
        while self.encoded == 0 {
            if self.next_group == self.reader.num_row_groups() {
                return Ok(false);
            }
            let open = self.reader.get_row_group(self.next_group).and_then(|group| {
                for leaf in &mut self.leaves {
                    leaf.reader = Some(open_column(group.as_ref(), leaf.index)?);
                }
                Ok(group.metadata().num_rows())
            });
            let rows = open.map_err(|error| broken(&self.file, &error))?;
            self.encoded = usize::try_from(rows).unwrap_or_default();
            self.next_group += 1;
        }
        let rows = self.encoded.min(BATCH);
        for (leaf, name) in self.leaves.iter_mut().zip(&self.columns.names) {
            leaf.decode(rows).map_err(|error| broken(&self.file, &error))?;
            if leaf.cells.len() != rows {
                let reason = format!("column {name} has fewer rows than its row group");
                return Err(TableError::Parquet { file: self.file.clone(), reason });
            }
        }
        self.encoded -= rows;
        self.decoded = rows;
        Ok(true)
    }
}

impl Records for ParquetRecords {
    fn read(&mut self, record: &mut Record) -> Result<bool, TableError> {
        if self.decoded == 0 && !self.decode()? {
            return Ok(false);
        }
        self.decoded -= 1;
        self.row += 1;
        record.position = Position::Row(self.row);
        record.text.clear();
        record.ends.clear();
        let mut wrong = None;
        for (leaf, name) in self.leaves.iter_mut().zip(&self.columns.names) {
            let cell = leaf.cells.pop_front().unwrap_or_default();
            match std::str::from_utf8(&cell) {
                Ok(text) => record.text.push_str(text),
                Err(_) => wrong = wrong.or(Some(name.clone())),
            }
            record.ends.push(record.text.len());
        }
        match wrong {
            None => Ok(true),
            Some(column) => {
                Err(TableError::NotUtf8 { file: self.file.clone(), position: record.position, column })
            }
        }
    }
}

impl Leaf {
    fn decode(&mut self, rows: usize) -> Result<(), ParquetError> {
        use ColumnReader as From;
        let (nullable, unsigned, cells) = (self.nullable, self.unsigned, &mut self.cells);
        match &mut self.reader {
            Some(From::BoolColumnReader(column)) => read(column, nullable, rows, cells, text),
            Some(From::Int32ColumnReader(column)) => {
                read(
                    column,
                    nullable,
                    rows,
                    cells,
                    |v| if unsigned { text(&v.cast_unsigned()) } else { text(v) },
                )
            }
            Some(From::Int64ColumnReader(column)) => {
                read(
                    column,
                    nullable,
                    rows,
                    cells,
                    |v| if unsigned { text(&v.cast_unsigned()) } else { text(v) },
                )
            }
            Some(From::FloatColumnReader(column)) => {
                read(column, nullable, rows, cells, |v| number(f64::from(*v)))
            }
            Some(From::DoubleColumnReader(column)) => read(column, nullable, rows, cells, |v| number(*v)),
            Some(From::ByteArrayColumnReader(column)) => {
                read(column, nullable, rows, cells, |v| v.data().to_vec())
            }
            _ => Ok(()),
        }
    }
}

fn read<T: DataType>(
    column: &mut ColumnReaderImpl<T>,
    nullable: bool,
    rows: usize,
    cells: &mut VecDeque<Vec<u8>>,
    text: impl Fn(&T::T) -> Vec<u8>,
) -> Result<(), ParquetError> {
    let (mut levels, mut values, mut done) = (Vec::new(), Vec::new(), 0);
    while done < rows {
        let (records, _, _) = column.read_records(rows - done, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
        done += records;
    }
    let mut values = values.iter();
    if nullable {
        // Level 1: a value is there; level 0: null.
        let cell =
            |level: &i16| if *level > 0 { values.next().map(&text).unwrap_or_default() } else { Vec::new() };
        cells.extend(levels.iter().map(cell));
    } else {
        cells.extend(values.map(text));
    }
    Ok(())
}

fn text(value: &impl ToString) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// NaN is how data frames write a missing number.
fn number(value: f64) -> Vec<u8> {
    if value.is_nan() { Vec::new() } else { text(&value) }
}

fn is_flat(column: &ColumnDescriptor) -> bool {
    let decimal = column.converted_type() == ConvertedType::DECIMAL
        || matches!(column.logical_type_ref(), Some(LogicalType::Decimal { .. }));
    let plain = !matches!(column.physical_type(), PhysicalType::INT96 | PhysicalType::FIXED_LEN_BYTE_ARRAY);
    plain && !decimal && column.path().parts().len() == 1 && column.max_rep_level() == 0
}

fn is_unsigned(column: &ColumnDescriptor) -> bool {
    use ConvertedType as Converted;
    matches!(
        column.converted_type(),
        Converted::UINT_8 | Converted::UINT_16 | Converted::UINT_32 | Converted::UINT_64
    )
}

pub(crate) fn broken(file: &str, error: &ParquetError) -> TableError {
    TableError::Parquet { file: file.to_owned(), reason: error.to_string() }
}
