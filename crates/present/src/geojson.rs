//! `GeoJSON` (RFC 7946): one `FeatureCollection` of points, longitude first.
//!
//! `properties.kind` is `estimate`, `candidate` or `failure`; `properties.photo` is the query photo in all of
//! them (a candidate's own photo is `candidate_photo`). The other properties have the names of the
//! [view](crate::view), except that a candidate's `place` is its label: GIS programs show no nested objects in their
//! tables. Failures have no geometry, which the RFC allows.

use std::io;

use contract::{Failure, Origin, PhotoId};
use serde::Serialize;

use crate::format::Entry;
use crate::view::{CandidateView, EstimateView, PhotoView};
use crate::{OutputError, PhotoResult, Precision, Writer};

pub(crate) const FORMAT: Entry = Entry { name: "geojson", open: |_, out| Box::new(GeoJson::new(out)) };

/// Estimates and candidates as points.
pub(crate) struct GeoJson<W> {
    out: W,
    features: usize,
}

impl<W: io::Write> GeoJson<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W) -> Self {
        Self { out, features: 0 }
    }

    /// `coordinates` are longitude, latitude.
    fn feature(
        &mut self,
        coordinates: Option<[f64; 2]>,
        properties: Properties<'_>,
    ) -> Result<(), OutputError> {
        self.out.write_all(if self.features == 0 { b"\n" } else { b",\n" })?;
        self.features += 1;
        let geometry = coordinates.map(|coordinates| Point { r#type: "Point", coordinates });
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
                return self
                    .feature(None, Properties::Failure { photo: &failed.photo, error: &failed.error });
            }
        };
        let estimate = &located.estimate;
        let properties = Properties::Estimate {
            photo: &located.photo,
            estimate,
            model: &located.model,
            gallery: &located.gallery,
            elapsed_ms: located.elapsed_ms,
            precision: located.precision,
        };
        self.feature(Some([estimate.lon, estimate.lat]), properties)?;
        for found in &located.candidates {
            self.feature(Some([found.lon, found.lat]), candidate(&located.photo, found))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()?;
        Ok(())
    }
}

fn candidate<'a>(photo: &'a str, found: &'a CandidateView) -> Properties<'a> {
    Properties::Candidate {
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
        estimate: &'a EstimateView,
        model: &'a str,
        gallery: &'a str,
        elapsed_ms: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        precision: Option<Precision>,
    },
    Candidate {
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
    Failure {
        photo: &'a str,
        error: &'a Failure,
    },
}
