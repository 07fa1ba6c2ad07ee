//! Scores for the rows of a pairs file, from any scorer.

use contract::Failure;
use formats::pairs::PairsRow;

/// Gives every candidate of a row one score.
pub trait ScorePairs: Send + Sync {
    /// Name of the model that scores.
    fn name(&self) -> &str;

    /// One finite score a candidate, in the row's order; larger is closer to where the query photo was taken.
    ///
    /// # Errors
    /// What keeps this row from being scored (a photo that is missing or damaged).
    /// [`contract::ErrorKind::BrokenModel`] says that no row can be.
    fn score(&self, row: &PairsRow) -> Result<Vec<f32>, Failure>;
}
