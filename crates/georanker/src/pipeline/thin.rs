//! Candidates that say the same as a more similar one are left out, where a request asks for it.

use contract::{Channel, PerceptualHash, PhotoId, RetrievalOptions};
use geo::{LatLon, haversine_km};
use rank::FoundItem;

/// Where candidates are thinned out, searches find this many times as many.
const DEEPER: usize = 4;

/// Leaves out candidates that say the same as a more similar one.
pub(super) struct Thinning {
    same_place_km: f64,
    same_photo: bool,
}

impl Thinning {
    pub(super) fn of(options: &RetrievalOptions) -> Self {
        Self { same_place_km: options.same_place_m / 1000.0, same_photo: options.same_photo }
    }

    fn is_off(&self) -> bool {
        self.same_place_km <= 0.0 && !self.same_photo
    }

    /// How many results a search must find so that about `top` remain.
    pub(super) fn depth(&self, top: usize) -> usize {
        if self.is_off() { top } else { top.saturating_mul(DEEPER) }
    }

    /// Thins out the results of all channels, in their order, to at most `tops` of each. A photo that two channels
    /// found stays in both: it is one candidate.
    pub(super) fn thin(&self, results: &mut [(Channel, Vec<FoundItem>)], tops: &[usize]) {
        if self.is_off() {
            return;
        }
        let mut kept: Vec<(LatLon, Option<PhotoId>, Option<PerceptualHash>)> = Vec::new();
        for ((_, items), &most) in results.iter_mut().zip(tops) {
            let mut count = 0;
            items.retain(|one| {
                if count == most {
                    return false;
                }
                let id = one.photo.as_ref().map(|photo| &photo.id);
                let hash = one.photo.as_ref().and_then(|photo| photo.hash);
                let again = id.is_some() && kept.iter().any(|(_, other, _)| other.as_ref() == id);
                let same = |(place, _, other): &(LatLon, Option<PhotoId>, Option<PerceptualHash>)| {
                    let near =
                        self.same_place_km > 0.0 && haversine_km(*place, one.location) <= self.same_place_km;
                    let copy =
                        || self.same_photo && hash.zip(*other).is_some_and(|(one, other)| one.is_near(other));
                    near || copy()
                };
                if !again && kept.iter().any(same) {
                    return false;
                }
                count += 1;
                if !again {
                    kept.push((one.location, id.cloned(), hash));
                }
                true
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::{Attribution, Found, ItemId, PhotoRecord};
    use geo::Place;

    use super::*;

    fn neighbour(id: Option<&str>, latitude: f64, hash: u64) -> FoundItem {
        let location = LatLon::new(latitude, 0.0).unwrap();
        let photo = id.map(|id| PhotoRecord {
            id: id.into(),
            location,
            place: Place::default(),
            attribution: Attribution::default(),
            hash: Some(PerceptualHash(hash)),
        });
        let found = Found { search: 0, item: ItemId(0) };
        FoundItem { found, location, similarity: 0.5, photo }
    }

    fn thinned(options: &RetrievalOptions, lists: [Vec<FoundItem>; 2]) -> [Vec<f64>; 2] {
        let mut results = lists.map(|list| (Channel::photo(), list));
        Thinning::of(options).thin(&mut results, &[3, 2]);
        let latitudes = |list: &[FoundItem]| list.iter().map(|one| one.location.latitude()).collect();
        [latitudes(&results[0].1), latitudes(&results[1].1)]
    }

    #[test]
    fn one_candidate_a_place_and_one_photo_of_its_copies() {
        let lists = || {
            let copy = u64::MAX << 3;
            [
                vec![
                    neighbour(Some("a"), 1.0, 0),
                    neighbour(Some("b"), 1.0001, u64::MAX),
                    neighbour(Some("c"), 5.0, copy),
                ],
                vec![neighbour(Some("a"), 1.0, 0), neighbour(None, 1.0002, 0), neighbour(None, 7.0, 0)],
            ]
        };
        let nothing = RetrievalOptions::default();
        assert_eq!(thinned(&nothing, lists()), [vec![1.0, 1.0001, 5.0], vec![1.0, 1.0002, 7.0]]);
        let places = RetrievalOptions { same_place_m: 50.0, ..nothing.clone() };
        assert_eq!(thinned(&places, lists()), [vec![1.0, 5.0], vec![1.0, 7.0]]);
        let photos = RetrievalOptions { same_photo: true, ..nothing };
        assert_eq!(thinned(&photos, lists()), [vec![1.0, 1.0001], vec![1.0, 1.0002]]);
    }
}
