//! Photos that are looked at together: all of them encoded before any is answered.

use std::time::Instant;

use contract::{Cancel, Estimate, Failure};

use super::encode::{Beside, Encoded};
use super::generated::Generated;
use super::{BatchOptions, EncodedPhoto, Located, Locator, QueryPhoto};
use crate::Input;

/// Photos that are encoded at the same time.
const CHUNK: usize = 16;

/// A photo before it is answered.
pub(super) struct Gathered {
    pub(super) input: Input,
    pub(super) outcome: Result<(EncodedPhoto, Generated), Failure>,
    pub(super) thumbnail: Option<Vec<u8>>,
    pub(super) elapsed_ms: f64,
}

impl Gathered {
    /// With its answer.
    pub(super) fn located(self, outcome: Result<Estimate, Failure>) -> Located {
        let Self { input, thumbnail, elapsed_ms, .. } = self;
        Located { input, outcome, elapsed_ms, thumbnail }
    }
}

/// The query of a file in a batch. Not the run's token: photos that were begun are finished.
pub(super) fn query_of(input: &Input, options: &BatchOptions) -> QueryPhoto {
    QueryPhoto::file(&input.name, input.path.clone(), options.limits, options.decode)
        .with_sidecars(options.sidecars)
        .asked(options.author.clone(), options.locate.clone(), Cancel::default())
}

/// Encodes photos and asks the other sources of candidates about them; `None` if the run was cancelled meanwhile. Their
/// vectors, candidates and thumbnails stay in memory, their pixels do not.
pub(super) fn gather(
    locator: &Locator,
    inputs: &[Input],
    options: &BatchOptions,
    cancel: &Cancel,
) -> Option<Vec<Gathered>> {
    let beside = Beside { cache: options.query_cache.as_deref(), thumbnail_side: options.thumbnail_side };
    let mut all = Vec::with_capacity(inputs.len());
    for inputs in inputs.chunks(CHUNK) {
        if cancel.is_cancelled() {
            return None;
        }
        let started = Instant::now();
        let queries: Vec<QueryPhoto> = inputs.iter().map(|input| query_of(input, options)).collect();
        let photos: Vec<&QueryPhoto> = queries.iter().collect();
        let (encoded, generated) = locator.encode_and_generate(&photos, beside);
        let elapsed_ms = started.elapsed().as_secs_f64() * 1000.0 / inputs.len() as f64;
        let each = inputs.iter().zip(encoded).zip(generated);
        all.extend(each.map(|((input, Encoded { outcome, thumbnail, .. }), generated)| Gathered {
            input: input.clone(),
            outcome: outcome.and_then(|photo| Ok((photo, generated?))),
            thumbnail,
            elapsed_ms,
        }));
    }
    Some(all)
}
