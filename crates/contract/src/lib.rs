//! The shared types and traits of all crates.
//!
//! # What it does
//! All crates (gallery, nets, rank, evaluate and others) work with the same few types. They are defined here, so
//! that heavy backends stay behind a trait and do not depend on each other:
//!
//! ```text
//! Photo --Encoder--> QueryEmbedding --Search--> Neighbours --> CandidateSet --Ranker--> Ranking --> Estimate
//! ```
//!
//! # Main types
//! [`Photo`], [`QueryEmbedding`], [`Neighbour`], [`Candidate`], [`CandidateSet`], [`Ranking`], [`Estimate`];
//! the traits [`Encoder`], [`Search`], [`Ranker`], [`Locate`]; [`ErrorKind`], [`Diagnose`] and [`Failure`].
//! The feature `search-suite` adds `search_suite`, the tests that every backend of [`Search`] passes.
//!
//! ```
//! use contract::{Candidate, CandidateSet, Origin};
//! use geo::LatLon;
//!
//! let sydney = Candidate::at(LatLon::new(-33.86, 151.21)?, Origin::generated("vlm", 0));
//! let set = CandidateSet::new("photo.jpg", vec![sydney]);
//! assert_eq!(set.candidates.len(), 1);
//! # Ok::<(), geo::CoordinateError>(())
//! ```
//!
//! # Alternatives considered
//! One crate with everything behind features: the traits would pull tensors and databases into every dependent crate.
//! This crate compiles in seconds and depends on no backend.
#![forbid(unsafe_code)]

mod candidate;
mod embedding;
mod error;
mod estimate;
mod image;
mod locate;
mod names;
mod panics;
mod photo;
mod ranking;
mod search;
#[cfg(any(test, feature = "search-suite"))]
pub mod search_suite;

pub use candidate::{Attribution, Candidate, CandidateSet, Found, Geocoded, Negative, Origin};
pub use embedding::{Channel, ChannelSpec, Encoder, QueryEmbedding};
pub use error::{Diagnose, ErrorKind, Failure};
pub use estimate::{Abstention, Confidence, Estimate, Group, RankedCandidate, Stated, Weakness};
pub use image::{Image, ImageError};
pub use locate::{Cancel, Decide, Exclude, Locate, LocateOptions, LocateRequest, RetrievalOptions};
pub use names::closest_name;
pub use panics::{catch_panic, hide_caught_panics};
pub use photo::{Metadata, PerceptualHash, Photo, PhotoId};
pub use ranking::{Ranker, Ranking};
pub use search::{
    Filter, FilterPart, Filtering, Holdings, ItemId, Neighbour, PhotoRecord, Query, Search, SearchRequest,
};

/// The radii of [`Confidence`], km.
pub use geo::metrics::RADII_KM;
