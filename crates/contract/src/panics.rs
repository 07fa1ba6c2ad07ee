//! Panics of decoders, turned into errors.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
}

/// Runs code of other libraries that may panic on damaged input. What it was working on must not be used afterwards.
///
/// # Errors
/// The message of the panic.
pub fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = CATCHING.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    outcome.map_err(|payload| message_of(payload.as_ref()))
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

/// Keeps the panics that [`catch_panic`] catches off the standard error; all others are reported as before. For programs, once
/// at the start.
pub fn hide_caught_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !CATCHING.get() {
            report(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(catch_panic(|| 5), Ok(5));
        let nested = catch_panic(|| {
            let inner = catch_panic(|| panic!("inner"));
            (inner, CATCHING.get())
        });
        assert_eq!(nested, Ok((Err::<(), _>("inner".to_owned()), true)));
        assert_eq!(catch_panic(|| panic!("{} of {}", 3, 2)), Err::<(), _>("3 of 2".to_owned()));
        assert!(!CATCHING.get());
    }
}
