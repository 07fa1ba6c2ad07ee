//! Publishing a place without publishing the spot.
//!
//! Coordinates - the estimate's and the candidates' - move to the centre of a grid cell of about the asked
//! size. The grid is fixed: rows of equal height, each cut into as many columns as keep the cells about as
//! wide as high, so a cell of 25 km is 25 km in Singapore and in Tromsø. All points of a cell give the same
//! output, so nothing finer than the cell can be read from it. What would tell more goes too:
//!
//! | precision | coordinates | place names | confidence from |
//! |---|---|---|---|
//! | `1` | centre of a 1 km cell | city and above, at the cell's centre | 1 km |
//! | `25` | centre of a 25 km cell | the cell's largest city, and above | 25 km |
//! | `200` | centre of a 200 km cell | state and above, at the cell's centre | 200 km |
//! | `country` | one fixed point per country; a 1000 km cell in the open sea | country | none |
//!
//! The country is the location's own at every precision. The other names are not: a village is smaller than
//! a cell of 25 km, so the names are those of the cell, where it has one in the same country, and are
//! missing otherwise.
//!
//! Candidates lose their photo, its credit and its thumbnail at every precision: the photo's name or its
//! view leads to the exact spot. Distances are measured again between the coarse points. Confidences are
//! those of the estimate before it was moved; at `country` the point is a label, not an estimate, so no
//! radius around it means anything.
//!
//! Alternative considered: adding noise. Noise can be averaged away over several photos of one place.

use std::fmt;
use std::str::FromStr;

use contract::{Attribution, Estimate, Group, Origin, RADII_KM};
use geo::{EARTH_RADIUS_KM, LatLon, Place, ReverseGeocoder, geodesic_km};
use serde::{Deserialize, Serialize};

use crate::{PhotoResult, countries};

/// How fine the published coordinates are; finest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Precision {
    /// As estimated.
    #[default]
    #[serde(rename = "exact")]
    Exact,
    /// Cells of about 1 km.
    #[serde(rename = "1")]
    Km1,
    /// Cells of about 25 km: a city.
    #[serde(rename = "25")]
    Km25,
    /// Cells of about 200 km: a region.
    #[serde(rename = "200")]
    Km200,
    /// The country alone.
    #[serde(rename = "country")]
    Country,
}

/// Side of the cells, km, for points at `country` precision that lie in no country.
const UNKNOWN_COUNTRY_KM: f64 = 1000.0;

impl Precision {
    /// All of them, finest first.
    pub const ALL: [Self; 5] = [Self::Exact, Self::Km1, Self::Km25, Self::Km200, Self::Country];

