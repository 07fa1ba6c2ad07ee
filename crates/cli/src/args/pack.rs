//! Arguments of `georanker pack`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use pack_builder::{Shard, Step};

use super::DeviceArguments;

/// `georanker pack`.
#[derive(Debug, Args)]
pub struct PackMakingArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: PackCommand,
}

/// What can be done with packs in the making.
#[derive(Debug, Subcommand)]
pub enum PackCommand {
    /// Build a model pack from a photo collection and an encoder.
    Build(PackBuildArguments),
}

/// `georanker pack build`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The configuration is a TOML file; docs/src/building-packs.md explains its fields. Paths in it are relative to its folder.

The steps are features, places, heads, gallery, folds, ranker, confidence, report and pack. Each keeps what it made in the \
work directory (the field work; OUT.work by default). Ctrl-C ends with exit code 4, and the same command continues. A \
changed setting makes anew only what depends on it. The work directory can be removed when the pack is there.")]
pub struct PackBuildArguments {
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Run this step alone; those before it must have been made.
    #[arg(long, value_name = "STEP")]
    pub only: Option<Step>,
    /// Make only this share of the features, for example 2/8 on the second of eight machines; copy the work directories
    /// together afterwards.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Print the steps, what has been made, and what the rest will take, and do nothing.
    #[arg(long)]
    pub plan: bool,
    /// Where the encoder runs.
    #[command(flatten)]
    pub device: DeviceArguments,
}
