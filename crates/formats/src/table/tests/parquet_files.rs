use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::complaint;
use crate::table::{PhotoTable, Position, TableError, read_photos};

const SCHEMA: &str = "message m {
    required int64 IMG_ID (INTEGER(64, false)); optional double LAT; optional float LON;
    optional binary city (UTF8); optional boolean balanced; optional int32 label;
    optional int32 price (DECIMAL(5, 2));
    optional group gps (LIST) { repeated group list { optional double element; } }
}";

/// Each group of rows: id, latitude, longitude, city. `balanced` is always true, `label` always 7.
type Rows<'a> = &'a [(i64, Option<f64>, Option<f32>, Option<&'a [u8]>)];

fn write(path: &Path, compression: Compression, groups: &[Rows]) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    for rows in groups {
        let mut group = writer.next_row_group().unwrap();
        let mut number = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            let present = |some: &dyn Fn(usize) -> bool| -> Vec<i16> {
                (0..rows.len()).map(|row| i16::from(some(row))).collect()
            };
            let zeros = vec![0_i16; rows.len()];
            match (number, column.untyped()) {
                (0, ColumnWriter::Int64ColumnWriter(out)) => {
                    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
                    out.write_batch(&ids, None, None).unwrap();
                }
                (1, ColumnWriter::DoubleColumnWriter(out)) => {
                    let values: Vec<f64> = rows.iter().filter_map(|row| row.1).collect();
                    out.write_batch(&values, Some(&present(&|row| rows[row].1.is_some())), None).unwrap();
                }
                (2, ColumnWriter::FloatColumnWriter(out)) => {
                    let values: Vec<f32> = rows.iter().filter_map(|row| row.2).collect();
                    out.write_batch(&values, Some(&present(&|row| rows[row].2.is_some())), None).unwrap();
                }
                (3, ColumnWriter::ByteArrayColumnWriter(out)) => {
                    let values: Vec<ByteArray> =
                        rows.iter().filter_map(|row| row.3).map(ByteArray::from).collect();
                    out.write_batch(&values, Some(&present(&|row| rows[row].3.is_some())), None).unwrap();
                }
                (4, ColumnWriter::BoolColumnWriter(out)) => {
                    out.write_batch(&vec![true; rows.len()], Some(&present(&|_| true)), None).unwrap();
                }
                (5 | 6, ColumnWriter::Int32ColumnWriter(out)) => {
                    out.write_batch(&vec![7; rows.len()], Some(&present(&|_| true)), None).unwrap();
                }
                (_, ColumnWriter::DoubleColumnWriter(out)) => {
                    out.write_batch(&[], Some(&zeros), Some(&zeros)).unwrap();
                }
                _ => panic!("column {number}"),
            }
            column.close().unwrap();
            number += 1;
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn flat_columns_of_every_kind_over_several_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    for compression in
        [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())]
    {
        let path = folder.path().join("photos.parquet");
        let many: Vec<_> = (0..1300).map(|id| (id, Some(0.1), Some(0.1), Some(b"Roma".as_slice()))).collect();
        write(&path, compression, &[&many, &[], &[(-1, Some(-90.0), Some(180.0), None)]]);
        let rows = read_photos(&path).unwrap();
        assert_eq!(rows.len(), 1301);
        let (row, last) = (&rows[1299], &rows[1300]);
        assert_eq!((row.id.0.as_str(), row.position), ("1299", Position::Row(1300)));
        assert_eq!((row.location.latitude(), row.location.longitude()), (0.1, f64::from(0.1_f32)));
        assert_eq!((row.place.city.as_deref(), row.balanced), (Some("Roma"), Some(true)));
        assert_eq!(row.extra.iter().collect::<Vec<_>>(), [("label", "7"), ("price", "0.07")]);
        assert_eq!((last.id.0.as_str(), last.place.city.as_deref()), ("18446744073709551615", None));
    }
}

#[test]
fn wrong_values_are_named_by_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.parquet");
    let good = (1, Some(1.0), Some(1.0), None);
    let bad: [(Rows, &str); 4] = [
        (
            &[good, (2, Some(91.0), Some(1.0), None)],
            "row 2, column LAT: \"91\" is not a latitude from -90 to 90",
        ),
        (&[good, (2, None, None, None)], "row 2, column LAT: must not be empty"),
        (&[(2, Some(f64::NAN), None, None)], "row 1, column LAT: must not be empty"),
        (&[(2, Some(1.0), Some(1.0), Some(b"\xff"))], "row 1, column city: the text is not UTF-8"),
    ];
    for (rows, message) in bad {
        write(&path, Compression::SNAPPY, &[rows]);
        let (said, _) = complaint(PhotoTable::open(&path).unwrap().collect());
        assert!(said.ends_with(message), "{said}");
    }
    write(&path, Compression::SNAPPY, &[&[good], &[good]]);
    assert_eq!(read_photos(&path).unwrap().len(), 1);
    write(&path, Compression::SNAPPY, &[&[good], &[(1, Some(1.0), Some(2.0), None)]]);
    let error = read_photos(&path).unwrap_err().to_string();
    let message = "row 2, column IMG_ID: \"1\" is already in row 1 with another place: 1, 1 there, 1, 2 here";
    assert!(error.ends_with(message), "{error}");
}

