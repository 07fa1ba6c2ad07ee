//! States, provinces and other first-level divisions: their names, and their ISO 3166-2 codes where they are known.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::towns::TownTable;

static CODES: &str = include_str!("../data/subdivisions.csv");

/// A first-level division of a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subdivision {
    /// ISO 3166-1 alpha-2 code of the country.
    pub(crate) country: &'static str,
    /// The name that the places use: [`crate::Place::state`].
    pub(crate) state: &'static str,
    /// ISO 3166-2 code and English name of the same division, where they are known.
    pub(crate) coded: Option<(&'static str, &'static str)>,
}

/// All divisions that the places know.
pub(crate) fn subdivisions() -> Vec<Subdivision> {
    let mut coded: Vec<[&str; 3]> = CODES.lines().filter_map(fields).collect();
    coded.sort_unstable_by_key(|[code, _, state]| (code.get(..2), *state));
    let find = |country: &str, state: &str| {
        let found =
            coded.binary_search_by_key(&(Some(country), state), |[code, _, state]| (code.get(..2), *state));
        found.ok().and_then(|index| coded.get(index)).map(|[code, name, _]| (*code, *name))
    };
    let table = TownTable::embedded();
    let states = table.states().filter(|(_, state)| !state.is_empty());
    states.map(|(country, state)| Subdivision { country, state, coded: find(country, state) }).collect()
}

/// The country and state of an ISO 3166-2 code.
pub(crate) fn state_of_code(code: &str) -> Option<(&'static str, &'static str)> {
    static STATES: LazyLock<HashMap<&str, (&str, &str)>> = LazyLock::new(|| {
        let coded = CODES.lines().filter_map(fields);
        coded.filter_map(|[code, _, state]| Some((code, (code.get(..2)?, state)))).collect()
    });
    STATES.get(code).copied()
}

/// Code, English name, name of the places (left out when it is the English name).
fn fields(line: &'static str) -> Option<[&'static str; 3]> {
    let (code, names) = line.split_once(';')?;
    Some(match names.split_once(';') {
        Some((name, state)) => [code, name, state],
        None => [code, names, names],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_belongs_to_a_division_of_its_country() {
        let all = subdivisions();
        let coded = all.iter().filter_map(|one| Some((one.country, one.coded?)));
        let mut codes: Vec<&str> = coded
            .map(|(country, (code, name))| {
                assert!(code.starts_with(country) && code.get(2..3) == Some("-"), "{code}");
                assert!(!name.is_empty() && name.trim() == name, "{code}");
                code
            })
            .collect();
        assert_eq!(codes.len(), CODES.lines().count());
        assert!(codes.len() > 3000, "{}", codes.len());
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CODES.lines().count());
    }
}
