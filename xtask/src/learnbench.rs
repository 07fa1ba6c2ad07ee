//! `cargo xtask learnbench`: do the rankers learn, and what is each part of the loss worth?

use crate::run::{cargo, report_page, run, target};

/// Trains and judges the rankers on the test bed.
///
/// # Errors
/// A build or a run that fails.
pub(crate) fn learnbench(quick: bool, rankers: &[String]) -> anyhow::Result<()> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "learn-bench", "--", "run"]);
    command.arg("--work").arg(target().join("learnbench")).arg("--rankers").arg(rankers.join(","));
    if quick {
        command.arg("--quick");
    } else if rankers.len() > 1 {
        command.arg("--out").arg(report_page("learnbench")?);
    }
    run("the learnable test bed", &mut command)
}
