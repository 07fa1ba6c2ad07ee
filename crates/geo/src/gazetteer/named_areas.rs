//! Countries and states by their names and codes.

use std::collections::HashMap;

use super::Area;
use crate::countries;
use crate::countries::{code_of_alpha3, known_code};
use crate::region::{COUNTRY_ALIASES, fold};
use crate::subdivisions::subdivisions;

/// Names of this length, in letters, count in capitals only: `in`, `and` and `can` are words, `IN`, `AND` and `CAN` codes.
const SHORT: usize = 3;

/// What the names of countries and states mean.
#[derive(Debug)]
pub(super) struct NamedAreas {
    by_name: HashMap<String, Vec<Area>>,
    /// `OR`, for Oregon: in some countries people write such a code behind the town.
    by_postal_code: HashMap<&'static str, Vec<Area>>,
}

impl NamedAreas {
    pub(super) fn new() -> Self {
        let mut by_name: HashMap<String, Vec<Area>> = HashMap::new();
        let mut by_postal_code: HashMap<&'static str, Vec<Area>> = HashMap::new();
        let mut add = |name: String, area: Area| {
            let known = by_name.entry(name).or_default();
            if !known.contains(&area) {
                known.push(area);
            }
        };
        for (code, name) in countries() {
            add(fold(name), Area { country: code, state: None });
        }
        for (name, code) in COUNTRY_ALIASES {
            if let Some(country) = known_code(code) {
                add(name.to_owned(), Area { country, state: None });
            }
        }
        for one in subdivisions() {
            let area = Area { country: one.country, state: Some(one.state) };
            add(fold(one.state), area);
            if let Some((code, english)) = one.coded {
                add(fold(english), area);
                if let Some(suffix) = code.get(3..).filter(|_| matches!(one.country, "US" | "CA" | "AU")) {
                    by_postal_code.entry(suffix).or_default().push(area);
                }
            }
        }
        Self { by_name, by_postal_code }
    }

    /// What a name can mean, countries first.
    pub(super) fn of(&self, name: &str) -> Vec<Area> {
        let letters: String = name.trim().chars().filter(|sign| *sign != '.').collect();
        let is_short = letters.chars().count() <= SHORT;
        let is_code = letters.bytes().all(|letter| letter.is_ascii_uppercase());
        let mut areas = Vec::new();
        if is_short && is_code {
            let code = known_code(&letters).or_else(|| code_of_alpha3(&letters));
            areas.extend(code.map(|country| Area { country, state: None }));
        }
        if !is_short || is_code {
            areas.extend(self.by_name.get(&fold(name)).into_iter().flatten().copied());
        }
        areas.extend(self.by_postal_code.get(letters.as_str()).into_iter().flatten().copied());
        areas.sort_by_key(|area| area.state.is_some());
        areas.dedup();
        areas
    }

    /// The state of a country that has a name or code.
    pub(super) fn state(&self, name: &str, country: &str) -> Option<&'static str> {
        self.of(name).into_iter().filter(|area| area.country == country).find_map(|area| area.state)
    }
}
