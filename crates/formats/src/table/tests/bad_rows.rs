use std::io::Cursor;

use crate::table::{BadRows, PhotoTable, PredictionTable, TableError, TableNote};

const TABLE: &str = "IMG_ID,LAT,LON\na,1,2\nb,x,2\nc,3\nd,5,6\na,1,2\na,7,8\ne,9,300\n";

fn table() -> PhotoTable {
    PhotoTable::from_csv("t.csv", Cursor::new(TABLE)).unwrap()
}

#[test]
fn wrong_rows_are_named_and_the_rest_is_read() {
    let mut said = Vec::new();
    let mut report = |error: &TableError| said.push(error.to_string());
    let mut bad = BadRows::new(&mut report);
    let ids: Vec<String> = table().skipping_bad_rows(&mut bad).map(|row| row.unwrap().id.0).collect();
    assert_eq!(ids, ["a", "d", "a", "a"]);
    assert_eq!(bad.count(), 3);
    assert_eq!(
        said,
        [
            "t.csv, line 3, column LAT: \"x\" is not a number",
            "t.csv, line 4: 2 fields, but the header has 3",
            "t.csv, line 8, column LON: \"300\" is not a longitude from -180 to 180: it seems to count from 0 to 360",
        ]
    );
}

#[test]
fn a_whole_table_holds_one_row_per_photo() {
    let mut said = Vec::new();
    let mut report = |error: &TableError| said.push(error.to_string());
    let whole = table().read_whole(&mut BadRows::new(&mut report)).unwrap();
    let ids: Vec<&str> = whole.rows.iter().map(|row| row.id.0.as_str()).collect();
    assert_eq!((ids, whole.skipped), (vec!["a", "d"], 4));
    assert_eq!(
        said[2],
        "t.csv, line 7, column IMG_ID: \"a\" is already in line 2 with another place: 1, 2 there, 7, 8 here"
    );
    let notes: Vec<String> = whole.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes, ["t.csv, line 6: repeats line 2 and was read once"]);
    assert!(matches!(whole.notes[..], [TableNote::Repeated { rows: 1, .. }]));
    assert!(matches!(table().read_all(), Err(TableError::Field { .. })));
}

#[test]
fn rows_that_differ_in_something_else_are_refused_too() {
    let text = "IMG_ID,LAT,LON,city\na,1,2,Rome\na,1,2,Paris\n";
    let error = PhotoTable::from_csv("t.csv", text.as_bytes()).unwrap().read_all().unwrap_err();
    assert_eq!(
        error.to_string(),
        "t.csv, line 3, column IMG_ID: \"a\" is already in line 2 with other values"
    );
}

#[test]
fn too_many_wrong_rows_end_the_table() {
    let mut count = 0;
    let mut report = |_: &TableError| count += 1;
    let mut bad = BadRows::new(&mut report).at_most(2);
    let rows: Vec<_> = table().skipping_bad_rows(&mut bad).collect();
    assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, true, true, false]);
    assert_eq!(rows[4].as_ref().unwrap_err().to_string(), "t.csv: more than 2 rows are wrong");
    assert_eq!(count, 3);
}

#[test]
fn predictions_are_skipped_alike() {
    let text = "IMG_ID,LAT_pred,LON_pred\na,1,2\nb,95,0\nb,,\na,,\n";
    let mut said = Vec::new();
    let mut report = |error: &TableError| said.push(error.to_string());
    let whole = PredictionTable::from_csv("p.csv", text.as_bytes())
        .unwrap()
        .read_whole(&mut BadRows::new(&mut report));
    assert_eq!(whole.unwrap().rows.len(), 2);
    assert_eq!(
        said,
        [
            "p.csv, line 3, column LAT_pred: \"95\" is not a latitude from -90 to 90",
            "p.csv, line 5, column IMG_ID: \"a\" is already in line 2 with another place: 1, 2 there, no place here",
        ]
    );
}