    /// The name on the command line; without the option, coordinates are exact.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Km1 => "1",
            Self::Km25 => "25",
            Self::Km200 => "200",
            Self::Country => "country",
        }
    }

    /// For people: `about 25 km`.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Exact => "exact coordinates",
            Self::Km1 => "about 1 km",
            Self::Km25 => "about 25 km",
            Self::Km200 => "about 200 km",
            Self::Country => "the country",
        }
    }

    /// Side of a cell, km, where there are cells.
    const fn cell_km(self) -> Option<f64> {
        match self {
            Self::Exact | Self::Country => None,
            Self::Km1 => Some(1.0),
            Self::Km25 => Some(25.0),
            Self::Km200 => Some(200.0),
        }
    }

    /// Digits after the point of a degree that this precision can fill.
    const fn decimals(self) -> usize {
        match self {
            Self::Exact => 5,
            Self::Km1 => 3,
            Self::Km25 => 2,
            Self::Km200 => 1,
            Self::Country => 0,
        }
    }

    /// `latitude, longitude` with fitting digits.
    pub fn coordinates(self, location: LatLon) -> String {
        let digits = self.decimals();
        format!("{:.digits$}, {:.digits$}", location.latitude(), location.longitude())
    }

    /// `latitude, longitude` of a best guess. To about 1 km: more digits would look as if it were known.
    pub(crate) fn of_a_guess(self, location: LatLon) -> String {
        self.max(Self::Km25).coordinates(location)
    }

    /// Whether the confidence within a radius may be told.
    pub(crate) fn tells(self, radius_km: f64) -> bool {
        self != Self::Country && self.cell_km().is_none_or(|cell| radius_km >= cell)
    }

    /// A radius, km, but none smaller than a cell.
    pub(crate) fn widened(self, radius_km: f64) -> f64 {
        radius_km.max(self.cell_km().unwrap_or(0.0))
    }

    /// The names that may be told of a point published at `centre`.
    fn place(self, place: &Place, centre: LatLon) -> Place {
        let (country, country_code) = (place.country.clone(), place.country_code.clone());
        let cell = match self {
            Self::Exact => return place.clone(),
            Self::Km1 | Self::Km200 => names_at(centre, place),
            Self::Km25 => {
                names_of_largest_city(centre, 25.0, place).unwrap_or_else(|| names_at(centre, place))
            }
            Self::Country => Place::default(),
        };
        let (city, county) = if self == Self::Km200 { (None, None) } else { (cell.city, cell.county) };
        Place { neighbourhood: None, city, county, state: cell.state, region: None, country, country_code }
    }

    /// Where a point is published. Its country is the one that `place` names, else the one it lies in.
    fn location(self, location: LatLon, place: &Place) -> LatLon {
        match (self, self.cell_km()) {
            (Self::Exact, _) => location,
            (_, Some(cell)) => cell_centre(location, cell, self.decimals()),
            (_, None) => {
                let country = countries::of(place).or_else(|| countries::at(location));
                country.map_or_else(
                    || cell_centre(location, UNKNOWN_COUNTRY_KM, self.decimals()),
                    |country| country.point,
                )
            }
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A text that is not a precision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a precision: choose 1, 25, 200 (km) or country")]
pub struct UnknownPrecision(pub String);

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(text: &str) -> Result<Self, UnknownPrecision> {
        Self::ALL
            .into_iter()
            .find(|precision| precision.as_str() == text)
            .ok_or_else(|| UnknownPrecision(text.to_owned()))
    }
}

/// Coarsens a result in place; a finer precision than the result already has changes nothing.
pub fn coarsen(result: &mut PhotoResult, precision: Precision) {
    if precision <= result.precision {
        return;
    }
    result.precision = precision;
    let Ok(estimate) = &mut result.outcome else { return };
    estimate.location = precision.location(estimate.location, &estimate.place);
    estimate.place = precision.place(&estimate.place, estimate.location);
    // It may be the very thing that is to be hidden.
    estimate.stated = None;
    if let Some(Group::Album { moved_km, .. }) = &mut estimate.group {
        *moved_km = None;
    }
    for ranked in &mut estimate.candidates {
        let candidate = &mut ranked.candidate;
        candidate.location = precision.location(candidate.location, &candidate.place);
        candidate.place = precision.place(&candidate.place, candidate.location);
        candidate.photo = None;
        for origin in std::iter::once(&mut candidate.origin).chain(&mut candidate.also) {
            // A name says where it is as well as coordinates do.
            if let Origin::Generated { geocoded, .. } = origin {
                *geocoded = None;
            }
        }
        candidate.attribution = Attribution::default();
        ranked.distance_to_estimate_km = geodesic_km(estimate.location, candidate.location);
    }
}

/// Radius (km) and probability, smallest radius first; `None` for the radii that the precision hides.
pub(crate) fn all_confidences(
    estimate: &Estimate,
    precision: Precision,
) -> impl Iterator<Item = (f64, Option<f64>)> + '_ {
    let known = estimate.confidence.map(|confidence| confidence.0);
    RADII_KM.into_iter().enumerate().map(move |(index, radius)| {
        let probability = known.map(|known| known[index]);
        (radius, probability.filter(|_| precision.tells(radius)))
    })
}

/// Radius (km) and probability, smallest radius first, without the radii that the precision hides.
pub(crate) fn confidences(
    estimate: &Estimate,
    precision: Precision,
) -> impl Iterator<Item = (f64, f64)> + '_ {
    all_confidences(estimate, precision)
        .filter_map(|(radius, probability)| probability.map(|known| (radius, known)))
}

/// The gazetteer's names of a point; none if it lies in another country than `place`.
fn names_at(point: LatLon, place: &Place) -> Place {
    let names = ReverseGeocoder::embedded().place(point);
    let codes = [&names, place].map(|place| countries::of(place).map(|country| country.code));
    if codes[0].is_some() && codes[0] == codes[1] { names } else { Place::default() }
}

/// The largest city of the cell around `centre`, of the country of `place`.
fn names_of_largest_city(centre: LatLon, cell_km: f64, place: &Place) -> Option<Place> {
    let code = countries::of(place)?.code;
    let half_height = (cell_km / EARTH_RADIUS_KM).to_degrees() / 2.0;
    let half_width = half_height / centre.latitude().to_radians().cos().max(0.01);
    let [latitude, longitude] = [centre.latitude(), centre.longitude()];
    let cities = ReverseGeocoder::embedded().largest_cities(
        latitude - half_height,
        turned(longitude - half_width),
        latitude + half_height,
        turned(longitude + half_width),
        usize::MAX,
    );
    let city = cities.into_iter().find(|city| city.country_code == code)?;
    let text = |text: &str| Some(text.to_owned());
    Some(Place {
        city: text(city.name),
        county: city.county.and_then(text),
        state: city.state.and_then(text),
        ..Place::default()
    })
}

