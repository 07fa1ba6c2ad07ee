//! `cargo xtask demo`: the main job on real photos.

use crate::run::{cargo, root, run};

/// Builds the binary, locates the sample photos and writes the map.
///
/// # Errors
/// A build or a run that fails.
pub(crate) fn demo() -> anyhow::Result<()> {
    run("building georanker (release)", cargo().args(["build", "--release", "--package", "georanker-cli"]))?;
    let out = root().join("demo-output");
    std::fs::create_dir_all(&out)?;
    let map = out.join("map.html");
    let mut locate = cargo();
    locate.args(["run", "--quiet", "--release", "--package", "georanker-cli", "--", "locate", "samples"]);
    locate.arg("--map").arg(&map);
    run("georanker locate samples --map demo-output/map.html", &mut locate)?;
    eprintln!("\nThe map is in {}: open it in a browser, it needs no network.", map.display());
    Ok(())
}
