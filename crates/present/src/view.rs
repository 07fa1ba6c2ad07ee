//! The one schema of an answer: what the command line prints, a server sends and Python reads.
//!
//! A photo is `{photo, estimate, candidates, model, gallery, elapsed_ms}`, a failed one is
//! `{photo, error: {kind, message, hint}}`; `schema/locate.schema.json` ([`SCHEMA`]) says it formally. These names are
//! fixed. Beyond them:
//! - `place` is an object: the known ones of `neighbourhood, city, county, state, region, country,
//!   country_code`, and always `label`, the text shown to people (`""` where nothing is known);
//! - `origin` is `{kind: "retrieved", channel, rank, similarity}` or `{kind: "generated", model, sample}`, with
//!   `geocoded: {place, radius_km}` where the model named a place without coordinates;
//! - `candidates[].also_from` holds more of these where others named the same place;
//! - `candidates[].similarities` maps each channel that knows the candidate to its cosine similarity;
//! - `candidates[].author`, `.licence`, `.source` are there where known;
//! - `estimate.headline` is what the answer is sure of, in words, and `estimate.sure_within_km` the radius of that;
//! - `estimate.abstained_because` and `estimate.coverage_note` are there where it abstained;
//! - `stated` is there where the photo itself says where it was taken;
//! - `incomplete` says what is missing of a picture that was cut short;
//! - `together` and `album` say which other photos the estimate rests on as well;
//! - `precision` is there when coordinates were coarsened; radii finer than it are missing in `confidence`.
//!
//! Views own their texts, so that what was read from JSON is the same type as what is written. The order of the fields
//! is the order in the JSON text.

use std::fmt;
use std::marker::PhantomData;

use contract::{Channel, Estimate, Failure, Group, Origin, PhotoId, RankedCandidate, Stated};
use geo::{Place, geodesic_km};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::{Headline, PhotoResult, Precision, headline, precision};

/// The JSON schema (draft 2020-12) of a [`PhotoView`].
pub const SCHEMA: &str = include_str!("../schema/locate.schema.json");

/// A photo, located or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "neither a located photo (estimate, candidates, ...) nor a failed one (error)")]
pub enum PhotoView {
    /// There is an answer.
    Located(Box<LocatedView>),
    /// There is none.
    Failed(FailedView),
}

/// A photo with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocatedView {
    /// The photo's name.
    pub photo: String,
    /// Where it was taken.
    pub estimate: EstimateView,
    /// Where the photo itself says it was taken; absent where it does not, and where coordinates were coarsened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<StatedView>,
    /// What is missing of the picture, where a file that was cut short was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
    /// Which photos it was located together with, as one place; absent where it was located by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub together: Option<TogetherView>,
    /// Which other photos of an outing were looked at; absent where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<AlbumView>,
    /// The evidence, best first.
    pub candidates: Vec<CandidateView>,
    /// Name and version of the model pack.
    pub model: String,
    /// Name of the gallery.
    pub gallery: String,
    /// Wall time spent on this photo, milliseconds.
    pub elapsed_ms: f64,
    /// How coarse the coordinates are; absent when they are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
}

/// A photo without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedView {
    /// The photo's name.
    pub photo: String,
    /// What happened: `{kind, message, hint}`.
    pub error: Failure,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimateView {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// What the answer is sure of, for people: [`Headline`].
    #[serde(default)]
    pub headline: String,
    /// The smallest radius, km, within which the truth is more likely than not; `None` where there is none, where nothing
    /// is known of it, and where the precision hides it.
    #[serde(default)]
    pub sure_within_km: Option<f64>,
    /// What is there: the best guess, where the headline says less.
    pub place: PlaceView,
    /// `{"1": p, "25": p, ...}`: radius (km) and the probability that the truth lies within it, smallest radius first.
    pub confidence: Entries<f64>,
    /// True when the evidence is too weak to rely on.
    pub abstained: bool,
    /// Why; given when abstaining.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstained_because: Option<String>,
    /// What part of the world the gallery covers; given when abstaining.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage_note: Option<String>,
}

/// What the photo itself says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatedView {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Who says so: "the GPS tag", "the photo's XMP", the name of a file.
    pub source: String,
    /// Geodesic distance to the estimate, km.
    pub distance_to_estimate_km: f64,
    /// Whether the estimate makes it unlikely.
    pub contradicts: bool,
    /// What contradicts it within the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl StatedView {
    fn of(estimate: &Estimate) -> Option<Self> {
        let Stated { location, source, note } = estimate.stated.as_ref()?;
        Some(Self {
            lat: location.latitude(),
            lon: location.longitude(),
            source: source.clone(),
            distance_to_estimate_km: geodesic_km(*location, estimate.location),
            contradicts: estimate.contradicts_stated(),
            note: note.clone(),
        })
    }
}

/// Photos that were located together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TogetherView {
    /// Which of them this photo is, from 1.
    pub number: usize,
    /// How many they are.
    pub photos: usize,
    /// The same in words.
    pub note: String,
}

