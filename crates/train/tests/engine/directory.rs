//! Whose the output directory is.

use std::fs;

use contract::{Diagnose, ErrorKind};
use train::engine::EngineError;

use crate::model::{LinearRanker, run, settings};

fn ranker() -> LinearRanker {
    LinearRanker::new(12, 4, 0.0)
}

#[test]
fn a_directory_that_holds_a_run_is_taken_only_to_go_on() {
    let out = tempfile::tempdir().unwrap();
    run(&ranker(), &settings(out.path(), 2), false).0.unwrap();
    let error = run(&ranker(), &settings(out.path(), 2), false).0.unwrap_err();
    assert!(matches!(error, EngineError::HoldsRun { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.hint().unwrap().contains("`resume`"));
}

#[test]
fn a_directory_of_something_else_is_left_alone() {
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("adapter_model.safetensors"), b"dear").unwrap();
    let error = run(&ranker(), &settings(out.path(), 2), false).0.unwrap_err();
    assert!(matches!(error, EngineError::NotEmpty { .. }), "{error}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}

#[test]
fn nothing_to_go_on_with_is_said() {
    let out = tempfile::tempdir().unwrap();
    let error = run(&ranker(), &settings(&out.path().join("nowhere"), 2), true).0.unwrap_err();
    assert!(matches!(error, EngineError::NoRun { .. }), "{error}");
    assert!(!out.path().join("nowhere").exists());
}

#[test]
fn a_directory_that_is_not_there_is_made() {
    let out = tempfile::tempdir().unwrap();
    run(&ranker(), &settings(&out.path().join("a/b"), 2), false).0.unwrap();
    assert!(out.path().join("a/b/model.json").is_file());
}

#[test]
fn two_processes_do_not_share_a_directory() {
    let out = tempfile::tempdir().unwrap();
    run(&ranker(), &settings(out.path(), 2), false).0.unwrap();
    let lock = fs::File::create(out.path().join("run.lock")).unwrap();
    lock.lock().unwrap();
    let error = run(&ranker(), &settings(out.path(), 2), true).0.unwrap_err();
    assert!(matches!(error, EngineError::Busy { .. }), "{error}");
}

#[test]
fn no_queries_is_said_before_anything_is_written() {
    let out = tempfile::tempdir().unwrap();
    let error =
        run(&LinearRanker::new(0, 4, 0.0), &settings(&out.path().join("run"), 2), false).0.unwrap_err();
    assert!(matches!(error, EngineError::NoQueries), "{error}");
    assert!(!out.path().join("run").exists());
}
