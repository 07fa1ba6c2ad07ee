//! `georanker evaluate`.

use std::sync::Arc;

use contract::Failure;
use evaluate::{render, run_passing_over};
use formats::table::{BadRows, TableError};

use crate::args::EvaluateArguments;
use crate::commands::gallery_places::gallery_places;
use crate::exit::{Exit, report};
use crate::progress::note;
use crate::sink::write_text;
use crate::stdin::{file_of, files_of};

/// Measures predictions against the truth.
///
/// # Errors
/// A [`Failure`] naming the file, line and column that is wrong.
pub fn evaluate(arguments: &EvaluateArguments, quiet: bool) -> Result<Exit, Failure> {
    let mut request = arguments.resolve()?;
    request.truth = file_of(&request.truth)?;
    request.predictions = files_of(&request.predictions)?;
    let mut name = |error: &TableError| report(&Failure::from_error(error));
    let mut bad = BadRows::new(&mut name);
    if !arguments.skip_bad_rows {
        bad = bad.at_most(0);
    }
    if let Some(gallery) = &arguments.gallery {
        let (selection, exclude) = (arguments.gallery_selection()?, arguments.excludes_same_author());
        let places = gallery_places(&file_of(gallery)?, &selection, exclude, &mut bad, quiet)?;
        request.options.gallery = Some(Arc::new(places));
    }
    let outcome = run_passing_over(&request, &mut bad)?;
    let passed_over = bad.count();
    for text in &outcome.notes {
        note(quiet, &format!("note: {text}"));
    }
    write_text(arguments.out.as_deref(), &render(&outcome, arguments.format))?;
    Ok(if passed_over > 0 { Exit::SomeFailed } else { Exit::Done })
}
