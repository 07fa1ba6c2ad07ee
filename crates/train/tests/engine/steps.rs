//! What a step is: accumulation, the official sums, clipping, the schedule.

use train::configuration::{CountOrShare, EngineSettings};
use train::engine::{LogRow, Schedule, Shape};

use crate::model::{LinearRanker, run, settings};

/// The rows and the model of a short run.
fn short(change: impl Fn(&mut EngineSettings)) -> (Vec<LogRow>, Vec<Vec<f32>>) {
    let out = tempfile::tempdir().unwrap();
    let mut settings = settings(out.path(), 6);
    (settings.validate_every, settings.clip) = (0, None);
    change(&mut settings);
    let (outcome, told) = run(&LinearRanker::new(40, 0, 0.0), &settings, false);
    outcome.unwrap();
    let model = std::fs::read(out.path().join("model.json")).unwrap();
    (told.rows, serde_json::from_slice(&model).unwrap())
}

fn assert_same(a: &(Vec<LogRow>, Vec<Vec<f32>>), b: &(Vec<LogRow>, Vec<Vec<f32>>)) {
    for (a, b) in a.0.iter().zip(&b.0) {
        assert!(
            (a.loss - b.loss).abs() < 1e-6 * a.loss.abs()
                && (a.grad_norm - b.grad_norm).abs() < 1e-5 * a.grad_norm
        );
    }
    for (a, b) in a.1.iter().flatten().zip(b.1.iter().flatten()) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

#[test]
fn two_batches_of_one_are_one_of_two() {
    let two = short(|settings| (settings.batch_queries, settings.accumulation) = (1, 2));
    let one = short(|settings| (settings.batch_queries, settings.accumulation) = (2, 1));
    assert_same(&two, &one);
    assert_eq!(two.0[0].queries, 2);
}

#[test]
fn the_official_code_adds_batches_up() {
    let averaged = short(|settings| (settings.batch_queries, settings.accumulation) = (2, 2));
    let summed =
        short(|settings| (settings.batch_queries, settings.accumulation, settings.official) = (2, 2, true));
    let (averaged, summed) = (&averaged.0[0], &summed.0[0]);
    assert!((summed.loss - 2.0 * averaged.loss).abs() < 1e-9);
    assert!((summed.grad_norm - 2.0 * averaged.grad_norm).abs() < 1e-5);
    // One batch is the same either way.
    assert_same(&short(|settings| settings.official = true), &short(|_| {}));
}

#[test]
fn the_norm_is_logged_before_clipping() {
    let free = short(|_| {});
    let clipped = short(|settings| settings.clip = Some(1e-3));
    assert_eq!(free.0[0].grad_norm.to_bits(), clipped.0[0].grad_norm.to_bits());
    assert_ne!(free.0[5].loss.to_bits(), clipped.0[5].loss.to_bits());
    let loose = short(|settings| settings.clip = Some(1e9));
    assert_eq!(free.1, loose.1);
}

#[test]
fn the_learning_rate_follows_the_schedule() {
    let rows = short(|settings| settings.learning_rate = 0.6).0;
    let rates: Vec<f64> = rows.iter().map(|row| row.learning_rate).collect();
    for (found, expected) in rates.iter().zip([0.6, 0.5, 0.4, 0.3, 0.2, 0.1]) {
        assert!((found - expected).abs() < 1e-12, "{rates:?}");
    }
}

/// Tabled from `transformers.get_scheduler` (4.52): what the optimiser of step 1, 2, .. uses, over the largest rate.
#[test]
fn schedules_are_those_of_transformers() {
    let none = CountOrShare::Count(0);
    let table: [(Shape, CountOrShare, u64, &[f64]); 6] = [
        (Shape::Linear, none, 5, &[1.0, 0.8, 0.6, 0.4, 0.2]),
        (Shape::Linear, CountOrShare::Count(2), 6, &[0.0, 0.5, 1.0, 0.75, 0.5, 0.25]),
        (Shape::Cosine, none, 4, &[1.0, 0.853_553_390_593_273_8, 0.5, 0.146_446_609_406_726_2]),
        (
            Shape::Cosine,
            CountOrShare::Count(2),
            6,
            &[0.0, 0.5, 1.0, 0.853_553_390_593_273_8, 0.5, 0.146_446_609_406_726_2],
        ),
        (Shape::Constant, CountOrShare::Share(0.5), 6, &[0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0, 1.0, 1.0]),
        (Shape::Constant, none, 3, &[1.0, 1.0, 1.0]),
    ];
    for (shape, warmup, steps, factors) in table {
        let schedule = Schedule { shape, warmup };
        for (step, expected) in (1..).zip(factors) {
            let found = schedule.factor(step, steps);
            assert!((found - expected).abs() < 1e-12, "{schedule:?} step {step}: {found}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_another() {
    assert_eq!(short(|_| {}).1, short(|_| {}).1);
    assert_ne!(short(|_| {}).1, short(|settings| settings.seed = 12).1);
}
