//! The answer for one photo.

use std::fmt;

use geo::metrics::RADII_KM;
use geo::{LatLon, Place, geodesic_km};

use crate::{Candidate, Origin};

/// Calibrated probability that the truth lies within each of [`RADII_KM`] of the estimate; never falls with
/// the radius.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence(pub [f64; 5]);

impl Confidence {
    /// Radius (km) and probability, smallest radius first.
    pub fn by_radius(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        RADII_KM.into_iter().zip(self.0)
    }
}

/// Why an estimate is not to be relied on.
#[derive(Clone, Debug, PartialEq)]
pub enum Abstention {
    /// The picture has nothing that could be located.
    NoContent {
        /// What it is like, as a sentence without its end: "the picture is 1 x 400 pixels".
        what: String,
    },
    /// The gallery that is searched holds no photos.
    EmptyGallery,
    /// No gallery photo is similar enough.
    NothingSimilar {
        /// Highest cosine similarity that was found.
        best: f32,
        /// Least one that the model pack relies on.
        least: f32,
    },
    /// The confidence within a radius is below what the model pack asks for.
    LowConfidence {
        /// The radius, km.
        radius_km: f64,
        /// The confidence, 0 to 1.
        confidence: f64,
        /// What the candidates are like, where something is known of that.
        because: Option<Weakness>,
    },
}

/// What makes the evidence of retrieved photos weak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weakness {
    /// The best similarity is lower than right answers usually have.
    NothingSimilar {
        /// Highest cosine similarity that was found.
        best: f32,
        /// What an answer that is right usually has at least.
        usual: f32,
    },
    /// Photos of several places are similar alike.
    ManyPlaces {
        /// How many places, none within 200 km of another, the ten most similar photos come from.
        places: usize,
    },
}

impl fmt::Display for Weakness {
    /// A clause: "nothing similar is in the gallery (...)".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingSimilar { best, usual } => write!(
                formatter,
                "nothing similar is in the gallery (the highest similarity is {best:.2}, answers that are right usually have {usual:.2})"
            ),
            Self::ManyPlaces { places: 0 | 1 } => {
                formatter.write_str("there are similar photos, but they look like many places")
            }
            Self::ManyPlaces { places } => write!(
                formatter,
                "there are similar photos, but many places look like this (the ten most similar come from {places})"
            ),
        }
    }
}

impl fmt::Display for Abstention {
    /// A clause: "no photo that was searched looks like this one (...)".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoContent { what } => formatter.write_str(what),
            Self::EmptyGallery => formatter.write_str("the gallery holds no photos"),
            Self::NothingSimilar { best, least } => write!(
                formatter,
                "no photo that was searched looks like this one (the highest similarity is {best:.2}, below {least:.2})"
            ),
            Self::LowConfidence { radius_km, confidence, because } => {
                if let Some(because) = because {
                    write!(formatter, "{because}; ")?;
                }
                write!(formatter, "the confidence within {radius_km} km is {:.0} %", confidence * 100.0)
            }
        }
    }
}

/// A candidate with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedCandidate {
    /// The candidate.
    pub candidate: Candidate,
    /// The ranker's score; larger means closer.
    pub score: f32,
    /// Share of the probability mass, 0..1.
    pub probability: f64,
    /// Geodesic distance to the estimate, km.
    pub distance_to_estimate_km: f64,
}

/// Where a photo was taken, with the evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The answer.
    pub location: LatLon,
    /// What is there.
    pub place: Place,
    /// Who named the candidate that is the answer, whether or not it is among those listed.
    pub origins: Vec<Origin>,
    /// How sure we are; `None` for an answer that is only what the file states.
    pub confidence: Option<Confidence>,
    /// Why the estimate is not to be relied on, if it is not; the location is the best guess all the same.
    pub abstention: Option<Abstention>,
    /// What part of the world the gallery covers; given when abstaining.
    pub coverage_note: Option<String>,
    /// The candidates, best first.
    pub candidates: Vec<RankedCandidate>,
    /// What the photo itself says, which the estimate does not look at.
    pub stated: Option<Stated>,
    /// What is missing of the picture, where a part of it was enough.
    pub incomplete: Option<String>,
    /// Which other photos it rests on as well, if it does.
    pub group: Option<Group>,
}

/// Other photos that an estimate rests on.
#[derive(Clone, Debug, PartialEq)]
pub enum Group {
    /// Photos of one place, located as one query: all have the same estimate.
    Together {
        /// Which of them this photo is, from 1.
        number: usize,
        /// How many they are.
        photos: usize,
    },
    /// Photos of one outing, each of which makes the places of the others likelier.
    Album {
        /// How many other photos were looked at.
        others: usize,
        /// They were taken within this many minutes of this one.
        within_min: f64,
        /// Whether the answer is another one than this photo alone would have given.
        changed: bool,
        /// How far apart the two are, km; `None` where that is not to be told.
        moved_km: Option<f64>,
    },
}

impl fmt::Display for Group {
    /// A clause: "located together with 2 other photos, as one place".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |others: usize| {
            if others == 1 { "1 other photo".to_owned() } else { format!("{others} other photos") }
        };
        match self {
            Self::Together { photos, .. } => {
                write!(formatter, "located together with {}, as one place", counted(photos.saturating_sub(1)))
            }
            Self::Album { others, within_min, changed, moved_km } => {
                let others = counted(*others);
                write!(
                    formatter,
                    "{others} taken within {within_min} min made places near theirs likelier: "
                )?;
                match (changed, moved_km) {
                    (false, _) => formatter.write_str("the answer is the same")?,
                    (true, None) => formatter.write_str("the answer is another one")?,
                    (true, Some(km)) => write!(formatter, "the answer moved by {km:.0} km")?,
                }
                formatter.write_str("; confidence is this photo's own")
            }
        }
    }
}

/// Where a photo, or a file beside it, says it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// The location.
    pub location: LatLon,
    /// Who says so: "the GPS tag", "the photo's XMP", the name of a file.
    pub source: String,
    /// What contradicts it within the file, as a sentence.
    pub note: Option<String>,
}

impl Estimate {
    /// Whether the evidence is too weak to rely on.
    pub const fn abstained(&self) -> bool {
        self.abstention.is_some()
    }

    /// The smallest of [`RADII_KM`] within which the truth is more likely than not: what the answer is sure of. `None` if
    /// it is sure of nothing, or says nothing about it.
    pub fn sure_within_km(&self) -> Option<f64> {
        let confidence = self.confidence.as_ref()?;
        confidence.by_radius().find(|(_, share)| *share >= 0.5).map(|(radius, _)| radius)
    }

    /// Whether the photo states a location that the estimate makes unlikely: outside of the smallest radius, at least
    /// 25 km, within which the truth is more likely than not. An estimate that abstained contradicts nothing.
    pub fn contradicts_stated(&self) -> bool {
        const LEAST_KM: f64 = 25.0;
        let (Some(stated), Some(confidence), false) = (&self.stated, &self.confidence, self.abstained())
        else {
            return false;
        };
        let likely = confidence.by_radius().find(|(radius, share)| *radius >= LEAST_KM && *share > 0.5);
        likely.is_some_and(|(radius, _)| geodesic_km(stated.location, self.location) > radius)
    }
}
