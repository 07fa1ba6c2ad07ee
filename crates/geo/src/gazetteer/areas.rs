//! The point that stands for a state or a country.

use std::cmp::Reverse;

use super::{Area, FoundPlace, Gazetteer, Level, radius_km};
use crate::towns::{Town, Window};
use crate::{Place, country_name, haversine_km};

const WORLD: Window = Window { south: -90.0, west: -180.0, north: 90.0, east: 180.0 };
/// So many of the largest towns stand for the inhabitants.
const TOWNS: usize = 400;
/// One of so many of the largest towns is the point.
const POINTS: usize = 40;
/// This share of the inhabitants lives within the radius.
const SHARE: f64 = 0.9;

impl Gazetteer {
    /// The large town whose mean distance to the inhabitants is the smallest: the best guess for a photo of which nothing
    /// but the area is known. `None` where the table has no town there.
    pub(super) fn area(&self, area: Area, named: usize) -> Option<FoundPlace> {
        let mut towns: Vec<Town> = Vec::new();
        self.towns.visit(WORLD, |town| {
            if self.is_in(town, area) {
                towns.push(town);
            }
        });
        towns.sort_by_key(|town| Reverse(town.population_step()));
        towns.truncate(TOWNS);
        // A town of unknown size counts a little.
        let weight = |town: &Town| town.population().max(100) as f64;
        let mean = |point: &Town| -> f64 {
            towns.iter().map(|town| weight(town) * haversine_km(point.location, town.location)).sum()
        };
        let points = towns.iter().take(POINTS).map(|point| (mean(point), point));
        let (_, centre) = points.min_by(|one, other| one.0.total_cmp(&other.0))?;
        let mut reach: Vec<(f64, f64)> =
            towns.iter().map(|town| (haversine_km(centre.location, town.location), weight(town))).collect();
        reach.sort_by(|one, other| one.0.total_cmp(&other.0));
        let wanted = SHARE * reach.iter().map(|(_, weight)| weight).sum::<f64>();
        let mut known = 0.0;
        let within = reach.iter().find(|(_, weight)| {
            known += weight;
            known >= wanted
        });
        let radius = within.map_or(0.0, |(km, _)| *km).max(radius_km(*centre));
        let place = Place {
            state: area.state.map(str::to_owned),
            country: country_name(area.country).map(str::to_owned),
            country_code: Some(area.country.to_owned()),
            ..Place::default()
        };
        let level = if area.state.is_some() { Level::State } else { Level::Country };
        Some(FoundPlace { location: centre.location, radius_km: radius, place, level, named })
    }
}
