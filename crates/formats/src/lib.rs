//! Readers and writers of the project's data files.
//!
//! # What it does
//! The types of [`contract`] are stored in files as columns, rows and lines. Reading is strict and streaming: a wrong
//! row is an error that names file, row and field, and never more than a few rows are in memory.
//!
//! # Main types
//! [`table`] reads and writes photo tables and predictions (CSV, Parquet); [`ranking_data`] the GeoRanking datasets;
//! [`pairs`] the JSON lines that a pair scorer reads and writes; [`official`] the files of the published evaluations.
//! [`complaint`] parses serde's messages for readers that word their own errors.
//!
//! ```
//! let csv = "IMG_ID,LAT,LON\nopera.jpg,-33.857,151.215\n";
//! let table = formats::table::PhotoTable::from_csv("photos.csv", csv.as_bytes())?;
//! let rows = table.collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(rows[0].id.0, "opera.jpg");
//! # Ok::<(), formats::table::TableError>(())
//! ```
//!
//! # Alternatives considered
//! A data frame library: ten times the crates, and its guesses about types would turn identifiers into numbers.
#![forbid(unsafe_code)]

pub mod complaint;
#[cfg(feature = "parquet")]
pub mod official;
pub mod pairs;
#[cfg(feature = "parquet")]
pub mod ranking_data;
pub mod table;
