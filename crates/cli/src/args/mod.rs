//! Arguments in two steps: what was typed (here), and what it means (`resolve` in each file).

#[cfg(feature = "lvlm")]
mod benchmark;
#[cfg(feature = "train")]
mod curate;
mod device;
mod doctor;
mod evaluate;
mod force;
mod gallery;
#[cfg(feature = "lvlm")]
mod generate;
#[cfg(feature = "lvlm")]
mod generated;
#[cfg(feature = "lvlm")]
mod judge;
#[cfg(feature = "lvlm")]
mod load;
#[cfg(feature = "lvlm")]
mod local_model;
mod locate;
#[cfg(feature = "train")]
mod pack;
#[cfg(feature = "pull")]
mod packs;
#[cfg(feature = "pull")]
mod pull;
mod retrieval;
#[cfg(feature = "lvlm")]
mod score;
#[cfg(feature = "train")]
mod train;

#[cfg(feature = "lvlm")]
use std::path::Path;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
#[cfg(feature = "lvlm")]
use contract::{ErrorKind, Failure};

#[cfg(feature = "lvlm")]
pub use benchmark::{BenchmarkArguments, BenchmarkRequest};
#[cfg(feature = "train")]
pub use curate::{
    CurateArguments, CurateBuildArguments, CurateCommand, CurateRequest, CurateStatsArguments, Exclusion,
    QueryArguments, RetrievedArguments, RuleArguments,
};
pub use device::DeviceArguments;
pub use doctor::DoctorArguments;
pub use evaluate::EvaluateArguments;
pub use force::ForceArguments;
pub use gallery::{GalleryArguments, GalleryCommand, PhotosArguments};
#[cfg(feature = "lvlm")]
pub(crate) use generate::default_cache;
#[cfg(feature = "lvlm")]
pub use generate::{
    ApiArguments, ApiRequest, DetailWord, GenerateArguments, GenerateProtocol, GenerateRequest, PromptKind,
    StructuredWord, WriterRequest,
};
#[cfg(feature = "lvlm")]
pub use generated::{GeneratedArguments, GeneratedRequest};
#[cfg(feature = "lvlm")]
pub use judge::{JudgeArguments, JudgeRequest};
#[cfg(feature = "lvlm")]
pub use load::WeightStorage;
#[cfg(feature = "lvlm")]
pub use local_model::{LocalArguments, LocalRequest};
pub use locate::{Grouping, Ids, LocateArguments, LocateRequest};
#[cfg(feature = "train")]
pub use pack::{PackBuildArguments, PackCommand, PackMakingArguments};
#[cfg(feature = "pull")]
pub use packs::PacksArguments;
#[cfg(feature = "pull")]
pub use pull::{PullArguments, PullRequest};
pub use retrieval::RetrievalArguments;
#[cfg(feature = "lvlm")]
pub use score::{ScoreArguments, ScoreRequest};
#[cfg(feature = "train")]
pub use train::{TrainArguments, TrainCommand, TrainRequest, TrainRunArguments, TrainedRanker};

/// Where on Earth was this photo taken?
#[derive(Debug, Parser)]
#[command(name = "georanker", version, long_version = crate::build::LONG_VERSION, about, max_term_width = 100, propagate_version = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 some inputs failed, 2 wrong usage, 3 broken model or gallery, 4 interrupted, 5 the run failed."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Hide progress and notes on stderr; errors are still shown.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find where photos were taken.
    Locate(Box<LocateArguments>),
    /// Build and maintain a gallery of geotagged photos.
    Gallery(GalleryArguments),
    /// Ask a vision-language model where photos were taken; photos are sent to the address you give.
    #[cfg(feature = "lvlm")]
    Generate(Box<GenerateArguments>),
    /// Make and describe datasets for training rankers.
    #[cfg(feature = "train")]
    Curate(CurateArguments),
    /// Score the candidates of photos with a vision-language model.
    #[cfg(feature = "lvlm")]
    Score(Box<ScoreArguments>),
    /// Train a ranker.
    #[cfg(feature = "train")]
    Train(TrainArguments),
    /// Build model packs.
    #[cfg(feature = "train")]
    Pack(PackMakingArguments),
    /// Measure the accuracy of predictions.
    Evaluate(EvaluateArguments),
    /// Download published weights and make a pack of them.
    #[cfg(feature = "pull")]
    Pull(PullArguments),
    /// List and check the packs on this machine.
    #[cfg(feature = "pull")]
    Packs(PacksArguments),
    /// Check what is found on this machine, what is missing, and how fast it is.
    Doctor(DoctorArguments),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// The model pack.
#[derive(Debug, clap::Args)]
pub struct PackArguments {
    /// Model pack directory [default: beside the binary, then ./packs/starter].
    #[arg(long, value_name = "DIR", env = "GEORANKER_PACK")]
    pub pack: Option<PathBuf>,
}

/// Says which option names a directory that is not there.
///
/// # Errors
/// [`ErrorKind::BrokenModel`].
#[cfg(feature = "lvlm")]
pub(crate) fn check_directory(option: &str, directory: Option<&Path>) -> Result<(), Failure> {
    match directory.filter(|directory| !directory.is_dir()) {
        None => Ok(()),
        Some(directory) => {
            let message = format!("{option} {}: no such directory", directory.display());
            Err(Failure::new(ErrorKind::BrokenModel, message).with_hint("check the path"))
        }
    }
}
