//! Places that an answer names without giving coordinates.
//!
//! A wrong place is worse than none, and many words are also towns. So a name counts in a field that says what it is
//! (`"city"`, `Country:`), or directly before the name of its country or state. What several places have, and what the
//! gazetteer does not know, is dropped with a reason.

mod fields;
mod prose;

use contract::Geocoded;
use geo::{FoundPlace, LatLon, PlaceError};

use super::Dropped;
use super::spots::{Found, Spot};

/// Places that a text names, and where they lie.
#[derive(Default)]
struct Names {
    found: Found,
    places: Vec<FoundPlace>,
}

impl Names {
    /// Adds what the gazetteer says about one name. `mark` is a spot that says where it stands, at no place yet.
    fn add(&mut self, place: Result<FoundPlace, PlaceError>, mark: Spot) {
        match place {
            Ok(place) => {
                let (latitude, longitude) = (place.location.latitude(), place.location.longitude());
                self.found.spots.push(Spot { latitude, longitude, ..mark });
                self.places.push(place);
            }
            Err(why) => {
                let fault = match why {
                    PlaceError::Unknown => Dropped::UnknownPlace,
                    PlaceError::Ambiguous => Dropped::Ambiguous,
                };
                self.found.fault = self.found.fault.or(Some(fault));
            }
        }
    }

    const fn says_nothing(&self) -> bool {
        self.found.spots.is_empty() && self.found.fault.is_none()
    }

    /// The place that is meant.
    fn answer(self, text: &str) -> Result<Option<(LatLon, Geocoded)>, Dropped> {
        let Self { found, places } = self;
        let Some((latitude, longitude)) = found.answer(text)? else { return Ok(None) };
        let is_meant = |place: &&FoundPlace| {
            (place.location.latitude(), place.location.longitude()) == (latitude, longitude)
        };
        Ok(places.iter().find(is_meant).map(|place| {
            let radius_km = (place.radius_km * 10.0).round() / 10.0;
            (place.location, Geocoded { place: place.place.label(), radius_km })
        }))
    }
}

/// The place that a text names: that of its fields, else that of its sentences. In a text that was cut, a name at its end
/// may lack letters; in one that declines, only what follows a `but` counts.
///
/// # Errors
/// Why none of the names is a place.
pub(super) fn named_place(
    text: &str,
    is_cut: bool,
    declines: bool,
) -> Result<Option<(LatLon, Geocoded)>, Dropped> {
    let fields = fields::in_fields(text);
    let names = if fields.says_nothing() { prose::in_prose(text) } else { fields };
    let start = if declines { after_but(text) } else { 0 };
    let end = if is_cut { text.trim_end().len() } else { usize::MAX };
    let Names { found: Found { spots, fault }, places } = names;
    let kept =
        spots.into_iter().zip(places).filter(|(spot, _)| spot.span.start >= start && spot.span.end < end);
    let (spots, places) = kept.unzip();
    Names { found: Found { spots, fault }, places }.answer(text)
}

/// Where a text that declines may say something all the same.
fn after_but(text: &str) -> usize {
    const TURNS: [&str; 8] =
        ["but ", "however", "though", "nevertheless", "best guess", "that said", "still,", "{"];
    let lower = super::plain::lower(text);
    TURNS.iter().filter_map(|turn| lower.find(turn)).min().unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
