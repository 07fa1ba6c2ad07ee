//! The answer to a row.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use contract::Failure;

/// A row of the output: `{"id", "scores", "best"}`, or `{"id", "error": {kind, message, hint}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredRow {
    /// The row's id; `None` where the row was too broken to have one.
    pub id: Option<String>,
    /// One score a candidate, in the row's order, all finite (JSON has no NaN); larger is closer.
    pub outcome: Result<Vec<f32>, Failure>,
}

impl ScoredRow {
    /// A row that was scored.
    pub fn scored(id: impl Into<String>, scores: Vec<f32>) -> Self {
        Self { id: Some(id.into()), outcome: Ok(scores) }
    }

    /// A row that failed.
    pub const fn failed(id: Option<String>, failure: Failure) -> Self {
        Self { id, outcome: Err(failure) }
    }

    /// The index of the first highest score; nothing for a row that failed or has no scores.
    pub fn best(&self) -> Option<usize> {
        let scores = self.outcome.as_ref().ok()?;
        let first = |best: usize, next: usize| if scores[next] > scores[best] { next } else { best };
        (0..scores.len()).reduce(first)
    }

    /// The row as one line of JSON, its line end included.
    pub fn to_line(&self) -> String {
        // Texts, numbers and a list always have a JSON form.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

impl Serialize for ScoredRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("ScoredRow", 3)?;
        row.serialize_field("id", &self.id)?;
        match &self.outcome {
            Ok(scores) => {
                row.serialize_field("scores", scores)?;
                row.serialize_field("best", &self.best())?;
            }
            Err(failure) => row.serialize_field("error", failure)?,
        }
        row.end()
    }
}
