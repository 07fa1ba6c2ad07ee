//! Parts of the world that a search can be limited to.

mod fold;
mod matcher;
mod names;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{LatLon, Place, ReverseGeocoder};

pub(crate) use fold::fold;
pub use matcher::RegionMatcher;
pub(crate) use names::ALIASES as COUNTRY_ALIASES;

/// This close to a town, a location may also be in the town's country, km.
const BORDER_KM: f64 = 2.0;

/// A part of the world: a country, a state, a box, a circle, or several of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Region {
    /// ISO 3166-1 alpha-2 code in capitals.
    Country(String),
    /// A first-level division, by the location alone: see [`ReverseGeocoder::state`].
    State {
        /// ISO 3166-1 alpha-2 code of the country in capitals.
        country: String,
        /// The name as [`Place::state`] has it: "California", "State of Berlin".
        state: String,
    },
    /// At least one of these.
    AnyOf(Vec<Region>),
    /// Degrees; `west > east` means that the box crosses the antimeridian.
    BoundingBox {
        /// Southern edge, degrees.
        south: f64,
        /// Western edge, degrees.
        west: f64,
        /// Northern edge, degrees.
        north: f64,
        /// Eastern edge, degrees.
        east: f64,
    },
    /// All points within `radius_km` of `centre`.
    Circle {
        /// Centre of the circle.
        centre: LatLon,
        /// Geodesic radius in km.
        radius_km: f64,
    },
}

/// A region that cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{text}` is not a region: {why}")]
pub struct RegionError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
}

impl Region {
    /// Whether a location lies in the region. A country needs the location's `place`; without a country
    /// code the answer is no. Where borders are close, two sources may disagree: a location is also in the country of a
    /// town within 2 km. A state goes by the location alone.
    ///
    /// For many locations, [`Region::matcher`] is much faster.
    pub fn contains(&self, location: LatLon, place: &Place) -> bool {
        self.contains_code(location, place.country_code.as_deref())
    }

    /// Prepared to answer for many locations.
    pub fn matcher(&self) -> RegionMatcher {
        RegionMatcher::new(self)
    }

    /// What else a text could mean, in words, for a name that a country shares with states: `Georgia`. `None` for all
    /// other texts.
    pub fn ambiguity(text: &str) -> Option<String> {
        names::also(text)
    }

    fn contains_code(&self, location: LatLon, country_code: Option<&str>) -> bool {
        match self {
            Self::Country(code) => country_code.is_some_and(|known| {
                known.eq_ignore_ascii_case(code)
                    || ReverseGeocoder::embedded().has_town_near(code, location, BORDER_KM)
            }),
            Self::State { country, state } => {
                let found = ReverseGeocoder::embedded().state(location);
                found.is_some_and(|(code, name)| code.eq_ignore_ascii_case(country) && name == state)
            }
            Self::AnyOf(regions) => regions.iter().any(|region| region.contains_code(location, country_code)),
            Self::BoundingBox { south, west, north, east } => {
                let (latitude, longitude) = (location.latitude(), location.longitude());
                let across = if west <= east {
                    (*west..=*east).contains(&longitude)
                } else {
                    longitude >= *west || longitude <= *east
                };
                (*south..=*north).contains(&latitude) && across
            }
            Self::Circle { centre, radius_km } => {
                // The sphere is within 0.6 % of the ellipsoid and answers most questions cheaply.
                let rough = crate::haversine_km(*centre, location);
                rough <= radius_km * 0.99
                    || rough <= radius_km * 1.01 && crate::geodesic_km(*centre, location) <= *radius_km
            }
        }
    }
}

impl FromStr for Region {
    type Err = RegionError;

    /// Reads names and codes of countries and states (`AU`, `AUS`, `UK`, `New Zealand`, `US-CA`, `Bavaria`), several of
    /// them joined by commas, `south,west,north,east` (degrees) or `lat,lon,radius` (degrees, km). A name that a country
    /// and a state share is the country.
    fn from_str(text: &str) -> Result<Self, RegionError> {
        let wrong = |why: &str| RegionError { text: text.to_owned(), why: why.to_owned() };
        let number = |part: &str| part.trim().trim_end_matches("km").trim().parse::<f64>();
        let parsed: Vec<_> = text.split(',').map(number).collect();
        if parsed.iter().all(Result::is_err) {
            return names::resolve(text);
        }
        let numbers = parsed.into_iter().collect::<Result<Vec<_>, _>>().map_err(|_| {
            wrong("names and numbers do not mix: give names or codes, south,west,north,east, or lat,lon,radius in km")
        })?;
        match numbers[..] {
            [latitude, longitude, radius_km] => {
                let centre = LatLon::new(latitude, longitude).map_err(|error| wrong(&error.to_string()))?;
                if !(radius_km > 0.0 && radius_km.is_finite()) {
                    return Err(wrong("the radius must be a positive number of km"));
                }
                Ok(Self::Circle { centre, radius_km })
            }
            [south, west, north, east] => {
                for (latitude, longitude) in [(south, west), (north, east)] {
                    LatLon::new(latitude, longitude).map_err(|error| wrong(&error.to_string()))?;
                }
                if south > north {
                    return Err(wrong("the southern edge lies north of the northern edge"));
                }
                Ok(Self::BoundingBox { south, west, north, east })
            }
            _ => Err(wrong("a circle has three numbers, a box has four")),
        }
    }
}

#[cfg(test)]
mod state_tests;
#[cfg(test)]
mod tests;
