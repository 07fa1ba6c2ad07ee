//! Tasks of the project: `cargo xtask demo`, `test`, `book`, `reference`, `package`, `pack starter`, `accuracy`,
//! `trials`, `peft`, `learnbench`.
//!
//! Light on purpose: it is compiled before every task. Heavy work is in programs of the workspace that it runs.
#![forbid(unsafe_code)]

mod book;
mod demo;
mod learnbench;
mod links;
mod pack;
mod package;
mod peft;
mod reference;
mod run;
mod setup;
mod suites;
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
    /// Locate the sample photos: print the table and write an HTML map beside it.
    Demo,
    /// Check formatting, lints, licences, links and the book, and run all tests; install what the tests need.
    Test {
        /// Leave out what needs installed programs (Chromium, Node, Python, mdBook): for use while editing.
        #[arg(long)]
        quick: bool,
    },
    /// Build the manual into target/book.
    Book,
    /// Write man pages, completions and the book's list of commands from the argument parser.
    Reference,
    /// Pack every publishable crate, as for a registry.
    Package {
        /// Also compile each crate out of its package: takes long.
        #[arg(long)]
        verify: bool,
    },
    /// Rebuild a model pack from the repository's data.
    Pack {
        /// The pack's name.
        #[arg(value_parser = ["starter"])]
        name: String,
        /// Keep heads, gallery and location index; only train the ranker and fit the calibration.
        #[arg(long)]
        ranker_only: bool,
        /// Also train a set ranker, and take it if it is right more often than similarity on `val`.
        #[arg(long)]
        set_ranker: bool,
    },
    /// Check that PEFT reads the adapters we save; fetch PyTorch once.
    Peft,
    /// Measure the starter pack on held-out photos; write benches/runs/DATE-accuracy-SPLIT.md.
    Accuracy {
        /// The split.
        #[arg(long, default_value = "test")]
        split: String,
    },
    /// Train the starter pack's set ranker in different ways; write benches/runs/DATE-set-trials.md.
    Trials {
        /// Only the trials whose names contain this.
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Train both rankers on the test bed without photos; write benches/runs/DATE-learnbench.md.
    Learnbench {
        /// One seed and few steps: print the table and write no page.
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
        Task::Book => book::book().map(drop),
        Task::Reference => reference::reference(),
        Task::Package { verify } => package::package(verify),
        Task::Pack { name, ranker_only, set_ranker } => pack::build(&name, ranker_only, set_ranker),
        Task::Peft => peft::peft(),
        Task::Accuracy { split } => pack::accuracy(&split),
        Task::Trials { only } => pack::trials(&only),
        Task::Learnbench { quick, rankers } => learnbench::learnbench(quick, &rankers),
    }
}
