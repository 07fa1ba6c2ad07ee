//! Several processes, here threads, make the steps of one.

use std::sync::{Barrier, Mutex};

use contract::Failure;
use train::engine::{Collective, End};

use crate::model::{LinearRanker, run, run_among, settings};

/// Threads that meet at a barrier.
struct Threads {
    barrier: Barrier,
    sums: Mutex<Vec<f64>>,
    world: usize,
}

struct Thread<'a> {
    threads: &'a Threads,
    rank: usize,
}

impl Thread<'_> {
    fn sum(&self, values: &mut [f64]) {
        let Threads { barrier, sums, .. } = self.threads;
        {
            let mut sums = sums.lock().unwrap();
            sums.resize(values.len(), 0.0);
            sums.iter_mut().zip(&*values).for_each(|(sum, value)| *sum += value);
        }
        barrier.wait();
        values.copy_from_slice(&sums.lock().unwrap());
        if barrier.wait().is_leader() {
            sums.lock().unwrap().clear();
        }
        barrier.wait();
    }
}

impl Collective for Thread<'_> {
    fn rank(&self) -> usize {
        self.rank
    }

    fn world(&self) -> usize {
        self.threads.world
    }

    fn all_reduce_mean(&self, values: &mut [f32]) -> Result<(), Failure> {
        let mut wide: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
        self.sum(&mut wide);
        let world = self.threads.world as f64;
        values.iter_mut().zip(wide).for_each(|(value, sum)| *value = (sum / world) as f32);
        Ok(())
    }

    fn all_reduce_sum(&self, values: &mut [f64]) -> Result<(), Failure> {
        self.sum(values);
        Ok(())
    }
}

#[test]
fn two_processes_with_a_batch_of_one_are_one_with_a_batch_of_two() {
    let (alone, together) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let with = |out: &std::path::Path, batch| {
        let mut settings = settings(out, 8);
        (settings.batch_queries, settings.accumulation) = (batch, 2);
        settings
    };
    let (outcome, single) = run(&LinearRanker::new(20, 7, 0.0), &with(alone.path(), 2), false);
    outcome.unwrap();
    let threads = Threads { barrier: Barrier::new(2), sums: Mutex::new(Vec::new()), world: 2 };
    let told: Vec<_> = std::thread::scope(|scope| {
        let start = |rank| {
            let (threads, settings) = (&threads, with(together.path(), 1));
            scope.spawn(move || {
                let ranker = LinearRanker::new(20, 7, 0.0);
                let (outcome, told) = run_among(&ranker, &settings, false, &Thread { threads, rank });
                assert_eq!(outcome.unwrap().end, End::Finished);
                told
            })
        };
        let running = [start(0), start(1)];
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for told in &told {
        for (one, two) in single.rows.iter().zip(&told.rows) {
            assert!((one.loss - two.loss).abs() < 1e-5 * one.loss, "{one:?} {two:?}");
            assert_eq!((one.queries, one.tokens), (two.queries, two.tokens));
        }
        for ((one, _), (two, _)) in single.validations.iter().zip(&told.validations) {
            assert!((one.loss - two.loss).abs() < 1e-5 && (one.median_km - two.median_km).abs() < 1e-6);
        }
    }
    assert!(together.path().join("model.json").is_file(), "the first process wrote the model");
}
