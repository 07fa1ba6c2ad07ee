//! Case: tables as spreadsheets write them.

use super::{complaint, photos};
use crate::table::{PhotoTable, Position, TableNote};

/// Id, latitude and longitude of all rows.
fn places(text: impl AsRef<[u8]>) -> Vec<(String, f64, f64)> {
    let rows = photos(text).into_iter().map(Result::unwrap);
    rows.map(|row| (row.id.0, row.location.latitude(), row.location.longitude())).collect()
}

fn expected() -> Vec<(String, f64, f64)> {
    let row = |id: &str, latitude, longitude| (id.to_owned(), latitude, longitude);
    vec![
        row("a.jpg", 48.858_267, 2.2945),
        row("b.jpg", -33.8568, 151.2153),
        row("Br\u{fc}cke.jpg", 50.0865, 14.4114),
    ]
}

/// The table in one dialect.
fn table(separator: &str, comma: bool, end: &str) -> String {
    let rows = [
        ["IMG_ID", "LAT", "LON"],
        ["a.jpg", "48.858267", "2.294500"],
        ["b.jpg", "-33.856800", "151.215300"],
        ["Br\u{fc}cke.jpg", "50.086500", "14.411400"],
    ];
    let number = |text: &str, index: usize| {
        if comma && index > 0 { text.replace('.', ",") } else { text.to_owned() }
    };
    let line = |row: &[&str; 3]| {
        let fields: Vec<String> = row.iter().enumerate().map(|(index, text)| number(text, index)).collect();
        fields.join(separator) + end
    };
    rows.iter().map(line).collect()
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
        .collect()
}

#[test]
fn separators_decimal_commas_and_line_ends_are_recognised() {
    for separator in [",", ";", "\t", "|"] {
        for end in ["\n", "\r\n", "\r"] {
            for mark in ["", "\u{feff}"] {
                assert_eq!(
                    places(mark.to_owned() + &table(separator, false, end)),
                    expected(),
                    "{separator:?} {end:?}"
                );
                if separator != "," {
                    assert_eq!(
                        places(mark.to_owned() + &table(separator, true, end)),
                        expected(),
                        "{separator:?} {end:?}"
                    );
                }
            }
        }
    }
    assert_eq!(places("IMG_ID,LAT,LON\na.jpg,\"48,858267\",\"2,2945\"\n"), expected()[..1]);
}

#[test]
fn the_separator_line_of_excel_is_read() {
    for (line, separator) in
        [("sep=,", ","), ("sep=;", ";"), ("SEP=\t", "\t"), ("\"sep=;\"", ";"), ("sep=|", "|"), ("sep=~", "~")]
    {
        for end in ["\n", "\r\n", "\r"] {
            let text =
                format!("{line}{end}{}c.jpg{separator}x{separator}1{end}", table(separator, false, end));
            let rows = photos(&text);
            assert_eq!(rows.iter().filter(|row| row.is_ok()).count(), 3, "{text:?}");
            let (said, _) = complaint(rows);
            assert_eq!(said, "t.csv, line 6, column LAT: \"x\" is not a number", "{text:?}");
        }
    }
}

#[test]
fn utf_16_is_read_with_a_mark_and_without() {
    for little in [true, false] {
        for mark in ["\u{feff}", ""] {
            for (separator, comma) in [("\t", false), (",", false), (";", true)] {
                let text = mark.to_owned() + &table(separator, comma, "\r\n");
                assert_eq!(places(utf16(&text, little)), expected(), "{little} {mark:?} {separator:?}");
            }
        }
    }
    // More than one buffer, with a character of two code units at every possible place.
    let mut many = "\u{feff}IMG_ID\tLAT\tLON\n".to_owned();
    many.extend((0..40_000).flat_map(|id| [id.to_string(), "\u{1f600}.jpg\t1\t2\n".to_owned()]));
    let rows = places(utf16(&many, true));
    assert_eq!((rows.len(), rows[39_999].0.as_str()), (40_000, "39999\u{1f600}.jpg"));
}

#[test]
fn broken_utf_16_is_named_by_line_and_column() {
    let mut bytes = utf16("\u{feff}IMG_ID\tLAT\tLON\na\t1\t2\nb", true);
    bytes.extend([0x00, 0xD8]);
    bytes.extend(utf16(".jpg\t1\t2\nc\t3\t4\n", true));
    let rows = photos(bytes);
    assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(complaint(rows).0, "t.csv, line 3, column IMG_ID: the text is not UTF-16");
}

fn western(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
}