/// Degrees east, brought into -180..180.
fn turned(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}

/// The centre of the point's cell, rounded to `decimals` (fewer than the cell is wide, so that the centre
/// of a centre is itself).
fn cell_centre(location: LatLon, cell_km: f64, decimals: usize) -> LatLon {
    let cell_degrees = (cell_km / EARTH_RADIUS_KM).to_degrees();
    let latitude = middle(location.latitude() + 90.0, 180.0, cell_degrees) - 90.0;
    let width_degrees = cell_degrees / latitude.to_radians().cos();
    // A turn at +180 is the turn at -180.
    let longitude = middle((location.longitude() + 180.0).rem_euclid(360.0), 360.0, width_degrees) - 180.0;
    let scale = 10_f64.powi(decimals as i32);
    let round = |degrees: f64| (degrees * scale).round() / scale + 0.0;
    LatLon::new(round(latitude), round(longitude)).unwrap_or(location)
}

/// The middle of the part that `value` falls into, when `0..length` is cut into equal parts of about `size`.
fn middle(value: f64, length: f64, size: f64) -> f64 {
    let parts = (length / size).round().max(1.0);
    let index = (value / length * parts).floor().clamp(0.0, parts - 1.0);
    (index + 0.5) * length / parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn country(code: &str) -> Place {
        Place { country_code: Some(code.into()), ..Place::default() }
    }

    proptest! {
        #[test]
        fn cells_have_about_their_size(latitude in -85.0..85.0, longitude in -180.0..=180.0) {
            let point = LatLon::new(latitude, longitude).unwrap();
            for (precision, cell) in [(Precision::Km1, 1.0), (Precision::Km25, 25.0), (Precision::Km200, 200.0)] {
                let centre = precision.location(point, &Place::default());
                // Half a diagonal, with room for the rounding of counts near the poles and the ellipsoid.
                prop_assert!(geodesic_km(point, centre) <= cell * 0.95, "{precision}: {point} -> {centre}");
            }
        }

        #[test]
        fn centres_stay_where_they_are(latitude in -90.0..=90.0, longitude in -180.0..=180.0) {
            let point = LatLon::new(latitude, longitude).unwrap();
            for precision in [Precision::Exact, Precision::Km1, Precision::Km25, Precision::Km200] {
                let once = precision.location(point, &Place::default());
                prop_assert_eq!(precision.location(once, &Place::default()), once);
            }
        }
    }

    #[test]
    fn a_country_is_one_point() {
        let sydney = LatLon::new(-33.86, 151.21).unwrap();
        let perth = LatLon::new(-31.95, 115.86).unwrap();
        let place = country("AU");
        assert_eq!(Precision::Country.location(sydney, &place), Precision::Country.location(perth, &place));
        let named = Place { country: Some("Australia".into()), ..Place::default() };
        assert_eq!(Precision::Country.location(sydney, &named), Precision::Country.location(perth, &place));
        assert_eq!(
            Precision::Country.location(sydney, &Place::default()),
            Precision::Country.location(perth, &place)
        );
    }

    #[test]
    fn the_open_sea_has_cells_of_a_thousand_km() {
        let ocean = LatLon::new(-30.3, -120.4).unwrap();
        let published = Precision::Country.location(ocean, &Place::default());
        assert_eq!((published.latitude().fract(), published.longitude().fract()), (0.0, 0.0));
        assert!((1.0..800.0).contains(&geodesic_km(ocean, published)));
    }

    #[test]
    fn the_antimeridian_is_one_line() {
        let east = LatLon::new(-17.0, 180.0).unwrap();
        let west = LatLon::new(-17.0, -180.0).unwrap();
        assert_eq!(
            Precision::Km1.location(east, &country("FJ")),
            Precision::Km1.location(west, &country("FJ"))
        );
    }

    #[test]
    fn names_round_trip() {
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse(), Ok(precision));
            assert_eq!(serde_json::to_value(precision).unwrap(), precision.as_str());
        }
        assert!("50".parse::<Precision>().unwrap_err().to_string().contains("country"));
    }
}
