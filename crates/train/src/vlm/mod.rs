//! Training of the LVLM ranker: low-rank adapters on Qwen2-VL's language model and a value head (arXiv 2505.13731).
//!
//! # What it does
//! A query with its candidates is one group: prompts that begin alike, computed once, forwards and backwards
//! ([`nets::qwen2_vl::training`]). The vision tower is frozen, so a photo's features are computed once for the whole run
//! as far as the cache holds them. What comes out is an adapter that PEFT and `georanker score` read.
//!
//! # Main types
//! [`VlmExample`] is a query as the prompt and the loss need it, made from a row of a ranking dataset by
//! [`ExampleRules`]; pixels come from a [`PhotoSource`](rank::vlm::PhotoSource) such as
//! [`PhotoPixels`](crate::PhotoPixels); [`VlmTrainer`] is the
//! [`TrainableRanker`](crate::engine::TrainableRanker) over them.
//!
//! # Alternatives considered
//! Training the vision tower too: the paper does not, and every photo would have to go through it in every step.

mod example;
mod rows;
mod trainer;

pub use example::{VlmCandidate, VlmExample};
pub use rows::ExampleRules;
pub use trainer::{Start, VlmTimes, VlmTrainer, VlmTrainerOptions};
