//! Generated candidates in the pipeline: prompts, questions about many photos, and a source of candidates.
//!
//! `generate` knows models, answers, caches and budgets; here they meet photos and the locator.

mod estimate;
mod prompts;
mod questions;
mod source;

pub use estimate::RunEstimate;
pub use prompts::Prompts;
pub use questions::{Question, Questions, Tally};
pub use source::{GeneratedSource, ModelSource};
