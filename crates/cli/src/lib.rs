//! The `georanker` binary: arguments in two steps, commands, outputs, exit codes.
//!
//! # What it does
//! The command line is thin. It turns arguments into requests, passes them to the library crates, and turns the
//! results into text, files and one of six exit codes. Data goes to stdout, everything else to stderr.
//!
//! # Main types
//! [`args`] defines the arguments and checks which belong together; [`commands`] runs the commands;
//! [`present`] writes the results; [`exit`] maps kinds of error to exit codes.
//!
//! ```
//! use clap::Parser;
//! use cli::args::{Arguments, Command};
//!
//! let arguments = Arguments::try_parse_from(["georanker", "locate", "beach.jpg", "--format", "json"])?;
//! assert!(matches!(arguments.command, Command::Locate(_)));
//! # Ok::<(), clap::Error>(())
//! ```
//!
//! # Alternatives considered
//! A configuration file. Every option can be given on the command line, and those that users set once have
//! environment variables.
#![forbid(unsafe_code)]

pub mod args;
pub mod build;
pub mod commands;
pub mod exit;
mod gallery_text;
mod hints;
mod outputs;
mod progress;
mod sink;
mod stdin;
mod terminal;
mod threads;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Arguments, Command};
use exit::{Exit, report};

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    contract::hide_caught_panics();
    let root = Arguments::command();
    let matches = root.clone().get_matches();
    let mut path = Vec::new();
    let mut inner = &matches;
    while let Some((name, of)) = inner.subcommand() {
        path.push(name);
        inner = of;
    }
    hints::remember(&root, &path);
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let quiet = arguments.quiet;
    let outcome = match &arguments.command {
        Command::Locate(locate) => commands::locate(locate, quiet),
        Command::Gallery(gallery) => commands::gallery(&gallery.command, quiet),
        #[cfg(feature = "lvlm")]
        Command::Generate(generate) => commands::generate(generate, quiet),
        #[cfg(feature = "train")]
        Command::Curate(curate) => commands::curate(&curate.command, quiet),
        #[cfg(feature = "lvlm")]
        Command::Score(score) => commands::score(score, quiet),
        #[cfg(feature = "train")]
        Command::Train(train) => commands::train(train, quiet),
        #[cfg(feature = "train")]
        Command::Pack(pack) => commands::pack(&pack.command, quiet),
        Command::Evaluate(evaluate) => commands::evaluate(evaluate, quiet),
        #[cfg(feature = "pull")]
        Command::Pull(pull) => commands::pull(pull, quiet),
        #[cfg(feature = "pull")]
        Command::Packs(packs) => commands::packs(packs),
        Command::Doctor(doctor) => commands::doctor(doctor),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "georanker", &mut script);
            sink::write_text(None, &String::from_utf8_lossy(&script)).map(|()| Exit::Done)
        }
    };
    stdin::forget();
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            report(&failure);
            Exit::of(failure.kind).into()
        }
    }
}
