//! Which prediction is for which photo.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fmt::Write as _;
use std::fs;

use contract::{Diagnose, ErrorKind};
use evaluate::{EvaluateError, EvaluateRequest, Outcome, run, run_passing_over};
use formats::table::{BadRows, TableError};

/// Evaluates photos of one place against predictions of that place.
fn evaluate(truth: &[&str], predictions: &[&str]) -> Result<Outcome, EvaluateError> {
    evaluate_where(truth, predictions, "")
}

fn evaluate_where(truth: &[&str], predictions: &[&str], selection: &str) -> Result<Outcome, EvaluateError> {
    let folder = tempfile::tempdir().unwrap();
    let quoted = |id: &str| format!("\"{}\"", id.replace('"', "\"\""));
    let (mut photos, mut answers) =
        ("IMG_ID,LAT,LON,owner\n".to_owned(), "IMG_ID,LAT_pred,LON_pred\n".to_owned());
    for (row, id) in truth.iter().enumerate() {
        writeln!(photos, "{},10.5,20.5,{}", quoted(id), if row == 0 { "first" } else { "other" }).unwrap();
    }
    for id in predictions {
        writeln!(answers, "{},10.5,20.5", quoted(id)).unwrap();
    }
    let (truth, predictions) = (folder.path().join("truth.csv"), folder.path().join("p.csv"));
    fs::write(&truth, photos).unwrap();
    fs::write(&predictions, answers).unwrap();
    let mut request = EvaluateRequest::new(truth, vec![predictions]);
    request.options.bootstrap.resamples = 10;
    request.options.selection = selection.parse().unwrap();
    run(&request)
}

fn matched(outcome: &Outcome) -> usize {
    outcome.evaluations[0].report.matched
}

#[test]
fn paths_that_end_alike_are_one_photo() {
    for (truth, prediction) in [
        ("photos/a.jpg", "a.jpg"),
        ("photos/sub/a.jpg", "sub/a.jpg"),
        ("a.jpg", "photos/a.jpg"),
        ("sub/a.jpg", "/home/me/photos/sub/a.jpg"),
        ("a.jpg", "./a.jpg"),
        ("./photos/a.jpg", "photos/a.jpg"),
        ("photos\\sub\\a.jpg", "sub/a.jpg"),
        ("sub/a.jpg", "C:\\Users\\me\\sub\\a.jpg"),
        ("file://host/photos/a.jpg", "photos/a.jpg"),
        ("photos//a.jpg", "photos/./a.jpg"),
        ("caf\u{e9}.jpg", "cafe\u{301}.jpg"),
        ("ph\u{f6}tos/M\u{fc}nchen.jpg", "Mu\u{308}nchen.jpg"),
        ("\u{d55c}\u{ad6d}.jpg", "x/\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}.jpg"),
        ("photos/a, b.jpg", "a, b.jpg"),
    ] {
        let outcome = evaluate(&[truth, "other/z.jpg"], &[prediction]).unwrap();
        assert_eq!(matched(&outcome), 1, "{truth} {prediction}");
        let report = &outcome.evaluations[0].report;
        assert!(report.unmatched_predictions.is_empty() && report.unmatched_truth == ["other/z.jpg"]);
        let note = &outcome.notes[0];
        assert!(note.contains("p.csv: 1 prediction matched only ") && note.contains(prediction), "{note}");
    }
    let exact = evaluate(&["photos/a.jpg"], &["photos/a.jpg"]).unwrap();
    assert!(exact.notes.is_empty(), "{:?}", exact.notes);
}

#[test]
fn spelling_and_missing_folders_are_told_apart() {
    let outcome = evaluate(
        &["a.jpg", "photos/b.jpg", "photos/c.jpg", "cafe\u{301}.jpg", "d.jpg"],
        &["./a.jpg", "b.jpg", "c.jpg", "caf\u{e9}.jpg", "d.jpg"],
    )
    .unwrap();
    assert_eq!(matched(&outcome), 5);
    assert_eq!(outcome.notes.len(), 2, "{:?}", outcome.notes);
    assert!(outcome.notes[0].contains("2 predictions matched only after normalising"), "{:?}", outcome.notes);
    assert!(
        outcome.notes[1].contains(
            "2 predictions matched only by the end of the path (for example \"b.jpg\" with \"photos/b.jpg\")"
        ),
        "{:?}",
        outcome.notes
    );
}

