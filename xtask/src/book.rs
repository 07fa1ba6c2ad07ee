//! `cargo xtask book`: the manual in `docs/`, built by mdBook.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::run::{root, target};
use crate::setup;

/// Builds the book into `target/book`.
///
/// # Errors
/// mdBook is missing and cannot be installed, or it has something to say: its warnings are faults of the pages.
pub(crate) fn book() -> anyhow::Result<PathBuf> {
    setup::mdbook()?;
    let out = target().join("book");
    let mut build = Command::new("mdbook");
    build.current_dir(root()).args(["build", "docs", "--dest-dir"]).arg(&out);
    let output = build.output().context("cannot start mdbook")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || ["WARN", "ERROR"].iter().any(|level| said.contains(level)) {
        bail!("the book has faults:\n{said}");
    }
    eprintln!("\n== the book: {}", out.join("index.html").display());
    Ok(out)
}
