//! Intermediate results kept between runs: recomputing them gives the same bytes, only later.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// The numbers stored under `name` and `key` in the directory, or those that `compute` gives.
///
/// # Errors
/// Those of `compute`, or of writing the cache.
pub(crate) fn cached(
    directory: Option<&Path>,
    name: &str,
    key: &str,
    compute: impl FnOnce() -> anyhow::Result<Vec<f32>>,
) -> anyhow::Result<Vec<f32>> {
    let Some(directory) = directory else { return compute() };
    let path = directory.join(format!("{name}-{}.f32", &key[..16.min(key.len())]));
    if let Ok(bytes) = fs::read(&path) {
        return Ok(bytemuck::pod_collect_to_vec(&bytes));
    }
    let values = compute()?;
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    // Half a file would be taken for all of it.
    files::write_atomic(&path, bytemuck::cast_slice::<f32, u8>(&values))
        .with_context(|| path.display().to_string())?;
    Ok(values)
}
