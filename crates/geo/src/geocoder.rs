//! Offline reverse geocoding: from a point to the names of its place.

use std::cmp::Reverse;
use std::sync::LazyLock;

use country_boundaries::{BOUNDARIES_ODBL_60X30, CountryBoundaries};

use crate::borders::{Correction, Corrections};
use crate::countries::known_code;
use crate::near_land::is_near_land;
use crate::subdivisions::state_of_code;
use crate::towns::{Town, TownTable, Window};
use crate::{LatLon, Place, country_name, destination, geodesic_km, haversine_km};

/// How far off shore a point still belongs to the country of the coast, km.
const OFFSHORE_KM: f64 = 25.0;
/// A town further away than this names no city for a point, km.
const CITY_REACH_KM: f64 = 50.0;
/// A town further away than this names no state for a point, km.
const STATE_REACH_KM: f64 = 150.0;
/// How far the simplified polygons are off, km: this close to a small territory, a point may be in it.
const EDGE_KM: f64 = 0.06;
/// The geodesic and the great circle differ by less than this factor.
const SPHERE_SLACK: f64 = 1.006;
/// The largest head start that a city has over a village, km.
const LARGEST_HEAD_START_KM: f64 = 10.0;

/// Names places without a network, from data that is compiled into the program.
///
/// - The **country** comes from country polygons (OpenStreetMap, simplified so that practically every settlement is on
///   its side, and corrected near towns where finer borders disagree), never from the nearest town. Up to 60 m outside
///   of a small enclave, exclave or city state, that is named. Off shore, the coast's country counts up to about 25 km;
///   beyond that there is none. Territories with their own ISO code (Puerto Rico, Hong Kong, Reunion) are named by it.
///   Land south of 60 degrees south is Antarctica. Where states disagree, the data does as `GeoNames` does: Crimea is
///   in Ukraine, Western Sahara is itself.
/// - The **city** is the nearest populated place of the same country (and of the same state, province or
///   autonomous region, in countries whose polygons are known), up to 50 km away. A city is larger than the
///   point that stands for it: it has a head start of `0.004 * sqrt(population)` km, at most 10 km.
/// - **County** and **state** are those of that place; the state up to 150 km away.
///
/// Accuracy: of the 155,000 places in the data, more than 99.9 % lie in the polygon of their own country.
pub struct ReverseGeocoder {
    boundaries: CountryBoundaries,
    corrections: Corrections,
    towns: TownTable,
}

/// A populated place.
#[derive(Clone, Debug, PartialEq)]
pub struct City {
    /// Name, mostly the English or the local one in Latin letters.
    pub name: &'static str,
    /// First-level administrative division.
    pub state: Option<&'static str>,
    /// Second-level administrative division.
    pub county: Option<&'static str>,
    /// ISO 3166-1 alpha-2 code.
    pub country_code: &'static str,
    /// The point that stands for the city.
    pub location: LatLon,
    /// Population, rounded to about 9 %; 0 when it is unknown. Good for ranks, not for statistics.
    pub population: u64,
}

/// The polygons that a point lies in.
struct Territory<'a> {
    country_code: &'static str,
    /// The smallest division (ISO 3166-2) that the boundaries know there.
    division: Option<&'a str>,
}

