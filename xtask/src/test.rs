//! `cargo xtask test`: everything that must hold before a change lands.

use crate::run::{cargo, output, root, run};
use crate::{book, links, setup, suites};

/// Tests that are ignored and stay so, in nextest's filter language: PEFT needs PyTorch (`cargo xtask peft`), one encodes
/// 100,000 locations, one network has not been tried on so small a bed, and one is a process that another test kills.
const APART: &str = "binary(lora_python) | test(whole_gallery_has_the_same_five_best) | test(the_tiny_lvlm_learns) \
                     | test(child_adds_photos)";

/// Needs a package that is built for Linux on x86-64 only.
const CHAT: &str = "test(a_real_model_is_asked)";

/// Runs all checks.
///
/// # Errors
/// The first check that fails.
pub(crate) fn test(quick: bool) -> anyhow::Result<()> {
    run("formatting", cargo().args(["fmt", "--all", "--check"]))?;
    links::check()?;
    setup::cargo_tools(quick)?;
    run(
        "lints",
        cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"]),
    )?;
    // What `cargo xtask demo` builds: the workspace's own build turns every feature on.
    let mut plain = cargo();
    plain.args(["clippy", "--package", "georanker-cli", "--no-default-features", "--quiet"]);
    run("lints without optional features", plain.args(["--", "--deny", "warnings"]))?;
    if !quick {
        run(
            "licences and sources",
            cargo().args(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]),
        )?;
        book::book()?;
    }
    run("documentation tests", cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
    let mut documentation = cargo();
    documentation.args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "--deny warnings");
    run("documentation", &mut documentation)?;
    tests(quick)
}

/// All tests, the seconds of each crate, and what was skipped.
///
/// A test that needs a program or a download is `#[ignore]`d with a reason. The full run sets these things up and runs it;
/// in a quick run it counts as skipped, not as passed.
fn tests(quick: bool) -> anyhow::Result<()> {
    let mut tests = cargo();
    tests.args(["nextest", "run", "--workspace", "--profile", "ci"]);
    let skipped = if quick {
        Some(format!("not ({APART})"))
    } else {
        let cache = setup::cache()?;
        tests.env("GEORANKER_LITE0_DIR", setup::lite0(&cache)?);
        tests.env("GEORANKER_NODE_MODULES", setup::node_modules(&cache)?);
        tests.env("GEORANKER_DATASETS_PYTHON", setup::datasets_python(&cache)?);
        setup::chromium()?;
        let chat = setup::chat_python(&cache)?;
        let skipped = chat.is_none().then(|| CHAT.to_owned());
        tests.envs(chat.map(|python| ("GEORANKER_CHAT_PYTHON", python)));
        let left_out = skipped.as_ref().map_or_else(|| APART.to_owned(), |chat| format!("{APART} | {chat}"));
        tests.args(["--run-ignored", "all", "--filterset", &format!("not ({left_out})")]);
        skipped
    };
    // nextest keeps its files in the target directory of the repository, wherever builds go.
    let report = root().join("target/nextest/ci/junit.xml");
    // An old report must not pass for that of a run that did not start.
    let _ = std::fs::remove_file(&report);
    let outcome = run("tests", &mut tests);
    if report.is_file() {
        suites::print_times(&report)?;
    }
    outcome?;
    print_skipped(skipped.as_deref())
}

/// Says which ignored tests were skipped because something is missing.
fn print_skipped(filter: Option<&str>) -> anyhow::Result<()> {
    let names = if let Some(filter) = filter {
        let mut list = cargo();
        list.args(["nextest", "list", "--workspace", "--run-ignored", "only", "--message-format", "oneline"]);
        output("the list of skipped tests", list.args(["--filterset", filter]))?
    } else {
        String::new()
    };
    eprintln!("\nSkipped because something is missing: {} tests", names.lines().count());
    for name in names.lines() {
        eprintln!("  {name}");
    }
    Ok(())
}
