//! `cargo xtask reference`: man pages, completions and the book's list of commands, from the argument parser.
//!
//! The test `reference` of `georanker-cli` renders them and compares; with `GEORANKER_BLESS=1` it writes them instead.

use crate::run::{cargo, run};

/// Writes `docs/man`, `docs/completions` and `docs/src/commands.md` again.
///
/// # Errors
/// A build that fails.
pub(crate) fn reference() -> anyhow::Result<()> {
    let mut test = cargo();
    test.args(["test", "--quiet", "--package", "georanker-cli", "--test", "reference"]);
    run("man pages, completions, list of commands", test.env("GEORANKER_BLESS", "1"))
}
