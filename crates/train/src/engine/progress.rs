//! Who is told what happens.

use super::{LogRow, ValidationRow};

/// What a run is about to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Steps of the whole run.
    pub steps: u64,
    /// Steps that are done already.
    pub done: u64,
    /// Training queries.
    pub queries: usize,
    /// Validation queries.
    pub validation_queries: usize,
    /// Numbers that are trained.
    pub parameters: usize,
    /// Losses of the steps that are done.
    pub losses: Vec<f64>,
}

/// Whoever watches a run. All methods do nothing unless they are written.
pub trait Progress {
    /// Before the first step.
    fn begins(&mut self, plan: &Plan) {
        let _ = plan;
    }

    /// After every step.
    fn stepped(&mut self, row: &LogRow) {
        let _ = row;
    }

    /// After every validation; `best` if it is the best so far.
    fn validated(&mut self, row: &ValidationRow, best: bool) {
        let _ = (row, best);
    }

    /// Something worth a line.
    fn note(&mut self, text: &str) {
        let _ = text;
    }

    /// After the last step, whatever the reason.
    fn ends(&mut self) {}
}

/// Reports nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {}