#[test]
fn windows_1252_is_read_with_a_note_where_it_is_certain() {
    for name in [
        "Br\u{fc}cke",
        "Bes\u{e9}s",
        "\u{c9}vian",
        "S\u{e3}o",
        "\u{c5}lesund",
        "L\u{2019}\u{ce}le",
        "Co\u{f6}\u{fc}p",
    ] {
        let text = format!("IMG_ID,LAT,LON,city\na.jpg,1,2,Paris\n{name}.jpg,1,2,{name}\n");
        let mut table = PhotoTable::from_csv("t.csv", std::io::Cursor::new(western(&text))).unwrap();
        let rows: Vec<_> = table.by_ref().map(Result::unwrap).collect();
        assert_eq!(
            (rows[1].id.0.as_str(), rows[1].place.city.as_deref()),
            (format!("{name}.jpg").as_str(), Some(name))
        );
        let note = TableNote::Windows1252 { file: "t.csv".into(), position: Position::Line(3) };
        assert_eq!(table.notes(), [note]);
    }
    let degrees = western("IMG_ID,LAT,LON\na.jpg,48\u{b0}30'N,2\u{b0}15'E\n");
    assert_eq!(places(degrees), [("a.jpg".to_owned(), 48.5, 2.25)]);
}

#[test]
fn other_encodings_are_refused_and_the_next_row_is_read() {
    let cyrillic =
        encoding_rs::WINDOWS_1251.encode("\u{41c}\u{43e}\u{441}\u{43a}\u{432}\u{430}").0.into_owned();
    let japanese = encoding_rs::SHIFT_JIS.encode("\u{6771}\u{4eac}").0.into_owned();
    let chinese = encoding_rs::GBK.encode("\u{5317}\u{4eac}").0.into_owned();
    let polish = encoding_rs::WINDOWS_1250.encode("\u{141}\u{f3}d\u{17a}").0.into_owned();
    let dos = b"Br\x81cke".to_vec();
    let in_a_word = [b"a".as_slice(), &cyrillic].concat();
    for city in [cyrillic, in_a_word, japanese, chinese, polish, dos] {
        let text = [b"IMG_ID,LAT,LON,city\na,1,2,".as_slice(), &city, b"\nb,1,2,Rome\n"].concat();
        let rows = photos(&text);
        assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true], "{city:x?}");
        let (said, hint) = complaint(rows);
        assert_eq!(said, "t.csv, line 2, column city: the text is not UTF-8");
        assert!(hint.contains("CSV UTF-8"), "{hint}");
    }
    // A table in UTF-8 with one damaged name is not another encoding.
    let damaged = b"IMG_ID,LAT,LON\nBr\xc3\xbccke,1,2\nBr\xfccke,1,2\n";
    assert_eq!(photos(damaged).iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn quoted_line_breaks_and_empty_columns_and_rows_of_spreadsheets_do_no_harm() {
    let text = "IMG_ID,LAT,LON,city,,\r\na.jpg,1,2,\"Paris\r\n7e\",,\r\nb.jpg,3,4,Rome\r\n,,,,,\r\nc.jpg,5,6,,,,,,\r\n,,,,,\r\n\r\n";
    let rows: Vec<_> = photos(text).into_iter().map(Result::unwrap).collect();
    assert_eq!(rows.iter().map(|row| row.id.0.as_str()).collect::<Vec<_>>(), ["a.jpg", "b.jpg", "c.jpg"]);
    assert_eq!(rows[0].place.city.as_deref(), Some("Paris\r\n7e"));
    assert_eq!(rows[2].position, Position::Line(6));
    // A field that is missing or too many is still refused.
    for text in ["IMG_ID,LAT,LON,city\na,1,2\n", "IMG_ID,LAT,LON\na,1,2,,x\n"] {
        assert!(photos(text)[0].is_err(), "{text}");
    }
}

#[test]
fn columns_that_are_called_otherwise_are_found() {
    for header in [
        "filename,latitude,longitude",
        "File Name,Latitude,Longitude",
        "SourceFile,GPSLatitude,GPSLongitude",
        "file,lat,lng",
        "image_id,LAT,LONG",
        "photo,gps_lat,gps_lon",
        "Image Path,Latitude (deg),Longitude [\u{b0}]",
        "id,decimalLatitude,decimalLongitude",
        "img_id,EXIF:GPSLatitude,EXIF:GPSLongitude",
        "\u{a0}path\u{a0},lat,lon",
    ] {
        assert_eq!(places(format!("{header}\na.jpg,48.858267,2.2945\n")), expected()[..1], "{header}");
    }
    // The project's own names win, and the others remain columns of their own.
    let rows = photos("filename,IMG_ID,lat,LAT,LON\nx,a.jpg,y,1,2\n");
    let row = rows[0].as_ref().unwrap();
    assert_eq!(row.id.0, "a.jpg");
    assert_eq!(row.extra.iter().collect::<Vec<_>>(), [("filename", "x"), ("lat", "y")]);
    assert_eq!(row.get("lat").unwrap(), "y");
    // exiftool writes FileName beside SourceFile.
    let rows = photos("SourceFile,FileName,GPSLatitude,GPSLongitude\nsub/a.jpg,a.jpg,1,2\n");
    assert_eq!(rows[0].as_ref().unwrap().id.0, "sub/a.jpg");
    let rows = photos("file,Latitude,Longitude,City,License\na,1,2,Rome,CC0\n");
    let row = rows[0].as_ref().unwrap();
    assert_eq!((row.place.city.as_deref(), row.licence.as_deref()), (Some("Rome"), Some("CC0")));
    assert_eq!((row.get("City").unwrap(), row.get("Latitude").unwrap()), ("Rome".into(), "1".into()));
}

#[test]
fn one_column_may_hold_both_coordinates() {
    for (column, value) in [
        ("coordinates", "\"48.5, 2.25\""),
        ("lat_lon", "\"48.5,2.25\""),
        ("\"lat,lon\"", "\"48.5,2.25\""),
        ("LatLng", "\"(48.5, 2.25)\""),
        ("coords", "\"[48.5,2.25]\""),
        ("coordinates", "48.5 2.25"),
        ("coordinates", "\"48,5; 2,25\""),
        ("coordinates", "\"48,5, 2,25\""),
        ("coordinates", "\"48\u{b0}30'N, 2\u{b0}15'E\""),
        ("GPSPosition", "\"48 deg 30' 0.00\"\" N, 2 deg 15' 0.00\"\" E\""),
        ("coordinates", "48.5N 2.25E"),
        ("coordinates", "POINT(2.25 48.5)"),
        ("geometry", "POINT (2.25 48.5)"),
        ("lon_lat", "\"2.25, 48.5\""),
    ] {
        let text = format!("IMG_ID,{column}\na.jpg,{value}\n");
        assert_eq!(places(&text), [("a.jpg".to_owned(), 48.5, 2.25)], "{text}");
    }
    for (value, message) in [
        ("48.5", "is not a latitude and a longitude"),
        ("\"48,5,2,25\"", "is not a latitude and a longitude"),
        ("\"1, 2, 3\"", "is not a latitude and a longitude"),
        ("\"95, 2\"", "is not a latitude from -90 to 90"),
        ("", "must not be empty"),
    ] {
        let (said, _) = complaint(photos(format!("IMG_ID,coordinates\na.jpg,{value}\n")));
        assert!(said.starts_with("t.csv, line 2, column coordinates: ") && said.ends_with(message), "{said}");
    }
}

#[test]
fn a_column_of_its_own_may_hold_the_hemisphere() {
    let text = "SourceFile,GPSLatitude,GPSLatitudeRef,GPSLongitude,GPSLongitudeRef\n";
    for (row, latitude, longitude) in [
        ("a,33.5,S,151.5,E", -33.5, 151.5),
        ("a,33.5,South,70.25,West", -33.5, -70.25),
        ("a,-33.5,S,-70.25,W", -33.5, -70.25),
        ("a,33.5,,70.25,", 33.5, 70.25),
        ("a,\"33 deg 30' 0\"\" S\",S,70.25,w", -33.5, -70.25),
    ] {
        let place = photos(format!("{text}{row}\n"))[0].as_ref().unwrap().location;
        assert_eq!((place.latitude(), place.longitude()), (latitude, longitude), "{row}");
    }
    for row in ["a,-33.5,N,1,E", "a,33.5,X,1,E", "a,33.5,N,1,O", "a,33.5 S,N,1,E", "a,33.5,E,1,N"] {
        assert!(photos(format!("{text}{row}\n"))[0].is_err(), "{row}");
    }
}

#[test]
fn lists_of_coordinates_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    for text in [
        "LAT,LON\n48.5,2.25\n",
        "lat;lon\n48,5;2,25\n",
        "Latitude\tLongitude\n48.5N\t2.25E\n",
        "\"lat,lon\"\n\"48.5, 2.25\"\n",
    ] {
        std::fs::write(&path, text).unwrap();
        let rows = crate::table::read_coordinates(&path).unwrap();
        assert_eq!((rows[0].0.latitude(), rows[0].0.longitude(), rows.len()), (48.5, 2.25, 1), "{text}");
    }
    std::fs::write(&path, "x,y\n1,2\n").unwrap();
    let error = crate::table::read_coordinates(&path).unwrap_err().to_string();
    assert!(error.ends_with("list.csv has no column LAT, LON; it has x, y"), "{error}");
}