impl TogetherView {
    fn of(estimate: &Estimate) -> Option<Self> {
        let Some(group @ Group::Together { number, photos }) = &estimate.group else { return None };
        Some(Self { number: *number, photos: *photos, note: group.to_string() })
    }
}

/// Other photos of an outing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlbumView {
    /// How many others were looked at.
    pub others: usize,
    /// They were taken within this many minutes of this photo.
    pub within_min: f64,
    /// Whether the answer is another one than this photo alone would have given.
    pub changed: bool,
    /// How far apart the two are, km; absent where coordinates were coarsened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_km: Option<f64>,
    /// The same in words.
    pub note: String,
}

impl AlbumView {
    fn of(estimate: &Estimate) -> Option<Self> {
        let Some(group) = &estimate.group else { return None };
        let &Group::Album { others, within_min, changed, moved_km } = group else { return None };
        Some(Self { others, within_min, changed, moved_km, note: group.to_string() })
    }
}

/// A place and how people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceView {
    /// City, state, country: the known ones, joined by commas.
    pub label: String,
    /// The known names, beside `label`.
    #[serde(flatten)]
    pub names: Place,
}

/// A candidate of the ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CandidateView {
    /// From 1.
    pub rank: usize,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// What is there.
    pub place: PlaceView,
    /// The ranker's score; larger means closer.
    pub score: f32,
    /// Share of the probability mass, 0..1.
    pub probability: f64,
    /// Where the candidate comes from.
    pub origin: Origin,
    /// Where else; absent when no other source named the place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_from: Vec<Origin>,
    /// The gallery photo taken there; null for bare coordinates.
    pub photo: Option<PhotoId>,
    /// Geodesic distance to the estimate, km.
    pub distance_to_estimate_km: f64,
    /// `{"photo": s, ...}`: cosine similarity to the query in every channel that knows the candidate.
    pub similarities: Entries<f32>,
    /// Photographer or project, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Licence as stated by the source, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Repository or collection, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl PhotoView {
    /// The photo's name.
    pub fn photo(&self) -> &str {
        match self {
            Self::Located(located) => &located.photo,
            Self::Failed(failed) => &failed.photo,
        }
    }
}

impl From<&PhotoResult> for PhotoView {
    fn from(result: &PhotoResult) -> Self {
        let photo = result.photo.clone();
        match &result.outcome {
            Ok(estimate) => Self::Located(Box::new(LocatedView {
                photo,
                estimate: EstimateView::new(estimate, result.precision),
                stated: StatedView::of(estimate),
                incomplete: estimate.incomplete.clone(),
                together: TogetherView::of(estimate),
                album: AlbumView::of(estimate),
                candidates: CandidateView::all(estimate),
                model: result.model.clone(),
                gallery: result.gallery.clone(),
                elapsed_ms: result.elapsed_ms,
                precision: (result.precision != Precision::Exact).then_some(result.precision),
            })),
            Err(error) => Self::Failed(FailedView { photo, error: error.clone() }),
        }
    }
}

impl EstimateView {
    /// Without the radii that `precision` hides.
    fn new(estimate: &Estimate, precision: Precision) -> Self {
        let confidences = precision::confidences(estimate, precision);
        Self {
            lat: estimate.location.latitude(),
            lon: estimate.location.longitude(),
            headline: Headline::new(estimate, precision).to_string(),
            sure_within_km: headline::sure_within_km(estimate, precision),
            place: PlaceView::from(&estimate.place),
            confidence: Entries(confidences.map(|(radius, known)| (radius.to_string(), known)).collect()),
            abstained: estimate.abstained(),
            abstained_because: estimate.abstention.as_ref().map(ToString::to_string),
            coverage_note: estimate.coverage_note.clone(),
        }
    }
}

impl From<&Place> for PlaceView {
    fn from(place: &Place) -> Self {
        Self { label: place.label(), names: place.clone() }
    }
}

impl CandidateView {
    fn all(estimate: &Estimate) -> Vec<Self> {
        estimate.candidates.iter().enumerate().map(|(index, ranked)| Self::new(index, ranked)).collect()
    }

    fn new(index: usize, ranked: &RankedCandidate) -> Self {
        let RankedCandidate { candidate, score, probability, distance_to_estimate_km } = ranked;
        let similarity = |(channel, value): &(Channel, f32)| (channel.as_str().to_owned(), *value);
        Self {
            rank: index + 1,
            lat: candidate.location.latitude(),
            lon: candidate.location.longitude(),
            place: PlaceView::from(&candidate.place),
            score: *score,
            probability: *probability,
            origin: candidate.origin.clone(),
            also_from: candidate.also.clone(),
            photo: candidate.photo.clone(),
            distance_to_estimate_km: *distance_to_estimate_km,
            similarities: Entries(candidate.similarities.iter().map(similarity).collect()),
            author: candidate.attribution.author.clone(),
            licence: candidate.attribution.licence.clone(),
            source: candidate.attribution.source.clone(),
        }
    }
}

/// A JSON object whose entries keep their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries<T>(pub Vec<(String, T)>);

impl<T: Copy> Entries<T> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<T> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }
}

impl<T: Serialize> Serialize for Entries<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Entries<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(0).min(16));
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}
