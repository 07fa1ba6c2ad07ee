//! `georanker evaluate`.

use contract::Failure;
use evaluate::{render, run};

use crate::args::EvaluateArguments;
use crate::exit::Exit;
use crate::progress::note;
use crate::sink::write_text;

/// Measures predictions against the truth.
///
/// # Errors
/// A [`Failure`] naming the file, line and column that is wrong.
pub fn evaluate(arguments: &EvaluateArguments, quiet: bool) -> Result<Exit, Failure> {
    let request = arguments.resolve()?;
    let outcome = run(&request)?;
    for text in &outcome.notes {
        note(quiet, &format!("note: {text}"));
    }
    write_text(arguments.out.as_deref(), &render(&outcome, arguments.format))?;
    Ok(Exit::Done)
}
