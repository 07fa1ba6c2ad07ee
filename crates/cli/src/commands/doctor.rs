//! `georanker doctor`.

use std::fmt::Write as _;

use contract::{ErrorKind, Failure};
use georanker::{Check, Verdict, doctor as look};
use present::escape::terminal;

use crate::args::DoctorArguments;
use crate::build;
use crate::exit::Exit;
use crate::hints::in_options;
use crate::sink::write_text;

/// Says what is found, what is missing, and how fast it is. What is broken makes the exit code 3.
///
/// # Errors
/// Output that cannot be written.
pub fn doctor(arguments: &DoctorArguments) -> Result<Exit, Failure> {
    let checks = look(arguments.pack.pack.as_deref(), arguments.gallery.as_deref());
    let text = if arguments.json { json(&checks)? } else { lines(&checks) };
    write_text(None, &text)?;
    let is_broken = checks.iter().any(|check| check.verdict == Verdict::Broken);
    Ok(if is_broken { Exit::Broken } else { Exit::Done })
}

fn lines(checks: &[Check]) -> String {
    let mut text = format!("georanker {}\n", build::LONG_VERSION);
    for Check { name, verdict, found, hint } in checks {
        let word = match verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Broken => "broken",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{word:<8} {name:<10} {}", terminal(found));
        if let Some(hint) = hint {
            let _ = writeln!(text, "{:<19} hint: {}", "", terminal(&in_options(hint)));
        }
    }
    text
}

fn json(checks: &[Check]) -> Result<String, Failure> {
    let report = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commit": build::COMMIT,
        "features": build::FEATURES,
        "checks": checks,
    });
    let text = serde_json::to_string_pretty(&report);
    text.map(|text| text + "\n").map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))
}
