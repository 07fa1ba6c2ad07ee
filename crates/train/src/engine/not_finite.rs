//! What is kept of a batch whose loss or gradient is not a finite number.

use std::path::PathBuf;

use files::write_atomic;
use serde_json::{Value, json};

use super::run_directory::RunDirectory;
use super::{EngineError, Gradients, GroupReport, Parameter, TrainableRanker};

/// A step that went wrong.
pub(super) struct FailedStep<'a> {
    pub(super) what: &'static str,
    pub(super) step: u64,
    pub(super) learning_rate: f64,
    pub(super) queries: &'a [usize],
    pub(super) reports: &'a [GroupReport],
    pub(super) gradients: &'a Gradients,
    /// The parameters before the step, in memory and on disk.
    pub(super) parameters: &'a [Parameter],
    pub(super) checkpoint: Option<PathBuf>,
}

impl FailedStep<'_> {
    /// Writes `failed-step-N.json` and gives the error that names it.
    pub(super) fn save(
        &self,
        ranker: &dyn TrainableRanker,
        directory: &RunDirectory,
        rank: usize,
    ) -> Result<EngineError, EngineError> {
        let queries: Vec<Value> = self
            .queries
            .iter()
            .enumerate()
            .map(|(place, &query)| {
                let report = self.reports.get(place);
                json!({
                    "query": query,
                    "name": ranker.query_name(query),
                    "loss": report.map(|report| number(report.loss)),
                    "first_order": report.map(|report| number(report.first_order)),
                    "second_order": report.map(|report| number(report.second_order)),
                    "scores": report.map(|report| numbers(report.scores.iter().map(|score| f64::from(*score)))),
                    "distances_km": ranker.distances_km(query).map(|distances| numbers(distances.into_iter())),
                })
            })
            .collect();
        let broken = |values: &[f32]| values.iter().filter(|value| !value.is_finite()).count();
        let counts: Vec<Value> = self
            .parameters
            .iter()
            .zip(self.gradients)
            .map(|(parameter, gradient)| (&parameter.name, broken(gradient), broken(&parameter.values)))
            .filter(|(_, gradient, values)| gradient + values > 0)
            .map(|(name, gradient, values)| json!({"name": name, "in_gradient": gradient, "in_values": values}))
            .collect();
        let what = json!({
            "what": self.what,
            "step": self.step,
            "learning_rate": self.learning_rate,
            "parameters_before_the_step": self.checkpoint.as_ref().map(|path| path.display().to_string()),
            "parameters_with_non_finite_numbers": counts,
            "queries": queries,
        });
        let name = match rank {
            0 => format!("failed-step-{}.json", self.step),
            other => format!("failed-step-{}-process-{other}.json", self.step),
        };
        let path = directory.join(&name);
        let text =
            serde_json::to_vec_pretty(&what).map_err(|error| EngineError::writing(&path)(error.into()))?;
        write_atomic(&path, &text).map_err(EngineError::writing(&path))?;
        Ok(EngineError::NotFinite { what: self.what, step: self.step, saved: path })
    }
}

/// JSON has no words for numbers that are none.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!(value.to_string()) }
}

fn numbers(values: impl Iterator<Item = f64>) -> Value {
    values.map(number).collect()
}
