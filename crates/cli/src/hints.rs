//! Hints in the words of the command line.
//!
//! Libraries name settings in backticks, by the name they have in every face: "widen `region`". Here such a name becomes
//! the option of the command that runs: "widen --region".

use std::sync::OnceLock;

use clap::Command;

/// Long options of the command that runs.
static OPTIONS: OnceLock<Vec<String>> = OnceLock::new();

/// What options of another part of the pipeline start with in `locate`.
const PREFIXES: [&str; 2] = ["judge-", "generate-"];

/// Remembers the options of the command that runs, given the path to it, such as `gallery build`.
pub(crate) fn remember(root: &Command, path: &[&str]) {
    let mut command = root;
    for name in path {
        let Some(inner) = command.find_subcommand(name) else { break };
        command = inner;
    }
    let options = command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned));
    // A second call in one process keeps the first command's.
    let _ = OPTIONS.set(options.collect());
}

/// A hint with its settings written as options.
pub(crate) fn in_options(hint: &str) -> String {
    translate(hint, OPTIONS.get().map_or(&[], Vec::as_slice))
}

fn translate(hint: &str, options: &[String]) -> String {
    let mut text = String::with_capacity(hint.len() + 8);
    // Odd pieces stand between backticks.
    let pieces: Vec<&str> = hint.split('`').collect();
    for (number, piece) in pieces.iter().enumerate() {
        let quoted = number % 2 == 1 && number + 1 < pieces.len();
        match quoted.then(|| option_of(piece, options)).flatten() {
            Some(option) => {
                text.push_str("--");
                text.push_str(option);
            }
            None if number % 2 == 1 => {
                text.push('`');
                text.push_str(piece);
                if quoted {
                    text.push('`');
                }
            }
            None => text.push_str(piece),
        }
    }
    text
}

/// The option of a setting, if the command has one: names are written with `_` in libraries and `-` here.
fn option_of<'a>(setting: &str, options: &'a [String]) -> Option<&'a String> {
    let name = setting.replace('_', "-");
    let known = |wanted: &str| options.iter().find(|option| *option == wanted);
    known(&name).or_else(|| PREFIXES.iter().find_map(|prefix| known(&format!("{prefix}{name}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_options_and_other_quotes_stay() {
        let options: Vec<String> = ["region", "judge-adapter", "max-pixels"].map(str::to_owned).into();
        let translated = |hint| translate(hint, &options);
        assert_eq!(translated("widen `region`, or nothing"), "widen --region, or nothing");
        assert_eq!(translated("check `adapter`"), "check --judge-adapter");
        assert_eq!(translated("lower `max_pixels`"), "lower --max-pixels");
        assert_eq!(translated("run `georanker packs`, then `x"), "run `georanker packs`, then `x");
        assert_eq!(translated("`region`"), "--region");
        assert_eq!(translate("widen `region`", &[]), "widen `region`");
    }
}
