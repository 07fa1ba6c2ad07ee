//! Builds the starter pack from the repository's own data, and measures it.
//!
//! `build` reads the open photos and the public weights, fits the heads on the `gallery` split, chooses what has to
//! be chosen on `val`, and writes `packs/starter`. `accuracy` measures the pack on `test`, method by method.
#![forbid(unsafe_code)]

mod accuracy;
mod build;
mod cache;
mod folds;
mod gap;
mod locations;
mod methods;
mod photos;
mod select;
mod set;
mod steps;
mod trials;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the pack's heads, gallery, location index and manifest.
    Build {
        /// The pack; network weights, location encoder and coordinates are there already.
        #[arg(long, default_value = "packs/starter")]
        pack: PathBuf,
        /// The open photos.
        #[arg(long, default_value = "data/geophotos")]
        photos: PathBuf,
        /// Where intermediate results are kept between runs.
        #[arg(long)]
        cache: Option<PathBuf>,
        /// Keep heads, gallery and location index as they are; train the ranker and fit the calibration again.
        #[arg(long)]
        ranker_only: bool,
        /// Train a set ranker, too, and take it if it is right more often than similarity on `val`.
        #[arg(long)]
        set_ranker: bool,
    },
    /// Train the set ranker in different ways and compare them on `val` (Markdown); the pack is not changed.
    Trials {
        /// The pack.
        #[arg(long, default_value = "packs/starter")]
        pack: PathBuf,
        /// The open photos.
        #[arg(long, default_value = "data/geophotos")]
        photos: PathBuf,
        /// Where intermediate results are kept between runs.
        #[arg(long)]
        cache: Option<PathBuf>,
        /// Only the trials whose names contain this.
        #[arg(long, default_value = "")]
        only: String,
        /// The report.
        #[arg(long)]
        out: PathBuf,
    },
    /// Predict a split with several methods and report their accuracy (Markdown).
    Accuracy {
        /// The pack.
        #[arg(long, default_value = "packs/starter")]
        pack: PathBuf,
        /// The open photos.
        #[arg(long, default_value = "data/geophotos")]
        photos: PathBuf,
        /// The split to predict.
        #[arg(long, default_value = "test")]
        split: String,
        /// Directory for the predictions files.
        #[arg(long)]
        predictions: PathBuf,
        /// The report.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Build { pack, photos, cache, ranker_only, set_ranker } => {
            let plan = set_ranker.then(set::Plan::default);
            build::build(&pack, &photos, cache.as_deref(), ranker_only, plan.as_ref())
        }
        Command::Trials { pack, photos, cache, only, out } => {
            trials::run(&pack, &photos, cache.as_deref(), &only, &out)
        }
        Command::Accuracy { pack, photos, split, predictions, out } => {
            accuracy::report(&pack, &photos, &split, &predictions, &out)
        }
    }
}
