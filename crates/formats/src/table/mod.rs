//! Tables on disk: photo tables (where photos were taken) and predictions (where a method says they were).
//!
//! Both readers are iterators that hold one row at a time, so a table of millions of photos needs no more
//! memory than one of ten; [`read_photos`] and [`read_predictions`] collect a whole table and also refuse
//! an `IMG_ID` that occurs twice with different values, which takes memory in proportion to the rows.
//!
//! # What is read
//! - **Text**: UTF-8 and UTF-16, with or without a byte order mark; Windows-1252 where it is certain, with a note
//!   ([`PhotoTable::notes`]). Columns are separated by `,`, `;`, tabs or `|`, or by what Excel's line `sep=` names; lines
//!   end as on any system. Anything else is refused by its name: see [`FileKind`].
//! - **Numbers**: with a decimal point or comma, with a sign or a letter (`33.86 S`), in degrees, minutes and seconds. What
//!   has two readings (`48.858.267`, `2.25 O`, longitudes above 180) is refused with the likely cause.
//! - **Columns**: those of [`PHOTO_COLUMNS`], or other names without regard to capitals, blanks and punctuation. For
//!   `IMG_ID`: `image_id`, `photo_id`, `id`, `file`, `filename`, `filepath`, `path`, `image`, `image_name`, `image_path`, `img`,
//!   `img_name`, `img_path`, `photo`, `photo_name`, `photo_path`, `picture`, and exiftool's `SourceFile`. For `LAT` and `LON`:
//!   `latitude`, `lat_deg`, `latitude_deg`, `gps_lat`, `GPSLatitude`, `decimalLatitude`; `longitude`, `lng`, `long` and the
//!   like; for both in one column `coordinates`, `coords`, `lat_lon`, `GPSPosition`, or `lon_lat`, `wkt`, `geometry` with the
//!   longitude first. `GPSLatitudeRef` and `GPSLongitudeRef` may hold the hemispheres. Predictions have `LAT_pred` and
//!   `LON_pred`, or `pred_lat`, `predicted_latitude` and the like, never `LAT` and `LON`. The project's own name wins; two
//!   other candidates are an error.
//!
//! # What is looked at besides
//! [`BadRows`] passes over wrong rows and reports them, [`PlausibilityCheck`] notices numbers that are in range and still
//! wrong, and [`names`] finds photos whose names are spelled a little differently.
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
//!
//! A table as a spreadsheet writes it, without its wrong rows:
//!
//! ```
//! use formats::table::{BadRows, PhotoTable, PlausibilityCheck, TableError};
//!
//! let csv = "file;latitude;longitude\na.jpg;48,8583;2,2945\nb.jpg;488566;2,3522\n";
//! let table = PhotoTable::from_csv("photos.csv", csv.as_bytes())?;
//! let mut report = |error: &TableError| eprintln!("skipped: {error}");
//! let mut bad = BadRows::new(&mut report).at_most(100);
//! let mut check = PlausibilityCheck::default();
//! for row in table.skipping_bad_rows(&mut bad) {
//!     check.see(&row?);
//! }
//! assert_eq!(bad.count(), 1);
//! assert!(check.findings().is_empty());
//! # Ok::<(), TableError>(())
//! ```

mod angle;
mod bad_rows;
mod cause;
mod columns;
mod coordinate_columns;
mod coordinates;
mod csv_records;
mod dialect;
mod error;
mod fields;
mod file_kind;
mod hint;
pub mod names;
mod notes;
pub(crate) mod open;
#[cfg(feature = "parquet")]
pub(crate) mod parquet_batches;
#[cfg(feature = "parquet")]
mod parquet_pages;
#[cfg(feature = "parquet")]
pub(crate) mod parquet_records;
mod photos;
mod plausibility;
mod predictions;
mod record;
mod roles;
#[cfg(test)]
mod tests;
mod transcode;
mod unique;
mod western;
mod write;

pub use bad_rows::{BadRows, GoodRows};
pub use coordinates::read_coordinates;
pub use error::{Misaligned, Position, Problem, TableError};
pub use file_kind::FileKind;
pub use notes::TableNote;
pub use photos::{Extra, PHOTO_COLUMNS, PhotoRow, PhotoTable, read_photos};
pub use plausibility::{Finding, PlausibilityCheck, Suspicion};
pub use predictions::{PredictionRow, PredictionTable, read_predictions};
pub use unique::WholeTable;
pub use write::{PhotoWriter, PredictionWriter};
