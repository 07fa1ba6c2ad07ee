//! Tasks of the project: `cargo xtask demo`, `test`, `book`, `reference`, `package`, `pack starter`,
//! `peft`, `learnbench`, `fuzz`.
//!
//! Light on purpose: it is compiled before every task, and before the first answer of a fresh clone. So there are no
//! derived argument parsers here (their macros took three quarters of the compile time), and heavy work is in programs of
//! the workspace that it runs.
#![forbid(unsafe_code)]

mod book;
mod demo;
mod fuzz;
mod learnbench;
#[cfg(test)]
mod library_texts;
mod links;
mod pack;
mod package;
mod peft;
mod reference;
mod run;
mod setup;
mod suites;
mod test;

use clap::{Arg, ArgAction, ArgMatches, Command};

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

fn task(name: &'static str, about: &'static str) -> Command {
    Command::new(name).about(about)
}

/// All tasks and their options.
fn command() -> Command {
    Command::new("cargo xtask")
        .about("Tasks of the project")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(task("demo", "Locate the sample photos: print the table and write an HTML map beside it"))
        .subcommand(
            task("test", "Check formatting, lints, licences, links and the book, and run all tests; install what they need")
                .arg(flag("quick", "Leave out what needs installed programs (Chromium, Node, Python, mdBook): for use while editing")),
        )
        .subcommand(task("book", "Check the links of all pages and build the manual into target/book"))
        .subcommand(task("reference", "Write man pages, completions and the list of commands from the argument parser"))
        .subcommand(
            task("package", "Pack every publishable crate, as for a registry")
                .arg(flag("verify", "Also compile each crate out of its package: takes long")),
        )
        .subcommand(
            task("pack", "Rebuild a model pack from the repository's data")
                .arg(Arg::new("name").required(true).value_parser(["starter"]).help("The pack's name")),
        )
        .subcommand(task("peft", "Check that PEFT reads the adapters we save; fetch PyTorch once"))
        .subcommand(
            task("fuzz", "Fuzz the readers of files and answers; print executions and finds")
                .arg(
                    Arg::new("seconds")
                        .long("seconds")
                        .default_value("60")
                        .value_parser(clap::value_parser!(u64))
                        .help("Longest time per target"),
                )
                .arg(
                    Arg::new("runs")
                        .long("runs")
                        .default_value("10000000")
                        .value_parser(clap::value_parser!(u64))
                        .help("Most executions per target"),
                )
                .arg(Arg::new("targets").action(ArgAction::Append).value_name("TARGET").help("Only these targets")),
        )
        .subcommand(
            task("learnbench", "Train both rankers on the test bed without photos; write benches/runs/DATE-learnbench.md")
                .arg(flag("quick", "One seed and few steps: print the table and write no page"))
                .arg(
                    Arg::new("rankers")
                        .long("rankers")
                        .action(ArgAction::Append)
                        .value_delimiter(',')
                        .value_parser(["set", "vlm"])
                        .default_values(["set", "vlm"])
                        .help("Only these rankers"),
                ),
        )
}

fn main() -> anyhow::Result<()> {
    let matches = command().get_matches();
    let Some((name, options)) = matches.subcommand() else { return Ok(()) };
    match name {
        "demo" => demo::demo(),
        "test" => test::test(options.get_flag("quick")),
        "book" => links::check().and_then(|()| book::book()).map(drop),
        "reference" => reference::reference(),
        "package" => package::package(options.get_flag("verify")),
        "pack" => pack::build(text(options, "name")),
        "peft" => peft::peft(),
        "fuzz" => {
            let targets = options.get_many("targets").into_iter().flatten().cloned().collect::<Vec<String>>();
            let number = |name| options.get_one::<u64>(name).copied().unwrap_or_default();
            fuzz::fuzz(&targets, number("seconds"), number("runs"))
        }
        _ => {
            let rankers = options.get_many("rankers").into_iter().flatten().cloned().collect::<Vec<String>>();
            learnbench::learnbench(options.get_flag("quick"), &rankers)
        }
    }
}

/// An option that has a value always, given or by default.
fn text<'a>(options: &'a ArgMatches, name: &str) -> &'a str {
    options.get_one::<String>(name).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_and_options_are_read() {
        command().debug_assert();
        let matches = command().get_matches_from(["xtask", "learnbench", "--quick", "--rankers", "set"]);
        let (name, options) = matches.subcommand().expect("a task");
        assert_eq!((name, options.get_flag("quick")), ("learnbench", true));
        assert_eq!(options.get_many::<String>("rankers").expect("rankers").collect::<Vec<_>>(), ["set"]);
        assert!(command().try_get_matches_from(["xtask", "pack", "other"]).is_err());
        assert!(command().try_get_matches_from(["xtask", "serve"]).is_err());
    }
}
