//! Training of the set ranker ([`rank::set`]).
//!
//! # What it does
//! The network is the one that ranks; here is what training adds: queries with known locations, sets that are
//! perturbed anew at every look (candidates left out, similarities jittered, a channel gone), dropout, and the gradient
//! of the multi-order distance loss. Everything random comes from the step's seed, so a resumed run draws what an
//! uninterrupted one would have drawn.
//!
//! # Main types
//! [`SetQuery`] is a candidate set with its truth; [`SetTraining`] is the [`TrainableRanker`](crate::engine::TrainableRanker) over lists of them;
//! [`SetSettings`] says how sets are perturbed.
//!
//! To train on sets of your own, make a [`contract::CandidateSet`] a query: its `embedding` holds the query's vectors,
//! each candidate its location, the similarities that the search reported, and in `embedding` its own vectors (any of
//! these may be missing). Then give the lists to [`SetTraining::new`] and that to the engine; what it saves,
//! [`rank::set::SetRanker::open`] reads.
//!
//! # Alternatives considered
//! Features computed once. A set with a third of its candidates gone has other ranks, votes and supports; computing
//! them anew costs a fraction of the network's own time and shows it sets it would not see otherwise.

mod perturb;
#[cfg(test)]
mod tests;
mod training;

pub use perturb::SetSettings;
pub use training::{SetQuery, SetTraining, standardised};
