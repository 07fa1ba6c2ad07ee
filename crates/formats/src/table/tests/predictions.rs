use std::io::Cursor;

use super::complaint;
use crate::table::{PredictionRow, PredictionTable, TableError, read_predictions};

fn predictions(text: &str) -> Vec<Result<PredictionRow, TableError>> {
    match PredictionTable::from_csv("p.csv", Cursor::new(text.to_owned())) {
        Ok(table) => table.collect(),
        Err(error) => vec![Err(error)],
    }
}

#[test]
fn optional_columns_and_missing_answers() {
    let rows = predictions(
        "IMG_ID,LAT_pred,LON_pred,score,confidence_1km,confidence_2500km,abstained,more\n\
         a,1,2,-0.25,0.5,1,true,x\nb,,,,,,,\nc,3,4,1e3,,0.75,False,\n",
    );
    let rows: Vec<_> = rows.into_iter().map(Result::unwrap).collect();
    assert_eq!(rows[0].confidence, [Some(0.5), None, None, None, Some(1.0)]);
    assert_eq!((rows[0].score, rows[0].abstained), (Some(-0.25), Some(true)));
    assert_eq!((rows[1].location, rows[1].score, rows[1].abstained), (None, None, None));
    assert_eq!((rows[2].score, rows[2].abstained), (Some(1000.0), Some(false)));
    assert_eq!(predictions("IMG_ID,LAT_pred,LON_pred\n").len(), 0);
}

#[test]
fn wrong_fields_are_named() {
    let cases = [
        ("a,nan,0,,,", "line 2, column LAT_pred: \"nan\" is not a latitude from -90 to 90"),
        ("a,NaN,NaN,,,", "line 2, column LAT_pred: \"NaN\" is not a latitude from -90 to 90"),
        ("a,0,nan,,,", "line 2, column LON_pred: \"nan\" is not a longitude from -180 to 180"),
        ("a,,1,,,", "line 2, column LAT_pred: must not be empty when the other coordinate is given"),
        ("a,1,,,,", "line 2, column LON_pred: must not be empty when the other coordinate is given"),
        ("a,1,2,inf,,", "line 2, column score: \"inf\" is not a finite number"),
        ("a,1,2,,1.5,", "line 2, column confidence_1km: \"1.5\" is not a probability from 0 to 1"),
        ("a,1,2,,NaN,", "line 2, column confidence_1km: \"NaN\" is not a probability from 0 to 1"),
        ("a,1,2,,,maybe", "line 2, column abstained: \"maybe\" is neither true nor false"),
    ];
    for (row, message) in cases {
        let (said, hint) = complaint(predictions(&format!(
            "IMG_ID,LAT_pred,LON_pred,score,confidence_1km,abstained\n{row}\n"
        )));
        assert!(said.ends_with(message), "{said}");
        assert!(!hint.is_empty());
    }
    let (said, hint) = complaint(predictions("IMG_ID,LAT,LON\n"));
    assert_eq!(said, "p.csv has no column LAT_pred, LON_pred; it has IMG_ID, LAT, LON");
    assert!(hint.contains("LAT_pred"), "{hint}");
}

#[test]
fn duplicates_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.csv");
    std::fs::write(&path, "IMG_ID,LAT_pred,LON_pred\na,1,2\na,1,3\n").unwrap();
    assert!(matches!(read_predictions(&path), Err(TableError::DuplicateId { .. })));
    std::fs::write(&path, "IMG_ID,LAT_pred,LON_pred\na,1,2\na,1,2\n").unwrap();
    assert_eq!(read_predictions(&path).unwrap().len(), 1);
}

#[test]
fn other_spellings_of_the_columns_and_decimal_commas_are_read() {
    for text in [
        "filename;pred_lat;pred_lon;Score\na.jpg;48,5;2,25;0,5\n",
        "id,Latitude_pred,Longitude_pred,SCORE\na.jpg,48.5,2.25,0.5\n",
        "sep=|\nIMG_ID|LAT_pred|LON_pred|score\na.jpg|48.5 N|2.25 E|0.5\n",
    ] {
        let rows: Vec<_> = predictions(text).into_iter().map(Result::unwrap).collect();
        let place = rows[0].location.unwrap();
        assert_eq!((place.latitude(), place.longitude(), rows[0].score), (48.5, 2.25, Some(0.5)), "{text}");
    }
    // A comma before three digits may separate thousands.
    let (said, _) = complaint(predictions("IMG_ID;LAT_pred;LON_pred;score\na;1;2;1,234\n"));
    assert!(said.starts_with("p.csv, line 2, column score: \"1,234\" is not a number"), "{said}");
}

#[test]
fn a_table_of_true_places_is_never_taken_for_predictions() {
    let (said, hint) = complaint(predictions("filename,latitude,longitude\na,1,2\n"));
    assert_eq!(said, "p.csv has no column LAT_pred, LON_pred; it has filename, latitude, longitude");
    assert_eq!(
        hint,
        "if these are predictions and not the true places, rename latitude to LAT_pred and longitude to LON_pred"
    );
}
