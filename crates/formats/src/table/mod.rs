//! Tables on disk: photo tables (where photos were taken) and predictions (where a method says they were).
//!
//! Both readers are iterators that hold one row at a time, so a table of millions of photos needs no more
//! memory than one of ten; [`read_photos`] and [`read_predictions`] collect a whole table and also refuse
//! an `IMG_ID` that occurs twice, which takes memory in proportion to the rows.
//!
//! ```
//! use formats::table::PhotoTable;
//!
//! let csv = "IMG_ID,LAT,LON,city\nopera.jpg,-33.8568,151.2153,Sydney\nnowhere.jpg,91,0,\n";
//! let mut rows = PhotoTable::from_csv("truth.csv", csv.as_bytes())?;
//! assert_eq!(rows.next().unwrap()?.place.city.as_deref(), Some("Sydney"));
//! let error = rows.next().unwrap().unwrap_err();
//! assert_eq!(error.to_string(), "truth.csv, line 3, column LAT: \"91\" is not a latitude from -90 to 90");
//! # Ok::<(), formats::table::TableError>(())
//! ```

mod columns;
mod coordinates;
mod csv_records;
mod error;
mod fields;
pub(crate) mod open;
#[cfg(feature = "parquet")]
pub(crate) mod parquet_batches;
#[cfg(feature = "parquet")]
mod parquet_pages;
#[cfg(feature = "parquet")]
pub(crate) mod parquet_records;
mod photos;
mod predictions;
mod record;
#[cfg(test)]
mod tests;
mod write;

pub use coordinates::read_coordinates;
pub use error::{Position, Problem, TableError};
pub use photos::{Extra, PHOTO_COLUMNS, PhotoRow, PhotoTable, read_photos};
pub use predictions::{PredictionRow, PredictionTable, read_predictions};
pub use write::{PhotoWriter, PredictionWriter};
