//! How a run ended.

use std::path::PathBuf;

use super::logs::ValidationRow;

/// Why a run made no further step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps are done.
    Finished,
    /// Validation did not get better for as long as `early_stopping` allows.
    StoppedEarly,
    /// It was asked to stop; a checkpoint holds the state.
    Interrupted,
}

/// What a run leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub end: End,
    /// Steps done.
    pub steps: u64,
    /// The step whose parameters became the model; none where the run was interrupted.
    pub model_of_step: Option<u64>,
    /// The last validation.
    pub validation: Option<ValidationRow>,
    /// The newest checkpoint.
    pub checkpoint: Option<PathBuf>,
}
