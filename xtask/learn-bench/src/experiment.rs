//! What is compared: losses and inputs; and how any ranker is trained and judged.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use contract::{CandidateSet, QueryEmbedding, Ranker};
use rank::MultiOrderLoss;
use train::configuration::{CountOrShare, EngineSettings, Record, SaveWhich};
use train::engine::{Progress, Run, Schedule, Shape, SingleProcess, TrainableRanker, ValidationRow, train};

use crate::bed::Query;

/// The paper's ablations (arXiv 2505.13731, table 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Both orders of the loss, lambda 0.7.
    Both,
    /// The first order alone.
    FirstOrder,
    /// The second order alone.
    SecondOrder,
    /// Both orders; the ranker does not see what the candidates look like.
    NoPhotos,
}

impl Variant {
    /// All, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Both, Self::FirstOrder, Self::SecondOrder, Self::NoPhotos];

    /// The name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "both orders (lambda 0.7)",
            Self::FirstOrder => "first order alone",
            Self::SecondOrder => "second order alone",
            Self::NoPhotos => "both orders, without candidate photos",
        }
    }

    /// The name in paths.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::FirstOrder => "first",
            Self::SecondOrder => "second",
            Self::NoPhotos => "no-photos",
        }
    }

    /// The loss.
    pub fn loss(self) -> MultiOrderLoss {
        let lambda = match self {
            Self::Both | Self::NoPhotos => 0.7,
            Self::FirstOrder => 1.0,
            Self::SecondOrder => 0.0,
        };
        MultiOrderLoss { lambda, ..MultiOrderLoss::default() }
    }

    /// The set as the ranker may see it.
    pub fn seen(self, set: &CandidateSet) -> CandidateSet {
        let mut set = set.clone();
        if self == Self::NoPhotos {
            for candidate in &mut set.candidates {
                candidate.photo = None;
                candidate.embedding = QueryEmbedding::default();
            }
        }
        set
    }
}

/// How long and how fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Steps.
    pub steps: u64,
    /// Queries a step.
    pub batch_queries: usize,
    /// The largest learning rate.
    pub learning_rate: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Validations, spread evenly over the steps.
    pub validations: u64,
    /// Queries of a validation.
    pub validation_queries: usize,
}

/// Mean loss on validation queries after some steps; step 0 is the untrained ranker.
pub type Points = Vec<(u64, f64)>;

#[derive(Default)]
struct Watch {
    points: Points,
}

impl Progress for Watch {
    fn validated(&mut self, row: &ValidationRow, _: bool) {
        self.points.push((row.step, row.loss));
    }
}

/// Trains into a directory, which is emptied first: `AdamW`, warm-up over a twentieth of the steps, then down along half
/// a cosine, gradients clipped at 1, the last step's model.
///
/// # Errors
/// Those of the ranker and the engine.
pub fn train_into(
    out: &Path,
    ranker: &dyn TrainableRanker,
    variant: Variant,
    budget: &Budget,
    seed: u64,
) -> anyhow::Result<Points> {
    if out.exists() {
        std::fs::remove_dir_all(out).with_context(|| out.display().to_string())?;
    }
    let settings = EngineSettings {
        out: out.to_path_buf(),
        loss: variant.loss(),
        learning_rate: budget.learning_rate,
        weight_decay: budget.weight_decay,
        schedule: Schedule { shape: Shape::Cosine, warmup: CountOrShare::Share(0.05) },
        steps: Some(budget.steps),
        batch_queries: budget.batch_queries,
        seed,
        validation_queries: budget.validation_queries,
        validate_every: budget.steps.div_ceil(budget.validations.max(1)),
        save: SaveWhich::Last,
        checkpoint_every: 0,
        keep_last: 1,
        ..EngineSettings::default()
    };
    let mut watch =
        Watch { points: vec![(0, untrained_loss(ranker, &settings.loss, budget.validation_queries)?)] };
    train(Run {
        ranker,
        settings: &settings,
        record: &Record::new(),
        resume: false,
        collective: &SingleProcess,
        progress: &mut watch,
        stop: &AtomicBool::new(false),
    })?;
    Ok(watch.points)
}

fn untrained_loss(
    ranker: &dyn TrainableRanker,
    loss: &MultiOrderLoss,
    queries: usize,
) -> anyhow::Result<f64> {
    let queries: Vec<usize> = (0..ranker.validation_queries().min(queries)).collect();
    let groups = ranker.validate(&ranker.initial_parameters()?, &queries)?;
    let of_group = |group: &train::engine::ValidationGroup| {
        let scores: Vec<f64> = group.scores.iter().copied().map(f64::from).collect();
        loss.evaluate(&scores, &group.distances_km).loss
    };
    Ok(groups.iter().map(of_group).sum::<f64>() / groups.len().max(1) as f64)
}

/// How far the best-scored candidate of each query is from the truth, km.
///
/// # Errors
/// Those of the ranker.
pub fn errors_km(ranker: &dyn Ranker, variant: Variant, queries: &[Query]) -> anyhow::Result<Vec<f64>> {
    let error = |query: &Query| {
        let best = ranker.rank(&variant.seen(&query.set))?.best().context("a query without candidates")?;
        Ok(query.distances_km[best])
    };
    queries.iter().map(error).collect()
}
