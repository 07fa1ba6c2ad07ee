//! Writing a ranking dataset.

use std::io;
use std::path::Path;
use std::sync::Arc;

use files::AtomicFile;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::row::RankingRow;
use super::shred::Shredded;
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

    fn schema(self) -> String {
        let text = |name: &str| format!("optional binary {name} (UTF8);");
        let list = |name: &str, element: &str| {
            format!("optional group {name} (LIST) {{ repeated group list {{ {element} }} }}")
        };
        let pair = list("element", "optional double element;");
        let fields = list("element", &text("element"));
        let mut columns = vec![
            text("img_id"),
            list("gps", "optional double element;"),
            list("ref_gps", &pair),
            list("ref_img_id", &text("element")),
            list("ref_texts", &fields),
        ];
        if self.origin {
            columns.push(list("ref_origin", &text("element")));
        }
        if self.similarity {
            columns.push(list("ref_similarity", "optional float element;"));
        }
        if self.author {
            columns.push(text("author"));
        }
        format!("message schema {{ {} }}", columns.concat())
    }
}

/// Writes a ranking dataset, a row group at a time. The file gets its name when it is complete
/// ([`RankingWriter::finish`]); one that is dropped before leaves nothing behind.
///
/// The same rows give the same bytes.
pub struct RankingWriter {
    file: String,
    columns: RankingColumns,
    out: SerializedFileWriter<AtomicFile>,
    group: Group,
    rows: u64,
}

/// The rows of a row group, taken apart.
#[derive(Default)]
struct Group {
    rows: usize,
    bytes: usize,
    img_id: Shredded<ByteArray>,
    gps: Shredded<f64>,
    ref_gps: Shredded<f64>,
    ref_img_id: Shredded<ByteArray>,
    ref_texts: Shredded<ByteArray>,
    ref_origin: Shredded<ByteArray>,
    ref_similarity: Shredded<f32>,
    author: Shredded<ByteArray>,
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
        let properties =
            WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let out = parse_message_type(&columns.schema())
            .and_then(|schema| SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)))
            .map_err(|error| failed(&file, error))?;
        Ok(Self { file, columns, out, group: Group::default(), rows: 0 })
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
        let group = std::mem::take(&mut self.group);
        if group.rows == 0 {
            return Ok(());
        }
        let written = self.out.next_row_group().and_then(|out| group.write(self.columns, out));
        written.map_err(|error| failed(&self.file, error))
    }
}

impl Group {
    fn push(&mut self, row: &RankingRow) {
        let text = |text: &String| ByteArray::from(text.as_str());
        self.rows += 1;
        self.bytes += row.ref_gps.len() * 32
            + row.ref_img_id.iter().map(|id| id.len() + 8).sum::<usize>()
            + row.ref_texts.iter().flatten().map(|field| field.len() + 8).sum::<usize>();
        self.img_id.plain(Some(text(&row.img_id)));
        self.gps.list(Some(row.gps.map(Some)));
        self.ref_gps.lists(row.ref_gps.iter().copied());
        self.ref_img_id.list(Some(row.ref_img_id.iter().map(|id| Some(text(id)))));
        self.ref_texts.lists(row.ref_texts.iter().map(|fields| fields.iter().map(text)));
        self.ref_origin.list(row.ref_origin.as_ref().map(|list| list.iter().map(|item| Some(text(item)))));
        let known = |value: &f32| Some(*value).filter(|value| !value.is_nan());
        self.ref_similarity.list(row.ref_similarity.as_ref().map(|list| list.iter().map(known)));
        self.author.plain(row.author.as_ref().map(text));
    }

    fn write(
        &self,
        columns: RankingColumns,
        mut out: SerializedRowGroupWriter<'_, AtomicFile>,
    ) -> Result<(), ParquetError> {
        texts(&mut out, &self.img_id)?;
        column(&mut out, |column| self.gps.write(column.typed::<DoubleType>()))?;
        column(&mut out, |column| self.ref_gps.write(column.typed::<DoubleType>()))?;
        texts(&mut out, &self.ref_img_id)?;
        texts(&mut out, &self.ref_texts)?;
        if columns.origin {
            texts(&mut out, &self.ref_origin)?;
        }
        if columns.similarity {
            column(&mut out, |column| self.ref_similarity.write(column.typed::<FloatType>()))?;
        }
        if columns.author {
            texts(&mut out, &self.author)?;
        }
        out.close().map(|_| ())
    }
}

fn texts(
    out: &mut SerializedRowGroupWriter<'_, AtomicFile>,
    values: &Shredded<ByteArray>,
) -> Result<(), ParquetError> {
    column(out, |column| values.write(column.typed::<ByteArrayType>()))
}

fn column(
    out: &mut SerializedRowGroupWriter<'_, AtomicFile>,
    write: impl FnOnce(&mut SerializedColumnWriter<'_>) -> Result<(), ParquetError>,
) -> Result<(), ParquetError> {
    let Some(mut column) = out.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns than were written".to_owned()));
    };
    write(&mut column)?;
    column.close()
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
