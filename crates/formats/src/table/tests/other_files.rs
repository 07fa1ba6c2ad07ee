//! Case: what is not a table is called what it is.

use contract::Diagnose;

use super::{complaint, photos};
use crate::table::{FileKind, PredictionTable, TableError};

fn kind(bytes: impl AsRef<[u8]>) -> FileKind {
    match photos(bytes).remove(0) {
        Err(TableError::NotATable { kind, .. }) => kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn binary_files_are_named() {
    let zip =
        |name: &str| [b"PK\x03\x04\x14\0\x06\0".as_slice(), &[0; 18], name.as_bytes(), &[0; 40]].concat();
    let tar = [b"a.csv".as_slice(), &[0; 252], b"ustar\x0000", &[0; 200]].concat();
    for (bytes, expected) in [
        (zip("[Content_Types].xml"), FileKind::ExcelWorkbook),
        (zip("xl/workbook.xml"), FileKind::ExcelWorkbook),
        (zip("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), FileKind::OpenDocument),
        (zip("Index/Document.iwa"), FileKind::Numbers),
        (zip("photos.csv"), FileKind::Zip),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0\0".to_vec(), FileKind::OldExcelWorkbook),
        (b"\x1F\x8B\x08\0\0".to_vec(), FileKind::Compressed("gzip")),
        (b"\x28\xB5\x2F\xFD\0".to_vec(), FileKind::Compressed("zstd")),
        (b"BZh91AY&SY\0".to_vec(), FileKind::Compressed("bzip2")),
        (b"\xFD7zXZ\0\0".to_vec(), FileKind::Compressed("xz")),
        (b"7z\xBC\xAF\x27\x1C\0".to_vec(), FileKind::Compressed("7-Zip")),
        (tar, FileKind::Tar),
        (b"PAR1\x15\0\0".to_vec(), FileKind::Parquet),
        (b"ARROW1\0\0\xff".to_vec(), FileKind::Arrow),
        (b"SQLite format 3\0\x10\0".to_vec(), FileKind::Sqlite),
        (b"\x93NUMPY\x01\0".to_vec(), FileKind::Npy),
        (b"\x80\x04\x95\0".to_vec(), FileKind::Pickle),
        (b"\x89HDF\r\n\x1A\n\0".to_vec(), FileKind::Hdf5),
        (b"\xFF\xD8\xFF\xE0\0\x10JFIF".to_vec(), FileKind::Picture),
        (b"\x89PNG\r\n\x1A\n\0".to_vec(), FileKind::Picture),
        (b"\0\0\0\x18ftypheic\0".to_vec(), FileKind::Picture),
        (b"%PDF-1.7\n".to_vec(), FileKind::Pdf),
        (b"\xFF\xFE\0\0I\0\0\0".to_vec(), FileKind::Utf32),
        (b"IMG_ID,LAT,LON\na,1\0,2\n".to_vec(), FileKind::Binary),
        (vec![0; 100], FileKind::Binary),
    ] {
        assert_eq!(kind(&bytes), expected, "{bytes:x?}");
    }
}

#[test]
fn texts_of_other_kinds_are_named() {
    for (text, expected) in [
        ("<!DOCTYPE html><html><body>Sign in</body></html>", FileKind::Html),
        ("\u{feff}\n <HTML>", FileKind::Html),
        ("<table><tr><td>IMG_ID</td></tr></table>", FileKind::Html),
        ("<?xml version=\"1.0\"?><kml xmlns=\"x\">", FileKind::Kml),
        ("<?xml version=\"1.0\"?><gpx>", FileKind::Gpx),
        ("<?xml version=\"1.0\"?><Workbook>", FileKind::Xml),
        ("{\"type\": \"FeatureCollection\", \"features\": []}", FileKind::GeoJson),
        ("[\n {\"IMG_ID\": \"a\", \"LAT\": 1}]", FileKind::Json),
        ("{\"IMG_ID\": \"a\"}\n{\"IMG_ID\": \"b\"}\n", FileKind::Json),
        ("{\\rtf1\\ansi IMG_ID", FileKind::Rtf),
        ("| IMG_ID | LAT | LON |\n|---|---|---|\n| a | 1 | 2 |\n", FileKind::Markdown),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", FileKind::LfsPointer),
    ] {
        assert_eq!(kind(text), expected, "{text}");
        let wide: Vec<u8> =
            "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(kind(wide), expected, "{text}");
    }
    // Bars and brackets alone are no sign.
    assert!(photos("|IMG_ID|LAT|LON|\n|a|1|2|\n")[0].is_ok());
    assert!(photos("[IMG_ID],LAT,LON\na,1,2\n")[0].is_ok());
    assert!(photos("ORC,IMG_ID,LAT,LON\n1,a,1,2\n")[0].is_ok());
}

#[test]
fn message_and_way_out_fit_the_file() {
    let (said, hint) = complaint(photos(b"\x1F\x8B\x08\0"));
    assert_eq!(said, "t.csv is not a table: it is a file compressed with gzip");
    assert_eq!(hint, "decompress it first");
    let error = PredictionTable::from_csv("p.csv", b"PAR1\x15\0\0".as_slice()).unwrap_err();
    assert_eq!(error.to_string(), "p.csv is not a table: it is a Parquet file");
    assert!(error.hint().unwrap().contains("CSV"));
}

#[test]
fn a_title_above_the_header_is_named() {
    let (said, hint) = complaint(photos("My photos\n\nIMG_ID,LAT,LON\na,1,2\n"));
    assert_eq!(said, "t.csv: the first line does not name the columns; line 3 seems to");
    assert_eq!(hint, "remove the lines above line 3");
    let (said, _) = complaint(photos("# made by hand;;\nfile;lat;lon\na;1;2\n"));
    assert_eq!(said, "t.csv: the first line does not name the columns; line 2 seems to");
}
