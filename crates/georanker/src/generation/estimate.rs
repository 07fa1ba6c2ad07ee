//! What asking about photos would come to.

use contract::{Cancel, ErrorKind, Failure};
use generate::Usage;
use serde::Serialize;

use super::Questions;
use crate::QueryPhoto;

/// What a run would ask for and cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunEstimate {
    /// Photos that can be asked about.
    pub photos: usize,
    /// Photos that cannot be read.
    pub failed: usize,
    /// Answers that the cache has.
    pub cached: usize,
    /// Answers to ask for.
    pub answers: usize,
    /// Requests, if the server gives all answers for a photo at once.
    pub requests: usize,
    /// Tokens to be read, about.
    pub prompt_tokens: u64,
    /// Tokens to be written, at most.
    pub completion_tokens: u64,
    /// What that costs, about, where prices are known.
    pub cost: Option<f64>,
}

impl Questions<'_> {
    /// Counts what the cache lacks; nothing is sent. `fail` hears why a photo cannot be asked about.
    ///
    /// # Errors
    /// The run was cancelled, or the cache cannot be read.
    pub fn estimate(
        &self,
        photos: &[QueryPhoto],
        mut fail: impl FnMut(&Failure),
    ) -> Result<RunEstimate, Failure> {
        let mut estimate = RunEstimate::default();
        let mut total = Usage::default();
        for photo in photos {
            interrupted(self.cancel)?;
            let question = match self.question(photo) {
                Ok(question) => question,
                Err(failure) => {
                    fail(&failure);
                    estimate.failed += 1;
                    continue;
                }
            };
            let known = self.asker.known(&question.sha256, &question.prompt)?;
            let missing = self.asker.samples - known;
            estimate.photos += 1;
            estimate.cached += known;
            if missing > 0 {
                estimate.answers += missing;
                estimate.requests += 1;
                total += self.asker.generator.expected_usage(&question.prompt, missing);
            }
        }
        estimate.prompt_tokens = total.prompt_tokens;
        estimate.completion_tokens = total.completion_tokens;
        estimate.cost = self.asker.budget.cost(total);
        Ok(estimate)
    }
}

/// The end of a run that was cancelled.
pub(super) fn interrupted(cancel: &Cancel) -> Result<(), Failure> {
    if cancel.is_cancelled() { Err(Failure::new(ErrorKind::Interrupted, "interrupted")) } else { Ok(()) }
}
