//! Texts of libraries name settings in backticks, and no options: only front ends know those (docs/design.md, section 3).

use std::path::{Path, PathBuf};

use crate::run::root;

/// Crates that know the names of options.
const FRONT_ENDS: [&str; 1] = ["cli"];

/// What stands for a string literal in a source without its literals and comments.
const LITERAL: char = '\0';

/// String literals of the program as they are written, with their lines; those of tests are left out.
fn literals(source: &str) -> Vec<(usize, &str)> {
    let (code, found) = split(source);
    let mut found = found.into_iter();
    let mut kept = Vec::new();
    let mut rest = code.as_str();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("#[cfg(test)]") { item(rest) } else { first.len_utf8() };
        for _ in rest[..length].matches(LITERAL) {
            let literal = found.next();
            kept.extend(literal.filter(|_| first == LITERAL));
        }
        rest = &rest[length..];
    }
    kept
}

/// The code without comments, with a mark for each string literal, and the literals.
fn split(source: &str) -> (String, Vec<(usize, &str)>) {
    let (mut code, mut literals) = (String::new(), Vec::new());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if let Some(length) = comment(rest) {
            length
        } else if let Some(length) = text(rest) {
            let before = &source[..source.len() - rest.len()];
            literals.push((before.matches('\n').count() + 1, &rest[..length]));
            code.push(LITERAL);
            length
        } else if let Some(length) = character(rest) {
            length
        } else {
            code.push(first);
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    (code, literals)
}

/// The length of the comment that a source starts with.
fn comment(source: &str) -> Option<usize> {
    if source.starts_with("//") {
        return Some(source.find('\n').unwrap_or(source.len()));
    }
    if !source.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0, 0);
    while at < source.len() {
        match &source.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    Some(at)
}

/// The length of the string literal that a source starts with.
fn text(source: &str) -> Option<usize> {
    let raw = source.strip_prefix(['b', 'c']).unwrap_or(source).strip_prefix('r');
    if let Some(raw) = raw {
        let inside = raw.trim_start_matches('#');
        let end = format!("\"{}", &raw[..raw.len() - inside.len()]);
        let inside = inside.strip_prefix('"')?;
        let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
        return Some(source.len() - inside.len() + length);
    }
    let inside = source.strip_prefix('"')?;
    Some(1 + closing(inside, b'"'))
}

/// The length of the character that a source starts with; a lifetime is none.
fn character(source: &str) -> Option<usize> {
    let inside = source.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    let is_character = first == '\\' || inside[first.len_utf8()..].starts_with('\'');
    is_character.then(|| 1 + closing(inside, b'\''))
}

/// What lies before the end of a literal, with its end; a backslash takes the next byte with it.
fn closing(inside: &str, end: u8) -> usize {
    let bytes = inside.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != end {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    bytes.len().min(at + 1)
}

/// The length of the item, with its attributes, that code without literals starts with.
fn item(code: &str) -> usize {
    let mut depth = 0;
    for (at, sign) in code.char_indices() {
        match sign {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth < 0 || depth == 0 && matches!(sign, '}' | ';') {
            return at + 1;
        }
    }
    code.len()
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
    let found: Vec<_> = literals(source).into_iter().filter(|(_, text)| names_an_option(text)).collect();
    let expected =
        [(4, r#""a \" --one""#), (4, r##"r#"b "--two""#"##), (4, r#""\n--three""#), (12, "\"ls --four\"")];
    assert_eq!(found, expected);
}