#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.parquet");
    let many: Vec<_> = (0..300).map(|id| (id, Some(0.1), Some(0.1), Some(b"Roma".as_slice()))).collect();
    write(&path, Compression::SNAPPY, &[&many]);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = read_photos(&path).unwrap_err();
    assert!(matches!(error, TableError::Parquet { .. }), "{error}");
    // Flipped data bytes may give other values, but never a panic or a read without end.
    for (at, mask) in (4..whole.len()).step_by(3).zip([0x55, 0xFF, 0x80, 0x01].into_iter().cycle()) {
        let mut flipped = whole.clone();
        flipped[at] ^= mask;
        std::fs::write(&path, &flipped).unwrap();
        if let Ok(table) = PhotoTable::open(&path) {
            assert!(table.take(5000).count() < 5000);
        }
    }
}

#[test]
fn the_content_tells_the_format_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.csv");
    write(&path, Compression::SNAPPY, &[&[(1, Some(1.0), Some(2.0), None)]]);
    assert_eq!(read_photos(&path).unwrap().len(), 1);
}

/// A file of some rows in which every column is empty, apart from numbers 7 and 300 in turn.
fn write_schema(path: &Path, columns: &str, rows: usize) {
    let schema = Arc::new(parse_message_type(&format!("message m {{ {columns} }}")).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    while let Some(mut column) = group.next_column().unwrap() {
        let (present, absent) = (vec![1_i16; rows], vec![0_i16; rows]);
        match column.untyped() {
            ColumnWriter::Int32ColumnWriter(out) => {
                let values: Vec<i32> = (0..rows).map(|row| if row % 2 == 0 { 7 } else { 300 }).collect();
                out.write_batch(&values, Some(&present), None).unwrap();
            }
            ColumnWriter::Int64ColumnWriter(out) => {
                out.write_batch(&vec![7; rows], Some(&present), None).unwrap();
            }
            ColumnWriter::DoubleColumnWriter(out) => {
                out.write_batch(&vec![7.0; rows], Some(&present), None).unwrap();
            }
            ColumnWriter::ByteArrayColumnWriter(out) => {
                out.write_batch(&[], Some(&absent), Some(&absent)).unwrap();
            }
            _ => panic!("a column of another type"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

/// Columns that nobody asks for must not make a file unreadable, however odd they are.
#[test]
fn other_columns_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.parquet");
    let place = "optional int32 IMG_ID; optional double LAT; optional double LON;";
    for other in [
        "optional group photo (LIST) { repeated binary a; repeated binary b; }",
        "optional group photo (MAP) { repeated group key_value { repeated binary key; optional binary value; } }",
        "repeated group photo (LIST) { repeated binary a; }",
        "optional group photo { optional binary uri (UTF8); }",
    ] {
        write_schema(&path, &format!("{other} {place}"), 1);
        let rows = read_photos(&path).unwrap();
        assert_eq!((rows.len(), rows[0].id.0.as_str()), (1, "7"), "{other}");
    }
}

#[test]
fn numbers_are_those_stored_whatever_they_stand_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.parquet");
    let columns = "optional int32 IMG_ID (INTEGER(8, true)); optional double LAT; optional double LON;
        optional int32 day (DATE); optional int64 time (TIMESTAMP(MICROS, true)); optional int32 small (INT_8);
        optional int32 large (INTEGER(32, false));";
    write_schema(&path, columns, 2);
    let rows = read_photos(&path).unwrap();
    assert_eq!(rows[1].id.0, "300");
    let extra: Vec<_> = rows[1].extra.iter().collect();
    assert_eq!(extra, [("day", "300"), ("time", "7"), ("small", "300"), ("large", "300")]);
}

/// A file of one row whose columns hold text; numbers are given as decimals.
fn write_texts(path: &Path, columns: &str, values: &[&[u8]]) {
    let schema = Arc::new(parse_message_type(&format!("message m {{ {columns} }}")).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut values = values.iter();
    while let Some(mut column) = group.next_column().unwrap() {
        let value = values.next().unwrap();
        match column.untyped() {
            ColumnWriter::ByteArrayColumnWriter(out) => {
                out.write_batch(&[ByteArray::from(value.to_vec())], None, None).unwrap();
            }
            ColumnWriter::Int32ColumnWriter(out) => {
                out.write_batch(&[i32::from_be_bytes((*value).try_into().unwrap())], None, None).unwrap();
            }
            ColumnWriter::Int64ColumnWriter(out) => {
                out.write_batch(&[i64::from_be_bytes((*value).try_into().unwrap())], None, None).unwrap();
            }
            ColumnWriter::FixedLenByteArrayColumnWriter(out) => {
                out.write_batch(&[ByteArray::from(value.to_vec()).into()], None, None).unwrap();
            }
            _ => panic!("a column of another type"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn texts_and_decimals_are_coordinates_under_the_same_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.parquet");
    let read = |columns: &str, values: &[&[u8]]| {
        write_texts(&path, columns, values);
        let row = read_photos(&path)?.remove(0);
        Ok::<_, TableError>((row.id.0, row.location.latitude(), row.location.longitude()))
    };
    let texts =
        "required binary filename (UTF8); required binary Latitude (UTF8); required binary Longitude (UTF8);";
    let good = ("a.jpg".to_owned(), 48.25, -2.5);
    assert_eq!(read(texts, &[b"a.jpg", b"48.25", b"-2.5"]).unwrap(), good);
    assert_eq!(read(texts, &[b"a.jpg", b"48,25 N", "2\u{b0}30' W".as_bytes()]).unwrap(), good);
    let error = read(texts, &[b"a.jpg", b"48250000", b"-2.5"]).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "row 1, column Latitude: \"48250000\" is not a latitude from -90 to 90: the decimal point seems to be lost"
        ),
        "{error}"
    );
    let decimals =
        "required binary id (UTF8); required int32 LAT (DECIMAL(9, 6)); required int64 LON (DECIMAL(18, 6));";
    let (latitude, longitude) = (48_250_000_i32.to_be_bytes(), (-2_500_000_i64).to_be_bytes());
    assert_eq!(read(decimals, &[b"a.jpg", &latitude, &longitude]).unwrap(), good);
    let fixed = "required binary id (UTF8); required fixed_len_byte_array(5) LAT (DECIMAL(10, 6));
        required binary LON (DECIMAL(40, 6));";
    let wide = [&[0_u8][..], &latitude].concat();
    assert_eq!(read(fixed, &[b"a.jpg", &wide, &longitude]).unwrap(), good);
    let halves = "required binary id (UTF8); required fixed_len_byte_array(2) lat (FLOAT16);
        required fixed_len_byte_array(2) lon (FLOAT16);";
    let error = read(halves, &[b"a.jpg", &[0, 0], &[0, 0]]).unwrap_err();
    assert!(matches!(&error, TableError::WrongType { column: "LAT", expected: "a number", .. }), "{error}");
}
