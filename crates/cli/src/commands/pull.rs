//! `georanker pull`.

use std::fmt::Write as _;
use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::{ErrorKind, Failure};
use georanker::pull::{Puller, Watch, recipes};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::{PullArguments, PullRequest};
use crate::exit::Exit;
use crate::progress::{bytes_text, note, stop_flag};
use crate::sink::write_text;

/// Fetches a pack.
///
/// # Errors
/// A [`Failure`] that says what is missing and how to get it.
pub fn pull(arguments: &PullArguments, quiet: bool) -> Result<Exit, Failure> {
    if arguments.list {
        return list(arguments.json);
    }
    let PullRequest { recipe, options } = arguments.resolve()?;
    let watch = Bar::new(quiet, stop_flag()?);
    let pack = Puller::new(options).pull(&recipe, &watch)?;
    watch.bar().finish_and_clear();
    let text = if arguments.json {
        json(&pack)?
    } else {
        let mut text = format!("{}\n", pack.directory.display());
        for part in &pack.parts {
            let bytes = part.files.iter().map(|file| file.bytes).sum();
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "  {}: {} files, {}, {} from {} at {}",
                part.name,
                part.files.len(),
                bytes_text(bytes),
                part.licence,
                part.source,
                part.revision.get(..12).unwrap_or(&part.revision),
            );
        }
        text
    };
    write_text(None, &text)?;
    Ok(Exit::Done)
}

/// The packs that can be pulled.
fn list(as_json: bool) -> Result<Exit, Failure> {
    let all = recipes::all();
    let text = if as_json {
        let list: Vec<_> = all
            .iter()
            .map(|recipe| {
                serde_json::json!({
                    "name": recipe.name,
                    "kind": recipe.kind,
                    "summary": recipe.summary,
                    "parts": recipe.parts.iter().map(|part| &part.name).collect::<Vec<_>>(),
                })
            })
            .collect();
        json(&list)?
    } else {
        let line = |recipe: &georanker::pull::Recipe| format!("{:<14}{}", recipe.name, recipe.summary);
        all.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
    };
    write_text(None, &text)?;
    Ok(Exit::Done)
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))
}

/// A progress bar for the file that is arriving.
struct Bar {
    current: Mutex<ProgressBar>,
    quiet: bool,
    hidden: bool,
    stop: Arc<AtomicBool>,
}

impl Bar {
    fn new(quiet: bool, stop: Arc<AtomicBool>) -> Self {
        let hidden = quiet || !stderr().is_terminal();
        Self { current: Mutex::new(ProgressBar::hidden()), quiet, hidden, stop }
    }

    fn bar(&self) -> ProgressBar {
        self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Watch for Bar {
    fn begins(&self, file: &str, bytes: u64, present: u64) {
        let bar = if bytes > 0 { ProgressBar::new(bytes) } else { ProgressBar::no_length() };
        if self.hidden {
            bar.set_draw_target(ProgressDrawTarget::hidden());
            let from =
                if present > 0 { format!(", {} are there", bytes_text(present)) } else { String::new() };
            let length = if bytes > 0 { format!(" ({}{from})", bytes_text(bytes)) } else { String::new() };
            note(self.quiet, &format!("{file}{length}"));
        }
        let template = "{msg} {wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(file.to_owned());
        bar.set_position(present);
        bar.reset_eta();
        let mut held = self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.finish_and_clear();
        *held = bar;
    }

    fn advances(&self, bytes: u64) {
        self.bar().inc(bytes);
    }

    fn note(&self, text: &str) {
        if self.hidden {
            note(self.quiet, text);
        } else {
            self.bar().println(text);
        }
    }

    fn ends(&self) {
        self.bar().finish_and_clear();
    }

    fn stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
