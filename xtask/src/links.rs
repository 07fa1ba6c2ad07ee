//! Are there broken links in the repository's pages?
//!
//! Written here because the tools at hand do not fit. `mdbook-linkcheck` and its successor read a book through `mdbook`
//! and know nothing of README, CONTRIBUTING and the pages beside data and benches, which are half of ours. `lychee` reads
//! any file, but is several hundred crates around an HTTP client, and this check must work without a network. What is
//! needed is small: relative paths, headings, and that a page of the book links to nothing outside it, where the rendered
//! book would have a hole. Addresses on the network are not followed.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};

use crate::run::root;

/// Folders without pages of ours.
const PASSED_OVER: [&str; 4] = ["target", "node_modules", "demo-output", "__pycache__"];

/// The book's pages.
const BOOK: &str = "docs/src";

/// Checks every Markdown file, and every path of a page that the code names.
///
/// # Errors
/// Broken links, each named with its file and line.
pub(crate) fn check() -> anyhow::Result<()> {
    let root = root();
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    let mut pages = BTreeMap::new();
    let mut problems = Vec::new();
    for file in &files {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(&root).unwrap_or(file).to_owned();
        if !names_other_files(&name) {
            problems.extend(missing_pages(&root, &name, &text));
        }
        if name.extension().is_some_and(|ending| ending == "md") {
            pages.insert(name, text);
        }
    }
    for (name, text) in &pages {
        problems.extend(broken_links(&|path| root.join(path).exists(), name, text, &pages));
    }
    problems.extend(unlisted(&pages));
    if !problems.is_empty() {
        bail!("broken links:\n  {}", problems.join("\n  "));
    }
    eprintln!("\n== links of {} pages: none is broken", pages.len());
    Ok(())
}

/// Whether a page names files that need not be here: dated records, those of their day, and the credits of photos, those of
/// the photos' repositories.
fn names_other_files(name: &Path) -> bool {
    let is_credits = name.to_str().is_some_and(|name| name.starts_with("data/geophotos/LICENSES-"));
    is_credits || name.starts_with("benches/runs")
}

/// Markdown, Rust and TOML files below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or(".");
        if name.starts_with('.') || PASSED_OVER.contains(&name) {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|ending| ["md", "rs", "toml"].iter().any(|known| ending == *known))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// Pages that a text names by their path from the root, such as `docs/design.md`, and that are not there.
fn missing_pages(root: &Path, name: &Path, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (start, _) in line.match_indices("docs/") {
            if line[..start].ends_with(|before: char| before.is_alphanumeric() || "/._-".contains(before)) {
                continue;
            }
            let path: String = line[start..]
                .chars()
                .take_while(|&letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter))
                .collect();
            let path = path.trim_end_matches('.');
            let is_page = Path::new(path).extension().is_some_and(|ending| ending == "md");
            if is_page && !root.join(path).is_file() {
                problems.push(format!("{}:{}: {path} is missing", name.display(), number + 1));
            }
        }
    }
    problems
}

/// The broken links of one page.
fn broken_links(
    exists: &dyn Fn(&Path) -> bool,
    name: &Path,
    text: &str,
    pages: &BTreeMap<PathBuf, String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    for (line, target) in links(text) {
        let mut problem = |what: &str| problems.push(format!("{}:{line}: {target}: {what}", name.display()));
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, anchor) =
            target.split_once('#').map_or((target.as_str(), None), |(path, anchor)| (path, Some(anchor)));
        let file =
            if path.is_empty() { name.to_owned() } else { normal(&name.parent().unwrap_or(name).join(path)) };
        if !exists(&file) {
            problem("the file does not exist");
        } else if name.starts_with(BOOK) && !file.starts_with(BOOK) {
            problem("is outside the book: name the file instead of linking to it");
        } else if let Some(anchor) = anchor
            && !pages.get(&file).is_some_and(|text| anchors(text).iter().any(|known| known == anchor))
        {
            problem("the heading does not exist");
        }
    }
    problems
}

