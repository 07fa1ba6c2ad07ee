//! Open a model pack, locate photos.
//!
//! # Idea
//! The face of the house: everything that a program needs to answer "where was this taken?" with a pack on disk.
//! One pipeline - encode, retrieve, rank, decide - serves a single photo, a batch, an evaluation and a server.
//!
//! # Cast
//! [`Locator`] answers ([`contract::Locate`]); [`Pack`] is a directory of weights and a gallery whose every file
//! is checked before use; [`PhotoEncoder`] turns photos into vectors; [`expand_inputs`] and [`locate_files`] are
//! the batch; [`GalleryBuilder`] adds a user's own photos; [`pull`] fetches published weights; [`scoring`] runs an LVLM
//! over files of pairs; [`training`] trains on what a pack sees.
//!
//! ```no_run
//! use contract::{Locate, LocateOptions};
//! use georanker::{Locator, decode_photo, find_pack};
//! use photo::Limits;
//!
//! let locator = Locator::open(&find_pack(None)?)?;
//! let photo = decode_photo("holiday.jpg", &std::fs::read("holiday.jpg")?, &Limits::default())?;
//! for answer in locator.locate(&[photo], &LocateOptions::default()) {
//!     let estimate = answer?;
//!     println!("{} - {}", estimate.location, estimate.place.label());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The choice not taken
//! Weights inside the binary. A pack is a directory that can be replaced, inspected and checked; the binary stays
//! small, and a wrong byte in a weight is an error that names the file.
#![forbid(unsafe_code)]

mod batch;
mod build_times;
mod coordinates;
mod curation_queries;
mod encoder;
mod error;
mod gallery_build;
mod gps_tag;
mod inputs;
mod locator;
pub mod pack;
mod pair_files;
mod parts;
mod photo_file;
pub mod pull;
mod query_cache;
mod retrieval;
pub mod scoring;
pub mod training;

pub use batch::{BatchEnd, BatchOptions, CandidateSource, Located, locate_files, locate_files_with};
pub use build_times::BuildTimes;
pub use coordinates::{CoordinateIndex, open_coordinates};
pub use curation_queries::{PhotoQueries, QueryEncoder};
pub use encoder::{FeatureExtractor, Heads, Matrix, PhotoEncoder, fingerprint, view_input};
pub use error::PackError;
pub use gallery_build::{AddReport, BuildEvent, GalleryBuilder, PhotoToAdd};
pub use gps_tag::gps_tag;
pub use inputs::{Input, Inputs, expand_inputs};
pub use locator::{Judge, LocationSpace, Locator, Ranked, open_set_ranker};
pub use pack::{Manifest, Pack, find_pack};
pub use pair_files::PairFileScorer;
pub use parts::{Parts, open_location_encoder};
pub use photo_file::{decode_photo, decode_photo_as, hash_of, image_of, read_photo_bytes};
pub use query_cache::{CachedQuery, QueryCache};
pub use rank::vlm::Reencode;
