//! What the engine asks of a model.

use std::path::Path;

use contract::Failure;
use rank::MultiOrderLoss;

/// A trained tensor: the engine holds its f32 master values, the model only reads them.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// A name that is stable between runs: checkpoints find values by it.
    pub name: String,
    /// The extents; their product is the number of values.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub values: Vec<f32>,
    /// Whether weight decay pulls at it.
    pub decays: bool,
}

/// One vector a parameter, in the parameters' order and of their lengths.
pub type Gradients = Vec<Vec<f32>>;

/// What happens around one call of [`TrainableRanker::accumulate`].
#[derive(Clone, Copy, Debug)]
pub struct StepContext<'a> {
    /// The loss.
    pub loss: &'a MultiOrderLoss,
    /// What each query's gradient is multiplied by before it is added: `1 / queries of the step` where gradients
    /// are averaged.
    pub weight: f64,
    /// Seed of everything random in this call (dropout, augmentation). It depends on the run's seed, the step and
    /// the place in the step alone, so that a resumed run draws what an uninterrupted one would have drawn.
    pub seed: u64,
}

/// What one query contributed to a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupReport {
    /// The loss, first and second order combined.
    pub loss: f64,
    /// Its first-order part.
    pub first_order: f64,
    /// Its second-order part.
    pub second_order: f64,
    /// Tokens, or whatever the model counts as its work.
    pub tokens: usize,
    /// The scores, in the group's order; what is saved for inspection when a loss is not a number.
    pub scores: Vec<f32>,
}

/// A validation query after scoring.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationGroup {
    /// One a candidate, larger is closer.
    pub scores: Vec<f32>,
    /// Distance of each candidate to the truth, km.
    pub distances_km: Vec<f64>,
}

/// A ranker that can be trained. Pure: parameters come in with every call, nothing is remembered between calls
/// but caches, so that the engine alone decides what a step, a checkpoint and a resumed run are.
pub trait TrainableRanker {
    /// The parameters as a fresh run starts.
    ///
    /// # Errors
    /// What the model cannot read.
    fn initial_parameters(&self) -> Result<Vec<Parameter>, Failure>;

    /// How many queries there are to train on.
    fn queries(&self) -> usize;

    /// How many queries of the validation split there are; 0 if it has none.
    fn validation_queries(&self) -> usize;

    /// A query's name, for messages.
    fn query_name(&self, query: usize) -> String;

    /// Distances of a training query's candidates to the truth, km, where the model has them at hand: they are saved
    /// beside the scores for inspection when a loss is not a number.
    fn distances_km(&self, query: usize) -> Option<Vec<f64>> {
        let _ = query;
        None
    }

    /// Scores the groups of some training queries (indices below [`queries`](Self::queries)) under `parameters`, takes
    /// the gradient of the loss, and **adds** `context.weight` times each query's gradient to `gradients`. One report
    /// a query, in order. The same call gives the same bits on one machine.
    ///
    /// # Errors
    /// Photos or rows that cannot be read, a device that fails. A loss that is not a number is not an error
    /// here: the engine checks the reports.
    fn accumulate(
        &self,
        parameters: &[Parameter],
        queries: &[usize],
        context: &StepContext<'_>,
        gradients: &mut Gradients,
    ) -> Result<Vec<GroupReport>, Failure>;

    /// Scores validation queries (indices below [`validation_queries`](Self::validation_queries)), without dropout.
    ///
    /// # Errors
    /// As [`accumulate`](Self::accumulate).
    fn validate(&self, parameters: &[Parameter], queries: &[usize]) -> Result<Vec<ValidationGroup>, Failure>;

    /// Writes the model with these parameters into a directory, in the form in which it is used.
    ///
    /// # Errors
    /// A directory that cannot be written.
    fn save(&self, parameters: &[Parameter], directory: &Path) -> Result<(), Failure>;
}
