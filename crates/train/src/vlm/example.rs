//! A query as it is trained on.

use contract::PhotoId;
use rank::vlm::prompt::PlaceText;

/// A candidate of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct VlmCandidate {
    /// Coordinates and place as the prompt prints them.
    pub place: PlaceText,
    /// Its photo, if the prompt shows one.
    pub photo: Option<PhotoId>,
    /// How far it is from where the query photo was taken, km.
    pub distance_km: f64,
}

/// A query photo, its candidates and the places that the prompt calls wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct VlmExample {
    /// What messages call it: where it stands in which file.
    pub name: String,
    /// The query photo.
    pub query: PhotoId,
    /// The candidates, in any order: the loss goes by their distances.
    pub candidates: Vec<VlmCandidate>,
    /// Negatives of the prompt; `None` leaves that part out.
    pub negatives: Option<Vec<PlaceText>>,
}

impl VlmExample {
    /// Distance of each candidate, km.
    pub fn distances_km(&self) -> Vec<f64> {
        self.candidates.iter().map(|candidate| candidate.distance_km).collect()
    }
}
