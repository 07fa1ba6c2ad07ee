//! What a gallery holds, for people and programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contract::ChannelSpec;
use serde::{Deserialize, Serialize};

use crate::OutputError;

/// A gallery in numbers. Its JSON has the fields in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GalleryView {
    /// Number of distinct authors.
    pub authors: usize,
    /// Channels and dimensions.
    pub channels: Vec<ChannelSpec>,
    /// Photos by country; photos without one under the empty string.
    pub countries: BTreeMap<String, usize>,
    /// What part of the world the photos cover, in a sentence.
    pub coverage: String,
    /// Size of the database file.
    pub database_bytes: u64,
    /// Where it is.
    pub directory: String,
    /// Fingerprint of the encoder that made the vectors.
    pub encoder_fingerprint: String,
    /// Version of the database format.
    pub format_version: i64,
    /// Number of changes so far.
    pub generation: u64,
    /// Hash over the history of changes.
    pub identity: String,
    /// Photos by licence; photos without one under the empty string.
    pub licences: BTreeMap<String, usize>,
    /// Its name.
    pub name: String,
    /// Number of photos.
    pub photos: usize,
    /// How vectors are stored.
    pub precision: String,
    /// Where the photo files are.
    pub sources: Vec<SourceView>,
}

/// A place with photo files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceView {
    /// The kind of source.
    pub kind: String,
    /// As written in the gallery.
    pub location: String,
    /// What that resolves to.
    pub path: String,
    /// Whether it is there.
    pub present: bool,
}

impl GalleryView {
    /// Lines for people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:<12} {value}");
        };
        line("gallery", &format!("{} ({})", self.name, self.directory));
        line("photos", &format!("{} by {} authors", self.photos, self.authors));
        line("coverage", &self.coverage);
        for ChannelSpec { channel, dimension } in &self.channels {
            line("channel", &format!("{channel}, {dimension} dimensions, {}", self.precision));
        }
        line("encoder", &self.encoder_fingerprint);
        for SourceView { kind, path, present, .. } in &self.sources {
            let state = if *present { "" } else { " (not there: no pictures of its photos)" };
            line("source", &format!("{kind} {path}{state}"));
        }
        line("licences", &counts(&self.licences));
        let megabytes = self.database_bytes as f64 / 1e6;
        line("database", &format!("{megabytes:.1} MB, generation {}", self.generation));
        text
    }

    /// One indented JSON object and a line feed.
    ///
    /// # Errors
    /// [`OutputError::Encode`], which would be a defect.
    pub fn to_json(&self) -> Result<String, OutputError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// `name count` by falling count, joined by commas.
fn counts(of: &BTreeMap<String, usize>) -> String {
    let mut sorted: Vec<(&String, &usize)> = of.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let shown = sorted.iter().map(|(name, count)| {
        let name = if name.is_empty() { "not stated" } else { name };
        format!("{name} {count}")
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Channel;

    fn sample() -> GalleryView {
        GalleryView {
            authors: 2,
            channels: vec![ChannelSpec { channel: Channel::photo(), dimension: 192 }],
            countries: BTreeMap::from([("Australia".into(), 3)]),
            coverage: "Australia".into(),
            database_bytes: 1_250_000,
            directory: "packs/mine".into(),
            encoder_fingerprint: "abc".into(),
            format_version: 1,
            generation: 4,
            identity: "def".into(),
            licences: BTreeMap::from([(String::new(), 1), ("CC0-1.0".into(), 2)]),
            name: "mine".into(),
            photos: 3,
            precision: "int8".into(),
            sources: vec![SourceView {
                kind: "folder".into(),
                location: "../photos".into(),
                path: "packs/photos".into(),
                present: false,
            }],
        }
    }

    #[test]
    fn people_read_lines() {
        let text = sample().to_text();
        for part in
            ["photos       3 by 2 authors\n", "licences     CC0-1.0 2, not stated 1\n", "1.2 MB", "not there"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    /// As `serde_json::Value` prints it: programs have read this order since the first version.
    #[test]
    fn programs_read_sorted_keys() {
        let json = sample().to_json().unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json, format!("{value:#}\n"));
        assert_eq!(serde_json::from_str::<GalleryView>(&json).unwrap(), sample());
    }
}
