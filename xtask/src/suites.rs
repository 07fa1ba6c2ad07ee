//! What the tests took, by crate, out of the report of `cargo nextest`.
//!
//! The report is XML in `JUnit`'s form. Few attributes of two elements are needed, so they are cut out by hand: this crate
//! is compiled before every task, and an XML parser would be half of it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};

/// The tests of one crate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Suite {
    tests: usize,
    /// Sum over the tests, which run beside each other.
    seconds: f64,
}

/// Prints tests and seconds of each crate, slowest first.
///
/// # Errors
/// The report is missing or has no test suites.
pub(crate) fn print_times(report: &Path) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(report).with_context(|| format!("cannot read {}", report.display()))?;
    let mut suites: Vec<(String, Suite)> = by_crate(&text).into_iter().collect();
    if suites.is_empty() {
        bail!("{}: no test suites", report.display());
    }
    suites.sort_by(|(_, left), (_, right)| right.seconds.total_cmp(&left.seconds));
    eprintln!("\n{:<24}{:>8}{:>12}", "crate", "tests", "seconds");
    for (name, suite) in &suites {
        eprintln!("{name:<24}{:>8}{:>12.1}", suite.tests, suite.seconds);
    }
    let tests: usize = suites.iter().map(|(_, suite)| suite.tests).sum();
    let seconds: f64 = suites.iter().map(|(_, suite)| suite.seconds).sum();
    eprintln!("{:<24}{tests:>8}{seconds:>12.1}", "all");
    Ok(())
}

/// Adds up the suites of each crate; a suite is called `crate` or `crate::binary`.
fn by_crate(report: &str) -> BTreeMap<String, Suite> {
    let mut crates = BTreeMap::<String, Suite>::new();
    let mut suite = "";
    for tag in report.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        if let Some(attributes) = tag.strip_prefix("testsuite ") {
            let name = attribute(attributes, "name").unwrap_or_default();
            suite = name.split("::").next().unwrap_or_default();
            crates.entry(suite.to_owned()).or_default().tests +=
                attribute(attributes, "tests").and_then(|number| number.parse().ok()).unwrap_or(0);
        } else if let Some(attributes) = tag.strip_prefix("testcase ") {
            crates.entry(suite.to_owned()).or_default().seconds +=
                attribute(attributes, "time").and_then(|number| number.parse().ok()).unwrap_or(0.0);
        }
    }
    crates
}

/// The value of ` name="value"`.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let start =
        if tag.starts_with(&format!("{name}=\"")) { 0 } else { tag.find(&format!(" {name}=\""))? + 1 };
    tag[start + name.len() + 2..].split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_of_one_crate_are_added() {
        let report = r#"<?xml version="1.0"?>
            <testsuites name="nextest-run" tests="3" time="9.0">
              <testsuite name="georanker-geo" tests="1" disabled="0" errors="0" failures="0">
                <testcase name="distance::tests::one" classname="georanker-geo" timestamp="2026" time="0.5"></testcase>
              </testsuite>
              <testsuite name="georanker-geo::metrics" tests="2" disabled="0" errors="0" failures="1">
                <testcase name="two" classname="georanker-geo::metrics" time="1.25"/>
                <testcase name="three" classname="georanker-geo::metrics" time="0.25"><failure message="a &lt; b"/></testcase>
              </testsuite>
            </testsuites>"#;
        let crates = by_crate(report);
        assert_eq!(crates["georanker-geo"], Suite { tests: 3, seconds: 2.0 });
        assert_eq!(crates.len(), 1);
    }
}
