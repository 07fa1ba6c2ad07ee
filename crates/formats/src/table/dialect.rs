//! How a text file is a table: its encoding, what separates the columns, how lines end, where the header is.
//!
//! Own code instead of a library: those that sniff dialects weigh probabilities. Here a separator is taken if it gives a
//! header with the columns that are needed, and nothing else is guessed.

use std::io::{self, Cursor, Read};

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::columns::Columns;
use super::error::TableError;
use super::file_kind::FileKind;
use super::roles::Purpose;
use super::transcode::{Transcoder, utf16};

/// So much of a file decides.
const HEAD: usize = 1 << 16;

/// Separators that are looked for; the first is the one of the project's own files.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A file in UTF-8, at the start of its header, and how to read it.
pub(super) struct Text {
    pub(super) input: Box<dyn Read + Send>,
    pub(super) separator: u8,
    /// Carriage return, where lines end with nothing else.
    pub(super) line_end: u8,
    /// The line of the header, from 1.
    pub(super) line: u64,
    /// What the text was before: `UTF-8` or `UTF-16`.
    pub(super) encoding: &'static str,
    /// A line further down, from 1, that looks more like a header.
    pub(super) better_line: Option<u64>,
}

impl Text {
    pub(super) fn of(file: &str, input: Box<dyn Read + Send>, purpose: Purpose) -> Result<Self, TableError> {
        let unread = |cause| TableError::Read { file: file.to_owned(), cause };
        let is = |kind| Err(TableError::NotATable { file: file.to_owned(), kind });
        let (head, rest) = start(input).map_err(unread)?;
        if let Some(kind) = FileKind::of_bytes(&head) {
            return is(kind);
        }
        let (encoding, head, rest) = match utf16(&head) {
            None => ("UTF-8", head, rest),
            Some(encoding) => {
                let whole = Cursor::new(head).chain(rest);
                let (head, rest) = start(Box::new(Transcoder::new(whole, encoding))).map_err(unread)?;
                ("UTF-16", head, rest)
            }
        };
        let bom = if head.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
        let text = head.get(bom..).unwrap_or_default();
        if let Some(kind) = FileKind::of_text(text) {
            return is(kind);
        }
        if text.contains(&0) {
            return is(FileKind::Binary);
        }
        let line_end = if text.contains(&b'\r') && !text.contains(&b'\n') { b'\r' } else { b'\n' };
        let blank = text.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let (named, after) = separator_line(text.get(blank..).unwrap_or_default());
        let header = text.get(blank + after..).unwrap_or_default();
        let separator = named.unwrap_or_else(|| separator(header, purpose));
        let skipped = text.get(..blank + after).unwrap_or_default();
        let line = 1 + skipped.iter().map(|byte| u64::from(*byte == line_end)).sum::<u64>();
        let better_line = better_header(header, line_end, purpose).map(|below| line + below);
        let start = bom + skipped.len();
        let mut head = Cursor::new(head);
        head.set_position(start as u64);
        let input = Box::new(head.chain(rest));
        Ok(Self { input, separator, line_end, line, encoding, better_line })
    }
}

/// The first bytes, and the rest.
fn start(mut input: Box<dyn Read + Send>) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut head = Vec::with_capacity(HEAD);
    Read::by_ref(&mut input).take(HEAD as u64).read_to_end(&mut head)?;
    Ok((head, input))
}

/// The separator that Excel's first line `sep=;` names, and the length of that line with its end.
fn separator_line(text: &[u8]) -> (Option<u8>, usize) {
    let length = text.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
    let (line, rest) = text.split_at(length);
    let line = line.strip_prefix(b"\"").map_or(line, |inner| inner.strip_suffix(b"\"").unwrap_or(inner));
    let separator = match line {
        [s, e, p, b'=', separator] if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" => *separator,
        _ => return (None, 0),
    };
    if separator.is_ascii_alphanumeric() || !separator.is_ascii() || separator == b'"' {
        return (None, 0);
    }
    let end = match rest {
        [b'\r', b'\n', ..] => 2,
        [] => 0,
        _ => 1,
    };
    (Some(separator), length + end)
}

/// The separator by which the header has the columns that are needed; else the one that makes most columns.
fn separator(header: &[u8], purpose: Purpose) -> u8 {
    let columns = SEPARATORS.map(|separator| (separator, header_of(header, separator)));
    let fits = columns.iter().find(|(_, columns)| purpose.fits(columns));
    let most = columns.iter().rev().max_by_key(|(_, columns)| columns.names.len());
    fits.or(most).map_or(b',', |(separator, _)| *separator)
}

/// The first row as column names.
pub(super) fn header_of(text: &[u8], separator: u8) -> Columns {
    let mut tokenizer = ReaderBuilder::new().delimiter(separator).build();
    let (mut bytes, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 2]);
    let (result, read, written, mut fields) = tokenizer.read_record(text, &mut bytes, &mut ends);
    let mut written = written;
    // Without a line end the end of the row shows when there is nothing more.
    if matches!(result, ReadRecordResult::InputEmpty) {
        let rest = text.get(read..).unwrap_or_default();
        let (_, _, more, last) = tokenizer.read_record(rest, &mut bytes[written..], &mut ends[fields..]);
        written += more;
        fields += last;
    }
    bytes.truncate(written);
    let mut from = 0;
    let name = |end: &usize| {
        let name = bytes.get(from..*end).unwrap_or_default();
        from = *end;
        clean_name(&String::from_utf8_lossy(name))
    };
    Columns { names: ends.iter().take(fields).map(name).collect() }
}

/// A column's name without blanks and marks that do not show.
pub(super) fn clean_name(name: &str) -> String {
    name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}')).to_owned()
}

/// How many lines below the first one of the next few looks like a header, if the first does not.
fn better_header(text: &[u8], line_end: u8, purpose: Purpose) -> Option<u64> {
    const LINES: usize = 20;
    let fits = |line: &[u8]| SEPARATORS.iter().any(|separator| purpose.fits(&header_of(line, *separator)));
    let lines = text.split(|byte| *byte == line_end).take(LINES);
    let first = lines.enumerate().find(|(_, line)| line.len() < 4096 && fits(line));
    first.map(|(index, _)| index as u64).filter(|index| *index > 0)
}
