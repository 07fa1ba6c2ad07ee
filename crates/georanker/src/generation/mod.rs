//! Generated candidates in the pipeline: prompts, questions about many photos, and a source of candidates.
//!
//! `generate` knows models, answers, caches and budgets; here they meet photos and the locator.

mod estimate;
mod prompts;
mod questions;
mod signs;
mod source;
mod tally;

pub use estimate::RunEstimate;
pub use prompts::Prompts;
pub use questions::{Question, Questions};
pub use signs::Signs;
pub use source::{GeneratedSource, ModelSource};
pub use tally::Tally;
