//! From what a search found to a list of candidates.

use std::collections::HashMap;

use contract::PhotoRecord;
use geo::{LatLon, geodesic_km, haversine_km};

use super::cells::cell_of;
use super::queries::CurationQuery;
use super::rules::{FAR_KM, Rules};

/// A search result with what is known of its photo.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FoundPhoto {
    pub(super) location: LatLon,
    pub(super) similarity: f32,
    /// Nothing for a bare coordinate.
    pub(super) photo: Option<PhotoRecord>,
}

/// The candidates of one query.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Choice {
    /// Positions in the search's result, ascending.
    pub(super) chosen: Vec<usize>,
    /// How many of them are far.
    pub(super) far: usize,
    /// The query's own similarity, if the search found it.
    pub(super) itself: Option<f32>,
}

impl Choice {
    /// Whether a deeper search could not make the list better.
    pub(super) fn is_complete(&self, rules: &Rules) -> bool {
        self.chosen.len() == wanted(rules, self.itself.is_some()) && self.far >= rules.min_far
    }
}

/// The query takes one place of its list unless it is left out.
fn wanted(rules: &Rules, found_itself: bool) -> usize {
    rules.top - usize::from(!rules.exclude_self && found_itself)
}

/// Applies the rules to the neighbours of a query, most similar first.
pub(super) fn choose(rules: &Rules, query: &CurationQuery, neighbours: &[FoundPhoto]) -> Choice {
    let is_self = |one: &FoundPhoto| one.photo.as_ref().is_some_and(|photo| photo.id == query.id);
    let itself = neighbours.iter().find(|one| is_self(one)).map(|one| one.similarity);
    let wanted = wanted(rules, itself.is_some());
    let mut cells: HashMap<(u32, u32), usize> = HashMap::new();
    // The first ones, and after them the far ones that are still needed.
    let mut chosen: Vec<(usize, bool)> = Vec::with_capacity(wanted);
    let mut far = 0;
    for (position, neighbour) in neighbours.iter().enumerate() {
        if chosen.len() >= wanted && far >= rules.min_far {
            break;
        }
        if is_self(neighbour) || is_excluded(rules, query, neighbour) {
            continue;
        }
        let is_far = is_beyond(query.location, neighbour.location, FAR_KM);
        if chosen.len() >= wanted && !is_far {
            continue;
        }
        if let Some(most) = rules.per_cell {
            let count = cells.entry(cell_of(neighbour.location, rules.cell_km)).or_default();
            if *count >= most {
                continue;
            }
            *count += 1;
        }
        if chosen.len() >= wanted {
            // The last of the nearer ones makes room.
            let Some(last) = chosen.iter().rposition(|(_, is_far)| !is_far) else { break };
            chosen.remove(last);
        }
        chosen.push((position, is_far));
        far += usize::from(is_far);
    }
    Choice { chosen: chosen.into_iter().map(|(position, _)| position).collect(), far, itself }
}

fn is_excluded(rules: &Rules, query: &CurationQuery, neighbour: &FoundPhoto) -> bool {
    if rules.min_distance_m > 0.0
        && !is_beyond(query.location, neighbour.location, rules.min_distance_m / 1000.0)
    {
        return true;
    }
    let Some(photo) = &neighbour.photo else { return false };
    if rules.exclude_same_author && query.author.is_some() && photo.attribution.author == query.author {
        return true;
    }
    match (rules.near_duplicate_bits, query.hash, photo.hash) {
        (Some(bits), Some(own), Some(other)) => own.distance(other) <= bits,
        _ => false,
    }
}

/// Whether two points are at least so far apart; the sphere, within 0.6 % of the ellipsoid, answers most questions.
fn is_beyond(one: LatLon, other: LatLon, km: f64) -> bool {
    let rough = haversine_km(one, other);
    if rough < km * 0.99 {
        return false;
    }
    rough > km * 1.01 || geodesic_km(one, other) >= km
}

#[cfg(test)]
mod tests {
    use contract::{Attribution, PerceptualHash, PhotoRecord};
    use geo::Place;
    use proptest::prelude::*;

    use super::*;

    fn at(latitude: f64, longitude: f64) -> LatLon {
        LatLon::new(latitude, longitude).unwrap()
    }

    fn query() -> CurationQuery {
        CurationQuery {
            id: "query".into(),
            location: at(0.0, 0.0),
            place: Place::default(),
            author: Some("ann".into()),
            hash: Some(PerceptualHash(0)),
            vector: Vec::new(),
        }
    }

