//! Opening a column of a Parquet file that may be damaged: what the decoder takes for granted is checked before.

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::RowGroupReader;

/// A reader of one column of a row group.
pub(crate) fn open_column(group: &dyn RowGroupReader, index: usize) -> Result<ColumnReader, ParquetError> {
    let chunk = group.metadata().column(index);
    check_offsets(chunk)?;
    let pages = CheckedPages { pages: group.get_column_page_reader(index)?, dictionary: false };
    Ok(get_column_reader(chunk.column_descr_ptr(), Box::new(pages)))
}

/// The decoder asserts this, so a damaged footer would end the program.
fn check_offsets(chunk: &ColumnChunkMetaData) -> Result<(), ParquetError> {
    let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
    if start < 0 || chunk.compressed_size() < 0 || start.checked_add(chunk.compressed_size()).is_none() {
        return Err(ParquetError::General("a column's offset is negative".to_owned()));
    }
    Ok(())
}

/// Pages of a column. The decoder would end the program at a page that refers to a dictionary which never came.
struct CheckedPages {
    pages: Box<dyn PageReader>,
    dictionary: bool,
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.pages.get_next_page()?;
        match &page {
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
