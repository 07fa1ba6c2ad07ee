//! Some columns of a Parquet file as Arrow batches, one row group after another.
//!
//! Texts arrive as bytes, so that one that is not UTF-8 can be reported with its row; times and dates arrive as the
//! numbers that are stored. The Arrow schema that some writers embed is not needed and not read.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Fields, Schema};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups};
use parquet::arrow::{
    FieldLevels, ProjectionMask, parquet_to_arrow_field_levels, parquet_to_arrow_schema_by_columns,
};
use parquet::basic::{ConvertedType, LogicalType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type};

use super::parquet_pages::CheckedGroup;

/// A Parquet file whose chosen columns are read in batches.
pub(crate) struct Batches {
    reader: SerializedFileReader<File>,
    schema: Schema,
    levels: FieldLevels,
    rows: usize,
    next_group: usize,
    open: Option<ParquetRecordBatchReader>,
    /// Rows of the open row group that have not been read.
    left: usize,
}

impl Batches {
    /// Opens a file for the columns, numbered as in a depth-first walk, that `wanted` accepts; `rows` is the size of a
    /// batch.
    pub(crate) fn open(
        file: File,
        rows: usize,
        wanted: impl Fn(&ColumnDescriptor) -> bool,
    ) -> Result<Self, ParquetError> {
        let reader = SerializedFileReader::new(file)?;
        let plain = without_annotations(reader.metadata().file_metadata().schema_descr())?;
        let original = reader.metadata().file_metadata().schema_descr().columns();
        let leaves = original.iter().enumerate().filter(|(_, column)| wanted(column)).map(|(index, _)| index);
        let mask = ProjectionMask::leaves(&plain, leaves);
        let schema = parquet_to_arrow_schema_by_columns(&plain, mask.clone(), None)?;
        let levels = parquet_to_arrow_field_levels(&plain, mask, None)?;
        Ok(Self { reader, schema, levels, rows, next_group: 0, open: None, left: 0 })
    }

    /// The columns that are read.
    pub(crate) fn fields(&self) -> &Fields {
        &self.schema.fields
    }

    /// The names of all columns of the file.
    pub(crate) fn column_names(&self) -> Vec<String> {
        let root = self.reader.metadata().file_metadata().schema_descr().root_schema();
        root.get_fields().iter().map(|field| field.name().to_owned()).collect()
    }

    /// Number of rows in the file, as its footer says.
    pub(crate) fn row_count(&self) -> u64 {
        u64::try_from(self.reader.metadata().file_metadata().num_rows()).unwrap_or_default()
    }

    /// The next rows; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>, ParquetError> {
        while self.left == 0 {
            if self.next_group == self.reader.num_row_groups() {
                return Ok(None);
            }
            let group = CheckedGroup { reader: &self.reader, index: self.next_group };
            self.left = group.num_rows();
            self.open = Some(ParquetRecordBatchReader::try_new_with_row_groups(
                &self.levels,
                &group,
                self.rows,
                None,
            )?);
            self.next_group += 1;
        }
        let batch = match self.open.as_mut() {
            Some(open) => guarded(|| open.next().transpose().map_err(ParquetError::from))?,
            None => None,
        };
        let batch = batch.filter(|batch| (1..=self.left).contains(&batch.num_rows()));
        let Some(batch) = batch else {
            return Err(ParquetError::General("a row group has fewer rows than it says".to_owned()));
        };
        self.left -= batch.num_rows();
        Ok(Some(batch))
    }
}

/// Decoders assert some of what a damaged file breaks. Checking all of it would be another decoder; so what is not checked
/// before becomes an error here. The decoder is not used afterwards.
fn guarded<T>(decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(ParquetError::General("the data of a column is damaged".to_owned())))
}

/// A schema whose values are of their physical types, except for lists, unsigned numbers and decimals.
fn without_annotations(schema: &SchemaDescriptor) -> Result<SchemaDescriptor, ParquetError> {
    Ok(SchemaDescriptor::new(plain(schema.root_schema_ptr().as_ref(), true)?))
}

fn plain(node: &Type, is_root: bool) -> Result<Arc<Type>, ParquetError> {
    let info = node.get_basic_info();
    let (converted, logical) = (info.converted_type(), info.logical_type_ref().cloned());
    let plain = match node {
        Type::GroupType { fields, .. } => {
            let fields = fields.iter().map(|field| plain(field, false)).collect::<Result<_, _>>()?;
            let mut group = Type::group_type_builder(node.name()).with_fields(fields);
            if !is_root {
                group = group.with_repetition(info.repetition());
            }
            group.with_converted_type(converted).with_logical_type(logical).build()?
        }
        Type::PrimitiveType { physical_type, type_length, scale, precision, .. } => {
            let mut primitive = Type::primitive_type_builder(node.name(), *physical_type)
                .with_repetition(info.repetition())
                .with_length(*type_length);
            let is_number =
                matches!(logical, Some(LogicalType::Integer { .. } | LogicalType::Decimal { .. }));
            if is_number || logical.is_none() && is_decimal_or_unsigned(converted) {
                primitive = primitive
                    .with_converted_type(converted)
                    .with_logical_type(logical)
                    .with_scale(*scale)
                    .with_precision(*precision);
            }
            primitive.build()?
        }
    };
    Ok(Arc::new(plain))
}

fn is_decimal_or_unsigned(converted: ConvertedType) -> bool {
    use ConvertedType as Converted;
    matches!(
        converted,
        Converted::DECIMAL | Converted::UINT_8 | Converted::UINT_16 | Converted::UINT_32 | Converted::UINT_64
    )
}
