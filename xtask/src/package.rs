//! `cargo xtask package`: can every crate be published?

use crate::run::{cargo, run};

/// Crates of the workspace that stay here: they work on the repository itself.
const PRIVATE: [&str; 2] = ["xtask", "learn-bench"];

/// Packs every publishable crate into `target/package`, as a registry would receive it.
///
/// # Errors
/// A manifest with a gap, a file that is missing, or with `verify` a crate that does not compile out of its package.
pub(crate) fn package(verify: bool) -> anyhow::Result<()> {
    let mut command = cargo();
    command.args(["package", "--workspace", "--allow-dirty"]);
    for private in PRIVATE {
        command.args(["--exclude", private]);
    }
    if !verify {
        command.arg("--no-verify");
    }
    run("packages of all crates", &mut command)
}
