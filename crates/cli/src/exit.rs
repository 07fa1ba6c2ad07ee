//! One kind of error, one exit code.

use std::process::ExitCode;

use contract::{ErrorKind, Failure};
use present::escape::terminal;

use crate::hints::in_options;
use crate::stdin::named;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done,
    /// Some inputs failed; each was named.
    SomeFailed,
    /// The command line or a configuration is wrong.
    Usage,
    /// A model pack or gallery is broken.
    Broken,
    /// Stopped by the user; what was done is kept.
    Interrupted,
    /// The run itself could not continue: output that cannot be written, a training that diverged, a defect of this program.
    RunFailed,
}

impl Exit {
    /// The code of a failure that ends the whole run.
    pub const fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Usage => Self::Usage,
            ErrorKind::BrokenModel | ErrorKind::BrokenGallery => Self::Broken,
            ErrorKind::Interrupted => Self::Interrupted,
            ErrorKind::Output | ErrorKind::Diverged | ErrorKind::Internal => Self::RunFailed,
            ErrorKind::NotFound
            | ErrorKind::Unreadable
            | ErrorKind::InvalidPhoto
            | ErrorKind::PhotoTooLarge
            | ErrorKind::InvalidTable
            | ErrorKind::NoCandidates
            | ErrorKind::Service
            | ErrorKind::Refused
            | ErrorKind::BudgetReached => Self::SomeFailed,
        }
    }

    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SomeFailed => 1,
            Self::Usage => 2,
            Self::Broken => 3,
            Self::Interrupted => 4,
            Self::RunFailed => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Writes a failure to stderr: what happened, then the way out.
pub fn report(failure: &Failure) {
    anstream::eprintln!("error: {}", terminal(&named(&failure.message)));
    if let Some(hint) = &failure.hint {
        anstream::eprintln!("  hint: {}", terminal(&in_options(hint)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_as_documented() {
        assert_eq!(Exit::of(ErrorKind::InvalidPhoto).code(), 1);
        assert_eq!(Exit::of(ErrorKind::Usage).code(), 2);
        assert_eq!(Exit::of(ErrorKind::BrokenModel).code(), 3);
        assert_eq!(Exit::of(ErrorKind::BrokenGallery).code(), 3);
        assert_eq!(Exit::of(ErrorKind::Interrupted).code(), 4);
        assert_eq!(Exit::of(ErrorKind::Output).code(), 5);
    }
}
