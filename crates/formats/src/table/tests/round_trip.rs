use std::io::Cursor;
use std::sync::Arc;

use geo::{LatLon, Place};
use proptest::prelude::*;

use crate::table::{
    Extra, PhotoRow, PhotoTable, PhotoWriter, Position, PredictionRow, PredictionTable, PredictionWriter,
};

/// Text with everything that CSV has to quote.
fn text() -> impl Strategy<Value = String> {
    "[a-zé,\"\n\r '😀;]{0,8}"
}

fn optional_text() -> impl Strategy<Value = Option<String>> {
    text().prop_map(|text| Some(text).filter(|text| !text.is_empty()))
}

fn location() -> impl Strategy<Value = LatLon> {
    (-90.0..=90.0, -180.0..=180.0).prop_map(|(latitude, longitude)| LatLon::new(latitude, longitude).unwrap())
}

prop_compose! {
    fn photo()(
        id in "[a-z/,\"]{1,9}", location in location(), texts in prop::array::uniform6(optional_text()),
        others in prop::array::uniform5(optional_text()), balanced in any::<Option<bool>>(), extra in text(),
        precision_km in prop::option::of(0.0..=20_000.0),
    ) -> PhotoRow {
        let [neighbourhood, city, county, state, region, country] = texts;
        let [author, licence, source, split, owner] = others;
        let place = Place { neighbourhood, city, county, state, region, country, country_code: Some("PE".into()) };
        let extra = Extra::new(Arc::from(["candidate_gps_lis".to_owned()]), vec![extra]);
        let row = PhotoRow::new(id, location);
        PhotoRow { place, author, licence, source, split, owner, balanced, precision_km, extra, ..row }
    }
}

prop_compose! {
    fn prediction()(
        id in "[a-z/,\"]{1,9}", location in prop::option::of(location()),
        score in prop::option::of(-1e30_f32..1e30),
        confidence in prop::array::uniform5(prop::option::of(0.0..=1.0)), abstained in any::<Option<bool>>(),
    ) -> PredictionRow {
        PredictionRow { id: id.into(), location, score, confidence, abstained, position: Position::Line(0) }
    }
}

proptest! {
    #[test]
    fn photos(rows in prop::collection::vec(photo(), 0..6)) {
        let mut out = Vec::new();
        let mut writer = PhotoWriter::new("out.csv", &mut out, &["candidate_gps_lis".to_owned()]).unwrap();
        for row in &rows {
            writer.write(row).unwrap();
        }
        writer.finish().unwrap();
        let back = PhotoTable::from_csv("out.csv", Cursor::new(out)).unwrap();
        let back: Vec<_> = back.map(|row| PhotoRow { position: Position::Line(0), ..row.unwrap() }).collect();
        prop_assert_eq!(back, rows);
    }

    #[test]
    fn predictions(rows in prop::collection::vec(prediction(), 0..6)) {
        let mut out = Vec::new();
        let mut writer = PredictionWriter::new("out.csv", &mut out).unwrap();
        for row in &rows {
            writer.write(row).unwrap();
        }
        writer.finish().unwrap();
        let back = PredictionTable::from_csv("out.csv", Cursor::new(out)).unwrap();
        prop_assert!(back.has_confidence());
        let back: Vec<_> = back.map(|row| PredictionRow { position: Position::Line(0), ..row.unwrap() }).collect();
        prop_assert_eq!(back, rows);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let with_header = [b"IMG_ID,LAT,LON\n".as_slice(), &bytes].concat();
        for input in [bytes, with_header] {
            if let Ok(table) = PhotoTable::from_csv("x", Cursor::new(input)) {
                table.for_each(drop);
            }
        }
    }
}

#[test]
fn numbers_are_written_in_their_shortest_form() {
    let mut out = Vec::new();
    let mut writer = PredictionWriter::new("out.csv", &mut out).unwrap();
    let mut row = PredictionRow::new("a", LatLon::new(0.1, -120.0).unwrap());
    row.score = Some(0.1);
    row.confidence[0] = Some(0.25);
    row.abstained = Some(false);
    writer.write(&row).unwrap();
    writer.finish().unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "IMG_ID,LAT_pred,LON_pred,score,confidence_1km,confidence_25km,confidence_200km,confidence_750km,\
         confidence_2500km,abstained\na,0.1,-120,0.1,0.25,,,,,false\n"
    );
}

#[test]
fn extra_columns_of_predictions_come_last_and_are_ignored_by_readers() {
    let mut out = Vec::new();
    let mut writer = PredictionWriter::with_extra("out.csv", &mut out, &["origin", "note"]).unwrap();
    let row = PredictionRow::new("a", LatLon::new(0.5, 1.5).unwrap());
    writer.write_with(&row, &["retrieved"]).unwrap();
    writer.write(&PredictionRow { id: "b".into(), ..row.clone() }).unwrap();
    writer.finish().unwrap();
    let text = String::from_utf8(out.clone()).unwrap();
    let ends: Vec<&str> =
        text.lines().map(|line| line.rsplit_once("abstained").map_or(line, |(_, end)| end)).collect();
    assert_eq!(ends, [",origin,note", "a,0.5,1.5,,,,,,,,retrieved,", "b,0.5,1.5,,,,,,,,,"]);
    let rows = PredictionTable::from_csv("out.csv", Cursor::new(out)).unwrap().read_all().unwrap();
    assert_eq!((rows.len(), rows[0].location), (2, row.location));
}
