//! A run learns, leaves what it should leave, and stops when it should.

use std::fs;

use train::configuration::{BestBy, SaveWhich};
use train::engine::{End, read_log};

use crate::model::{LinearRanker, run, settings};

#[test]
fn a_run_learns_and_leaves_a_model_logs_and_curves() {
    let out = tempfile::tempdir().unwrap();
    let ranker = LinearRanker::new(40, 30, 0.0);
    let (outcome, told) = run(&ranker, &settings(out.path(), 60), false);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.end, outcome.steps), (End::Finished, 60));
    let mean =
        |rows: &[train::engine::LogRow]| rows.iter().map(|row| row.loss).sum::<f64>() / rows.len() as f64;
    assert!(
        mean(&told.rows[50..]) < 0.5 * mean(&told.rows[..10]),
        "{} {}",
        mean(&told.rows[..10]),
        mean(&told.rows[50..])
    );
    let (first, last) = (&told.validations[0].0, &told.validations[11].0);
    assert!(last.median_km < first.median_km && last.loss < first.loss);
    assert!(last.within_km.country > 20.0 && last.queries == 30);
    assert_eq!(read_log(out.path()).unwrap(), told.rows);
    for name in
        ["model.json", "run.json", "log.jsonl", "validation.jsonl", "plots/loss.svg", "plots/within_km.png"]
    {
        assert!(out.path().join(name).is_file(), "{name}");
    }
}

#[test]
fn rows_count_one_step_each() {
    let out = tempfile::tempdir().unwrap();
    let mut settings = settings(out.path(), 3);
    settings.accumulation = 2;
    let (_, told) = run(&LinearRanker::new(40, 0, 0.0), &settings, false);
    for row in &told.rows {
        assert_eq!((row.queries, row.tokens), (6, 30));
    }
    assert!(told.validations.is_empty());
}

#[test]
fn without_steps_a_run_is_one_epoch() {
    let out = tempfile::tempdir().unwrap();
    let mut settings = settings(out.path(), 1);
    settings.steps = None;
    let (outcome, _) = run(&LinearRanker::new(40, 0, 0.0), &settings, false);
    assert_eq!(outcome.unwrap().steps, 14);
}

#[test]
fn the_best_checkpoint_becomes_the_model_and_stays() {
    // A learning rate that throws the weights about: the last is not the best.
    let model = |save| {
        let out = tempfile::tempdir().unwrap();
        let mut settings = settings(out.path(), 40);
        (settings.learning_rate, settings.weight_decay) = (3.0, 0.0);
        (settings.save, settings.keep_last, settings.best_by) = (save, 1, BestBy::MedianKm);
        let (outcome, told) = run(&LinearRanker::new(40, 30, 0.3), &settings, false);
        let best = told.validations.iter().rfind(|(_, best)| *best).unwrap().0.clone();
        assert!(told.validations.iter().all(|(row, _)| row.median_km >= best.median_km));
        assert!(out.path().join(format!("checkpoints/step-{}", best.step)).is_dir());
        let saved = fs::read_to_string(out.path().join("model.json")).unwrap();
        (outcome.unwrap().model_of_step.unwrap(), best.step, saved)
    };
    let (chosen, best, saved) = model(SaveWhich::Best);
    assert_eq!(chosen, best);
    let (chosen, _, last) = model(SaveWhich::Last);
    assert_eq!(chosen, 40);
    if best != 40 {
        assert_ne!(saved, last);
    }
}

#[test]
fn a_run_that_no_longer_gets_better_stops() {
    let out = tempfile::tempdir().unwrap();
    let mut settings = settings(out.path(), 500);
    (settings.learning_rate, settings.early_stopping, settings.validate_every) = (3.0, 2, 1);
    let (outcome, told) = run(&LinearRanker::new(40, 30, 0.3), &settings, false);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.end, End::StoppedEarly);
    assert!(outcome.steps < 500);
    assert!(told.validations.iter().rev().take(2).all(|(_, best)| !best));
    // Going on with it is possible and changes nothing.
    let (again, told) = run(&LinearRanker::new(40, 30, 0.3), &settings, true);
    let again = again.unwrap();
    assert_eq!(
        (again.end, again.steps, again.model_of_step),
        (outcome.end, outcome.steps, outcome.model_of_step)
    );
    assert!(told.rows.is_empty());
}

#[test]
fn the_first_so_many_queries_are_used() {
    let out = tempfile::tempdir().unwrap();
    let mut settings = settings(out.path(), 5);
    (settings.queries, settings.validation_queries) = (2, 7);
    let mut ranker = LinearRanker::new(40, 30, 0.0);
    ranker.broken = Some(3);
    let (outcome, told) = run(&ranker, &settings, false);
    outcome.unwrap();
    assert_eq!(told.validations[0].0.queries, 7);
}
