//! Losses that are not numbers, models that fail, disks that are full.

use std::fs;

use contract::{Diagnose, ErrorKind};
use serde_json::Value;
use train::engine::{EngineError, read_log};

use crate::model::{LinearRanker, run, settings};

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_saves_the_batch() {
    let out = tempfile::tempdir().unwrap();
    let mut ranker = LinearRanker::new(40, 0, 0.0);
    ranker.broken = Some(7);
    let (outcome, told) = run(&ranker, &settings(out.path(), 60), false);
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Diverged);
    let EngineError::NotFinite { step, saved, .. } = &error else { panic!("{error}") };
    assert_eq!(told.rows.len() as u64, step - 1, "a step that failed is not logged");
    assert_eq!(read_log(out.path()).unwrap().len() as u64, step - 1);
    assert_eq!(saved, &out.path().join(format!("failed-step-{step}.json")));
    let saved: Value = serde_json::from_slice(&fs::read(saved).unwrap()).unwrap();
    assert_eq!(saved["step"], *step);
    assert_eq!(saved["queries"].as_array().unwrap().len(), 3);
    let query = saved["queries"].as_array().unwrap().iter().find(|query| query["query"] == 7).unwrap();
    assert_eq!(query["name"], "photo-7.jpg");
    assert_eq!((&query["loss"], &query["scores"][0]), (&Value::from("NaN"), &Value::from("NaN")));
    assert!(query["scores"][1].is_f64() && query["distances_km"][0].is_f64());
    if *step > 1 {
        let parameters = saved["parameters_before_the_step"].as_str().unwrap();
        assert!(parameters.ends_with(&format!("step-{}", step - 1)) && fs::exists(parameters).unwrap());
    }
    // What was trained is still there, and the trouble too.
    let (outcome, _) = run(&ranker, &settings(out.path(), 60), true);
    assert!(matches!(outcome, Err(EngineError::NotFinite { step: again, .. }) if again == *step));
}

#[test]
fn a_model_that_fails_leaves_a_checkpoint_of_what_was_done() {
    let out = tempfile::tempdir().unwrap();
    let ranker = LinearRanker::new(40, 0, 0.0);
    ranker.fail_after.set(Some(7));
    let (outcome, _) = run(&ranker, &settings(out.path(), 20), false);
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::NotFound, "photo-3.jpg is not in photos.tar")
    );
    assert!(out.path().join("checkpoints/step-6").is_dir());
    let (outcome, told) = run(&ranker, &settings(out.path(), 20), true);
    outcome.unwrap();
    assert_eq!(told.rows[0].step, 7);
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_previous_one() {
    let out = tempfile::tempdir().unwrap();
    let ranker = LinearRanker::new(40, 0, 0.0);
    ranker.stop_after.set(Some(5));
    run(&ranker, &settings(out.path(), 20), false).0.unwrap();
    // A file where the next checkpoint is to be filled: no directory can be made there.
    let blocker = out.path().join("checkpoints/.step-8.partial");
    fs::write(&blocker, b"").unwrap();
    let error = run(&ranker, &settings(out.path(), 20), true).0.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Output);
    assert!(error.to_string().contains("the checkpoint of step 5 is whole"), "{error}");
    assert!(error.hint().unwrap().contains("`resume`"));
    fs::remove_file(blocker).unwrap();
    let (outcome, told) = run(&ranker, &settings(out.path(), 20), true);
    assert_eq!(outcome.unwrap().steps, 20);
    assert_eq!(told.rows[0].step, 6);
}
