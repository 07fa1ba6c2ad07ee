//! Settings of the loop, whatever model it trains.

use std::path::PathBuf;

use rank::{MultiOrderLoss, PairRule};

use super::{ConfigurationError, Fields};
use crate::engine::{Schedule, Shape};

/// What the engine needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSettings {
    /// `out`: where the model, the logs and the checkpoints go.
    pub out: PathBuf,
    /// `lambda`, `k`, `pairs`, `pair_terms`: the loss.
    pub loss: MultiOrderLoss,
    /// `learning_rate`, the largest of the schedule.
    pub learning_rate: f64,
    /// `weight_decay`, decoupled, of parameters that decay.
    pub weight_decay: f64,
    /// `schedule` and `warmup`.
    pub schedule: Schedule,
    /// `steps`; none: as many as go once through the training queries.
    pub steps: Option<u64>,
    /// `batch_queries`: queries the model sees at once.
    pub batch_queries: usize,
    /// `accumulation`: such batches a step.
    pub accumulation: usize,
    /// `official`: gradients of the batches of a step are summed, as in the official code, not averaged.
    pub official: bool,
    /// `clip`: the largest norm of a step's gradient; none with 0.
    pub clip: Option<f64>,
    /// `seed` of the order of the data and of everything random in the model.
    pub seed: u64,
    /// `queries`: only the first so many training queries; 0: all.
    pub queries: usize,
    /// `validation_queries`: only the first so many validation queries; 0: all.
    pub validation_queries: usize,
    /// `validate_every` so many steps; 0: at the end alone.
    pub validate_every: u64,
    /// `best_by`: what makes a checkpoint the best.
    pub best_by: BestBy,
    /// `early_stopping`: stop after so many validations in a row without a new best; 0: never.
    pub early_stopping: u64,
    /// `save`: which checkpoint becomes the model.
    pub save: SaveWhich,
    /// `checkpoint_every` so many steps; 0: at the end alone.
    pub checkpoint_every: u64,
    /// `keep_last`: how many checkpoints stay, besides the best.
    pub keep_last: usize,
}

/// What makes a checkpoint the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BestBy {
    /// The smallest mean loss.
    Loss,
    /// The smallest median distance of the chosen candidates.
    MedianKm,
    /// The smallest mean distance.
    MeanKm,
    /// The largest share within one of the radii, by its place in [`geo::metrics::RADII_KM`].
    Within(usize),
}

/// Which checkpoint becomes the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveWhich {
    /// The best on the validation split; the last where there is none.
    Best,
    /// The last.
    Last,
}

impl EngineSettings {
    /// Reads the engine's fields.
    ///
    /// # Errors
    /// A field of the wrong kind, out of range, or missing.
    pub fn read(fields: &mut Fields) -> Result<Self, ConfigurationError> {
        let out = fields.required_path("out", "the directory for the model, the logs and the checkpoints")?;
        let learning_rate = fields.number("learning_rate", 1e-4, 0.0..=f64::MAX)?;
        let schedule = Schedule {
            shape: fields.choice(
                "schedule",
                &[("linear", Shape::Linear), ("cosine", Shape::Cosine), ("constant", Shape::Constant)],
            )?,
            warmup: fields.count_or_share("warmup", "steps")?,
        };
        let settings = Self {
            out,
            loss: read_loss(fields)?,
            learning_rate,
            weight_decay: fields.number("weight_decay", 0.01, 0.0..=f64::MAX)?,
            schedule,
            steps: fields.whole_or_none("steps", 1)?,
            batch_queries: fields.count("batch_queries", 4, 1)?,
            accumulation: fields.count("accumulation", 1, 1)?,
            official: fields.flag("official", false)?,
            clip: Some(fields.number("clip", 1.0, 0.0..=f64::MAX)?).filter(|clip| *clip > 0.0),
            seed: fields.whole("seed", 0, 0)?,
            queries: fields.count("queries", 0, 0)?,
            validation_queries: fields.count("validation_queries", 0, 0)?,
            validate_every: fields.whole("validate_every", 500, 0)?,
            best_by: fields.choice(
                "best_by",
                &[
                    ("loss", BestBy::Loss),
                    ("median_km", BestBy::MedianKm),
                    ("mean_km", BestBy::MeanKm),
                    ("within_1", BestBy::Within(0)),
                    ("within_25", BestBy::Within(1)),
                    ("within_200", BestBy::Within(2)),
                    ("within_750", BestBy::Within(3)),
                    ("within_2500", BestBy::Within(4)),
                ],
            )?,
            early_stopping: fields.whole("early_stopping", 0, 0)?,
            save: fields.choice("save", &[("best", SaveWhich::Best), ("last", SaveWhich::Last)])?,
            checkpoint_every: fields.whole("checkpoint_every", 500, 0)?,
            keep_last: fields.count("keep_last", 2, 1)?,
        };
        Ok(settings)
    }

    /// Queries that one process looks at in a step.
    pub fn queries_of_a_step(&self) -> usize {
        self.batch_queries.saturating_mul(self.accumulation)
    }
}

fn read_loss(fields: &mut Fields) -> Result<MultiOrderLoss, ConfigurationError> {
    let default = MultiOrderLoss::default();
    let lambda = fields.number("lambda", default.lambda, 0.0..=1.0)?;
    let keep = fields.keep("k", default.keep)?;
    let terms = fields.choice("pairs", &[("anchors", false), ("terms", true)])?;
    let pair_terms = fields.keep("pair_terms", keep)?;
    if !terms && pair_terms != keep {
        let hint = "write pairs = \"terms\", or leave pair_terms out".to_owned();
        return Err(fields.refuse("pair_terms", "has a meaning with pairs = \"terms\" alone", Some(hint)));
    }
    let pairs = if terms { PairRule::Terms(pair_terms) } else { PairRule::Anchors };
    Ok(MultiOrderLoss { lambda, keep, pairs })
}

impl Default for EngineSettings {
    /// What a configuration that names nothing but `out = "out"` says.
    fn default() -> Self {
        Self {
            out: PathBuf::from("out"),
            loss: MultiOrderLoss::default(),
            learning_rate: 1e-4,
            weight_decay: 0.01,
            schedule: Schedule::default(),
            steps: None,
            batch_queries: 4,
            accumulation: 1,
            official: false,
            clip: Some(1.0),
            seed: 0,
            queries: 0,
            validation_queries: 0,
            validate_every: 500,
            best_by: BestBy::Loss,
            early_stopping: 0,
            save: SaveWhich::Best,
            checkpoint_every: 500,
            keep_last: 2,
        }
    }
}
