//! Checkpoints in several files: which of them a cache lacks.
//!
//! Offline, the contents of a repository are unknown. What a download that was broken off left looks complete, unless the names
//! that are there tell of others.

use std::fs;
use std::path::Path;

/// Longest list of missing names: an error message is not an inventory.
const LISTED: usize = 20;

/// Shards that an index of `paths` names, or that a name as `model-00001-of-00003.safetensors` tells of, and that are not
/// among `paths`; sorted.
pub(super) fn missing(snapshot: &Path, paths: &[String]) -> Vec<String> {
    let indexed = paths.iter().filter(|path| path.ends_with(".safetensors.index.json")).flat_map(|path| {
        // The index names its shards from its own folder on.
        let folder = path.rfind('/').map_or("", |end| &path[..=end]);
        let shards = shards_of(&snapshot.join(path)).into_iter();
        shards.map(move |shard| format!("{folder}{shard}"))
    });
    let mut missing: Vec<String> = indexed.filter(|shard| !paths.contains(shard)).collect();
    for path in paths {
        let all = siblings(path).into_iter().flatten();
        missing.extend(all.filter(|shard| !paths.contains(shard)).take(LISTED));
    }
    missing.sort();
    missing.dedup();
    missing.truncate(LISTED);
    missing
}

/// The files that an index of weights names; none where it cannot be read, which the checksum finds.
fn shards_of(index: &Path) -> Vec<String> {
    let read = || {
        let json: serde_json::Value = serde_json::from_slice(&fs::read(index).ok()?).ok()?;
        let names = json.get("weight_map")?.as_object()?.values();
        let mut names: Vec<String> = names.filter_map(|name| name.as_str().map(ToOwned::to_owned)).collect();
        names.sort();
        names.dedup();
        Some(names)
    };
    read().unwrap_or_default()
}

/// All M names of the checkpoint to which `...-N-of-M.EXTENSION` belongs.
fn siblings(path: &str) -> Option<impl Iterator<Item = String>> {
    let (stem, extension) = path.rsplit_once('.')?;
    let (rest, count) = stem.rsplit_once("-of-")?;
    let (start, number) = rest.rsplit_once('-')?;
    let width = count.len();
    let digits = |text: &str| text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(count) || !digits(number) {
        return None;
    }
    let total: u32 = count.parse().ok()?;
    Some((1..=total).map(move |number| format!("{start}-{number:0width$}-of-{count}.{extension}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_of_the_others() {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let nowhere = Path::new("nowhere");
        let two = ["config.json", "a/model-00001-of-00003.safetensors", "a/model-00003-of-00003.safetensors"];
        assert_eq!(missing(nowhere, &owned(&two)), ["a/model-00002-of-00003.safetensors"]);
        let whole = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "x-of-y.json"];
        assert!(missing(nowhere, &owned(&whole)).is_empty());
        // Numbers of another width are not such names; a count beyond all sense costs nothing.
        assert!(missing(nowhere, &owned(&["model-1-of-00002.bin", "one-of-2.json"])).is_empty());
        assert_eq!(missing(nowhere, &owned(&["m-4000000000-of-4000000000.bin"])).len(), LISTED);
    }

    #[test]
    fn an_index_names_shards_from_its_folder_on() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("sub")).unwrap();
        let index = "sub/model.safetensors.index.json";
        fs::write(
            directory.path().join(index),
            r#"{"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}"#,
        )
        .unwrap();
        let paths = [index, "sub/one.safetensors", "two.safetensors"].map(ToOwned::to_owned);
        assert_eq!(missing(directory.path(), &paths), ["sub/two.safetensors"]);
    }
}