#[test]
fn what_fits_several_is_not_guessed() {
    // One prediction, two photos.
    let outcome = evaluate(&["x/a.jpg", "y/a.jpg", "b.jpg"], &["a.jpg", "b.jpg"]).unwrap();
    assert_eq!(matched(&outcome), 1);
    assert!(
        outcome.notes[0].contains("1 prediction was not matched because more than one path")
            && outcome.notes[0].contains("\"a.jpg\" may be \"x/a.jpg\" or \"y/a.jpg\""),
        "{:?}",
        outcome.notes
    );
    assert_eq!(outcome.evaluations[0].report.unmatched_predictions, ["a.jpg"]);
    // One photo, two predictions.
    let outcome = evaluate(&["a.jpg", "b.jpg"], &["x/a.jpg", "y/a.jpg", "b.jpg"]).unwrap();
    assert_eq!(matched(&outcome), 1);
    assert!(
        outcome.notes[0].contains("\"x/a.jpg\" and \"y/a.jpg\" may both be \"a.jpg\""),
        "{:?}",
        outcome.notes
    );
    // A photo that has its own prediction still makes the end of its path ambiguous.
    let outcome = evaluate(&["x/a.jpg", "y/a.jpg"], &["x/a.jpg", "a.jpg"]).unwrap();
    assert_eq!(matched(&outcome), 1);
    // Neither half a name nor another folder is the same.
    let outcome = evaluate(&["ba.jpg", "x/c.jpg", "d.jpg"], &["a.jpg", "y/c.jpg", "d.jpg"]).unwrap();
    assert_eq!((matched(&outcome), outcome.notes.len()), (1, 2), "{:?}", outcome.notes);
}

