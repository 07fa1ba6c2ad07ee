//! A small network that looks at all candidates of a query at once.
//!
//! # What it does
//! A candidate is rarely convincing by itself; it is by the company it keeps. Every candidate is a token that knows
//! its similarities to the query, its place among the others, how much of the votes lies within 1, 25, 200 and 750 km
//! of it, and the vectors of query and candidate. Tokens attend to each other with a bias that is a learned function of
//! the geodesic distance between them. What comes out corrects the score of a [base ranker](crate::SimilarityRanker).
//! It is read as a probability of being nearest to the truth, and a candidate scores by how much of it lies around
//! ([`reached`]); with [`SetConfig::reach`] empty an untrained network ranks as its base does. The order of the candidates
//! does not matter, and a set takes milliseconds on a CPU.
//!
//! # Main types
//! [`SetConfig`] is `config.toml`; [`SetFeatures`] makes numbers of a [`contract::CandidateSet`]; [`SetNetwork`] runs
//! forwards and backwards over weights in the order of [`layout()`]; [`SetRanker`] is the [`contract::Ranker`] with its
//! two files. Training is in `train::set`; it uses this very network, so that the two cannot drift apart.
//!
//! Any channels will do, and any number of them; the candidates' vectors are optional:
//!
//! ```
//! use contract::{Candidate, CandidateSet, Channel, Origin, QueryEmbedding, Ranker};
//! use geo::LatLon;
//! use rank::set::{SetChannel, SetConfig, SetNetwork, SetRanker, start};
//!
//! let crops = Channel::new("crops");
//! let candidate = |latitude, longitude, rank, similarity, vector: [f32; 2]| {
//!     let origin = Origin::Retrieved { channel: crops.clone(), rank, similarity };
//!     let place = LatLon::new(latitude, longitude)?;
//!     let embedding = QueryEmbedding { vectors: vec![(crops.clone(), vector.to_vec())] };
//!     Ok::<_, geo::CoordinateError>(Candidate { embedding, ..Candidate::at(place, origin) })
//! };
//! let mut set = CandidateSet::new("q", vec![
//!     candidate(48.85, 2.35, 0, 0.8, [0.8, 0.6])?,
//!     candidate(-33.9, 151.2, 1, 0.6, [0.6, 0.8])?,
//! ]);
//! set.embedding = QueryEmbedding { vectors: vec![(crops.clone(), vec![1.0, 0.0])] };
//!
//! let channel = SetChannel { name: crops, dimension: 2, temperatures: vec![0.1] };
//! let network = SetNetwork::new(SetConfig::new(vec![channel], None))?;
//! let weights = network.layout().iter().map(|spec| start(spec, || 0.5)).collect();
//! let ranking = SetRanker::new(network, weights)?.rank(&set)?;
//! assert_eq!(ranking.scores.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Alternatives considered
//! Autograd. The network is a dozen operations; written out, its derivatives are checked by finite differences, run as
//! fast as the forward pass, and need no framework where only ranking is wanted.

mod attention;
mod config;
mod features;
mod layout;
mod maths;
mod network;
mod ranker;
#[cfg(test)]
mod tests;

pub use config::{REACH, SET_FORMAT, SetChannel, SetConfig};
pub use features::{ChannelVectors, SetFeatures};
pub use layout::{Start, TensorSpec, layout, start};
pub use network::{Dropout, SetNetwork, Site, Trace};
pub use ranker::{CONFIG_FILE, SetRanker, WEIGHTS_FILE, reached, spread};
