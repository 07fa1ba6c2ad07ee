//! Forward geocoding: from the names of a place to a point, offline.
//!
//! Names are ambiguous, and a point that is guessed is worse than none. So a town counts only together with a country or
//! state that is named too, or if the table knows one town of that name in the whole world.

mod aliases;
mod areas;
mod index;
mod named_areas;

use std::fmt;
use std::sync::LazyLock;

use crate::region::fold;
use crate::towns::{Town, TownTable};
use crate::{LatLon, Place, country_name, haversine_km};

use index::NameIndex;
use named_areas::NamedAreas;

/// Towns of one name this close together are one town in two records, km.
const SAME_TOWN_KM: f64 = 30.0;
/// A town is near another one, of which it is called a part, within this, km.
const PART_KM: f64 = 60.0;
/// Of several towns of one name in a country, one with so many inhabitants is meant,
const LEAST_POPULATION: u64 = 100_000;
/// if it is so many times as large as the next.
const TIMES_LARGER: u64 = 10;

/// Finds places by their names, from data that is compiled into the program.
///
/// The names are those of the table of towns (`GeoNames`, mostly English or local ones), common English names of large
/// cities, English names of states, and the names and codes of countries that [`crate::Region`] reads. Case and accents do
/// not matter.
#[derive(Debug)]
pub struct Gazetteer {
    towns: TownTable,
    names: NameIndex,
    areas: NamedAreas,
}

/// What the last and most general name may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastName {
    /// A country, or a state where no country has the name.
    Country,
    /// A country or a state: where both fit, the answer is ambiguous.
    Either,
}

/// What kind of place was found, the finest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A city, town or village.
    Town,
    /// A first-level division.
    State,
    /// A country.
    Country,
}

/// A place that was found by its names.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPlace {
    /// The town's point; in a state or country, the large town that is closest to its inhabitants.
    pub location: LatLon,
    /// How far the place reaches from there, km: the town's size, or where nine tenths of the inhabitants live.
    pub radius_km: f64,
    /// The names in the table.
    pub place: Place,
    /// What kind of place.
    pub level: Level,
    /// Which of the given names was found, from 0, the most specific.
    pub named: usize,
}

/// Why names give no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceError {
    /// No country or state is named, or the table has no such place there.
    Unknown,
    /// Several places have these names.
    Ambiguous,
}

impl fmt::Display for PlaceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unknown => "no place of this name is known",
            Self::Ambiguous => "several places have this name",
        })
    }
}

impl std::error::Error for PlaceError {}

/// A country, or a state of one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Area {
    country: &'static str,
    state: Option<&'static str>,
}

