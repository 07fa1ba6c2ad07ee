//! Parts of the world that a search can be limited to.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{LatLon, Place};

/// A part of the world: a country, a box, or a circle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Region {
    /// ISO 3166-1 alpha-2 code in capitals.
    Country(String),
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
    /// code the answer is no.
    pub fn contains(&self, location: LatLon, place: &Place) -> bool {
        match self {
            Self::Country(code) => {
                place.country_code.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(code))
            }
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

    /// Reads `AU` (country code), `south,west,north,east` (degrees) or `lat,lon,radius` (degrees, km).
    fn from_str(text: &str) -> Result<Self, RegionError> {
        let wrong = |why: &str| RegionError { text: text.to_owned(), why: why.to_owned() };
        let trimmed = text.trim();
        if trimmed.len() == 2 && trimmed.chars().all(|letter| letter.is_ascii_alphabetic()) {
            let code = trimmed.to_ascii_uppercase();
            return match crate::country_name(&code) {
                Some(_) => Ok(Self::Country(code)),
                None => Err(wrong("there is no country with this code (ISO 3166-1, such as AU or GB)")),
            };
        }
        let numbers = trimmed
            .split(',')
            .map(|part| part.trim().trim_end_matches("km").trim().parse::<f64>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| {
                wrong("give a two-letter country code, south,west,north,east or lat,lon,radius in km")
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
mod tests {
    use super::*;

    #[test]
    fn reads_the_three_forms() {
        assert_eq!("au".parse::<Region>().unwrap(), Region::Country("AU".into()));
        assert!(matches!("-34,151,50".parse::<Region>().unwrap(), Region::Circle { .. }));
        assert!(matches!("-34, 150, -33, 152".parse::<Region>().unwrap(), Region::BoundingBox { .. }));
    }

    #[test]
    fn refuses_with_a_reason() {
        for (text, part) in [
            ("Australia", "country code"),
            ("95,0,10", "latitude 95"),
            ("1,2,-5", "positive"),
            ("10,0,-10,5", "southern edge"),
            ("1,2", "three numbers"),
        ] {
            let message = text.parse::<Region>().unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn circles_are_geodesic() {
        let circle: Region = "0,0,1000".parse().unwrap();
        let centre = LatLon::new(0.0, 0.0).unwrap();
        for (distance_km, inside) in [(990.0, true), (999.9, true), (1000.1, false), (1020.0, false)] {
            let point = crate::destination(centre, 37.0, distance_km).unwrap();
            assert_eq!(circle.contains(point, &Place::default()), inside, "{distance_km}");
        }
    }

    #[test]
    fn boxes_may_cross_the_antimeridian() {
        let fiji: Region = "-20,177,-15,-178".parse().unwrap();
        let place = Place::default();
        assert!(fiji.contains(LatLon::new(-17.0, 179.5).unwrap(), &place));
        assert!(fiji.contains(LatLon::new(-17.0, -179.5).unwrap(), &place));
        assert!(!fiji.contains(LatLon::new(-17.0, 170.0).unwrap(), &place));
    }
}
