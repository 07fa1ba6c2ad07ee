//! JSON: the fixed names of `locate`'s output, as an array or as lines.
//!
//! A photo is `{photo, estimate, candidates, model, gallery, elapsed_ms}`, a failed one is
//! `{photo, error: {kind, message, hint}}`. Beyond the fixed names:
//! - `place` is an object: the known ones of `neighbourhood, city, county, state, region, country,
//!   country_code`, and always `label`, the text shown to people (`""` where nothing is known);
//! - `origin` is `{kind: "retrieved", channel, rank, similarity}` or `{kind: "generated", model, sample}`;
//! - `candidates[].also_from` holds more of these where others named the same place;
//! - `candidates[].similarities` maps each channel that knows the candidate to its cosine similarity;
//! - `candidates[].author`, `.licence`, `.source` are there where known;
//! - `estimate.coverage_note` is there where the estimate has one (it abstained);
//! - `precision` is there when coordinates were coarsened; radii finer than it are missing in `confidence`.

use std::io;

use contract::{Candidate, Channel, Estimate, Failure, Origin, PhotoId, RankedCandidate};
use geo::Place;
use serde::{Serialize, Serializer};

use super::{OutputError, PhotoResult, Precision, Writer, precision};

/// One valid array, an element a line.
pub struct Json<W> {
    out: W,
    photos: usize,
}

impl<W: io::Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, photos: 0 }
    }
}

impl<W: io::Write> Writer for Json<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        self.out.write_all(b"[")?;
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        self.out.write_all(if self.photos == 0 { b"\n" } else { b",\n" })?;
        self.photos += 1;
        serde_json::to_writer(&mut self.out, &PhotoView::new(result))?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.write_all(if self.photos == 0 { b"]\n" } else { b"\n]\n" })?;
        self.out.flush()?;
        Ok(())
    }
}

/// One object a line, flushed as soon as it is known.
pub struct JsonLines<W> {
    out: W,
}

impl<W: io::Write> JsonLines<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: io::Write> Writer for JsonLines<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        // One write: a line of a killed run is whole or missing.
        let mut line = serde_json::to_vec(&PhotoView::new(result))?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.flush()?;
        Ok(())
    }
}

/// A photo, located or not.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum PhotoView<'a> {
    Located {
        photo: &'a str,
        estimate: EstimateView<'a>,
        candidates: Vec<CandidateView<'a>>,
        model: &'a str,
        gallery: &'a str,
        elapsed_ms: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        precision: Option<Precision>,
    },
    Failed {
        photo: &'a str,
        error: &'a Failure,
    },
}

impl<'a> PhotoView<'a> {
    pub(crate) fn new(result: &'a PhotoResult) -> Self {
        match &result.outcome {
            Ok(estimate) => Self::Located {
                photo: &result.photo,
                estimate: EstimateView::new(estimate, result.precision),
                candidates: CandidateView::all(estimate),
                model: &result.model,
                gallery: &result.gallery,
                elapsed_ms: result.elapsed_ms,
                precision: (result.precision != Precision::Exact).then_some(result.precision),
            },
            Err(error) => Self::Failed { photo: &result.photo, error },
        }
    }
}

#[derive(Serialize)]
pub(crate) struct EstimateView<'a> {
    lat: f64,
    lon: f64,
    place: PlaceView<'a>,
    confidence: ConfidenceView<'a>,
    abstained: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage_note: Option<&'a str>,
}

impl<'a> EstimateView<'a> {
    pub(crate) fn new(estimate: &'a Estimate, precision: Precision) -> Self {
        Self {
            lat: estimate.location.latitude(),
            lon: estimate.location.longitude(),
            place: PlaceView::new(&estimate.place),
            confidence: ConfidenceView { estimate, precision },
            abstained: estimate.abstained,
            coverage_note: estimate.coverage_note.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct PlaceView<'a> {
    label: String,
    #[serde(flatten)]
    fields: &'a Place,
}

impl<'a> PlaceView<'a> {
    fn new(place: &'a Place) -> Self {
        Self { label: place.label(), fields: place }
    }
}

/// `{"1": p, "25": p, ...}`, smallest radius first.
struct ConfidenceView<'a> {
    estimate: &'a Estimate,
    precision: Precision,
}

impl Serialize for ConfidenceView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            precision::confidences(self.estimate, self.precision)
                .map(|(radius, probability)| (radius.to_string(), probability)),
        )
    }
}

#[derive(Serialize)]
pub(crate) struct CandidateView<'a> {
    rank: usize,
    lat: f64,
    lon: f64,
    place: PlaceView<'a>,
    score: f32,
    probability: f64,
    origin: &'a Origin,
    #[serde(skip_serializing_if = "<[Origin]>::is_empty")]
    also_from: &'a [Origin],
    photo: Option<&'a PhotoId>,
    distance_to_estimate_km: f64,
    #[serde(serialize_with = "similarities")]
    similarities: &'a [(Channel, f32)],
    #[serde(flatten)]
    credit: CreditView<'a>,
}

/// Whom to credit, as keys beside the others.
#[derive(Serialize)]
struct CreditView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
}

impl<'a> CandidateView<'a> {
    pub(crate) fn new(index: usize, ranked: &'a RankedCandidate) -> Self {
        let Candidate { location, place, photo, origin, also, similarities, embedding: _, attribution } =
            &ranked.candidate;
        Self {
            rank: index + 1,
            lat: location.latitude(),
            lon: location.longitude(),
            place: PlaceView::new(place),
            score: ranked.score,
            probability: ranked.probability,
            origin,
            also_from: also,
            photo: photo.as_ref(),
            distance_to_estimate_km: ranked.distance_to_estimate_km,
            similarities,
            credit: CreditView {
                author: attribution.author.as_deref(),
                licence: attribution.licence.as_deref(),
                source: attribution.source.as_deref(),
            },
        }
    }

    pub(crate) fn all(estimate: &'a Estimate) -> Vec<Self> {
        estimate.candidates.iter().enumerate().map(|(index, ranked)| Self::new(index, ranked)).collect()
    }
}

fn similarities<S: Serializer>(known: &&[(Channel, f32)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(known.iter().map(|(channel, similarity)| (channel.as_str(), similarity)))
}
