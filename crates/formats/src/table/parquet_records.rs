//! Rows of a Parquet file with flat columns.
//!
//! Values become text as in a CSV file (numbers in their shortest exact form, missing values and NaN empty),
//! so that one set of rules checks both kinds of file. Nested columns and types without a plain text form (16-bit
//! floats, 96-bit times) are left out as if they were not there; they are named where such a column is needed.

use std::fmt::Write as _;
use std::fs::File;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, RecordBatch};
use arrow_schema::DataType;
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::schema::types::ColumnDescriptor;

use super::columns::Columns;
use super::error::{Position, TableError};
use super::parquet_batches::Batches;
use super::record::{Record, Records};
use super::roles::{ID, LATITUDE, LONGITUDE};

/// Rows decoded at a time: enough to amortise the calls, little enough for rows with long lists.
const BATCH: usize = 512;

pub(super) struct ParquetRecords {
    file: String,
    batches: Batches,
    columns: Columns,
    batch: Option<RecordBatch>,
    /// The next row of the batch.
    next: usize,
    row: u64,
}

impl ParquetRecords {
    pub(super) fn new(name: &str, file: File) -> Result<Self, TableError> {
        let batches = Batches::open(file, BATCH, is_flat).map_err(|error| broken(name, &error))?;
        if let Some(other) = batches.fields().iter().find(|field| !is_plain(field.data_type())) {
            let reason = format!("column {} holds {}, which is not read", other.name(), other.data_type());
            return Err(TableError::Parquet { file: name.to_owned(), reason });
        }
        let names = batches.fields().iter().map(|field| field.name().trim().to_owned()).collect();
        Ok(Self { file: name.to_owned(), batches, columns: Columns { names }, batch: None, next: 0, row: 0 })
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The same error, or one that names the type of a column that is there and cannot be read.
    pub(super) fn explain(&self, error: TableError) -> TableError {
        let TableError::MissingColumns { missing, .. } = &error else { return error };
        let left_out = self.batches.left_out();
        for (role, expected) in
            [(ID, "text or a whole number"), (LATITUDE, "a number"), (LONGITUDE, "a number")]
        {
            let column = left_out.iter().find(|(name, _)| role.is_called(name.trim()));
            if let Some((_, found)) = column.filter(|_| missing.contains(&role.name)) {
                let (file, found) = (self.file.clone(), found.clone());
                return TableError::WrongType { file, column: role.name, expected, found };
            }
        }
        error
    }
}

impl Records for ParquetRecords {
    fn read(&mut self, record: &mut Record) -> Result<bool, TableError> {
        if self.batch.as_ref().is_none_or(|batch| self.next == batch.num_rows()) {
            self.batch = self.batches.next().map_err(|error| broken(&self.file, &error))?;
            self.next = 0;
        }
        let Some(batch) = &self.batch else { return Ok(false) };
        self.row += 1;
        record.position = Position::Row(self.row);
        record.text.clear();
        record.ends.clear();
        let mut wrong = None;
        for (column, name) in batch.columns().iter().zip(&self.columns.names) {
            if push(&mut record.text, column.as_ref(), self.next).is_none() {
                wrong = wrong.or(Some(name));
            }
            record.ends.push(record.text.len());
        }
        self.next += 1;
        match wrong {
            None => Ok(true),
            Some(column) => Err(TableError::NotUtf8 {
                file: self.file.clone(),
                position: record.position,
                column: column.clone(),
            }),
        }
    }
}

/// Appends a value as text; `None` if it is text that is not UTF-8.
fn push(text: &mut String, column: &dyn Array, row: usize) -> Option<()> {
    if column.is_null(row) {
        return Some(());
    }
    match column.data_type() {
        DataType::Binary => text.push_str(std::str::from_utf8(column.as_binary::<i32>().value(row)).ok()?),
        DataType::Boolean => write_to(text, column.as_boolean().value(row)),
        DataType::Int32 => number::<Int32Type>(text, column, row),
        DataType::Int64 => number::<Int64Type>(text, column, row),
        DataType::UInt8 => number::<UInt8Type>(text, column, row),
        DataType::UInt16 => number::<UInt16Type>(text, column, row),
        DataType::UInt32 => number::<UInt32Type>(text, column, row),
        DataType::UInt64 => number::<UInt64Type>(text, column, row),
        DataType::Float32 => {
            float(text, f64::from(column.as_primitive::<Float32Type>().value(row)));
        }
        DataType::Float64 => float(text, column.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(..) => {
            text.push_str(&column.as_primitive::<Decimal128Type>().value_as_string(row));
        }
        DataType::Decimal256(..) => {
            text.push_str(&column.as_primitive::<Decimal256Type>().value_as_string(row));
        }
        _ => {}
    }
    Some(())
}

/// The types that [`push`] knows.
fn is_plain(found: &DataType) -> bool {
    use DataType as Type;
    found.is_unsigned_integer()
        || matches!(
            found,
            Type::Binary
                | Type::Boolean
                | Type::Int32
                | Type::Int64
                | Type::Float32
                | Type::Float64
                | Type::Decimal128(..)
                | Type::Decimal256(..)
        )
}

fn number<T: ArrowPrimitiveType>(text: &mut String, column: &dyn Array, row: usize)
where
    T::Native: std::fmt::Display,
{
    write_to(text, column.as_primitive::<T>().value(row));
}

/// NaN is how data frames write a missing number.
fn float(text: &mut String, value: f64) {
    if !value.is_nan() {
        write_to(text, value);
    }
}

fn write_to(text: &mut String, value: impl std::fmt::Display) {
    // Writing to a string does not fail.
    let _ = write!(text, "{value}");
}

fn is_flat(column: &ColumnDescriptor) -> bool {
    let decimal = column.converted_type() == ConvertedType::DECIMAL
        || matches!(column.logical_type_ref(), Some(LogicalType::Decimal { .. }));
    let plain = !matches!(column.physical_type(), PhysicalType::INT96 | PhysicalType::FIXED_LEN_BYTE_ARRAY);
    (plain || decimal) && column.path().parts().len() == 1 && column.max_rep_level() == 0
}

pub(crate) fn broken(file: &str, error: &ParquetError) -> TableError {
    TableError::Parquet { file: file.to_owned(), reason: error.to_string() }
}
