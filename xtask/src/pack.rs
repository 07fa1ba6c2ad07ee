//! `cargo xtask pack`: a pack of the repository, built by the command that everybody has.

use crate::run::{cargo, root, run};

/// Rebuilds a pack in place by its configuration, `packs/NAME.toml`; what has not changed is taken from the work directory.
///
/// # Errors
/// A build that fails.
pub(crate) fn build(name: &str) -> anyhow::Result<()> {
    let config = root().join("packs").join(format!("{name}.toml"));
    let mut command = cargo();
    command.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "georanker-cli",
        "--",
        "pack",
        "build",
        "--config",
    ]);
    command.arg(config);
    run("building the pack", &mut command)
}
