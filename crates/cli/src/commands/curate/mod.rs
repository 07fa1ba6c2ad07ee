//! `georanker curate`.

mod build;
mod stats;

use contract::Failure;

use crate::args::CurateCommand;
use crate::exit::Exit;

/// Runs a curation command.
///
/// # Errors
/// A [`Failure`] that ends the run; queries and rows that fail are reported and left out.
pub fn curate(command: &CurateCommand, quiet: bool) -> Result<Exit, Failure> {
    match command {
        CurateCommand::Build(arguments) => build::build(arguments, quiet),
        CurateCommand::Stats(arguments) => stats::stats(arguments, quiet),
    }
}
