//! Settings of the loop, whatever model it trains.

use std::path::PathBuf;

use rank::{Keep, MultiOrderLoss, PairRule};
use serde::{Deserialize, Serialize};
use toml::Value;

use super::{ConfigurationError, Source};
use crate::engine::Schedule;

/// What the engine needs to know. Fields have the names that they have in a file, except where noted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineSettings {
    /// `out`: where the model, the logs and the checkpoints go.
    pub out: PathBuf,
    /// `lambda`, `k`, `pairs`, `pair_terms`: the loss.
    #[serde(skip)]
    pub loss: MultiOrderLoss,
    /// `learning_rate`, the largest of the schedule.
    pub learning_rate: f64,
    /// `weight_decay`, decoupled, of parameters that decay.
    pub weight_decay: f64,
    /// `schedule` and `warmup`.
    #[serde(skip)]
    pub schedule: Schedule,
    /// `steps`; none: one pass over the training queries.
    pub steps: Option<u64>,
    /// `batch_queries`: queries the model sees at once.
    pub batch_queries: usize,
    /// `accumulation`: such batches a step.
    pub accumulation: usize,
    /// `official`: gradients of the batches of a step are summed, as in the official code, not averaged.
    pub official: bool,
    /// `clip`: the largest norm of a step's gradient; none with 0.
    #[serde(with = "clip")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BestBy {
    /// The smallest mean loss.
    Loss,
    /// The smallest median distance of the chosen candidates.
    MedianKm,
    /// The smallest mean distance.
    MeanKm,
    /// The largest share within 1 km.
    #[serde(rename = "within_1")]
    Within1,
    /// The largest share within 25 km.
    #[serde(rename = "within_25")]
    Within25,
    /// The largest share within 200 km.
    #[serde(rename = "within_200")]
    Within200,
    /// The largest share within 750 km.
    #[serde(rename = "within_750")]
    Within750,
    /// The largest share within 2500 km.
    #[serde(rename = "within_2500")]
    Within2500,
}

/// Which checkpoint becomes the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveWhich {
    /// The best on the validation split; the last where there is none.
    Best,
    /// The last.
    Last,
}

/// A count, or a share of something that is counted later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", untagged)]
pub enum CountOrShare {
    /// So many.
    Count(u64),
    /// This part, from 0 to below 1.
    Share(f64),
}

impl TryFrom<Value> for CountOrShare {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match value {
            Value::Integer(count @ 0..) => Ok(Self::Count(count.unsigned_abs())),
            Value::Float(share) if (0.0..1.0).contains(&share) => Ok(Self::Share(share)),
            _ => Err("a whole number of steps, or a share of them from 0.0 to below 1.0"),
        }
    }
}

/// The settings of the loss as they stand in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LossFields {
    lambda: f64,
    k: KeepField,
    pairs: Pairs,
    /// None: as `k`.
    pair_terms: Option<KeepField>,
}

/// `k` and `pair_terms`: a count or `"all"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
struct KeepField(Keep);

impl TryFrom<Value> for KeepField {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match value {
            Value::String(word) if word == "all" => Ok(Self(Keep::All)),
            Value::Integer(count @ 1..) => {
                Ok(Self(Keep::First(usize::try_from(count).unwrap_or(usize::MAX))))
            }
            _ => Err("a whole number of at least 1, or \"all\""),
        }
    }
}

impl From<KeepField> for Value {
    fn from(KeepField(keep): KeepField) -> Self {
        match keep {
            Keep::All => "all".into(),
            Keep::First(count) => (count as i64).into(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pairs {
    Anchors,
    Terms,
}

impl Default for LossFields {
    fn default() -> Self {
        let MultiOrderLoss { lambda, keep, .. } = MultiOrderLoss::default();
        Self { lambda, k: KeepField(keep), pairs: Pairs::Anchors, pair_terms: None }
    }
}

impl LossFields {
    /// Checks the fields and fills in what follows from others.
    pub(super) fn check(&mut self, source: &Source) -> Result<MultiOrderLoss, ConfigurationError> {
        source.within("lambda", self.lambda, 0.0..=1.0)?;
        let KeepField(keep) = self.k;
        let KeepField(terms) = *self.pair_terms.get_or_insert(self.k);
        if self.pairs == Pairs::Anchors && terms != keep {
            let hint = "write pairs = \"terms\", or leave pair_terms out".to_owned();
            return Err(source.refuse("pair_terms", "applies only with pairs = \"terms\"", Some(hint)));
        }
        let pairs = if self.pairs == Pairs::Terms { PairRule::Terms(terms) } else { PairRule::Anchors };
        Ok(MultiOrderLoss { lambda: self.lambda, keep, pairs })
    }
}

/// 0 in a file: no clipping.
mod clip {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(clip: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        clip.unwrap_or(0.0).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        f64::deserialize(deserializer).map(|clip| Some(clip).filter(|clip| *clip != 0.0))
    }
}

impl EngineSettings {
    pub(super) fn check(&self, source: &Source) -> Result<(), ConfigurationError> {
        source.given("out", "the directory for the model, the logs and the checkpoints")?;
        for (name, number) in [
            ("learning_rate", self.learning_rate),
            ("weight_decay", self.weight_decay),
            ("clip", self.clip.unwrap_or(0.0)),
        ] {
            source.within(name, number, 0.0..=f64::INFINITY)?;
        }
        for (name, count) in [
            ("steps", self.steps.unwrap_or(1)),
            ("batch_queries", self.batch_queries as u64),
            ("accumulation", self.accumulation as u64),
            ("keep_last", self.keep_last as u64),
        ] {
            source.at_least(name, count, 1)?;
        }
        Ok(())
    }

    /// Queries that one process looks at in a step.
    pub fn queries_of_a_step(&self) -> usize {
        self.batch_queries.saturating_mul(self.accumulation)
    }
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
