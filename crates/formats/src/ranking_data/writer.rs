//! Writing a ranking dataset.

use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, Float32Builder, Float64Builder, GenericListBuilder, ListBuilder, StringBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use files::AtomicFile;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::row::RankingRow;
use crate::table::{Position, TableError};

/// A row group ends at this many rows,
const GROUP_ROWS: usize = 1000;
/// or when its texts and numbers take about this many bytes.
const GROUP_BYTES: usize = 16 << 20;

/// Which of the optional columns a file has. The default has all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankingColumns {
    /// `ref_origin`.
    pub origin: bool,
    /// `ref_similarity`.
    pub similarity: bool,
    /// `author`.
    pub author: bool,
}

impl Default for RankingColumns {
    fn default() -> Self {
        Self { origin: true, similarity: true, author: true }
    }
}

impl RankingColumns {
    /// The five official columns only.
    pub const OFFICIAL: Self = Self { origin: false, similarity: false, author: false };

    fn schema(self) -> Schema {
        let field = |name: &str, kind: DataType| Field::new(name, kind, true);
        let list = |item: DataType| DataType::List(Arc::new(Field::new_list_field(item, true)));
        let mut fields = vec![
            field("img_id", DataType::Utf8),
            field("gps", list(DataType::Float64)),
            field("ref_gps", list(list(DataType::Float64))),
            field("ref_img_id", list(DataType::Utf8)),
            field("ref_texts", list(list(DataType::Utf8))),
        ];
        if self.origin {
            fields.push(field("ref_origin", list(DataType::Utf8)));
        }
        if self.similarity {
            fields.push(field("ref_similarity", list(DataType::Float32)));
        }
        if self.author {
            fields.push(field("author", DataType::Utf8));
        }
        Schema::new(fields)
    }
}

/// Writes a ranking dataset, a row group at a time. The file gets its name when it is complete
/// ([`RankingWriter::finish`]); one that is dropped before leaves nothing behind.
///
/// The same rows give the same bytes.
pub struct RankingWriter {
    file: String,
    columns: RankingColumns,
    schema: Arc<Schema>,
    out: ArrowWriter<AtomicFile>,
    group: Group,
    rows: u64,
}

/// The columns of a row group that is being filled.
#[derive(Default)]
struct Group {
    rows: usize,
    bytes: usize,
    img_id: StringBuilder,
    gps: ListBuilder<Float64Builder>,
    ref_gps: ListBuilder<ListBuilder<Float64Builder>>,
    ref_img_id: ListBuilder<StringBuilder>,
    ref_texts: ListBuilder<ListBuilder<StringBuilder>>,
    ref_origin: ListBuilder<StringBuilder>,
    ref_similarity: ListBuilder<Float32Builder>,
    author: StringBuilder,
}

impl std::fmt::Debug for RankingWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RankingWriter").field("file", &self.file).finish_non_exhaustive()
    }
}

impl RankingWriter {
    /// Starts a file; fields of columns that it does not have are left out.
    ///
    /// # Errors
    /// [`TableError::Write`].
    pub fn create(path: impl AsRef<Path>, columns: RankingColumns) -> Result<Self, TableError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        if path.is_dir() {
            return Err(TableError::Write { file, cause: io::ErrorKind::IsADirectory.into() });
        }
        let out =
            AtomicFile::create(path).map_err(|cause| TableError::Write { file: file.clone(), cause })?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default()));
        // Lists have the names that the Parquet specification gives them.
        let properties = properties.set_coerce_types(true).build();
        let schema = Arc::new(columns.schema());
        // Other libraries read the lists without Arrow's own schema, which holds nothing more.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let out = ArrowWriter::try_new_with_options(out, Arc::clone(&schema), options)
            .map_err(|error| failed(&file, error))?;
        Ok(Self { file, columns, schema, out, group: Group::default(), rows: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// A row that could not be read back (coordinates out of range, lists of different lengths), and
    /// [`TableError::Write`].
    pub fn write(&mut self, row: &RankingRow) -> Result<(), TableError> {
        self.rows += 1;
        row.check(&self.file, Position::Row(self.rows))?;
        self.group.push(row);
        if self.group.rows >= GROUP_ROWS || self.group.bytes >= GROUP_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is left and gives the file its name. Returns the number of rows.
    ///
    /// # Errors
    /// [`TableError::Write`]; the unfinished file is removed.
    pub fn finish(mut self) -> Result<u64, TableError> {
        self.flush()?;
        let Self { file, out, rows, .. } = self;
        let whole = out.into_inner().map_err(|error| failed(&file, error))?;
        whole.commit().map_err(|cause| TableError::Write { file, cause })?;
        Ok(rows)
    }

    fn flush(&mut self) -> Result<(), TableError> {
        let mut group = std::mem::take(&mut self.group);
        if group.rows == 0 {
            return Ok(());
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), group.finish(self.columns));
        let written = batch.map_err(ParquetError::from).and_then(|batch| {
            self.out.write(&batch)?;
            self.out.flush()
        });
        written.map_err(|error| failed(&self.file, error))
    }
}

impl Group {
    fn push(&mut self, row: &RankingRow) {
        self.rows += 1;
        self.bytes += row.ref_gps.len() * 32
            + row.ref_img_id.iter().map(|id| id.len() + 8).sum::<usize>()
            + row.ref_texts.iter().flatten().map(|field| field.len() + 8).sum::<usize>();
        self.img_id.append_value(&row.img_id);
        self.gps.append_value(row.gps.map(Some));
        lists(&mut self.ref_gps, &row.ref_gps, |pair, list| list.append_value(pair.map(Some)));
        self.ref_img_id.append_value(row.ref_img_id.iter().map(Some));
        lists(&mut self.ref_texts, &row.ref_texts, |fields, list| list.append_value(fields.iter().map(Some)));
        self.ref_origin.append_option(row.ref_origin.as_ref().map(|list| list.iter().map(Some)));
        let known = |value: &f32| Some(*value).filter(|value| !value.is_nan());
        self.ref_similarity.append_option(row.ref_similarity.as_ref().map(|list| list.iter().map(known)));
        self.author.append_option(row.author.as_ref());
    }

    fn finish(&mut self, columns: RankingColumns) -> Vec<ArrayRef> {
        fn array(builder: &mut impl ArrayBuilder) -> ArrayRef {
            builder.finish()
        }
        let mut arrays = vec![
            array(&mut self.img_id),
            array(&mut self.gps),
            array(&mut self.ref_gps),
            array(&mut self.ref_img_id),
            array(&mut self.ref_texts),
        ];
        if columns.origin {
            arrays.push(array(&mut self.ref_origin));
        }
        if columns.similarity {
            arrays.push(array(&mut self.ref_similarity));
        }
        if columns.author {
            arrays.push(array(&mut self.author));
        }
        arrays
    }
}

/// Appends a list of lists.
fn lists<T, B: ArrayBuilder>(
    column: &mut GenericListBuilder<i32, B>,
    lists: &[T],
    append: impl Fn(&T, &mut B),
) {
    for list in lists {
        append(list, column.values());
    }
    column.append(true);
}

fn failed(file: &str, error: ParquetError) -> TableError {
    let cause = match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => *cause,
            Err(other) => io::Error::other(other.to_string()),
        },
        other => io::Error::other(other.to_string()),
    };
    TableError::Write { file: file.to_owned(), cause }
}
