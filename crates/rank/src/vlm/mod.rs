//! The LVLM ranker: a vision-language model that reads a query photo, a candidate's coordinates, place and photo, and
//! answers with one number (arXiv 2505.13731).
//!
//! [`prompt`] writes what the model reads; [`PairScorer`] runs it, with [`vision_cache`] remembering photos;
//! [`VlmRanker`] is the [`contract::Ranker`] over it; [`ScorePairs`] is what scores rows of a pairs file.

pub mod prompt;
mod ranker;
pub mod score;
mod scorer;
pub mod vision_cache;

pub use ranker::{PhotoSource, VlmRanker};
pub use score::ScorePairs;
pub use scorer::{PairCandidate, PairGroup, PairScorer, PreparedPhoto, ScoredGroup, ScorerOptions};
