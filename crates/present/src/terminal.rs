//! What the table needs to know about the terminal.

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
}
