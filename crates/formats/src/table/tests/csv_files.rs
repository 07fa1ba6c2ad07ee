use super::{complaint, photos};
use crate::table::{Position, TableError, read_photos};
use contract::{Diagnose, ErrorKind};

#[test]
fn known_columns_get_fields_and_others_are_kept() {
    let rows = photos(
        "IMG_ID,AUTHOR,LAT,LON,S3_Label,neighbourhood,city,county,state,region,country,country_code,owner,balanced\n\
         e4/1.jpg,65@N00,1.5,-2,4,n,c,co,s,r,k,de,o,1\n",
    );
    let row = rows[0].as_ref().unwrap();
    assert_eq!((row.location.latitude(), row.location.longitude()), (1.5, -2.0));
    assert_eq!(row.author.as_deref(), Some("65@N00"));
    assert_eq!(row.place.neighbourhood.as_deref(), Some("n"));
    assert_eq!(row.place.county.as_deref(), Some("co"));
    assert_eq!(row.place.country_code.as_deref(), Some("DE"));
    assert_eq!(row.balanced, Some(true));
    assert_eq!(row.split, None);
    assert_eq!(row.extra.iter().collect::<Vec<_>>(), [("S3_Label", "4")]);
    for (column, value) in
        [("author", "65@N00"), ("AUTHOR", "65@N00"), ("S3_Label", "4"), ("balanced", "1"), ("split", "")]
    {
        assert_eq!(row.get(column).unwrap(), value, "{column}");
    }
    assert_eq!(row.get("nonsense"), None);
}

#[test]
fn the_precision_of_a_place_is_a_distance() {
    let rows = photos("IMG_ID,LAT,LON,Precision_KM\na,1,2,0.5\nb,1,2,\nc,1,2,-0\nd,1,2,inf\ne,1,2,\"2,5\"\n");
    let known: Vec<_> =
        rows.iter().map(|row| row.as_ref().map_or(Some(-1.0), |row| row.precision_km)).collect();
    assert_eq!(known, [Some(0.5), None, Some(0.0), Some(-1.0), Some(2.5)]);
    let texts: Vec<_> = rows.iter().flatten().map(|row| row.get("precision_km").unwrap()).collect();
    assert_eq!(texts, ["0.5", "", "0", "2.5"]);
    assert!(rows[0].as_ref().unwrap().extra.iter().next().is_none());
    let error = rows[3].as_ref().unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv, line 5, column precision_km: \"inf\" is not a distance of 0 km or more"
    );
}

#[test]
fn benchmark_tables_with_python_lists_and_an_unnamed_index_read_as_they_are() {
    let lists =
        r#""[(46.47, 11.62), (1e-05, -3.0)]","[['', 'Roma', ""L'Aquila"", nan]]","['a.jpg', 'b.jpg']""#;
    let rows = photos(format!(
        ",IMG_ID,AUTHOR,LAT,LON,candidate_gps_lis,candidate_text_lis,candidate_img_lis,zs_gps_lis\n\
         0,a.jpg,x@N00,48.8,2.3,{lists},\"[(1.0,\n2.0)]\"\n1,b.jpg,,0,0,[],[],[],[]\n"
    ));
    assert_eq!(rows.len(), 2);
    let (first, second) = (rows[0].as_ref().unwrap(), rows[1].as_ref().unwrap());
    assert_eq!(first.extra.get("candidate_gps_lis"), Some("[(46.47, 11.62), (1e-05, -3.0)]"));
    assert_eq!(first.extra.get("candidate_text_lis"), Some("[['', 'Roma', \"L'Aquila\", nan]]"));
    assert_eq!(first.extra.get("zs_gps_lis"), Some("[(1.0,\n2.0)]"));
    assert_eq!(first.extra.get(""), None);
    assert_eq!((first.position, second.position), (Position::Line(2), Position::Line(4)));
    assert_eq!(second.author, None);
}

#[test]
fn byte_order_mark_carriage_returns_blank_lines_and_spaces_are_accepted() {
    let rows = photos("\u{feff}IMG_ID, LAT ,LON\r\n\r\na,1 , 2\r\n\r\n\r\nb,+3,4e0");
    let rows: Vec<_> = rows.into_iter().map(Result::unwrap).collect();
    assert_eq!(
        rows.iter().map(|row| row.position).collect::<Vec<_>>(),
        [Position::Line(3), Position::Line(6)]
    );
    assert_eq!((rows[1].location.latitude(), rows[1].location.longitude()), (3.0, 4.0));
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    for ends in ["\n", "\r\n"] {
        let text = format!("IMG_ID,LAT,LON,note{ends}a,1,2,\"two{ends}lines\"{ends}{ends}b,x,2,{ends}");
        assert_eq!(complaint(photos(text)).0, "t.csv, line 5, column LAT: \"x\" is not a number", "{ends:?}");
    }
}

