//! What a run would ask for and cost: `--dry-run`.

use std::path::Path;

use contract::{ErrorKind, Failure};
use georanker::QueryPhoto;
use georanker::generation::Questions;

use crate::exit::{Exit, report};
use crate::sink::write_text;

/// Prints what the cache lacks. Nothing is sent.
pub(super) fn print(
    questions: &Questions<'_>,
    photos: &[QueryPhoto],
    failures: &[(String, Failure)],
    out: Option<&Path>,
) -> Result<Exit, Failure> {
    for (_, failure) in failures {
        report(failure);
    }
    let mut estimate = questions.estimate(photos, report)?;
    estimate.failed += failures.len();
    let text = serde_json::to_string(&estimate)
        .map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))?;
    write_text(out, &(text + "\n"))?;
    Ok(if estimate.failed > 0 { Exit::SomeFailed } else { Exit::Done })
}
