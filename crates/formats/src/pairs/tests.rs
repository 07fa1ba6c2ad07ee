use std::io::{self, BufReader, Read};
use std::path::Path;

use proptest::prelude::*;

use super::*;
use contract::{Diagnose, ErrorKind, Failure};

fn read(text: &[u8]) -> Vec<PairsLine> {
    PairsReader::new(text, "pairs.jsonl", Path::new("folder")).collect()
}

/// The only line's error: field, message, hint.
fn refused(text: &str) -> (String, String, String) {
    let line = read(text.as_bytes()).pop().unwrap();
    let error = line.row.unwrap_err();
    let field = match &error {
        PairsError::Field { field, .. } => field.clone(),
        _ => String::new(),
    };
    (field, error.to_string(), error.hint().unwrap_or_default())
}

#[test]
fn a_row_is_read_as_it_is_written() {
    let text = r#"{"id":"a","query":"q.jpg","negatives":[{"lat":1,"lon":-2.5,"place":" x "}],
"candidates":[{"lat":-0.0,"lon":0.1,"place":"","photo":"/abs/c.jpg"},{"lat":-90,"lon":180,"place":null,"photo":null},{"lat":1e-7,"lon":2}]}"#
        .replace('\n', "");
    let row = read(text.as_bytes()).pop().unwrap().row.unwrap();
    assert_eq!(row.id, "a");
    assert_eq!(row.query, Path::new("folder/q.jpg"));
    let negatives = row.negatives.unwrap();
    assert_eq!(negatives[0].text.as_deref(), Some(" x "), "verbatim, never trimmed");
    let [first, second, third] = &row.candidates[..] else { panic!("three candidates") };
    assert!(first.place.location.latitude().is_sign_negative(), "-0.0 stays -0.0");
    assert_eq!(first.place.text.as_deref(), Some(""), "empty is not null");
    assert_eq!(first.photo.as_deref(), Some(Path::new("/abs/c.jpg")), "absolute paths stay");
    assert_eq!((second.place.text.as_ref(), second.photo.as_ref()), (None, None));
    assert_eq!(third.place.location.latitude().to_bits(), 1e-7_f64.to_bits());
}

