//! Rows of a CSV file, each with the line it starts on.
//!
//! The `csv` crate's own reader counts lines before it skips line ends, so that a CRLF file or a blank line
//! shifts its line numbers. Here its tokenizer is driven directly and line ends are skipped first.

use std::io::{self, BufRead, BufReader, Read};

use csv_core::ReadRecordResult;

use super::columns::Columns;
use super::error::{Position, TableError};
use super::record::{Record, Records};

/// No row of a real table is longer, lists of candidates included.
const LONGEST_ROW: usize = 64 << 20;

pub(super) struct CsvRecords {
    file: String,
    input: BufReader<Box<dyn Read + Send>>,
    tokenizer: csv_core::Reader,
    line: u64,
    columns: Columns,
}

impl CsvRecords {
    /// Reads the header.
    pub(super) fn new(file: &str, input: Box<dyn Read + Send>) -> Result<Self, TableError> {
        let mut records = Self {
            file: file.to_owned(),
            input: BufReader::with_capacity(1 << 16, input),
            tokenizer: csv_core::Reader::new(),
            line: 1,
            columns: Columns { names: Vec::new() },
        };
        records.skip(&[0xEF, 0xBB, 0xBF])?;
        let mut header = Record::new();
        if !records.next_record(&mut header)? {
            return Err(TableError::NoHeader { file: records.file });
        }
        records.columns.names = (0..header.len()).map(|index| header.get(index).trim().to_owned()).collect();
        Ok(records)
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Skips line ends, or a byte order mark, and counts lines.
    fn skip(&mut self, bytes: &[u8]) -> Result<(), TableError> {
        loop {
            let buffer = fill(&mut self.input, &self.file)?;
            let skipped = buffer.iter().take_while(|byte| bytes.contains(byte)).count();
            self.line += line_ends(&buffer[..skipped]);
            let all = skipped == buffer.len();
            self.input.consume(skipped);
            if skipped == 0 || !all {
                return Ok(());
            }
        }
    }

    fn next_record(&mut self, record: &mut Record) -> Result<bool, TableError> {
        self.skip(b"\r\n")?;
        record.position = Position::Line(self.line);
        let mut bytes = std::mem::take(&mut record.text).into_bytes();
        bytes.resize(bytes.capacity().max(512), 0);
        record.ends.resize(record.ends.capacity().max(32), 0);
        let (mut written, mut fields) = (0, 0);
        let found = loop {
            let input = fill(&mut self.input, &self.file)?;
            let (result, read, wrote, ended) =
                self.tokenizer.read_record(input, &mut bytes[written..], &mut record.ends[fields..]);
            self.line += line_ends(&input[..read]);
            self.input.consume(read);
            (written, fields) = (written + wrote, fields + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if bytes.len() >= LONGEST_ROW => {
                    return Err(TableError::Endless {
                        file: self.file.clone(),
                        position: record.position,
                        limit: LONGEST_ROW,
                    });
                }
                ReadRecordResult::OutputFull => bytes.resize(bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => record.ends.resize(record.ends.len() * 2, 0),
                ReadRecordResult::Record => break true,
                ReadRecordResult::End => break false,
            }
        };
        bytes.truncate(written);
        record.ends.truncate(fields);
        record.text = self.text(bytes, record)?;
        Ok(found)
    }

    fn text(&self, bytes: Vec<u8>, record: &Record) -> Result<String, TableError> {
        // Halves of one character at the end of a field and the start of the next are valid together only.
        let wrong = match std::str::from_utf8(&bytes) {
            Ok(text) => record.ends.iter().position(|end| !text.is_char_boundary(*end)),
            Err(error) => {
                let valid = error.valid_up_to();
                Some(record.ends.iter().position(|end| valid < *end).unwrap_or_default())
            }
        };
        let index = match (wrong, String::from_utf8(bytes)) {
            (None, Ok(text)) => return Ok(text),
            (Some(index), _) => index,
            (None, Err(_)) => 0,
        };
        let column = match self.columns.names.get(index) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => (index + 1).to_string(),
        };
        Err(TableError::NotUtf8 { file: self.file.clone(), position: record.position, column })
    }
}

impl Records for CsvRecords {
    fn read(&mut self, record: &mut Record) -> Result<bool, TableError> {
        if !self.next_record(record)? {
            return Ok(false);
        }
        let (expected, found) = (self.columns.names.len(), record.len());
        if expected != found {
            return Err(TableError::Ragged {
                file: self.file.clone(),
                position: record.position,
                expected,
                found,
            });
        }
        Ok(true)
    }
}

fn fill<'a>(input: &'a mut BufReader<Box<dyn Read + Send>>, file: &str) -> Result<&'a [u8], TableError> {
    loop {
        // Asked twice because the borrow checker cannot return the first answer from inside the loop.
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(TableError::Read { file: file.to_owned(), cause }),
        }
    }
    input.fill_buf().map_err(|cause| TableError::Read { file: file.to_owned(), cause })
}

fn line_ends(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
