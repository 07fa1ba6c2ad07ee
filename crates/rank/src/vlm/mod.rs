//! The LVLM ranker: a vision-language model that reads a query photo, a candidate's coordinates, place and photo, and
//! answers with one number (arXiv 2505.13731).
//!
//! A [`PairGroup`] is a query with its candidates and their photos, each once. [`prompt`] writes what the model reads of
//! it, and [`PairInputs`] brings that and the photos into the network's form, with [`vision_cache`] remembering photos;
//! [`PairScorer`] runs it; [`VlmRanker`] is the [`contract::Ranker`] over it; [`ScorePairs`] is what scores rows of a
//! pairs file.

mod benchmark;
mod group;
mod inputs;
pub mod prompt;
mod ranker;
pub mod score;
mod scorer;
pub mod vision_cache;

pub use benchmark::BenchmarkRules;
pub use formats::pairs::PairCandidate;
pub use group::PairGroup;
pub use inputs::{InputOptions, PairInputs, PreparedPhoto, Reencode};
pub use ranker::{PhotoSource, VlmRanker, rank_pairs};
pub use score::ScorePairs;
pub use scorer::{PairScorer, ScoredGroup, ScorerOptions};
