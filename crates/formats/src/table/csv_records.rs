//! Rows of a CSV file, each with the line it starts on.
//!
//! The `csv` crate's own reader counts lines before it skips line ends, so that a CRLF file or a blank line
//! shifts its line numbers. Here its tokenizer is driven directly and line ends are skipped first.

use std::io::{self, BufRead, BufReader, Read};

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::columns::Columns;
use super::dialect::{Text, clean_name};
use super::error::{Misaligned, Position, TableError};
use super::notes::TableNote;
use super::record::{Record, Records};
use super::roles::Purpose;
use super::western;

/// No row of a real table is longer, lists of candidates included.
const LONGEST_ROW: usize = 64 << 20;

pub(super) struct CsvRecords {
    file: String,
    input: BufReader<Box<dyn Read + Send>>,
    tokenizer: csv_core::Reader,
    separator: u8,
    line_end: u8,
    line: u64,
    columns: Columns,
    encoding: &'static str,
    /// Whether some row so far holds characters outside ASCII in the encoding of the file.
    has_accents: bool,
    keeps_blank_rows: bool,
    notes: Vec<TableNote>,
}

impl CsvRecords {
    /// Finds out how the file is written and reads the header.
    pub(super) fn new(file: &str, input: Box<dyn Read + Send>, purpose: Purpose) -> Result<Self, TableError> {
        let text = Text::of(file, input, purpose)?;
        let mut records = Self {
            file: file.to_owned(),
            input: BufReader::with_capacity(1 << 16, text.input),
            tokenizer: ReaderBuilder::new().delimiter(text.separator).build(),
            separator: text.separator,
            line_end: text.line_end,
            line: text.line,
            columns: Columns { names: Vec::new() },
            encoding: text.encoding,
            has_accents: text.encoding != "UTF-8",
            keeps_blank_rows: false,
            notes: Vec::new(),
        };
        let mut header = Record::new();
        if !records.next_record(&mut header)? {
            return Err(TableError::NoHeader { file: records.file });
        }
        records.columns.names = (0..header.len()).map(|index| clean_name(header.get(index))).collect();
        if let Some(line) = text.better_line
            && !purpose.fits(&records.columns)
        {
            return Err(TableError::HeaderBelow { file: records.file, line });
        }
        Ok(records)
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Skips line ends and counts lines.
    fn skip_line_ends(&mut self) -> Result<(), TableError> {
        loop {
            let buffer = fill(&mut self.input, &self.file)?;
            let skipped = buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.line += line_ends(&buffer[..skipped], self.line_end);
            let all = skipped == buffer.len();
            self.input.consume(skipped);
            if skipped == 0 || !all {
                return Ok(());
            }
        }
    }

    fn next_record(&mut self, record: &mut Record) -> Result<bool, TableError> {
        self.skip_line_ends()?;
        record.position = Position::Line(self.line);
        let mut bytes = std::mem::take(&mut record.text).into_bytes();
        bytes.resize(bytes.capacity().max(512), 0);
        record.ends.resize(record.ends.capacity().max(32), 0);
        let (mut written, mut fields) = (0, 0);
        let found = loop {
            let input = fill(&mut self.input, &self.file)?;
            let (result, read, wrote, ended) =
                self.tokenizer.read_record(input, &mut bytes[written..], &mut record.ends[fields..]);
            self.line += line_ends(&input[..read], self.line_end);
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
        if bytes.is_ascii() {
            // No character can be cut, and no other encoding is in question.
            record.text = String::from_utf8(bytes).unwrap_or_default();
        } else {
            record.text = self.text(bytes, record)?;
        }
        Ok(found)
    }

    /// Text with characters outside ASCII.
    fn text(&mut self, bytes: Vec<u8>, record: &mut Record) -> Result<String, TableError> {
        // Halves of one character at the end of a field and the start of the next are valid together only.
        let wrong = match std::str::from_utf8(&bytes) {
            Ok(text) => record.ends.iter().position(|end| !text.is_char_boundary(*end)),
            Err(error) => {
                let valid = error.valid_up_to();
                Some(record.ends.iter().position(|end| valid < *end).unwrap_or_default())
            }
        };
        let (index, bytes) = match (wrong, String::from_utf8(bytes)) {
            (None, Ok(text)) => {
                self.has_accents = true;
                return Ok(text);
            }
            (Some(index), Ok(text)) => (index, text.into_bytes()),
            (index, Err(error)) => (index.unwrap_or_default(), error.into_bytes()),
        };
        let is_first = self.notes.is_empty();
        if (!is_first || !self.has_accents)
            && let Some(text) = Self::western(&bytes, record)
        {
            if is_first {
                self.notes
                    .push(TableNote::Windows1252 { file: self.file.clone(), position: record.position });
            }
            return Ok(text);
        }
        let column = match self.columns.names.get(index) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => (index + 1).to_string(),
        };
        let encoding = self.encoding;
        Err(TableError::WrongEncoding {
            file: self.file.clone(),
            position: record.position,
            column,
            encoding,
        })
    }

    /// The fields as Windows-1252, if all are certain to be.
    fn western(bytes: &[u8], record: &mut Record) -> Option<String> {
        let mut text = String::with_capacity(bytes.len() + 16);
        let (mut from, mut ends) = (0, Vec::with_capacity(record.ends.len()));
        for end in &record.ends {
            text.push_str(&western::decode(bytes.get(from..*end)?)?);
            ends.push(text.len());
            from = *end;
        }
        record.ends = ends;
        Some(text)
    }

    /// Makes a row as wide as the header where only empty fields differ.
    fn align(&self, record: &mut Record) -> bool {
        let (expected, found) = (self.columns.names.len(), record.len());
        if found > expected {
            let end = expected.checked_sub(1).and_then(|last| record.ends.get(last)).copied().unwrap_or(0);
            let surplus = record.text.get(end..).unwrap_or_default();
            let is_empty = surplus.trim().is_empty();
            if is_empty {
                record.text.truncate(end);
                record.ends.truncate(expected);
            }
            return is_empty;
        }
        let unnamed = self.columns.names.get(found..).unwrap_or_default();
        let fits = unnamed.iter().all(String::is_empty);
        if fits {
            record.ends.resize(expected, record.text.len());
        }
        fits
    }
}

impl Records for CsvRecords {
    fn read(&mut self, record: &mut Record) -> Result<bool, TableError> {
        loop {
            if !self.next_record(record)? {
                return Ok(false);
            }
            // Spreadsheets write rows of empty fields, DOS a mark at the end of the file.
            let is_blank = !record.text.as_bytes().first().is_some_and(u8::is_ascii_graphic)
                && record.text.trim_matches(|c: char| c.is_whitespace() || c == '\u{1A}').is_empty();
            if !is_blank || (self.keeps_blank_rows && record.len() > 1) {
                break;
            }
        }
        let (expected, found) = (self.columns.names.len(), record.len());
        if expected != found && !self.align(record) {
            return Err(TableError::Ragged {
                file: self.file.clone(),
                position: record.position,
                expected,
                found,
                likely: Misaligned::likely(record, expected, self.separator),
            });
        }
        Ok(true)
    }

    fn keep_blank_rows(&mut self) {
        self.keeps_blank_rows = true;
    }

    fn notes(&self) -> &[TableNote] {
        &self.notes
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

fn line_ends(bytes: &[u8], line_end: u8) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == line_end)).sum()
}
