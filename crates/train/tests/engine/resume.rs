//! A run that was stopped, wherever, makes the steps of one that was not.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use train::engine::{End, EngineError, read_log};

use crate::model::{LinearRanker, run, settings, timeless};

const STEPS: u64 = 13;

fn ranker() -> LinearRanker {
    LinearRanker::new(17, 9, 0.3)
}

/// The model, the rows and the validations that a run leaves, bit by bit.
fn left(out: &Path) -> (String, String, String) {
    let rows = serde_json::to_string(&timeless(read_log(out).unwrap())).unwrap();
    let validations = fs::read_to_string(out.join("validation.jsonl")).unwrap();
    let timeless = validations.lines().map(|line| line.split(",\"seconds\"").next().unwrap());
    (fs::read_to_string(out.join("model.json")).unwrap(), rows, timeless.collect::<Vec<_>>().join("\n"))
}

fn uninterrupted() -> (String, String, String) {
    let out = tempfile::tempdir().unwrap();
    run(&ranker(), &settings(out.path(), STEPS), false).0.unwrap();
    left(out.path())
}

#[test]
fn stopped_at_any_batch() {
    let expected = uninterrupted();
    for accumulation in [1, 2] {
        let with = |out: &Path| {
            let mut settings = settings(out, STEPS);
            settings.accumulation = accumulation;
            settings
        };
        let whole = tempfile::tempdir().unwrap();
        run(&ranker(), &with(whole.path()), false).0.unwrap();
        let expected = if accumulation == 1 { expected.clone() } else { left(whole.path()) };
        for batches in 1..=STEPS as usize * accumulation {
            let out = tempfile::tempdir().unwrap();
            let stopped = ranker();
            stopped.stop_after.set(Some(batches));
            let (outcome, _) = run(&stopped, &with(out.path()), false);
            let outcome = outcome.unwrap();
            // The batch in which it was asked to stop is finished; a step counts when all of its batches are.
            assert_eq!(outcome.steps, (batches / accumulation) as u64);
            if outcome.end == End::Interrupted {
                assert!(!out.path().join("model.json").exists());
                let (outcome, _) = run(&ranker(), &with(out.path()), true);
                assert_eq!(outcome.unwrap().end, End::Finished);
            }
            assert_eq!(
                left(out.path()),
                expected,
                "stopped after {batches} batches of {accumulation} a step"
            );
        }
    }
}

/// What a killed process leaves: rows beyond the last checkpoint, half a row, half a checkpoint.
#[test]
fn killed_after_any_step() {
    let expected = uninterrupted();
    for killed_after in 1..STEPS {
        let out = tempfile::tempdir().unwrap();
        let stopped = ranker();
        stopped.stop_after.set(Some(killed_after as usize));
        run(&stopped, &settings(out.path(), STEPS), false).0.unwrap();
        // An orderly stop saves a checkpoint, a kill does not: only those that were due are there then.
        let checkpoint = out.path().join(format!("checkpoints/step-{killed_after}"));
        if !killed_after.is_multiple_of(4) && !killed_after.is_multiple_of(5) {
            fs::rename(&checkpoint, out.path().join(format!("checkpoints/.step-{killed_after}.partial")))
                .unwrap();
        }
        let mut log = OpenOptions::new().append(true).open(out.path().join("log.jsonl")).unwrap();
        log.write_all(b"{\"step\":9,\"learning_ra").unwrap();
        let (outcome, told) = run(&ranker(), &settings(out.path(), STEPS), true);
        outcome.unwrap();
        assert!(told.notes.is_empty(), "{:?}", told.notes);
        assert_eq!(left(out.path()), expected, "killed after step {killed_after}");
    }
}

#[test]
fn killed_before_the_first_checkpoint() {
    let expected = uninterrupted();
    let out = tempfile::tempdir().unwrap();
    let stopped = ranker();
    stopped.stop_after.set(Some(2));
    run(&stopped, &settings(out.path(), STEPS), false).0.unwrap();
    fs::remove_dir_all(out.path().join("checkpoints")).unwrap();
    run(&ranker(), &settings(out.path(), STEPS), true).0.unwrap();
    assert_eq!(left(out.path()), expected);
}

#[test]
fn a_damaged_checkpoint_costs_its_steps_and_nothing_else() {
    let expected = uninterrupted();
    let out = tempfile::tempdir().unwrap();
    let stopped = ranker();
    stopped.stop_after.set(Some(9));
    run(&stopped, &settings(out.path(), STEPS), false).0.unwrap();
    fs::write(out.path().join("checkpoints/step-9/state.safetensors"), b"half").unwrap();
    let (outcome, told) = run(&ranker(), &settings(out.path(), STEPS), true);
    outcome.unwrap();
    assert!(told.notes.iter().any(|note| note.contains("step-9")), "{:?}", told.notes);
    assert_eq!(told.rows[0].step, 9);
    assert_eq!(left(out.path()), expected);
}

#[test]
fn a_finished_run_can_be_resumed_and_stays_as_it_is() {
    let out = tempfile::tempdir().unwrap();
    run(&ranker(), &settings(out.path(), STEPS), false).0.unwrap();
    let before = left(out.path());
    fs::remove_file(out.path().join("model.json")).unwrap();
    let (outcome, told) = run(&ranker(), &settings(out.path(), STEPS), true);
    assert_eq!(outcome.unwrap().end, End::Finished);
    assert!(told.rows.is_empty());
    assert_eq!(left(out.path()), before);
}

#[test]
fn other_settings_or_data_are_refused_by_name() {
    let out = tempfile::tempdir().unwrap();
    let stopped = ranker();
    stopped.stop_after.set(Some(6));
    run(&stopped, &settings(out.path(), STEPS), false).0.unwrap();
    let refused = |ranker: &LinearRanker, change: &dyn Fn(&mut train::configuration::EngineSettings)| {
        let mut settings = settings(out.path(), STEPS);
        change(&mut settings);
        match run(ranker, &settings, true).0.unwrap_err() {
            EngineError::Changed { field, was, now, .. } => format!("{field}: {was} -> {now}"),
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(&ranker(), &|settings| settings.learning_rate = 0.06), "learning_rate: 0.05 -> 0.06");
    assert_eq!(refused(&ranker(), &|settings| settings.steps = Some(14)), "steps: 13 -> 14");
    assert_eq!(refused(&LinearRanker::new(18, 9, 0.3), &|_| {}), "training queries: 17 -> 18");
    // What only says how much is kept may change.
    let mut other = settings(out.path(), STEPS);
    (other.keep_last, other.checkpoint_every) = (5, 1);
    run(&ranker(), &other, true).0.unwrap();
    assert_eq!(left(out.path()), uninterrupted());
}

#[test]
fn a_run_with_a_constant_rate_may_grow() {
    let with = |out: &Path, steps| {
        let mut settings = settings(out, steps);
        settings.schedule.shape = train::engine::Shape::Constant;
        settings.validate_every = 1;
        settings
    };
    let (long, grown) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(&ranker(), &with(long.path(), 9), false).0.unwrap();
    run(&ranker(), &with(grown.path(), 5), false).0.unwrap();
    run(&ranker(), &with(grown.path(), 9), true).0.unwrap();
    assert_eq!(left(grown.path()), left(long.path()));
    assert!(matches!(run(&ranker(), &with(grown.path(), 7), true).0, Err(EngineError::Changed { .. })));
}
