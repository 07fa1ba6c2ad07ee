//! The row groups of a Parquet file that may be damaged, for Arrow's reader. What commonly breaks is checked before the
//! decoder sees it, and so named.

use std::fs::File;

use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};

/// One row group.
pub(super) struct CheckedGroup<'a> {
    pub(super) reader: &'a SerializedFileReader<File>,
    pub(super) index: usize,
}

impl RowGroups for CheckedGroup<'_> {
    fn num_rows(&self) -> usize {
        usize::try_from(self.reader.metadata().row_group(self.index).num_rows()).unwrap_or_default()
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>, ParquetError> {
        let group = self.reader.get_row_group(self.index)?;
        check_offsets(group.metadata().column(column))?;
        let pages = CheckedPages { pages: group.get_column_page_reader(column)?, dictionary: false };
        Ok(Box::new(OneChunk(Some(Box::new(pages)))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.reader.metadata().row_group(self.index)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.reader.metadata()
    }
}

/// A column of one row group.
struct OneChunk(Option<Box<dyn PageReader>>);

impl Iterator for OneChunk {
    type Item = Result<Box<dyn PageReader>, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for OneChunk {}

/// The decoder panics at negative offsets.
fn check_offsets(chunk: &ColumnChunkMetaData) -> Result<(), ParquetError> {
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    if start < 0 || chunk.compressed_size() < 0 || start.checked_add(chunk.compressed_size()).is_none() {
        return Err(ParquetError::General("a column's offset is negative".to_owned()));
    }
    Ok(())
}

/// Whether a dictionary of some bytes can hold so many values: each takes at least one.
fn is_possible(values: u32, bytes: usize) -> bool {
    values as usize <= bytes && (values > 0 || bytes == 0)
}

/// Pages of a column. The decoder panics at a page that refers to a missing dictionary.
struct CheckedPages {
    pages: Box<dyn PageReader>,
    dictionary: bool,
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.pages.get_next_page()?;
        match &page {
            // The decoder allocates memory for so many values, and divides by their number.
            Some(Page::DictionaryPage { buf, num_values, .. }) if !is_possible(*num_values, buf.len()) => {
                return Err(ParquetError::General("a column's dictionary is damaged".to_owned()));
            }
            Some(Page::DictionaryPage { .. }) => self.dictionary = true,
            Some(page) if !self.dictionary => {
                if matches!(page.encoding(), Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY) {
                    return Err(ParquetError::General("a column's dictionary is missing".to_owned()));
                }
            }
            _ => {}
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for CheckedPages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
