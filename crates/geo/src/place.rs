//! A named place: the six text fields of the field's data sets.

use serde::{Deserialize, Serialize};

/// The place texts of a location, from the smallest to the largest; any may be missing.
///
/// The order is that of MP16-Pro and the official GeoRanking data: neighbourhood, city, county, state,
/// region, country.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Part of a city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neighbourhood: Option<String>,
    /// City, town or village.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Second-level administrative division.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub county: Option<String>,
    /// First-level administrative division.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// A named region that is not an administrative division.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Country name in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// ISO 3166-1 alpha-2 code in capitals, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
}

impl Place {
    /// True when no field is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The known fields, and for the others those of `found`.
    #[must_use]
    pub fn or(self, found: Self) -> Self {
        Self {
            neighbourhood: self.neighbourhood.or(found.neighbourhood),
            city: self.city.or(found.city),
            county: self.county.or(found.county),
            state: self.state.or(found.state),
            region: self.region.or(found.region),
            country: self.country.or(found.country),
            country_code: self.country_code.or(found.country_code),
        }
    }

    /// The label shown to people: city, state, country - known ones, joined by commas, neighbours that are
    /// equal said once.
    pub fn label(&self) -> String {
        let mut parts: Vec<&str> = Vec::with_capacity(3);
        for part in [&self.city, &self.state, &self.country].into_iter().flatten() {
            if !part.is_empty() && parts.last() != Some(&part.as_str()) {
                parts.push(part);
            }
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_skips_what_is_missing_or_said_twice() {
        let place = Place {
            city: Some("Singapore".into()),
            country: Some("Singapore".into()),
            state: Some(String::new()),
            ..Place::default()
        };
        assert_eq!(place.label(), "Singapore");
        assert_eq!(Place::default().label(), "");
    }
}