#[test]
fn predictions_of_other_photos_are_an_error_with_both_sides_shown() {
    let error = evaluate(&["photos/3.jpg", "photos/1.jpg", "photos/2.jpg"], &["8", "7", "9"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidTable);
    let message = error.to_string();
    assert!(
        message.contains("p.csv is in ") && message.contains("truth.csv: the predictions are for"),
        "{message}"
    );
    assert!(
        message.ends_with("for \"7\" and \"8\", the truth has \"photos/1.jpg\" and \"photos/2.jpg\""),
        "{message}"
    );
    assert!(error.hint().unwrap().contains("`IMG_ID`"));

    let error = evaluate(&["x/a.jpg", "y/a.jpg"], &["a.jpg"]).unwrap_err();
    assert!(
        error.hint().unwrap().contains("\"a.jpg\" may be \"x/a.jpg\" or \"y/a.jpg\""),
        "{:?}",
        error.hint()
    );
}

#[test]
fn a_selection_without_predictions_is_not_an_error() {
    // The file is right: its photos are not the selected ones.
    let outcome = evaluate_where(&["photos/a.jpg", "photos/b.jpg"], &["b.jpg"], "owner=first").unwrap();
    let report = &outcome.evaluations[0].report;
    assert_eq!((report.n, report.matched), (1, 0));
    assert!(report.unmatched_predictions.is_empty());
    let outcome = evaluate_where(&["photos/a.jpg", "photos/b.jpg"], &["b.jpg"], "owner!=first").unwrap();
    assert_eq!(matched(&outcome), 1);
}

/// Evaluates two files as they are.
fn evaluate_files(truth: &str, predictions: &str) -> Result<Outcome, EvaluateError> {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["truth.csv", "p.csv"].map(|name| folder.path().join(name));
    fs::write(&paths[0], format!("IMG_ID,LAT,LON\n{truth}")).unwrap();
    fs::write(&paths[1], format!("IMG_ID,LAT_pred,LON_pred\n{predictions}")).unwrap();
    let [truth, predictions] = paths;
    run(&EvaluateRequest::new(truth, vec![predictions]))
}

#[test]
fn an_id_with_two_locations_is_named_with_both_lines() {
    let error =
        evaluate_files("b,1.5,2.5\na,1.5,2.5\nb,1.5,2.5\na,3.5,2.5\nb,4,4\n", "a,1.5,2.5\n").unwrap_err();
    assert!(
        error.to_string().contains("truth.csv, line 5") && error.to_string().contains("\"a\""),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::InvalidTable);
    let error = evaluate_files("a,1.5,2.5\n", "b,1.5,2.5\na,1.5,2.5\nb,,\n").unwrap_err();
    assert!(error.to_string().contains("p.csv, line 4"), "{error}");
}

#[test]
fn rows_that_repeat_others_are_read_once() {
    let outcome =
        evaluate_files("b,1.5,2.5\na,1.5,2.5\nb,1.5,2.5\n", "a,1.5,2.5\na,1.5,2.5\nb,,\nb,,\n").unwrap();
    let report = &outcome.evaluations[0].report;
    assert_eq!((report.n, report.matched), (2, 1));
    let about =
        |file: &str| outcome.notes.iter().any(|note| note.contains(file) && note.contains("read once"));
    assert!(about("truth.csv") && about("p.csv"), "{:?}", outcome.notes);
}

#[test]
fn wrong_rows_can_be_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["truth.csv", "p.csv"].map(|name| folder.path().join(name));
    fs::write(&paths[0], "IMG_ID,LAT,LON\na,1.5,2.5\nb,95,0\nc,1.5,2.5\na,7.5,2.5\n").unwrap();
    fs::write(&paths[1], "IMG_ID,LAT_pred,LON_pred\na,1.5,2.5\nb,1.5,2.5\nc,x,2.5\n").unwrap();
    let [truth, predictions] = paths;
    let request = EvaluateRequest::new(truth, vec![predictions]);
    assert!(run(&request).is_err());
    let mut named = Vec::new();
    let mut report = |error: &TableError| named.push(error.to_string());
    let mut bad = BadRows::new(&mut report);
    let outcome = run_passing_over(&request, &mut bad).unwrap();
    assert_eq!(bad.count(), 3);
    let result = &outcome.evaluations[0].report;
    assert_eq!((result.n, result.matched), (2, 1));
    assert!(named.iter().any(|error| error.contains("line 5")), "{named:?}");
}

#[test]
fn exchanged_and_rounded_coordinates_are_noted() {
    let truth = "a,2.2945,48.8583\nb,151.2153,-33.8568\n";
    assert!(evaluate_files(truth, "a,1,1\n").is_err());
    let truth = "a,48.8583,2.2945\nb,52.5163,13.3777\nc,-22.9519,-43.2105\n";
    let exchanged = "a,2.2945,48.8583\nb,13.3777,52.5163\nc,-43.2105,-22.9519\n";
    let outcome = evaluate_files(truth, exchanged).unwrap();
    let about = |outcome: &Outcome, file: &str, what: &str| {
        outcome.notes.iter().any(|note| note.contains(file) && note.contains(what))
    };
    assert!(
        about(&outcome, "p.csv: ", "exchanged") && !about(&outcome, "truth.csv: ", "exchanged"),
        "{:?}",
        outcome.notes
    );
    let outcome = evaluate_files(exchanged, truth).unwrap();
    assert!(
        about(&outcome, "truth.csv: ", "exchanged") && !about(&outcome, "p.csv: ", "exchanged"),
        "{:?}",
        outcome.notes
    );
    let outcome = evaluate_files(truth, "a,49,2\nb,53,13\nc,-23,-43\n").unwrap();
    assert!(about(&outcome, "p.csv: ", "whole degrees"), "{:?}", outcome.notes);
}
