//! Place texts of candidates.

use std::collections::HashMap;
use std::sync::Mutex;

use formats::ranking_data::place_fields;
use geo::{LatLon, Place, ReverseGeocoder};

/// Looked-up places that are remembered: candidates come again and again.
const REMEMBERED: usize = 1 << 16;

/// The six texts of places, looked up where city or country is unknown.
#[derive(Debug)]
pub(super) struct PlaceTexts {
    /// Leaves unknown fields empty instead.
    as_they_are: bool,
    known: Mutex<HashMap<[u64; 2], Place>>,
}

impl PlaceTexts {
    /// Texts with what is unknown looked up, or left empty.
    pub(super) fn new(as_they_are: bool) -> Self {
        Self { as_they_are, known: Mutex::default() }
    }

    pub(super) fn fields(&self, place: &Place, location: LatLon) -> Vec<String> {
        if self.as_they_are || place.city.is_some() && place.country.is_some() {
            return place_fields(place);
        }
        place_fields(&place.clone().or(self.look_up(location)))
    }

    fn look_up(&self, location: LatLon) -> Place {
        let key = [location.latitude().to_bits(), location.longitude().to_bits()];
        let Ok(known) = self.known.lock() else { return ReverseGeocoder::embedded().place(location) };
        if let Some(place) = known.get(&key) {
            return place.clone();
        }
        drop(known);
        let place = ReverseGeocoder::embedded().place(location);
        if let Ok(mut known) = self.known.lock() {
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(key, place.clone());
        }
        place
    }
}
