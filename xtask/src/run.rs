//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

/// The repository.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Cargo, in the repository.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Where builds go: `CARGO_TARGET_DIR`, or `target` in the repository.
pub(crate) fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The page of today's run of a bench.
///
/// # Errors
/// The day cannot be told.
pub(crate) fn report_page(bench: &str) -> anyhow::Result<PathBuf> {
    let today = output("today's date", Command::new("date").arg("+%F"))?;
    Ok(root().join("benches").join("runs").join(format!("{today}-{bench}.md")))
}

/// Runs a program to its end; its output is shown.
///
/// # Errors
/// The program does not start or ends with a failure.
pub(crate) fn run(what: &str, command: &mut Command) -> anyhow::Result<()> {
    eprintln!("\n== {what}");
    let started = Instant::now();
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("{what}: cannot start {command:?}"))?;
    eprintln!("== {what}: {:.0} s", started.elapsed().as_secs_f64());
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// What a program writes to stdout, without the spaces around it.
///
/// # Errors
/// The program does not start or ends with a failure, with what it wrote to stderr.
pub(crate) fn output(what: &str, command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{what}: cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{what} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a program can be started at all.
pub(crate) fn available(program: &str, argument: &str) -> bool {
    let quiet = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_has_no_output() {
        let version = output("the version", cargo().arg("--version")).expect("cargo runs");
        assert!(version.starts_with("cargo "), "{version}");
        let error = output("the list", cargo().arg("--no-such-option")).expect_err("an unknown option");
        let message = error.to_string();
        assert!(message.starts_with("the list failed") && message.contains("no-such-option"), "{message}");
    }
}