#[test]
fn every_wrong_field_is_named_with_line_column_value_and_way_out() {
    let cases = [
        ("a,91,0", "line 2, column LAT: \"91\" is not a latitude from -90 to 90", "swapped"),
        (
            "a,0,180.5",
            "line 2, column LON: \"180.5\" is not a longitude from -180 to 180: it seems to count from 0 to 360",
            "subtract 360",
        ),
        ("a,0,abc", "line 2, column LON: \"abc\" is not a number", "write LON as a number"),
        ("a,nan,0", "line 2, column LAT: \"nan\" is not a latitude from -90 to 90", "correct LAT"),
        ("a,0,inf", "line 2, column LON: \"inf\" is not a longitude from -180 to 180", "correct LON"),
        ("a,,", "line 2, column LAT: must not be empty", "correct LAT"),
        ("a,1,", "line 2, column LON: must not be empty when the other coordinate is given", "LON"),
        (" ,1,2", "line 2, column IMG_ID: \" \" must not be empty", "IMG_ID"),
        ("a,1,2,x", "line 2: 4 fields, but the header has 3", "quotes"),
        ("a,1", "line 2: 2 fields, but the header has 3", "quotes"),
        ("b,1,2\n\"a,1,2\nc,3,4", "line 3: 1 field, but the header has 3", "close every quote"),
    ];
    for (rows, message, way_out) in cases {
        let (said, hint) = complaint(photos(format!("IMG_ID,LAT,LON\n{rows}\n")));
        assert!(said.starts_with("t.csv, ") && said.ends_with(message), "{said}");
        assert!(hint.contains(way_out), "{rows}: {hint}");
    }
}

#[test]
fn wrong_headers_say_what_is_there_and_what_to_do() {
    let cases = [
        ("", "t.csv is empty: it has no header", "IMG_ID,LAT,LON"),
        ("\r\n\n", "t.csv is empty: it has no header", "IMG_ID,LAT,LON"),
        (
            "IMG_ID,y,LON\n",
            "t.csv has no column LAT; it has IMG_ID, y, LON",
            "if these are meant, rename y to LAT",
        ),
        (",id,a\n", "t.csv has no column LAT, LON; it has (unnamed), id, a", "exactly so: LAT, LON"),
        ("name,lat,lon\n", "t.csv has no column IMG_ID; it has name, lat, lon", "rename name to IMG_ID"),
        (
            "a.jpg,1.5,2.5\n",
            "t.csv has no column IMG_ID, LAT, LON; it has a.jpg, 1.5, 2.5",
            "add a first line",
        ),
        ("IMG_ID LAT LON\n", "t.csv has no column IMG_ID, LAT, LON; it has IMG_ID LAT LON", "not by blanks"),
        (
            "id,file,lat,lon\n",
            "t.csv has several columns that may be IMG_ID: id, file",
            "rename the one that holds",
        ),
        (
            "id,lat,lon,lng\n",
            "t.csv has several columns that may be LON: lon, lng",
            "rename the one that is meant to LON",
        ),
        ("IMG_ID,LAT,LON,LAT\n", "t.csv has two columns for one thing: LAT and LAT", "rename or remove"),
        (
            "IMG_ID,LAT,LON,author,AUTHOR\n",
            "t.csv has two columns for one thing: author and AUTHOR",
            "remove",
        ),
        ("IMG_ID,LAT,LON,x,x\n", "t.csv has two columns for one thing: x and x", "remove"),
    ];
    for (text, message, way_out) in cases {
        let (said, hint) = complaint(photos(text));
        assert_eq!(said, message);
        assert!(hint.contains(way_out), "{text}: {hint}");
    }
    assert!(photos("IMG_ID,LAT,LON").is_empty());
}

#[test]
fn bytes_that_are_no_text_are_named_by_line_and_column() {
    let cyrillic = b"IMG_ID,LAT,LON,city\na,1,2,Paris\nb,1,2,\xcc\xee\xf1\xea\xe2\xe0\n";
    assert_eq!(complaint(photos(cyrillic)).0, "t.csv, line 3, column city: the text is not UTF-8");
    let split_over_two_fields = b"IMG_ID,LAT,LON,city,state\na,1,2,\xc3,\xbc\n";
    assert_eq!(
        complaint(photos(split_over_two_fields)).0,
        "t.csv, line 2, column city: the text is not UTF-8"
    );
}

#[test]
fn reading_goes_on_after_a_wrong_row() {
    let rows = photos(b"IMG_ID,LAT,LON\na,1,2\nb,1\nc\xff,1,2\nd,99,2\ne,3,4\n");
    assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, false, true]);
}

#[test]
fn a_photo_that_occurs_twice_is_refused_with_both_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("truth.csv");
    std::fs::write(&path, "IMG_ID,LAT,LON\na,1,2\nb,1,2\n\na,3,4\n").unwrap();
    let error = read_photos(&path).unwrap_err();
    assert!(
        error.to_string().ends_with("truth.csv, line 5, column IMG_ID: \"a\" is already in line 2 with another place: 1, 2 there, 3, 4 here"),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::InvalidTable);
}

#[test]
fn files_that_do_not_open_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = read_photos(folder.path().join("none.csv")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("none.csv"), "{error}");
    let error = read_photos(folder.path()).unwrap_err();
    assert!(matches!(error, TableError::Open { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unreadable);
}

#[test]
fn a_row_without_end_is_not_read_into_memory() {
    struct Endless(usize);
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let start = b"IMG_ID,LAT,LON\n\"";
            let count = buffer.len().min(if self.0 == 0 { start.len() } else { buffer.len() });
            buffer[..count].fill(b'x');
            if self.0 == 0 {
                buffer[..count].copy_from_slice(&start[..count]);
            }
            self.0 += 1;
            Ok(count)
        }
    }
    let mut table = crate::table::PhotoTable::from_csv("t.csv", Endless(0)).unwrap();
    let error = table.next().unwrap().unwrap_err();
    assert!(error.to_string().starts_with("t.csv, line 2: the row has no end within"), "{error}");
    assert!(table.next().is_none());
}
