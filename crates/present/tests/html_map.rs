//! Uses the HTML map in a real browser.
//!
//! Needs `node`, a Chromium (`GEORANKER_CHROMIUM`, or `chromium` / `chromium-browser` / `google-chrome` on the
//! `PATH`), and the folder named by `GEORANKER_NODE_MODULES`, in which `npm install playwright-core axe-core`
//! was run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use present::{Format, Settings, writer};

#[allow(dead_code, reason = "shared with the other tests")]
mod samples;

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

struct Tools {
    node: PathBuf,
    chromium: PathBuf,
    modules: PathBuf,
}

fn tools() -> Result<Tools, &'static str> {
    let modules =
        PathBuf::from(env::var_os("GEORANKER_NODE_MODULES").ok_or("GEORANKER_NODE_MODULES is not set")?);
    for package in ["playwright-core", "axe-core"] {
        if !modules.join("node_modules").join(package).is_dir() {
            return Err("GEORANKER_NODE_MODULES has no node_modules with playwright-core and axe-core");
        }
    }
    let chromium = env::var_os("GEORANKER_CHROMIUM")
        .map(PathBuf::from)
        .or_else(|| on_path(&["chromium", "chromium-browser", "google-chrome"]))
        .ok_or("there is no chromium")?;
    Ok(Tools { node: on_path(&["node"]).ok_or("there is no node")?, chromium, modules })
}

#[test]
#[ignore = "needs Node, Chromium, playwright-core and axe-core: cargo xtask test sets them up"]
fn the_map_works_in_a_browser() {
    let tools = tools().expect("the programs of this test");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let page = folder.path().join("map.html");
    let mut html = Vec::new();
    let mut out = writer(Format::Html, Settings::new(&samples::DrawnThumbnails), &mut html);
    out.begin().unwrap();
    for result in samples::all() {
        out.photo(&result).unwrap();
    }
    out.finish().unwrap();
    drop(out);
    fs::write(&page, html).unwrap();
    let status = Command::new(tools.node)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/html_map.mjs"))
        .arg(&page)
        .env("GEORANKER_NODE_MODULES", &tools.modules)
        .env("GEORANKER_CHROMIUM", &tools.chromium)
        .status()
        .expect("node starts");
    assert!(status.success(), "see the browser test's output above");
}
