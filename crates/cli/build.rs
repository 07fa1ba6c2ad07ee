//! Finds out what is built, for `georanker --version`.

use std::process::Command;

/// Those that `build.rs` of the crate lists.
const FEATURES: [&str; 7] = ["avif", "heic", "jxl", "lvlm", "parquet", "pull", "train"];

fn main() {
    println!("cargo:rerun-if-env-changed=GEORANKER_COMMIT");
    println!("cargo:rerun-if-changed=build.rs");
    let named = std::env::var("GEORANKER_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = named.or_else(of_repository).unwrap_or_else(|| "unknown".to_owned());
    let on = |feature: &&str| std::env::var_os(format!("CARGO_FEATURE_{}", feature.to_uppercase())).is_some();
    let features: Vec<&str> = FEATURES.into_iter().filter(|feature| on(feature)).collect();
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    println!("cargo:rustc-env=GEORANKER_COMMIT={commit}");
    println!("cargo:rustc-env=GEORANKER_LONG_VERSION={version} (commit {commit}; features: {features})");
}

fn of_repository() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    };
    // A package that was unpacked inside another repository is not of that repository.
    git(&["ls-files", "--error-unmatch", "Cargo.toml"])?;
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    println!("cargo:rerun-if-changed={log}");
    git(&["rev-parse", "--short=12", "HEAD"])
}
