//! What a file is that is not a table: said by its first bytes, so that the message can name it and the way out.
//!
//! Own code instead of a library of signatures: those know image formats in great number and tell neither an Excel
//! workbook from another ZIP archive nor JSON from HTML.

use std::fmt;

/// A kind of file that people hand over where a table is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A workbook of Excel 2007 or later.
    ExcelWorkbook,
    /// A workbook of Excel 97 to 2003, or another OLE document.
    OldExcelWorkbook,
    /// A spreadsheet of `LibreOffice` or `OpenOffice`.
    OpenDocument,
    /// A spreadsheet of Apple Numbers.
    Numbers,
    /// Another ZIP archive.
    Zip,
    /// Data compressed by the named program.
    Compressed(&'static str),
    /// A tar archive.
    Tar,
    /// An Apache Parquet file.
    Parquet,
    /// An Apache Arrow or Feather file.
    Arrow,
    /// An Apache ORC file.
    Orc,
    /// A database of `SQLite`.
    Sqlite,
    /// Pickled Python objects.
    Pickle,
    /// Arrays of `NumPy`.
    Npy,
    /// An HDF5 file, or one of MATLAB.
    Hdf5,
    /// A picture.
    Picture,
    /// A PDF document.
    Pdf,
    /// Rich text.
    Rtf,
    /// A web page.
    Html,
    /// Places in KML.
    Kml,
    /// A track in GPX.
    Gpx,
    /// Other XML.
    Xml,
    /// Places in `GeoJSON`.
    GeoJson,
    /// Other JSON, or JSON lines.
    Json,
    /// A table for people, in Markdown.
    Markdown,
    /// What Git keeps in place of a large file.
    LfsPointer,
    /// UTF-32 text.
    Utf32,
    /// Bytes of which some are zero: no text in an encoding that is read.
    Binary,
}

impl fmt::Display for FileKind {
    /// With its article.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ExcelWorkbook => "an Excel workbook (.xlsx)",
            Self::OldExcelWorkbook => "an old Excel workbook (.xls)",
            Self::OpenDocument => "an OpenDocument spreadsheet (.ods)",
            Self::Numbers => "a Numbers spreadsheet",
            Self::Zip => "a ZIP archive",
            Self::Compressed(program) => return write!(formatter, "a file compressed with {program}"),
            Self::Tar => "a tar archive",
            Self::Parquet => "a Parquet file",
            Self::Arrow => "an Arrow or Feather file",
            Self::Orc => "an ORC file",
            Self::Sqlite => "an SQLite database",
            Self::Pickle => "a Python pickle",
            Self::Npy => "a NumPy array",
            Self::Hdf5 => "an HDF5 file",
            Self::Picture => "a picture",
            Self::Pdf => "a PDF document",
            Self::Rtf => "a rich text document",
            Self::Html => "an HTML page",
            Self::Kml => "a KML file",
            Self::Gpx => "a GPX file",
            Self::Xml => "an XML file",
            Self::GeoJson => "a GeoJSON file",
            Self::Json => "a JSON file",
            Self::Markdown => "a Markdown table",
            Self::LfsPointer => "a pointer of Git LFS, not the file itself",
            Self::Utf32 => "UTF-32 text",
            Self::Binary => "a binary file (it contains zero bytes)",
        })
    }
}

