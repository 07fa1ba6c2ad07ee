//! Numbers that are not finite, named by their row.

use crate::TrainError;

/// Checks rows of `width` numbers; `what` names a row.
///
/// # Errors
/// [`TrainError::NotFinite`] for the first number that is not finite.
pub(crate) fn check_finite(what: &'static str, numbers: &[f32], width: usize) -> Result<(), TrainError> {
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(at) => {
            let (row, column) = (at / width.max(1), at % width.max(1));
            Err(TrainError::NotFinite { what, row, column, value: numbers[at] })
        }
        None => Ok(()),
    }
}