#[test]
fn negatives_may_be_absent_null_or_empty() {
    let row = |negatives: &str| {
        let text = format!(r#"{{"id":"a","query":"q",{negatives}"candidates":[{{"lat":1,"lon":2}}]}}"#);
        read(text.as_bytes()).pop().unwrap().row.unwrap().negatives
    };
    assert_eq!(row(""), None);
    assert_eq!(row(r#""negatives":null,"#), None);
    assert_eq!(row(r#""negatives":[],"#), Some(Vec::new()));
}

#[test]
fn lines_are_counted_and_blank_ones_and_the_mark_passed_over() {
    let row = |id: &str| format!(r#"{{"id":"{id}","query":"q","candidates":[{{"lat":1,"lon":2}}]}}"#);
    let text = format!("\u{feff}{}\r\n\r\n  \n{}\n\n{}", row("a"), row("b"), row("c"));
    let lines = read(text.as_bytes());
    assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 4, 6]);
    let ids: Vec<_> = lines.into_iter().map(|line| line.row.unwrap().id).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    assert!(read(b"").is_empty());
    assert!(read(b"\n\n").is_empty());
}

#[test]
fn wrong_fields_are_named_with_a_way_out() {
    let with = |candidate: &str| {
        format!(r#"{{"id":"a","query":"q","candidates":[{{"lat":1,"lon":2}},{candidate}]}}"#)
    };
    for (candidate, field, message, hint) in [
        (r#"{"lat":95,"lon":2}"#, "candidates[1].lat", "95 is not a latitude", "swapped"),
        (r#"{"lat":-90.0000001,"lon":2}"#, "candidates[1].lat", "-90.0000001", ""),
        (r#"{"lat":1,"lon":181}"#, "candidates[1].lon", "181 is not a longitude", "-180 to 180"),
        (r#"{"lat":NaN,"lon":2}"#, "candidates[1].lat", "\"NaN\", not a number", "degrees"),
        (r#"{"lat":1,"lon":-Infinity}"#, "candidates[1].lon", "\"-Infinity\", not a number", "degrees"),
        (r#"{"lon":2}"#, "candidates[1].lat", "is missing", "degrees"),
        (r#"{"lat":null,"lon":2}"#, "candidates[1].lat", "null, not a number", "degrees"),
        (r#"{"lat":"48.5","lon":2}"#, "candidates[1].lat", "\"48.5\", not a number", "without quotes"),
        (r#"{"lat":1,"lon":[2]}"#, "candidates[1].lon", "a list, not a number", ""),
        (r#"{"lat":1,"lon":2,"place":5}"#, "candidates[1].place", "5, not text", ""),
        (r#"{"lat":1,"lon":2,"photo":true}"#, "candidates[1].photo", "true, not a path", ""),
        (r#"{"lat":1,"lon":2,"photo":""}"#, "candidates[1].photo", "must not be empty", "null"),
        (r#"{"lat":1,"lng":2}"#, "candidates[1].lng", "not a field", "did you mean lon?"),
        (r#"{"lat":1,"lon":2,"Place":""}"#, "candidates[1].Place", "not a field", "did you mean place?"),
        (r#"{"lat":1,"lon":2,"phto":""}"#, "candidates[1].phto", "not a field", "did you mean photo?"),
        (r#"{"lat":1,"lon":2,"zzz":""}"#, "candidates[1].zzz", "not a field", "lat, lon, place, photo"),
        (r#"{"lat":1,"lon":2,"lat":3}"#, "candidates[1].lat", "given twice", "one of the two"),
        ("7", "candidates[1]", "7, not an object", ""),
    ] {
        let (found, text, way) = refused(&with(candidate));
        assert_eq!(found, field, "{candidate}");
        assert!(text.starts_with("pairs.jsonl, line 1: "), "{text}");
        assert!(text.contains(message), "{candidate}: {text}");
        assert!(!way.is_empty() && way.contains(hint), "{candidate}: {way}");
    }
}

#[test]
fn wrong_rows_are_named_too() {
    let candidates = r#""candidates":[{"lat":1,"lon":2}]"#;
    for (text, field, message) in [
        (format!(r#"{{"query":"q",{candidates}}}"#), "id", "is missing"),
        (format!(r#"{{"id":7,"query":"q",{candidates}}}"#), "id", "is 7, not text"),
        (format!(r#"{{"id":" ","query":"q",{candidates}}}"#), "id", "must not be empty"),
        (format!(r#"{{"id":"a",{candidates}}}"#), "query", "is missing"),
        (format!(r#"{{"id":"a","query":"",{candidates}}}"#), "query", "must not be empty"),
        (r#"{"id":"a","query":"q"}"#.to_owned(), "candidates", "is missing"),
        (r#"{"id":"a","query":"q","candidates":null}"#.to_owned(), "candidates", "null, not a list"),
        (r#"{"id":"a","query":"q","candidate":[]}"#.to_owned(), "candidate", "not a field"),
        (
            format!(r#"{{"id":"a","query":"q","negatives":[{{"lat":91,"lon":0}}],{candidates}}}"#),
            "negatives[0].lat",
            "91 is not a latitude",
        ),
        ("[1]".to_owned(), "", "the row is a list, not an object"),
    ] {
        let (found, shown, hint) = refused(&text);
        assert_eq!(found, field, "{text}");
        assert!(shown.contains(message), "{text}: {shown}");
        assert!(!hint.is_empty());
    }
    assert_eq!(
        refused(&format!(r#"{{"id":7,"query":"q",{candidates}}}"#)).2,
        r#"put the id into quotes: "7""#
    );
}

#[test]
fn one_bad_row_is_not_anothers() {
    let good = r#"{"id":"good","query":"q","candidates":[{"lat":1,"lon":2}]}"#;
    let text = [
        b"{\"id\":\"cut".as_slice(),
        b"\xff\xfe",
        br#"{"id":"none","query":"q","candidates":[]}"#,
        br#"{"id":"bad","query":"q","candidates":[{"lat":91,"lon":2}]}"#,
        good.as_bytes(),
        good.as_bytes(),
        br#"{"id":"bad","query":"q","candidates":[{"lat":1,"lon":2}]}"#,
    ]
    .join(&b'\n');
    let lines = read(&text);
    let ids: Vec<_> = lines.iter().map(|line| line.id.as_deref()).collect();
    assert_eq!(
        ids,
        [None, None, Some("none"), Some("bad"), Some("good"), Some("good"), Some("bad")],
        "an id that can be read is given, whatever else is wrong"
    );
    let kinds: Vec<_> = lines.iter().map(|line| line.row.as_ref().err().map(Diagnose::kind)).collect();
    let invalid = Some(ErrorKind::InvalidTable);
    assert_eq!(kinds, [invalid, invalid, Some(ErrorKind::NoCandidates), invalid, None, invalid, invalid]);
    let message = |index: usize| lines[index].row.as_ref().unwrap_err().to_string();
    assert!(message(0).starts_with("pairs.jsonl, line 1, column "), "{}", message(0));
    assert!(message(2).contains("\"none\" has no candidates"));
    assert!(message(5).ends_with("id \"good\" is already in line 5"), "{}", message(5));
    assert!(
        message(6).ends_with("id \"bad\" is already in line 4"),
        "a broken row takes its id: {}",
        message(6)
    );
}

#[test]
fn the_id_is_read_beside_numbers_that_json_does_not_have() {
    let read = |text: &str| {
        let line = read(text.as_bytes()).pop().unwrap();
        (line.id, line.row.unwrap_err().to_string())
    };
    // What is wrong first is another field.
    let (id, message) =
        read(r#"{"id":"a","query":"q","candidates":[{"lat":null,"lon":2},{"lat":NaN,"lon":2}]}"#);
    assert!(message.contains("candidates[0].lat"), "{message}");
    assert_eq!(id.as_deref(), Some("a"));
    // A text may be there, so no field can be named.
    let (id, message) = read(r#"{"query":"q","candidates":[{"lat":1,"lon":2,"place":-Infinity}],"id":"b"}"#);
    assert!(message.contains("not JSON"), "{message}");
    assert_eq!(id.as_deref(), Some("b"));
    assert_eq!(read(r#"{"id":NaN,"query":"q","candidates":[{"lat":1,"lon":2}]}"#).0, None);
}

#[test]
fn a_line_without_end_is_passed_over() {
    let good = r#"{"id":"a","query":"q","candidates":[{"lat":1,"lon":2}]}"#;
    let text = format!("{}\n{good}\n{}", "x".repeat(500), "y".repeat(500));
    let reader = PairsReader::new(BufReader::with_capacity(7, text.as_bytes()), "p", Path::new(""));
    let lines: Vec<_> = reader.with_longest_line(good.len()).collect();
    assert!(matches!(lines[0].row, Err(PairsError::TooLong { line: 1, .. })));
    assert_eq!(lines[1].row.as_ref().unwrap().query, Path::new("q"));
    assert!(matches!(lines[2].row, Err(PairsError::TooLong { line: 3, .. })));
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_device_that_fails_ends_the_rows() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("torn cable"))
        }
    }
    let lines: Vec<_> = PairsReader::new(BufReader::new(Broken), "p", Path::new("")).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].row.as_ref().unwrap_err().kind(), ErrorKind::Unreadable);
}

#[test]
fn files_are_opened_or_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.jsonl");
    let error = PairsReader::open(&path).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("p.jsonl"));
    assert_eq!(PairsReader::open(folder.path()).err().unwrap().kind(), ErrorKind::Unreadable);
    std::fs::write(&path, r#"{"id":"a","query":"q","candidates":[{"lat":1,"lon":2}]}"#).unwrap();
    let row = PairsReader::open(&path).unwrap().next().unwrap().row.unwrap();
    assert_eq!(row.query, folder.path().join("q"));
}

#[test]
fn answers_have_the_fixed_form() {
    let scored = ScoredRow::scored("q\"1", vec![0.1, 2.5, -1e-7, 2.5]);
    assert_eq!(scored.best(), Some(1), "the first of the highest");
    assert_eq!(scored.to_line(), "{\"id\":\"q\\\"1\",\"scores\":[0.1,2.5,-1e-7,2.5],\"best\":1}\n");
    let failure = Failure::new(ErrorKind::NotFound, "a.jpg: gone").with_hint("look");
    assert_eq!(
        ScoredRow::failed(None, failure).to_line(),
        "{\"id\":null,\"error\":{\"kind\":\"not_found\",\"message\":\"a.jpg: gone\",\"hint\":\"look\"}}\n"
    );
}

proptest! {
    /// Numbers reach the prompt with the bits they were written with.
    #[test]
    fn coordinates_keep_their_bits(latitude in -90.0..=90.0_f64, longitude in -180.0..=180.0_f64) {
        let text = format!(
            r#"{{"id":"a","query":"q","candidates":[{{"lat":{latitude:?},"lon":{longitude:?}}}]}}"#
        );
        let row = read(text.as_bytes()).pop().unwrap().row.unwrap();
        let found = row.candidates[0].place.location;
        prop_assert_eq!(found.latitude().to_bits(), latitude.to_bits());
        prop_assert_eq!(found.longitude().to_bits(), longitude.to_bits());
    }

    /// Scores are read back as they were.
    #[test]
    fn scores_round_trip(scores in prop::collection::vec(any::<f32>().prop_filter("finite", |s| s.is_finite()), 1..9)) {
        let line = ScoredRow::scored("a", scores.clone()).to_line();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let back: Vec<f32> = serde_json::from_value(value["scores"].clone()).unwrap();
        let bits = |scores: &[f32]| scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&back), bits(&scores));
        let best = value["best"].as_u64().unwrap() as usize;
        prop_assert!(scores.iter().all(|score| *score <= scores[best]));
        prop_assert!(scores[..best].iter().all(|score| *score < scores[best]));
    }

    /// Whatever the bytes: no panic, one line a line that is not blank, and only the first answers to an id.
    #[test]
    fn any_bytes_give_lines(text in prop::collection::vec(prop::sample::select(
        vec!["{", "}", "[", "]", "\"", "\\", ":", ",", "\n", "id", "\"id\"", "NaN", "-Infinity", "1", "\u{e9}", " "]
    ), 0..60)) {
        let text = text.concat();
        let lines = read(text.as_bytes());
        let full = text.split('\n').filter(|line| !line.trim_ascii().is_empty()).count();
        prop_assert_eq!(lines.len(), full);
    }
}
