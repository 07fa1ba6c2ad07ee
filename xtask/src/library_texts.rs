//! Texts of libraries name settings in backticks, and no options: only front ends know those (docs/design.md, section 3).

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::run::root;

/// Crates that know the names of options.
const FRONT_ENDS: [&str; 1] = ["cli"];

/// Literals of the program as they are written, with their lines; those of documentation and tests are left out.
fn literals(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    collect(source.parse().expect("a source that compiles"), &mut found);
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<(usize, String)>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Literal(literal) => found.push((literal.span().start().line, literal.to_string())),
            TokenTree::Group(group) => collect(group.stream(), found),
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                if tokens
                    .peek()
                    .is_some_and(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '!'))
                {
                    tokens.next();
                }
                let Some(TokenTree::Group(attribute)) = tokens.peek() else { continue };
                let text = attribute.stream().to_string();
                if text.starts_with("doc ") {
                    tokens.next();
                } else if text.replace(' ', "") == "cfg(test)" {
                    tokens.find(ends_an_item);
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

fn ends_an_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(sign) => sign.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    }
}

/// Whether a text names an option, such as `--name`.
fn names_an_option(text: &str) -> bool {
    let text = text.replace("\\n", "\n");
    text.match_indices("--").any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + 2..].chars().next();
        !before.is_some_and(|sign| sign.is_alphanumeric() || "-_".contains(sign))
            && after.is_some_and(|sign| sign.is_ascii_lowercase())
    })
}

/// Sources below a folder, without those of tests.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder of sources");
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn texts_of_libraries_name_no_options() {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).expect("the crates") {
        let folder = entry.expect("a crate").path();
        if !FRONT_ENDS.iter().any(|name| folder.ends_with(name)) && folder.join("src").is_dir() {
            sources(&folder.join("src"), &mut files);
        }
    }
    assert!(files.len() > 100, "{} sources are not all of them", files.len());
    let mut found = Vec::new();
    for file in files {
        let source = std::fs::read_to_string(&file).expect("a source");
        let named = literals(&source).into_iter().filter(|(_, text)| names_an_option(text));
        found.extend(named.map(|(line, text)| format!("{}:{line}: {text}", file.display())));
    }
    assert!(
        found.is_empty(),
        "options in texts of libraries; name the setting in backticks, the command line makes an option of it:\n{}",
        found.join("\n")
    );
}

#[allow(clippy::needless_raw_string_hashes, reason = "the text holds a quote and a hash")]
#[test]
fn only_texts_of_the_program_count() {
    let source = r##"
        /// Not "--this", and not
        /* "--that" /* "--inner" */ "--nor-that" */
        fn one<'a>(it: &'a str) { let (quote, tick) = ('"', '\''); two("a \" --one", r#"b "--two""#, b"\n--three") }
        #[cfg(test)]
        mod tests {
            #[test]
            fn a_test() { three("} --not"); }
        }
        #[cfg(test)]
        const OTHER: [&str; 1] = ["--not"];
        const AFTER: &str = "ls --four";
        const NONE: &str = "models--org, a---b, -- x, --UPPER";
    "##;
    let found = literals(source).into_iter().filter(|(_, text)| names_an_option(text));
    let found: Vec<_> = found.collect();
    let expected =
        [(4, r#""a \" --one""#), (4, r##"r#"b "--two""#"##), (4, r#"b"\n--three""#), (12, "\"ls --four\"")]
            .map(|(line, text)| (line, text.to_owned()));
    assert_eq!(found, expected);
}
