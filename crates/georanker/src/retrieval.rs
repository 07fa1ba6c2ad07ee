//! What a request may change about retrieval: channels searched together, hubs held back, candidates thinned out.

use std::borrow::Borrow;

use contract::{
    CandidateSet, Channel, ErrorKind, Failure, Filter, Neighbour, PerceptualHash, Photo, PhotoId,
    QueryEmbedding, RetrievalOptions, SearchRequest,
};
use gallery::{FusedRequest, Gallery};
use geo::{LatLon, haversine_km};

use crate::pack::{FusedManifest, RetrievalManifest};

/// What the candidates of a fused search are called where the pack has no name for them.
const FUSED: &str = "fused";
/// Where candidates are thinned out, searches find this many times as many.
const DEEPER: usize = 4;

/// A search over several channels of the gallery.
pub(crate) struct FusedSearch {
    /// Its name and how many candidates it gives.
    pub(crate) search: RetrievalManifest,
    channels: Vec<(Channel, f32)>,
}

/// Whether a channel of the gallery is searched together with others, so that it is not searched alone.
pub(crate) fn is_fused(channel: &Channel, options: &RetrievalOptions) -> bool {
    options.fuse.iter().any(|(name, _)| name == channel)
}

/// The fused search of a request: the pack's, with the request's weights if it has any.
pub(crate) fn fused_search(
    pack: Option<&FusedManifest>,
    alone: &[RetrievalManifest],
    options: &RetrievalOptions,
) -> Option<FusedSearch> {
    let of_pack = || {
        let channels =
            pack.map(|pack| pack.channels.iter().map(|one| (one.channel.clone(), one.weight)).collect());
        channels.unwrap_or_default()
    };
    let channels = if options.fuse.is_empty() { of_pack() } else { options.fuse.clone() };
    if channels.is_empty() {
        return None;
    }
    let top = || alone.iter().map(|one| one.top).max().unwrap_or(20);
    let search = RetrievalManifest {
        channel: pack.map_or_else(|| Channel::new(FUSED), |pack| pack.name.clone()),
        top: pack.map_or_else(top, |pack| pack.top),
    };
    Some(FusedSearch { search, channels })
}

impl FusedSearch {
    /// The channels that are searched together.
    pub(crate) fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.iter().map(|(channel, _)| channel)
    }

    /// Each photo's neighbours; photos without a filter are searched with an empty one.
    pub(crate) fn find<P: Borrow<Photo>>(
        &self,
        gallery: &Gallery,
        photos: &[(P, QueryEmbedding)],
        filters: &[Result<Filter, Failure>],
        options: &RetrievalOptions,
    ) -> Result<Vec<Vec<Neighbour>>, Failure> {
        let everything = Filter::default();
        let queries = photos.iter().zip(filters);
        let queries =
            queries.map(|((_, embedding), filter)| (embedding, filter.as_ref().unwrap_or(&everything)));
        let top = Thinning::of(options).depth(self.search.top);
        let request = FusedRequest {
            channels: &self.channels,
            hubness: options.hubness,
            top,
            queries: queries.collect(),
        };
        gallery.search_fused(&request).map_err(|error| {
            let failure = Failure::from_error(&error);
            if options.fuse.is_empty() {
                return failure;
            }
            Failure::new(ErrorKind::Usage, format!("channels to fuse: {}", failure.message))
        })
    }
}

/// A plain search of the gallery in which hubs are held back.
pub(crate) fn hub_corrected(
    gallery: &Gallery,
    request: &SearchRequest<'_>,
    strength: f32,
) -> Result<Vec<Vec<Neighbour>>, Failure> {
    let channel = request.channel;
    let vector = |vector: &[f32]| QueryEmbedding { vectors: vec![(channel.clone(), vector.to_vec())] };
    let embeddings: Vec<QueryEmbedding> = request.queries.iter().map(|query| vector(query.vector)).collect();
    let channels = [(channel.clone(), 1.0)];
    let queries = embeddings.iter().zip(&request.queries).map(|(embedding, query)| (embedding, query.filter));
    let fused =
        FusedRequest { channels: &channels, hubness: strength, top: request.top, queries: queries.collect() };
    gallery.search_fused(&fused).map_err(Failure::from)
}

/// One list of several, the most similar first among those that come next; each list keeps its own order, which is not
/// that of similarity where hubs are held back. Of equals the earlier list's comes first.
pub(crate) fn merge(mut lists: Vec<Vec<Neighbour>>, top: usize) -> Vec<Neighbour> {
    if lists.len() < 2 {
        return lists.pop().unwrap_or_default();
    }
    let mut lists: Vec<_> = lists.into_iter().map(|list| list.into_iter().peekable()).collect();
    let mut merged = Vec::new();
    while merged.len() < top {
        let mut best: Option<(usize, f32)> = None;
        for (number, list) in lists.iter_mut().enumerate() {
            if let Some(next) = list.peek()
                && best.is_none_or(|(_, similarity)| next.similarity.total_cmp(&similarity).is_gt())
            {
                best = Some((number, next.similarity));
            }
        }
        let next = best.and_then(|(number, _)| lists.get_mut(number)?.next());
        let Some(next) = next else { break };
        merged.push(next);
    }
    merged
}

