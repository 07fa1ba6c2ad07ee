//! What became of the queries.

use serde::{Deserialize, Serialize};

/// Counts of a run, or of a part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Queries that were looked at, those that the sample leaves out not counted.
    pub queries: u64,
    /// Rows of the dataset.
    pub written: u64,
    /// Candidates in all rows.
    pub candidates: u64,
    /// Queries that could not be read; each was named.
    pub failed: u64,
    /// Queries left out because too few candidates were left.
    pub left_out: u64,
    /// Rows with fewer candidates than asked for.
    pub short: u64,
    /// Rows with fewer far candidates than asked for.
    pub few_far: u64,
    /// Rows whose candidates are all at one place: a ranker learns nothing from them.
    pub one_place: u64,
    /// Queries for which the search went deeper.
    pub widened: u64,
    /// Queries whose author is unknown, where the author's other photos are to be left out.
    #[serde(default)]
    pub without_author: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.queries += other.queries;
        self.written += other.written;
        self.candidates += other.candidates;
        self.failed += other.failed;
        self.left_out += other.left_out;
        self.short += other.short;
        self.few_far += other.few_far;
        self.one_place += other.one_place;
        self.widened += other.widened;
        self.without_author += other.without_author;
    }
}
