//! What a build will take, before it runs.

use std::fmt::Write as _;

use crate::BuildError;
use crate::build::{Step, made_steps};
use crate::config::BuildConfig;

/// The steps, what has been made, and sizes: a table for people.
///
/// # Errors
/// As [`crate::build`], for what can be wrong before anything is computed.
pub fn plan(config: &BuildConfig) -> Result<String, BuildError> {
    let known = made_steps(config)?;
    let mut text = format!(
        "{} {}: {} photos, {} numbers each; heads {}.\n\n",
        config.name,
        config.version,
        known.photos,
        known.length,
        if config.fits_heads() { "are fitted" } else { "are the network's own" }
    );
    let disk = (known.photos * known.length * 4 * 2) as f64 / 1e9;
    let _ = writeln!(text, "{:<12} {:<12}", "step", "state");
    for (step, made) in Step::ALL.into_iter().zip(known.made) {
        let state = match (step, made) {
            (_, true) => "made".to_owned(),
            (Step::Features, false) => format!("{} of {} parts are made", known.parts.0, known.parts.1),
            (_, false) => "to do".to_owned(),
        };
        let _ = writeln!(text, "{:<12} {state}", step.name());
    }
    let _ = writeln!(
        text,
        "\nThe work directory will hold {disk:.1} GB of features; see the manual for measured rates."
    );
    Ok(text)
}
