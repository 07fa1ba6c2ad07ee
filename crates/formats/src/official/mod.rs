//! The official files as they are: candidate lists of the benchmarks, and what FAISS found.
//!
//! # What it does
//! The reference code keeps its lists as Python literals in CSV columns and reads them with `eval`, and keeps search
//! results as `.npy` matrices of row numbers. Both are read here without running anything, and without believing what a
//! header says: [`literal`] knows values and no expressions, [`npy`] compares shape and type with the file's length.
//!
//! # Main types
//! [`BenchmarkTable`] gives [`BenchmarkRow`]s of `im2gps3k.csv` and `yfcc4k.csv`; [`NpyFile`] reads `I.npy` and `D.npy`
//! a block of rows at a time; [`Collection`] looks up the rows of MP16-Pro's CSV that such a matrix names.
//!
//! ```
//! use formats::official::{BenchmarkTable, literal::{Literal, parse}};
//!
//! assert_eq!(parse("(46.5, np.float64(11.6))")?, Literal::Tuple(vec![Literal::Float(46.5), Literal::Float(11.6)]));
//! assert!(parse("__import__('os').system('true')").is_err());
//!
//! let csv = "IMG_ID,LAT,LON,candidate_gps_lis,candidate_text_lis,candidate_img_lis,zs_gps_lis\n\
//!            a.jpg,46,11,\"[(46.5, 11.6)]\",\"[['', 'Ortisei', '', '', '', 'Italy']]\",['39_19_1.jpg'],\"[(0.0, 0.0)]\"\n";
//! let row = BenchmarkTable::from_csv("im2gps3k.csv", csv.as_bytes())?.next().unwrap()?;
//! assert_eq!(row.retrieved[0].photo.as_deref(), Some("39_19_1.jpg"));
//! assert!(row.generated[0].is_unparsed());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Alternatives considered
//! Crates for both. `py_literal` refuses `nan` and `np.float64(..)` and builds big integers for every number; `npyz`
//! reads element by element and trusts the header until the file ends. What is needed of either is a page of code.

mod benchmark;
mod collection;
pub mod literal;
mod literal_text;
pub mod npy;

pub use benchmark::{BenchmarkRow, BenchmarkTable, GeneratedCoordinate, RetrievedPhoto};
pub use collection::{Collection, CollectionPhoto};
pub use npy::{NpyError, NpyFile, NpyType};
