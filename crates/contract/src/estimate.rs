//! The answer for one photo.

use geo::metrics::RADII_KM;
use geo::{LatLon, Place};

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
    /// How sure we are.
    pub confidence: Confidence,
    /// True when the evidence is too weak to rely on; the location is the best guess all the same.
    pub abstained: bool,
    /// What part of the world the gallery covers; given when abstaining.
    pub coverage_note: Option<String>,
    /// The candidates, best first.
    pub candidates: Vec<RankedCandidate>,
}
