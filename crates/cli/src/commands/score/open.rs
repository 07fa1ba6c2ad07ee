//! Opening what scores.

use std::path::Path;

use contract::{ErrorKind, Failure};
use gallery::PhotoFiles;
use georanker::PairFileScorer;
use nets::qwen2_vl::Sharing;
use rank::vlm::score::ScorePairs;
use rank::vlm::{InputOptions, ScorerOptions};

use crate::args::{ScoreRequest, check_directory};
use crate::threads::use_threads;

/// Opens the model that a request names.
///
/// # Errors
/// [`ErrorKind::BrokenModel`] naming what is missing or damaged.
pub(super) fn open_scorer(request: &ScoreRequest) -> Result<Box<dyn ScorePairs>, Failure> {
    check_directory("--model", Some(&request.model))?;
    check_directory("--adapter", request.adapter.as_deref())?;
    use_threads(request.threads)?;
    let options = ScorerOptions {
        adapter: request.adapter.clone(),
        inputs: InputOptions {
            protocol: request.protocol,
            min_pixels: pixels("--min-pixels", request.min_pixels)?,
            max_pixels: pixels("--max-pixels", request.max_pixels)?,
            feature_memory: request.vision_memory,
            feature_directory: request.vision_cache.clone(),
        },
        load: request.load.clone(),
        merge_adapter: request.merge_adapter,
        sharing: if request.naive { Sharing::Alone } else { Sharing::SharedPrefix },
    };
    // What can be wrong at once is said before minutes go into loading a model.
    let photos = match &request.benchmark {
        Some(benchmark) => Some((open_photos(&benchmark.photos)?, open_photos(&benchmark.candidate_photos)?)),
        None => None,
    };
    let scorer = PairFileScorer::open(&request.model, &options, request.reencode)?;
    Ok(Box::new(match photos {
        Some((queries, candidates)) => scorer.with_photos(queries, candidates),
        None => scorer,
    }))
}

fn open_photos(path: &Path) -> Result<PhotoFiles, Failure> {
    PhotoFiles::open(path).map_err(Failure::from)
}

fn pixels(option: &str, count: Option<usize>) -> Result<Option<u32>, Failure> {
    count
        .map(u32::try_from)
        .transpose()
        .map_err(|_| Failure::new(ErrorKind::Usage, format!("{option}: at most {} pixels", u32::MAX)))
}
