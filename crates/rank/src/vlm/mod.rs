//! The LVLM ranker: a vision-language model that reads a query photo, a candidate's coordinates, place and photo, and
//! answers with one number (arXiv 2505.13731).
//!
//! [`prompt`] writes what the model reads, and [`PairInputs`] brings it and the photos into the network's form, with
//! [`vision_cache`] remembering photos; [`PairScorer`] runs it; [`VlmRanker`] is the [`contract::Ranker`] over it;
//! [`ScorePairs`] is what scores rows of a pairs file.

mod benchmark;
mod inputs;
pub mod prompt;
mod ranker;
pub mod score;
mod scorer;
pub mod vision_cache;

pub use benchmark::BenchmarkRules;
pub use inputs::{InputOptions, PairCandidate, PairGroup, PairInputs, PreparedPhoto, Reencode};
pub use ranker::{PhotoSource, VlmRanker, rank_pairs};
pub use score::ScorePairs;
pub use scorer::{PairScorer, ScoredGroup, ScorerOptions};
