//! Arguments of `georanker train`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use contract::{ErrorKind, Failure};
use georanker::LoadOptions;

use super::DeviceArguments;

/// `georanker train`.
#[derive(Debug, Args)]
pub struct TrainArguments {
    /// Which ranker.
    #[command(subcommand)]
    pub command: TrainCommand,
}

/// The rankers that can be trained.
#[derive(Debug, Subcommand)]
pub enum TrainCommand {
    /// Train the set ranker: attention over the candidates of a photo.
    Set(TrainRunArguments),
    /// Train the vision-language ranker: low-rank adapters on Qwen2-VL.
    Vlm(TrainRunArguments),
}

/// What both take.
#[allow(clippy::doc_markdown, reason = "these lines are the help that is shown")]
#[derive(Debug, Args)]
#[command(after_long_help = "\
The configuration is a TOML file; docs/src/training.md lists its fields. Paths in it are relative to its folder.
OUT (the field out) receives the model, log.jsonl (one row per step), validation.jsonl, plots/ and checkpoints/.

Ctrl-C saves a checkpoint and ends with exit code 4. After that, or after a crash, the same command with --resume OUT \
continues from the newest checkpoint and takes the same steps as an uninterrupted run.")]
pub struct TrainRunArguments {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Continue the run in this directory.
    #[arg(long, value_name = "OUT")]
    pub resume: Option<PathBuf>,
    /// Where it runs.
    #[command(flatten)]
    pub device: DeviceArguments,
}

/// Which ranker is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainedRanker {
    /// The set ranker.
    Set,
    /// The vision-language ranker.
    Vlm,
}

impl TrainedRanker {
    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Vlm => "vlm",
        }
    }
}

/// What was asked for, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainRequest {
    /// Which ranker.
    pub ranker: TrainedRanker,
    /// The configuration.
    pub config: PathBuf,
    /// The run to continue.
    pub resume: Option<PathBuf>,
    /// Threads, if not one a core.
    pub threads: Option<NonZeroUsize>,
    /// Where it runs.
    pub load: LoadOptions,
}

impl TrainArguments {
    /// Checks what belongs together.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] naming the option.
    pub fn resolve(&self) -> Result<TrainRequest, Failure> {
        let (ranker, arguments) = match &self.command {
            TrainCommand::Set(arguments) => (TrainedRanker::Set, arguments),
            TrainCommand::Vlm(arguments) => (TrainedRanker::Vlm, arguments),
        };
        if let Some(out) = &arguments.resume
            && !out.is_dir()
        {
            let message = format!("--resume {}: no such directory", out.display());
            let hint = "name the directory of the run, or leave --resume out to start one";
            return Err(Failure::new(ErrorKind::Usage, message).with_hint(hint));
        }
        let TrainRunArguments { config, resume, device } = arguments;
        let load = device.resolve()?;
        Ok(TrainRequest {
            ranker,
            config: config.clone(),
            resume: resume.clone(),
            threads: device.threads,
            load,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Arguments, Command};

    fn resolve(words: &[&str]) -> Result<TrainRequest, String> {
        let words = ["georanker", "train"].iter().chain(words);
        match Arguments::try_parse_from(words).map_err(|error| error.to_string())?.command {
            Command::Train(train) => train.resolve().map_err(|failure| failure.message),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn what_is_said_arrives() {
        let request = resolve(&["vlm", "--config", "a.toml", "--resume", ".", "--threads", "2"]).unwrap();
        assert_eq!((request.ranker, request.threads), (TrainedRanker::Vlm, NonZeroUsize::new(2)));
        assert_eq!((request.config, request.resume), ("a.toml".into(), Some(".".into())));
        assert_eq!(resolve(&["set", "--config", "a.toml"]).unwrap().ranker, TrainedRanker::Set);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (words, complaint) in [
            (&["set"][..], "--config"),
            (&[], "set"),
            (&["--config", "a.toml"], "--config"),
            (&["set", "--config", "a.toml", "--resume", "no/such"], "--resume no/such: no such directory"),
        ] {
            let message = resolve(words).unwrap_err();
            assert!(message.contains(complaint), "{words:?}: {message}");
        }
    }
}
