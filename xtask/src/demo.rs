//! `cargo xtask demo`: the main job on real photos.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::run::{cargo, root, run, target};

/// What a dozen photos do not notice: reading arguments and tables, writing answers, wrappers around decoders. Compiling these
/// without optimisation saves a minute of three and a half on two cores.
const NOT_OPTIMISED: [&str; 15] = [
    "clap_builder",
    "csv",
    "encoding_rs",
    "georanker",
    "georanker-cli",
    "georanker-evaluate",
    "georanker-formats",
    "georanker-geo",
    "georanker-present",
    "image",
    "image-webp",
    "quick-xml",
    "serde_json",
    "tiff",
    "toml",
];

/// Builds the binary, locates the sample photos and writes the map.
///
/// # Errors
/// A build or a run that fails.
pub(crate) fn demo() -> anyhow::Result<()> {
    let program = build()?;
    let out = root().join("demo-output");
    std::fs::create_dir_all(&out)?;
    let map = out.join("map.html");
    let mut locate = Command::new(program);
    locate.current_dir(root()).args(["locate", "samples", "--map"]).arg(&map);
    run("georanker locate samples --map demo-output/map.html", &mut locate)?;
    eprintln!("\nThe map is {}: open it in a browser, it needs no network.", map.display());
    eprintln!("The demo builds only what `locate` needs. For every command: cargo build --release");
    Ok(())
}

/// The binary without its optional features.
///
/// Training, LVLMs, Parquet files, the chat client and downloads are most of the compile time, and `locate` with the
/// starter pack needs none of them. The build shares the target directory, so that a later full build compiles only what
/// is missing here and what is not optimised. The binary itself moves to `target/demo`: `target/release/georanker` is never the
/// small one.
fn build() -> anyhow::Result<PathBuf> {
    let name = format!("georanker{}", std::env::consts::EXE_SUFFIX);
    let (built, folder) = (target().join("release").join(&name), target().join("demo"));
    std::fs::create_dir_all(&folder)?;
    // A full binary of an earlier build is put aside and comes back, also when the build fails.
    let aside = folder.join(format!("{name}.full"));
    let full = put_aside(&built, &aside);
    let mut command = cargo();
    command.args(["build", "--release", "--package", "georanker-cli", "--no-default-features"]);
    for package in NOT_OPTIMISED {
        command.arg("--config").arg(format!("profile.release.package.{package}.opt-level=0"));
    }
    let outcome = run("building georanker (release, only what `locate` needs)", &mut command);
    let program = folder.join(&name);
    let moved = outcome.and_then(|()| {
        std::fs::rename(&built, &program).with_context(|| format!("cannot move {}", built.display()))
    });
    if full {
        std::fs::rename(&aside, &built).with_context(|| format!("cannot restore {}", built.display()))?;
    }
    moved.map(|()| program)
}

/// Puts the full binary aside; false if there is none.
///
/// One that lies there already was left by a run that was interrupted. It stays: the binary in its place may be the small
/// one of that run. Should it be a full one that was built since, the older one takes its place until the next build.
fn put_aside(built: &Path, aside: &Path) -> bool {
    aside.exists() || std::fs::rename(built, aside).is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_interrupted_run_does_not_cost_the_full_binary() {
        let folder = std::env::temp_dir().join(format!("xtask-demo-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let (built, aside) = (folder.join("georanker"), folder.join("georanker.full"));
        assert!(!put_aside(&built, &aside), "nothing was built");
        fs::write(&built, "full").expect("a file");
        assert!(put_aside(&built, &aside));
        assert!(!built.exists());
        // The run builds the small one and is interrupted.
        fs::write(&built, "small").expect("a file");
        assert!(put_aside(&built, &aside));
        assert_eq!(fs::read(&aside).expect("a file"), b"full");
        fs::remove_dir_all(&folder).expect("a folder");
    }
}
