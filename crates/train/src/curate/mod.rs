//! Ranking datasets from geotagged photos: for each query photo a list of candidates that look like it.
//!
//! # What it does
//! A ranker learns from what the retrieval before it finds, so the lists are made by that retrieval: the photos most
//! similar to the query, less those from which nothing can be learned (the query itself, copies of it, its author's
//! other photos), and with some variety (not all from one square, some far away). Where the rules leave too few, the
//! search goes deeper; where that does not help either, the list stays short and is counted.
//!
//! ```text
//! QuerySource --chunks of 512--> Search --Rules--> part files --merged--> ranking dataset (Parquet)
//! ```
//! Each chunk becomes a part file. A killed run resumes after the last one, and the dataset has the same
//! bytes as if it had not been. Memory holds one chunk, whatever the size of the collection.
//!
//! # Main types
//! [`Rules`] say what a list is; a [`QuerySource`] such as [`GalleryQueries`] gives the queries ([`RetrievedLists`] has
//! lists that were found before); [`curate`] does it
//! and returns [`Counts`]; [`Statistics`] and [`figures`] show what a dataset holds.
//!
//! # Alternatives considered
//! Random negatives and lists balanced by distance. The official lists are plain retrieval results, whose last five
//! serve as negatives; a ranker trained on easier lists than it will meet learns the wrong boundary.

mod cells;
mod choose;
mod counts;
pub mod figures;
mod parts;
mod places;
mod queries;
mod retrieved;
mod rules;
mod run;
mod statistics;

pub use counts::Counts;
pub use queries::{CurationQuery, GalleryQueries, QueryResult, QuerySource, Sample};
pub use retrieved::{RetrievedFiles, RetrievedLists, RetrievedQueries};
pub use rules::{FAR_KM, Rules};
pub use run::{CurationEvent, CurationPlan, CurationRun, curate, forget, is_unfinished};
pub use statistics::{BAND_NAMES, BANDS, Statistics, Summary};