impl Gazetteer {
    /// The gazetteer of the embedded data. The first call sorts the names of all towns (tens of milliseconds).
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Gazetteer> = LazyLock::new(|| {
            let towns = TownTable::embedded();
            let names = NameIndex::new(&towns);
            Gazetteer { towns, names, areas: NamedAreas::new() }
        });
        &EMBEDDED
    }

    /// Finds the place of names that go from the most specific to the most general, such as a town, a state and a
    /// country. The last one is a country or a state. Specific names that are not known there are passed over, so the
    /// answer may be the state or country; [`FoundPlace::named`] tells.
    ///
    /// ```
    /// use geo::{Gazetteer, LastName, PlaceError};
    ///
    /// let gazetteer = Gazetteer::embedded();
    /// let lisbon = gazetteer.find(&["Lisbon", "Portugal"], LastName::Country)?;
    /// assert_eq!(lisbon.place.label(), "Lisbon, Portugal");
    /// assert!((lisbon.location.latitude() - 38.7).abs() < 0.1 && lisbon.radius_km < 15.0);
    /// assert_eq!(gazetteer.find(&["Springfield", "USA"], LastName::Country), Err(PlaceError::Ambiguous));
    /// assert_eq!(gazetteer.find(&["Cologne"], LastName::Country), Err(PlaceError::Unknown));
    /// # Ok::<(), PlaceError>(())
    /// ```
    ///
    /// # Errors
    /// [`PlaceError`]: the last name is not known, or several places fit.
    pub fn find(&self, names: &[&str], last: LastName) -> Result<FoundPlace, PlaceError> {
        let Some((general, specific)) = names.split_last() else { return Err(PlaceError::Unknown) };
        let mut areas = self.areas.of(general);
        if last == LastName::Country && areas.first().is_some_and(|area| area.state.is_none()) {
            areas.truncate(1);
        }
        // The reading in which the most specific name is a place; two equally good ones contradict each other.
        let mut best: Option<Result<FoundPlace, PlaceError>> = None;
        for area in areas {
            let found = self.find_in(specific, area);
            let rank = |found: &Result<FoundPlace, PlaceError>| found.as_ref().map_or(0, |place| place.named);
            best = Some(match best {
                None => found,
                Some(known) if rank(&found) < rank(&known) => found,
                Some(known) if rank(&found) > rank(&known) => known,
                Some(_) => Err(PlaceError::Ambiguous),
            });
        }
        best.unwrap_or(Err(PlaceError::Unknown))
    }

    /// Finds a town by its name alone: the only one of that name.
    ///
    /// # Errors
    /// [`PlaceError`]: there is none, or there are several.
    pub fn find_town(&self, name: &str) -> Result<FoundPlace, PlaceError> {
        let found = self.towns_named(name, None);
        let (largest, others) = self.largest(found).ok_or(PlaceError::Unknown)?;
        if others.is_empty() { Ok(self.town(largest, 0)) } else { Err(PlaceError::Ambiguous) }
    }

    /// Whether a text is the name of a country (`Some(true)`) or only that of a state.
    pub fn area_kind(&self, name: &str) -> Option<bool> {
        self.areas.of(name).first().map(|area| area.state.is_none())
    }

    fn find_in(&self, specific: &[&str], area: Area) -> Result<FoundPlace, PlaceError> {
        for (index, name) in specific.iter().enumerate() {
            let between = specific.get(index + 1..).unwrap_or_default();
            let mut found = self.towns_named(name, Some(area));
            for part in between {
                found = self.within(found, part, area);
            }
            if let Some((largest, others)) = self.largest(found) {
                let next = others.first().map_or(0, |town| town.population());
                let is_meant = largest.population() >= LEAST_POPULATION.max(next * TIMES_LARGER);
                return if others.is_empty() || is_meant {
                    Ok(self.town(largest, index))
                } else {
                    Err(PlaceError::Ambiguous)
                };
            }
            if area.state.is_none()
                && let Some(state) = self.areas.state(name, area.country)
            {
                let inner = Area { state: Some(state), ..area };
                return self.area(inner, index).ok_or(PlaceError::Unknown);
            }
        }
        self.area(area, specific.len()).ok_or(PlaceError::Unknown)
    }

    /// The towns of a name, in an area if there is one.
    fn towns_named(&self, name: &str, area: Option<Area>) -> Vec<Town> {
        let folded = fold(name);
        let mut found = self.names.towns(&self.towns, &folded);
        for (country, meant) in aliases::meant_by(&folded) {
            let more = self.names.towns(&self.towns, meant);
            found.extend(more.into_iter().filter(|town| self.towns.country_code(*town) == country));
        }
        found.retain(|town| area.is_none_or(|area| self.is_in(*town, area)));
        found
    }

    fn is_in(&self, town: Town, area: Area) -> bool {
        self.towns.country_code(town) == area.country
            && area.state.is_none_or(|state| self.towns.state(town) == Some(state))
    }

    /// The towns that fit a name of something around them. A name that is not known says nothing.
    fn within(&self, found: Vec<Town>, part: &str, area: Area) -> Vec<Town> {
        let folded = fold(part);
        let state = self.areas.state(part, area.country);
        let around = self.towns_named(part, Some(area));
        let fits = |town: &Town| {
            let county = self.towns.county(*town).map(fold);
            let is_county = county.is_some_and(|county| {
                county == folded || county.strip_suffix(" county").is_some_and(|county| county == folded)
            });
            let is_near =
                || around.iter().any(|other| haversine_km(other.location, town.location) <= PART_KM);
            is_county || (state.is_some() && self.towns.state(*town) == state) || is_near()
        };
        let fitting: Vec<Town> = found.iter().copied().filter(fits).collect();
        if fitting.is_empty() && state.is_none() && around.is_empty() { found } else { fitting }
    }

    /// The largest of some towns, and the others in the order of their sizes, without those beside it.
    fn largest(&self, mut towns: Vec<Town>) -> Option<(Town, Vec<Town>)> {
        towns.sort_by_key(|town| std::cmp::Reverse(town.population_step()));
        let largest = *towns.first()?;
        let is_other = |town: &Town| {
            self.towns.country_code(*town) != self.towns.country_code(largest)
                || haversine_km(town.location, largest.location) > SAME_TOWN_KM
        };
        towns.retain(is_other);
        Some((largest, towns))
    }

    fn town(&self, town: Town, named: usize) -> FoundPlace {
        let code = self.towns.country_code(town);
        let place = Place {
            city: Some(self.towns.name(town).to_owned()),
            county: self.towns.county(town).map(str::to_owned),
            state: self.towns.state(town).map(str::to_owned),
            country: country_name(code).map(str::to_owned),
            country_code: Some(code.to_owned()),
            ..Place::default()
        };
        FoundPlace { location: town.location, radius_km: radius_km(town), place, level: Level::Town, named }
    }
}

/// The radius of a town's area, roughly, and never less than 2 km.
fn radius_km(town: Town) -> f64 {
    match town.population() {
        0 => 5.0,
        population => (0.01 * (population as f64).sqrt()).clamp(2.0, 40.0),
    }
}

#[cfg(test)]
mod tests;
