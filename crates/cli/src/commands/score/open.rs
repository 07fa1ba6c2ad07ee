//! Opening what scores.

use contract::{ErrorKind, Failure};
use rank::vlm::score::ScorePairs;

use crate::args::ScoreRequest;

/// Opens the model that a request names.
///
/// # Errors
/// [`ErrorKind::BrokenModel`] naming what is missing or damaged.
pub(super) fn open_scorer(request: &ScoreRequest) -> Result<Box<dyn ScorePairs>, Failure> {
    for (option, directory) in [("--model", Some(&request.model)), ("--adapter", request.adapter.as_ref())] {
        if let Some(directory) = directory
            && !directory.is_dir()
        {
            let message = format!("{option} {}: no such directory", directory.display());
            return Err(Failure::new(ErrorKind::BrokenModel, message).with_hint("check the path"));
        }
    }
    Err(Failure::new(ErrorKind::Internal, "this build cannot run vision-language models yet"))
}
