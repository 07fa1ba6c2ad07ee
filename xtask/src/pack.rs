//! `cargo xtask pack`, `cargo xtask accuracy` and `cargo xtask trials`.

use std::process::Command;

use crate::run::{cargo, report_page, root, run, target};

/// Rebuilds a pack in place.
///
/// # Errors
/// A build that fails.
pub(crate) fn build(name: &str, ranker_only: bool, set_ranker: bool) -> anyhow::Result<()> {
    let pack = root().join("packs").join(name);
    let mut command = builder();
    command.arg("build").arg("--pack").arg(pack).arg("--cache").arg(target().join("pack-cache"));
    if ranker_only {
        command.arg("--ranker-only");
    }
    if set_ranker {
        command.arg("--set-ranker");
    }
    run("building the pack", &mut command)
}

/// Measures the starter pack.
///
/// # Errors
/// A measurement that fails.
pub(crate) fn accuracy(split: &str) -> anyhow::Result<()> {
    let out = report_page(&format!("accuracy-{split}"))?;
    // Relative, since the report names these files.
    let predictions = std::path::Path::new("target").join("accuracy").join(split);
    let mut command = builder();
    command.args(["accuracy", "--split", split]).arg("--predictions").arg(predictions).arg("--out").arg(out);
    run("measuring accuracy", &mut command)
}

/// Trains the set ranker in different ways and compares them on `val`.
///
/// # Errors
/// A run that fails.
pub(crate) fn trials(only: &str) -> anyhow::Result<()> {
    let pack = root().join("packs").join("starter");
    let mut command = builder();
    command.args(["trials", "--only", only]).arg("--pack").arg(pack);
    command.arg("--cache").arg(target().join("pack-cache")).arg("--out").arg(report_page("set-trials")?);
    run("comparing set rankers", &mut command)
}

fn builder() -> Command {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "pack-builder", "--"]);
    command
}
