//! The official release of GeoCLIP in safetensors: `config.json`, `model.safetensors` and a list of coordinates.

use std::path::Path;

use serde::Deserialize;

use super::hub::is_inside;

/// The kind of release that holds both networks.
const MODEL_TYPE: &str = "geoclip-geolocation";
/// The version of the layout that is read.
const FORMAT_VERSION: u64 = 1;

/// What its `config.json` says, as far as it matters here: the frequencies of the location encoder are among the tensors.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Release {
    model_type: String,
    format_version: u64,
    /// The list of coordinates, a CSV file of the release.
    pub(super) gallery_file: String,
    pub(super) backbone: Backbone,
}

/// The CLIP that the photos go through first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Backbone {
    pub(super) repo_id: String,
}

impl Release {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// In words: it cannot be read, or is that of something else.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read(path).map_err(|error| error.to_string())?;
        Self::of(&text)
    }

    fn of(text: &[u8]) -> Result<Self, String> {
        let release: Self = serde_json::from_slice(text)
            .map_err(|error| format!("not the configuration of a GeoCLIP release: {error}"))?;
        let Self { model_type, format_version, gallery_file, .. } = &release;
        if model_type != MODEL_TYPE {
            return Err(format!("model_type is {model_type:?}, not {MODEL_TYPE:?}"));
        }
        if *format_version != FORMAT_VERSION {
            return Err(format!("format_version is {format_version}: this program reads {FORMAT_VERSION}"));
        }
        let is_plain = !gallery_file.contains(['/', '\\']) && is_inside(gallery_file);
        let is_csv = Path::new(gallery_file).extension().is_some_and(|extension| extension == "csv");
        if !is_plain || !is_csv {
            return Err(format!("gallery_file {gallery_file:?} is not the name of a CSV file beside it"));
        }
        Ok(release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_releases_of_the_whole_model_are_read() {
        let text = r#"{"model_type": "geoclip-geolocation", "format_version": 1, "sigma": [1, 16, 256],
            "gallery_file": "c.csv", "backbone": {"repo_id": "o/clip", "revision": "main"}}"#;
        let release = Release::of(text.as_bytes()).unwrap();
        assert_eq!((release.gallery_file.as_str(), release.backbone.repo_id.as_str()), ("c.csv", "o/clip"));
        for (from, to, why) in [
            ("geoclip-geolocation", "geoclip-location-encoder", "model_type"),
            (": 1,", ": 2,", "format_version is 2"),
            ("c.csv", "../c.csv", "gallery_file"),
            ("c.csv", "c.txt", "gallery_file"),
            ("backbone", "spine", "backbone"),
        ] {
            let error = Release::of(text.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
