//! Open a model pack, locate photos.
//!
//! # What it does
//! The library that programs use: everything needed to answer "where was this taken?" with a pack on disk.
//! One pipeline (encode, retrieve, rank, decide) serves a single photo, a batch, an evaluation and a server.
//!
//! # Main types
//! [`Locator`] answers ([`Locate`]); [`Pack`] is a directory of weights and a gallery whose every file is checked
//! before use; [`PhotoEncoder`] turns photos into vectors; [`expand_inputs`] and [`locate_files`] run batches; a
//! [`CandidateSource`] adds candidates of its own; a [`Reranker`] is the paper's LVLM ranker; [`GalleryBuilder`] adds
//! a user's own photos; [`pull`] fetches published weights; [`scoring`] runs an LVLM over pairs files; [`training`]
//! prepares training on a pack's vectors.
//!
//! ```no_run
//! use georanker::Locator;
//!
//! let answer = Locator::open_default()?.locate_file("holiday.jpg")?;
//! println!("{} - {}, {:?}", answer.location, answer.place.label(), answer.confidence);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! All are on by default: `avif`, `heic`, `jxl`, `lvlm` (vision-language models and the strong encoders), `parquet`, `pull`,
//! `train`. Locating with the starter pack needs none of them, and the crate compiles in a third of the time without them.
//!
//! # Alternatives considered
//! Weights inside the binary. A pack is a directory that can be replaced, inspected and checked; the binary stays
//! small, and a damaged weight file is an error that names the file.
#![forbid(unsafe_code)]

mod build_times;
mod coordinates;
#[cfg(feature = "train")]
mod curation_queries;
mod doctor;
mod encoder;
mod error;
mod gallery_build;
#[cfg(feature = "lvlm")]
pub mod generation;
mod held_photo;
mod inputs;
mod open;
mod outcomes;
pub mod pack;
#[cfg(feature = "lvlm")]
mod pair_files;
mod parts;
mod pipeline;
#[cfg(feature = "pull")]
pub mod pull;
mod query_cache;
#[cfg(feature = "lvlm")]
pub mod scoring;
mod stated;
#[cfg(feature = "train")]
pub mod training;

pub use contract::{
    Abstention, Attribution, Cancel, Candidate, CandidateSet, Channel, Confidence, Decide, Encoder,
    ErrorKind, Estimate, Exclude, Failure, Geocoded, Group, Image, Locate, LocateOptions, LocateRequest,
    Origin, Photo, PhotoId, RADII_KM, RankedCandidate, Ranker, RetrievalOptions, Search, Stated,
};
pub use geo::{LatLon, Place, Region};
pub use photo::{DecodeOptions, Limits, Sidecars, decode_photo, read_photo_bytes};

pub use build_times::BuildTimes;
pub use coordinates::{CoordinateIndex, open_coordinates};
#[cfg(feature = "train")]
pub use curation_queries::{PhotoQueries, QueryEncoder};
pub use doctor::{Check, Verdict, doctor};
pub use encoder::{
    FeatureExtractor, Heads, HeadsError, Matrix, PhotoEncoder, encode_for_gallery, fingerprint,
};
pub use error::PackError;
pub use gallery_build::{AddReport, BuildEvent, GalleryBuilder, PhotoOutcome, PhotoToAdd};
pub use held_photo::Difference;
pub use inputs::{Input, Inputs, expand_inputs};
pub use nets::{DeviceChoice, LoadOptions};
pub use open::{OpenEvent, OpenOptions};
pub use outcomes::{OutcomeTally, write_outcome, write_outcome_header};
pub use pack::{Manifest, Pack, find_pack};
#[cfg(feature = "lvlm")]
pub use pair_files::PairFileScorer;
pub use parts::{Parts, open_location_encoder};
#[cfg(feature = "lvlm")]
pub use pipeline::Reranker;
pub use pipeline::{
    BatchEnd, BatchOptions, CandidateSource, EncodedPhoto, Located, Locator, QueryPhoto, Ranked,
    locate_album, locate_files, locate_together, open_set_ranker,
};
pub use query_cache::{CachedQuery, QueryCache};
#[cfg(feature = "lvlm")]
pub use rank::vlm::Reencode;
pub use stated::locate_by_metadata;
