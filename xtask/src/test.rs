//! `cargo xtask test`: everything that must hold before a change lands.

use crate::run::{cargo, run};
use crate::setup;

/// Runs all checks.
///
/// # Errors
/// The first check that fails.
pub(crate) fn test(quick: bool) -> anyhow::Result<()> {
    run("formatting", cargo().args(["fmt", "--all", "--check"]))?;
    setup::cargo_tools(quick)?;
    run(
        "lints",
        cargo().args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"]),
    )?;
    let mut tests = cargo();
    tests.args([
        "nextest",
        "run",
        "--workspace",
        "--no-fail-fast",
        "--status-level",
        "fail",
        "--final-status-level",
        "slow",
    ]);
    if !quick {
        run(
            "licences and sources",
            cargo().args(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]),
        )?;
        let cache = setup::cache()?;
        tests.env("GEORANKER_LITE0_DIR", setup::lite0(&cache)?);
        tests.env("GEORANKER_NODE_MODULES", setup::node_modules(&cache)?);
        tests.env("GEORANKER_DATASETS_PYTHON", setup::datasets_python(&cache)?);
        if let Some(python) = setup::chat_python(&cache)? {
            tests.env("GEORANKER_CHAT_PYTHON", python);
        }
        setup::chromium()?;
        tests.env("GEORANKER_REQUIRE_BROWSER", "1");
    }
    run("documentation tests", cargo().args(["test", "--workspace", "--doc", "--quiet"]))?;
    let mut documentation = cargo();
    documentation.args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "--deny warnings");
    run("documentation", &mut documentation)?;
    run("tests", &mut tests)
}
