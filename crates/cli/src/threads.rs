//! `--threads`: how many threads the whole process has.

use std::num::NonZeroUsize;

use contract::{ErrorKind, Failure};

/// Starts so many threads; `None` leaves one per core.
///
/// # Errors
/// [`ErrorKind::Internal`] if the system does not give that many.
pub(crate) fn use_threads(count: Option<NonZeroUsize>) -> Result<(), Failure> {
    let Some(count) = count else { return Ok(()) };
    rayon::ThreadPoolBuilder::new()
        .num_threads(count.get())
        .build_global()
        .map_err(|error| Failure::new(ErrorKind::Internal, format!("--threads {count}: {error}")))
}
