//! A run of the training engine, in a directory that is thrown away.

use std::sync::atomic::AtomicBool;

use rank::MultiOrderLoss;
use rank::set::SetRanker;
use train::configuration::{BestBy, CountOrShare, EngineSettings, Record, SaveWhich};
use train::engine::{LogRow, Progress, Run, Schedule, Shape, SingleProcess, TrainableRanker, train};

/// How long and how fast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    pub(crate) count: u64,
    /// Queries a step.
    pub(crate) batch: usize,
    /// At the end of the warm-up; falls to 0 along a cosine.
    pub(crate) learning_rate: f64,
    pub(crate) weight_decay: f64,
    /// Steps over which the rate rises from 0.
    pub(crate) warmup: u64,
}

/// Trains from fresh parameters to the last step: `val` chooses settings, not moments.
pub(crate) fn trained(
    model: &dyn TrainableRanker,
    loss: MultiOrderLoss,
    steps: &Steps,
    seed: u64,
) -> anyhow::Result<SetRanker> {
    let directory = tempfile::tempdir()?;
    let settings = EngineSettings {
        out: directory.path().join("run"),
        loss,
        learning_rate: steps.learning_rate,
        weight_decay: steps.weight_decay,
        schedule: Schedule { shape: Shape::Cosine, warmup: CountOrShare::Count(steps.warmup) },
        steps: Some(steps.count),
        batch_queries: steps.batch,
        accumulation: 1,
        official: false,
        clip: Some(1.0),
        seed,
        queries: 0,
        validation_queries: 0,
        validate_every: 0,
        best_by: BestBy::Loss,
        early_stopping: 0,
        save: SaveWhich::Last,
        checkpoint_every: 0,
        keep_last: 1,
    };
    train(Run {
        ranker: model,
        settings: &settings,
        record: &Record::default(),
        resume: false,
        collective: &SingleProcess,
        progress: &mut Lines { seed, sum: 0.0 },
        stop: &AtomicBool::new(false),
    })?;
    Ok(SetRanker::open(&settings.out)?)
}

/// A line every so often.
struct Lines {
    seed: u64,
    sum: f64,
}

/// Steps between lines.
const EVERY: u64 = 200;

impl Progress for Lines {
    fn stepped(&mut self, row: &LogRow) {
        self.sum += row.loss;
        if row.step.is_multiple_of(EVERY) {
            eprintln!("seed {}, step {}: loss {:.3}", self.seed, row.step, self.sum / EVERY as f64);
            self.sum = 0.0;
        }
    }
}
