//! `GeoJSON` (RFC 7946): one `FeatureCollection` of points, longitude first.
//!
//! `properties.kind` is `estimate` or `candidate`; `properties.photo` is the query photo in all of
//! them (a candidate's own photo is `candidate_photo`). The other properties have the names of the
//! [view](crate::view), except that a candidate's `place` is its label: GIS programs show no nested objects in their
//! tables.
//!
//! Beside them each point has what map programs show by themselves: `name`, `description` and `marker-color` (the simple
//! style of geojson.io and GitHub), and an estimate `radius_m`, the smallest radius that it is more likely inside than
//! not. Photos that failed are no features, since many programs refuse features without geometry: they are in the
//! collection's foreign member `failures`, `{photo, error}` each. Coordinates have at most 7 decimals (1 cm).

use std::io;

use contract::{Origin, PhotoId};
use serde::Serialize;

use crate::format::Entry;
use crate::text::seven_decimals;
use crate::view::{CandidateView, EstimateView, FailedView, PhotoView};
use crate::{Headline, OutputError, PhotoResult, Precision, Writer};

const RED: &str = "#d62728";
const GREY: &str = "#969696";
const BLUE: &str = "#1f77b4";

pub(crate) const FORMAT: Entry = Entry { name: "geojson", open: |_, out| Box::new(GeoJson::new(out)) };

/// Estimates and candidates as points.
pub(crate) struct GeoJson<W> {
    out: W,
    features: usize,
    failures: Vec<FailedView>,
}

impl<W: io::Write> GeoJson<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W) -> Self {
        Self { out, features: 0, failures: Vec::new() }
    }

    /// `coordinates` are longitude, latitude.
    fn feature(&mut self, coordinates: [f64; 2], properties: Properties<'_>) -> Result<(), OutputError> {
        self.out.write_all(if self.features == 0 { b"\n" } else { b",\n" })?;
        self.features += 1;
        let geometry = Point { r#type: "Point", coordinates: coordinates.map(seven_decimals) };
        serde_json::to_writer(&mut self.out, &Feature { r#type: "Feature", geometry, properties })?;
        Ok(())
    }
}

impl<W: io::Write> Writer for GeoJson<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        self.out.write_all(br#"{"type":"FeatureCollection","features":["#)?;
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        let located = match result.view() {
            PhotoView::Located(located) => located,
            PhotoView::Failed(failed) => {
                self.failures.push(failed);
                return Ok(());
            }
        };
        let mut estimate = located.estimate.clone();
        (estimate.lat, estimate.lon) = (seven_decimals(estimate.lat), seven_decimals(estimate.lon));
        let estimate = &estimate;
        let description = match &result.outcome {
            Ok(estimate) => Headline::new(estimate, result.precision).sentences(),
            Err(_) => String::new(),
        };
        let properties = Properties::Estimate {
            name: format!("{}: {}", located.photo, estimate.headline),
            description,
            color: if estimate.abstained { GREY } else { RED },
            radius_m: estimate.sure_within_km.map(|km| km * 1000.0),
            photo: &located.photo,
            estimate,
            model: &located.model,
            gallery: &located.gallery,
            elapsed_ms: located.elapsed_ms,
            precision: located.precision,
        };
        self.feature([estimate.lon, estimate.lat], properties)?;
        for found in &located.candidates {
            self.feature([found.lon, found.lat], candidate(&located.photo, found))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.write_all(b"\n]")?;
        if !self.failures.is_empty() {
            self.out.write_all(b",\"failures\":")?;
            serde_json::to_writer(&mut self.out, &self.failures)?;
        }
        self.out.write_all(b"}\n")?;
        self.out.flush()?;
        Ok(())
    }
}

fn candidate<'a>(photo: &'a str, found: &'a CandidateView) -> Properties<'a> {
    Properties::Candidate {
        name: format!("{}. {}", found.rank, found.place.label),
        description: format!("Candidate {} for {photo}", found.rank),
        color: BLUE,
        photo,
        rank: found.rank,
        place: &found.place.label,
        score: found.score,
        probability: found.probability,
        distance_to_estimate_km: found.distance_to_estimate_km,
        origin: &found.origin,
        also_from: &found.also_from,
        candidate_photo: found.photo.as_ref(),
        author: found.author.as_deref(),
        licence: found.licence.as_deref(),
        source: found.source.as_deref(),
    }
}

#[derive(Serialize)]
struct Feature<'a> {
    r#type: &'static str,
    geometry: Point,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Point {
    r#type: &'static str,
    coordinates: [f64; 2],
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Properties<'a> {
    Estimate {
        name: String,
        description: String,
        #[serde(rename = "marker-color")]
        color: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        radius_m: Option<f64>,
        photo: &'a str,
        #[serde(flatten)]
        estimate: &'a EstimateView,
        model: &'a str,
        gallery: &'a str,
        elapsed_ms: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        precision: Option<Precision>,
    },
    Candidate {
        name: String,
        description: String,
        #[serde(rename = "marker-color")]
        color: &'static str,
        photo: &'a str,
        rank: usize,
        place: &'a str,
        score: f32,
        probability: f64,
        distance_to_estimate_km: f64,
        origin: &'a Origin,
        #[serde(skip_serializing_if = "<[Origin]>::is_empty")]
        also_from: &'a [Origin],
        candidate_photo: Option<&'a PhotoId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        author: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        licence: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<&'a str>,
    },
}
