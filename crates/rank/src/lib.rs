//! Candidates in, scores out.
//!
//! # What it does
//! Retrieval proposes, ranking decides. A [`contract::Ranker`] gives every candidate of a query one score;
//! [`decide()`] turns the scores into a coordinate, and [`Calibration`] turns them into calibrated confidence.
//! Rankers know nothing about photos on disk, galleries or servers.
//!
//! # Main types
//! [`assemble`] builds a candidate set from the channels' search results; [`SimilarityRanker`] is a kernel vote
//! without learned weights; [`decide()`] picks a candidate by highest score, best expected `GeoScore` or most
//! mass within a radius; [`confidence`] says how likely the answer is right, from the whole candidate set;
//! [`Calibration`], one isotonic map per radius, does so for packs without such a model. [`set`] is a small network over the whole
//! set; `vlm` asks a vision-language network (feature `lvlm`).
//!
//! ```
//! use contract::{Candidate, CandidateSet, Channel, Decide, Origin, Ranker};
//! use geo::LatLon;
//! use rank::{ChannelVote, SimilarityRanker, SimilaritySettings, SpatialKernel, decide};
//!
//! let seen = |latitude, longitude, rank, similarity| {
//!     let origin = Origin::Retrieved { channel: Channel::photo(), rank, similarity };
//!     LatLon::new(latitude, longitude).map(|place| Candidate::at(place, origin))
//! };
//! let set = CandidateSet::new("q", vec![seen(48.85, 2.35, 0, 0.61)?, seen(-33.9, 151.2, 1, 0.60)?, seen(-33.8, 151.1, 2, 0.59)?]);
//! let ranker = SimilarityRanker::new(SimilaritySettings {
//!     votes: vec![ChannelVote { channel: Channel::photo(), weight: 1.0, temperature: 0.05 }],
//!     kernel: SpatialKernel { scales: vec![(25.0, 0.5), (200.0, 0.5)] },
//! })?;
//! let decision = decide(&set, &ranker.rank(&set)?, 1.0, Decide::GeoScore).expect("the set is not empty");
//! assert_ne!(decision.chosen, 0, "two votes for Sydney outweigh one for Paris");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Alternatives considered
//! Averaging coordinates. The mean of Lisbon and Athens is in the sea; every answer here is a candidate that
//! can be shown as evidence.
#![forbid(unsafe_code)]

mod calibration;
mod candidates;
pub mod confidence;
mod decide;
mod isotonic;
mod kernel;
mod loss;
mod near_identical;
pub mod set;
mod similarity;
#[cfg(feature = "lvlm")]
pub mod vlm;

pub use calibration::{Calibration, CalibrationSample, cross_fitted};
pub use candidates::{FoundItem, assemble};
pub use decide::{Decision, decide, probabilities};
pub use isotonic::{InvalidKnots, IsotonicMap};
pub use kernel::{DistanceMatrix, SpatialKernel, spatial_support};
pub use loss::{Keep, LossValue, MultiOrderLoss, PairRule};
pub use near_identical::{NEAR_IDENTICAL_SHARE, near_identical, promote};
pub use similarity::{ChannelVote, SimilarityRanker, SimilaritySettings};