impl FileKind {
    /// What to do about it, in the imperative.
    pub(super) const fn way_out(self) -> &'static str {
        match self {
            Self::ExcelWorkbook | Self::OldExcelWorkbook => {
                "open it in a spreadsheet program and save the sheet as \"CSV UTF-8\""
            }
            Self::OpenDocument | Self::Numbers => {
                "open it in a spreadsheet program and export the sheet as CSV"
            }
            Self::Zip | Self::Tar => "unpack it and pass the table inside",
            Self::Compressed(_) => "decompress it first",
            Self::Parquet => "convert it to CSV: this kind of table is read from CSV only",
            Self::Arrow | Self::Orc | Self::Sqlite | Self::Pickle | Self::Npy | Self::Hdf5 => {
                "export the table as CSV or Parquet"
            }
            Self::Picture => "pass a table of photos here, not a photo",
            Self::Html => {
                "check how it was downloaded: a page came instead of the table, perhaps a sign-in page"
            }
            Self::LfsPointer => "fetch the file itself with `git lfs pull`",
            Self::Utf32 => "save the table as UTF-8",
            Self::Binary => "save the table as CSV, in UTF-8",
            Self::Pdf
            | Self::Rtf
            | Self::Kml
            | Self::Gpx
            | Self::Xml
            | Self::GeoJson
            | Self::Json
            | Self::Markdown => {
                "convert it to CSV with a header and the columns IMG_ID, LAT, LON, in this order or another"
            }
        }
    }

    /// By the first bytes of a file, before they are decoded.
    pub(super) fn of_bytes(head: &[u8]) -> Option<Self> {
        const SIGNATURES: [(&[u8], FileKind); 23] = [
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", FileKind::OldExcelWorkbook),
            (b"\x1F\x8B", FileKind::Compressed("gzip")),
            (b"\x28\xB5\x2F\xFD", FileKind::Compressed("zstd")),
            (b"\xFD7zXZ\0", FileKind::Compressed("xz")),
            (b"\x04\x22\x4D\x18", FileKind::Compressed("lz4")),
            (b"7z\xBC\xAF\x27\x1C", FileKind::Compressed("7-Zip")),
            (b"Rar!\x1A\x07", FileKind::Compressed("RAR")),
            (b"PAR1", FileKind::Parquet),
            (b"PARE", FileKind::Parquet),
            (b"ARROW1\0\0", FileKind::Arrow),
            (b"FEA1", FileKind::Arrow),
            (b"ORC", FileKind::Orc),
            (b"SQLite format 3\0", FileKind::Sqlite),
            (b"\x93NUMPY", FileKind::Npy),
            (b"\x89HDF\r\n\x1A\n", FileKind::Hdf5),
            (b"MATLAB 5.0 MAT-file", FileKind::Hdf5),
            (b"\xFF\xD8\xFF", FileKind::Picture),
            (b"\x89PNG\r\n\x1A\n", FileKind::Picture),
            (b"GIF8", FileKind::Picture),
            (b"%PDF-", FileKind::Pdf),
            (b"\xFF\xFE\0\0", FileKind::Utf32),
            (b"\0\0\xFE\xFF", FileKind::Utf32),
            (b"PK\x05\x06", FileKind::Zip),
        ];
        if head.starts_with(b"PK\x03\x04") {
            return Some(Self::of_zip(head));
        }
        if let Some((start, kind)) = SIGNATURES.iter().find(|(start, _)| head.starts_with(start)) {
            // A header may begin with these letters.
            let is_word = start.iter().all(u8::is_ascii_alphanumeric) && !head.contains(&0);
            return Some(*kind).filter(|_| !is_word);
        }
        if head.get(4..8).is_some_and(|kind| kind == b"ftyp") && head.starts_with(b"\0\0") {
            return Some(Self::Picture);
        }
        if head.starts_with(b"RIFF") && head.get(8..12).is_some_and(|kind| kind == b"WEBP") {
            return Some(Self::Picture);
        }
        if head.starts_with(b"BZh") && head.get(4..10).is_some_and(|magic| magic == b"1AY&SY") {
            return Some(Self::Compressed("bzip2"));
        }
        if head.get(257..262).is_some_and(|magic| magic == b"ustar") {
            return Some(Self::Tar);
        }
        if matches!(head, [0x80, 2..=5, ..]) {
            return Some(Self::Pickle);
        }
        None
    }

    /// The names of a ZIP archive's files stand in it uncompressed.
    fn of_zip(head: &[u8]) -> Self {
        let has = |name: &[u8]| head.windows(name.len()).any(|bytes| bytes == name);
        if has(b"xl/") || has(b"[Content_Types].xml") {
            Self::ExcelWorkbook
        } else if has(b"opendocument") {
            Self::OpenDocument
        } else if has(b"Index/Document.iwa") {
            Self::Numbers
        } else {
            Self::Zip
        }
    }

    /// By the first text of a file, after its byte order mark.
    pub(super) fn of_text(head: &[u8]) -> Option<Self> {
        let start = head.trim_ascii_start();
        let lower = start.get(..start.len().min(4096)).unwrap_or_default().to_ascii_lowercase();
        let has = |text: &str| lower.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        let begins = |text: &str| lower.starts_with(text.as_bytes());
        if begins("<!doctype html")
            || begins("<html")
            || begins("<head")
            || begins("<table")
            || begins("<body")
        {
            return Some(Self::Html);
        }
        if begins("<?xml") || begins("<kml") || begins("<gpx") || begins("<!--") {
            return Some(match () {
                () if has("<kml") => Self::Kml,
                () if has("<gpx") => Self::Gpx,
                () if has("<html") => Self::Html,
                () => Self::Xml,
            });
        }
        if begins("{\\rtf") {
            return Some(Self::Rtf);
        }
        if begins("version https://git-lfs") {
            return Some(Self::LfsPointer);
        }
        if has_json_start(&lower) {
            let places = has("featurecollection") || (has("\"feature\"") && has("\"geometry\""));
            return Some(if places { Self::GeoJson } else { Self::Json });
        }
        if begins("|") && is_markdown(&lower) {
            return Some(Self::Markdown);
        }
        None
    }
}

/// A bracket, and what may follow it in JSON: no header of a table looks so.
fn has_json_start(text: &[u8]) -> bool {
    let Some((bracket, rest)) = text.split_first() else { return false };
    let next = rest.trim_ascii_start().first().copied();
    match bracket {
        b'{' => matches!(next, Some(b'"' | b'}')),
        b'[' => matches!(next, Some(b'{' | b'[' | b'"' | b']')),
        _ => false,
    }
}

/// Whether the second line is the rule below a Markdown header.
fn is_markdown(text: &[u8]) -> bool {
    let second = text.split(|byte| *byte == b'\n').nth(1).unwrap_or_default().trim_ascii();
    second.contains(&b'-') && second.iter().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' '))
}
