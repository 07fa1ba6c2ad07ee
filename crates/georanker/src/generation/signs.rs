//! Signs that a run is not worth going on with.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use contract::{ErrorKind, Failure};
use generate::{Asker, WrittenPhoto};

/// So many photos in a row without an answer from the server end a run.
const LOST_IN_A_ROW: usize = 4;
/// So many photos with only empty answers end a run that has seen no other answer.
const SILENT_AT_FIRST: usize = 3;
/// So many of them in a row end any run.
const SILENT_IN_A_ROW: usize = 25;

/// What the last photos of a run came to, over all calls of [`super::Questions::ask_all`].
#[derive(Debug, Default)]
pub struct Signs {
    /// Photos in a row that got no answer from the server.
    lost: AtomicUsize,
    /// Photos in a row whose answers were all empty.
    silent: AtomicUsize,
    /// Whether any answer was not empty.
    spoke: AtomicBool,
}

impl Signs {
    /// The server is there, though it refused a photo.
    pub(super) fn found(&self) {
        self.lost.store(0, Ordering::Relaxed);
    }

    /// A photo that got no answer; the failure of the run, if it ends here.
    pub(super) fn lost(&self, failure: &Failure) -> Option<Failure> {
        let in_a_row = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        let message = || format!("{in_a_row} photos in a row got no answer; the last: {}", failure.message);
        (in_a_row >= LOST_IN_A_ROW).then(|| Failure { message: message(), ..failure.clone() })
    }

    /// A photo that got answers; the failure of the run, if it ends here.
    pub(super) fn answered(&self, line: &WrittenPhoto, asker: &Asker<'_>) -> Option<Failure> {
        self.found();
        if !is_silent(line) {
            self.silent.store(0, Ordering::Relaxed);
            self.spoke.store(true, Ordering::Relaxed);
            return None;
        }
        let in_a_row = self.silent.fetch_add(1, Ordering::Relaxed) + 1;
        let most = if self.spoke.load(Ordering::Relaxed) { SILENT_IN_A_ROW } else { SILENT_AT_FIRST };
        (in_a_row >= most).then(|| silence(in_a_row, line.dropped.thoughts > 0, asker))
    }
}

/// Whether all answers for a photo are empty, or thoughts only.
pub(super) fn is_silent(line: &WrittenPhoto) -> bool {
    line.answers > 0 && line.dropped.silent() == line.answers
}

/// The failure of a run whose last photos got only empty answers.
pub(super) fn silence(photos: usize, has_thoughts: bool, asker: &Asker<'_>) -> Failure {
    let usage = asker.budget.usage();
    let about = if usage.estimated { "about " } else { "" };
    let spent = match asker.budget.cost(usage) {
        Some(cost) => format!("cost so far {about}{cost:.6}"),
        None => format!(
            "so far {about}{} tokens read and {} written",
            usage.prompt_tokens, usage.completion_tokens
        ),
    };
    let which = if photos == 1 { "the photo".to_owned() } else { format!("{photos} photos in a row") };
    let message = format!("{which} got only empty answers from {}; {spent}", asker.generator.name());
    let hint = if has_thoughts {
        "the model spends all its tokens on thoughts: raise `max_tokens`, for example to 4000, or turn its thinking off"
    } else {
        "the model writes nothing: check its name, and raise `max_tokens` if it thinks before it answers"
    };
    Failure::new(ErrorKind::Service, message).with_hint(hint)
}
