//! Ranking datasets as something that the engine trains on.
//!
//! # What it does
//! A configuration names files: rows of candidates, and the photos that they name. Here they become a
//! [`TrainableRanker`](crate::engine::TrainableRanker). Everything that can be wrong with rows and paths is said before
//! a model is loaded.
//!
//! # Main types
//! [`open_vlm`] makes a [`VlmTrainer`](crate::vlm::VlmTrainer). [`SetDataset`] makes a
//! [`SetTraining`](crate::set::SetTraining); the encoder of photos and places comes from outside ([`contract::Encoder`]),
//! because model packs live above this crate. [`read_rows`] is for rankers of your own.

mod set;
mod vlm;

use std::path::Path;

use contract::{ErrorKind, Failure};
use formats::ranking_data::{RankingReader, RankingRow};

pub use set::SetDataset;
pub use vlm::open_vlm;

/// A row, and what messages call it, such as `train.parquet, row 17`.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedRow {
    /// Where it stands in which file.
    pub name: String,
    /// The row.
    pub row: RankingRow,
}

impl NamedRow {
    /// How many entries at the start of the list are passed over: as many as asked for, or else the query itself where it
    /// is the first.
    fn skipped(&self, asked: Option<usize>) -> usize {
        asked.unwrap_or_else(|| usize::from(self.row.starts_with_itself()))
    }
}

/// The first `limit` rows of a ranking dataset, or all with 0.
///
/// # Errors
/// [`ErrorKind::InvalidTable`] and its like, naming file, row and column; [`ErrorKind::NoCandidates`] without rows.
pub fn read_rows(file: &Path, limit: usize) -> Result<Vec<NamedRow>, Failure> {
    let reader = RankingReader::open(file)?;
    let mut rows = Vec::new();
    for (number, row) in reader.take(if limit == 0 { usize::MAX } else { limit }).enumerate() {
        rows.push(NamedRow { name: format!("{}, row {}", file.display(), number + 1), row: row? });
    }
    if rows.is_empty() {
        let message = format!("{} has no rows", file.display());
        return Err(Failure::new(ErrorKind::NoCandidates, message).with_hint("name another dataset"));
    }
    Ok(rows)
}