/// Gives the candidates that a fused search found their similarity in each of its channels: rankers know those.
pub(crate) fn add_similarities(set: &mut CandidateSet, fused: &FusedSearch, gallery: &Gallery) {
    for candidate in &mut set.candidates {
        if candidate.similarity(&fused.search.channel).is_none() {
            continue;
        }
        let Some(photo) = &candidate.photo else { continue };
        for (channel, _) in &fused.channels {
            let known = candidate.similarities.iter().any(|(name, _)| name == channel);
            let (query, stored) = (set.embedding.get(channel), gallery.vector(photo, channel));
            if let (false, Some(query), Some(stored)) = (known, query, stored) {
                let similarity = query.iter().zip(&stored).map(|(a, b)| a * b).sum();
                candidate.similarities.push((channel.clone(), similarity));
            }
        }
    }
}

/// Leaves out candidates that say the same as a more similar one.
pub(crate) struct Thinning {
    same_place_km: f64,
    same_photo: bool,
}

impl Thinning {
    pub(crate) fn of(options: &RetrievalOptions) -> Self {
        Self { same_place_km: options.same_place_m / 1000.0, same_photo: options.same_photo }
    }

    fn is_off(&self) -> bool {
        self.same_place_km <= 0.0 && !self.same_photo
    }

    /// How many results a search must find so that about `top` remain.
    pub(crate) fn depth(&self, top: usize) -> usize {
        if self.is_off() { top } else { top.saturating_mul(DEEPER) }
    }

    /// Thins out the results of all channels, in their order, to at most `tops` of each. A photo that two channels
    /// found stays in both: it is one candidate.
    pub(crate) fn thin(&self, results: &mut [(Channel, Vec<Neighbour>)], tops: &[usize]) {
        if self.is_off() {
            return;
        }
        let mut kept: Vec<(LatLon, Option<PhotoId>, Option<PerceptualHash>)> = Vec::new();
        for ((_, neighbours), &most) in results.iter_mut().zip(tops) {
            let mut count = 0;
            neighbours.retain(|one| {
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
    use contract::{Attribution, PhotoRecord};
    use geo::Place;

    use super::*;

    fn neighbour(id: Option<&str>, latitude: f64, hash: u64) -> Neighbour {
        let location = LatLon::new(latitude, 0.0).unwrap();
        let photo = id.map(|id| PhotoRecord {
            id: id.into(),
            location,
            place: Place::default(),
            attribution: Attribution::default(),
            hash: Some(PerceptualHash(hash)),
        });
        Neighbour { location, similarity: 0.5, photo }
    }

    fn thinned(options: &RetrievalOptions, lists: [Vec<Neighbour>; 2]) -> [Vec<f64>; 2] {
        let mut results = lists.map(|list| (Channel::photo(), list));
        Thinning::of(options).thin(&mut results, &[3, 2]);
        let latitudes = |list: &[Neighbour]| list.iter().map(|one| one.location.latitude()).collect();
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

    #[test]
    fn merging_keeps_the_order_of_each_list() {
        let list = |similarities: &[f32], id: Option<&str>| -> Vec<Neighbour> {
            similarities.iter().map(|&similarity| Neighbour { similarity, ..neighbour(id, 0.0, 0) }).collect()
        };
        // Of the gallery's, the second is a hub that was held back behind the first.
        let lists = || vec![list(&[0.5, 0.9, 0.2], Some("a")), list(&[0.6, 0.5, 0.1], None)];
        let found = |top| -> Vec<(f32, bool)> {
            merge(lists(), top).iter().map(|one| (one.similarity, one.photo.is_some())).collect()
        };
        let all = [(0.6, false), (0.5, true), (0.9, true), (0.5, false), (0.2, true), (0.1, false)];
        assert_eq!(found(9), all);
        assert_eq!(found(2), all[..2]);
        let alone: Vec<f32> = merge(lists()[..1].to_vec(), 9).iter().map(|one| one.similarity).collect();
        assert_eq!((alone, merge(Vec::new(), 9).len()), (vec![0.5, 0.9, 0.2], 0));
    }

    #[test]
    fn a_request_overrides_the_weights_of_the_pack() {
        let photo = |top| RetrievalManifest { channel: Channel::photo(), top };
        let none = RetrievalOptions::default();
        assert!(fused_search(None, &[photo(50)], &none).is_none());
        let asked = RetrievalOptions { fuse: vec![(Channel::photo(), 2.0)], ..none.clone() };
        let found = fused_search(None, &[photo(50)], &asked).unwrap();
        assert_eq!((found.search.channel.as_str(), found.search.top), ("fused", 50));
        let channels = vec![crate::pack::WeightedChannel { channel: Channel::new("g3-text"), weight: 1.0 }];
        let pack = FusedManifest { name: Channel::new("g3"), top: 20, channels };
        let found = fused_search(Some(&pack), &[], &none).unwrap();
        assert_eq!((found.search.channel.as_str(), found.channels[0].1), ("g3", 1.0));
        assert!((fused_search(Some(&pack), &[], &asked).unwrap().channels[0].1 - 2.0).abs() < 1e-6);
    }
}
