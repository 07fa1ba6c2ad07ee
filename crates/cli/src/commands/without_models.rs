//! What stands for vision-language models in a build without them.

use contract::{Cancel, Failure};
use georanker::Locator;

use crate::args::LocateRequest;

/// Generated candidates: this build cannot ask for any.
pub(super) struct Generated;

/// The locator as it is.
///
/// # Errors
/// None.
#[allow(clippy::unnecessary_wraps, clippy::needless_pass_by_value, reason = "as in a build with models")]
pub(super) fn with_models(
    locator: Locator,
    _: LocateRequest,
    _: &Cancel,
    _: bool,
) -> Result<(Locator, Generated), Failure> {
    Ok((locator, Generated))
}

#[allow(clippy::unused_self, reason = "as in a build with models")]
impl Generated {
    pub(super) const fn is_asked(&self) -> bool {
        false
    }

    pub(super) const fn ended(&self) -> Option<Failure> {
        None
    }

    pub(super) const fn finish(&self, _: bool) -> usize {
        0
    }
}
