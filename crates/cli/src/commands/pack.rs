//! `georanker pack build`.

use std::sync::Mutex;
use std::time::Instant;

use contract::Failure;
use indicatif::ProgressBar;
use pack_builder::{BuildConfig, BuildOptions, Built, Event, Run, Shard, Step, build, plan};
use present::escape::terminal;

use crate::args::{PackBuildArguments, PackCommand};
use crate::exit::{Exit, report};
use crate::progress::{bar, note, stop_flag};
use crate::sink::write_text;
use crate::threads::use_threads;

/// Runs a command on packs in the making.
///
/// # Errors
/// A [`Failure`] that ends the run; what was made is kept.
pub fn pack(command: &PackCommand, quiet: bool) -> Result<Exit, Failure> {
    let PackCommand::Build(arguments) = command;
    let config = BuildConfig::open(&arguments.config)?;
    if arguments.plan {
        write_text(None, &plan(&config)?)?;
        return Ok(Exit::Done);
    }
    use_threads(arguments.device.threads)?;
    let options = options(arguments)?;
    let stop = stop_flag()?;
    let progress = Progress::new(quiet);
    let run = Run { stop: &stop, tell: &|event| progress.tell(event) };
    let built = build(&config, &options, &run);
    progress.finish();
    end(&config, &options, &built?, quiet)
}

fn options(arguments: &PackBuildArguments) -> Result<BuildOptions, Failure> {
    let only = match (arguments.only, arguments.shard) {
        // A shard is one of the features; the steps after them need all of it.
        (None, Some(_)) => Some(Step::Features),
        (only, _) => only,
    };
    Ok(BuildOptions { only, shard: arguments.shard.unwrap_or(Shard::ALL), load: arguments.device.resolve()? })
}

fn end(config: &BuildConfig, options: &BuildOptions, built: &Built, quiet: bool) -> Result<Exit, Failure> {
    for (_, message) in &built.failed {
        report(&Failure::new(contract::ErrorKind::InvalidPhoto, message.clone()));
    }
    if !built.report.is_empty() && options.only.is_none_or(|only| only >= Step::Report) {
        write_text(None, &built.report)?;
    }
    if let Some(pack) = &built.pack {
        note(quiet, &format!("{} {}: {}", config.name, config.version, pack.display()));
    }
    Ok(if built.failed.is_empty() { Exit::Done } else { Exit::SomeFailed })
}

/// What a build shows on stderr: a line a step, a bar within it.
struct Progress {
    quiet: bool,
    state: Mutex<State>,
}

struct State {
    bar: ProgressBar,
    step: Option<(Step, Instant)>,
}

impl Progress {
    fn new(quiet: bool) -> Self {
        Self { quiet, state: Mutex::new(State { bar: ProgressBar::hidden(), step: None }) }
    }

    fn tell(&self, event: Event<'_>) {
        // A thread that panicked has left nothing half done here.
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match event {
            Event::Step { step, known } => {
                self.end_step(&mut state);
                if known {
                    note(self.quiet, &format!("{}: made before", step.name()));
                } else {
                    note(self.quiet, &format!("{} ...", step.name()));
                    state.step = Some((step, Instant::now()));
                }
            }
            Event::Count { done, total } => {
                if state.bar.length() != Some(total as u64) || state.bar.position() > done as u64 {
                    state.bar.finish_and_clear();
                    let name = state.step.map_or("working", |(step, _)| step.name());
                    state.bar = bar(total, name, self.quiet);
                }
                state.bar.set_position(done as u64);
            }
            Event::Note(text) => state.bar.suspend(|| note(self.quiet, &format!("  {}", terminal(text)))),
        }
    }

    fn end_step(&self, state: &mut State) {
        state.bar.finish_and_clear();
        state.bar = ProgressBar::hidden();
        if let Some((step, started)) = state.step.take() {
            note(self.quiet, &format!("{}: {:.0} s", step.name(), started.elapsed().as_secs_f64()));
        }
    }

    fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.end_step(&mut state);
    }
}
