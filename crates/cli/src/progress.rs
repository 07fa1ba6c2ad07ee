//! What a long run shows on stderr.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::{ErrorKind, Failure};
use gallery::Skipped;
use present::escape::terminal;

use crate::stdin::named;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A progress bar on stderr; hidden when quiet, when stderr is not a terminal, or for a single item.
pub(crate) fn bar(length: usize, what: &'static str, quiet: bool) -> ProgressBar {
    let bar = ProgressBar::new(length as u64);
    if quiet || length < 2 || !stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}  {per_sec}  {eta} left") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

#[cfg(feature = "pull")]
/// A length as people read it: `1.2 kB`, `16.6 GB`.
pub(crate) fn bytes_text(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1000.0;
    let mut unit = 0;
    // What would be rounded to 1000.0 belongs to the next unit.
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// Writes a note to stderr unless quiet.
pub(crate) fn note(quiet: bool, text: &str) {
    if !quiet {
        let lines: Vec<String> = named(text).lines().map(terminal).collect();
        anstream::eprintln!("{}", lines.join("\n"));
    }
}

/// Says which files of directories were not taken.
pub(crate) fn tell_skipped(skipped: &Skipped, quiet: bool) {
    if let Some(words) = skipped.words() {
        note(quiet, &format!("skipped {words}"));
    }
}

/// A flag that the first Ctrl-C sets; the second ends the process at once.
///
/// # Errors
/// [`ErrorKind::Internal`] if the signal handler cannot be installed.
pub(crate) fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(crate::exit::Exit::Interrupted.code()));
        }
    })
    .map_err(|error| Failure::new(ErrorKind::Internal, format!("cannot watch for Ctrl-C: {error}")))?;
    Ok(stop)
}

#[cfg(all(test, feature = "pull"))]
mod tests {
    use super::bytes_text;

    #[test]
    fn lengths_are_read_easily() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (16_582_000_000, "16.6 GB"),
        ] {
            assert_eq!(bytes_text(bytes), text);
        }
    }
}
