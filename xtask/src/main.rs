//! Tasks of the project: `cargo xtask demo`, `test`, `pack starter`, `accuracy`, `trials`, `peft`, `learnbench`.
//!
//! Light on purpose: it is compiled before every task. Heavy work is in programs of the workspace that it runs.
#![forbid(unsafe_code)]

mod demo;
mod learnbench;
mod pack;
mod peft;
mod run;
mod setup;
mod test;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Locate the sample photos: prints the table and writes an HTML map beside it.
    Demo,
    /// Formatting, lints, licences, all tests; installs what the tests need.
    Test {
        /// Leave out what needs installed programs (Chromium, Node, Python): quick, for use while editing.
        #[arg(long)]
        quick: bool,
    },
    /// Rebuild a model pack from the repository's own data.
    Pack {
        /// The pack's name.
        #[arg(value_parser = ["starter"])]
        name: String,
        /// Keep heads, gallery and location index; train the ranker and fit the calibration anew.
        #[arg(long)]
        ranker_only: bool,
        /// Train a set ranker, too, and take it if it is right more often than similarity on `val`.
        #[arg(long)]
        set_ranker: bool,
    },
    /// Check that PEFT reads the adapters we save; fetches PyTorch once.
    Peft,
    /// Measure the starter pack on held-out photos; writes benches/runs/DATE-accuracy-SPLIT.md.
    Accuracy {
        /// The split.
        #[arg(long, default_value = "test")]
        split: String,
    },
    /// Train the starter pack's set ranker in different ways; writes benches/runs/DATE-set-trials.md.
    Trials {
        /// Only the trials whose names contain this.
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Train both rankers on the test bed without photos; writes benches/runs/DATE-learnbench.md.
    Learnbench {
        /// One seed, few steps: prints the table and writes no page.
        #[arg(long)]
        quick: bool,
        /// Only these rankers: set, vlm.
        #[arg(long, value_delimiter = ',', default_values = ["set", "vlm"], value_parser = ["set", "vlm"])]
        rankers: Vec<String>,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Demo => demo::demo(),
        Task::Test { quick } => test::test(quick),
        Task::Pack { name, ranker_only, set_ranker } => pack::build(&name, ranker_only, set_ranker),
        Task::Peft => peft::peft(),
        Task::Accuracy { split } => pack::accuracy(&split),
        Task::Trials { only } => pack::trials(&only),
        Task::Learnbench { quick, rankers } => learnbench::learnbench(quick, &rankers),
    }
}
