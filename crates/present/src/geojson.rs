//! `GeoJSON` (RFC 7946): one `FeatureCollection` of points, longitude first.
//!
//! `properties.kind` is `estimate`, `candidate` or `failure`; `properties.photo` is the query photo in all of
//! them (a candidate's own photo is `candidate_photo`). Failures have no geometry, which the RFC allows.

use std::io;

use contract::{Failure, Origin, PhotoId, RankedCandidate};
use geo::LatLon;
use serde::Serialize;

use super::{OutputError, PhotoResult, Precision, Writer, json::EstimateView};

/// Estimates and candidates as points.
pub struct GeoJson<W> {
    out: W,
    features: usize,
}

impl<W: io::Write> GeoJson<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, features: 0 }
    }

    fn feature(&mut self, location: Option<LatLon>, properties: Properties<'_>) -> Result<(), OutputError> {
        self.out.write_all(if self.features == 0 { b"\n" } else { b",\n" })?;
        self.features += 1;
        let geometry = location
            .map(|point| Point { r#type: "Point", coordinates: [point.longitude(), point.latitude()] });
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
        let photo = &result.photo;
        let estimate = match &result.outcome {
            Ok(estimate) => estimate,
            Err(error) => return self.feature(None, Properties::Failure { photo, error }),
        };
        let properties = Properties::Estimate {
            photo,
            estimate: EstimateView::new(estimate, result.precision),
            model: &result.model,
            gallery: &result.gallery,
            elapsed_ms: result.elapsed_ms,
            precision: (result.precision != Precision::Exact).then_some(result.precision),
        };
        self.feature(Some(estimate.location), properties)?;
        for (index, ranked) in estimate.candidates.iter().enumerate() {
            self.feature(Some(ranked.candidate.location), candidate(photo, index, ranked))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(())
    }
}

fn candidate<'a>(photo: &'a str, index: usize, ranked: &'a RankedCandidate) -> Properties<'a> {
    let found = &ranked.candidate;
    Properties::Candidate {
        photo,
        rank: index + 1,
        place: found.place.label(),
        score: ranked.score,
        probability: ranked.probability,
        distance_to_estimate_km: ranked.distance_to_estimate_km,
        origin: &found.origin,
        also_from: &found.also,
        candidate_photo: found.photo.as_ref(),
        author: found.attribution.author.as_deref(),
        licence: found.attribution.licence.as_deref(),
        source: found.attribution.source.as_deref(),
    }
}

#[derive(Serialize)]
struct Feature<'a> {
    r#type: &'static str,
    geometry: Option<Point>,
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
        photo: &'a str,
        #[serde(flatten)]
        estimate: EstimateView<'a>,
        model: &'a str,
        gallery: &'a str,
        elapsed_ms: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        precision: Option<Precision>,
    },
    Candidate {
        photo: &'a str,
        rank: usize,
        place: String,
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
    Failure {
        photo: &'a str,
        error: &'a Failure,
    },
}
