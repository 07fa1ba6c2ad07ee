//! What a list of candidates must keep to.

use contract::{ErrorKind, Failure, PerceptualHash};
use serde::Serialize;

/// A candidate beyond this distance of the query counts as far: outside the query's country, more or less.
pub const FAR_KM: f64 = 750.0;

/// The rules of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rules {
    /// Candidates a query; the official data has 20.
    pub top: usize,
    /// Leave out the query itself. Otherwise it is the first of its list, as in the official data.
    pub exclude_self: bool,
    /// Leave out photos whose perceptual hash differs from the query's in at most this many bits.
    pub near_duplicate_bits: Option<u32>,
    /// Leave out photos by the query's author.
    pub exclude_same_author: bool,
    /// Leave out photos closer to the query than this, metres.
    pub min_distance_m: f64,
    /// At most this many candidates in a cell.
    pub per_cell: Option<usize>,
    /// Side of a cell, km.
    pub cell_km: f64,
    /// At least this many candidates beyond [`FAR_KM`] of the query: if need be, they take the places of the last
    /// nearer ones.
    pub min_far: usize,
    /// A query with fewer candidates is left out.
    pub at_least: usize,
    /// How deep the search may go, results a query.
    pub deepest: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            top: 20,
            exclude_self: true,
            near_duplicate_bits: Some(PerceptualHash::NEAR_DUPLICATE_BITS),
            exclude_same_author: false,
            min_distance_m: 0.0,
            per_cell: None,
            cell_km: 25.0,
            min_far: 0,
            at_least: 2,
            deepest: 10_000,
        }
    }
}

impl Rules {
    /// Refuses values that make no sense together.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the rule.
    pub fn check(&self) -> Result<(), Failure> {
        let wrong = |what: &str| Err(Failure::new(ErrorKind::Usage, what));
        if self.top == 0 || self.top > 1000 {
            return wrong("the number of candidates must be 1 to 1000");
        }
        if self.near_duplicate_bits.is_some_and(|bits| bits > 32) {
            return wrong(
                "near-duplicates differ in at most 32 of 64 bits: unrelated photos differ in about as many",
            );
        }
        if !(self.min_distance_m >= 0.0 && self.min_distance_m.is_finite()) {
            return wrong("the smallest distance must be 0 m or more");
        }
        if self.per_cell == Some(0) {
            return wrong("a cell must admit at least one candidate");
        }
        if !(self.cell_km >= 0.1 && self.cell_km <= 5000.0) {
            return wrong("a cell must be 0.1 to 5000 km wide");
        }
        if self.min_far > self.top {
            return wrong("there cannot be more far candidates than candidates");
        }
        if self.at_least == 0 || self.at_least > self.top {
            return wrong("the least number of candidates must be 1 to the number of candidates");
        }
        if self.deepest < self.top {
            return wrong("the search must be at least as deep as the list is long");
        }
        Ok(())
    }
}
