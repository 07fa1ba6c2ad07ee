//! The fixed parts of the page: what comes before the photos, and the program after them.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use geo::{City, OutlineScale, ReverseGeocoder};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::outlines;
use crate::{countries, escape};

const STYLE: &str = include_str!("viewer/viewer.css");

/// The viewer, in the order in which its parts use each other.
const PARTS: [&str; 8] = [
    include_str!("viewer/geometry.js"),
    include_str!("viewer/words.js"),
    include_str!("viewer/drawing.js"),
    include_str!("viewer/map.js"),
    include_str!("viewer/markers.js"),
    include_str!("viewer/panel.js"),
    include_str!("viewer/photos.js"),
    include_str!("viewer/main.js"),
];

/// Towns named on every page.
const LARGEST_CITIES: usize = 500;

/// `[name, latitude, longitude, population]`; coordinates to about 100 m.
pub(super) type Town = (&'static str, f64, f64, u64);

/// A city as the viewer takes it.
pub(super) fn town(city: &City) -> Town {
    let round = |degrees: f64| (degrees * 1000.0).round() / 1000.0;
    (city.name, round(city.location.latitude()), round(city.location.longitude()), city.population)
}

/// The viewer as one script.
fn script() -> String {
    format!("\"use strict\";\n(() => {{\n{}}})();\n", PARTS.concat())
}

/// The document up to the first photo.
pub(super) fn head() -> String {
    let mut page = String::with_capacity(500_000);
    let policy = policy();
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="GeoRanker {version}">
<link rel="icon" href="data:,">
<title>GeoRanker</title>
<style>{STYLE}</style>
</head>
{SKELETON}"#,
        version = env!("CARGO_PKG_VERSION"),
    );
    let labels: Vec<_> = countries::all()
        .map(|country| (country.name, country.point.latitude(), country.point.longitude(), country.rank))
        .collect();
    let cities = ReverseGeocoder::embedded().largest_cities(-90.0, -180.0, 90.0, 180.0, LARGEST_CITIES);
    let cities: Vec<_> = cities.iter().map(town).collect();
    for (id, kind, text) in [
        ("countries", "application/json", escape::json_in_script(&json!(labels).to_string())),
        ("cities", "application/json", escape::json_in_script(&json!(cities).to_string())),
        ("outlines-coarse", "text/plain", outlines::encode(OutlineScale::Coarse)),
        ("outlines-medium", "text/plain", outlines::encode(OutlineScale::Medium)),
    ] {
        let _ = writeln!(page, r#"<script type="{kind}" id="{id}">{text}</script>"#);
    }
    page
}

/// The document after the last photo.
pub(super) fn tail() -> String {
    format!("<script>{}</script>\n</body>\n</html>\n", script())
}

/// Nothing may be loaded from anywhere, nothing may run but this viewer, and no text may become markup.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; img-src data:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(STYLE),
        hash(&script())
    )
}

const SKELETON: &str = r#"<body class="single">
<header class="head">
<svg width="22" height="22" viewBox="0 0 22 22" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true"><circle cx="11" cy="11" r="9"/><circle cx="11" cy="11" r="4.5" opacity=".6"/><circle cx="11" cy="11" r="1.6" fill="currentColor" stroke="none"/></svg>
<h1>GeoRanker</h1>
<div class="stepper"><span id="position"></span><button type="button" id="previous" aria-label="Previous photo">‹</button><button type="button" id="next" aria-label="Next photo">›</button></div>
</header>
<nav id="photos" aria-label="Photos"></nav>
<main id="map" tabindex="0" role="application" aria-roledescription="map" aria-label="Map of the estimate and the candidates. Arrow keys move, plus and minus zoom, 0 shows everything.">
<canvas aria-hidden="true"></canvas>
<div id="markers"></div>
<div class="tools">
<div><button type="button" id="zoom-in" aria-label="Zoom in" title="Zoom in (+)"><svg width="16" height="16" viewBox="0 0 16 16" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" aria-hidden="true"><path d="M8 3v10M3 8h10"/></svg></button><button type="button" id="zoom-out" aria-label="Zoom out" title="Zoom out (-)"><svg width="16" height="16" viewBox="0 0 16 16" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" aria-hidden="true"><path d="M3 8h10"/></svg></button></div>
<div><button type="button" id="fit" aria-label="Fit estimate and candidates" title="Fit estimate and candidates (0)"><svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10"/><circle cx="8" cy="8" r="1.6" fill="currentColor" stroke="none"/></svg></button><button type="button" id="fit-all" aria-label="Fit the estimates of all photos" title="Fit the estimates of all photos"><svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.4" aria-hidden="true"><circle cx="8" cy="8" r="6"/><path d="M2 8h12M8 2c4 4 4 8 0 12M8 2c-4 4-4 8 0 12"/></svg></button></div>
</div>
<div class="scale"><div id="scale-text"></div><div id="scale-bar"></div></div>
<div class="sources">Outlines: Natural Earth · Places: GeoNames (CC BY 4.0), OpenStreetMap contributors (ODbL) · Photos: as credited</div>
</main>
<aside class="side" aria-label="Answer">
<div id="panel" tabindex="0" role="region" aria-label="Estimate and candidates"></div>
<p class="note"><strong>An estimate, not proof.</strong> It can be wrong, also where it is sure. Do not use it to find or follow people.</p>
</aside>
<div id="said" class="unseen" role="status" aria-live="polite"></div>
<noscript><p class="note">The map needs JavaScript; everything it shows lies in this file.</p></noscript>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_ours_can_end_its_element() {
        assert!(!script().contains("</script") && !script().contains("<!--"));
        assert!(!STYLE.contains("</style"));
    }

    #[test]
    fn the_page_names_no_address() {
        let page = head() + &tail();
        for scheme in ["http:", "https:", "url(", "@import"] {
            assert!(!page.contains(scheme), "{scheme}");
        }
    }
}
