//! `cargo xtask fuzz`: libFuzzer over the readers of what strangers wrote.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

use crate::run::{output, root, run, target};

/// A toolchain that can count which code an input reaches.
const NIGHTLY: &str = "nightly";

/// Memory that one input may take, MiB; without a limit a find would take the machine down.
const MEMORY: u32 = 2048;

/// What a run of one target gave.
struct Outcome {
    seconds: f64,
    executions: u64,
    edges: u64,
    corpus: u64,
    found: bool,
}

/// Runs targets, all if none is named, one after the other.
///
/// Inputs that reach new code stay in `fuzz/corpus` of the target directory and are used by the next run; an input that
/// breaks a target is kept beside them, in `fuzz/finds`.
///
/// # Errors
/// What cannot be installed or built, and targets that broke.
#[allow(clippy::print_stdout, reason = "the table is the result")]
pub(crate) fn fuzz(targets: &[String], seconds: u64, runs: u64) -> anyhow::Result<()> {
    tools()?;
    let known = fs::read_dir(root().join("fuzz/corpus"))?;
    let mut known: Vec<String> = known
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<_>>()?;
    known.sort();
    if let Some(other) = targets.iter().find(|target| !known.contains(target)) {
        bail!("unknown target {other}; the targets are {}", known.join(", "));
    }
    run("fuzz targets", &mut cargo_fuzz("build"))?;
    let mut rows = Vec::new();
    for name in if targets.is_empty() { &known } else { targets } {
        rows.push((name, fuzz_one(name, seconds, runs)?));
    }
    println!("| target | seconds | executions | per second | edges | corpus | finds |");
    println!("|---|---|---|---|---|---|---|");
    for (name, outcome) in &rows {
        let Outcome { seconds, executions, edges, corpus, found } = outcome;
        let rate = *executions as f64 / seconds.max(1e-3);
        let finds = if *found { "stopped at one" } else { "none" };
        println!("| {name} | {seconds:.0} | {executions} | {rate:.0} | {edges} | {corpus} | {finds} |");
    }
    match rows.iter().filter(|(_, outcome)| outcome.found).count() {
        0 => Ok(()),
        found => bail!("{found} targets broke: the inputs are in {}", finds_of("").display()),
    }
}

fn cargo_fuzz(task: &str) -> Command {
    let mut command = Command::new("cargo");
    // This program was started by a cargo of another toolchain, which would pass itself on.
    command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN").current_dir(root());
    command.arg(format!("+{NIGHTLY}")).args(["fuzz", task, "--fuzz-dir", "fuzz", "--features", "libfuzzer"]);
    // As the product is built: with debug assertions and address checks a photo takes seconds, and some formats minutes.
    command.args(["-O", "--sanitizer", "none"]);
    // Apart from other builds: nothing of them can be used.
    command.env("CARGO_TARGET_DIR", target().join("fuzz"));
    command
}

fn finds_of(name: &str) -> PathBuf {
    target().join("fuzz").join("finds").join(name)
}

fn fuzz_one(name: &str, seconds: u64, runs: u64) -> anyhow::Result<Outcome> {
    let (kept, finds) = (target().join("fuzz").join("corpus").join(name), finds_of(name));
    fs::create_dir_all(&kept)?;
    fs::create_dir_all(&finds)?;
    let known_finds = fs::read_dir(&finds)?.count();
    let mut command = cargo_fuzz("run");
    command.arg(name).arg("--").arg(&kept).arg(root().join("fuzz/corpus").join(name));
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-runs={runs}"));
    command.arg(format!("-artifact_prefix={}/", finds.display())).arg(format!("-rss_limit_mb={MEMORY}"));
    command.args(["-timeout=20", "-print_final_stats=1"]);
    eprintln!("\n== fuzzing {name}");
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cargo fuzz does not start")?;
    let mut outcome = Outcome { seconds: 0.0, executions: 0, edges: 0, corpus: 0, found: false };
    let stderr = child.stderr.take().context("its messages")?;
    for line in BufReader::new(stderr).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        read_status(&line, &mut outcome);
        // Everything but the many lines about progress.
        if !line.starts_with('#') || line.contains("pulse") {
            eprintln!("{line}");
        }
    }
    let status = child.wait()?;
    outcome.found = fs::read_dir(&finds)?.count() > known_finds;
    if !status.success() && !outcome.found {
        bail!("fuzzing {name} failed ({status})");
    }
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

/// `#123 NEW cov: 45 ft: 67 corp: 8/90b ...`, and the statistics at the end.
fn read_status(line: &str, outcome: &mut Outcome) {
    let after = |word: &str| {
        let rest = line.split_once(word)?.1.trim_start();
        rest.split(|one: char| !one.is_ascii_digit()).next()?.parse().ok()
    };
    if line.starts_with('#') {
        outcome.executions = after("#").unwrap_or(outcome.executions);
        outcome.edges = after("cov:").unwrap_or(outcome.edges);
        outcome.corpus = after("corp:").unwrap_or(outcome.corpus);
    }
    if let Some(executions) = after("stat::number_of_executed_units:") {
        outcome.executions = executions;
    }
}

/// The toolchain and cargo-fuzz, installed where they are missing.
fn tools() -> anyhow::Result<()> {
    let has = |command: &mut Command| output("", command).is_ok();
    if !has(Command::new("rustup").args(["run", NIGHTLY, "rustc", "--version"])) {
        let mut install = Command::new("rustup");
        run("a nightly toolchain", install.args(["toolchain", "install", NIGHTLY, "--profile", "minimal"]))?;
    }
    if !has(Command::new("cargo").args(["fuzz", "--version"])) {
        run("cargo-fuzz", Command::new("cargo").args(["install", "--locked", "cargo-fuzz"]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_libfuzzer_are_read() {
        let mut outcome = Outcome { seconds: 0.0, executions: 0, edges: 0, corpus: 0, found: false };
        read_status("#2048\tNEW    cov: 981 ft: 1200 corp: 34/2Kb lim: 4096 exec/s: 12", &mut outcome);
        assert_eq!((outcome.executions, outcome.edges, outcome.corpus), (2048, 981, 34));
        read_status("stat::number_of_executed_units: 5000", &mut outcome);
        assert_eq!(outcome.executions, 5000);
        read_status("INFO: seed corpus: files: 3", &mut outcome);
        assert_eq!((outcome.executions, outcome.edges), (5000, 981));
    }
}
