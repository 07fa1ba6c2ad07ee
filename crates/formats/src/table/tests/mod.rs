//! Tables that are right, tables that are wrong in every way we know, and round trips.

mod bad_rows;
mod csv_files;
mod dialects;
mod messages;
mod names;
mod other_files;
#[cfg(feature = "parquet")]
mod parquet_files;
mod plausibility;
mod predictions;
mod round_trip;
mod written_degrees;

use std::io::Cursor;

use super::{PhotoRow, PhotoTable, TableError};
use contract::Diagnose;

fn photos(text: impl AsRef<[u8]>) -> Vec<Result<PhotoRow, TableError>> {
    match PhotoTable::from_csv("t.csv", Cursor::new(text.as_ref().to_vec())) {
        Ok(table) => table.collect(),
        Err(error) => vec![Err(error)],
    }
}

/// Message and hint of the first error.
fn complaint<T>(rows: Vec<Result<T, TableError>>) -> (String, String) {
    let error = rows.into_iter().find_map(Result::err).expect("an error");
    (error.to_string(), error.hint().unwrap_or_default())
}
