//! A gallery's summary, for people and programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gallery::GalleryInfo;
use serde_json::json;

/// The summary as lines of text or as one JSON object.
pub(crate) fn info(info: &GalleryInfo, coverage: &str, as_json: bool) -> String {
    if as_json {
        return format!("{:#}\n", to_json(info, coverage));
    }
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<12} {value}");
    };
    line("gallery", format!("{} ({})", info.name, info.directory.display()));
    line("photos", format!("{} by {} authors", info.photos, info.authors));
    line("coverage", coverage.to_owned());
    for spec in &info.channels {
        line("channel", format!("{}, {} dimensions, {}", spec.channel, spec.dimension, info.precision));
    }
    line("encoder", info.encoder_fingerprint.clone());
    for (source, path, present) in &info.sources {
        let state = if *present { "" } else { " (not there: no pictures of its photos)" };
        line("source", format!("{} {}{state}", source.kind.as_str(), path.display()));
    }
    line("licences", counts(&info.licences));
    line("database", format!("{:.1} MB, generation {}", info.database_bytes as f64 / 1e6, info.generation));
    text
}

fn counts(of: &BTreeMap<String, usize>) -> String {
    let mut sorted: Vec<(&String, &usize)> = of.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let shown = sorted.iter().map(|(name, count)| {
        let name = if name.is_empty() { "not stated" } else { name };
        format!("{name} {count}")
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn to_json(info: &GalleryInfo, coverage: &str) -> serde_json::Value {
    json!({
        "name": info.name,
        "directory": info.directory,
        "format_version": info.format_version,
        "encoder_fingerprint": info.encoder_fingerprint,
        "channels": info.channels,
        "precision": info.precision.to_string(),
        "photos": info.photos,
        "authors": info.authors,
        "coverage": coverage,
        "countries": info.countries,
        "licences": info.licences,
        "sources": info.sources.iter().map(|(source, path, present)| json!({
            "kind": source.kind.as_str(), "location": source.location, "path": path, "present": present,
        })).collect::<Vec<_>>(),
        "generation": info.generation,
        "identity": info.identity,
        "database_bytes": info.database_bytes,
    })
}
