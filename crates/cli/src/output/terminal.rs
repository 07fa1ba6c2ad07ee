//! What the table needs to know about the terminal.

use std::io::IsTerminal;

/// Width and colour of the place where the table will be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Columns; `None` leaves lines as long as they come (files, pipes).
    pub width: Option<u16>,
    /// Whether to send ANSI styles.
    pub colour: bool,
}

impl Terminal {
    /// No styles, no limit to the width.
    pub const PLAIN: Self = Self { width: None, colour: false };

    /// What standard output is. Honours `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb`.
    pub fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        let colour = anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
        let width = stdout
            .is_terminal()
            .then(|| terminal_size::terminal_size_of(&stdout).map(|(width, _)| width.0))
            .flatten();
        Self { width, colour }
    }
}