impl ReverseGeocoder {
    /// The geocoder on the embedded data. The first call reads the boundaries (about 1 ms); everything else
    /// is read in place.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<ReverseGeocoder> = LazyLock::new(|| ReverseGeocoder {
            boundaries: CountryBoundaries::from_reader(BOUNDARIES_ODBL_60X30)
                .expect("the boundaries that the library ships are readable"),
            corrections: Corrections::embedded(),
            towns: TownTable::embedded(),
        });
        &EMBEDDED
    }

    /// The names of the place at a point; empty in the open ocean. Tens of microseconds.
    ///
    /// ```
    /// let basel = geo::LatLon::new(47.5596, 7.5886)?;
    /// let place = geo::ReverseGeocoder::embedded().place(basel);
    /// assert_eq!(place.label(), "Basel, Basel-City, Switzerland");
    /// assert_eq!(place.country_code.as_deref(), Some("CH"));
    /// # Ok::<(), geo::CoordinateError>(())
    /// ```
    pub fn place(&self, point: LatLon) -> Place {
        let Some(territory) = self.territory(point) else {
            return Place::default();
        };
        let mut place = Place {
            country: country_name(territory.country_code).map(str::to_owned),
            country_code: Some(territory.country_code.to_owned()),
            ..Place::default()
        };
        if let Some((town, distance_km)) = self.town_of(point, &territory) {
            place.state = self.towns.state(town).map(str::to_owned);
            if distance_km <= CITY_REACH_KM {
                place.city = Some(self.towns.name(town).to_owned());
                place.county = self.towns.county(town).map(str::to_owned);
            }
        }
        place
    }

    /// ISO 3166-1 alpha-2 code of the country at a point, as in [`ReverseGeocoder::place`]; faster.
    pub fn country_code(&self, point: LatLon) -> Option<&'static str> {
        self.territory(point).map(|territory| territory.country_code)
    }

    /// The first-level division at a point: ISO 3166-1 alpha-2 code of the country, and name. In countries whose
    /// divisions have polygons, the polygon decides, elsewhere the nearest town, as in [`ReverseGeocoder::place`].
    pub fn state(&self, point: LatLon) -> Option<(&'static str, &'static str)> {
        let territory = self.territory(point)?;
        let of_polygon = territory.division.and_then(state_of_code);
        if let Some(found) = of_polygon.filter(|(country, _)| *country == territory.country_code) {
            return Some(found);
        }
        let (town, _) = self.town_of(point, &territory)?;
        Some((territory.country_code, self.towns.state(town)?))
    }

    /// Whether a town of a country lies within `radius_km` of a point.
    pub(crate) fn has_town_near(&self, country_code: &str, point: LatLon, radius_km: f64) -> bool {
        let mut found = false;
        self.towns.visit(Window::around(point, radius_km), |town| {
            found |= self.towns.country_code(town).eq_ignore_ascii_case(country_code)
                && haversine_km(point, town.location) <= radius_km;
        });
        found
    }

    /// Whether polygons tell where the state of a town ends.
    pub(crate) fn has_polygon_of_state(&self, town: LatLon) -> bool {
        self.territory_at(town).and_then(|territory| territory.division).and_then(state_of_code).is_some()
    }

    /// Calls `visit` with the location of each town of a country, or of one state of it.
    pub(crate) fn visit_towns_of(
        &self,
        country_code: &str,
        state: Option<&str>,
        mut visit: impl FnMut(LatLon),
    ) {
        self.towns.visit(Window { south: -90.0, west: -180.0, north: 90.0, east: 180.0 }, |town| {
            let is_of_state = || state.is_none_or(|state| self.towns.state(town) == Some(state));
            if self.towns.country_code(town).eq_ignore_ascii_case(country_code) && is_of_state() {
                visit(town.location);
            }
        });
    }

    /// Cities within `radius_km` of a point with their geodesic distance in km, the nearest first, at most
    /// `max`. Borders do not matter.
    pub fn cities_near(&self, point: LatLon, radius_km: f64, max: usize) -> Vec<(City, f64)> {
        // The sphere is up to 0.6 % off the ellipsoid: look a little further, then measure what can count.
        let mut found = Vec::new();
        self.towns.visit(Window::around(point, radius_km * SPHERE_SLACK), |town| {
            let distance_km = haversine_km(point, town.location);
            if distance_km <= radius_km * SPHERE_SLACK {
                found.push((town, distance_km));
            }
        });
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((_, last_km)) = max.checked_sub(1).and_then(|last| found.get(last)) {
            let limit_km = last_km * SPHERE_SLACK * SPHERE_SLACK;
            found.retain(|(_, km)| *km <= limit_km);
        }
        let measured = found.into_iter().map(|(town, _)| (town, geodesic_km(point, town.location)));
        let mut near: Vec<(Town, f64)> = measured.filter(|(_, km)| *km <= radius_km).collect();
        near.sort_by(|a, b| a.1.total_cmp(&b.1));
        near.into_iter().take(max).map(|(town, km)| (self.city(town), km)).collect()
    }

    /// The most populous cities in a box, the largest first, at most `max`: labels for a map. Degrees;
    /// `west > east` means that the box crosses the antimeridian.
    pub fn largest_cities(&self, south: f64, west: f64, north: f64, east: f64, max: usize) -> Vec<City> {
        let east = if west > east { east + 360.0 } else { east };
        let mut found = Vec::new();
        self.towns.visit(Window { south, west, north, east }, |town| found.push(town));
        found.sort_by_key(|town| Reverse(town.population_step()));
        found.truncate(max);
        found.into_iter().map(|town| self.city(town)).collect()
    }

    fn city(&self, town: Town) -> City {
        City {
            name: self.towns.name(town),
            state: self.towns.state(town),
            county: self.towns.county(town),
            country_code: self.towns.country_code(town),
            location: town.location,
            population: town.population(),
        }
    }

    /// The country on land; off shore, that of the nearest coast within [`OFFSHORE_KM`].
    fn territory(&self, point: LatLon) -> Option<Territory<'_>> {
        if !is_near_land(point) {
            return None;
        }
        // The treaty area; the boundaries leave it out.
        if point.latitude() < -60.0 {
            return Some(Territory { country_code: known_code("AQ")?, division: None });
        }
        if let Some(territory) = self.corrected(point).or_else(|| self.territory_at(point)) {
            return Some(territory);
        }
        for step in 1..=10 {
            let distance_km = OFFSHORE_KM * f64::from(step) / 10.0;
            for bearing in 0..16 {
                let probe = destination(point, f64::from(bearing) * 22.5, distance_km)?;
                if let Some(territory) = self.territory_at(probe) {
                    return Some(territory);
                }
            }
        }
        // Islands that the boundaries lack.
        let mut nearest: Option<(Town, f64)> = None;
        self.towns.visit(Window::around(point, OFFSHORE_KM), |town| {
            let distance_km = haversine_km(point, town.location);
            if distance_km <= OFFSHORE_KM && nearest.is_none_or(|(_, best)| distance_km < best) {
                nearest = Some((town, distance_km));
            }
        });
        nearest.map(|(town, _)| Territory { country_code: self.towns.country_code(town), division: None })
    }

    /// The country where finer borders know better than the polygons.
    fn corrected(&self, point: LatLon) -> Option<Territory<'_>> {
        match self.corrections.at(point)? {
            Correction::Country(country_code) => Some(Territory { country_code, division: None }),
            // Of two countries this close, the small territory is named: next to nothing is lost for the other one,
            // while the edge of an enclave is a good part of it.
            Correction::EdgeOf(country_code) => {
                let probes =
                    (0..8).filter_map(|bearing| destination(point, f64::from(bearing) * 45.0, EDGE_KM));
                let territories =
                    std::iter::once(point).chain(probes).filter_map(|probe| self.territory_at(probe));
                territories.into_iter().find(|territory| territory.country_code == country_code)
            }
        }
    }

    fn territory_at(&self, point: LatLon) -> Option<Territory<'_>> {
        let position = country_boundaries::LatLon::new(point.latitude(), point.longitude()).ok()?;
        // The smallest first: "US-CA", "US".
        let ids = self.boundaries.ids(position);
        let division = ids.iter().copied().find(|id| id.len() > 2);
        let country = ids.iter().copied().find(|id| id.len() == 2)?;
        let code = match country {
            // Codes that are reserved, but not assigned to a country.
            "IC" | "EA" => "ES",
            "AC" | "TA" => "SH",
            "DG" => "IO",
            "CP" => "FR",
            "RU" if matches!(division, Some("UA-40" | "UA-43")) => "UA",
            // The boundaries show who controls it; it has an ISO code and towns of its own.
            "MA" if point.latitude() < 27.667 && point.longitude() < -8.67 => "EH",
            code => code,
        };
        Some(Territory { country_code: known_code(code)?, division })
    }

    /// The town that names a point, and its distance in km.
    fn town_of(&self, point: LatLon, territory: &Territory<'_>) -> Option<(Town, f64)> {
        let mut found = Vec::new();
        for reach_km in [25.0, 75.0, STATE_REACH_KM + LARGEST_HEAD_START_KM] {
            found.clear();
            self.towns.visit(Window::around(point, reach_km), |town| {
                if self.towns.country_code(town) == territory.country_code {
                    let distance_km = haversine_km(point, town.location);
                    if distance_km <= reach_km {
                        found.push((distance_km - head_start_km(town), distance_km, town));
                    }
                }
            });
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
            let same_division = territory.division.and_then(|division| {
                found.iter().take(100).find(|(_, _, town)| self.is_in(town.location, division))
            });
            let wanted = if territory.division.is_some() { same_division } else { found.first() };
            // Nothing outside the reach can come before this one.
            if let Some((lead, distance_km, town)) = wanted
                && *lead <= reach_km - LARGEST_HEAD_START_KM
            {
                return Some((*town, *distance_km));
            }
        }
        found.first().map(|(_, distance_km, town)| (*town, *distance_km))
    }

    fn is_in(&self, point: LatLon, division: &str) -> bool {
        country_boundaries::LatLon::new(point.latitude(), point.longitude())
            .is_ok_and(|position| self.boundaries.is_in(position, division))
    }
}

/// A city reaches further than a village: the radius of its area, roughly.
fn head_start_km(town: Town) -> f64 {
    (0.004 * (town.population() as f64).sqrt()).min(LARGEST_HEAD_START_KM)
}
