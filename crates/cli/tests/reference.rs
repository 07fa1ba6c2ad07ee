//! Man pages, completions and the book's list of commands say what the argument parser says.
//!
//! `GEORANKER_BLESS=1` writes them instead of comparing (`cargo xtask reference`). Build with all features: commands that
//! are left out of the binary would be missing from the pages.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use cli::args::Arguments;

/// Columns of the help texts in the book, whatever terminal the test runs in.
const WIDTH: usize = 100;

/// What every page should be, by its path below `docs`.
type Pages = BTreeMap<PathBuf, String>;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The parser, independent of this machine: no values of environment variables in the texts.
fn command() -> Command {
    fn steady(command: Command) -> Command {
        command.mut_args(|argument| argument.hide_env_values(true)).mut_subcommands(steady)
    }
    // The commit is another one each time.
    let plain = Arguments::command().long_version(env!("CARGO_PKG_VERSION"));
    let mut command = steady(plain).term_width(WIDTH).disable_help_subcommand(true);
    command.build();
    command
}

/// A command and all below it that are shown, parents first, with the words that are typed.
fn all(command: &Command, words: &str, found: &mut Vec<(String, Command)>) {
    found.push((words.to_owned(), command.clone()));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
    {
        all(below, &format!("{words} {}", below.get_name()), found);
    }
}

fn pages() -> Pages {
    let mut commands = Vec::new();
    all(&command(), "georanker", &mut commands);
    let mut pages = Pages::new();
    let mut book = String::from(
        "<!-- Written by `cargo xtask reference` from the argument parser. -->\n\n# Command reference\n\n\
         The same texts as `georanker COMMAND --help`. As man pages they are in `docs/man`, and completions for bash, \
         fish and zsh are in `docs/completions`.\n",
    );
    for (words, command) in commands {
        let mut page = Vec::new();
        let source = concat!("georanker ", env!("CARGO_PKG_VERSION"));
        clap_mangen::Man::new(command.clone()).source(source).manual("GeoRanker").render(&mut page).unwrap();
        pages.insert(Path::new("man").join(words.replace(' ', "-") + ".1"), String::from_utf8(page).unwrap());
        let help = command.term_width(WIDTH).render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        write!(book, "\n## {words}\n\n```text\n{}\n```\n", help.join("\n").trim_end()).unwrap();
    }
    pages.insert("src/commands.md".into(), book);
    for shell in [Shell::Bash, Shell::Fish, Shell::Zsh] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Arguments::command(), "georanker", &mut script);
        let name = format!("georanker.{shell}");
        pages.insert(Path::new("completions").join(name), String::from_utf8(script).unwrap());
    }
    pages
}

/// The generated files that are there.
fn present() -> Vec<PathBuf> {
    let mut files = vec![PathBuf::from("src/commands.md")];
    for folder in ["man", "completions"] {
        let entries = std::fs::read_dir(docs().join(folder)).into_iter().flatten();
        files.extend(entries.map(|entry| Path::new(folder).join(entry.unwrap().file_name())));
    }
    files.sort();
    files
}

#[test]
fn the_reference_is_what_the_parser_says() {
    let pages = pages();
    assert!(pages.contains_key(Path::new("man/georanker-gallery-build.1")), "{:?}", pages.keys());
    if std::env::var_os("GEORANKER_BLESS").is_some_and(|value| value == "1") {
        for file in present() {
            let _ = std::fs::remove_file(docs().join(file));
        }
        for (file, text) in &pages {
            std::fs::create_dir_all(docs().join(file).parent().unwrap()).unwrap();
            std::fs::write(docs().join(file), text).unwrap();
        }
    }
    let again = "run `cargo xtask reference` and commit what it writes";
    assert_eq!(present(), pages.keys().cloned().collect::<Vec<_>>(), "{again}");
    for (file, text) in &pages {
        let found = std::fs::read_to_string(docs().join(file)).unwrap();
        // Git may have changed the ends of lines.
        assert!(
            found.replace("\r\n", "\n") == *text,
            "docs/{} differs from the parser: {again}",
            file.display()
        );
    }
}