    fn neighbour(id: &str, longitude: f64, author: &str, hash: u64) -> FoundPhoto {
        let location = at(0.0, longitude);
        let attribution = Attribution { author: Some(author.into()), ..Attribution::default() };
        let hash = Some(PerceptualHash(hash));
        let record = PhotoRecord { id: id.into(), location, place: Place::default(), attribution, hash };
        FoundPhoto { location, similarity: 0.5, photo: Some(record) }
    }

    const OTHER: u64 = u64::MAX;

    fn rules(top: usize) -> Rules {
        Rules { top, at_least: 1, near_duplicate_bits: None, ..Rules::default() }
    }

    #[test]
    fn exclusions_one_by_one() {
        let found = [
            neighbour("query", 0.0, "ann", 0),
            neighbour("copy", 0.0, "bob", 0b111),
            neighbour("hers", 0.5, "ann", OTHER),
            neighbour("close", 0.0004, "bob", OTHER),
            neighbour("other", 1.0, "bob", OTHER),
        ];
        let chosen = |rules: &Rules| choose(rules, &query(), &found).chosen;
        let plain = rules(9);
        assert_eq!(chosen(&plain), [1, 2, 3, 4]);
        assert_eq!(chosen(&Rules { near_duplicate_bits: Some(3), ..plain.clone() }), [2, 3, 4]);
        assert_eq!(chosen(&Rules { near_duplicate_bits: Some(2), ..plain.clone() }), [1, 2, 3, 4]);
        assert_eq!(chosen(&Rules { exclude_same_author: true, ..plain.clone() }), [1, 3, 4]);
        assert_eq!(chosen(&Rules { min_distance_m: 50.0, ..plain.clone() }), [2, 4]);
        assert_eq!(chosen(&Rules { min_distance_m: 40.0, ..plain.clone() }), [2, 3, 4]);
        let with_self = Rules { exclude_self: false, ..rules(3) };
        let choice = choose(&with_self, &query(), &found);
        assert_eq!((choice.chosen.as_slice(), choice.itself), ([1, 2].as_slice(), Some(0.5)));
        assert!(choice.is_complete(&with_self));
    }

    #[test]
    fn far_ones_take_the_places_of_the_last_near_ones() {
        let longitudes = [0.1, 0.2, 20.0, 0.3, 0.4, 30.0, 0.5, 40.0, 50.0];
        let found: Vec<_> = longitudes.map(|longitude| neighbour("n", longitude, "bob", OTHER)).into();
        let list = |min_far| choose(&Rules { min_far, ..rules(4) }, &query(), &found);
        assert_eq!(list(0).chosen, [0, 1, 2, 3]);
        assert_eq!(list(1).chosen, [0, 1, 2, 3]);
        assert_eq!(list(2).chosen, [0, 1, 2, 5]);
        assert_eq!(list(4).chosen, [2, 5, 7, 8]);
        let more = Rules { min_far: 4, ..rules(4) };
        let short = choose(&more, &query(), &found[..6]);
        assert_eq!((short.chosen.as_slice(), short.far), ([0, 1, 2, 5].as_slice(), 2));
        assert!(!short.is_complete(&more));
    }

    #[test]
    fn a_cell_admits_so_many() {
        let longitudes = [0.01, 0.02, 0.03, 10.0, 10.01, 0.04];
        let found: Vec<_> = longitudes.map(|longitude| neighbour("n", longitude, "bob", OTHER)).into();
        let list = choose(&Rules { per_cell: Some(2), ..rules(5) }, &query(), &found);
        assert_eq!(list.chosen, [0, 1, 3, 4]);
    }

    proptest! {
        #[test]
        fn lists_keep_to_the_rules(
            longitudes in prop::collection::vec(-179.0..179.0, 0..60),
            top in 1_usize..12, min_far in 0_usize..12, per_cell in prop::option::of(1_usize..3),
        ) {
            let found: Vec<_> =
                longitudes.iter().map(|longitude| neighbour("n", *longitude, "bob", OTHER)).collect();
            let rules = Rules { min_far: min_far.min(top), per_cell, cell_km: 1000.0, ..rules(top) };
            let choice = choose(&rules, &query(), &found);
            prop_assert!(choice.chosen.len() <= top && choice.chosen.is_sorted());
            let far = choice.chosen.iter().filter(|at| geodesic_km(query().location, found[**at].location) >= FAR_KM);
            prop_assert_eq!(far.count(), choice.far);
            let mut cells = HashMap::new();
            for at in &choice.chosen {
                *cells.entry(cell_of(found[*at].location, 1000.0)).or_insert(0) += 1;
            }
            prop_assert!(per_cell.is_none_or(|most| cells.values().all(|count| *count <= most)));
            if per_cell.is_none() {
                prop_assert_eq!(choice.chosen.len(), top.min(found.len()));
            }
        }
    }
}
