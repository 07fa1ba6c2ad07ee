//! Some columns of a Parquet file as Arrow batches, one row group after another.
//!
//! Texts arrive as bytes, so that one that is not UTF-8 can be reported with its row; times and dates arrive as the
//! numbers that are stored. The Arrow schema that some writers embed is not needed and not read.

use std::fs::File;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Fields, Schema};
use contract::catch_panic;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups};
use parquet::arrow::{
    FieldLevels, ProjectionMask, parquet_to_arrow_field_levels, parquet_to_arrow_schema_by_columns,
};
use parquet::basic::{ConvertedType, LogicalType, Repetition};
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
        let original = reader.metadata().file_metadata().schema_descr();
        let leaves: Vec<usize> =
            (0..original.num_columns()).filter(|index| wanted(&original.column(*index))).collect();
        let roots: Vec<usize> = leaves.iter().map(|leaf| original.get_column_root_idx(*leaf)).collect();
        let schema = plain_schema(original, &roots)?;
        let mask = ProjectionMask::leaves(&schema, leaves);
        let levels = parquet_to_arrow_field_levels(&schema, mask.clone(), None)?;
        let schema = parquet_to_arrow_schema_by_columns(&schema, mask, None)?;
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

    /// The columns of the file that are not read, and what they hold.
    pub(crate) fn left_out(&self) -> Vec<(String, String)> {
        let root = self.reader.metadata().file_metadata().schema_descr().root_schema();
        let is_read = |name: &str| self.schema.fields.iter().any(|field| field.name() == name);
        let holds = |column: &Type| match column {
            Type::GroupType { .. } => "nested values".to_owned(),
            Type::PrimitiveType { .. } if is_repeated(column) => "lists".to_owned(),
            Type::PrimitiveType { physical_type, .. } => match column.get_basic_info().logical_type_ref() {
                Some(kind) => format!("{physical_type} ({kind:?})"),
                None => physical_type.to_string(),
            },
        };
        let columns = root.get_fields().iter().filter(|column| !is_read(column.name()));
        columns.map(|column| (column.name().to_owned(), holds(column))).collect()
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
            self.open = Some(guarded(|| {
                ParquetRecordBatchReader::try_new_with_row_groups(&self.levels, &group, self.rows, None)
            })?);
            self.next_group += 1;
        }
        let batch = self.decode()?.filter(|batch| (1..=self.left).contains(&batch.num_rows()));
        self.left -= batch.as_ref().map_or(0, RecordBatch::num_rows);
        let whole = batch.is_some() && (self.left > 0 || self.decode()?.is_none());
        if whole { Ok(batch) } else { Err(self.inconsistent()) }
    }

    fn decode(&mut self) -> Result<Option<RecordBatch>, ParquetError> {
        let Some(open) = self.open.as_mut() else { return Ok(None) };
        guarded(|| open.next().transpose().map_err(of_arrow))
    }

    fn inconsistent(&self) -> ParquetError {
        let group = self.next_group;
        ParquetError::General(format!("row group {group} does not have as many rows as the footer says"))
    }
}

/// Arrow's decoders panic on some damaged files. A panic becomes an error here.
fn guarded<T>(decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    catch_panic(decode).unwrap_or_else(|message| {
        Err(ParquetError::General(format!("the data of a column is damaged: {message}")))
    })
}

/// Without the prefixes that wrapping adds.
fn of_arrow(error: ArrowError) -> ParquetError {
    match error {
        ArrowError::ParquetError(text) => {
            ParquetError::General(text.strip_prefix("Parquet error: ").unwrap_or(&text).to_owned())
        }
        other => ParquetError::General(other.to_string()),
    }
}

/// The same columns with values of their physical types, except for unsigned numbers and decimals. Lists stay lists in the
/// columns that are `wanted`; what the others are is not asked, so that none of them makes a file unreadable.
fn plain_schema(schema: &SchemaDescriptor, wanted: &[usize]) -> Result<SchemaDescriptor, ParquetError> {
    let root = schema.root_schema();
    let columns = root.get_fields().iter().enumerate();
    let columns =
        columns.map(|(index, column)| plain(column, wanted.contains(&index))).collect::<Result<_, _>>()?;
    Ok(SchemaDescriptor::new(Arc::new(Type::group_type_builder(root.name()).with_fields(columns).build()?)))
}

fn plain(node: &Type, is_wanted: bool) -> Result<Arc<Type>, ParquetError> {
    let info = node.get_basic_info();
    let (converted, logical) = (info.converted_type(), info.logical_type_ref().cloned());
    let plain = match node {
        Type::GroupType { fields, .. } => {
            let group = Type::group_type_builder(node.name()).with_repetition(info.repetition());
            let fields = fields.iter().map(|field| plain(field, is_wanted)).collect::<Result<Vec<_>, _>>()?;
            match fields.as_slice() {
                // Some writers leave out the annotation of a list, or call its repeated group otherwise.
                [only] if is_wanted && is_repeated(only) && !is_repeated(node) => {
                    let list = renamed(only, "list")?;
                    group.with_fields(vec![list]).with_converted_type(ConvertedType::LIST)
                }
                _ => group.with_fields(fields),
            }
            .build()?
        }
        Type::PrimitiveType { physical_type, type_length, scale, precision, .. } => {
            let mut primitive = Type::primitive_type_builder(node.name(), *physical_type)
                .with_repetition(info.repetition())
                .with_length(*type_length);
            let is_kept = match &logical {
                Some(LogicalType::Integer(kind)) => !kind.is_signed,
                Some(LogicalType::Decimal { .. }) => true,
                Some(_) => false,
                None => is_decimal_or_unsigned(converted),
            };
            if is_kept {
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

fn is_repeated(node: &Type) -> bool {
    node.get_basic_info().repetition() == Repetition::REPEATED
}

/// The repeated node of a list under another name, if it is a group of one: its other names mean other things.
fn renamed(node: &Arc<Type>, name: &str) -> Result<Arc<Type>, ParquetError> {
    match node.as_ref() {
        Type::GroupType { fields, .. } if fields.len() == 1 => {
            let group = Type::group_type_builder(name).with_repetition(Repetition::REPEATED);
            Ok(Arc::new(group.with_fields(fields.clone()).build()?))
        }
        _ => Ok(Arc::clone(node)),
    }
}

fn is_decimal_or_unsigned(converted: ConvertedType) -> bool {
    use ConvertedType as Converted;
    matches!(
        converted,
        Converted::DECIMAL | Converted::UINT_8 | Converted::UINT_16 | Converted::UINT_32 | Converted::UINT_64
    )
}