/// Pages of the book that its table of contents leaves out: they would not be rendered.
fn unlisted(pages: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let summary = Path::new(BOOK).join("SUMMARY.md");
    let listed: Vec<PathBuf> = pages
        .get(&summary)
        .map(|text| {
            links(text).into_iter().map(|(_, target)| normal(&Path::new(BOOK).join(target))).collect()
        })
        .unwrap_or_default();
    let of_the_book = pages.keys().filter(|name| name.starts_with(BOOK) && **name != summary);
    of_the_book
        .filter(|name| !listed.contains(name))
        .map(|name| format!("{}: is not in {}", name.display(), summary.display()))
        .collect()
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// Targets of inline links, images and reference definitions, with their lines; code is passed over.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let mut rest = line.as_str();
        while let Some(start) = rest.find("](") {
            rest = &rest[start + 2..];
            let Some(end) = rest.find(')') else { break };
            // A title may follow the target.
            found.extend(rest[..end].split_whitespace().next().map(|target| (number, target.to_owned())));
            rest = &rest[end..];
        }
        let definition = line.strip_prefix('[').and_then(|line| line.split_once("]: "));
        found.extend(definition.map(|(_, target)| (number, target.trim().to_owned())));
    }
    found
}

/// The names under which a page's headings can be linked to.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut times = BTreeMap::<String, usize>::new();
    for (_, line) in prose_with_code(text) {
        let Some(heading) = line.strip_prefix('#').map(|line| line.trim_start_matches('#')) else { continue };
        let Some(heading) = heading.strip_prefix(' ') else { continue };
        let anchor: String = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter_map(|letter| match letter {
                ' ' => Some('-'),
                '-' | '_' => Some(letter),
                _ if letter.is_alphanumeric() => Some(letter),
                _ => None,
            })
            .collect();
        let before = times.entry(anchor.clone()).or_default();
        anchors.push(if *before == 0 { anchor } else { format!("{anchor}-{before}") });
        *before += 1;
    }
    anchors
}

/// Numbered lines outside fenced blocks.
fn prose_with_code(text: &str) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            lines.push((number + 1, line));
        }
    }
    lines
}

/// The same without code spans.
fn prose(text: &str) -> Vec<(usize, String)> {
    let without_code = |line: &str| line.split('`').step_by(2).collect::<Vec<_>>().join("code");
    prose_with_code(text).into_iter().map(|(number, line)| (number, without_code(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_code() {
        let text = "See [a](a.md) and ![b](b.png \"title\"), not `[c](c.md)`.\n```\n[d](d.md)\n```\n[e]: e.md#part\n";
        let found: Vec<_> =
            links(text).into_iter().map(|(line, target)| format!("{line} {target}")).collect();
        assert_eq!(found, ["1 a.md", "1 b.png", "5 e.md#part"]);
    }

    #[test]
    fn headings_have_the_names_that_links_use() {
        let text = "# One `two`: three\n\n## What `--budget` holds, and what it does not\n\n# Again\n# Again\n```\n# no\n```\n";
        let expected = ["one-two-three", "what---budget-holds-and-what-it-does-not", "again", "again-1"];
        assert_eq!(anchors(text), expected);
    }

    #[test]
    fn broken_links_are_named() {
        let page = Path::new(BOOK).join("page.md");
        let text = "[ok](#here) [gone](gone.md) [out](../../README.md) [heading](#there)\n# Here\n";
        let pages = BTreeMap::from([(page.clone(), text.to_owned())]);
        let exists = |path: &Path| path == page || path == Path::new("README.md");
        let expected = [
            "1: gone.md: the file does not exist",
            "1: ../../README.md: is outside the book: name the file instead of linking to it",
            "1: #there: the heading does not exist",
        ];
        let expected = expected.map(|problem| format!("{BOOK}/page.md:{problem}"));
        assert_eq!(broken_links(&exists, &page, text, &pages), expected);
        assert_eq!(unlisted(&pages), [format!("{BOOK}/page.md: is not in {BOOK}/SUMMARY.md")]);
        assert_eq!(missing_pages(Path::new(BOOK), &page, &["see `docs", "/no.md`."].concat()).len(), 1);
    }
}
