//! What a run would ask for and cost.

use std::path::Path;

use contract::{ErrorKind, Failure};
use generate::Usage;
use georanker::QueryPhoto;
use georanker::generation::Questions;
use serde::Serialize;

use crate::exit::{Exit, report};
use crate::sink::write_text;

/// The line of `--dry-run`.
#[derive(Debug, Default, Serialize)]
struct Estimate {
    /// Photos that can be asked about.
    photos: usize,
    /// Photos that cannot be read.
    failed: usize,
    /// Answers that the cache has.
    cached: usize,
    /// Answers to ask for.
    answers: usize,
    /// Requests, if the server gives all answers for a photo at once.
    requests: usize,
    /// Tokens to be read, about.
    prompt_tokens: u64,
    /// Tokens to be written, at most.
    completion_tokens: u64,
    /// What that costs, about, where prices are known.
    cost: Option<f64>,
}

/// Counts what the cache lacks, and prints it. Nothing is sent.
pub(super) fn print(
    questions: &Questions<'_>,
    photos: Vec<QueryPhoto>,
    failures: &[(String, Failure)],
    out: Option<&Path>,
) -> Result<Exit, Failure> {
    let asker = &questions.asker;
    let mut estimate = Estimate::default();
    let mut total = Usage::default();
    let fail = |failure: &Failure| report(failure);
    for (_, failure) in failures {
        fail(failure);
        estimate.failed += 1;
    }
    // One by one: a photo is dropped before the next is read.
    for photo in photos {
        if questions.cancel.is_cancelled() {
            return Err(Failure::new(ErrorKind::Interrupted, "interrupted"));
        }
        let question = match questions.question(&photo) {
            Ok(question) => question,
            Err(failure) => {
                fail(&failure);
                estimate.failed += 1;
                continue;
            }
        };
        let known = asker.known(&question.sha256, &question.prompt)?;
        let missing = asker.samples - known;
        estimate.photos += 1;
        estimate.cached += known;
        if missing > 0 {
            estimate.answers += missing;
            estimate.requests += 1;
            total += asker.generator.expected_usage(&question.prompt, missing);
        }
    }
    estimate.prompt_tokens = total.prompt_tokens;
    estimate.completion_tokens = total.completion_tokens;
    estimate.cost = asker.budget.cost(total);
    let text = serde_json::to_string(&estimate)
        .map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))?;
    write_text(out, &(text + "\n"))?;
    Ok(if estimate.failed > 0 { Exit::SomeFailed } else { Exit::Done })
}
