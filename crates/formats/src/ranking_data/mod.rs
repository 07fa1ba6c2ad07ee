//! Ranking datasets: for each query photo a list of candidates, as the official `GeoRanking` Parquet files have it.
//!
//! | column | type | |
//! |---|---|---|
//! | `img_id` | string | the query photo |
//! | `gps` | list of 2 doubles | its latitude and longitude, degrees |
//! | `ref_gps` | list of lists of 2 doubles | the candidates' coordinates |
//! | `ref_img_id` | list of strings | the candidates' photos; empty for a candidate without one |
//! | `ref_texts` | list of lists of strings | the candidates' places: neighbourhood, city, county, state, region, country |
//! | `ref_origin` | list of strings | optional: where a candidate comes from |
//! | `ref_similarity` | list of floats | optional: cosine similarity to the query; null (NaN here) if unknown |
//! | `author` | string | optional: who took the query photo |
//!
//! The reader is an iterator over rows and holds a few hundred of them; the writer holds one row group. Nulls are
//! read as empty texts and empty lists, except where a coordinate or an id is needed.
//!
//! ```
//! use formats::ranking_data::{RankingColumns, RankingReader, RankingRow, RankingWriter};
//!
//! let folder = std::env::temp_dir().join(format!("ranking-example-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let path = folder.join("train.parquet");
//! let mut writer = RankingWriter::create(&path, RankingColumns::default())?;
//! writer.write(&RankingRow {
//!     img_id: "opera.jpg".into(),
//!     gps: [-33.857, 151.215],
//!     ref_gps: vec![[-33.852, 151.211]],
//!     ref_img_id: vec!["bridge.jpg".into()],
//!     ref_texts: vec![vec!["Sydney".into(), "Australia".into()]],
//!     ..RankingRow::default()
//! })?;
//! writer.finish()?;
//! let rows = RankingReader::open(&path)?.collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(rows[0].ref_img_id, ["bridge.jpg"]);
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod nested;
mod reader;
mod row;
#[cfg(test)]
mod tests;
mod writer;

pub use reader::RankingReader;
pub use row::{NEGATIVES, PLACE_FIELDS, RETRIEVED, RankingRow, place_fields, place_of};
pub use writer::{RankingColumns, RankingWriter};

/// The columns that every ranking dataset has.
pub const REQUIRED_COLUMNS: [&str; 5] = ["img_id", "gps", "ref_gps", "ref_img_id", "ref_texts"];
